/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/tree/tree_private.h"

int tree_new(struct tree **ret_tree, struct error *err)
{
	cleanup_tree struct tree *tree = calloc(1, sizeof(*tree));
	if (!tree)
		return error_set_memory(err);
	if (arena_new(&tree->arena, err) < 0 || map_new(&tree->by_path, err) < 0)
		return err->class;
	tree->root.node.type = TREE_DIRECTORY;
	tree->root.node.path = "";
	*ret_tree = take_ptr(tree);
	return 0;
}

void tree_free(struct tree **tree)
{
	if (!*tree)
		return;
	map_free(&(*tree)->by_path);
	arena_free(&(*tree)->arena);
	free_ptr(tree);
}

static struct tree_entry *find(const struct tree *tree, struct slice path)
{
	return map_get(tree->by_path, path);
}

const struct tree_node *tree_find(const struct tree *tree, const char *path)
{
	struct tree_entry *entry = find(tree, slice_str(path));
	return entry ? &entry->node : NULL;
}

size_t tree_count(const struct tree *tree)
{
	return map_len(tree->by_path);
}

/* ---- copying nodes ---- */

static int xattr_order(const void *a, const void *b)
{
	const struct tree_xattr *left = a, *right = b;
	return strcmp(left->name, right->name);
}

static int copy_xattrs(struct arena *arena, const struct tree_node *from,
	struct tree_node *to, struct error *err)
{
	to->xattrs = NULL;
	to->xattr_count = from->xattr_count;
	if (from->xattr_count == 0)
		return 0;
	to->xattrs = arena_array(arena, from->xattr_count, sizeof(*to->xattrs));
	if (!to->xattrs)
		return error_set_memory(err);
	for (size_t i = 0; i < from->xattr_count; i++) {
		struct slice value = from->xattrs[i].value;
		to->xattrs[i].name = arena_strdup(arena, from->xattrs[i].name);
		char *bytes = arena_strndup(arena, value);
		if (!to->xattrs[i].name || !bytes)
			return error_set_memory(err);
		to->xattrs[i].value = slice_from(bytes, value.len);
	}
	qsort(to->xattrs, to->xattr_count, sizeof(*to->xattrs), xattr_order);
	return 0;
}

static int copy_node(struct arena *arena, const struct tree_node *from,
	struct tree_node *ret_node, struct error *err)
{
	struct tree_node to = *from;
	to.path = arena_strdup(arena, from->path);
	to.package = arena_strdup(arena, from->package ? from->package : "");
	if (!to.path || !to.package)
		return error_set_memory(err);
	if (from->target && !(to.target = arena_strdup(arena, from->target)))
		return error_set_memory(err);
	if (copy_xattrs(arena, from, &to, err) < 0)
		return err->class;
	if (to.type == TREE_SYMLINK)
		to.mode = 0777;
	if (to.type != TREE_FILE)
		to.size = 0;
	*ret_node = to;
	return 0;
}

/* ---- names of one file ---- */

static void copy_attributes(struct tree_node *to, const struct tree_node *from)
{
	to->mode = from->mode;
	to->uid = from->uid;
	to->gid = from->gid;
	to->xattrs = from->xattrs;
	to->xattr_count = from->xattr_count;
}

static void link_to(struct tree_entry *link, struct tree_entry *file)
{
	copy_attributes(&link->node, &file->node);
	link->node.type = TREE_HARDLINK;
	link->node.target = file->node.path;
	link->node.content = (struct digest){0};
	link->node.sha1 = (struct digest){0};
	link->node.size = 0;
	link->first_link = NULL;
	link->file = file;
	link->next_link = file->first_link;
	file->first_link = link;
}

/* Makes `heir` the file in the place of `file`, which keeps its node but loses its links.
 */
static void pass_on(struct tree_entry *file, struct tree_entry *heir)
{
	struct tree_entry *links = file->first_link;
	copy_attributes(&heir->node, &file->node);
	heir->node.type = TREE_FILE;
	heir->node.target = NULL;
	heir->node.content = file->node.content;
	heir->node.sha1 = file->node.sha1;
	heir->node.size = file->node.size;
	heir->file = NULL;
	heir->first_link = NULL;
	file->first_link = NULL;
	while (links) {
		struct tree_entry *link = links;
		links = links->next_link;
		if (link != heir)
			link_to(link, heir);
	}
	heir->next_link = NULL;
}

