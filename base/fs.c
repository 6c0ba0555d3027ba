/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, reading, mapping, listing, locking. */
#include "base/fs.h"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/array.h"
#include "base/limits.h"

#define READ_BLOCK (4 * KIB)
/* openat2 asks for another try when a rename races with "..". */
#define OPEN_TRIES 16

static int open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	const struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	long fd = -1;
	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)fd; /* a descriptor or -1 */
}

static int fail_open(const char *path, enum fs_policy policy, int sys, struct error *err)
{
	if (policy == FS_BENEATH && (sys == EXDEV || sys == ELOOP))
		return error_set(err, ERR_INPUT,
			"opening %s: the path leaves its directory or passes a symbolic "
			"link",
			path);
	if (policy == FS_BENEATH && sys == ENOSYS) {
		(void)error_set_errno(err, sys, "opening %s", path);
		return error_remedy(err,
			"use Linux 5.6 or newer, and a seccomp profile that "
			"allows openat2: without it untrusted paths cannot "
			"be confined");
	}
	if (sys == ELOOP)
		return error_set(
			err, ERR_INPUT, "opening %s: it is a symbolic link", path);
	return error_set_errno(err, sys, "opening %s", path);
}

int fs_open(int dirfd, const char *path, enum fs_policy policy, int flags, mode_t mode,
	int *ret_fd, struct error *err)
{
	int fd;
	if (policy == FS_BENEATH) {
		fd = open_beneath(dirfd, path, flags, mode);
	} else {
		do
			fd = openat(dirfd, path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
		while (fd < 0 && errno == EINTR);
	}
	if (fd < 0)
		return fail_open(path, policy, errno, err);
	*ret_fd = fd;
	return 0;
}

int fs_open_regular(
	int dirfd, const char *path, int *ret_fd, uint64_t *ret_size, struct error *err)
{
	struct stat st;
	cleanup_fd int fd = -1;
	if (fs_open(dirfd, path, FS_OWN, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd, err) <
		0)
		return err->class;
	if (fstat(fd, &st) < 0)
		return error_set_errno(err, errno, "looking at %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(
			err, ERR_INPUT, "opening %s: it is not a regular file", path);
	*ret_size = (uint64_t)st.st_size; /* never negative */
	*ret_fd = take_fd(&fd);
	return 0;
}

int fs_open_dir(int dirfd, const char *path, int *ret_fd, struct error *err)
{
	struct stat st;
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int sys = errno;
	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	/* The kernel says ENOTDIR for a symbolic link, too. */
	if (sys == ENOTDIR && fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISLNK(st.st_mode))
		sys = ELOOP;
	return fail_open(path, FS_OWN, sys, err);
}

/* Makes each parent of path, and path, that is not there. */
static int make_missing(int dirfd, const char *path, mode_t mode, struct error *err)
{
	cleanup_mem char *prefix = NULL;
	if (slice_to_str(slice_str(path), &prefix, err) < 0)
		return err->class;
	for (char *at = prefix; *at;) {
		at += strspn(at, "/");
		at += strcspn(at, "/");
		char saved = *at;
		*at = '\0';
		int sys = mkdirat(dirfd, prefix, mode) < 0 ? errno : 0;
		if (sys != 0 && sys != EEXIST && sys != EISDIR &&
			faccessat(dirfd, prefix, F_OK, 0) < 0)
			return error_set_errno(
				err, sys, "making the directory %s", prefix);
		*at = saved;
	}
	return 0;
}

int fs_make_dirs(int dirfd, const char *path, mode_t mode, int *ret_fd, struct error *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	if (errno == ENOENT && make_missing(dirfd, path, mode, err) < 0)
		return err->class;
	return fs_open_dir(dirfd, path, ret_fd, err);
}

static int check_component(const char *path, const char *name, struct error *err)
{
	if (strcmp(name, "..") == 0)
		return error_set(err, ERR_INPUT,
			"making the directory %s: it contains '..'", path);
	return 0;
}

/* Replaces *fd by the directory `name` in it, made if needed. */
static int step_into(
	int *fd, const char *name, const char *path, mode_t mode, struct error *err)
{
	cleanup_fd int next = -1;
	if (check_component(path, name, err) < 0)
		return err->class;
	if (mkdirat(*fd, name, mode) < 0 && errno != EEXIST)
		return error_set_errno(err, errno, "making the directory %s", path);
	if (fs_open(*fd, name, FS_BENEATH, O_RDONLY | O_DIRECTORY, 0, &next, err) < 0)
		return error_wrap(err, "making the directory %s", path);
	close_fd(fd);
	*fd = take_fd(&next);
	return 0;
}

int fs_make_dirs_beneath(
	int dirfd, const char *path, mode_t mode, int *ret_fd, struct error *err)
{
	char name[LIMIT_NAME_BYTES + 1];
	struct slice rest = slice_str(path), part;
	cleanup_fd int fd = -1;
	size_t depth = 0;
	if (path[0] == '/' || path[0] == '\0')
		return error_set(err, ERR_INPUT,
			"making the directory '%s': the path must be relative", path);
	if (fs_open_dir(dirfd, ".", &fd, err) < 0)
		return err->class;
	while (slice_cut(&rest, '/', &part)) {
		if (part.len == 0 || slice_equal_str(part, "."))
			continue;
		if (part.len > LIMIT_NAME_BYTES || ++depth > LIMIT_PATH_DEPTH)
			return error_set(err, ERR_INPUT,
				"making a directory: the path is too long or too deep");
		memcpy(name, part.data, part.len);
		name[part.len] = '\0';
		if (step_into(&fd, name, path, mode, err) < 0)
			return err->class;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

bool fs_exists(int dirfd, const char *path)
{
	struct stat st;
	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* One read; *ret_len 0 at the end. */
static int read_some(int fd, void *data, size_t len, size_t *ret_len, const char *path,
	struct error *err)
{
	ssize_t got;
	do
		got = read(fd, data, len);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set_errno(err, errno, "reading %s", path);
	*ret_len = (size_t)got;
	return 0;
}

static int fail_too_large(const char *path, size_t max, struct error *err)
{
	return error_set(err, ERR_INPUT, "reading %s: more than %zu bytes", path, max);
}

/* Into the buffer itself while the size is known, by a block beyond it. */
static int read_piece(int fd, size_t known, struct buffer *out, size_t *ret_len,
	const char *path, struct error *err)
{
	char block[READ_BLOCK];
	if (known == 0) {
		if (read_some(fd, block, sizeof(block), ret_len, path, err) < 0)
			return err->class;
		return buffer_add(out, block, *ret_len, err);
	}
	if (buffer_reserve(out, known, err) < 0 ||
		read_some(fd, out->data + out->len, known, ret_len, path, err) < 0)
		return err->class;
	out->len += *ret_len;
	out->data[out->len] = '\0';
	return 0;
}

int fs_read_file(
	int dirfd, const char *path, size_t max, struct buffer *out, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t size = 0;
	size_t total = 0, got = 0;
	if (fs_open_regular(dirfd, path, &fd, &size, err) < 0)
		return err->class;
	if (size > max)
		return fail_too_large(path, max, err);
	/* To the end, not to the size: it may grow, and has none in /proc. */
	do {
		size_t known = size > total ? (size_t)size - total : 0;
		if (read_piece(fd, known, out, &got, path, err) < 0)
			return err->class;
		total += got;
		if (total > max)
			return fail_too_large(path, max, err);
	} while (got > 0);
	return 0;
}

int fs_write_all(int fd, struct slice bytes, struct error *err)
{
	size_t done = 0;
	while (done < bytes.len) {
		ssize_t now = write(fd, bytes.data + done, bytes.len - done);
		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			return error_set_errno(err, now < 0 ? errno : EIO, "writing");
		done += (size_t)now;
	}
	return 0;
}

int fs_map(int fd, struct fs_mapping *ret_mapping, struct error *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return error_set_errno(err, errno, "mapping a file");
	if (!S_ISREG(st.st_mode))
		return error_set(
			err, ERR_INPUT, "mapping a file: it is not a regular file");
	if ((uint64_t)st.st_size > SIZE_MAX / 2)
		return error_set(err, ERR_INPUT, "mapping a file: it is too large");
	*ret_mapping = (struct fs_mapping){0};
	if (st.st_size == 0)
		return 0;
	void *address = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (address == MAP_FAILED)
		return error_set_errno(err, errno, "mapping a file");
	ret_mapping->address = address;
	ret_mapping->len = (size_t)st.st_size;
	ret_mapping->bytes = slice_from(address, (size_t)st.st_size);
	return 0;
}

void fs_unmap(struct fs_mapping *mapping)
{
	int saved = errno;
	if (mapping->address)
		(void)munmap(
			mapping->address, mapping->len); /* was mapped: cannot fail */
	*mapping = (struct fs_mapping){0};
	errno = saved;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;
	return strcmp(*left, *right);
}

static int read_names(DIR *directory, struct fs_names *names, struct error *err)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (!entry)
			return errno ? error_set_errno(err, errno, "reading a directory")
				     : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (array_add(&names->items, &names->count, &names->capacity,
			    sizeof(*names->items), err) < 0 ||
			slice_to_str(slice_str(entry->d_name),
				&names->items[names->count - 1], err) < 0)
			return err->class;
	}
}

int fs_list(int dirfd, struct fs_names *ret_names, struct error *err)
{
	cleanup_names struct fs_names names = {0};
	/* A descriptor of its own: the position of dirfd is not ours to move. */
	cleanup_fd int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "opening a directory");
	DIR *directory = fdopendir(fd);
	if (!directory)
		return error_set_errno(err, errno, "reading a directory");
	(void)take_fd(&fd); /* closedir closes it */
	int result = read_names(directory, &names, err);
	(void)closedir(directory);
	if (result < 0)
		return result;
	if (names.count > 1)
		qsort(names.items, names.count, sizeof(*names.items), compare_names);
	*ret_names = names;
	names = (struct fs_names){0};
	return 0;
}

void fs_names_done(struct fs_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct fs_names){0};
}

static int set_lock(int fd, int command, struct flock lock)
{
	int result;
	do
		result = fcntl(fd, command, &lock);
	while (result < 0 && errno == EINTR);
	return result;
}

static struct flock byte_lock(unsigned at, enum fs_lock_kind kind)
{
	static const short types[] = {
		[FS_UNLOCKED] = F_UNLCK, [FS_SHARED] = F_RDLCK, [FS_EXCLUSIVE] = F_WRLCK};
	return (struct flock){.l_type = types[kind],
		.l_whence = SEEK_SET,
		.l_start = (off_t)at,
		.l_len = 1};
}

int fs_lock(int fd, struct error *err)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	if (set_lock(fd, F_OFD_SETLKW, whole) < 0)
		return error_set_errno(err, errno, "locking a file");
	return 0;
}

int fs_lock_byte(int fd, unsigned at, enum fs_lock_kind kind, struct error *err)
{
	if (set_lock(fd, F_OFD_SETLKW, byte_lock(at, kind)) < 0)
		return error_set_errno(err, errno, "locking a file");
	return 0;
}

bool fs_try_lock_byte(int fd, unsigned at, enum fs_lock_kind kind)
{
	return set_lock(fd, F_OFD_SETLK, byte_lock(at, kind)) == 0;
}
