/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/checked.h"
#include "base/stream.h"

#define COPY_BYTES ((size_t)128 * 1024)
#define PEEK_MAX   64

/* The longest that one read(2) or write(2) takes on Linux, rounded down. */
#define SYSCALL_BYTES_MAX ((size_t)0x40000000)

struct reader {
	const struct reader_ops *ops;
	void *context;
	struct error error; /* the first one; sticks */
	uint64_t position;
	char peeked[PEEK_MAX]; /* read ahead by reader_peek, not handed out yet */
	size_t peeked_at, peeked_len;
};

struct writer {
	const struct writer_ops *ops;
	void *context;
	struct error error;
	uint64_t position;
	bool finished;
};

static int again(const struct error *sticky, struct error *err)
{
	if (!error_is_set(err))
		*err = *sticky;
	return err->class;
}

/* ---- readers ---- */

int reader_new(const struct reader_ops *ops, void *context, struct reader **ret_reader,
	struct error *err)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return error_set_memory(err);
	reader->ops = ops;
	reader->context = context;
	*ret_reader = reader;
	return 0;
}

void reader_free(struct reader **reader)
{
	int saved = errno;

	if (*reader) {
		(*reader)->ops->free((*reader)->context);
		free_ptr(reader);
	}
	errno = saved;
}

static int read_through(
	struct reader *reader, void *data, size_t len, size_t *ret_len, struct error *err)
{
	size_t got = 0;

	if (reader->ops->read(reader->context, data, len, &got, &reader->error) < 0)
		return again(&reader->error, err);
	*ret_len = got;
	return 0;
}

int reader_read(
	struct reader *reader, void *data, size_t len, size_t *ret_len, struct error *err)
{
	size_t got = 0;

	if (reader->peeked_len != 0 && len != 0) {
		got = len < reader->peeked_len ? len : reader->peeked_len;
		memcpy(data, reader->peeked + reader->peeked_at, got);
		reader->peeked_at += got;
		reader->peeked_len -= got;
	} else {
		if (error_is_set(&reader->error))
			return again(&reader->error, err);
		if (len != 0 && read_through(reader, data, len, &got, err) < 0)
			return err->class;
	}
	reader->position += got;
	*ret_len = got;
	return 0;
}

int reader_peek(
	struct reader *reader, size_t len, struct slice *ret_bytes, struct error *err)
{
	if (len > PEEK_MAX)
		return error_set(
			err, ERR_BUG, "looking %zu bytes ahead in a stream", len);
	if (error_is_set(&reader->error))
		return again(&reader->error, err);
	memmove(reader->peeked, reader->peeked + reader->peeked_at, reader->peeked_len);
	reader->peeked_at = 0;
	while (reader->peeked_len < len) {
		size_t got = 0;

		if (read_through(reader, reader->peeked + reader->peeked_len,
			    len - reader->peeked_len, &got, err) < 0)
			return err->class;
		if (got == 0)
			break;
		reader->peeked_len += got;
	}
	*ret_bytes = slice_from(
		reader->peeked, reader->peeked_len < len ? reader->peeked_len : len);
	return 0;
}

int reader_read_exactly(struct reader *reader, void *data, size_t len, struct error *err)
{
	char *to = data;

	while (len != 0) {
		size_t got;

		if (reader_read(reader, to, len, &got, err) < 0)
			return err->class;
		if (got == 0)
			return error_set(
				err, ERR_INPUT, "truncated: %zu bytes are missing", len);
		to += got;
		len -= got;
	}
	return 0;
}

int reader_read_all(
	struct reader *reader, size_t max, struct buffer *out, struct error *err)
{
	size_t total = 0;

	for (;;) {
		size_t room = max - total < COPY_BYTES ? max - total + 1 : COPY_BYTES;
		size_t got;

		if (buffer_reserve(out, room, err) < 0)
			return err->class;
		if (reader_read(reader, out->data + out->len, room, &got, err) < 0)
			return err->class;
		if (got == 0)
			return 0;
		if (got > max - total)
			return error_set(
				err, ERR_INPUT, "more than the allowed %zu bytes", max);
		total += got;
		out->len += got;
		out->data[out->len] = '\0';
	}
}

uint64_t reader_position(const struct reader *reader)
{
	return reader->position;
}

