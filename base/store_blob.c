/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/limits.h"
#include "base/store_private.h"

#define COPY_BLOCK (128 * KIB)
/* "ab/abcdef…" */
#define BLOB_NAME_MAX (3 + 2 * DIGEST_BYTES_MAX + 1)

struct store_writer {
	struct store *store;
	struct fs_replacement file;
	struct hasher *hasher;
	uint64_t size;
	bool failed;
};

/* False for what cannot be in the store: blobs are named by SHA-256 only. */
static bool blob_name(const struct digest *digest, char *out)
{
	char hex[DIGEST_TEXT_MAX];
	if (digest->algorithm != DIGEST_SHA256)
		return false;
	(void)digest_format_hex(digest, hex);
	int len = snprintf(out, BLOB_NAME_MAX, "%.2s/%s", hex, hex);
	return len > 0 && len < BLOB_NAME_MAX;
}

bool store_has_blob(const struct store *store, const struct digest *digest)
{
	char name[BLOB_NAME_MAX];
	return blob_name(digest, name) && fs_exists(store->blobs_fd, name);
}

/* ---- writing ---- */

int store_writer_new(
	struct store *store, struct store_writer **ret_writer, struct error *err)
{
	cleanup_store_writer struct store_writer *writer = calloc(1, sizeof(*writer));
	if (!writer)
		return error_set_memory(err);
	writer->store = store;
	writer->file = FS_REPLACEMENT_INIT;
	if (hasher_new(DIGEST_SHA256, &writer->hasher, err) < 0 ||
		store_begin(store, 0444, &writer->file, err) < 0)
		return err->class;
	*ret_writer = take_ptr(writer);
	return 0;
}

int store_writer_write(
	struct store_writer *writer, const void *data, size_t len, struct error *err)
{
	if (store_write(writer->store, writer->file.fd, slice_from(data, len), err) < 0 ||
		hasher_update(writer->hasher, data, len, err) < 0) {
		writer->failed = true;
		return err->class;
	}
	writer->size += len;
	return 0;
}

