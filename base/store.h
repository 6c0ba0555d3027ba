/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: blobs by digest, and small named records that point to them.
 *
 *	blobs/sha256/ab/abcdef…    content; name = SHA-256 of the bytes
 *	packages/ roots/ images/ … folders that other modules keep below it
 *	locks/                     empty files that store_lock holds
 *	tmp/                       what is being written; older than a day: swept at open
 *
 * Safe for several processes at once (everything is written beside and
 * renamed, content decides the name) and safe to lose. A blob is hashed while
 * it is written; store_read_blob verifies it while reading. Blobs are 0444 and
 * not synced to the disk: after a crash the digest tells. When there is no room
 * the error says so, and nothing half-written stays. The streams that are read
 * and the writers must not outlive the store.
 */
#ifndef BASE_STORE_H
#define BASE_STORE_H

#include "base/digest.h"
#include "base/fs.h"
#include "base/stream.h"

struct store;
#define cleanup_store CLEANUP(store_close)

/*
 * path NULL: $ALNAGE_STORE, else $XDG_CACHE_HOME/alnage, else
 * $HOME/.cache/alnage. Created 0755 if absent; may be a symbolic link.
 */
MUST_USE int store_open(const char *path, struct store **ret_store, struct error *err);
void store_close(struct store **store);
int store_dirfd(const struct store *store); /* borrowed */
const char *store_path(const struct store *store);
/*
 * A folder below it, made if it is absent. Root's sandboxes have another identity and
 * read what the store holds: what is made is open to all, whatever the umask, and so is a
 * store that is made.
 */
MUST_USE int store_make_folder(
	const struct store *store, const char *name, int *ret_fd, struct error *err);

bool store_has_blob(const struct store *store, const struct digest *digest);
MUST_USE int store_put_blob(struct store *store, struct slice bytes,
	struct digest *ret_digest, struct error *err);
/* All of reader. ret_size may be NULL. max as in stream_copy. */
MUST_USE int store_put_stream(struct store *store, struct reader *reader, uint64_t max,
	struct digest *ret_digest, uint64_t *ret_size, struct error *err);
/*
 * The same, but what arrives must have this digest (any algorithm); otherwise nothing is
 * kept and ERR_INPUT names both. *ret_digest is the blob's SHA-256.
 */
MUST_USE int store_put_expected(struct store *store, struct reader *reader, uint64_t max,
	const struct digest *expected, struct digest *ret_digest, uint64_t *ret_size,
	struct error *err);

/* A blob being written piece by piece. */
struct store_writer;
#define cleanup_store_writer CLEANUP(store_writer_free)
MUST_USE int store_writer_new(
	struct store *store, struct store_writer **ret_writer, struct error *err);
MUST_USE int store_writer_write(
	struct store_writer *writer, const void *data, size_t len, struct error *err);
MUST_USE int store_writer_commit(struct store_writer *writer, struct digest *ret_digest,
	uint64_t *ret_size, struct error *err);
void store_writer_free(struct store_writer **writer);

/* ERR_INPUT if absent. The descriptor's content is not verified. ret_size may be NULL. */
MUST_USE int store_open_blob(const struct store *store, const struct digest *digest,
	int *ret_fd, uint64_t *ret_size, struct error *err);
/* Whole blob, verified; ERR_INPUT (and the blob is removed) if damaged. Appends. */
MUST_USE int store_read_blob(struct store *store, const struct digest *digest, size_t max,
	struct buffer *out, struct error *err);
/* A reader that verifies: the damage shows at the end of the stream. */
MUST_USE int store_blob_reader(struct store *store, const struct digest *digest,
	struct reader **ret_reader, struct error *err);

/*
 * Records: small files folder/key (key: letters, digits, . _ + - only) written
 * atomically. store_get_record: *ret_found false if absent. Appends.
 */
MUST_USE int store_put_record(struct store *store, const char *folder, const char *key,
	struct slice bytes, struct error *err);
MUST_USE int store_get_record(struct store *store, const char *folder, const char *key,
	size_t max, struct buffer *out, bool *ret_found, struct error *err);
/* Held while one process makes what key names; others wait. Close *ret_fd to release. */
MUST_USE int store_lock(struct store *store, const char *folder, const char *key,
	int *ret_fd, struct error *err);
/* A new private directory below tmp/, for work in progress; the name is relative to
 * store_dirfd. */
MUST_USE int store_make_temp_dir(struct store *store, char *ret_name, size_t name_size,
	int *ret_dirfd, struct error *err);

#endif
