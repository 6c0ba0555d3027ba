/* SPDX-License-Identifier: Apache-2.0 */
#include "base/archive.h"
#include "base/limits.h"
#include "base/tar.h"
#include "builder/package/fragment.h"
#include "tests/unit/builder_package_support.h"

#define MTIME 1700000000

/* Bytes that do not compress to nothing, the same each time. */
static void fill(struct buffer *out, size_t len, uint32_t seed)
{
	struct error err = ERROR_INIT;
	buffer_clear(out);
	assert_ok(buffer_add_zeros(out, len, &err));
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		out->data[i] = (char)(seed >> 29);
	}
}

static void make_tree(struct store *store, bool large, struct tree **ret_tree)
{
	struct error err = ERROR_INIT;
	struct tree *tree;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	assert_ok(tree_new(&tree, &err));
	for (unsigned i = 0; i < 40; i++) {
		char path[32];
		(void)snprintf(path, sizeof(path), "usr/share/f%02u", i);
		fill(&bytes, i * 997, i);
		add_file(tree, store, path, buffer_slice(&bytes), i % 2 ? 0644 : 0755);
	}
	fill(&bytes, large ? FRAGMENT_MAX + FRAGMENT_MAX / 2 + 7 : 99, 99);
	add_file(tree, store, "usr/lib/large", buffer_slice(&bytes), 0644);
	fill(&bytes, 300 * KIB, 5);
	add_file(tree, store, "usr/lib/middle", buffer_slice(&bytes), 0644);
	add_file(tree, store, "usr/empty", SLICE_EMPTY, 0600);
	add_link(tree, TREE_SYMLINK, "usr/lib/s", "large");
	add_link(tree, TREE_HARDLINK, "usr/lib/zz", "usr/lib/large");
	struct tree_node capable = file_node(store, "usr/bin/ping", SLICE("ping"), 0755);
	struct tree_xattr xattr = {"security.capability", SLICE("\x01\x00\x00\x02")};
	capable.xattrs = &xattr;
	capable.xattr_count = 1;
	assert_ok(tree_add(tree, &capable, &err));
	*ret_tree = tree;
}

static void render_all(
	struct store *store, const struct fragment_index *index, struct buffer *out)
{
	struct error err = ERROR_INIT;
	cleanup_writer struct writer *writer = NULL;
	assert_ok(writer_to_buffer(out, &writer, &err));
	for (size_t i = 0; i < index->node_count; i++)
		assert_ok(fragment_render_node(
			store, index->nodes[i], MTIME, true, writer, &err));
	assert_ok(writer_finish(writer, &err));
}

/* Blobs are the compressed cuts of the rendered entries, in order; nothing else decides.
 */
static void check_index(struct store *store, const struct fragment_index *index)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer plain = BUFFER_INIT;
	render_all(store, index, &plain);
	struct slice rest = buffer_slice(&plain), part;
	size_t next = 0;
	for (size_t i = 0; i < index->fragment_count; i++) {
		const struct fragment *fragment = &index->fragments[i];
		cleanup_buffer struct buffer packed = BUFFER_INIT;
		struct digest digest;
		assert_true(fragment->plain_size <= FRAGMENT_MAX + FRAGMENT_TARGET);
		assert_true(slice_take(&rest, fragment->plain_size, &part));
		assert_ok(compress_member(index->compression, part, &packed, &err));
		assert_ok(digest_of(DIGEST_SHA256, buffer_slice(&packed), &digest, &err));
		assert_true(digest_equal(&digest, &fragment->blob));
		assert_int_equal(fragment->size, packed.len);
		if (fragment->count > 0)
			assert_int_equal(fragment->first, next);
		else
			assert_int_equal(fragment->first, next - 1);
		next += fragment->count;
	}
	assert_int_equal(rest.len, 0);
	assert_int_equal(next, index->node_count);
}

/* Joined, they are a tar that an independent reader takes. */
static void check_archive(struct store *store, const struct fragment_index *index)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer joined = BUFFER_INIT, end = BUFFER_INIT;
	cleanup_reader struct reader *reader = NULL;
	cleanup_archive struct archive_reader *archive = NULL;
	const struct archive_entry_info *entry;
	for (size_t i = 0; i < index->fragment_count; i++)
		assert_ok(store_read_blob(
			store, &index->fragments[i].blob, GIB, &joined, &err));
	assert_ok(tar_add_end(&end, &err));
	assert_ok(compress_member(index->compression, buffer_slice(&end), &joined, &err));
	assert_ok(reader_from_slice(buffer_slice(&joined), &reader, &err));
	assert_ok(archive_open(
		&reader, ARCHIVE_GZIP | ARCHIVE_ZSTD, "joined", &archive, &err));
	for (size_t i = 0; i < index->node_count; i++) {
		assert_ok(archive_next(archive, &entry, &err));
		assert_non_null(entry);
		assert_string_equal(entry->path, index->nodes[i]->path);
		assert_int_equal(entry->mode, index->nodes[i]->mode);
		assert_int_equal(entry->mtime, MTIME);
		assert_int_equal(entry->size, index->nodes[i]->size);
		assert_string_equal(entry->uname, "");
		assert_int_equal(entry->xattr_count,
			strcmp(entry->path, "usr/bin/ping") == 0 ? 1 : 0);
	}
	assert_ok(archive_next(archive, &entry, &err));
	assert_null(entry);
}