/* There already, and not cut short by a crash. */
static bool is_present(const struct store *store, const char *name, uint64_t size)
{
	struct stat st;
	return fstatat(store->blobs_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

static int make_fan_out(const struct store *store, const char *name, struct error *err)
{
	const char fan_out[3] = {name[0], name[1], '\0'};
	if (mkdirat(store->blobs_fd, fan_out, 0755) < 0) {
		if (errno == EEXIST)
			return 0;
	} else if (fchmodat(store->blobs_fd, fan_out, 0755, 0) == 0) /* see make_folder */
		return 0;
	return error_set_errno(err, errno, "making the directory %s/blobs/sha256/%s",
		store->path, fan_out);
}

int store_writer_commit(struct store_writer *writer, struct digest *ret_digest,
	uint64_t *ret_size, struct error *err)
{
	char name[BLOB_NAME_MAX];
	struct digest digest;
	struct store *store = writer->store;
	if (writer->failed || writer->file.fd < 0)
		return error_set(
			err, ERR_BUG, "a store writer that failed was committed");
	if (hasher_finish(writer->hasher, &digest, err) < 0)
		return err->class;
	if (!blob_name(&digest, name))
		return error_set(err, ERR_BUG, "a blob's digest is not SHA-256");
	if (is_present(store, name, writer->size))
		fs_replace_abort(&writer->file);
	else if (make_fan_out(store, name, err) < 0 ||
		 store_rename(store, &writer->file, store->blobs_fd, name, err) < 0)
		return err->class;
	*ret_digest = digest;
	if (ret_size)
		*ret_size = writer->size;
	return 0;
}

void store_writer_free(struct store_writer **writer)
{
	if (!*writer)
		return;
	fs_replace_abort(&(*writer)->file);
	hasher_free(&(*writer)->hasher);
	free(*writer);
	*writer = NULL;
}

int store_put_blob(struct store *store, struct slice bytes, struct digest *ret_digest,
	struct error *err)
{
	char name[BLOB_NAME_MAX];
	struct digest digest;
	cleanup_store_writer struct store_writer *writer = NULL;
	if (digest_of(DIGEST_SHA256, bytes, &digest, err) < 0)
		return err->class;
	if (blob_name(&digest, name) && is_present(store, name, bytes.len)) {
		*ret_digest = digest;
		return 0;
	}
	if (store_writer_new(store, &writer, err) < 0 ||
		store_writer_write(writer, bytes.data, bytes.len, err) < 0)
		return err->class;
	return store_writer_commit(writer, ret_digest, NULL, err);
}

/* Where the bytes of a stream go. */
struct sink {
	struct store_writer *writer;
	struct hasher *other; /* for an expected digest that is not SHA-256; or NULL */
	uint64_t max;
};

static int sink_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	if (len > sink->max - sink->writer->size)
		return error_set(err, ERR_INPUT, "more than the allowed %llu bytes",
			(unsigned long long)sink->max);
	if (sink->other && hasher_update(sink->other, data, len, err) < 0)
		return err->class;
	return store_writer_write(sink->writer, data, len, err);
}

static int drain(struct reader *reader, struct sink *sink, struct error *err)
{
	cleanup_mem char *block = malloc(COPY_BLOCK);
	size_t len = 0;
	if (!block)
		return error_set_memory(err);
	do {
		if (reader_read(reader, block, COPY_BLOCK, &len, err) < 0 ||
			sink_write(sink, block, len, err) < 0)
			return err->class;
	} while (len > 0);
	return 0;
}

int store_put_stream(struct store *store, struct reader *reader, uint64_t max,
	struct digest *ret_digest, uint64_t *ret_size, struct error *err)
{
	cleanup_store_writer struct store_writer *writer = NULL;
	if (store_writer_new(store, &writer, err) < 0)
		return err->class;
	struct sink sink = {.writer = writer, .max = max};
	if (drain(reader, &sink, err) < 0)
		return err->class;
	return store_writer_commit(writer, ret_digest, ret_size, err);
}

static int fail_mismatch(const struct digest *expected, const struct digest *got,
	uint64_t size, struct error *err)
{
	char expected_text[DIGEST_TEXT_MAX], got_text[DIGEST_TEXT_MAX];
	return error_set(err, ERR_INPUT,
		"the content is %s (%llu bytes), expected was %s",
		digest_format(got, got_text), (unsigned long long)size,
		digest_format(expected, expected_text));
}

/* Compares before anything is put in place. */
static int check_expected(
	struct sink *sink, const struct digest *expected, struct error *err)
{
	struct digest got;
	if (hasher_finish(sink->other, &got, err) < 0)
		return err->class;
	if (!digest_equal(&got, expected))
		return fail_mismatch(expected, &got, sink->writer->size, err);
	return 0;
}

int store_put_expected(struct store *store, struct reader *reader, uint64_t max,
	const struct digest *expected, struct digest *ret_digest, uint64_t *ret_size,
	struct error *err)
{
	cleanup_store_writer struct store_writer *writer = NULL;
	cleanup_hasher struct hasher *other = NULL;
	if (hasher_new(expected->algorithm, &other, err) < 0 ||
		store_writer_new(store, &writer, err) < 0)
		return err->class;
	struct sink sink = {.writer = writer, .other = other, .max = max};
	if (drain(reader, &sink, err) < 0 || check_expected(&sink, expected, err) < 0)
		return err->class;
	return store_writer_commit(writer, ret_digest, ret_size, err);
}

/* ---- reading ---- */

int store_open_blob(const struct store *store, const struct digest *digest, int *ret_fd,
	uint64_t *ret_size, struct error *err)
{
	char name[BLOB_NAME_MAX], text[DIGEST_TEXT_MAX];
	uint64_t size = 0;
	if (!store_has_blob(store, digest) || !blob_name(digest, name))
		return error_set(err, ERR_INPUT, "%s is not in the store %s",
			digest_format(digest, text), store->path);
	if (fs_open_regular(store->blobs_fd, name, ret_fd, &size, err) < 0)
		return error_wrap(err, "reading from the store %s", store->path);
	if (ret_size)
		*ret_size = size;
	return 0;
}

static int read_all(int *fd, size_t max, struct buffer *out, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	if (reader_from_fd(fd, &reader, err) < 0)
		return err->class;
	return reader_read_all(reader, max, out, err);
}

/* Nothing unverified leaves here. */
static void cut(struct buffer *out, size_t len)
{
	out->len = len;
	if (out->data)
		out->data[len] = '\0';
}

static int digest_since(const struct buffer *out, size_t from, struct digest *ret_digest,
	struct error *err)
{
	struct slice bytes = slice_sub(buffer_slice(out), from, SIZE_MAX);
	return digest_of(DIGEST_SHA256, bytes, ret_digest, err);
}

int store_read_blob(struct store *store, const struct digest *digest, size_t max,
	struct buffer *out, struct error *err)
{
	char name[BLOB_NAME_MAX], text[DIGEST_TEXT_MAX];
	cleanup_fd int fd = -1;
	struct digest got;
	size_t before = out->len;
	if (store_open_blob(store, digest, &fd, NULL, err) < 0)
		return err->class;
	if (read_all(&fd, max, out, err) < 0 ||
		digest_since(out, before, &got, err) < 0) {
		cut(out, before);
		return error_wrap(
			err, "reading %s from the store", digest_format(digest, text));
	}
	if (digest_equal(&got, digest))
		return 0;
	cut(out, before);
	if (blob_name(digest, name))
		(void)unlinkat(
			store->blobs_fd, name, 0); /* the error below is what counts */
	return error_set(err, ERR_INPUT, "%s in the store %s is damaged and was removed",
		digest_format(digest, text), store->path);
}

int store_blob_reader(struct store *store, const struct digest *digest,
	struct reader **ret_reader, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_reader struct reader *plain = NULL;
	uint64_t size = 0;
	if (store_open_blob(store, digest, &fd, &size, err) < 0 ||
		reader_from_fd(&fd, &plain, err) < 0)
		return err->class;
	return reader_verify(&plain, digest, UINT64_MAX, ret_reader, err);
}
