/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layer of what the caller gives to the steps (struct sandbox_bind):
 * copied anew for each run, by the caller's own identity (it may read what the builder
 * may not), before any process of the sandbox lives. Owned by the outer ids, because the
 * topmost lower directory decides over owner and mode of a merged one.
 */
#include <stdio.h>

#include "base/fs.h"
#include "base/limits.h"
#include "builder/sandbox/sandbox_private.h"

#define COPY_CHUNK ((size_t)64 << 20)

struct giving {
	uid_t uid;
	gid_t gid;
	const char *target; /* for messages */
	mode_t write_bits;
	struct error *err;
};

static int copy_entry(const struct giving *giving, int from_dir, const char *from,
	int to_dir, const char *to, unsigned depth);

static int fail(const struct giving *giving, const char *what, const char *name)
{
	return error_set_errno(giving->err, errno, "%s %s for %s in the sandbox", what,
		name, giving->target);
}

static int copy_slowly(const struct giving *giving, int from, int to)
{
	char chunk[8192];
	ssize_t got;
	while ((got = read(from, chunk, sizeof(chunk))) > 0)
		if (fs_write_all(to, slice_from(chunk, (size_t)got), giving->err) < 0)
			return giving->err->class;
	return got < 0 ? fail(giving, "reading", "a file") : 0;
}

static int copy_bytes(const struct giving *giving, int from, int to)
{
	ssize_t done;
	bool any = false;
	while ((done = copy_file_range(from, NULL, to, NULL, COPY_CHUNK, 0)) > 0)
		any = true;
	if (done == 0 && any)
		return 0;
	/* Another file system, or one of those that report nothing although there is
	 * something. */
	return copy_slowly(giving, from, to);
}

static int copy_file(
	const struct giving *giving, int from, int to_dir, const char *to, mode_t mode)
{
	cleanup_fd int out = openat(
		to_dir, to, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return fail(giving, "making", to);
	if (copy_bytes(giving, from, out) < 0)
		return giving->err->class;
	if (fchown(out, giving->uid, giving->gid) < 0 ||
		fchmod(out, ((mode & 0111) ? 0555 : 0444) | giving->write_bits) < 0)
		return fail(giving, "handing over", to);
	return 0;
}

static int copy_children(const struct giving *giving, int from, int to, unsigned depth)
{
	cleanup_names struct fs_names names = {0};
	if (depth > LIMIT_PATH_DEPTH)
		return error_set(
			giving->err, ERR_INPUT, "%s: nested too deep", giving->target);
	if (fs_list(from, &names, giving->err) < 0)
		return giving->err->class;
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		if (copy_entry(giving, from, name, to, name, depth + 1) < 0)
			return giving->err->class;
	}
	return 0;
}

static int make_directory(
	const struct giving *giving, int dirfd, const char *name, int *ret_fd)
{
	if (mkdirat(dirfd, name, 0755) < 0 && errno != EEXIST)
		return fail(giving, "making", name);
	cleanup_fd int fd =
		openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(giving, "opening", name);
	if (fchmod(fd, 0755) < 0 || fchown(fd, giving->uid, giving->gid) < 0)
		return fail(giving, "handing over", name);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int copy_link(const struct giving *giving, int from_dir, const char *from,
	int to_dir, const char *to)
{
	char text[LIMIT_PATH_BYTES + 1];
	ssize_t len = readlinkat(from_dir, from, text, sizeof(text) - 1);
	if (len < 0)
		return fail(giving, "reading", from);
	text[len] = '\0';
	if (symlinkat(text, to_dir, to) < 0)
		return fail(giving, "making", to);
	if (fchownat(to_dir, to, giving->uid, giving->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(giving, "handing over", to);
	return 0;
}

static int copy_open(
	const struct giving *giving, int from, int to_dir, const char *to, unsigned depth)
{
	struct stat st;
	cleanup_fd int directory = -1;
	if (fstat(from, &st) < 0)
		return fail(giving, "reading", to);
	if (S_ISREG(st.st_mode))
		return copy_file(giving, from, to_dir, to, st.st_mode);
	if (!S_ISDIR(st.st_mode))
		return error_set(
			giving->err, ERR_INPUT, "%s: neither a file nor a directory", to);
	if (make_directory(giving, to_dir, to, &directory) < 0)
		return giving->err->class;
	return copy_children(giving, from, directory, depth);
}

static int copy_entry(const struct giving *giving, int from_dir, const char *from,
	int to_dir, const char *to, unsigned depth)
{
	struct stat st;
	if (fstatat(from_dir, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(giving, "reading", from);
	if (S_ISLNK(st.st_mode))
		return copy_link(giving, from_dir, from, to_dir, to);
	cleanup_fd int fd = openat(from_dir, from,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fail(giving, "opening", from);
	return copy_open(giving, fd, to_dir, to, depth);
}

/* "a/b" is made; *ret_last is "c" of "/a/b/c". */
static int make_parents(const struct giving *giving, int given_fd, struct slice path,
	int *ret_dirfd, char *ret_last, size_t last_size)
{
	struct slice name;
	cleanup_fd int dirfd = fcntl(given_fd, F_DUPFD_CLOEXEC, 3);
	if (dirfd < 0)
		return fail(giving, "opening", "the layer");
	for (;;) {
		int next = -1;
		if (!slice_cut(&path, '/', &name) || name.len == 0 ||
			name.len >= last_size || slice_equal_str(name, "..") ||
			slice_equal_str(name, "."))
			return error_set(giving->err, ERR_INPUT,
				"target %s in the sandbox", giving->target);
		memcpy(ret_last, name.data, name.len);
		ret_last[name.len] = '\0';
		if (path.len == 0)
			break;
		if (make_directory(giving, dirfd, ret_last, &next) < 0)
			return giving->err->class;
		close_fd(&dirfd);
		dirfd = next;
	}
	*ret_dirfd = take_fd(&dirfd);
	return 0;
}

static int give_one(
	const struct giving *giving, int given_fd, const struct sandbox_bind *bind)
{
	char last[LIMIT_NAME_BYTES + 1], link[48];
	cleanup_fd int parent = -1;
	if (bind->target[0] != '/')
		return error_set(giving->err, ERR_INPUT, "target %s is not absolute",
			bind->target);
	if (make_parents(giving, given_fd, slice_str(bind->target + 1), &parent, last,
		    sizeof(last)) < 0)
		return giving->err->class;
	/* Opened anew: the caller's may be O_PATH, and has a position that is not ours.
	 */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", bind->fd);
	cleanup_fd int from = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (from < 0)
		return fail(giving, "opening", "what belongs there");
	return copy_open(giving, from, parent, last, 0);
}

int sandbox_give(const struct sandbox *sandbox, struct error *err)
{
	struct giving giving = {.err = err, .target = "/"};
	cleanup_fd int given = -1;
	sandbox_outer_ids(&giving.uid, &giving.gid);
	if (fs_remove_tree(sandbox->scratch_dirfd, SCRATCH_GIVEN, err) < 0)
		return err->class;
	if (sandbox->bind_count == 0)
		return 0;
	if (make_directory(&giving, sandbox->scratch_dirfd, SCRATCH_GIVEN, &given) < 0)
		return err->class;
	for (size_t i = 0; i < sandbox->bind_count; i++) {
		giving.target = sandbox->binds[i].target;
		giving.write_bits = sandbox->binds[i].writable ? S_IWUSR : 0;
		if (give_one(&giving, given, &sandbox->binds[i]) < 0)
			return err->class;
	}
	return 0;
}
