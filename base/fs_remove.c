/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing whole directories that others have filled: any depth, no symlink
 * followed, no mount entered. Directories deeper than RECURSION_MAX below the
 * top are moved up beside it first, so neither the stack nor the descriptors
 * run out.
 */
#include <stdio.h>

#include "base/fs.h"
#include "base/limits.h"

#define RECURSION_MAX LIMIT_PATH_DEPTH

struct removal {
	int top_fd;
	const char *path; /* for messages */
	unsigned moved;
	struct error *err;
};

static int remove_children(struct removal *removal, int dirfd, unsigned depth);

static int fail(const struct removal *removal, const char *name)
{
	return error_set_errno(
		removal->err, errno, "removing %s: %s", removal->path, name);
}

/* By way of /proc, because O_PATH descriptors cannot be given to fchmod. */
static int make_usable(const struct removal *removal, int path_fd, const char *name)
{
	char link[64];
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	if (chmod(link, 0700) < 0)
		return fail(removal, name);
	return 0;
}

/* A directory of our own may refuse even us to read, search or write it. */
static int open_usable(const struct removal *removal, int dirfd, const char *name,
	enum fs_policy policy, int *ret_fd)
{
	struct stat st;
	cleanup_fd int path_fd = -1;
	if (fs_open(dirfd, name, policy, O_PATH | O_DIRECTORY, 0, &path_fd,
		    removal->err) < 0)
		return error_wrap(removal->err, "removing %s", removal->path);
	if (fstat(path_fd, &st) < 0)
		return fail(removal, name);
	if ((st.st_mode & 0700) != 0700 && (st.st_uid == geteuid() || geteuid() == 0) &&
		make_usable(removal, path_fd, name) < 0)
		return removal->err->class;
	if (fs_open(dirfd, name, policy, O_RDONLY | O_DIRECTORY, 0, ret_fd,
		    removal->err) < 0)
		return error_wrap(removal->err, "removing %s", removal->path);
	return 0;
}

/* The top is being emptied in a loop, so what is moved there is not forgotten. */
static int move_up(struct removal *removal, int dirfd, const char *name)
{
	char unique[64];
	cleanup_fd int fd = -1;
	/* A directory that changes its parent must be writable itself. */
	if (open_usable(removal, dirfd, name, FS_BENEATH, &fd) < 0)
		return removal->err->class;
	do
		(void)snprintf(
			unique, sizeof(unique), ".alnage-deep-%u", removal->moved++);
	while (fs_exists(removal->top_fd, unique));
	if (renameat(dirfd, name, removal->top_fd, unique) < 0)
		return fail(removal, name);
	return 0;
}

static int remove_directory(
	struct removal *removal, int dirfd, const char *name, unsigned depth)
{
	cleanup_fd int fd = -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return fail(removal, name);
	if (depth >= RECURSION_MAX)
		return move_up(removal, dirfd, name);
	if (open_usable(removal, dirfd, name, FS_BENEATH, &fd) < 0 ||
		remove_children(removal, fd, depth + 1) < 0)
		return removal->err->class;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fail(removal, name);
	return 0;
}

static int remove_entry(
	struct removal *removal, int dirfd, const char *name, unsigned depth)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR)
		return remove_directory(removal, dirfd, name, depth);
	return fail(removal, name);
}

static int remove_children(struct removal *removal, int dirfd, unsigned depth)
{
	cleanup_names struct fs_names names = {0};
	if (fs_list(dirfd, &names, removal->err) < 0)
		return removal->err->class;
	for (size_t i = 0; i < names.count; i++)
		if (remove_entry(removal, dirfd, names.items[i], depth) < 0)
			return removal->err->class;
	return 0;
}

static int remove_top(struct removal *removal, int dirfd)
{
	cleanup_fd int fd = -1;
	if (open_usable(removal, dirfd, removal->path, FS_OWN, &fd) < 0)
		return removal->err->class;
	removal->top_fd = fd;
	/* Once more for each time that something was moved up. */
	for (;;) {
		unsigned before = removal->moved;
		if (remove_children(removal, fd, 0) < 0)
			return removal->err->class;
		if (removal->moved == before)
			break;
	}
	if (unlinkat(dirfd, removal->path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fail(removal, "the directory itself");
	return 0;
}

int fs_remove_tree(int dirfd, const char *path, struct error *err)
{
	struct removal removal = {.top_fd = -1, .path = path, .err = err};
	if (unlinkat(dirfd, path, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return error_set_errno(err, errno, "removing %s", path);
	return remove_top(&removal, dirfd);
}
