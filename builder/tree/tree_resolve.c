/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/tree/tree_private.h"

#define LINKS_MAX 40 /* as Linux: path_resolution(7) */

/*
 * A walk through a tree. rest is a stack: the path that was asked for at the
 * bottom, above it the targets of the symlinks that are being followed. No
 * memory is allocated, so that "leads nowhere" has only one meaning.
 */
struct walk {
	const struct tree *tree;
	const struct tree_entry *at;
	struct slice rest[LINKS_MAX + 1];
	size_t depth, links;
	void (*passed)(void *context, const struct tree_node *symlink);
	void *context;
};

static bool next_component(struct walk *walk, struct slice *ret_name)
{
	while (walk->depth > 0) {
		if (slice_cut(&walk->rest[walk->depth - 1], '/', ret_name)) {
			if (ret_name->len > 0)
				return true;
			continue;
		}
		walk->depth--;
	}
	return false;
}

static const struct tree_entry *child_of(
	const struct tree *tree, const struct tree_entry *directory, struct slice name)
{
	char path[LIMIT_PATH_BYTES + 1];
	size_t len = strlen(directory->node.path);
	if (name.len > LIMIT_NAME_BYTES || len + 1 + name.len > LIMIT_PATH_BYTES)
		return NULL;
	memcpy(path, directory->node.path, len);
	if (len > 0)
		path[len++] = '/';
	memcpy(path + len, name.data, name.len);
	return map_get(tree->by_path, slice_from(path, len + name.len));
}

static bool follow(struct walk *walk, const struct tree_entry *symlink)
{
	if (walk->passed)
		walk->passed(walk->context, &symlink->node);
	if (++walk->links > LINKS_MAX)
		return false;
	struct slice target = slice_str(symlink->node.target);
	if (target.data[0] == '/')
		walk->at = &walk->tree->root;
	walk->rest[walk->depth++] = target; /* depth <= links + 1: there is room */
	return true;
}

static bool step(struct walk *walk, struct slice name)
{
	if (walk->at->node.type != TREE_DIRECTORY)
		return false;
	if (slice_equal_str(name, "."))
		return true;
	if (slice_equal_str(name, "..")) {
		if (walk->at->parent)
			walk->at = walk->at->parent;
		return true;
	}
	const struct tree_entry *child = child_of(walk->tree, walk->at, name);
	if (!child)
		return false;
	if (child->node.type == TREE_SYMLINK)
		return follow(walk, child);
	walk->at = child;
	return true;
}

const struct tree_node *tree_resolve(const struct tree *tree, const char *path,
	void (*passed)(void *context, const struct tree_node *symlink), void *context)
{
	struct slice name;
	struct walk walk = {.tree = tree,
		.at = &tree->root,
		.rest = {slice_str(path)},
		.depth = 1,
		.passed = passed,
		.context = context};
	while (next_component(&walk, &name))
		if (!step(&walk, name))
			return NULL;
	return walk.at == &tree->root ? NULL : &walk.at->node;
}
