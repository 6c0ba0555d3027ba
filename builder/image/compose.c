/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/compose.h"

#include <pthread.h>

#include "base/array.h"
#include "base/limits.h"
#include "base/tar.h"

#define RENDERED_MAX (1 * GIB) /* one run of entries that cannot be spliced */

/* A run of the layer: a blob of the store as it is, or nodes to render. */
struct piece {
	const struct fragment *spliced; /* NULL: render */
	const struct tree_node *
		*nodes; /* what it holds, in order; borrowed from the lists below */
	size_t node_count;
};

struct layout {
	const struct compose *compose;
	struct buffer head; /* plain: all directories */
	struct buffer end;
	struct piece *pieces;
	size_t piece_count, piece_capacity;
	const struct tree_node **kept; /* storage of the pieces' nodes */
	size_t kept_len;
};

static void layout_done(struct layout *layout)
{
	buffer_done(&layout->head);
	buffer_done(&layout->end);
	free(layout->pieces);
	free(layout->kept);
}

/* ---- deciding ---- */

static bool same_xattrs(const struct tree_node *a, const struct tree_node *b)
{
	if (a->xattr_count != b->xattr_count)
		return false;
	for (size_t i = 0; i < a->xattr_count; i++)
		if (strcmp(a->xattrs[i].name, b->xattrs[i].name) != 0 ||
			!slice_equal(a->xattrs[i].value, b->xattrs[i].value))
			return false;
	return true;
}

/* Is the package's node what the image holds at that path? */
static bool is_unchanged(const struct tree *tree, const struct tree_node *node)
{
	const struct tree_node *now = tree_find(tree, node->path);
	return now && now->type == node->type && now->mode == node->mode &&
	       now->uid == node->uid && now->gid == node->gid &&
	       strcmp(now->package, node->package) == 0 &&
	       (node->type != TREE_FILE || digest_equal(&now->content, &node->content)) &&
	       (!node->target || strcmp(now->target, node->target) == 0) &&
	       same_xattrs(now, node);
}

static int add_piece(struct layout *layout, const struct fragment *spliced,
	size_t first_kept, struct error *err)
{
	if (!spliced && layout->kept_len == first_kept)
		return 0;
	if (array_add(&layout->pieces, &layout->piece_count, &layout->piece_capacity,
		    sizeof(*layout->pieces), err) < 0)
		return err->class;
	layout->pieces[layout->piece_count - 1] = (struct piece){.spliced = spliced,
		.nodes = layout->kept + first_kept,
		.node_count = layout->kept_len - first_kept};
	return 0;
}

/* The node that the image has in place of a changed one, if it is still the package's. */
static const struct tree_node *replacement(
	const struct tree *tree, const struct tree_node *node)
{
	const struct tree_node *now = tree_find(tree, node->path);
	return now && now->type != TREE_DIRECTORY &&
			       strcmp(now->package, node->package) == 0
		       ? now
		       : NULL;
}

static int add_fragment(struct layout *layout, const struct fragment_index *index,
	const struct fragment *fragment, bool *spliced_file, struct error *err)
{
	const struct tree *tree = layout->compose->tree;
	size_t first = layout->kept_len;
	if (!fragment->count) /* a further part of a large file goes the way of its first
			       */
		return *spliced_file ? add_piece(layout, fragment, first, err) : 0;
	bool whole = true;
	for (size_t i = fragment->first; i < fragment->first + fragment->count; i++)
		whole = whole && is_unchanged(tree, index->nodes[i]);
	for (size_t i = fragment->first; i < fragment->first + fragment->count; i++) {
		const struct tree_node *node =
			whole ? index->nodes[i] : replacement(tree, index->nodes[i]);
		if (node)
			layout->kept[layout->kept_len++] = node;
	}
	*spliced_file = whole;
	return add_piece(layout, whole ? fragment : NULL, first, err);
}

static bool is_of_packages(const struct compose *compose, const struct tree_node *node)
{
	return *node->package && compose->package_count;
}

/* Directories into the head; what no package has rendered into the last piece. */
static int add_head_and_tail(struct layout *layout, const struct tree_node **nodes,
	size_t count, bool tail, struct error *err)
{
	size_t first = layout->kept_len;
	for (size_t i = 0; i < count; i++) {
		const struct tree_node *node = nodes[i];
		if (tail && node->type != TREE_DIRECTORY &&
			!is_of_packages(layout->compose, node))
			layout->kept[layout->kept_len++] = node;
		else if (!tail && node->type == TREE_DIRECTORY &&
			 fragment_add_header(
				 &layout->head, node, layout->compose->mtime, err) < 0)
			return err->class;
	}
	return tail ? add_piece(layout, NULL, first, err) : 0;
}

static int decide(struct layout *layout, struct error *err)
{
	const struct compose *compose = layout->compose;
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (tree_nodes(compose->tree, &nodes, &count, err) < 0)
		return err->class;
	layout->kept = calloc(count + 1, sizeof(*layout->kept));
	if (!layout->kept)
		return error_set_memory(err);
	if (add_head_and_tail(layout, nodes, count, false, err) < 0)
		return err->class;
	for (size_t p = 0; p < compose->package_count; p++) {
		const struct fragment_index *index = compose->packages[p];
		bool spliced_file = false;
		for (size_t f = 0; f < index->fragment_count; f++)
			if (add_fragment(layout, index, &index->fragments[f],
				    &spliced_file, err) < 0)
				return err->class;
	}
	if (add_head_and_tail(layout, nodes, count, true, err) < 0)
		return err->class;
	return tar_add_end(&layout->end, err);
}

