/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing tar, canonically: POSIX.1-2017 pax interchange format, ustar headers,
 * a pax header only for what ustar cannot hold (and for given records). The
 * same entry always gives the same bytes. Rules:
 *   - names without leading or trailing slash; directories without slash in
 *     pax records, with a trailing slash in ustar headers where the caller's style asks
 *   - pax header entries are named "<directory>/PaxHeaders.0/<base name>", with mode and
 *     mtime 0; records are sorted; a path of more than 100 bytes is then a record, too,
 *     and cut in the ustar header (what archive/tar of Go writes)
 *   - numeric owners only unless names are given; device numbers 0, in pax headers none
 * Reading tar is archive.h's.
 */
#ifndef BASE_TAR_H
#define BASE_TAR_H

#include "base/buffer.h"

#define TAR_BLOCK 512

enum tar_type {
	TAR_FILE = '0',
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_DIRECTORY = '5'
};

/* One pax record, with a vendor's key; written in the order given. value may hold any
 * bytes. */
struct tar_record {
	const char *key;
	struct slice value;
};

struct tar_entry {
	enum tar_type type;
	const char *path; /* relative, no "./" */
	const char *link; /* target of a symlink or hard link, else NULL */
	uint32_t mode;    /* permission bits and 07000 */
	uint32_t uid, gid;
	const char *uname, *gname; /* may be NULL */
	int64_t mtime;             /* seconds; >= 0 */
	uint64_t size;             /* of a file's content, else 0 */
	bool directory_slash; /* "usr/" instead of "usr" in the header of a directory */
	const struct tar_record *records; /* extra pax records, may be NULL */
	size_t record_count;
};

/* Appends the header (with its pax header before it if needed). */
MUST_USE int tar_add_header(
	struct buffer *out, const struct tar_entry *entry, struct error *err);
/* Bytes of zero padding that follow content of that size: 0 … 511. */
size_t tar_padding(uint64_t size);
/* Appends header, content and padding of a small file. entry->size is taken from content.
 */
MUST_USE int tar_add_file(struct buffer *out, const struct tar_entry *entry,
	struct slice content, struct error *err);
/* Appends the two zero blocks of the end. */
MUST_USE int tar_add_end(struct buffer *out, struct error *err);

#endif