/* What the readers and writers below keep; each uses what it needs. */
struct reading {
	struct reader *inner; /* owned, unless it is a part */
	bool borrowed;
	int fd;
	struct slice bytes;
	uint64_t left, passed, size;
	struct hasher *hasher;     /* borrowed */
	struct hasher *own_hasher; /* owned */
	struct digest digest;
};

static void reading_free(void *context)
{
	struct reading *reading = context;

	if (!reading->borrowed)
		reader_free(&reading->inner);
	close_fd(&reading->fd);
	hasher_free(&reading->own_hasher);
	free(reading);
}

/* On success what start holds is taken over; on failure the caller keeps it. */
static int reading_new(const struct reader_ops *ops, const struct reading *start,
	struct reader **ret_reader, struct error *err)
{
	cleanup_mem struct reading *reading = malloc(sizeof(*reading));

	if (!reading)
		return error_set_memory(err);
	*reading = *start;
	if (reader_new(ops, reading, ret_reader, err) < 0)
		return err->class;
	reading = NULL; /* the reader's now */
	return 0;
}

static int fd_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	struct reading *reading = context;
	ssize_t got;

	if (len > SYSCALL_BYTES_MAX)
		len = SYSCALL_BYTES_MAX;
	do
		got = read(reading->fd, data, len);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set_errno(err, errno, "reading");
	*ret_len = (size_t)got; /* >= 0 */
	return 0;
}

int reader_from_fd(int *fd, struct reader **ret_reader, struct error *err)
{
	static const struct reader_ops ops = {fd_read, reading_free};
	struct reading start = {.fd = *fd};

	if (reading_new(&ops, &start, ret_reader, err) < 0)
		return err->class;
	*fd = -1;
	return 0;
}

static int slice_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	struct reading *reading = context;
	struct slice part = slice_sub(reading->bytes, 0, len);

	(void)err;
	if (part.len != 0)
		memcpy(data, part.data, part.len);
	reading->bytes = slice_sub(reading->bytes, part.len, reading->bytes.len);
	*ret_len = part.len;
	return 0;
}

int reader_from_slice(struct slice s, struct reader **ret_reader, struct error *err)
{
	static const struct reader_ops ops = {slice_read, reading_free};
	struct reading start = {.fd = -1, .bytes = s};

	return reading_new(&ops, &start, ret_reader, err);
}

/* For those that wrap *inner. */
static int wrap_reader(const struct reader_ops *ops, struct reading *start,
	struct reader **inner, struct reader **ret_reader, struct error *err)
{
	start->fd = -1;
	start->inner = *inner;
	if (reading_new(ops, start, ret_reader, err) < 0)
		return err->class;
	*inner = NULL;
	return 0;
}

/* One byte more than allowed is asked for, to see whether it is there. */
static int limit_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	struct reading *reading = context;

	if (reading->left < UINT64_MAX && len > reading->left + 1)
		len = (size_t)(reading->left + 1); /* < len */
	if (reader_read(reading->inner, data, len, ret_len, err) < 0)
		return err->class;
	if (*ret_len > reading->left)
		return error_set(err, ERR_INPUT, "more than the allowed %llu bytes",
			(unsigned long long)reading->size);
	reading->left -= *ret_len;
	return 0;
}

int reader_limit(struct reader **inner, uint64_t max, struct reader **ret_reader,
	struct error *err)
{
	static const struct reader_ops ops = {limit_read, reading_free};
	struct reading start = {.left = max, .size = max};

	return wrap_reader(&ops, &start, inner, ret_reader, err);
}

static int part_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	struct reading *reading = context;

	*ret_len = 0;
	if (reading->left == 0)
		return 0;
	if (len > reading->left)
		len = (size_t)reading->left; /* < len */
	if (reader_read(reading->inner, data, len, ret_len, err) < 0)
		return err->class;
	if (*ret_len == 0)
		return error_set(err, ERR_INPUT, "truncated: %llu bytes are missing",
			(unsigned long long)reading->left);
	reading->left -= *ret_len;
	return 0;
}

int reader_part(
	struct reader *inner, uint64_t len, struct reader **ret_reader, struct error *err)
{
	static const struct reader_ops ops = {part_read, reading_free};
	struct reading start = {.left = len, .borrowed = true};