/* ---- the plain bytes ---- */

struct plain_hash {
	const struct layout *layout;
	struct digest diff_id;
	uint64_t size;
	struct error err;
};

static int hash_plain(struct plain_hash *plain, struct error *err)
{
	const struct compose *compose = plain->layout->compose;
	cleanup_hasher struct hasher *hasher = NULL;
	cleanup_writer struct writer *writer = NULL;
	struct writer *nothing = NULL;
	if (hasher_new(DIGEST_SHA256, &hasher, err) < 0 ||
		writer_hash(&nothing, hasher, &writer, err) < 0 ||
		writer_write_slice(writer, buffer_slice(&plain->layout->head), err) < 0)
		return err->class;
	for (size_t p = 0; p < plain->layout->piece_count; p++) {
		const struct piece *piece = &plain->layout->pieces[p];
		for (size_t n = 0; n < piece->node_count; n++)
			if (fragment_render_node(compose->store, piece->nodes[n],
				    compose->mtime, false, writer, err) < 0)
				return err->class;
	}
	if (writer_write_slice(writer, buffer_slice(&plain->layout->end), err) < 0 ||
		writer_finish(writer, err) < 0)
		return err->class;
	plain->size = writer_position(writer);
	return hasher_finish(hasher, &plain->diff_id, err);
}

static void *plain_thread(void *context)
{
	struct plain_hash *plain = context;
	(void)hash_plain(
		plain, &plain->err); /* the caller reads plain->err after the join */
	return NULL;
}

/* ---- the compressed bytes ---- */

static int write_member(const struct compose *compose, struct slice plain,
	struct store_writer *out, struct error *err)
{
	cleanup_buffer struct buffer member = BUFFER_INIT;
	if (!plain.len)
		return 0;
	if (compress_member(compose->compression, plain, &member, err) < 0)
		return err->class;
	return store_writer_write(out, member.data, member.len, err);
}

static int write_spliced(const struct compose *compose, const struct fragment *fragment,
	struct store_writer *out, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_mapping struct fs_mapping mapping = {0};
	uint64_t size;
	if (store_open_blob(compose->store, &fragment->blob, &fd, &size, err) < 0 ||
		fs_map(fd, &mapping, err) < 0)
		return err->class;
	if (mapping.bytes.len != fragment->size)
		return error_set(
			err, ERR_INPUT, "a fragment in the store has a wrong size");
	return store_writer_write(out, mapping.bytes.data, mapping.bytes.len, err);
}

static int write_rendered(const struct compose *compose, const struct piece *piece,
	struct store_writer *out, struct error *err)
{
	cleanup_buffer struct buffer plain = {.max = RENDERED_MAX};
	for (size_t n = 0; n < piece->node_count; n++) {
		cleanup_writer struct writer *writer = NULL;
		if (writer_to_buffer(&plain, &writer, err) < 0 ||
			fragment_render_node(compose->store, piece->nodes[n],
				compose->mtime, true, writer, err) < 0 ||
			writer_finish(writer, err) < 0)
			return err->class;
		if (plain.len < FRAGMENT_TARGET)
			continue;
		if (write_member(compose, buffer_slice(&plain), out, err) < 0)
			return err->class;
		buffer_clear(&plain);
	}
	return write_member(compose, buffer_slice(&plain), out, err);
}

static int join_pieces(
	const struct layout *layout, struct composed_layer *layer, struct error *err)
{
	const struct compose *compose = layout->compose;
	cleanup_store_writer struct store_writer *out = NULL;
	if (store_writer_new(compose->store, &out, err) < 0 ||
		write_member(compose, buffer_slice(&layout->head), out, err) < 0)
		return err->class;
	for (size_t p = 0; p < layout->piece_count; p++) {
		const struct piece *piece = &layout->pieces[p];
		int status = piece->spliced
				     ? write_spliced(compose, piece->spliced, out, err)
				     : write_rendered(compose, piece, out, err);
		if (status < 0)
			return status;
		*(piece->spliced ? &layer->spliced : &layer->rendered) += 1;
	}
	if (write_member(compose, buffer_slice(&layout->end), out, err) < 0)
		return err->class;
	return store_writer_commit(out, &layer->blob, &layer->size, err);
}

int compose_layer(const struct compose *compose, struct composed_layer *ret_layer,
	struct error *err)
{
	CLEANUP(layout_done) struct layout layout = {.compose = compose};
	struct composed_layer layer = {0};
	struct plain_hash plain = {.layout = &layout, .err = ERROR_INIT};
	pthread_t thread;
	if (decide(&layout, err) < 0)
		return err->class;
	int started = pthread_create(&thread, NULL, plain_thread, &plain);
	if (started != 0)
		return error_set_errno(err, started, "starting a thread");
	int status = join_pieces(&layout, &layer, err);
	(void)pthread_join(thread, NULL); /* cannot fail: joinable, ours, not self */
	if (status < 0)
		return status;
	if (error_is_set(&plain.err)) {
		*err = plain.err;
		return err->class;
	}
	layer.diff_id = plain.diff_id;
	layer.plain_size = plain.size;
	*ret_layer = layer;
	return 0;
}
