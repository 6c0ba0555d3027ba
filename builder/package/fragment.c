/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/tar.h"
#include "builder/package/fragment_private.h"

/* Changes whenever the same tree would give other bytes or be cut elsewhere. */
#define FORMAT_VERSION 1
#define RECORD_FOLDER  "fragments"

/* ---- one entry ---- */

static int make_records(const struct tree_node *node, struct arena *arena,
	struct tar_record **ret_records, struct error *err)
{
	struct tar_record *records =
		arena_array(arena, node->xattr_count, sizeof(*records));
	if (!records)
		return error_set_memory(err);
	for (size_t i = 0; i < node->xattr_count; i++) {
		records[i].value = node->xattrs[i].value;
		records[i].key =
			arena_printf(arena, "SCHILY.xattr.%s", node->xattrs[i].name);
		if (!records[i].key)
			return error_set_memory(err);
	}
	*ret_records = records;
	return 0;
}

enum tar_type fragment_tar_type(const struct tree_node *node)
{
	switch (node->type) {
	case TREE_DIRECTORY:
		return TAR_DIRECTORY;
	case TREE_SYMLINK:
		return TAR_SYMLINK;
	case TREE_HARDLINK:
		return TAR_HARDLINK;
	case TREE_FILE:
		break;
	}
	return TAR_FILE;
}

int fragment_add_header(struct buffer *out, const struct tree_node *node, int64_t mtime,
	struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct tar_record *records = NULL;
	/* a link has its file's xattrs already */
	bool xattrs = node->xattr_count > 0 && node->type != TREE_HARDLINK;
	if (xattrs && (arena_new(&arena, err) < 0 ||
			      make_records(node, arena, &records, err) < 0))
		return err->class;
	struct tar_entry entry = {.type = fragment_tar_type(node),
		.path = node->path,
		.link = node->target,
		.mode = node->mode,
		.uid = node->uid,
		.gid = node->gid,
		.mtime = mtime,
		.size = node->type == TREE_FILE ? node->size : 0,
		.directory_slash = true,
		.records = records,
		.record_count = xattrs ? node->xattr_count : 0};
	if (tar_add_header(out, &entry, err) < 0)
		return error_wrap(err, "%s", node->path);
	return 0;
}

static int open_content(struct store *store, const struct tree_node *node, bool verify,
	struct reader **ret_reader, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t size;
	if (verify)
		return store_blob_reader(store, &node->content, ret_reader, err);
	if (store_open_blob(store, &node->content, &fd, &size, err) < 0)
		return err->class;
	return reader_from_fd(&fd, ret_reader, err);
}

static int render_content(struct store *store, const struct tree_node *node, bool verify,
	struct writer *to, struct error *err)
{
	static const char zeros[TAR_BLOCK];
	cleanup_reader struct reader *reader = NULL;
	uint64_t copied;
	if (open_content(store, node, verify, &reader, err) < 0 ||
		stream_copy(reader, to, node->size, &copied, err) < 0)
		return err->class;
	if (copied != node->size)
		return error_set(err, ERR_INPUT,
			"the store holds %" PRIu64 " bytes instead of %" PRIu64, copied,
			node->size);
	return writer_write(to, zeros, tar_padding(node->size), err);
}

int fragment_render_node(struct store *store, const struct tree_node *node, int64_t mtime,
	bool verify, struct writer *to, struct error *err)
{
	cleanup_buffer struct buffer header = BUFFER_INIT;
	if (fragment_add_header(&header, node, mtime, err) < 0 ||
		writer_write_slice(to, buffer_slice(&header), err) < 0)
		return err->class;
	if (node->type == TREE_FILE && node->size > 0 &&
		render_content(store, node, verify, to, err) < 0)
		return error_wrap(err, "%s", node->path);
	return 0;
}

/* ---- the plan: where the cuts are ---- */

struct plan {
	struct fragment_index *index;
	size_t capacity;
	struct fragment *open; /* the one that takes entries, or NULL */
};

static int plan_add(struct plan *plan, size_t first, size_t count, uint64_t plain_size,
	struct error *err)
{
	struct fragment_index *index = plan->index;
	struct fragment *fragment = arena_append(index->arena, &index->fragments,
		&index->fragment_count, &plan->capacity, sizeof(*fragment));
	if (!fragment)
		return error_set_memory(err);
	*fragment = (struct fragment){
		.first = first, .count = count, .plain_size = plain_size};
	plan->open = fragment;
	return 0;
}

static int plan_large(struct plan *plan, size_t node, uint64_t size, struct error *err)
{
	for (size_t count = 1; size > 0; count = 0) {
		uint64_t part = size < FRAGMENT_MAX ? size : FRAGMENT_MAX;
		if (plan_add(plan, node, count, part, err) < 0)
			return err->class;
		size -= part;
	}
	plan->open = NULL;
	return 0;
}

static int plan_node(
	struct plan *plan, size_t i, struct buffer *scratch, struct error *err)
{
	const struct tree_node *node = plan->index->nodes[i];
	buffer_clear(scratch);
	if (fragment_add_header(scratch, node, plan->index->mtime, err) < 0)
		return err->class;
	uint64_t size =
		scratch->len; /* a file has at most LIMIT_ARCHIVE_BYTES: no overflow */
	if (node->type == TREE_FILE)
		size += node->size + tar_padding(node->size);
	if (size > FRAGMENT_MAX)
		return plan_large(plan, i, size, err);
	if (!plan->open && plan_add(plan, i, 0, 0, err) < 0)
		return err->class;
	plan->open->count++;
	plan->open->plain_size += size;
	if (plan->open->plain_size >= FRAGMENT_TARGET)
		plan->open = NULL;
	return 0;
}

