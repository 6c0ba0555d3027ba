/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/image.h"

#include "base/clock.h"
#include "builder/package/installed.h"
#include "oci/manifest.h"

const char *oci_architecture(const char *apk_architecture)
{
	if (strcmp(apk_architecture, "x86_64") == 0)
		return "amd64";
	if (strcmp(apk_architecture, "aarch64") == 0)
		return "arm64";
	return apk_architecture;
}

void image_free(struct image **image)
{
	if (*image) {
		struct arena *arena = (*image)->arena;
		tree_free(&(*image)->tree);
		reachability_free(&(*image)->reachability);
		arena_free(&arena);
	}
	*image = NULL;
}

/* ---- the package database, so that scanners see what is in the image ---- */

int image_add_database(struct tree *tree, const struct image_options *options,
	struct store *store, struct error *err)
{
	static const struct {
		const char *path;
		int (*write)(const struct package *const *packages, size_t count,
			const struct tree *tree, struct buffer *out, struct error *err);
	} files[] = {
		{"usr/lib/apk/db/installed", installed_db_write},
		{"usr/lib/apk/db/triggers", installed_triggers_write},
		{"etc/apk/world", installed_world_write},
	};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		cleanup_buffer struct buffer text = BUFFER_INIT;
		if (files[i].write(options->packages, options->package_count, tree, &text,
			    err) < 0 ||
			image_put_file(tree, store, files[i].path, buffer_slice(&text),
				0644, err) < 0)
			return error_wrap(err, "/%s", files[i].path);
	}
	cleanup_buffer struct buffer scripts = BUFFER_INIT, arch = BUFFER_INIT;
	if (installed_scripts_write(options->packages, options->package_count,
		    options->mtime, &scripts, err) < 0 ||
		image_put_file(tree, store, "usr/lib/apk/db/scripts.tar",
			buffer_slice(&scripts), 0644, err) < 0 ||
		buffer_printf(&arch, err, "%s\n", options->architecture) < 0 ||
		image_put_file(
			tree, store, "etc/apk/arch", buffer_slice(&arch), 0644, err) < 0)
		return err->class;
	/* readers look below lib/apk; on a merged tree /lib leads there by itself */
	if (tree_resolve(tree, "lib/apk/db/installed", NULL, NULL))
		return 0;
	struct tree_node link = {.path = "lib/apk",
		.type = TREE_SYMLINK,
		.mode = 0777,
		.target = "../usr/lib/apk",
		.package = ""};
	return tree_add(tree, &link, err);
}

static int build_tree(struct image *image, const struct image_options *options,
	struct store *store, struct error *err)
{
	if (tree_new(&image->tree, err) < 0 ||
		image_install(image->tree, options->packages, options->package_count,
			err) < 0 ||
		image_add_applets(image->tree, store, err) < 0 ||
		image_add_accounts(image->tree, options->recipe, store, err) < 0 ||
		image_add_paths(image->tree, options->recipe, store, err) < 0 ||
		reach_compute(image->tree, store, options->recipe, &image->reachability,
			err) < 0 ||
		reach_prune(image->tree, image->reachability, err) < 0)
		return err->class;
	return image_add_database(image->tree, options, store, err);
}

/* ---- layer, configuration, manifest ---- */

static int compare_packages(const void *left, const void *right)
{
	const struct package *const *a = left, *const *b = right;
	return strcmp((*a)->name, (*b)->name);
}

static void free_indexes(struct fragment_index ***indexes)
{
	for (struct fragment_index **index = *indexes; index && *index; index++)
		fragment_index_free(index);
	free(*indexes);
}

static int compose(struct image *image, const struct image_options *options,
	struct store *store, struct error *err)
{
	size_t count = options->package_count;
	CLEANUP(free_indexes)
	struct fragment_index **indexes = calloc(count + 1, sizeof(*indexes));
	cleanup_mem const struct package **sorted = calloc(count + 1, sizeof(*sorted));
	if (!indexes || !sorted)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		sorted[i] = options->packages[i];
	qsort(sorted, count, sizeof(*sorted), compare_packages);
	for (size_t i = 0; i < count; i++)
		if (fragment_index_get(store, sorted[i]->tree, options->compression,
			    options->mtime, &indexes[i], err) < 0)
			return error_wrap(
				err, "%s-%s", sorted[i]->name, sorted[i]->version);
	struct compose task = {.store = store,
		.tree = image->tree,
		.packages = indexes,
		.package_count = count,
		.compression = options->compression,
		.mtime = options->mtime};
	return compose_layer(&task, &image->layer, err);
}

