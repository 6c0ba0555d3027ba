/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the two halves of the strict tar reader: tar_read.c (bytes, header fields,
 * entries) and tar_extended.c (pax and GNU headers, which say something about the entry
 * that follows).
 */
#ifndef BASE_TAR_READ_PRIVATE_H
#define BASE_TAR_READ_PRIVATE_H

#include "base/archive_private.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/tar.h"

/* What extended headers have said about the entry that follows. */
enum known {
	KNOWN_PATH = 1,
	KNOWN_LINK = 2,
	KNOWN_SIZE = 4,
	KNOWN_UID = 8,
	KNOWN_GID = 16,
	KNOWN_UNAME = 32,
	KNOWN_GNAME = 64,
	KNOWN_MTIME = 128,
};

struct tar_reader {
	struct reader *inner;
	bool open_ended, ended;
	uint64_t left;        /* content of the current item not yet handed out */
	size_t padding;       /* after it */
	unsigned known;       /* enum known, or-ed */
	bool pax, gnu;        /* extended headers of that kind came before the entry */
	struct arena *memory; /* of the current item */
	struct archive_xattr *xattrs;
	size_t xattr_count, xattr_room, xattr_bytes;
	struct archive_xattr *records;
	size_t record_count, record_room;
	struct tar_item item;
	char *input; /* INPUT_BYTES, read ahead */
	size_t input_at, input_len;
	char block[TAR_BLOCK];
};

/* Exactly len bytes of the archive, else ERR_INPUT "truncated". */
MUST_USE int tar_input_exactly(
	struct tar_reader *tar, char *data, size_t len, struct error *err);
/* The number in the header block at that place. */
MUST_USE int tar_number_field(const struct tar_reader *tar, size_t at, size_t len,
	bool negative_too, int64_t *ret_value, struct error *err);

/* A copy that lives as long as the current item; ERR_INPUT for a NUL byte. */
MUST_USE int tar_copy_text(struct tar_reader *tar, struct slice s, struct slice *ret_text,
	struct error *err);
/* Reads the body of the 'x', 'g', 'L' or 'K' header in the block, and applies it. */
MUST_USE int tar_read_extension(struct tar_reader *tar, char type, struct error *err);

#endif
