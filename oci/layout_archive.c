/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/layout_archive.h"
#include "base/archive.h"
#include "base/fs.h"

#define READ_FLAGS (ARCHIVE_GZIP | ARCHIVE_ZSTD)

struct layout_archive {
	char *path;
	char *directory;
};

const char *layout_archive_path(const struct layout_archive *archive)
{
	return archive->path;
}

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