static void join_links(struct tree_entry *entry, struct tree_entry *file)
{
	if (tree_path_compare(entry->node.path, file->node.path) < 0) {
		pass_on(file, entry);
		link_to(file, entry);
	} else {
		link_to(entry, file);
	}
}

/* Afterwards the entry shares its content with no other name. */
static void leave_links(struct tree_entry *entry)
{
	if (entry->file) {
		struct tree_entry **at = &entry->file->first_link;
		while (*at != entry)
			at = &(*at)->next_link;
		*at = entry->next_link;
		entry->file = entry->next_link = NULL;
	} else if (entry->first_link) {
		struct tree_entry *heir = entry->first_link;
		for (struct tree_entry *link = heir; link; link = link->next_link)
			if (tree_path_compare(link->node.path, heir->node.path) < 0)
				heir = link;
		pass_on(entry, heir);
	}
}

static int find_link_target(const struct tree *tree, const struct tree_node *node,
	struct tree_entry **ret_file, struct error *err)
{
	struct tree_entry *target = find(tree, slice_str(node->target));
	if (target && target->file)
		target = target->file;
	if (!target || target->node.type != TREE_FILE)
		return error_set(err, ERR_INPUT,
			"%s: hard link to %s, which is no regular file here", node->path,
			node->target);
	*ret_file = target;
	return 0;
}

/* ---- adding ---- */

static int insert(struct tree *tree, struct tree_entry *parent,
	const struct tree_node *node, struct tree_entry **ret_entry, struct error *err)
{
	if (tree_count(tree) >= LIMIT_ARCHIVE_ENTRIES)
		return error_set(err, ERR_INPUT, "%s: more than %d files", node->path,
			LIMIT_ARCHIVE_ENTRIES);
	struct tree_entry *entry = arena_alloc(tree->arena, sizeof(*entry));
	if (!entry)
		return error_set_memory(err);
	if (copy_node(tree->arena, node, &entry->node, err) < 0)
		return err->class;
	if (map_put(tree->by_path, slice_str(entry->node.path), entry, err) < 0)
		return err->class;
	entry->parent = parent;
	entry->next = parent->first_child;
	if (entry->next)
		entry->next->previous = entry;
	parent->first_child = entry;
	*ret_entry = entry;
	return 0;
}

static int add_parent(struct tree *tree, struct tree_entry *above, struct slice path,
	const char *package, struct tree_entry **ret_entry, struct error *err)
{
	char *text = arena_strndup(tree->arena, path);
	if (!text)
		return error_set_memory(err);
	struct tree_node node = {
		.path = text, .type = TREE_DIRECTORY, .mode = 0755, .package = package};
	if (insert(tree, above, &node, ret_entry, err) < 0)
		return err->class;
	(*ret_entry)->implied = true;
	return 0;
}

static int make_parents(struct tree *tree, const struct tree_node *node,
	struct tree_entry **ret_parent, struct error *err)
{
	struct tree_entry *parent = &tree->root;
	for (const char *at = node->path; (at = strchr(at, '/')); at++) {
		struct slice path = slice_from(node->path, (size_t)(at - node->path));
		struct tree_entry *entry = find(tree, path);
		if (entry && entry->node.type != TREE_DIRECTORY)
			return error_set(err, ERR_INPUT, "%s: %.*s is not a directory",
				node->path, SLICE_ARG(path));
		if (!entry &&
			add_parent(tree, parent, path, node->package, &entry, err) < 0)
			return err->class;
		parent = entry;
	}
	*ret_parent = parent;
	return 0;
}

static int add_new(struct tree *tree, const struct tree_node *node, struct error *err)
{
	struct tree_entry *parent, *entry, *file = NULL;
	if (node->type == TREE_HARDLINK && find_link_target(tree, node, &file, err) < 0)
		return err->class;
	if (make_parents(tree, node, &parent, err) < 0 ||
		insert(tree, parent, node, &entry, err) < 0)
		return err->class;
	if (file)
		join_links(entry, file);
	return 0;
}

int tree_add(struct tree *tree, const struct tree_node *node, struct error *err)
{
	if (tree_check_node(node, err) < 0)
		return err->class;
	struct tree_entry *there = find(tree, slice_str(node->path));
	if (!there)
		return add_new(tree, node, err);
	if (there->node.type != TREE_DIRECTORY || node->type != TREE_DIRECTORY)
		return error_set(err, ERR_INPUT, "%s: is there already", node->path);
	if (!there->implied)
		return 0;
	if (copy_node(tree->arena, node, &there->node, err) < 0)
		return err->class;
	there->implied = false;
	return 0;
}

