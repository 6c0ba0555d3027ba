/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/tar.h"
#include "builder/source/git_private.h"

struct packing {
	struct store_writer *writer;
	struct hasher *hasher; /* of what is not `extra` */
	int64_t mtime;
	uint64_t bytes;
	size_t entries;
};

static int put(struct packing *packing, struct slice bytes, struct error *err)
{
	packing->bytes += bytes.len; /* tested below long before it could overflow */
	if (packing->bytes > LIMIT_SOURCE_BYTES)
		return error_set(err, ERR_INPUT, "the checkout is larger than %llu bytes",
			(unsigned long long)LIMIT_SOURCE_BYTES);
	if (packing->hasher &&
		hasher_update(packing->hasher, bytes.data, bytes.len, err) < 0)
		return err->class;
	return store_writer_write(packing->writer, bytes.data, bytes.len, err);
}

static int put_header(
	struct packing *packing, const struct tar_entry *entry, struct error *err)
{
	cleanup_buffer struct buffer header = BUFFER_INIT;
	if (++packing->entries > LIMIT_ARCHIVE_ENTRIES)
		return error_set(err, ERR_INPUT, "the checkout has more than %d files",
			LIMIT_ARCHIVE_ENTRIES);
	if (tar_add_header(&header, entry, err) < 0)
		return error_wrap(err, "%s", entry->path);
	return put(packing, buffer_slice(&header), err);
}

static int put_content(struct packing *packing, int fd, uint64_t size, struct error *err)
{
	static const char zeros[TAR_BLOCK];
	char block[8192];
	uint64_t left = size;
	while (left > 0) {
		ssize_t got = read(
			fd, block, left < sizeof(block) ? (size_t)left : sizeof(block));
		if (got < 0)
			return error_set_errno(err, errno, "reading");
		if (got == 0)
			return error_set(err, ERR_SYSTEM, "changed while it was read");
		if (put(packing, slice_from(block, (size_t)got), err) < 0)
			return err->class;
		left -= (uint64_t)got; /* positive, at most left */
	}
	return put(packing, slice_from(zeros, tar_padding(size)), err);
}

static int pack_file(struct packing *packing, int dirfd, const char *name,
	const char *path, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t size;
	struct stat st;
	if (fs_open_regular(dirfd, name, &fd, &size, err) < 0)
		return err->class;
	if (fstat(fd, &st) < 0)
		return error_set_errno(err, errno, "%s", path);
	struct tar_entry entry = {.type = TAR_FILE,
		.path = path,
		.mode = st.st_mode & S_IXUSR ? 0755 : 0644,
		.mtime = packing->mtime,
		.size = size};
	if (put_header(packing, &entry, err) < 0)
		return err->class;
	return put_content(packing, fd, size, err) < 0 ? error_wrap(err, "%s", path) : 0;
}

static int pack_link(struct packing *packing, int dirfd, const char *name,
	const char *path, struct error *err)
{
	char target[LIMIT_PATH_BYTES + 1];
	ssize_t len = readlinkat(dirfd, name, target, sizeof(target));
	if (len < 0)
		return error_set_errno(err, errno, "%s: reading the symlink", path);
	if (len == (ssize_t)sizeof(target))
		return error_set(err, ERR_INPUT, "%s: target is too long", path);
	target[len] = '\0';
	struct tar_entry entry = {.type = TAR_SYMLINK,
		.path = path,
		.link = target,
		.mode = 0777,
		.mtime = packing->mtime};
	return put_header(packing, &entry, err);
}

static int pack_directory(struct packing *packing, int dirfd, const char *path,
	size_t depth, struct error *err);

static int pack_below(struct packing *packing, int parent, const char *name,
	const char *path, size_t depth, struct error *err)
{
	cleanup_fd int fd = -1;
	struct tar_entry entry = {.type = TAR_DIRECTORY,
		.path = path,
		.mode = 0755,
		.mtime = packing->mtime,
		.directory_slash = true};
	if (fs_open(parent, name, FS_BENEATH, O_RDONLY | O_DIRECTORY, 0, &fd, err) < 0 ||
		put_header(packing, &entry, err) < 0)
		return err->class;
	return pack_directory(packing, fd, path, depth + 1, err);
}

static int pack_entry(struct packing *packing, int dirfd, const char *parent,
	const char *name, size_t depth, struct error *err)
{
	cleanup_buffer struct buffer path = {.max = LIMIT_PATH_BYTES};
	struct stat st;
	if ((*parent && buffer_printf(&path, err, "%s/", parent) < 0) ||
		buffer_add_str(&path, name, err) < 0)
		return err->class;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "%s", buffer_str(&path));
	if (S_ISLNK(st.st_mode))
		return pack_link(packing, dirfd, name, buffer_str(&path), err);
	if (S_ISDIR(st.st_mode))
		return pack_below(packing, dirfd, name, buffer_str(&path), depth, err);
	return pack_file(packing, dirfd, name, buffer_str(&path), err);
}

static int pack_directory(struct packing *packing, int dirfd, const char *path,
	size_t depth, struct error *err)
{
	cleanup_names struct fs_names names = {0};
	if (depth > LIMIT_PATH_DEPTH)
		return error_set(
			err, ERR_INPUT, "%s: deeper than %d", path, LIMIT_PATH_DEPTH);
	if (fs_list(dirfd, &names, err) < 0)
		return err->class;
	for (size_t i = 0; i < names.count; i++)
		if (strcmp(names.items[i], ".git") != 0 &&
			pack_entry(packing, dirfd, path, names.items[i], depth, err) < 0)
			return err->class;
	return 0;
}

/* Ends the tar of the work tree in the hasher alone. */
static int end_tree(struct packing *packing, struct slice end, struct digest *ret_tree,
	struct error *err)
{
	struct hasher *hasher = packing->hasher;
	packing->hasher = NULL;
	if (hasher_update(hasher, end.data, end.len, err) < 0)
		return err->class;
	return hasher_finish(hasher, ret_tree, err);
}

int git_tar(int dirfd, int64_t mtime, struct slice extra, struct store *store,
	struct git_record *ret_record, struct error *err)
{
	cleanup_store_writer struct store_writer *writer = NULL;
	cleanup_hasher struct hasher *hasher = NULL;
	cleanup_buffer struct buffer end = BUFFER_INIT;
	if (store_writer_new(store, &writer, err) < 0 ||
		hasher_new(DIGEST_SHA256, &hasher, err) < 0)
		return err->class;
	struct packing packing = {.writer = writer, .hasher = hasher, .mtime = mtime};
	if (tar_add_end(&end, err) < 0 ||
		pack_directory(&packing, dirfd, "", 0, err) < 0 ||
		end_tree(&packing, buffer_slice(&end), &ret_record->tree, err) < 0 ||
		put(&packing, extra, err) < 0 ||
		put(&packing, buffer_slice(&end), err) < 0)
		return err->class;
	return store_writer_commit(writer, &ret_record->blob, &ret_record->size, err);
}
