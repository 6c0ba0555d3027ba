/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/note.h"

#include "base/map.h"
#include "builder/plan/external_fetch.h"

/* The path of a recipe below the recipe folder: no path of a machine belongs into a
 * record. */
static const char *relative_path(const char *path, const char *directory)
{
	size_t len = strlen(directory);
	while (len && directory[len - 1] == '/')
		len--;
	if (strncmp(path, directory, len) == 0 && path[len] == '/')
		return path + len + 1;
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static struct record_material *add_material(struct record *record,
	enum record_material_kind kind, const char *name, const char *version)
{
	struct record_material *material = record_add_material(record);
	if (!material)
		return NULL;
	material->kind = kind;
	material->name = arena_strdup(record->arena, name);
	material->version = version ? arena_strdup(record->arena, version) : NULL;
	return material->name && (!version || material->version) ? material : NULL;
}

/* A repository on this machine is told by its name, not by where it lies. */
static const char *git_uri(struct arena *arena, const char *uri)
{
	const char *slash = strrchr(uri, '/');
	if (strncmp(uri, "file:", 5) == 0)
		return arena_printf(arena, "git+file:%s", slash ? slash + 1 : "");
	return arena_printf(arena, "git+%s", uri);
}

static int note_checkout(struct record *record, const struct made_source *source,
	struct record_material *material, struct error *err)
{
	if (!*source->commit)
		return 0;
	material->uri = git_uri(record->arena, source->uri);
	material->download = NULL;
	material->commit = arena_strdup(record->arena, source->commit);
	return material->uri && material->commit ? 0 : error_set_memory(err);
}

static int note_sources(struct record *record, const struct made *made, struct error *err)
{
	const struct recipe *recipe = made->item->recipe;
	for (size_t i = 0; i < made->source_count; i++) {
		const struct made_source *source = &made->sources[i];
		struct record_material *material = add_material(
			record, RECORD_SOURCE, recipe->name, recipe->version);
		if (!material)
			return error_set_memory(err);
		material->uri = arena_strdup(record->arena, source->uri);
		material->download =
			*source->url         ? arena_strdup(record->arena, source->url)
			: *source->pool_path ? arena_printf(record->arena, "pool:%s",
						       source->pool_path)
					     : NULL;
		material->digest = source->digest;
		material->package = arena_strdup(record->arena, recipe->name);
		if (!material->uri || !material->package)
			return error_set_memory(err);
		if (note_checkout(record, source, material, err) < 0)
			return err->class;
	}
	return 0;
}

static int note_recipe(struct record *record, const struct recipe *recipe,
	const char *directory, struct error *err)
{
	struct record_material *material =
		add_material(record, RECORD_RECIPE, recipe->name, recipe->full_version);
	if (!material)
		return error_set_memory(err);
	material->uri =
		arena_strdup(record->arena, relative_path(recipe->path, directory));
	material->digest = recipe->file_digest;
	material->package = arena_strdup(record->arena, recipe->name);
	return material->uri && material->package ? 0 : error_set_memory(err);
}

/* Every binary package of the build roots, once. */
static int note_toolchain(struct record *record, const struct made *made,
	struct map *seen, struct error *err)
{
	const struct toolchain_layers *layers = &made->item->layers;
	for (size_t i = 0; i < layers->deb_count; i++) {
		const struct toolchain_deb *deb = &layers->debs[i];
		if (map_get_str(seen, deb->name))
			continue;
		struct record_material *material =
			add_material(record, RECORD_TOOLCHAIN, deb->name, deb->version);
		if (!material)
			return error_set_memory(err);
		material->uri = arena_strdup(record->arena, deb->path);
		material->digest = deb->digest;
		if (!material->uri)
			return error_set_memory(err);
		if (map_put(seen, slice_str(material->name), record, err) < 0)
			return err->class;
	}
	return 0;
}

/* Where it was fetched, if that tells others something; else what it is. */
static const char *prebuilt_uri(struct arena *arena, const struct made_prebuilt *prebuilt)
{
	if (*prebuilt->address)
		return arena_strdup(arena, prebuilt->address);
	return arena_printf(arena, "pkg:apk/%s@%s?arch=%s", prebuilt->name,
		prebuilt->version, prebuilt->architecture);
}

/* What the build roots took from repositories, each file once. */
static int note_prebuilt(struct record *record, const struct made *made, struct map *seen,
	struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	for (size_t i = 0; i < made->prebuilt_count; i++) {
		const struct made_prebuilt *prebuilt = &made->prebuilt[i];
		struct slice key = slice_str(digest_format(&prebuilt->digest, digest));
		if (map_get(seen, key))
			continue;
		struct record_material *material = add_material(
			record, RECORD_TOOLCHAIN, prebuilt->name, prebuilt->version);
		if (!material)
			return error_set_memory(err);
		material->uri = prebuilt_uri(record->arena, prebuilt);
		material->download = *prebuilt->address ? material->uri : NULL;
		material->digest = prebuilt->digest;
		if (!material->uri)
			return error_set_memory(err);
		if (map_put(seen, key, record, err) < 0)
			return err->class;
	}
	return 0;
}

static int note_materials(
	struct record *record, const struct note *note, struct error *err)
{
	cleanup_map struct map *seen = NULL;
	if (map_new(&seen, err) < 0)
		return err->class;
	for (size_t i = 0; i < note->made_count; i++)
		if (note_sources(record, note->made[i], err) < 0 ||
			note_recipe(record, note->made[i]->item->recipe,
				note->recipes_directory, err) < 0 ||
			note_toolchain(record, note->made[i], seen, err) < 0 ||
			note_prebuilt(record, note->made[i], seen, err) < 0)
			return err->class;
	return 0;
}

/* ---- packages ---- */

static bool provides_name(const struct package *package, struct slice name)
{
	if (slice_equal_str(name, package->name))
		return true;
	for (size_t i = 0; i < package->provides.count; i++) {
		struct slice rest = slice_str(package->provides.items[i]), provided;
		if (slice_cut(&rest, '=', &provided) && slice_equal(provided, name))
			return true;
	}
	return false;
}

static const struct package *provider_of(const struct note *note, const char *dependency)
{
	struct slice name = slice_str(dependency);
	for (size_t at = 0; at < name.len; at++)
		if (strchr("=<>~@", name.data[at]))
			name.len = at;
	for (size_t i = 0; i < note->installed_count; i++)
		if (provides_name(note->installed[i], name))
			return note->installed[i];
	return NULL;
}

static int note_depends(struct record *record, struct record_package *entry,
	const struct package *package, const struct note *note, struct error *err)
{
	entry->depends =
		arena_array(record->arena, package->depends.count, sizeof(char *));
	if (!entry->depends)
		return error_set_memory(err);
	for (size_t i = 0; i < package->depends.count; i++) {
		const struct package *provider =
			provider_of(note, package->depends.items[i]);
		bool listed = !provider || provider == package;
		for (size_t d = 0; d < entry->depend_count && !listed; d++)
			listed = strcmp(entry->depends[d], provider->name) == 0;
		if (listed)
			continue;
		entry->depends[entry->depend_count] =
			arena_strdup(record->arena, provider->name);
		if (!entry->depends[entry->depend_count++])
			return error_set_memory(err);
	}
	return 0;
}

static const struct made *maker_of(const struct note *note, const struct package *package)
{
	for (size_t m = 0; m < note->made_count; m++)
		for (size_t p = 0; p < note->made[m]->package_count; p++)
			if (note->made[m]->packages[p] == package)
				return note->made[m];
	return NULL;
}

static void count_files(const struct note *note, struct record_package *entry)
{
	const struct reachability *reach = note->image->reachability;
	for (size_t i = 0; i < reach->count; i++)
		if (strcmp(reach->reasons[i].package, entry->name) == 0)
			*(reach->reasons[i].edge == REACH_NONE ? &entry->files_removed
							       : &entry->files_kept) += 1;
}

/*
 * A package of others is not supplied by who builds the image. Where it was fetched is
 * told; a folder's path is this machine's business.
 */
static int note_origin(const struct note *note, size_t at, struct arena *arena,
	struct record_package *entry, struct error *err)
{
	const char *address = note->addresses ? note->addresses[at] : NULL;
	const char *maintainer = note->installed[at]->maintainer;
	if (!address) {
		return 0;
	}
	if (*maintainer && !(entry->supplier = arena_strdup(arena, maintainer)))
		return error_set_memory(err);
	if (external_is_remote(address) &&
		!(entry->download = arena_strdup(arena, address)))
		return error_set_memory(err);
	return 0;
}

static int note_package(
	struct record *record, const struct note *note, size_t at, struct error *err)
{
	const struct package *package = note->installed[at];
	struct arena *arena = record->arena;
	struct record_package *entry = record_add_package(record);
	const struct made *made = maker_of(note, package);
	char hex[DIGEST_TEXT_MAX];
	if (!entry)
		return error_set_memory(err);
	entry->name = arena_strdup(arena, package->name);
	entry->version = arena_strdup(arena, package->version);
	entry->architecture = arena_strdup(arena, package->architecture);
	entry->license = *package->license ? arena_strdup(arena, package->license) : NULL;
	entry->description = arena_strdup(arena, package->description);
	entry->url = *package->url ? arena_strdup(arena, package->url) : NULL;
	entry->origin = arena_strdup(arena, package->origin);
	entry->supplier = note->organization;
	entry->file = note->installed_files[at];
	entry->installed_size = package->installed_size;
	entry->build_date = package->build_date;
	if (!entry->name || !entry->version || !entry->architecture ||
		!entry->description || !entry->origin)
		return error_set_memory(err);
	if (made) {
		entry->cpe = *made->item->recipe->cpe
				     ? arena_strdup(arena, made->item->recipe->cpe)
				     : NULL;
		entry->input_key = arena_strdup(
			arena, digest_format_hex(&made->item->input_key, hex));
		entry->sandbox_tier = arena_strdup(arena, made->sandbox_tier);
		entry->build_seconds = made->seconds;
		if (!entry->input_key || !entry->sandbox_tier)
			return error_set_memory(err);
	}
	if (note_origin(note, at, arena, entry, err) < 0)
		return err->class;
	count_files(note, entry);
	return note_depends(record, entry, package, note, err);
}

static int by_name(const void *left, const void *right)
{
	const struct record_package *a = left, *b = right;
	return strcmp(a->name, b->name);
}

static int note_files(struct record *record, const struct image *image, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (tree_nodes(image->tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++) {
		if (nodes[i]->type != TREE_FILE)
			continue;
		struct record_file *file = record_add_file(record);
		if (!file)
			return error_set_memory(err);
		file->path = arena_strdup(record->arena, nodes[i]->path);
		file->package = arena_strdup(record->arena, nodes[i]->package);
		file->content = nodes[i]->content;
		file->sha1 = nodes[i]->sha1;
		file->size = nodes[i]->size;
		if (!file->path || !file->package)
			return error_set_memory(err);
	}
	return 0;
}

static int note_image(struct record *record, const struct note *note, struct error *err)
{
	struct arena *arena = record->arena;
	const struct image_recipe *recipe = note->recipe;
	record->image = arena_strdup(arena, recipe->name);
	record->os = "linux";
	record->architecture = oci_architecture(note->architecture);
	record->manifest = note->image->manifest.digest;
	record->manifest_size = note->image->manifest.size;
	record->created = note->mtime;
	record->flavour = recipe->flavour == IMAGE_FLAVOUR_APP ? "app" : "base";
	record->recipe_path =
		arena_strdup(arena, relative_path(recipe->path, note->recipes_directory));
	record->recipe = recipe->file_digest;
	record->builder_id = arena_strdup(arena, note->builder_id);
	record->organization = note->organization;
	record->builder_version = ALNAGE_VERSION;
	record->sandbox_tier = note->made_count
				       ? arena_strdup(arena, note->made[0]->sandbox_tier)
				       : NULL;
	record->compressor = compress_format(note->compression);
	record->distribution = "alnage";
	record->started = note->started;
	record->finished = note->finished;
	return record->image && record->recipe_path && record->builder_id
		       ? 0
		       : error_set_memory(err);
}

int note_build(const struct note *note, struct record **ret_record, struct error *err)
{
	cleanup_record struct record *record = NULL;
	if (record_new(&record, err) < 0 || note_image(record, note, err) < 0 ||
		note_materials(record, note, err) < 0)
		return err->class;
	for (size_t i = 0; i < note->installed_count; i++)
		if (note_package(record, note, i, err) < 0)
			return err->class;
	qsort(record->packages, record->package_count, sizeof(*record->packages),
		by_name);
	if (note_files(record, note->image, err) < 0)
		return err->class;
	*ret_record = take_ptr(record);
	return 0;
}
