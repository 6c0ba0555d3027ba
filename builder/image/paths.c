/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/image.h"

static int set_permissions(struct tree *tree, const struct tree_node *there,
	const struct image_path *path, struct error *err)
{
	if (there->type == TREE_SYMLINK || there->type == TREE_HARDLINK)
		return 0; /* a link shows the mode of what it leads to */
	struct tree_node node = *there;
	node.uid = path->uid;
	node.gid = path->gid;
	/* a directory's mode asked for recursively must not make files executable */
	node.mode = there->type == TREE_FILE && path->recursive &&
				    path->type == IMAGE_PATH_DIRECTORY
			    ? (path->permissions & 0666) |
				      (there->mode & 0111 & path->permissions)
			    : path->permissions;
	return tree_set(tree, &node, err);
}

static int set_permissions_below(
	struct tree *tree, const struct image_path *path, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count, len = strlen(path->path);
	if (tree_nodes(tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++) {
		const char *at = nodes[i]->path;
		if (strncmp(at, path->path, len) == 0 && at[len] == '/' &&
			set_permissions(tree, nodes[i], path, err) < 0)
			return err->class;
	}
	return 0;
}

static int add_link(struct tree *tree, const struct image_path *path, struct error *err)
{
	struct tree_node node = {.path = path->path, .mode = 0777, .package = ""};
	if (path->type == IMAGE_PATH_SYMLINK) {
		node.type = TREE_SYMLINK;
		node.target = path->source;
		node.uid = path->uid;
		node.gid = path->gid;
	} else {
		node.type = TREE_HARDLINK;
		node.target = path->source + (*path->source == '/');
	}
	return tree_set(tree, &node, err);
}

static int add_path(struct tree *tree, const struct image_path *path, struct store *store,
	struct error *err)
{
	const struct tree_node *there = tree_find(tree, path->path);
	struct tree_node node = {.path = path->path,
		.mode = path->permissions,
		.uid = path->uid,
		.gid = path->gid,
		.package = there ? there->package : ""};
	switch (path->type) {
	case IMAGE_PATH_DIRECTORY:
		node.type = TREE_DIRECTORY;
		if (tree_set(tree, &node, err) < 0)
			return err->class;
		return path->recursive ? set_permissions_below(tree, path, err) : 0;
	case IMAGE_PATH_EMPTY_FILE:
		node.type = TREE_FILE;
		if (store_put_blob(store, SLICE_EMPTY, &node.content, err) < 0 ||
			digest_of(DIGEST_SHA1, SLICE_EMPTY, &node.sha1, err) < 0)
			return err->class;
		return tree_set(tree, &node, err);
	case IMAGE_PATH_HARDLINK:
	case IMAGE_PATH_SYMLINK:
		return add_link(tree, path, err);
	case IMAGE_PATH_PERMISSIONS:
		if (!there)
			return error_set(err, ERR_INPUT, "it is not in the image");
		if (set_permissions(tree, there, path, err) < 0)
			return err->class;
		return path->recursive ? set_permissions_below(tree, path, err) : 0;
	}
	return 0;
}

int image_add_paths(struct tree *tree, const struct image_recipe *recipe,
	struct store *store, struct error *err)
{
	for (size_t i = 0; i < recipe->path_count; i++)
		if (add_path(tree, &recipe->paths[i], store, err) < 0)
			return error_wrap(err, "%s:%u: path /%s", recipe->path,
				recipe->paths[i].line, recipe->paths[i].path);
	return 0;
}
