/* SPDX-License-Identifier: Apache-2.0 */
/* What store.c and store_blob.c share. */
#ifndef BASE_STORE_PRIVATE_H
#define BASE_STORE_PRIVATE_H

#include "base/store.h"

struct store {
	int dirfd, blobs_fd; /* blobs/sha256 */
	char *path;          /* for messages */
};

/*
 * A file in tmp/, so that what a killed process leaves is swept one day; it is put in
 * place by store_rename.
 */
MUST_USE int store_begin(struct store *store, mode_t mode,
	struct fs_replacement *ret_replacement, struct error *err);
/* Closes it and renames it to name below dirfd. */
MUST_USE int store_rename(struct store *store, struct fs_replacement *replacement,
	int dirfd, const char *name, struct error *err);
MUST_USE int store_write(
	struct store *store, int fd, struct slice bytes, struct error *err);

#endif
