/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/layout_archive.h"
#include "base/archive.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/tar.h"

#define READ_FLAGS (ARCHIVE_GZIP | ARCHIVE_ZSTD)

struct layout_archive {
	char *path;
	char *directory;
};

const char *layout_archive_directory(const struct layout_archive *archive)
{
	return archive->directory;
}

void layout_archive_free(struct layout_archive **archive)
{
	struct error ignored =
		ERROR_INIT; /* what cannot be removed is left to the system */
	int saved = errno;

	if (*archive) {
		if ((*archive)->directory &&
			fs_remove_tree(AT_FDCWD, (*archive)->directory, &ignored) < 0)
			error_clear(&ignored);
		free((*archive)->directory);
		free((*archive)->path);
		free(*archive);
	}
	*archive = NULL;
	errno = saved;
}

static int make_directory(struct layout_archive *archive, struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT;
	const char *parent = secure_getenv("TMPDIR");
	cleanup_mem char *text = NULL;

	if (!parent || parent[0] != '/')
		parent = "/var/tmp";
	if (buffer_printf(&name, err, "%s/alnage-layout-XXXXXX", parent) < 0 ||
		buffer_take_str(&name, &text, err) < 0)
		return err->class;
	if (!mkdtemp(text))
		return error_set_errno(err, errno, "make a directory in %s", parent);
	archive->directory = take_ptr(text);
	return 0;
}

static int unpack(const struct layout_archive *archive, struct error *err)
{
	cleanup_archive struct archive_reader *entries = NULL;
	cleanup_reader struct reader *reader = NULL;
	cleanup_fd int fd = -1, dirfd = -1;
	uint64_t size;

	if (fs_open_regular(AT_FDCWD, archive->path, &fd, &size, err) < 0 ||
		fs_open_dir(AT_FDCWD, archive->directory, &dirfd, err) < 0)
		return err->class;
	if (reader_from_fd(&fd, &reader, err) < 0 ||
		archive_open(&reader, READ_FLAGS, archive->path, &entries, err) < 0)
		return err->class;
	return archive_unpack(entries, dirfd, "", err);
}

int layout_archive_open(const char *path, bool create,
	struct layout_archive **ret_archive, struct error *err)
{
	struct layout_archive *archive = calloc(1, sizeof(*archive));
	int result;

	if (!archive)
		return error_set_memory(err);
	result = slice_to_str(slice_str(path), &archive->path, err);
	if (result == 0)
		result = make_directory(archive, err);
	if (result == 0 && !(create && !fs_exists(AT_FDCWD, path)))
		result = unpack(archive, err);
	if (result < 0) {
		layout_archive_free(&archive);
		return result;
	}
	*ret_archive = archive;
	return 0;
}

/* ---- writing ---- */

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
	char **names = NULL;
	size_t count = 0;
	int result;

	(void)snprintf(
		folder, sizeof(folder), "blobs/%s", algorithm); /* a short constant */
	if (!fs_exists(dirfd, folder))
		return 0;
	if (fs_open(dirfd, folder, FS_BENEATH, O_RDONLY | O_DIRECTORY, 0, &blobs, err) <
			0 ||
		fs_list(blobs, &names, &count, err) < 0)
		return err->class;
	result = write_header(fd, folder, true, 0, err);
	for (size_t i = 0; i < count && result == 0; i++) {
		struct error ignored = ERROR_INIT;
		struct digest digest;

		if (digest_parse_hex(strcmp(algorithm, "sha256") == 0 ? DIGEST_SHA256
								      : DIGEST_SHA512,
			    slice_str(names[i]), &digest, &ignored) < 0)
			continue; /* not a blob: a file that was being written */
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]); /* fits */
		result = write_file(fd, dirfd, path, err);
	}
	fs_list_free(&names, count);
	return result;
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

	if (fs_replace_begin(AT_FDCWD, archive->path, 0644, &file, err) < 0 ||
		write_all(file.fd, dirfd, err) < 0)
		return err->class;
	return fs_replace_commit(&file, true, err);
}
