/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of archive.h:
 *   tar_read.c        the strict reader of tar headers; tar_extended.c of pax and GNU
 * ones archive.c         the checks of names and order; libarchive's door (xz, bzip2)
 *   archive_unpack.c  to disk
 *
 * Why tar headers are read here and not by libarchive: the attacks of today are
 * two readers that disagree about one archive (CVE-2025-62518), and what such
 * archives consist of (a size in the pax header and another one in the ustar header,
 * repeated, global or malformed pax records, pax mixed with GNU headers, a lone zero
 * block, data after the end) cannot be seen through libarchive's interface, which has
 * resolved it already. libarchive is the oracle of the fuzz target instead.
 */
#ifndef BASE_ARCHIVE_PRIVATE_H
#define BASE_ARCHIVE_PRIVATE_H

#include "base/archive.h"

/*
 * One entry as the archive has it: numbers are parsed, pax and GNU headers applied,
 * names not yet looked at. type is '0', '1', '2' or '5'. Valid until the next call.
 */
struct tar_item {
	char type;
	struct slice path, link, uname, gname; /* without NUL bytes */
	uint32_t mode, uid, gid;
	int64_t mtime;
	uint64_t size;
	const struct archive_xattr *xattrs;
	size_t xattr_count;
	const struct archive_xattr *records;
	size_t record_count;
};

struct tar_reader;
/* Takes *inner (plain tar). open_ended: no end-of-archive blocks needed. */
MUST_USE int tar_reader_new(struct reader **inner, bool open_ended,
	struct tar_reader **ret_tar, struct error *err);
void tar_reader_free(struct tar_reader **tar);
/* *ret_item NULL at the end; then the inner reader has been read to its end. */
MUST_USE int tar_reader_next(
	struct tar_reader *tar, const struct tar_item **ret_item, struct error *err);
/* Content of the current item. */
MUST_USE int tar_reader_read(struct tar_reader *tar, void *data, size_t len,
	size_t *ret_len, struct error *err);

/* The current entry replaces an earlier one (ARCHIVE_DUPLICATES). */
bool archive_entry_replaces(const struct archive_reader *archive);

#endif
