/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI layout in a tar file: unpacked into a private directory while it is open,
 * written again as a whole. The tar is canonical (sorted, no times, owner 0): the same
 * layout gives the same bytes. Read: plain or under gzip or zstd.
 */
#ifndef OCI_LAYOUT_ARCHIVE_H
#define OCI_LAYOUT_ARCHIVE_H

#include "base/error.h"

struct layout_archive;

/* create: an absent file is an empty directory. Directories are made below $TMPDIR or
 * /var/tmp. */
MUST_USE int layout_archive_open(const char *path, bool create,
	struct layout_archive **ret_archive, struct error *err);
/* Borrowed; the directory is absolute. */
const char *layout_archive_path(const struct layout_archive *archive);
const char *layout_archive_directory(const struct layout_archive *archive);
/* Replaces the file by what is in the layout at dirfd: its three parts, nothing else. */
MUST_USE int layout_archive_write(
	const struct layout_archive *archive, int dirfd, struct error *err);
/* Removes the private directory. */
void layout_archive_free(struct layout_archive **archive);

#endif
