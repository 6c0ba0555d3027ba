/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/tar.h"
#include "oci/layout_archive.h"

static int write_header(
	int fd, const char *path, bool is_directory, uint64_t size, struct error *err)
{
	cleanup_buffer struct buffer header = BUFFER_INIT;
	struct tar_entry entry = {
		.type = is_directory ? TAR_DIRECTORY : TAR_FILE,
		.path = path,
		.mode = is_directory ? 0755 : 0644,
		.size = size,
		.directory_slash = true,
	};

	if (tar_add_header(&header, &entry, err) < 0)
		return err->class;
	return fs_write_all(fd, buffer_slice(&header), err);
}

static int write_file(int fd, int dirfd, const char *path, struct error *err)
{
	static const char zeros[TAR_BLOCK];
	cleanup_writer struct writer *writer = NULL;
	cleanup_reader struct reader *reader = NULL;
	cleanup_fd int from = -1;
	uint64_t size, copied;

	if (fs_open_regular(dirfd, path, &from, &size, err) < 0 ||
		write_header(fd, path, false, size, err) < 0)
		return err->class;
	if (reader_from_fd(&from, &reader, err) < 0 ||
		writer_to_fd(fd, &writer, err) < 0 ||
		stream_copy(reader, writer, size, &copied, err) < 0 ||
		writer_finish(writer, err) < 0)
		return err->class;
	if (copied != size)
		return error_set(err, ERR_INPUT, "%s changed while it was read", path);
	return fs_write_all(fd, slice_from(zeros, tar_padding(size)), err);
}

static int write_blobs(int fd, int dirfd, const char *algorithm, struct error *err)
{
	char folder[32], path[sizeof(folder) + DIGEST_TEXT_MAX];
	cleanup_fd int blobs = -1;
	cleanup_names struct fs_names names = {0};

	(void)snprintf(
		folder, sizeof(folder), "blobs/%s", algorithm); /* a short constant */
	if (!fs_exists(dirfd, folder))
		return 0;
	if (fs_open(dirfd, folder, FS_BENEATH, O_RDONLY | O_DIRECTORY, 0, &blobs, err) <
			0 ||
		fs_list(blobs, &names, err) < 0 ||
		write_header(fd, folder, true, 0, err) < 0)
		return err->class;
	for (size_t i = 0; i < names.count; i++) {
		struct error ignored = ERROR_INIT;
		struct digest digest;

		if (digest_parse_hex(strcmp(algorithm, "sha256") == 0 ? DIGEST_SHA256
								      : DIGEST_SHA512,
			    slice_str(names.items[i]), &digest, &ignored) < 0)
			continue; /* not a blob: a file that was being written */
		(void)snprintf(
			path, sizeof(path), "%s/%s", folder, names.items[i]); /* fits */
		if (write_file(fd, dirfd, path, err) < 0)
			return err->class;
	}
	return 0;
}

static int write_all(int fd, int dirfd, struct error *err)
{
	cleanup_buffer struct buffer end = BUFFER_INIT;

	if (write_header(fd, "blobs", true, 0, err) < 0 ||
		write_blobs(fd, dirfd, "sha256", err) < 0 ||
		write_blobs(fd, dirfd, "sha512", err) < 0)
		return err->class;
	if (write_file(fd, dirfd, "index.json", err) < 0 ||
		write_file(fd, dirfd, "oci-layout", err) < 0)
		return err->class;
	if (tar_add_end(&end, err) < 0)
		return err->class;
	return fs_write_all(fd, buffer_slice(&end), err);
}

int layout_archive_write(
	const struct layout_archive *archive, int dirfd, struct error *err)
{
	cleanup_replacement struct fs_replacement file = FS_REPLACEMENT_INIT;

	if (fs_replace_begin(AT_FDCWD, layout_archive_path(archive), 0644, &file, err) <
			0 ||
		write_all(file.fd, dirfd, err) < 0)
		return err->class;
	return fs_replace_commit(&file, true, err);
}