/* Would the node be the same file under all its names? Then *ret_file is that file. */
static bool same_file(const struct tree *tree, struct tree_entry *there,
	const struct tree_node *node, struct tree_entry **ret_file)
{
	struct tree_entry *file = there->file ? there->file : there;
	if (file->node.type != TREE_FILE)
		return false;
	*ret_file = file;
	if (node->type == TREE_FILE)
		return file->node.size == node->size &&
		       digest_equal(&file->node.content, &node->content);
	if (node->type != TREE_HARDLINK)
		return false;
	struct tree_entry *target = find(tree, slice_str(node->target));
	return target && target != there && (target == file || target->file == file);
}

static int set_attributes(struct tree *tree, struct tree_entry *there,
	struct tree_entry *file, const struct tree_node *node, struct error *err)
{
	struct tree_node copy;
	if (copy_node(tree->arena, node, &copy, err) < 0)
		return err->class;
	there->node.package = copy.package;
	copy_attributes(&file->node, &copy);
	for (struct tree_entry *link = file->first_link; link; link = link->next_link)
		copy_attributes(&link->node, &copy);
	return 0;
}

static int replace(struct tree *tree, struct tree_entry *there,
	const struct tree_node *node, struct error *err)
{
	struct tree_node copy;
	struct tree_entry *file = NULL;
	if (there->first_child && node->type != TREE_DIRECTORY)
		return error_set(err, ERR_INPUT, "%s: is a directory with files in it",
			node->path);
	if (node->type == TREE_HARDLINK && find_link_target(tree, node, &file, err) < 0)
		return err->class;
	if (file == there)
		return error_set(err, ERR_INPUT, "%s: hard link to itself", node->path);
	if (copy_node(tree->arena, node, &copy, err) < 0)
		return err->class;
	leave_links(there);
	copy.path = there->node.path; /* links of the past may still show it */
	there->node = copy;
	there->implied = false;
	if (file)
		join_links(there, file);
	return 0;
}

int tree_set(struct tree *tree, const struct tree_node *node, struct error *err)
{
	if (tree_check_node(node, err) < 0)
		return err->class;
	struct tree_entry *there = find(tree, slice_str(node->path)), *file;
	if (!there)
		return add_new(tree, node, err);
	if (same_file(tree, there, node, &file))
		return set_attributes(tree, there, file, node, err);
	return replace(tree, there, node, err);
}

/* ---- removing ---- */

static void unlink_entry(struct tree *tree, struct tree_entry *entry)
{
	leave_links(entry);
	if (entry->previous)
		entry->previous->next = entry->next;
	else
		entry->parent->first_child = entry->next;
	if (entry->next)
		entry->next->previous = entry->previous;
	map_remove(tree->by_path, slice_str(entry->node.path));
}

int tree_remove(struct tree *tree, const char *path, struct error *err)
{
	struct tree_entry *top = find(tree, slice_str(path));
	if (!top)
		return error_set(err, ERR_INPUT, "%s: is not in the tree", path);
	struct tree_entry *above = top->parent, *at = top;
	while (at != above) { /* the deepest first */
		if (at->first_child) {
			at = at->first_child;
			continue;
		}
		struct tree_entry *parent = at->parent;
		unlink_entry(tree, at);
		at = at == top ? above : parent;
	}
	return 0;
}

/* ---- walking ---- */

static int node_order(const void *a, const void *b)
{
	const struct tree_node *const *left = a, *const *right = b;
	return tree_path_compare((*left)->path, (*right)->path);
}

int tree_nodes(const struct tree *tree, const struct tree_node ***ret_nodes,
	size_t *ret_count, struct error *err)
{
	size_t count = 0, position = 0;
	void *value;
	const struct tree_node **nodes = calloc(tree_count(tree) + 1, sizeof(*nodes));
	if (!nodes)
		return error_set_memory(err);
	while (map_next(tree->by_path, &position, NULL, &value))
		nodes[count++] = &((struct tree_entry *)value)->node;
	qsort(nodes, count, sizeof(*nodes), node_order);
	*ret_nodes = nodes;
	*ret_count = count;
	return 0;
}
