/* SPDX-License-Identifier: Apache-2.0 */
#include "base/checked.h"
#include "base/limits.h"
#include "builder/tree/tree_private.h"

/* '/' before every other byte makes strcmp's order the order of components. */
static unsigned order_of(char byte)
{
	return byte == '/' ? 1 : (unsigned char)byte;
}

int tree_path_compare(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	unsigned left = order_of(*a), right = order_of(*b);
	return (left > right) - (left < right);
}

static int check_component(struct slice name, struct error *err)
{
	if (name.len == 0)
		return error_set(err, ERR_INPUT, "path has an empty component");
	if (slice_equal_str(name, ".") || slice_equal_str(name, ".."))
		return error_set(
			err, ERR_INPUT, "path has a component \"%.*s\"", SLICE_ARG(name));
	if (name.len > LIMIT_NAME_BYTES)
		return error_set(err, ERR_INPUT,
			"path has a name of %zu bytes, at most %d", name.len,
			LIMIT_NAME_BYTES);
	if (slice_starts_with(name, SLICE(".wh.")))
		return error_set(err, ERR_INPUT, "path has a whiteout name \"%.*s\"",
			SLICE_ARG(name));
	return 0;
}

int tree_check_path(struct slice path, struct error *err)
{
	if (path.len == 0)
		return error_set(err, ERR_INPUT, "path is empty");
	if (path.len > LIMIT_PATH_BYTES)
		return error_set(err, ERR_INPUT, "path has %zu bytes, at most %d",
			path.len, LIMIT_PATH_BYTES);
	if (!slice_is_utf8(path) || !slice_is_printable(path))
		return error_set(
			err, ERR_INPUT, "path has bytes that are no printable UTF-8");
	if (path.data[0] == '/')
		return error_set(
			err, ERR_INPUT, "path \"%.*s\" is absolute", SLICE_ARG(path));
	if (path.data[path.len - 1] == '/')
		return error_set(err, ERR_INPUT, "path \"%.*s\" ends with a slash",
			SLICE_ARG(path));

	struct slice rest = path, name;
	for (size_t depth = 1; slice_cut(&rest, '/', &name); depth++) {
		if (depth > LIMIT_PATH_DEPTH)
			return error_set(err, ERR_INPUT, "path is deeper than %d",
				LIMIT_PATH_DEPTH);
		if (check_component(name, err) < 0)
			return error_wrap(err, "%.*s", SLICE_ARG(path));
	}
	return 0;
}

static int check_target(const struct tree_node *node, struct error *err)
{
	bool link = node->type == TREE_SYMLINK || node->type == TREE_HARDLINK;
	if (!link)
		return node->target ? error_set(err, ERR_INPUT,
					      "something other than a link has a target")
				    : 0;
	struct slice target = slice_str(node->target);
	if (node->type == TREE_HARDLINK && slice_equal_str(target, node->path))
		return error_set(err, ERR_INPUT, "hard link to itself");
	if (node->type == TREE_HARDLINK)
		return tree_check_path(target, err);
	if (target.len == 0 || target.len > LIMIT_PATH_BYTES)
		return error_set(
			err, ERR_INPUT, "symlink target of %zu bytes", target.len);
	if (!slice_is_utf8(target) || !slice_is_printable(target))
		return error_set(err, ERR_INPUT, "symlink target is not printable UTF-8");
	return 0;
}

static int check_xattrs(const struct tree_node *node, struct error *err)
{
	size_t total = 0;
	for (size_t i = 0; i < node->xattr_count; i++) {
		struct slice name = slice_str(node->xattrs[i].name);
		/* '=' would end the keyword of a pax record */
		if (name.len == 0 || name.len > LIMIT_NAME_BYTES ||
			!slice_is_utf8(name) || !slice_is_printable(name) ||
			slice_has_byte(name, '=') || slice_has_byte(name, ' '))
			return error_set(err, ERR_INPUT, "xattr name is malformed");
		if (!checked_add_size(total, node->xattrs[i].value.len, &total) ||
			total > LIMIT_XATTR_BYTES)
			return error_set(err, ERR_INPUT, "xattrs of more than %zu bytes",
				LIMIT_XATTR_BYTES);
		for (size_t j = 0; j < i; j++)
			if (slice_equal_str(name, node->xattrs[j].name))
				return error_set(err, ERR_INPUT, "xattr %s twice",
					node->xattrs[j].name);
		if (i >= 64)
			return error_set(err, ERR_INPUT, "more than 64 xattrs");
	}
	return 0;
}

static int check_content(const struct tree_node *node, struct error *err)
{
	if (node->type != TREE_FILE)
		return digest_is_set(&node->content)
			       ? error_set(err, ERR_INPUT,
					 "something other than a file has content")
			       : 0;
	if (node->content.algorithm != DIGEST_SHA256 ||
		node->content.len != digest_algorithm_len(DIGEST_SHA256))
		return error_set(err, ERR_BUG, "file without the digest of its content");
	if (node->size > LIMIT_ARCHIVE_BYTES)
		return error_set(err, ERR_INPUT, "file is too large");
	return 0;
}

int tree_check_node(const struct tree_node *node, struct error *err)
{
	if (tree_check_path(slice_str(node->path), err) < 0)
		return err->class;
	if (node->type < TREE_DIRECTORY || node->type > TREE_HARDLINK)
		return error_set(err, ERR_BUG, "%s: no such type of node", node->path);
	if (node->mode > 07777)
		return error_set(
			err, ERR_INPUT, "%s: mode %o is not one", node->path, node->mode);
	if (check_target(node, err) < 0 || check_content(node, err) < 0 ||
		check_xattrs(node, err) < 0)
		return error_wrap(err, "%s", node->path);
	return 0;
}