static void test_fragments(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	static const enum compression compressions[] = {
		COMPRESSION_GZIP, COMPRESSION_ZSTD};
	cleanup_tree struct tree *tree = NULL;
	make_tree(place->store, true, &tree);
	for (size_t i = 0; i < ARRAY_LEN(compressions); i++) {
		cleanup_fragment_index struct fragment_index *index = NULL;
		assert_ok(fragment_index_get(
			place->store, tree, compressions[i], MTIME, &index, &err));
		assert_true(index->fragment_count >= 5);
		check_index(place->store, index);
		check_archive(place->store, index);
	}
}

static void remove_blob(struct place *place, const struct digest *digest)
{
	struct error err = ERROR_INIT;
	char hex[DIGEST_TEXT_MAX], path[256];
	digest_format_hex(digest, hex);
	(void)snprintf(path, sizeof(path), "blobs/sha256/%.2s/%s", hex, hex);
	assert_true(fs_exists(store_dirfd(place->store), path));
	assert_ok(fs_remove_tree(store_dirfd(place->store), path, &err));
}

/* The second time no content is looked at; a lost fragment is made again. */
static void test_second_time(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_tree struct tree *tree = NULL;
	cleanup_fragment_index struct fragment_index *first = NULL, *second = NULL,
						     *third = NULL;
	make_tree(place->store, false, &tree);
	assert_ok(fragment_index_get(
		place->store, tree, COMPRESSION_GZIP, MTIME, &first, &err));
	remove_blob(place, &first->fragments[1].blob);
	assert_ok(fragment_index_get(
		place->store, tree, COMPRESSION_GZIP, MTIME, &second, &err));
	assert_true(store_has_blob(place->store, &first->fragments[1].blob));
	remove_blob(place, &tree_find(tree, "usr/lib/middle")->content);
	assert_ok(fragment_index_get(
		place->store, tree, COMPRESSION_GZIP, MTIME, &third, &err));
	assert_int_equal(third->fragment_count, first->fragment_count);
	for (size_t i = 0; i < first->fragment_count; i++)
		assert_memory_equal(&first->fragments[i], &third->fragments[i],
			sizeof(first->fragments[i]));
	/* another time is another rendering, which needs the content */
	fragment_index_free(&third);
	assert_refused(fragment_index_get(place->store, tree, COMPRESSION_GZIP, MTIME + 1,
			       &third, &err),
		ERR_INPUT, "usr/lib/middle");
}

static void test_damage(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_tree struct tree *tree = NULL;
	cleanup_fragment_index struct fragment_index *index = NULL;
	char hex[DIGEST_TEXT_MAX], path[256];
	cleanup_fd int fd = -1;
	assert_ok(tree_new(&tree, &err));
	add_file(tree, place->store, "x", SLICE("content"), 0644);
	digest_format_hex(&tree_find(tree, "x")->content, hex);
	(void)snprintf(
		path, sizeof(path), "%s/blobs/sha256/%.2s/%s", place->path, hex, hex);
	assert_int_equal(chmod(path, 0644), 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "C", 1, 0), 1);
	assert_refused(fragment_index_get(
			       place->store, tree, COMPRESSION_GZIP, MTIME, &index, &err),
		ERR_INPUT, "x");
	assert_null(index);
}

static void test_empty(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_tree struct tree *tree = NULL;
	cleanup_fragment_index struct fragment_index *index = NULL;
	assert_ok(tree_new(&tree, &err));
	add_directory(tree, "only/directories", 0755);
	assert_ok(fragment_index_get(
		place->store, tree, COMPRESSION_GZIP, MTIME, &index, &err));
	assert_int_equal(index->fragment_count, 0);
	assert_int_equal(index->node_count, 0);
}

static void digest_tree(const struct tree *tree, struct digest *ret_digest)
{
	struct error err = ERROR_INIT;
	assert_ok(tree_digest(tree, ret_digest, &err));
}

/* Two orders of input give one digest; every property changes it. */
static void test_tree_digest(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_tree struct tree *one = NULL, *two = NULL;
	struct digest a, b;
	assert_ok(tree_new(&one, &err));
	assert_ok(tree_new(&two, &err));
	add_file(one, place->store, "d/f", SLICE("1"), 0644);
	add_link(one, TREE_HARDLINK, "d/g", "d/f");
	add_directory(one, "e", 0700);
	add_directory(two, "e", 0700);
	add_file(two, place->store, "d/g", SLICE("1"), 0644);
	add_link(two, TREE_HARDLINK, "d/f", "d/g");
	digest_tree(one, &a);
	digest_tree(two, &b);
	assert_true(digest_equal(&a, &b));
	static const char *const paths[] = {"d/f", "e", "d"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct tree_node node = *tree_find(two, paths[i]);
		node.gid++;
		assert_ok(tree_set(two, &node, &err));
		digest_tree(two, &b);
		assert_false(digest_equal(&a, &b));
		node.gid--;
		assert_ok(tree_set(two, &node, &err));
		digest_tree(two, &b);
		assert_true(digest_equal(&a, &b));
	}
	add_link(two, TREE_SYMLINK, "s", "x");
	digest_tree(two, &b);
	assert_false(digest_equal(&a, &b));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_fragments),
		TEST(test_second_time),
		TEST(test_damage),
		TEST(test_empty),
		TEST(test_tree_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
