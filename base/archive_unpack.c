/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/archive_private.h"

#define CONTENT_BYTES ((size_t)256 * 1024)
#define TRIES         64 /* openat2 says EAGAIN when somebody renames above us */

/* Where files go. The directory of the last entry stays open: most entries share it. */
struct target {
	int root;
	int parent; /* O_PATH; -1: none yet, or the root itself */
	struct buffer parent_path;
	char *content; /* CONTENT_BYTES */
};

static void target_done(struct target *target)
{
	close_fd(&target->root);
	close_fd(&target->parent);
	buffer_done(&target->parent_path);
	free_ptr(&target->content);
}

/* The file descriptor, or -1 and errno. No other way to open anything here. */
static int open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC | O_NOFOLLOW,
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};

	for (int i = 0; i < TRIES; i++) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return (int)fd; /* descriptors are ints */
	}
	return -1;
}

#define OPEN_DIRECTORY (O_PATH | O_DIRECTORY)

static int make_directory(int dirfd, const char *name, int *ret_fd, struct error *err)
{
	cleanup_fd int fd = -1;

	/* Another archive may be unpacked beside us: opening decides what is there. */
	if (mkdirat(dirfd, name, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "making the directory \"%s\"", name);
	fd = open_beneath(dirfd, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return error_set_errno(err, errno, "opening the directory \"%s\"", name);
	if (fchmod(fd, 0755) < 0) /* the umask does not count here */
		return error_set_errno(err, errno, "setting the mode of \"%s\"", name);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The directory with that one name in dirfd, made if it is not there. */
static int enter_directory(int dirfd, const char *name, int *ret_fd, struct error *err)
{
	int fd = open_beneath(dirfd, name, OPEN_DIRECTORY, 0);

	if (fd < 0 && errno == ENOENT)
		return make_directory(dirfd, name, ret_fd, err);
	if (fd < 0)
		return error_set_errno(err, errno, "opening the directory \"%s\"", name);
	*ret_fd = fd;
	return 0;
}

/* Component by component; "" is root itself. *ret_fd is a new descriptor. */
static int make_directories(int root, struct slice path, int *ret_fd, struct error *err)
{
	cleanup_fd int at = -1;
	struct slice name = SLICE_EMPTY;

	while (slice_cut(&path, '/', &name)) {
		cleanup_mem char *text = NULL;
		int next = -1;

		if (slice_to_str(name, &text, err) < 0 ||
			enter_directory(at < 0 ? root : at, text, &next, err) < 0)
			return err->class;
		close_fd(&at);
		at = next;
	}
	if (at < 0)
		at = open_beneath(root, ".", OPEN_DIRECTORY, 0);
	if (at < 0)
		return error_set_errno(err, errno, "opening the target directory");
	*ret_fd = take_fd(&at);
	return 0;
}

/* Borrowed until the next call: the directory that path is to be in. */
static int enter_parent(
	struct target *target, const char *path, const char **ret_name, struct error *err)
{
	const char *slash = strrchr(path, '/');
	struct slice parent = slice_from(path, slash ? (size_t)(slash - path) : 0);

	*ret_name = slash ? slash + 1 : path;
	if (target->parent >= 0 &&
		slice_equal(parent, buffer_slice(&target->parent_path)))
		return 0;
	close_fd(&target->parent);
	buffer_clear(&target->parent_path);
	if (buffer_add_slice(&target->parent_path, parent, err) < 0)
		return err->class;
	if (parent.len != 0)
		target->parent = open_beneath(target->root,
			buffer_str(&target->parent_path), OPEN_DIRECTORY, 0);
	if (target->parent >= 0)
		return 0;
	if (parent.len != 0 && errno != ENOENT)
		return error_set_errno(err, errno, "opening its directory \"%s\"",
			buffer_str(&target->parent_path));
	return make_directories(target->root, parent, &target->parent, err);
}

static int copy_content(
	struct archive_reader *archive, struct target *target, int fd, struct error *err)
{
	for (;;) {
		size_t got = 0;
		size_t done = 0;

		if (archive_read(archive, target->content, CONTENT_BYTES, &got, err) < 0)
			return err->class;
		if (got == 0)
			return 0;
		while (done < got) {
			ssize_t written = write(fd, target->content + done, got - done);

			if (written < 0 && errno != EINTR)
				return error_set_errno(err, errno, "writing");
			done += written < 0 ? 0 : (size_t)written;
		}
	}
}

static int unpack_file(struct archive_reader *archive,
	const struct archive_entry_info *info, struct target *target, const char *name,
	struct error *err)
{
	mode_t mode = (info->mode & 0755) | 0444;
	cleanup_fd int fd =
		open_beneath(target->parent, name, O_WRONLY | O_CREAT | O_EXCL, mode);

	if (fd < 0)
		return error_set_errno(err, errno, "creating the file");
	if (fchmod(fd, mode) < 0) /* the umask does not count here */
		return error_set_errno(err, errno, "setting its mode");
	return copy_content(archive, target, fd, err);
}

/* A link never follows a link: both ends are names in directories that we hold. */
static int unpack_hardlink(const struct archive_entry_info *info, struct target *target,
	const char *name, struct error *err)
{
	const char *slash = strrchr(info->link, '/');
	cleanup_mem char *parent = NULL;
	cleanup_fd int from = -1;
	struct stat status;

	if (slice_to_str(slice_from(info->link, slash ? (size_t)(slash - info->link) : 0),
		    &parent, err) < 0)
		return err->class;
	from = open_beneath(target->root, slash ? parent : ".", OPEN_DIRECTORY, 0);
	if (from < 0)
		return error_set_errno(
			err, errno, "opening the directory of \"%s\"", info->link);
	slash = slash ? slash + 1 : info->link;
	if (fstatat(from, slash, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "linking it to \"%s\"", info->link);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERR_INPUT, "\"%s\" is no regular file", info->link);
	if (linkat(from, slash, target->parent, name, 0) < 0)
		return error_set_errno(err, errno, "linking it to \"%s\"", info->link);
	return 0;
}

static int unpack_entry(struct archive_reader *archive,
	const struct archive_entry_info *info, struct target *target, struct error *err)
{
	const char *name = NULL;
	cleanup_fd int made = -1;

	if (enter_parent(target, info->path, &name, err) < 0)
		return err->class;
	if (archive_entry_replaces(archive) && unlinkat(target->parent, name, 0) < 0)
		return error_set_errno(err, errno, "replacing the earlier entry");
	switch (info->type) {
	case ARCHIVE_FILE:
		return unpack_file(archive, info, target, name, err);
	case ARCHIVE_DIRECTORY:
		return enter_directory(target->parent, name, &made, err);
	case ARCHIVE_SYMLINK:
		if (symlinkat(info->link, target->parent, name) < 0)
			return error_set_errno(err, errno, "making the symbolic link");
		return 0;
	case ARCHIVE_HARDLINK:
		return unpack_hardlink(info, target, name, err);
	}
	return error_set(err, ERR_BUG, "an entry of no known type");
}

static int target_open(
	struct target *target, int dirfd, const char *prefix, struct error *err)
{
	struct slice path = slice_str(prefix);

	if (path.len != 0 && (path.data[0] == '/' || !slice_ends_with(path, SLICE("/"))))
		return error_set(
			err, ERR_BUG, "\"%s\" is no prefix to unpack below", prefix);
	path.len -= path.len != 0;
	target->content = malloc(CONTENT_BYTES);
	if (!target->content)
		return error_set_memory(err);
	return make_directories(dirfd, path, &target->root, err);
}

int archive_unpack(
	struct archive_reader *archive, int dirfd, const char *prefix, struct error *err)
{
	CLEANUP(target_done) struct target target = {.root = -1, .parent = -1};
	const struct archive_entry_info *info = NULL;

	if (target_open(&target, dirfd, prefix, err) < 0)
		return error_wrap(err, "unpacking");
	for (;;) {
		if (archive_next(archive, &info, err) < 0)
			return error_wrap(err, "unpacking");
		if (!info)
			return 0;
		if (unpack_entry(archive, info, &target, err) < 0)
			return error_wrap(err, "unpacking \"%s%s\"", prefix, info->path);
	}
}
