/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/fs.h"

/* Each test works in a fresh directory. */
struct place {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	if (!place)
		return -1;
	(void)snprintf(place->path, sizeof(place->path), "/tmp/alnage-fs-XXXXXX");
	if (!mkdtemp(place->path) || chmod(place->path, 0777) < 0)
		return -1;
	place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return place->fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	int result = fs_remove_tree(AT_FDCWD, place->path, &err);
	if (result < 0)
		print_error("%s\n", err.text);
	(void)close(place->fd);
	free(place);
	return result;
}

static void write_text(int dirfd, const char *path, const char *text)
{
	struct error err = ERROR_INIT;
	int result = fs_write_file(dirfd, path, slice_str(text), 0644, &err);
	if (result < 0)
		fail_msg("%s", err.text);
}

static void assert_content(int dirfd, const char *path, const char *text)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	assert_int_equal(fs_read_file(dirfd, path, 1000, &out, &err), 0);
	assert_string_equal(buffer_str(&out), text);
}

static size_t count_names(int dirfd)
{
	struct error err = ERROR_INIT;
	cleanup_names struct fs_names names = {0};
	assert_int_equal(fs_list(dirfd, &names, &err), 0);
	return names.count;
}

static void beneath_confines(void **state)
{
	const struct place *place = *state;
	static const char *const refused[] = {"../x", "/etc/passwd", "d/../../x",
		"out/passwd", "inside", "d/loop", "/proc/self/cwd"};
	struct error err = ERROR_INIT;
	assert_int_equal(mkdirat(place->fd, "d", 0755), 0);
	write_text(place->fd, "d/f", "x");
	assert_int_equal(symlinkat("/etc", place->fd, "out"), 0);
	assert_int_equal(symlinkat("d/f", place->fd, "inside"), 0);
	assert_int_equal(symlinkat("loop", place->fd, "d/loop"), 0);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		int fd = -1;
		error_clear(&err);
		assert_int_equal(fs_open(place->fd, refused[i], FS_BENEATH, O_RDONLY, 0,
					 &fd, &err),
			ERR_INPUT);
		assert_int_equal(fd, -1);
		assert_non_null(strstr(err.text, refused[i]));
	}
	cleanup_fd int fd = -1, created = -1;
	error_clear(&err);
	assert_int_equal(
		fs_open(place->fd, "d/f", FS_BENEATH, O_RDONLY, 0, &fd, &err), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fs_open(place->fd, "d/new", FS_BENEATH,
				 O_CREAT | O_EXCL | O_WRONLY, 0600, &created, &err),
		0);
}

static void own_does_not_follow_the_last(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	uint64_t size = 0;
	int fd = -1;
	write_text(place->fd, "f", "hello");
	assert_int_equal(symlinkat("f", place->fd, "link"), 0);
	assert_int_equal(symlinkat(".", place->fd, "dir"), 0);
	assert_int_equal(
		fs_open(place->fd, "link", FS_OWN, O_RDONLY, 0, &fd, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "symbolic link"));
	error_clear(&err);
	assert_int_equal(fs_open_dir(place->fd, "dir", &fd, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "symbolic link"));
	error_clear(&err);
	assert_int_equal(fs_open_regular(place->fd, "dir/f", &fd, &size, &err), 0);
	assert_int_equal(size, 5);
	close_fd(&fd);
	assert_int_equal(
		fs_open(place->fd, "none", FS_OWN, O_RDONLY, 0, &fd, &err), ERR_SYSTEM);
	assert_int_equal(err.sys, ENOENT);
}

