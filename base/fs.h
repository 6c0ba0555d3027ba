/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by directory descriptor. Every descriptor is O_CLOEXEC. dirfd may be
 * AT_FDCWD. Two policies for what a path may pass through:
 *   FS_BENEATH  for names out of an archive, recipe or package: openat2 with
 *               RESOLVE_BENEATH | NO_SYMLINKS | NO_MAGICLINKS | NO_XDEV
 *   FS_OWN      for our own state and what the person names: plain *at calls;
 *               the last component is not followed if it is a symlink
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <fcntl.h>
#include <sys/stat.h>

#include "base/stream.h"

enum fs_policy { FS_OWN = 0, FS_BENEATH };

/*
 * flags: O_RDONLY, O_CREAT | O_EXCL | O_WRONLY, O_DIRECTORY, O_PATH, … A path that
 * FS_BENEATH does not allow is ERR_INPUT; so is a symlink where FS_OWN does not
 * follow it (with O_PATH it is opened itself). A kernel without openat2 is
 * ERR_SYSTEM for FS_BENEATH: there is no fallback.
 */
MUST_USE int fs_open(int dirfd, const char *path, enum fs_policy policy, int flags,
	mode_t mode, int *ret_fd, struct error *err);
/* A regular file that the person named: O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, then fstat.
 * "-" is not special. */
MUST_USE int fs_open_regular(
	int dirfd, const char *path, int *ret_fd, uint64_t *ret_size, struct error *err);
MUST_USE int fs_open_dir(int dirfd, const char *path, int *ret_fd, struct error *err);
/* Creates the directory and its parents as needed, then opens it. */
MUST_USE int fs_make_dirs(
	int dirfd, const char *path, mode_t mode, int *ret_fd, struct error *err);
/* The same for an untrusted relative path below dirfd: FS_BENEATH at every step, no "..".
 */
MUST_USE int fs_make_dirs_beneath(
	int dirfd, const char *path, mode_t mode, int *ret_fd, struct error *err);
bool fs_exists(int dirfd, const char *path);

/* Whole file, ERR_INPUT above max. Appends. */
MUST_USE int fs_read_file(
	int dirfd, const char *path, size_t max, struct buffer *out, struct error *err);
MUST_USE int fs_write_all(int fd, struct slice bytes, struct error *err);
/* Written beside the target, fsync, renamed over it, directory fsynced. */
MUST_USE int fs_write_file(
	int dirfd, const char *path, struct slice bytes, mode_t mode, struct error *err);
/* Like it, but ERR_INPUT if the file is there already (keys): linkat. */
MUST_USE int fs_write_new_file(
	int dirfd, const char *path, struct slice bytes, mode_t mode, struct error *err);
/*
 * Removes a file or a whole directory of any depth, also where directories of
 * ours are not writable; no symlink is followed, no mount below is entered
 * (ERR_INPUT or ERR_SYSTEM); absent is fine. Nobody else may be changing the tree.
 */
MUST_USE int fs_remove_tree(int dirfd, const char *path, struct error *err);

/* A file being written beside its target. */
struct fs_replacement {
	int dirfd; /* of the target's directory; owned */
	int fd;    /* write here; owned */
	char temporary[64];
	char target[256];
};
#define FS_REPLACEMENT_INIT ((struct fs_replacement){.dirfd = -1, .fd = -1})
#define cleanup_replacement CLEANUP(fs_replace_abort)
MUST_USE int fs_replace_begin(int dirfd, const char *path, mode_t mode,
	struct fs_replacement *ret_replacement, struct error *err);
/* sync: fsync file and directory; caches that are safe to lose pass false. */
MUST_USE int fs_replace_commit(
	struct fs_replacement *replacement, bool sync, struct error *err);
/* Removes the temporary file unless committed. */
void fs_replace_abort(struct fs_replacement *replacement);
/* Removes the temporary files in a directory that nobody has written to for an hour: who
 * made them was killed. What cannot be removed stays. */
void fs_replace_sweep(int dirfd);

/*
 * A file mapped read-only; an empty file gives an empty slice. Only for files
 * that nobody shortens meanwhile (our own, renamed into place): SIGBUS otherwise.
 */
struct fs_mapping {
	struct slice bytes;
	void *address;
	size_t len;
};
#define cleanup_mapping CLEANUP(fs_unmap)
MUST_USE int fs_map(int fd, struct fs_mapping *ret_mapping, struct error *err);
void fs_unmap(struct fs_mapping *mapping);

/* Names in a directory without "." and "..", in byte order, on the heap. */
struct fs_names {
	char **items;
	size_t count, capacity;
};
#define cleanup_names CLEANUP(fs_names_done)
void fs_names_done(struct fs_names *names);
MUST_USE int fs_list(int dirfd, struct fs_names *ret_names, struct error *err);

/* An exclusive advisory lock (OFD) on a file open for writing; waits. Released by close.
 */
MUST_USE int fs_lock(int fd, struct error *err);
/*
 * The same on one byte of the file, which need not be there, so that one file has several
 * locks. Replaces the one this descriptor holds there, in one step. A shared one is for a
 * file open for reading.
 */
enum fs_lock_kind { FS_UNLOCKED, FS_SHARED, FS_EXCLUSIVE };
MUST_USE int fs_lock_byte(int fd, unsigned at, enum fs_lock_kind kind, struct error *err);
/* Without waiting; false: somebody else has it, or there are no locks here. */
bool fs_try_lock_byte(int fd, unsigned at, enum fs_lock_kind kind);

#endif