	return wrap_reader(&ops, &start, &inner, ret_reader, err);
}

static int hash_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	struct reading *reading = context;

	if (reader_read(reading->inner, data, len, ret_len, err) < 0)
		return err->class;
	return hasher_update(reading->hasher, data, *ret_len, err);
}

int reader_hash(struct reader **inner, struct hasher *hasher, struct reader **ret_reader,
	struct error *err)
{
	static const struct reader_ops ops = {hash_read, reading_free};
	struct reading start = {.hasher = hasher};

	return wrap_reader(&ops, &start, inner, ret_reader, err);
}

static int verify_end(struct reading *reading, struct error *err)
{
	struct digest found;
	char wanted_text[DIGEST_TEXT_MAX];
	char found_text[DIGEST_TEXT_MAX];

	if (reading->size != UINT64_MAX && reading->passed != reading->size)
		return error_set(err, ERR_INPUT, "%llu bytes where %llu are expected",
			(unsigned long long)reading->passed,
			(unsigned long long)reading->size);
	if (!reading->own_hasher)
		return 0; /* asked again after the end */
	if (hasher_finish(reading->own_hasher, &found, err) < 0)
		return err->class;
	hasher_free(&reading->own_hasher);
	if (!digest_equal(&found, &reading->digest))
		return error_set(err, ERR_INPUT, "the bytes have %s, expected is %s",
			digest_format(&found, found_text),
			digest_format(&reading->digest, wanted_text));
	return 0;
}

static int verify_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	struct reading *reading = context;

	if (reader_read(reading->inner, data, len, ret_len, err) < 0)
		return err->class;
	if (*ret_len == 0)
		return verify_end(reading, err);
	reading->passed += *ret_len;
	if (reading->passed > reading->size)
		return error_set(err, ERR_INPUT, "more than the expected %llu bytes",
			(unsigned long long)reading->size);
	return hasher_update(reading->own_hasher, data, *ret_len, err);
}

int reader_verify(struct reader **inner, const struct digest *digest, uint64_t size,
	struct reader **ret_reader, struct error *err)
{
	static const struct reader_ops ops = {verify_read, reading_free};
	cleanup_hasher struct hasher *hasher = NULL;
	struct reading start = {.size = size, .digest = *digest};

	if (hasher_new(digest->algorithm, &hasher, err) < 0)
		return err->class;
	start.own_hasher = hasher;
	if (wrap_reader(&ops, &start, inner, ret_reader, err) < 0)
		return err->class;
	hasher = NULL; /* the reader's now */
	return 0;
}

/* ---- writers ---- */

int writer_new(const struct writer_ops *ops, void *context, struct writer **ret_writer,
	struct error *err)
{
	struct writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return error_set_memory(err);
	writer->ops = ops;
	writer->context = context;
	*ret_writer = writer;
	return 0;
}

void writer_free(struct writer **writer)
{
	int saved = errno;

	if (*writer) {
		(*writer)->ops->free((*writer)->context);
		free_ptr(writer);
	}
	errno = saved;
}

int writer_write(struct writer *writer, const void *data, size_t len, struct error *err)
{
	if (error_is_set(&writer->error))
		return again(&writer->error, err);
	if (writer->finished)
		return error_set(err, ERR_BUG, "writing to a finished stream");
	if (len == 0)
		return 0;
	if (writer->ops->write(writer->context, data, len, &writer->error) < 0)
		return again(&writer->error, err);
	writer->position += len;
	return 0;
}

int writer_write_slice(struct writer *writer, struct slice s, struct error *err)
{
	return writer_write(writer, s.data, s.len, err);
}

int writer_finish(struct writer *writer, struct error *err)
{
	if (error_is_set(&writer->error))
		return again(&writer->error, err);
	if (writer->finished)
		return error_set(err, ERR_BUG, "finishing a stream twice");
	writer->finished = true;
	if (writer->ops->finish &&
		writer->ops->finish(writer->context, &writer->error) < 0)
		return again(&writer->error, err);
	return 0;
}

uint64_t writer_position(const struct writer *writer)
{
	return writer->position;
}

