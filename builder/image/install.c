/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "builder/image/image.h"

/* The file that a hard link names. */
static const struct tree_node *file_of(
	const struct tree *tree, const struct tree_node *node)
{
	return node->type == TREE_HARDLINK ? tree_find(tree, node->target) : node;
}

static bool same_file(const struct tree *tree, const struct tree_node *there,
	const struct package *package, const struct tree_node *node)
{
	const struct tree_node *a = file_of(tree, there),
			       *b = file_of(package->tree, node);
	if (!a || !b || a->type != b->type)
		return false;
	if (a->type == TREE_FILE)
		return digest_equal(&a->content, &b->content);
	return a->target && b->target && strcmp(a->target, b->target) == 0;
}

static bool lists_name(const struct package_list *replaces, const char *name)
{
	for (size_t i = 0; i < replaces->count; i++)
		if (strcmp(replaces->items[i], name) == 0)
			return true;
	return false;
}

/* Rules of apk image tools (reference: recipes-packages-images.md 4.9, file conflicts).
 */
enum winner { FIRST, SECOND, NOBODY };
static enum winner settle(const struct package *first, const struct package *second)
{
	if (lists_name(&first->replaces, second->name))
		return FIRST;
	if (lists_name(&second->replaces, first->name) ||
		(*first->origin && strcmp(first->origin, second->origin) == 0))
		return SECOND;
	return NOBODY;
}

static int install_directory(struct tree *tree, const struct tree_node *there,
	const struct tree_node *node, struct error *err)
{
	bool plain = there->mode == 0755 && !there->uid && !there->gid;
	if (!plain)
		return 0; /* the first that says something special is heard */
	struct tree_node merged = *node;
	merged.package = there->package;
	return tree_set(tree, &merged, err);
}

/*
 * The package's node as it is in the image: a hard link to a name that another package
 * has there would show that one's content, so it is a file of its own.
 */
static struct tree_node own_node(const struct tree *tree, const struct package *package,
	const struct tree_node *node)
{
	struct tree_node owned = *node;
	const struct tree_node *target =
		node->type == TREE_HARDLINK ? tree_find(tree, node->target) : NULL;
	const struct tree_node *file = file_of(package->tree, node);
	if (target && file && strcmp(target->package, package->name) != 0) {
		owned = *file;
		owned.path = node->path;
	}
	owned.package = package->name;
	return owned;
}

static int install_node(struct tree *tree, const struct map *packages,
	const struct package *package, const struct tree_node *node, struct error *err)
{
	struct tree_node owned = own_node(tree, package, node);
	const struct tree_node *there = tree_find(tree, node->path);
	if (!there)
		return tree_add(tree, &owned, err);
	if (there->type == TREE_DIRECTORY && node->type == TREE_DIRECTORY)
		return install_directory(tree, there, &owned, err);
	const struct package *first = map_get_str(packages, there->package);
	bool folder = there->type == TREE_DIRECTORY || node->type == TREE_DIRECTORY;
	if (!folder && same_file(tree, there, package, node))
		return 0;
	enum winner winner = first && !folder ? settle(first, package) : NOBODY;
	if (winner == FIRST)
		return 0;
	if (winner == SECOND)
		return tree_set(tree, &owned, err);
	error_set(err, ERR_INPUT, "both %s and %s have /%s, and they differ",
		there->package, package->name, node->path);
	return error_remedy(err,
		"let one of them say `replaces`, or take one off the list of packages");
}

int image_install(struct tree *tree, const struct package *const *packages, size_t count,
	struct error *err)
{
	cleanup_map struct map *by_name = NULL;
	if (map_new(&by_name, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++) {
		const struct package *package = packages[i];
		cleanup_mem const struct tree_node **nodes = NULL;
		size_t node_count;
		union {
			const struct package *in;
			void *out;
		} borrowed = {package}; /* the map only lends it back as const */
		if (map_put(by_name, slice_str(package->name), borrowed.out, err) < 0 ||
			tree_nodes(package->tree, &nodes, &node_count, err) < 0)
			return err->class;
		for (size_t n = 0; n < node_count; n++)
			if (install_node(tree, by_name, package, nodes[n], err) < 0)
				return error_wrap(err, "installing %s-%s", package->name,
					package->version);
	}
	return 0;
}
