/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links by which busybox is called. Its package says which in
 * /etc/busybox-paths.d/NAME, a path a line, and leaves making them to a trigger that
 * nobody runs here.
 */
#include "base/limits.h"
#include "builder/image/image.h"

#define FOLDER     "etc/busybox-paths.d/"
#define LIST_BYTES (1 * MIB)

/* Where the path's folder leads: /bin is often a link. *ret_path "" if nowhere. */
static int resolve_path(const struct tree *tree, struct slice line,
	struct buffer *ret_path, struct error *err)
{
	cleanup_mem char *folder = NULL;
	size_t slash = line.len;
	while (slash > 0 && line.data[slash - 1] != '/')
		slash--;
	if (slash == 0)
		return 0;
	if (slice_to_str(slice_sub(line, 0, slash - 1), &folder, err) < 0)
		return err->class;
	const struct tree_node *node = tree_resolve(tree, folder, NULL, NULL);
	if (!node || node->type != TREE_DIRECTORY)
		return 0;
	return buffer_printf(ret_path, err, "%s/%.*s", node->path,
		SLICE_ARG(slice_sub(line, slash, line.len)));
}

static int add_link(
	struct tree *tree, const char *busybox, struct slice line, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	line = slice_trim(line);
	if (line.len && line.data[0] == '/')
		line = slice_sub(line, 1, line.len);
	if (!line.len)
		return 0;
	if (tree_check_path(line, err) < 0 || resolve_path(tree, line, &path, err) < 0)
		return err->class;
	if (!path.len || tree_find(tree, buffer_str(&path)))
		return 0;
	struct tree_node link = {.path = buffer_str(&path),
		.type = TREE_SYMLINK,
		.mode = 0777,
		.target = busybox,
		.package = ""}; /* its own archive does not have it */
	return tree_add(tree, &link, err);
}

static int add_links(struct tree *tree, struct store *store, const char *busybox,
	const struct tree_node *list, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct slice line;
	if (store_read_blob(store, &list->content, LIST_BYTES, &text, err) < 0)
		return error_wrap(err, "/%s", list->path);
	struct slice rest = buffer_slice(&text);
	while (slice_cut(&rest, '\n', &line))
		if (add_link(tree, busybox, line, err) < 0)
			return error_wrap(err, "/%s", list->path);
	return 0;
}

int image_add_applets(struct tree *tree, struct store *store, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	cleanup_buffer struct buffer target = BUFFER_INIT;
	size_t count;
	const struct tree_node *busybox = tree_resolve(tree, "bin/busybox", NULL, NULL);
	if (!busybox)
		busybox = tree_find(tree, "usr/bin/busybox");
	if (!busybox || !tree_find(tree, "etc/busybox-paths.d"))
		return 0;
	if (buffer_printf(&target, err, "/%s", busybox->path) < 0 ||
		tree_nodes(tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (nodes[i]->type == TREE_FILE &&
			slice_starts_with(slice_str(nodes[i]->path), SLICE(FOLDER)) &&
			add_links(tree, store, buffer_str(&target), nodes[i], err) < 0)
			return err->class;
	return 0;
}
