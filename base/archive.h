/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading untrusted archives: tar (v7, ustar, pax, GNU) plain or under gzip, bzip2, xz or
 * zstd, and the ar container of .deb files. Nothing but archive_unpack writes to disk:
 * the caller gets checked entries and their content.
 *
 * Headers are read by our own strict reader, so that no archive is accepted that
 * another reader may understand differently; libarchive unpacks xz and bzip2.
 *
 * Refused as ERR_INPUT with the entry's name:
 *   - "..", "." or empty components (a leading "./" and a directory's one trailing "/"
 * are taken off; absolute names only with ARCHIVE_STRIP_ROOT), NUL or control bytes or
 *     invalid UTF-8 in names and link targets, names and depth beyond limits.h
 *   - device nodes, fifos, sparse files (also parts of one), unknown types, links and
 *     directories with content, negative or overflowing sizes, entries or bytes beyond
 *     the limits
 *   - two entries with one name (directories may repeat), anything below what is not a
 *     directory, a hard link to something that is not a regular file already seen
 *   - a pax size that differs from the ustar size, repeated or unknown or malformed pax
 *     records, global ones other than comments, pax and GNU headers mixed
 *   - a wrong checksum, data after the end of the archive or of the compressed
 *     stream, a lone zero block, truncation, a filter within a filter
 */
#ifndef BASE_ARCHIVE_H
#define BASE_ARCHIVE_H

#include "base/stream.h"

enum archive_type {
	ARCHIVE_FILE = 1,
	ARCHIVE_DIRECTORY,
	ARCHIVE_SYMLINK,
	ARCHIVE_HARDLINK
};

enum archive_flags {
	ARCHIVE_PLAIN = 0,
	ARCHIVE_STRIP_ROOT = 1, /* take one leading "/" off instead of refusing */
	ARCHIVE_OPEN_ENDED = 2, /* a missing end-of-archive block is fine (apk members) */
	ARCHIVE_GZIP = 4,
	ARCHIVE_BZIP2 = 8,
	ARCHIVE_XZ = 16,
	ARCHIVE_ZSTD = 32,       /* allowed filters */
	ARCHIVE_DUPLICATES = 64, /* later entry with the same name is allowed */
};

struct archive_xattr {
	const char *name;
	struct slice value;
};

/* Valid until the next archive_next. */
struct archive_entry_info {
	enum archive_type type;
	const char *path; /* relative, normalised; "" never (the root entry is skipped) */
	const char *link; /* symlink target as is, or path of the hard link's target */
	uint32_t mode;    /* & 07777 */
	uint32_t uid, gid;
	const char *uname, *gname; /* "" if absent */
	int64_t mtime;
	uint64_t size;
	const struct archive_xattr *xattrs; /* SCHILY.xattr and LIBARCHIVE.xattr */
	size_t xattr_count;
	/* other pax records of vendors, by their whole key ("VENDOR.key"), as they are */
	const struct archive_xattr *records;
	size_t record_count;
};

struct archive_reader;
#define cleanup_archive CLEANUP(archive_reader_free)

/*
 * Takes *inner, also on failure. flags: enum archive_flags or-ed; plain tar is always
 * accepted, the filters only as allowed. name is for messages.
 */
MUST_USE int archive_open(struct reader **inner, unsigned flags, const char *name,
	struct archive_reader **ret_archive, struct error *err);
/* *ret_entry NULL at the end. */
MUST_USE int archive_next(struct archive_reader *archive,
	const struct archive_entry_info **ret_entry, struct error *err);
/* Content of the current file: *ret_len 0 at its end. */
MUST_USE int archive_read(struct archive_reader *archive, void *data, size_t len,
	size_t *ret_len, struct error *err);
/* The whole content, ERR_INPUT above max. Appends. */
MUST_USE int archive_read_all(struct archive_reader *archive, size_t max,
	struct buffer *out, struct error *err);
void archive_reader_free(struct archive_reader **archive);

/*
 * Opens the data.tar member of a .deb (deb(5), format 2.0: exactly debian-binary,
 * control.tar*, data.tar*, in this order, control is skipped, nothing after them).
 * Takes *inner, also on failure.
 */
MUST_USE int archive_open_deb(struct reader **inner, const char *name,
	struct archive_reader **ret_archive, struct error *err);

/*
 * Unpacks into the directory: openat2 beneath, no symlink followed, files
 * created O_EXCL, modes & 0755 (no set-id, no sticky), owners and times of the
 * process, xattrs dropped, files world-readable. An existing directory is kept;
 * an existing symlink to a directory on the way is an error. prefix ("" or
 * "sysroot/") is put before each path.
 */
MUST_USE int archive_unpack(
	struct archive_reader *archive, int dirfd, const char *prefix, struct error *err);

#endif
