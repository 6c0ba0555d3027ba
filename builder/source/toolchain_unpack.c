/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/archive.h"
#include "base/limits.h"
#include "builder/source/toolchain_private.h"

/* The whole file is right before a decompressor sees the first byte of it. */
static int verify(int fd, const struct toolchain_deb *deb, struct error *err)
{
	cleanup_reader struct reader *plain = NULL, *verified = NULL;
	char chunk[8192];
	size_t got = 0;
	cleanup_fd int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return error_set_errno(err, errno, "duplicating a descriptor");
	if (reader_from_fd(&copy, &plain, err) < 0 ||
		reader_verify(&plain, &deb->digest, deb->size, &verified, err) < 0)
		return err->class;
	do {
		if (reader_read(verified, chunk, sizeof(chunk), &got, err) < 0)
			return err->class;
	} while (got > 0);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, errno, "reading again");
	return 0;
}

static int unpack_deb(const struct toolchain_deb *deb, struct store *store, int dirfd,
	struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_reader struct reader *reader = NULL;
	cleanup_archive struct archive_reader *archive = NULL;
	if (store_open_blob(store, &deb->digest, &fd, NULL, err) < 0 ||
		verify(fd, deb, err) < 0 || reader_from_fd(&fd, &reader, err) < 0 ||
		archive_open_deb(&reader, deb->name, &archive, err) < 0)
		return err->class;
	return archive_unpack(archive, dirfd, "", err);
}

int toolchain_unpack_debs(const struct toolchain_deb *const *debs, size_t count,
	struct store *store, int dirfd, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (unpack_deb(debs[i], store, dirfd, err) < 0)
			return error_wrap(
				err, "unpacking %s %s", debs[i]->name, debs[i]->version);
	return 0;
}

/* ---- what toolchain.yaml writes itself ---- */

static int open_parent(int dirfd, const char *path, int *ret_fd, const char **ret_name,
	struct error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_mem char *parent = NULL;
	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return fs_open(
			dirfd, ".", FS_BENEATH, O_PATH | O_DIRECTORY, 0, ret_fd, err);
	if (slice_to_str(slice_from(path, (size_t)(slash - path)), &parent, err) < 0)
		return err->class;
	return fs_make_dirs_beneath(dirfd, parent, 0755, ret_fd, err);
}

static int write_file(const struct toolchain_file *file, int dirfd, struct error *err)
{
	const char *name = NULL;
	cleanup_fd int parent = -1;
	cleanup_fd int fd = -1;
	if (open_parent(dirfd, file->path, &parent, &name, err) < 0 ||
		fs_open(parent, name, FS_BENEATH, O_CREAT | O_EXCL | O_WRONLY, 0600, &fd,
			err) < 0 ||
		fs_write_all(fd, slice_str(file->text), err) < 0)
		return err->class;
	if (fchmod(fd, (mode_t)file->mode) < 0)
		return error_set_errno(err, errno, "setting the mode");
	return 0;
}

static int write_link(const struct toolchain_file *link, int dirfd, struct error *err)
{
	const char *name = NULL;
	cleanup_fd int parent = -1;
	if (open_parent(dirfd, link->path, &parent, &name, err) < 0)
		return err->class;
	if (symlinkat(link->text, parent, name) < 0)
		return error_set_errno(err, errno, "making the link");
	return 0;
}

int toolchain_write_declared(
	const struct toolchain *toolchain, int dirfd, struct error *err)
{
	for (size_t i = 0; i < toolchain->directories.count; i++) {
		cleanup_fd int fd = -1;
		const char *path = toolchain->directories.items[i].path;
		if (fs_make_dirs_beneath(dirfd, path, 0755, &fd, err) < 0)
			return error_wrap(err, "toolchain: /%s", path);
	}
	for (size_t i = 0; i < toolchain->files.count; i++)
		if (write_file(&toolchain->files.items[i], dirfd, err) < 0)
			return error_wrap(
				err, "toolchain: /%s", toolchain->files.items[i].path);
	for (size_t i = 0; i < toolchain->links.count; i++)
		if (write_link(&toolchain->links.items[i], dirfd, err) < 0)
			return error_wrap(
				err, "toolchain: /%s", toolchain->links.items[i].path);
	return 0;
}
