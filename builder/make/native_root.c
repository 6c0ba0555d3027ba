/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/native_root.h"

#include "base/limits.h"
#include "builder/image/image.h"
#include "builder/plan/plan.h"
#include "builder/recipe/image_recipe.h"
#include "builder/sandbox/sandbox.h"
#include "builder/tree/unpack.h"

/* ---- a tree on disk ---- */

struct unpacking {
	const struct tree *tree;
	struct store *store;
	int dirfd;
	const char *prefix;
};

static int unpack_below(void *context, struct error *err)
{
	const struct unpacking *unpacking = context;
	return tree_unpack(unpacking->tree, unpacking->store, unpacking->dirfd,
		unpacking->prefix, err);
}

/* In a scratch directory by the identity that sandboxes have; renamed when whole. */
static int make_layer(
	struct unpacking *unpacking, int roots, const char *name, struct error *err)
{
	struct store *store = unpacking->store;
	cleanup_fd int scratch_fd = -1;
	char scratch[128];
	if (sandbox_make_scratch(store, scratch, sizeof(scratch), &scratch_fd, err) < 0)
		return err->class;
	unpacking->dirfd = scratch_fd;
	int status = sandbox_as_builder(unpack_below, unpacking, err);
	if (status == 0 && renameat(store_dirfd(store), scratch, roots, name) < 0)
		status = error_set_errno(err, errno, "renaming %s", scratch);
	if (status < 0) {
		struct error ignored = ERROR_INIT;
		/* the first error is told */
		(void)!sandbox_remove_scratch(store, scratch, &ignored);
	}
	return status;
}

static int layer_path(const char *name, struct buffer *out, struct error *err)
{
	return buffer_printf(out, err, "roots/%s/root", name);
}

int tree_layer(const char *name, const struct tree *tree, const char *prefix,
	struct store *store, char **ret_layer, struct error *err)
{
	cleanup_buffer struct buffer layer = BUFFER_INIT;
	cleanup_fd int lock = -1, roots = -1;
	struct unpacking unpacking = {.tree = tree, .store = store, .prefix = prefix};
	if (layer_path(name, &layer, err) < 0 ||
		fs_make_dirs(store_dirfd(store), "roots", 0755, &roots, err) < 0 ||
		store_lock(store, "locks", name, &lock, err) < 0)
		return err->class;
	if (!fs_exists(store_dirfd(store), buffer_str(&layer)) &&
		make_layer(&unpacking, roots, name, err) < 0)
		return err->class;
	return buffer_take_str(&layer, ret_layer, err);
}

/* ---- what is in a native root beside its packages; see NATIVE_FORMAT ---- */

/* A mount on a link would be a mount elsewhere. */
static int check_mounts(const struct tree *tree, struct error *err)
{
	static const char *const mounts[] = {"dev", "proc"};
	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		const struct tree_node *node = tree_find(tree, mounts[i]);
		if (node && node->type != TREE_DIRECTORY)
			return error_set(err, ERR_REFUSED,
				"package %s makes /%s something else than a directory",
				node->package, mounts[i]);
	}
	return 0;
}

static int add_folders(struct tree *tree, struct error *err)
{
	static const char *const folders[] = {"dev", "etc", "home", "opt", "proc", "run",
		"sys", "tmp", "usr", "usr/bin", "usr/lib", "var", "var/cache", "var/tmp"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		struct tree_node node = {.path = folders[i],
			.type = TREE_DIRECTORY,
			.mode = 0755,
			.package = ""};
		if (!tree_find(tree, folders[i]) && tree_add(tree, &node, err) < 0)
			return err->class;
	}
	return 0;
}

