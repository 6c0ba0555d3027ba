/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/source/folder.h"

#include "base/buffer.h"
#include "base/limits.h"

struct reading {
	struct hasher *hasher;
	uint64_t bytes;
	size_t entries;
};

static int read_entry(struct reading *reading, int dirfd, const char *name,
	struct buffer *path, unsigned depth, struct error *err);

/* Texts are told apart by their lengths. */
static int add_entry(struct reading *reading, const struct buffer *path, const char *kind,
	uint64_t size, struct error *err)
{
	cleanup_buffer struct buffer line = BUFFER_INIT;
	if (++reading->entries > LIMIT_ARCHIVE_ENTRIES)
		return error_set(
			err, ERR_INPUT, "more than %d files", LIMIT_ARCHIVE_ENTRIES);
	if (buffer_printf(&line, err, "%s %zu:%s %llu\n", kind, path->len,
		    buffer_str(path), (unsigned long long)size) < 0)
		return err->class;
	return hasher_update(reading->hasher, line.data, line.len, err);
}

static int add_content(struct reading *reading, int fd, uint64_t size, struct error *err)
{
	char block[8192];
	reading->bytes += size; /* a file's size: far from overflow before the test */
	if (size > LIMIT_SOURCE_BYTES || reading->bytes > LIMIT_SOURCE_BYTES)
		return error_set(err, ERR_INPUT, "larger than %llu bytes",
			(unsigned long long)LIMIT_SOURCE_BYTES);
	for (uint64_t left = size; left > 0;) {
		ssize_t got = read(
			fd, block, left < sizeof(block) ? (size_t)left : sizeof(block));
		if (got < 0)
			return error_set_errno(err, errno, "reading");
		if (got == 0)
			return error_set(err, ERR_SYSTEM, "changed while it was read");
		if (hasher_update(reading->hasher, block, (size_t)got, err) < 0)
			return err->class;
		left -= (uint64_t)got; /* positive, at most left */
	}
	return 0;
}

static int read_file(struct reading *reading, int dirfd, const char *name,
	const struct buffer *path, mode_t mode, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t size;
	if (fs_open_regular(dirfd, name, &fd, &size, err) < 0 ||
		add_entry(reading, path, mode & 0111 ? "program" : "file", size, err) < 0)
		return err->class;
	return add_content(reading, fd, size, err);
}

static int read_link(struct reading *reading, int dirfd, const char *name,
	const struct buffer *path, struct error *err)
{
	char text[LIMIT_PATH_BYTES];
	ssize_t len = readlinkat(dirfd, name, text, sizeof(text));
	if (len < 0)
		return error_set_errno(err, errno, "reading a link");
	size_t size = (size_t)len; /* not negative */
	if (add_entry(reading, path, "link", size, err) < 0)
		return err->class;
	return hasher_update(reading->hasher, text, size, err);
}

static int read_directory(struct reading *reading, int fd, struct buffer *path,
	unsigned depth, struct error *err)
{
	cleanup_names struct fs_names names = {0};
	if (depth > LIMIT_PATH_DEPTH)
		return error_set(err, ERR_INPUT, "nested too deep");
	if (fs_list(fd, &names, err) < 0)
		return err->class;
	for (size_t i = 0; i < names.count; i++)
		if (read_entry(reading, fd, names.items[i], path, depth + 1, err) < 0)
			return err->class;
	return 0;
}

static int read_below(struct reading *reading, int dirfd, const char *name,
	struct buffer *path, unsigned depth, struct error *err)
{
	cleanup_fd int fd = -1;
	if (add_entry(reading, path, "directory", 0, err) < 0 ||
		fs_open(dirfd, name, FS_OWN, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd,
			err) < 0)
		return err->class;
	return read_directory(reading, fd, path, depth, err);
}

static int read_any(struct reading *reading, int dirfd, const char *name,
	struct buffer *path, unsigned depth, struct error *err)
{
	struct stat st;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "reading");
	if (S_ISDIR(st.st_mode))
		return read_below(reading, dirfd, name, path, depth, err);
	if (S_ISREG(st.st_mode))
		return read_file(reading, dirfd, name, path, st.st_mode, err);
	if (S_ISLNK(st.st_mode))
		return read_link(reading, dirfd, name, path, err);
	return error_set(err, ERR_INPUT, "neither a file nor a directory");
}

static int read_entry(struct reading *reading, int dirfd, const char *name,
	struct buffer *path, unsigned depth, struct error *err)
{
	size_t parent = path->len;
	if (buffer_printf(path, err, "%s%s", parent ? "/" : "", name) < 0)
		return err->class;
	if (read_any(reading, dirfd, name, path, depth, err) < 0)
		return error_wrap(err, "%s", name);
	path->len = parent;
	path->data[parent] = '\0';
	return 0;
}

int folder_digest(int dirfd, struct digest *ret_digest, struct error *err)
{
	cleanup_hasher struct hasher *hasher = NULL;
	cleanup_buffer struct buffer path = BUFFER_INIT;
	if (hasher_new(DIGEST_SHA256, &hasher, err) < 0)
		return err->class;
	struct reading reading = {.hasher = hasher};
	if (read_directory(&reading, dirfd, &path, 0, err) < 0)
		return err->class;
	return hasher_finish(hasher, ret_digest, err);
}
