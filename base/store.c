/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/store_private.h"

#define TEMPORARY_SECONDS_MAX (24 * 60 * 60)
#define KEY_BYTES_MAX         200

/* ---- opening ---- */

static int default_path(struct buffer *out, struct error *err)
{
	const char *store = getenv("ALNAGE_STORE"), *cache = getenv("XDG_CACHE_HOME"),
		   *home = getenv("HOME");
	if (store && *store)
		return buffer_add_str(out, store, err);
	/* XDG base directory specification: a relative path is to be ignored */
	if (cache && cache[0] == '/')
		return buffer_printf(out, err, "%s/alnage", cache);
	if (home && home[0] == '/')
		return buffer_printf(out, err, "%s/.cache/alnage", home);
	(void)error_set(err, ERR_USAGE,
		"opening the store: neither ALNAGE_STORE nor "
		"XDG_CACHE_HOME nor HOME says where it is");
	return error_remedy(err, "set ALNAGE_STORE to a directory");
}

static int resolve_path(const char *path, char **ret_path, struct error *err)
{
	cleanup_buffer struct buffer buffer = BUFFER_INIT;
	if (path && !*path)
		return error_set(err, ERR_USAGE, "opening the store: its path is empty");
	if ((path ? buffer_add_str(&buffer, path, err) : default_path(&buffer, err)) < 0)
		return err->class;
	return buffer_take_str(&buffer, ret_path, err);
}

static bool is_old(const struct stat *st)
{
	return st->st_mtim.tv_sec < clock_now() - TEMPORARY_SECONDS_MAX;
}

