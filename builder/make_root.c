/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make_root.h"

#include "base/array.h"
#include "builder/image/resolve.h"
#include "builder/sandbox/sandbox.h"
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
};

static int unpack_below(void *context, struct error *err)
{
	const struct unpacking *unpacking = context;
	return tree_unpack(unpacking->package->tree, unpacking->store, unpacking->dirfd,
		"root/sysroot", err);
}

/* roots/package-<digest>/root/sysroot/…, made by the identity that sandboxes have. */
static int package_layer(const struct package *package, struct store *store,
	char **ret_layer, struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT, layer = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX], scratch[128];
	cleanup_fd int lock = -1, scratch_fd = -1, roots = -1;
	if (buffer_printf(&name, err, "package-%s",
		    digest_format_hex(&package->control_sha256, hex)) < 0 ||
		buffer_printf(&layer, err, "roots/%s/root", buffer_str(&name)) < 0 ||
		fs_make_dirs(store_dirfd(store), "roots", 0755, &roots, err) < 0 ||
		store_lock(store, "locks", buffer_str(&name), &lock, err) < 0)
		return err->class;
	if (!fs_exists(store_dirfd(store), buffer_str(&layer))) {
		struct unpacking unpacking = {.package = package, .store = store};
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

static int add_layer(
	struct build_root *root, size_t *capacity, char *layer, struct error *err)
{
	if (array_add(&root->layers, &root->count, capacity, sizeof(char *), err) < 0) {
		free(layer);
		return err->class;
	}
	root->layers[root->count - 1] = layer;
	return 0;
}

static int add_packages(const struct plan_item *item, struct made *const *before,
	size_t before_count, struct store *store, struct build_root *root,
	size_t *capacity, struct error *err)
{
	cleanup_index struct package_index *index = NULL;
	CLEANUP(resolution_done) struct resolution resolution = {0};
	if (!item->own_packages.count)
		return 0;
	if (package_index_new(&index, err) < 0)
		return err->class;
	for (size_t m = 0; m < before_count; m++)
		for (size_t p = 0; p < before[m]->package_count; p++)
			if (package_index_add(index, before[m]->packages[p], err) < 0)
				return err->class;
	if (resolve_packages(index, item->own_packages.items, item->own_packages.count,
		    &resolution, NULL, err) < 0)
		return error_wrap(err, "build root of %s", item->recipe->name);
	for (size_t i = 0; i < resolution.count; i++) {
		char *layer = NULL;
		const struct package *package =
			find_package(before, before_count, resolution.entries[i]->name);
		if (package_layer(package, store, &layer, err) < 0 ||
			add_layer(root, capacity, layer, err) < 0)
			return err->class;
	}
	return 0;
}

int build_root_prepare(const struct plan_item *item, struct made *const *before,
	size_t before_count, const struct make_options *options,
	struct build_root *ret_root, struct error *err)
{
	cleanup_build_root struct build_root root = {0};
	size_t capacity = 0, count = 0;
	char **directories = NULL;
	if (add_packages(item, before, before_count, options->store, &root, &capacity,
		    err) < 0)
		return err->class;
	if (toolchain_prepare(options->toolchain, &item->layers, options->sources,
		    options->store, &directories, &count, err) < 0)
		return err->class;
	int status = 0;
	for (size_t i = 0; i < count; i++) {
		if (status == 0)
			status = add_layer(&root, &capacity, directories[i], err);
		else
			free(directories[i]);
	}
	free(directories);
	if (status < 0)
		return status;
	*ret_root = root;
	root = (struct build_root){0};
	return 0;
}