struct writing {
	struct writer *inner, *second; /* owned; may be NULL */
	struct hasher *hasher;         /* borrowed */
	struct buffer *buffer;         /* borrowed */
	int fd;                        /* borrowed */
};

static void writing_free(void *context)
{
	struct writing *writing = context;

	writer_free(&writing->inner);
	writer_free(&writing->second);
	free(writing);
}

static int writing_finish(void *context, struct error *err)
{
	struct writing *writing = context;

	if (writing->inner && writer_finish(writing->inner, err) < 0)
		return err->class;
	if (writing->second && writer_finish(writing->second, err) < 0)
		return err->class;
	return 0;
}

static int writing_new(const struct writer_ops *ops, const struct writing *start,
	struct writer **ret_writer, struct error *err)
{
	cleanup_mem struct writing *writing = malloc(sizeof(*writing));

	if (!writing)
		return error_set_memory(err);
	*writing = *start;
	if (writer_new(ops, writing, ret_writer, err) < 0)
		return err->class;
	writing = NULL; /* the writer's now */
	return 0;
}

static int fd_write(void *context, const void *data, size_t len, struct error *err)
{
	const struct writing *writing = context;
	const char *from = data;

	while (len != 0) {
		size_t step = len < SYSCALL_BYTES_MAX ? len : SYSCALL_BYTES_MAX;
		ssize_t written = write(writing->fd, from, step);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "writing");
		from += written;
		len -= (size_t)written; /* >= 0 */
	}
	return 0;
}

int writer_to_fd(int fd, struct writer **ret_writer, struct error *err)
{
	static const struct writer_ops ops = {fd_write, NULL, writing_free};
	struct writing start = {.fd = fd};

	return writing_new(&ops, &start, ret_writer, err);
}

static int buffer_write(void *context, const void *data, size_t len, struct error *err)
{
	const struct writing *writing = context;

	return buffer_add(writing->buffer, data, len, err);
}

int writer_to_buffer(struct buffer *buffer, struct writer **ret_writer, struct error *err)
{
	static const struct writer_ops ops = {buffer_write, NULL, writing_free};
	struct writing start = {.buffer = buffer};

	return writing_new(&ops, &start, ret_writer, err);
}

static int hash_write(void *context, const void *data, size_t len, struct error *err)
{
	const struct writing *writing = context;

	if (hasher_update(writing->hasher, data, len, err) < 0)
		return err->class;
	return writing->inner ? writer_write(writing->inner, data, len, err) : 0;
}

int writer_hash(struct writer **inner, struct hasher *hasher, struct writer **ret_writer,
	struct error *err)
{
	static const struct writer_ops ops = {hash_write, writing_finish, writing_free};
	struct writing start = {.inner = inner ? *inner : NULL, .hasher = hasher};

	if (writing_new(&ops, &start, ret_writer, err) < 0)
		return err->class;
	if (inner)
		*inner = NULL;
	return 0;
}

static int tee_write(void *context, const void *data, size_t len, struct error *err)
{
	const struct writing *writing = context;

	if (writer_write(writing->inner, data, len, err) < 0)
		return err->class;
	return writer_write(writing->second, data, len, err);
}

int writer_tee(struct writer **first, struct writer **second, struct writer **ret_writer,
	struct error *err)
{
	static const struct writer_ops ops = {tee_write, writing_finish, writing_free};
	struct writing start = {.inner = *first, .second = *second};

	if (writing_new(&ops, &start, ret_writer, err) < 0)
		return err->class;
	*first = NULL;
	*second = NULL;
	return 0;
}

int stream_copy(struct reader *from, struct writer *to, uint64_t max, uint64_t *ret_len,
	struct error *err)
{
	cleanup_mem char *data = malloc(COPY_BYTES);
	uint64_t total = 0;

	if (!data)
		return error_set_memory(err);
	for (;;) {
		size_t got;

		if (reader_read(from, data, COPY_BYTES, &got, err) < 0)
			return err->class;
		if (got == 0)
			break;
		if (got > max - total)
			return error_set(err, ERR_INPUT,
				"more than the allowed %llu bytes",
				(unsigned long long)max);
		if (writer_write(to, data, got, err) < 0)
			return err->class;
		total += got;
	}
	if (ret_len)
		*ret_len = total;
	return 0;
}