static const char **environment_texts(
	struct arena *arena, const struct image_recipe *recipe, size_t *ret_count)
{
	static const char path[] =
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static const char certificates[] =
		"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt";
	const char **texts =
		arena_array(arena, recipe->environment_count + 2, sizeof(*texts));
	bool has_path = false, has_certificates = false;
	size_t count = 0;
	for (size_t i = 0; texts && i < recipe->environment_count; i++) {
		const struct recipe_variable *variable = &recipe->environment[i];
		has_path = has_path || strcmp(variable->name, "PATH") == 0;
		has_certificates =
			has_certificates || strcmp(variable->name, "SSL_CERT_FILE") == 0;
		texts[count] =
			arena_printf(arena, "%s=%s", variable->name, variable->value);
		if (!texts[count++])
			return NULL;
	}
	if (texts && !has_path)
		texts[count++] = path;
	if (texts && !has_certificates)
		texts[count++] = certificates;
	*ret_count = count;
	return texts;
}

static const char *non_empty(const char *text)
{
	return text && *text ? text : NULL;
}

static const struct annotation *annotation_list(
	struct arena *arena, const struct image_options *options, size_t *ret_count)
{
	const struct image_recipe *recipe = options->recipe;
	char created[CLOCK_TEXT_MAX];
	struct annotation *list =
		arena_array(arena, recipe->annotation_count + 1, sizeof(*list));
	size_t count = 0;
	if (!list)
		return NULL;
	bool has_created = false;
	for (size_t i = 0; i < recipe->annotation_count; i++) {
		list[count++] = (struct annotation){
			recipe->annotations[i].name, recipe->annotations[i].value};
		has_created =
			has_created || strcmp(recipe->annotations[i].name,
					       "org.opencontainers.image.created") == 0;
	}
	if (!has_created)
		list[count++] = (struct annotation){"org.opencontainers.image.created",
			arena_strdup(arena, clock_format(options->mtime, created))};
	*ret_count = count;
	return list;
}

static int write_config(struct image *image, const struct image_options *options,
	struct store *store, struct error *err)
{
	const struct image_recipe *recipe = options->recipe;
	struct arena *arena = image->arena;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	static const char *const created_by = "alnage build";
	struct image_config config = {.os = "linux",
		.architecture = oci_architecture(options->architecture),
		.created = options->mtime,
		.working_dir = non_empty(recipe->work_dir),
		.stop_signal = non_empty(recipe->stop_signal),
		.entrypoint = recipe->entrypoint.items,
		.entrypoint_count = recipe->entrypoint.count,
		.cmd = recipe->cmd.items,
		.cmd_count = recipe->cmd.count,
		.volumes = recipe->volumes.items,
		.volume_count = recipe->volumes.count,
		.diff_ids = &image->layer.diff_id,
		.diff_id_count = 1};
	const char *history[] = {created_by};
	config.history = history;
	config.history_count = 1;
	config.env = environment_texts(arena, recipe, &config.env_count);
	config.labels = annotation_list(arena, options, &config.label_count);
	if (*recipe->run_as)
		config.user =
			arena_printf(arena, "%u:%u", recipe->run_uid, recipe->run_gid);
	if (!config.env || !config.labels || (*recipe->run_as && !config.user))
		return error_set_memory(err);
	image->config.media_type = OCI_CONFIG;
	if (image_config_write(&config, &bytes, err) < 0 ||
		store_put_blob(store, buffer_slice(&bytes), &image->config.digest, err) <
			0)
		return err->class;
	image->config.size = bytes.len;
	return 0;
}

static int write_manifest(struct image *image, const struct image_options *options,
	struct store *store, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	image->layer_descriptor = (struct descriptor){
		.media_type = options->compression == COMPRESSION_ZSTD   ? OCI_LAYER_ZSTD
			      : options->compression == COMPRESSION_GZIP ? OCI_LAYER_GZIP
									 : OCI_LAYER,
		.digest = image->layer.blob,
		.size = image->layer.size};
	struct manifest manifest = {.media_type = OCI_MANIFEST,
		.config = image->config,
		.items = &image->layer_descriptor,
		.count = 1};
	manifest.annotations =
		annotation_list(image->arena, options, &manifest.annotation_count);
	if (!manifest.annotations)
		return error_set_memory(err);
	image->manifest.media_type = OCI_MANIFEST;
	image->manifest.platform = (struct platform){
		.os = "linux", .architecture = oci_architecture(options->architecture)};
	if (manifest_write(&manifest, &bytes, err) < 0 ||
		store_put_blob(
			store, buffer_slice(&bytes), &image->manifest.digest, err) < 0)
		return err->class;
	image->manifest.size = bytes.len;
	return 0;
}

int image_build(const struct image_options *options, struct store *store,
	struct image **ret_image, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	if (arena_new(&arena, err) < 0)
		return err->class;
	struct image *made = arena_alloc(arena, sizeof(*made));
	if (!made)
		return error_set_memory(err);
	made->arena = take_ptr(arena);
	cleanup_image struct image *image = made;
	if (build_tree(image, options, store, err) < 0 ||
		compose(image, options, store, err) < 0 ||
		write_config(image, options, store, err) < 0 ||
		write_manifest(image, options, store, err) < 0)
		return error_wrap(err, "image %s", options->recipe->name);
	*ret_image = take_ptr(image);
	return 0;
}