/* A directory under way is locked by who made it, however old it is. */
static bool is_locked(int dirfd, const char *name)
{
	cleanup_fd int fd =
		openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Best effort: what cannot be swept now is left for the next time. */
static void sweep(int tmp_fd)
{
	struct error ignored = ERROR_INIT;
	cleanup_names struct fs_names names = {0};
	if (fs_list(tmp_fd, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		struct stat st;
		if (fstatat(tmp_fd, names.items[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!is_old(&st) || is_locked(tmp_fd, names.items[i]))
			continue;
		if (fs_remove_tree(tmp_fd, names.items[i], &ignored) < 0)
			error_clear(&ignored);
	}
}

/* What is made is open to the identity that sandboxes have, whatever the umask. */
static int make_folder(int dirfd, const char *name, int *ret_fd, struct error *err)
{
	cleanup_fd int fd = -1;
	bool made = !fs_exists(dirfd, name);
	if (fs_make_dirs(dirfd, name, 0755, &fd, err) < 0)
		return err->class;
	if (made && fchmod(fd, 0755) < 0)
		return error_set_errno(err, errno, "opening up the directory %s", name);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int open_folders(struct store *store, struct error *err)
{
	cleanup_buffer struct buffer through = BUFFER_INIT;
	cleanup_fd int tmp_fd = -1, blobs_fd = -1;
	/* "/." because the person's store may well be a symbolic link */
	if (buffer_printf(&through, err, "%s/.", store->path) < 0 ||
		make_folder(AT_FDCWD, buffer_str(&through), &store->dirfd, err) < 0 ||
		make_folder(store->dirfd, "blobs", &blobs_fd, err) < 0 ||
		make_folder(blobs_fd, "sha256", &store->blobs_fd, err) < 0 ||
		fs_make_dirs(store->dirfd, "tmp", 0755, &tmp_fd, err) < 0) {
		(void)error_wrap(err, "opening the store %s", store->path);
		return error_remedy(
			err, "set ALNAGE_STORE to a directory that you can write");
	}
	sweep(tmp_fd);
	return 0;
}

int store_open(const char *path, struct store **ret_store, struct error *err)
{
	cleanup_store struct store *store = calloc(1, sizeof(*store));
	if (!store)
		return error_set_memory(err);
	store->dirfd = store->blobs_fd = -1;
	if (resolve_path(path, &store->path, err) < 0 || open_folders(store, err) < 0)
		return err->class;
	*ret_store = take_ptr(store);
	return 0;
}

void store_close(struct store **store)
{
	if (!*store)
		return;
	close_fd(&(*store)->dirfd);
	close_fd(&(*store)->blobs_fd);
	free((*store)->path);
	free(*store);
	*store = NULL;
}

int store_make_folder(
	const struct store *store, const char *name, int *ret_fd, struct error *err)
{
	return make_folder(store->dirfd, name, ret_fd, err);
}

int store_dirfd(const struct store *store)
{
	return store->dirfd;
}

const char *store_path(const struct store *store)
{
	return store->path;
}

/* ---- writing beside and renaming ---- */

static int explain(struct store *store, struct error *err)
{
	(void)error_wrap(err, "writing to the store %s", store->path);
	if (err->sys == ENOSPC || err->sys == EDQUOT || err->sys == EFBIG)
		(void)error_remedy(err,
			"make room (the store is a cache: any of it may be "
			"removed), or set ALNAGE_STORE to another disk");
	return err->class;
}

int store_begin(struct store *store, mode_t mode, struct fs_replacement *ret_replacement,
	struct error *err)
{
	cleanup_replacement struct fs_replacement replacement = FS_REPLACEMENT_INIT;
	if (fs_replace_begin(store->dirfd, "tmp/new", mode, &replacement, err) < 0)
		return explain(store, err);
	/* in spite of the umask: see make_folder */
	if (fchmod(replacement.fd, mode) < 0) {
		(void)error_set_errno(err, errno, "setting the mode of a new file");
		return explain(store, err);
	}
	*ret_replacement = replacement;
	replacement = FS_REPLACEMENT_INIT;
	return 0;
}

int store_write(struct store *store, int fd, struct slice bytes, struct error *err)
{
	return fs_write_all(fd, bytes, err) < 0 ? explain(store, err) : 0;
}

int store_rename(struct store *store, struct fs_replacement *replacement, int dirfd,
	const char *name, struct error *err)
{
	/* Some file systems tell only now that there was no room. */
	if ((close(take_fd(&replacement->fd)) < 0 && errno != EINTR) ||
		renameat(replacement->dirfd, replacement->temporary, dirfd, name) < 0) {
		(void)error_set_errno(err, errno, "%s", name);
		return explain(store, err);
	}
	replacement->temporary[0] = '\0';
	return 0;
}

/* ---- records ---- */

static bool is_name(struct slice name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789._+-";
	if (name.len == 0 || name.len > KEY_BYTES_MAX || name.data[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '\0' || !strchr(allowed, name.data[i]))
			return false;
	}
	return true;
}

static int check_names(const char *folder, const char *key, struct error *err)
{
	struct slice rest = slice_str(folder), part;
	bool good =
		rest.len > 0 && folder[rest.len - 1] != '/' && is_name(slice_str(key));
	while (good && slice_cut(&rest, '/', &part))
		good = is_name(part);
	if (good)
		return 0;
	return error_set(err, ERR_INPUT, "'%.200s/%.200s' cannot be the name of a record",
		folder, key);
}

int store_put_record(struct store *store, const char *folder, const char *key,
	struct slice bytes, struct error *err)
{
	cleanup_replacement struct fs_replacement replacement = FS_REPLACEMENT_INIT;
	cleanup_fd int folder_fd = -1;
	if (check_names(folder, key, err) < 0 ||
		store_begin(store, 0644, &replacement, err) < 0 ||
		store_write(store, replacement.fd, bytes, err) < 0)
		return err->class;
	/* Blobs are known by their digest; a record has nothing but its bytes. */
	if (fsync(replacement.fd) < 0) {
		(void)error_set_errno(err, errno, "%s/%s", folder, key);
		return explain(store, err);
	}
	if (fs_make_dirs(store->dirfd, folder, 0755, &folder_fd, err) < 0)
		return explain(store, err);
	return store_rename(store, &replacement, folder_fd, key, err);
}

int store_get_record(struct store *store, const char *folder, const char *key, size_t max,
	struct buffer *out, bool *ret_found, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	struct error problem = ERROR_INIT;
	if (check_names(folder, key, err) < 0 ||
		buffer_printf(&path, err, "%s/%s", folder, key) < 0)
		return err->class;
	int result = fs_read_file(store->dirfd, buffer_str(&path), max, out, &problem);
	if (result < 0 && problem.sys != ENOENT) {
		*err = problem;
		return error_wrap(err, "reading from the store %s", store->path);
	}
	*ret_found = result == 0;
	return 0;
}

/* Below locks/, not beside the record: nobody takes one for the other. */
int store_lock(struct store *store, const char *folder, const char *key, int *ret_fd,
	struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	cleanup_fd int folder_fd = -1, fd = -1;
	if (check_names(folder, key, err) < 0 ||
		buffer_printf(&path, err, "locks/%s", folder) < 0)
		return err->class;
	if (fs_make_dirs(store->dirfd, buffer_str(&path), 0755, &folder_fd, err) < 0 ||
		fs_open(folder_fd, key, FS_OWN, O_RDWR | O_CREAT, 0644, &fd, err) < 0)
		return explain(store, err);
	if (fs_lock(fd, err) < 0)
		return error_wrap(err, "waiting for %s/%s", folder, key);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* ---- work in progress ---- */

static int make_random_dir(
	struct store *store, char *name, size_t size, struct error *err)
{
	uint8_t bytes[12];
	char hex[2 * sizeof(bytes) + 1];
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return error_set_errno(err, errno, "getting random bytes");
	hex_encode(bytes, sizeof(bytes), hex);
	if ((size_t)snprintf(name, size, "tmp/%s", hex) >= size)
		return error_set(err, ERR_BUG, "no room for the name of a directory");
	if (mkdirat(store->dirfd, name, 0700) < 0) {
		(void)error_set_errno(err, errno, "making the directory %s", name);
		return explain(store, err);
	}
	return 0;
}

int store_make_temp_dir(struct store *store, char *ret_name, size_t name_size,
	int *ret_dirfd, struct error *err)
{
	char name[64];
	cleanup_fd int fd = -1;
	if (name_size < sizeof(name))
		return error_set(err, ERR_BUG, "no room for the name of a directory");
	if (make_random_dir(store, name, sizeof(name), err) < 0 ||
		fs_open_dir(store->dirfd, name, &fd, err) < 0)
		return err->class;
	if (flock(fd, LOCK_SH) < 0)
		return error_set_errno(err, errno, "locking %s", name);
	memcpy(ret_name, name, sizeof(name));
	*ret_dirfd = take_fd(&fd);
	return 0;
}