static void regular_means_regular(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	uint64_t size = 0;
	int fd = -1;
	assert_int_equal(mkfifoat(place->fd, "fifo", 0600), 0);
	assert_int_equal(fs_open_regular(place->fd, "fifo", &fd, &size, &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(fs_open_regular(place->fd, ".", &fd, &size, &err), ERR_INPUT);
	assert_int_equal(fd, -1);
}

static void make_dirs(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	char absolute[128];
	cleanup_fd int a = -1, b = -1, c = -1;
	(void)snprintf(absolute, sizeof(absolute), "%s/q/./r//s/", place->path);
	assert_int_equal(fs_make_dirs(place->fd, "x/y/z", 0755, &a, &err), 0);
	assert_int_equal(fs_make_dirs(place->fd, "x/y/z", 0755, &b, &err), 0);
	assert_int_equal(fs_make_dirs(AT_FDCWD, absolute, 0755, &c, &err), 0);
	assert_true(fs_exists(place->fd, "q/r/s"));
	write_text(place->fd, "x/file", "");
	int none = -1;
	assert_int_equal(
		fs_make_dirs(place->fd, "x/file/y", 0755, &none, &err), ERR_SYSTEM);
	error_clear(&err);
	/* no place for folders: the reason is mkdir's, not that it is not there */
	assert_int_equal(
		fs_make_dirs(AT_FDCWD, "/sys/alnage/x", 0755, &none, &err), ERR_SYSTEM);
	assert_int_not_equal(err.sys, ENOENT);
	assert_int_equal(none, -1);
}

static void make_dirs_beneath(void **state)
{
	const struct place *place = *state;
	static const char *const refused[] = {"/x", "", "a/../../x", "..", "link/x"};
	struct error err = ERROR_INIT;
	cleanup_fd int fd = -1;
	assert_int_equal(symlinkat("/tmp", place->fd, "link"), 0);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		int none = -1;
		error_clear(&err);
		assert_int_equal(
			fs_make_dirs_beneath(place->fd, refused[i], 0755, &none, &err),
			ERR_INPUT);
		assert_int_equal(none, -1);
	}
	error_clear(&err);
	assert_int_equal(fs_make_dirs_beneath(place->fd, "./a//b/c", 0755, &fd, &err), 0);
	assert_true(fs_exists(place->fd, "a/b/c"));
}

static void read_file_limits(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT, exact = {.max = 5};
	write_text(place->fd, "f", "hello");
	assert_int_equal(fs_read_file(place->fd, "f", 5, &exact, &err), 0);
	assert_string_equal(buffer_str(&exact), "hello");
	assert_int_equal(fs_read_file(place->fd, "f", 4, &out, &err), ERR_INPUT);
	assert_int_equal(out.len, 0);
	error_clear(&err);
	/* has no size, but content */
	assert_int_equal(
		fs_read_file(AT_FDCWD, "/proc/self/status", 100000, &out, &err), 0);
	assert_true(out.len > 100);
	buffer_clear(&out);
	assert_int_equal(
		fs_read_file(AT_FDCWD, "/proc/self/status", 10, &out, &err), ERR_INPUT);
}

static void write_file_replaces(void **state)
{
	const struct place *place = *state;
	struct stat st;
	struct error err = ERROR_INIT;
	write_text(place->fd, "f", "one");
	write_text(place->fd, "f", "two");
	assert_content(place->fd, "f", "two");
	assert_int_equal(
		fs_write_new_file(place->fd, "f", SLICE("three"), 0600, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "exists already"));
	assert_content(place->fd, "f", "two");
	error_clear(&err);
	assert_int_equal(
		fs_write_new_file(place->fd, "key", SLICE("secret"), 0600, &err), 0);
	assert_int_equal(fstatat(place->fd, "key", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(count_names(place->fd), 2);
	static const char *const bad[] = {"", "x/", ".", "a/.."};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		error_clear(&err);
		assert_int_equal(fs_write_file(place->fd, bad[i], SLICE("x"), 0600, &err),
			ERR_INPUT);
	}
}

static void abort_leaves_nothing(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	write_text(place->fd, "f", "old");
	struct fs_replacement replacement = FS_REPLACEMENT_INIT;
	assert_int_equal(fs_replace_begin(place->fd, "f", 0644, &replacement, &err), 0);
	assert_int_equal(fs_write_all(replacement.fd, SLICE("new"), &err), 0);
	assert_int_equal(count_names(place->fd), 2);
	fs_replace_abort(&replacement);
	assert_int_equal(count_names(place->fd), 1);
	assert_content(place->fd, "f", "old");
	assert_int_equal(mkdirat(place->fd, "d", 0755), 0);
	write_text(place->fd, "d/x", "");
	assert_int_equal(
		fs_write_file(place->fd, "d", SLICE("x"), 0644, &err), ERR_SYSTEM);
	assert_int_equal(count_names(place->fd), 2);
}

/* Runs in a child, which tells by its status. */
static int in_child(int (*function)(const struct place *place), const struct place *place)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0)
		_exit(function(place));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int write_past_limit(const struct place *place)
{
	static const char block[8192];
	struct error err = ERROR_INIT;
	const struct rlimit limit = {4096, 4096};
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 1;
	if (fs_write_file(place->fd, "f", slice_from(block, sizeof(block)), 0644, &err) !=
		ERR_SYSTEM)
		return 2;
	return err.sys == EFBIG && strstr(err.text, "f: ") ? 0 : 3;
}

static void full_disk_leaves_nothing(void **state)
{
	const struct place *place = *state;
	assert_int_equal(in_child(write_past_limit, place), 0);
	assert_int_equal(count_names(place->fd), 0);
}

static void list_is_sorted(void **state)
{
	const struct place *place = *state;
	static const char *const names[] = {"b", "a", "\xc3\xa9", "B", ".hidden"};
	struct error err = ERROR_INIT;
	cleanup_names struct fs_names found = {0};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		write_text(place->fd, names[i], "");
	assert_int_equal(fs_list(place->fd, &found, &err), 0);
	assert_int_equal(found.count, 5);
	assert_string_equal(found.items[0], ".hidden");
	assert_string_equal(found.items[1], "B");
	assert_string_equal(found.items[3], "b");
	assert_string_equal(found.items[4], "\xc3\xa9");
}

static void map(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_mapping struct fs_mapping full = {0}, empty = {0};
	cleanup_fd int a = -1, b = -1;
	uint64_t size = 0;
	write_text(place->fd, "full", "hello");
	write_text(place->fd, "empty", "");
	assert_int_equal(fs_open_regular(place->fd, "full", &a, &size, &err), 0);
	assert_int_equal(fs_open_regular(place->fd, "empty", &b, &size, &err), 0);
	assert_int_equal(fs_map(a, &full, &err), 0);
	assert_int_equal(fs_map(b, &empty, &err), 0);
	assert_true(slice_equal_str(full.bytes, "hello"));
	assert_int_equal(empty.bytes.len, 0);
	assert_int_equal(fs_map(place->fd, &empty, &err), ERR_INPUT);
}

static void remove_follows_no_link(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_fd int fd = -1;
	assert_int_equal(fs_make_dirs(place->fd, "keep/sub", 0755, &fd, &err), 0);
	write_text(place->fd, "keep/f", "x");
	close_fd(&fd);
	assert_int_equal(fs_make_dirs(place->fd, "gone/a/b", 0755, &fd, &err), 0);
	assert_int_equal(symlinkat("../../keep", place->fd, "gone/a/link"), 0);
	assert_int_equal(symlinkat("keep", place->fd, "toplink"), 0);
	assert_int_equal(mkfifoat(place->fd, "gone/fifo", 0600), 0);
	assert_int_equal(fs_remove_tree(place->fd, "gone", &err), 0);
	assert_int_equal(fs_remove_tree(place->fd, "toplink", &err), 0);
	assert_int_equal(fs_remove_tree(place->fd, "absent", &err), 0);
	assert_false(fs_exists(place->fd, "gone"));
	assert_false(fs_exists(place->fd, "toplink"));
	assert_content(place->fd, "keep/f", "x");
	assert_true(fs_exists(place->fd, "keep/sub"));
}

/* Deeper than a stack of descriptors or a path could be. */
static int make_deep(const struct place *place, int levels)
{
	cleanup_fd int fd = openat(place->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error err = ERROR_INIT;
	for (int i = 0; i < levels; i++) {
		cleanup_fd int next = -1;
		if (mkdirat(fd, "d", 0755) < 0)
			return 1;
		if (i % 100 == 0 && fs_write_file(fd, "f", SLICE("x"), 0400, &err) < 0)
			return 2;
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (next < 0 || (i % 7 == 0 && fchmod(fd, 0500) < 0 && i > 0))
			return 3;
		close_fd(&fd);
		fd = take_fd(&next);
	}
	return 0;
}

static int remove_as_user(const struct place *place)
{
	struct error err = ERROR_INIT;
	cleanup_fd int fd = -1;
	if (geteuid() == 0 &&
		(setgroups(0, NULL) < 0 || setgid(12345) < 0 || setuid(12345) < 0))
		return 1;
	if (fs_make_dirs(place->fd, "user/a/b", 0755, &fd, &err) < 0 ||
		fs_write_file(fd, "f", SLICE("x"), 0400, &err) < 0)
		return 2;
	const struct place user = {
		.fd = openat(place->fd, "user", O_RDONLY | O_DIRECTORY)};
	if (make_deep(&user, 1500) != 0)
		return 3;
	if (fchmodat(place->fd, "user/a/b", 0, 0) < 0 ||
		fchmodat(place->fd, "user/a", 0500, 0) < 0 ||
		fchmodat(place->fd, "user", 0500, 0) < 0)
		return 4;
	(void)close(user.fd);
	if (fs_remove_tree(place->fd, "user", &err) < 0) {
		print_error("%s\n", err.text);
		return 5;
	}
	return fs_exists(place->fd, "user") ? 6 : 0;
}

static void remove_deep_and_read_only(void **state)
{
	const struct place *place = *state;
	assert_int_equal(in_child(remove_as_user, place), 0);
}

static bool write_proc(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A mount namespace of our own, where we are root. */
static bool enter_namespace(void)
{
	char uid_map[32], gid_map[32];
	(void)snprintf(uid_map, sizeof(uid_map), "0 %u 1", (unsigned)geteuid());
	(void)snprintf(gid_map, sizeof(gid_map), "0 %u 1", (unsigned)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_proc("/proc/self/setgroups", "deny") &&
	       write_proc("/proc/self/uid_map", uid_map) &&
	       write_proc("/proc/self/gid_map", gid_map);
}

static int remove_across_mount(const struct place *place)
{
	struct error err = ERROR_INIT;
	char path[128];
	if (!enter_namespace())
		return 77;
	(void)snprintf(path, sizeof(path), "%s/top/mount", place->path);
	cleanup_fd int fd = -1;
	if (fs_make_dirs(AT_FDCWD, path, 0755, &fd, &err) < 0)
		return 1;
	if (mount("none", path, "tmpfs", 0, NULL) < 0)
		return 77;
	(void)snprintf(path, sizeof(path), "%s/top/mount/precious", place->path);
	if (fs_write_file(AT_FDCWD, path, SLICE("x"), 0644, &err) < 0)
		return 2;
	if (fs_remove_tree(AT_FDCWD, place->path, &err) == 0)
		return 3;
	return fs_exists(AT_FDCWD, path) ? 0 : 4;
}

static void remove_enters_no_mount(void **state)
{
	const struct place *place = *state;
	int status = in_child(remove_across_mount, place);
	if (status == 77) {
		print_message("no mounts possible here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void lock_excludes(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	write_text(place->fd, "lock", "");
	cleanup_fd int a = openat(place->fd, "lock", O_RDWR | O_CLOEXEC);
	cleanup_fd int b = openat(place->fd, "lock", O_RDWR | O_CLOEXEC);
	struct flock probe = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	assert_int_equal(fs_lock(a, &err), 0);
	assert_int_equal(fcntl(b, F_OFD_SETLK, &probe), -1);
	close_fd(&a);
	assert_int_equal(fs_lock(b, &err), 0);
}

static void bytes_are_locked_apart(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	write_text(place->fd, "lock", "");
	cleanup_fd int a = openat(place->fd, "lock", O_RDWR | O_CLOEXEC);
	cleanup_fd int b = openat(place->fd, "lock", O_RDWR | O_CLOEXEC);
	cleanup_fd int reader = openat(place->fd, "lock", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fs_lock_byte(a, 0, FS_EXCLUSIVE, &err), 0);
	assert_false(fs_try_lock_byte(b, 0, FS_SHARED));
	assert_int_equal(fs_lock_byte(b, 1, FS_SHARED, &err), 0);
	assert_true(fs_try_lock_byte(reader, 1, FS_SHARED));
	assert_false(fs_try_lock_byte(b, 1, FS_EXCLUSIVE));
	close_fd(&reader);
	assert_true(fs_try_lock_byte(b, 1, FS_EXCLUSIVE));
	assert_true(fs_try_lock_byte(a, 0, FS_UNLOCKED));
	assert_true(fs_try_lock_byte(b, 0, FS_SHARED));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(beneath_confines),
		TEST(own_does_not_follow_the_last),
		TEST(regular_means_regular),
		TEST(make_dirs),
		TEST(make_dirs_beneath),
		TEST(read_file_limits),
		TEST(write_file_replaces),
		TEST(abort_leaves_nothing),
		TEST(full_disk_leaves_nothing),
		TEST(list_is_sorted),
		TEST(map),
		TEST(remove_follows_no_link),
		TEST(remove_deep_and_read_only),
		TEST(remove_enters_no_mount),
		TEST(lock_excludes),
		TEST(bytes_are_locked_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
