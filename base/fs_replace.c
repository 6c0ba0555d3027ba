/* SPDX-License-Identifier: Apache-2.0 */
/* New files beside their target, and files written at once. */
#include <sys/random.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"

#define CREATE_TRIES      8
#define ABANDONED_SECONDS 3600

/* Splits path: *ret_dirfd is opened, name gets the last component. */
static int open_parent(int dirfd, const char *path, char *name, size_t name_size,
	int *ret_dirfd, struct error *err)
{
	cleanup_mem char *parent = NULL;
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	if (*last == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return error_set(
			err, ERR_INPUT, "writing '%s': this is not a file's name", path);
	if ((size_t)snprintf(name, name_size, "%s", last) >= name_size)
		return error_set(
			err, ERR_INPUT, "writing %.64s…: the name is too long", path);
	struct slice front =
		slash ? slice_from(path, (size_t)(slash - path) + 1) : SLICE(".");
	if (slice_to_str(front, &parent, err) < 0)
		return err->class;
	/* Symlinks are followed here: this is not the last component. */
	*ret_dirfd = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dirfd < 0)
		return error_set_errno(err, errno, "opening the directory of %s", path);
	return 0;
}

static int random_name(char *out, size_t size, struct error *err)
{
	uint8_t bytes[12];
	char hex[2 * sizeof(bytes) + 1];
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_set_errno(err, errno, "getting random bytes");
	hex_encode(bytes, sizeof(bytes), hex);
	(void)snprintf(out, size, ".alnage-%s.tmp", hex);
	return 0;
}

static int create_temporary(
	struct fs_replacement *replacement, mode_t mode, struct error *err)
{
	for (int i = 0; i < CREATE_TRIES; i++) {
		if (random_name(replacement->temporary, sizeof(replacement->temporary),
			    err) < 0)
			return err->class;
		replacement->fd = openat(replacement->dirfd, replacement->temporary,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (replacement->fd >= 0)
			return 0;
		if (errno != EEXIST && errno != EINTR)
			break;
	}
	replacement->temporary[0] = '\0';
	return error_set_errno(
		err, errno, "creating a file beside %s", replacement->target);
}

int fs_replace_begin(int dirfd, const char *path, mode_t mode,
	struct fs_replacement *ret_replacement, struct error *err)
{
	cleanup_replacement struct fs_replacement replacement = FS_REPLACEMENT_INIT;
	if (open_parent(dirfd, path, replacement.target, sizeof(replacement.target),
		    &replacement.dirfd, err) < 0 ||
		create_temporary(&replacement, mode, err) < 0)
		return err->class;
	*ret_replacement = replacement;
	replacement = FS_REPLACEMENT_INIT;
	return 0;
}

static int sync_fd(int fd, const char *target, struct error *err)
{
	if (fsync(fd) < 0)
		return error_set_errno(err, errno, "writing %s to the disk", target);
	return 0;
}

/* Some file systems tell only now that there was no room. */
static int close_written(struct fs_replacement *replacement, struct error *err)
{
	if (close(take_fd(&replacement->fd)) < 0 && errno != EINTR)
		return error_set_errno(err, errno, "writing %s", replacement->target);
	return 0;
}

int fs_replace_commit(struct fs_replacement *replacement, bool sync, struct error *err)
{
	if (sync && sync_fd(replacement->fd, replacement->target, err) < 0)
		return err->class;
	if (close_written(replacement, err) < 0)
		return err->class;
	if (renameat(replacement->dirfd, replacement->temporary, replacement->dirfd,
		    replacement->target) < 0)
		return error_set_errno(
			err, errno, "putting %s in place", replacement->target);
	replacement->temporary[0] = '\0';
	if (sync && sync_fd(replacement->dirfd, replacement->target, err) < 0)
		return err->class;
	close_fd(&replacement->dirfd);
	return 0;
}

void fs_replace_abort(struct fs_replacement *replacement)
{
	int saved = errno;
	if (replacement->dirfd >= 0 && replacement->temporary[0])
		(void)unlinkat(
			replacement->dirfd, replacement->temporary, 0); /* best effort */
	close_fd(&replacement->fd);
	close_fd(&replacement->dirfd);
	replacement->temporary[0] = '\0';
	errno = saved;
}

int fs_write_file(
	int dirfd, const char *path, struct slice bytes, mode_t mode, struct error *err)
{
	cleanup_replacement struct fs_replacement replacement = FS_REPLACEMENT_INIT;
	if (fs_replace_begin(dirfd, path, mode, &replacement, err) < 0)
		return err->class;
	if (fs_write_all(replacement.fd, bytes, err) < 0)
		return error_wrap(err, "%s", path);
	return fs_replace_commit(&replacement, true, err);
}

int fs_write_new_file(
	int dirfd, const char *path, struct slice bytes, mode_t mode, struct error *err)
{
	cleanup_replacement struct fs_replacement replacement = FS_REPLACEMENT_INIT;
	if (fs_replace_begin(dirfd, path, mode, &replacement, err) < 0)
		return err->class;
	if (fs_write_all(replacement.fd, bytes, err) < 0)
		return error_wrap(err, "%s", path);
	if (sync_fd(replacement.fd, path, err) < 0 ||
		close_written(&replacement, err) < 0)
		return err->class;
	/* A link never replaces: what is there stays. */
	if (linkat(replacement.dirfd, replacement.temporary, replacement.dirfd,
		    replacement.target, 0) < 0) {
		if (errno == EEXIST)
			return error_set(
				err, ERR_INPUT, "writing %s: it exists already", path);
		return error_set_errno(err, errno, "putting %s in place", path);
	}
	return sync_fd(replacement.dirfd, path, err);
}

/* ---- what killed processes left ---- */

static bool is_temporary(const char *name)
{
	struct slice text = slice_str(name);
	return slice_starts_with(text, SLICE(".alnage-")) &&
	       slice_ends_with(text, SLICE(".tmp"));
}

void fs_replace_sweep(int dirfd)
{
	struct error ignored = ERROR_INIT; /* then nothing is removed */
	cleanup_names struct fs_names names = {0};
	if (fs_list(dirfd, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		struct stat st;
		if (is_temporary(names.items[i]) &&
			fstatat(dirfd, names.items[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode) &&
			clock_now() - st.st_mtime > ABANDONED_SECONDS)
			(void)unlinkat(dirfd, names.items[i], 0); /* it stays */
	}
}
