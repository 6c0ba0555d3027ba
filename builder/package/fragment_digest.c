/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "builder/package/fragment.h"

/*
 * The listing: for each node a line of numbers and lengths, then the texts that
 * the lengths tell of. No text can be taken for another, whatever it holds.
 */
static int list_node(struct buffer *out, const struct tree_node *node, struct error *err)
{
	char content[DIGEST_TEXT_MAX] = "-";
	const char *target = node->target ? node->target : "";
	if (node->type == TREE_FILE)
		digest_format(&node->content, content);
	if (buffer_printf(out, err, "%d %o %u %u %" PRIu64 " %s %zu %zu %zu\n",
		    (int)node->type, node->mode, node->uid, node->gid, node->size,
		    content, strlen(node->path), strlen(target), node->xattr_count) < 0 ||
		buffer_add_str(out, node->path, err) < 0 ||
		buffer_add_str(out, target, err) < 0)
		return err->class;
	for (size_t i = 0; i < node->xattr_count; i++) {
		const struct tree_xattr *xattr = &node->xattrs[i];
		if (buffer_printf(out, err, "\n%zu %zu\n%s", strlen(xattr->name),
			    xattr->value.len, xattr->name) < 0 ||
			buffer_add_slice(out, xattr->value, err) < 0)
			return err->class;
	}
	return buffer_add_byte(out, '\n', err);
}

int tree_digest(const struct tree *tree, struct digest *ret_digest, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	cleanup_hasher struct hasher *hasher = NULL;
	cleanup_buffer struct buffer line = BUFFER_INIT;
	size_t count;
	if (tree_nodes(tree, &nodes, &count, err) < 0 ||
		hasher_new(DIGEST_SHA256, &hasher, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++) {
		buffer_clear(&line);
		if (list_node(&line, nodes[i], err) < 0 ||
			hasher_update(hasher, line.data, line.len, err) < 0)
			return err->class;
	}
	return hasher_finish(hasher, ret_digest, err);
}