/* Packages for a merged /usr take for granted that another one has the links. */
static int add_merged_links(struct tree *tree, struct error *err)
{
	static const char *const links[][2] = {
		{"bin", "usr/bin"}, {"lib", "usr/lib"}, {"sbin", "usr/sbin"}};
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		struct tree_node node = {.path = links[i][0],
			.type = TREE_SYMLINK,
			.mode = 0777,
			.target = links[i][1],
			.package = ""};
		if (!tree_find(tree, links[i][0]) && tree_find(tree, links[i][1]) &&
			tree_add(tree, &node, err) < 0)
			return err->class;
	}
	return 0;
}

static int check_shell(const struct tree *tree, struct error *err)
{
	if (tree_resolve(tree, "bin/sh", NULL, NULL))
		return 0;
	error_set(err, ERR_INPUT, "no package in it has /bin/sh, which runs the steps");
	return error_remedy(err, "name one that has, as busybox, in the recipe's "
				 "environment.contents.packages");
}

static int add_accounts(struct tree *tree, struct store *store, struct error *err)
{
	struct image_user users[] = {
		{.name = "root", .shell = "/bin/sh", .home = "/root"},
		{.name = "build",
			.shell = "/bin/sh",
			.home = "/home/build",
			.uid = 1000,
			.gid = 1000}};
	struct image_group groups[] = {{.name = "root"}, {.name = "build", .gid = 1000}};
	struct image_recipe recipe = {.users = users,
		.user_count = ARRAY_LEN(users),
		.groups = groups,
		.group_count = ARRAY_LEN(groups)};
	return image_add_accounts(tree, &recipe, store, err);
}

static int check_size(const struct tree *tree, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	uint64_t size = 0;
	if (tree_nodes(tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++) {
		if (nodes[i]->size > LIMIT_ROOT_BYTES - size)
			return error_set(err, ERR_INPUT,
				"its packages have more than %llu bytes",
				(unsigned long long)LIMIT_ROOT_BYTES);
		size += nodes[i]->size;
	}
	return 0;
}

static int build_tree(const struct package *const *packages, size_t count,
	const char *architecture, struct store *store, struct tree **ret_tree,
	struct error *err)
{
	cleanup_tree struct tree *tree = NULL;
	struct image_options options = {.packages = packages,
		.package_count = count,
		.architecture = architecture};
	if (tree_new(&tree, err) < 0 || image_install(tree, packages, count, err) < 0 ||
		check_mounts(tree, err) < 0 || add_folders(tree, err) < 0 ||
		add_accounts(tree, store, err) < 0 || add_merged_links(tree, err) < 0 ||
		image_add_applets(tree, store, err) < 0 || check_shell(tree, err) < 0 ||
		image_add_database(tree, &options, store, err) < 0 ||
		check_size(tree, err) < 0)
		return err->class;
	*ret_tree = take_ptr(tree);
	return 0;
}

static int root_name(const struct package *const *packages, size_t count,
	const char *architecture, struct buffer *name, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct digest digest;
	char hex[DIGEST_TEXT_MAX];
	if (buffer_printf(&text, err, NATIVE_FORMAT " %s\n", architecture) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (buffer_printf(&text, err, "%s\n",
			    digest_format(&packages[i]->control_sha256, hex)) < 0)
			return err->class;
	if (digest_of(DIGEST_SHA256, buffer_slice(&text), &digest, err) < 0)
		return err->class;
	return buffer_printf(name, err, "native-%s", digest_format_hex(&digest, hex));
}

int native_root_layer(const struct package *const *packages, size_t count,
	const char *architecture, struct store *store, char **ret_layer,
	struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT, layer = BUFFER_INIT;
	cleanup_tree struct tree *tree = NULL;
	if (root_name(packages, count, architecture, &name, err) < 0 ||
		layer_path(buffer_str(&name), &layer, err) < 0)
		return err->class;
	if (fs_exists(store_dirfd(store), buffer_str(&layer)))
		return buffer_take_str(&layer, ret_layer, err);
	if (build_tree(packages, count, architecture, store, &tree, err) < 0)
		return err->class;
	return tree_layer(buffer_str(&name), tree, "root", store, ret_layer, err);
}