static int plan_fragments(struct fragment_index *index, struct error *err)
{
	cleanup_buffer struct buffer scratch = BUFFER_INIT;
	struct plan plan = {.index = index};
	for (size_t i = 0; i < index->node_count; i++)
		if (plan_node(&plan, i, &scratch, err) < 0)
			return err->class;
	return 0;
}

/* ---- the record ---- */

static int record_key(const struct tree *tree, const struct fragment_index *index,
	char key[DIGEST_TEXT_MAX], struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct digest digest;
	char of_tree[DIGEST_TEXT_MAX];
	if (tree_digest(tree, &digest, err) < 0 ||
		buffer_printf(&text, err, "alnage fragments %d\n%s\n%" PRId64 "\n%s\n",
			FORMAT_VERSION, compress_format(index->compression), index->mtime,
			digest_format(&digest, of_tree)) < 0 ||
		digest_of(DIGEST_SHA256, buffer_slice(&text), &digest, err) < 0)
		return err->class;
	digest_format_hex(&digest, key);
	return 0;
}

static int read_fragment(const json_t *item, struct fragment *fragment, struct error *err)
{
	const char *text;
	if (json_get_string(item, "blob", "fragment", &text, err) < 0 ||
		json_get_u64(item, "size", "fragment", &fragment->size, err) < 0)
		return err->class;
	return digest_parse(slice_str(text), &fragment->blob, err);
}

static int read_record(struct slice text, struct fragment_index *index, struct error *err)
{
	cleanup_json json_t *json = NULL;
	json_t *list, *item;
	size_t i;
	if (json_load_slice(text, "fragment record", &json, err) < 0 ||
		json_get_array(json, "fragments", "fragment record",
			LIMIT_ARCHIVE_ENTRIES * 2, &list, err) < 0)
		return err->class;
	if (json_array_size(list) != index->fragment_count)
		return error_set(err, ERR_INPUT, "fragment record does not fit the tree");
	json_array_foreach (list, i, item)
		if (read_fragment(item, &index->fragments[i], err) < 0)
			return err->class;
	return 0;
}

/* A record that is damaged or whose blobs are gone counts as none: the store is a cache.
 */
static int look_up(struct store *store, const char *key, struct fragment_index *index,
	bool *ret_found, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct error damage = ERROR_INIT;
	bool found;
	if (store_get_record(
		    store, RECORD_FOLDER, key, LIMIT_JSON_BYTES, &text, &found, err) < 0)
		return err->class;
	if (found && read_record(buffer_slice(&text), index, &damage) < 0) {
		if (damage.class == ERR_MEMORY)
			return error_set_memory(err);
		found = false;
	}
	for (size_t i = 0; found && i < index->fragment_count; i++)
		found = store_has_blob(store, &index->fragments[i].blob);
	*ret_found = found;
	return 0;
}

static int write_record(struct store *store, const char *key,
	const struct fragment_index *index, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_json json_t *json = json_object(), *list = json_array();
	if (!json || !list)
		return error_set_memory(err);
	for (size_t i = 0; i < index->fragment_count; i++) {
		const struct fragment *fragment = &index->fragments[i];
		char digest[DIGEST_TEXT_MAX];
		json_t *item = json_object();
		if (json_push(list, item, err) < 0 ||
			json_set(item, "blob",
				json_string(digest_format(&fragment->blob, digest)),
				err) < 0 ||
			json_set(item, "size", json_integer((json_int_t)fragment->size),
				err) < 0)
			return err->class;
	}
	if (json_set(json, "fragments", json_incref(list), err) < 0 ||
		json_dump(json, JSON_STYLE_COMPACT, &text, err) < 0)
		return err->class;
	return store_put_record(store, RECORD_FOLDER, key, buffer_slice(&text), err);
}

/* ---- the index ---- */

void fragment_index_free(struct fragment_index **index)
{
	if (!*index)
		return;
	free((*index)->nodes);
	arena_free(&(*index)->arena);
	free_ptr(index);
}

static int take_nodes(
	struct fragment_index *index, const struct tree *tree, struct error *err)
{
	size_t count, kept = 0;
	if (tree_nodes(tree, &index->nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (index->nodes[i]->type != TREE_DIRECTORY)
			index->nodes[kept++] = index->nodes[i];
	index->node_count = kept;
	return 0;
}

int fragment_index_get(struct store *store, const struct tree *tree,
	enum compression compression, int64_t mtime, struct fragment_index **ret_index,
	struct error *err)
{
	char key[DIGEST_TEXT_MAX];
	bool found;
	cleanup_fragment_index struct fragment_index *index = calloc(1, sizeof(*index));
	if (!index)
		return error_set_memory(err);
	index->compression = compression;
	index->mtime = mtime;
	if (arena_new(&index->arena, err) < 0 || take_nodes(index, tree, err) < 0 ||
		plan_fragments(index, err) < 0 || record_key(tree, index, key, err) < 0 ||
		look_up(store, key, index, &found, err) < 0)
		return err->class;
	if (!found && (fragment_build(store, index, err) < 0 ||
			      write_record(store, key, index, err) < 0))
		return err->class;
	*ret_index = take_ptr(index);
	return 0;
}
