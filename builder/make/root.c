/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/root.h"

#include "base/array.h"
#include "builder/make/native_root.h"

void build_root_done(struct build_root *root)
{
	for (size_t i = 0; i < root->count; i++)
		free(root->layers[i]);
	free(root->layers);
	root_packages_done(&root->packages);
	*root = (struct build_root){0};
}

/* roots/package-<digest>/root/sysroot/…, roots/top-<digest>/root/… */
static int package_layer(const struct package *package, enum root_place place,
	struct store *store, char **ret_layer, struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	if (buffer_printf(&name, err, "%s-%s", place == ROOT_TOP ? "top" : "package",
		    digest_format_hex(&package->control_sha256, hex)) < 0)
		return err->class;
	if (tree_layer(buffer_str(&name), package->tree,
		    place == ROOT_TOP ? "root" : "root/sysroot", store, ret_layer,
		    err) < 0)
		return error_wrap(
			err, "build root: %s-%s", package->name, package->version);
	return 0;
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

int build_root_add_native(struct build_root *root, const struct root_packages *packages,
	const char *architecture, struct store *store, struct error *err)
{
	char *layer = NULL;
	if (native_root_layer(packages->items, packages->count, architecture, store,
		    &layer, err) < 0)
		return error_wrap(err, "build root");
	return add_layer(root, layer, err);
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

static int add_layers(struct build_root *root, const struct plan_item *item,
	const struct make_options *options, struct error *err)
{
	if (item->recipe->native)
		return build_root_add_native(root, &root->packages,
			item->recipe->architecture, options->store, err);
	if (build_root_add_packages(
		    root, &root->packages, ROOT_SYSROOT, options->store, err) < 0)
		return err->class;
	return build_root_add_toolchain(root, &item->layers, options, err);
}

int build_root_prepare(const struct plan_item *item, struct made *const *before,
	size_t before_count, const struct make_options *options,
	struct build_root *ret_root, struct error *err)
{
	cleanup_build_root struct build_root root = {0};
	struct root_wish wish = {.item = item,
		.made = before,
		.made_count = before_count,
		.below = item->recipe->native ? NULL : options->toolchain,
		.wanted = &item->wanted,
		.wanted_by = "the build"};
	if (item->wanted.count && root_packages_resolve(&wish, &root.packages, err) < 0)
		return error_wrap(err, "build root of %s", item->recipe->name);
	if (add_layers(&root, item, options, err) < 0)
		return err->class;
	*ret_root = root;
	root = (struct build_root){0};
	return 0;
}
