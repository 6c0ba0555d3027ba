/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers and writers: bytes that pass by. A stream owns what it wraps unless a
 * function says "borrows"; freeing the outermost frees all. The first error sticks: later
 * calls return it again. Streams are not for use by several threads at once.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include "base/buffer.h"
#include "base/digest.h"

struct reader;
struct writer;
#define cleanup_reader CLEANUP(reader_free)
#define cleanup_writer CLEANUP(writer_free)

/* ---- reading ---- */

struct reader_ops {
	/* At most len bytes; *ret_len 0 only at the end. */
	int (*read)(void *context, void *data, size_t len, size_t *ret_len,
		struct error *err);
	void (*free)(void *context);
};

/* For modules that make readers of their own; takes context over on success. */
MUST_USE int reader_new(const struct reader_ops *ops, void *context,
	struct reader **ret_reader, struct error *err);
void reader_free(struct reader **reader);

/* Some bytes; *ret_len 0 at the end only. */
MUST_USE int reader_read(struct reader *reader, void *data, size_t len, size_t *ret_len,
	struct error *err);
/* Exactly len bytes, else ERR_INPUT "truncated". */
MUST_USE int reader_read_exactly(
	struct reader *reader, void *data, size_t len, struct error *err);
/* All that is left, ERR_INPUT if that is more than max bytes. Appends. */
MUST_USE int reader_read_all(
	struct reader *reader, size_t max, struct buffer *out, struct error *err);
/*
 * The next bytes without taking them: len of them (at most 64), fewer only at the end.
 * Valid until the next call on this reader.
 */
MUST_USE int reader_peek(
	struct reader *reader, size_t len, struct slice *ret_bytes, struct error *err);
/* Bytes handed out so far. */
uint64_t reader_position(const struct reader *reader);

MUST_USE int reader_from_fd(
	int *fd, struct reader **ret_reader, struct error *err); /* takes *fd */
MUST_USE int reader_from_slice(struct slice s, struct reader **ret_reader,
	struct error *err); /* borrows the bytes */
/* Ends with ERR_INPUT as soon as more than max bytes come. Takes *inner. */
MUST_USE int reader_limit(struct reader **inner, uint64_t max, struct reader **ret_reader,
	struct error *err);
/* Exactly the next len bytes of a borrowed reader, then the end; ERR_INPUT if fewer come.
 */
MUST_USE int reader_part(struct reader *inner, uint64_t len, struct reader **ret_reader,
	struct error *err);
/* Feeds all bytes to a borrowed hasher. Takes *inner. */
MUST_USE int reader_hash(struct reader **inner, struct hasher *hasher,
	struct reader **ret_reader, struct error *err);
/*
 * Passes the bytes on and, at their end, fails with ERR_INPUT unless exactly
 * size bytes with that digest have passed (size UINT64_MAX: any). Takes *inner.
 */
MUST_USE int reader_verify(struct reader **inner, const struct digest *digest,
	uint64_t size, struct reader **ret_reader, struct error *err);

/* ---- writing ---- */

struct writer_ops {
	int (*write)(void *context, const void *data, size_t len, struct error *err);
	/* Flush what is held back; called once by writer_finish. May be NULL. */
	int (*finish)(void *context, struct error *err);
	void (*free)(void *context);
};

MUST_USE int writer_new(const struct writer_ops *ops, void *context,
	struct writer **ret_writer, struct error *err);
/* Without writer_finish what was held back is lost: that is how to give up. */
void writer_free(struct writer **writer);

MUST_USE int writer_write(
	struct writer *writer, const void *data, size_t len, struct error *err);
MUST_USE int writer_write_slice(struct writer *writer, struct slice s, struct error *err);
/* Flush the whole stack of streams. Nothing may be written afterwards. */
MUST_USE int writer_finish(struct writer *writer, struct error *err);
uint64_t writer_position(const struct writer *writer);

MUST_USE int writer_to_fd(
	int fd, struct writer **ret_writer, struct error *err); /* borrows fd */
MUST_USE int writer_to_buffer(struct buffer *buffer, struct writer **ret_writer,
	struct error *err); /* borrows */
/* Feeds all bytes to a borrowed hasher, and to *inner unless inner is NULL. Takes *inner.
 */
MUST_USE int writer_hash(struct writer **inner, struct hasher *hasher,
	struct writer **ret_writer, struct error *err);
/* Writes everything to both. Takes both. */
MUST_USE int writer_tee(struct writer **first, struct writer **second,
	struct writer **ret_writer, struct error *err);

/* Copies to the end, at most max bytes (ERR_INPUT beyond). ret_len may be NULL. */
MUST_USE int stream_copy(struct reader *from, struct writer *to, uint64_t max,
	uint64_t *ret_len, struct error *err);

#endif
