/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make_root.h"

#include "base/array.h"
#include "builder/image/resolve.h"
#include "builder/sandbox/sandbox.h"
#include "builder/stand_in.h"
#include "builder/tree/unpack.h"

void build_root_done(struct build_root *root)
{
	for (size_t i = 0; i < root->count; i++)
		free(root->layers[i]);
	free(root->layers);
	*root = (struct build_root){0};
}

static const struct package *find_package(
	struct made *const *made, size_t count, const char *name)
{
	for (size_t m = 0; m < count; m++)
		for (size_t p = 0; p < made[m]->package_count; p++)
			if (strcmp(made[m]->packages[p]->name, name) == 0)
				return made[m]->packages[p];
	return NULL;
}

struct unpacking {
	const struct package *package;
	struct store *store;
	int dirfd;
	const char *prefix;
};

static int unpack_below(void *context, struct error *err)
{
	const struct unpacking *unpacking = context;
	return tree_unpack(unpacking->package->tree, unpacking->store, unpacking->dirfd,
		unpacking->prefix, err);
}

/*
 * roots/package-<digest>/root/sysroot/…, roots/top-<digest>/root/…, made by the
 * identity that sandboxes have.
 */
static int package_layer(const struct package *package, enum root_place place,
	struct store *store, char **ret_layer, struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT, layer = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX], scratch[128];
	cleanup_fd int lock = -1, scratch_fd = -1, roots = -1;
	if (buffer_printf(&name, err, "%s-%s", place == ROOT_TOP ? "top" : "package",
		    digest_format_hex(&package->control_sha256, hex)) < 0 ||
		buffer_printf(&layer, err, "roots/%s/root", buffer_str(&name)) < 0 ||
		store_make_folder(store, "roots", &roots, err) < 0 ||
		store_lock(store, "locks", buffer_str(&name), &lock, err) < 0)
		return err->class;
	if (!fs_exists(store_dirfd(store), buffer_str(&layer))) {
		struct unpacking unpacking = {.package = package,
			.store = store,
			.prefix = place == ROOT_TOP ? "root" : "root/sysroot"};
		if (sandbox_make_scratch(
			    store, scratch, sizeof(scratch), &scratch_fd, err) < 0)
			return err->class;
		unpacking.dirfd = scratch_fd;
		int status = sandbox_as_builder(unpack_below, &unpacking, err);
		if (status == 0 && renameat(store_dirfd(store), scratch, roots,
					   buffer_str(&name)) < 0)
			status = error_set_errno(err, errno, "renaming %s", scratch);
		if (status < 0) {
			struct error ignored = ERROR_INIT;
			(void)!sandbox_remove_scratch(
				store, scratch, &ignored); /* the first error is told */
			return error_wrap(err, "build root: %s-%s", package->name,
				package->version);
		}
	}
	return buffer_take_str(&layer, ret_layer, err);
}

/* Two groups of one content are one layer: an overlay does not take one twice. */
static int add_layer(struct build_root *root, char *layer, struct error *err)
{
	for (size_t i = 0; i < root->count; i++)
		if (strcmp(root->layers[i], layer) == 0) {
			free(layer);
			return 0;
		}
	if (array_add(&root->layers, &root->count, &root->capacity, sizeof(char *), err) <
		0) {
		free(layer);
		return err->class;
	}
	root->layers[root->count - 1] = layer;
	return 0;
}

void root_packages_done(struct root_packages *packages)
{
	free(packages->items);
	*packages = (struct root_packages){0};
}

int root_packages_resolve(struct made *const *made, size_t made_count,
	const struct recipe_list *wanted, const struct toolchain *below,
	struct root_packages *ret_packages, struct error *err)
{
	cleanup_index struct package_index *index = NULL;
	CLEANUP(resolution_done) struct resolution resolution = {0};
	if (package_index_new(&index, err) < 0)
		return err->class;
	for (size_t m = 0; m < made_count; m++)
		for (size_t p = 0; p < made[m]->package_count; p++)
			if (package_index_add(index, made[m]->packages[p], err) < 0)
				return err->class;
	if (below && stand_in_add(index, below, err) < 0)
		return err->class;
	if (resolve_packages(
		    index, wanted->items, wanted->count, &resolution, NULL, err) < 0)
		return err->class;
	ret_packages->items = calloc(resolution.count + 1, sizeof(struct package *));
	if (!ret_packages->items)
		return error_set_memory(err);
	for (size_t i = 0; i < resolution.count; i++) {
		const struct package *package =
			find_package(made, made_count, resolution.entries[i]->name);
		if (package) /* the toolchain has the others */
			ret_packages->items[ret_packages->count++] = package;
	}
	return 0;
}

int build_root_add_packages(struct build_root *root, const struct root_packages *packages,
	enum root_place place, struct store *store, struct error *err)
{
	for (size_t i = 0; i < packages->count; i++) {
		char *layer = NULL;
		if (package_layer(packages->items[i], place, store, &layer, err) < 0 ||
			add_layer(root, layer, err) < 0)
			return err->class;
	}
	return 0;
}

int build_root_add_toolchain(struct build_root *root,
	const struct toolchain_layers *layers, const struct make_options *options,
	struct error *err)
{
	char **directories = NULL;
	size_t count = 0;
	if (toolchain_prepare(options->toolchain, layers, options->sources,
		    options->store, &directories, &count, err) < 0)
		return err->class;
	int status = 0;
	for (size_t i = 0; i < count; i++) {
		if (status == 0)
			status = add_layer(root, directories[i], err);
		else
			free(directories[i]);
	}
	free(directories);
	return status;
}

int build_root_prepare(const struct plan_item *item, struct made *const *before,
	size_t before_count, const struct make_options *options,
	struct build_root *ret_root, struct error *err)
{
	cleanup_build_root struct build_root root = {0};
	cleanup_root_packages struct root_packages packages = {0};
	if (item->own_packages.count &&
		root_packages_resolve(before, before_count, &item->own_packages,
			options->toolchain, &packages, err) < 0)
		return error_wrap(err, "build root of %s", item->recipe->name);
	if (build_root_add_packages(&root, &packages, ROOT_SYSROOT, options->store, err) <
			0 ||
		build_root_add_toolchain(&root, &item->layers, options, err) < 0)
		return err->class;
	*ret_root = root;
	root = (struct build_root){0};
	return 0;
}
