/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/store.h"

/* echo -n hello | sha256sum */
#define HELLO      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define HELLO_BLOB "blobs/sha256/2c/" HELLO

struct place {
	char path[64];
	struct store *store;
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct error err = ERROR_INIT;
	if (!place)
		return -1;
	(void)snprintf(place->path, sizeof(place->path), "/tmp/alnage-store-XXXXXX");
	if (!mkdtemp(place->path) || store_open(place->path, &place->store, &err) < 0)
		return -1;
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	store_close(&place->store);
	int result = fs_remove_tree(AT_FDCWD, place->path, &err);
	free(place);
	return result;
}

static size_t count_names(const struct store *store, const char *folder)
{
	struct error err = ERROR_INIT;
	cleanup_names struct fs_names names = {0};
	cleanup_fd int fd = -1;
	if (!fs_exists(store_dirfd(store), folder))
		return 0;
	assert_int_equal(fs_open_dir(store_dirfd(store), folder, &fd, &err), 0);
	assert_int_equal(fs_list(fd, &names, &err), 0);
	return names.count;
}

static struct digest sha256(const char *hex)
{
	struct error err = ERROR_INIT;
	struct digest digest = {0};
	assert_int_equal(
		digest_parse_hex(DIGEST_SHA256, slice_str(hex), &digest, &err), 0);
	return digest;
}

static struct digest put(struct store *store, const char *text)
{
	struct error err = ERROR_INIT;
	struct digest digest = {0};
	assert_int_equal(store_put_blob(store, slice_str(text), &digest, &err), 0);
	return digest;
}

static void blobs_are_named_by_content(void **state)
{
	const struct place *place = *state;
	struct store *store = place->store;
	struct error err = ERROR_INIT;
	struct stat st;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct digest hello = sha256(HELLO), other = hello;
	other.bytes[0] ^= 1;
	assert_false(store_has_blob(store, &hello));
	struct digest digest = put(store, "hello");
	assert_true(digest_equal(&digest, &hello));
	assert_true(store_has_blob(store, &hello));
	assert_false(store_has_blob(store, &other));
	assert_int_equal(fstatat(store_dirfd(store), HELLO_BLOB, &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0444);
	static const char *const folders[] = {"blobs", "blobs/sha256", "blobs/sha256/2c"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		assert_int_equal(fstatat(store_dirfd(store), folders[i], &st, 0), 0);
		assert_int_equal(st.st_mode & 0777, 0755);
	}
	(void)put(store, "hello");
	assert_int_equal(store_read_blob(store, &digest, 5, &out, &err), 0);
	assert_string_equal(buffer_str(&out), "hello");
	assert_int_equal(store_read_blob(store, &digest, 4, &out, &err), ERR_INPUT);
	assert_string_equal(buffer_str(&out), "hello");
	error_clear(&err);
	assert_int_equal(store_read_blob(store, &other, 5, &out, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "is not in the store"));
	digest = put(store, "");
	buffer_clear(&out);
	error_clear(&err);
	assert_int_equal(store_read_blob(store, &digest, 0, &out, &err), 0);
	assert_int_equal(count_names(store, "tmp"), 0);
}

static void damage(const struct store *store, const char *text)
{
	cleanup_fd int fd = -1;
	assert_int_equal(fchmodat(store_dirfd(store), HELLO_BLOB, 0644, 0), 0);
	fd = openat(store_dirfd(store), HELLO_BLOB, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void damage_is_found(void **state)
{
	const struct place *place = *state;
	struct store *store = place->store;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_reader struct reader *reader = NULL;
	struct digest digest = put(store, "hello");
	damage(store, "hellO");
	assert_int_equal(store_blob_reader(store, &digest, &reader, &err), 0);
	assert_int_equal(reader_read_all(reader, 100, &out, &err), ERR_INPUT);
	error_clear(&err);
	buffer_clear(&out);
	assert_int_equal(buffer_add_str(&out, "before", &err), 0);
	assert_int_equal(store_read_blob(store, &digest, 100, &out, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "damaged"));
	assert_string_equal(buffer_str(&out), "before");
	assert_false(store_has_blob(store, &digest));
	/* what a crash has cut short is replaced when it is put again */
	digest = put(store, "hello");
	damage(store, "");
	(void)put(store, "hello");
	error_clear(&err);
	assert_int_equal(store_read_blob(store, &digest, 100, &out, &err), 0);
	assert_string_equal(buffer_str(&out), "beforehello");
}

static int put_expected(struct store *store, const char *text, uint64_t max,
	enum digest_algorithm algorithm, const char *expected_text, struct error *err)
{
	struct digest expected, digest = {0};
	uint64_t size = 0;
	cleanup_reader struct reader *reader = NULL;
	assert_int_equal(
		digest_of(algorithm, slice_str(expected_text), &expected, err), 0);
	assert_int_equal(reader_from_slice(slice_str(text), &reader, err), 0);
	int result =
		store_put_expected(store, reader, max, &expected, &digest, &size, err);
	if (result == 0) {
		assert_int_equal(size, strlen(text));
		assert_true(store_has_blob(store, &digest));
	}
	return result;
}

static void expected_content_only(void **state)
{
	const struct place *place = *state;
	struct store *store = place->store;
	struct error err = ERROR_INIT;
	assert_int_equal(
		put_expected(store, "evil", 10, DIGEST_SHA256, "hello", &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "expected was sha256:" HELLO));
	error_clear(&err);
	assert_int_equal(
		put_expected(store, "evil", 10, DIGEST_SHA512, "hello", &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(
		put_expected(store, "hello", 4, DIGEST_SHA256, "hello", &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "more than the allowed 4 bytes"));
	assert_int_equal(count_names(store, "tmp"), 0);
	assert_int_equal(count_names(store, "blobs/sha256"), 0);
	error_clear(&err);
	assert_int_equal(
		put_expected(store, "hello", 5, DIGEST_SHA512, "hello", &err), 0);
	assert_int_equal(
		put_expected(store, "hello", 5, DIGEST_SHA256, "hello", &err), 0);
}

static void streams_and_writers(void **state)
{
	const struct place *place = *state;
	struct store *store = place->store;
	struct error err = ERROR_INIT;
	struct digest digest = {0};
	uint64_t size = 0;
	cleanup_reader struct reader *reader = NULL;
	assert_int_equal(reader_from_slice(SLICE("hello"), &reader, &err), 0);
	assert_int_equal(store_put_stream(store, reader, 5, &digest, &size, &err), 0);
	assert_int_equal(size, 5);
	struct store_writer *writer = NULL, *given_up = NULL;
	assert_int_equal(store_writer_new(store, &writer, &err), 0);
	assert_int_equal(store_writer_new(store, &given_up, &err), 0);
	assert_int_equal(count_names(store, "tmp"), 2);
	assert_int_equal(store_writer_write(writer, "hel", 3, &err), 0);
	assert_int_equal(store_writer_write(writer, "lo", 2, &err), 0);
	assert_int_equal(store_writer_write(given_up, "x", 1, &err), 0);
	assert_int_equal(store_writer_commit(writer, &digest, NULL, &err), 0);
	store_writer_free(&writer);
	store_writer_free(&given_up);
	struct digest hello = sha256(HELLO);
	assert_true(digest_equal(&digest, &hello));
	assert_int_equal(count_names(store, "tmp"), 0);
	assert_int_equal(count_names(store, "blobs/sha256"), 1);
}

static void records(void **state)
{
	const struct place *place = *state;
	struct store *store = place->store;
	static const char *const bad[] = {
		"", ".", "..", ".x", "a/b", "a b", "\xc3\xa9", "a\n"};
	static const char *const bad_folders[] = {
		"", "/", "/x", "x/", "x//y", "../x", "x/.."};
	struct error err = ERROR_INIT;
	bool found = true;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	assert_int_equal(
		store_get_record(store, "packages", "k", 9, &out, &found, &err), 0);
	assert_false(found);
	assert_int_equal(store_put_record(store, "packages", "k", SLICE("one"), &err), 0);
	assert_int_equal(store_put_record(store, "packages", "k", SLICE("two"), &err), 0);
	assert_int_equal(store_put_record(store, "a/b+1", "k_-.Z9", SLICE("x"), &err), 0);
	assert_int_equal(
		store_get_record(store, "packages", "k", 9, &out, &found, &err), 0);
	assert_true(found);
	assert_string_equal(buffer_str(&out), "two");
	assert_int_equal(store_get_record(store, "packages", "k", 2, &out, &found, &err),
		ERR_INPUT);
	assert_int_equal(count_names(store, "packages"), 1);
	assert_int_equal(count_names(store, "tmp"), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		error_clear(&err);
		assert_int_equal(store_put_record(store, "p", bad[i], SLICE("x"), &err),
			ERR_INPUT);
		error_clear(&err);
		assert_int_equal(
			store_get_record(store, "p", bad[i], 9, &out, &found, &err),
			ERR_INPUT);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_folders); i++) {
		error_clear(&err);
		assert_int_equal(
			store_put_record(store, bad_folders[i], "k", SLICE("x"), &err),
			ERR_INPUT);
	}
}

/* Several processes write the same and other blobs, and count under a lock. */
static int work(const char *path)
{
	struct error err = ERROR_INIT;
	cleanup_store struct store *store = NULL;
	if (store_open(path, &store, &err) < 0)
		return 1;
	for (unsigned i = 0; i < 50; i++) {
		char text[32];
		struct digest digest;
		bool found = false;
		uint64_t number = 0;
		cleanup_fd int lock = -1;
		cleanup_buffer struct buffer count = BUFFER_INIT, out = BUFFER_INIT;
		(void)snprintf(text, sizeof(text), "blob %u", i);
		if (store_put_blob(store, slice_str(text), &digest, &err) < 0 ||
			store_read_blob(store, &digest, 100, &out, &err) < 0)
			return 2;
		if (store_lock(store, "test", "count", &lock, &err) < 0 ||
			store_get_record(
				store, "test", "count", 100, &count, &found, &err) < 0)
			return 3;
		if (found && slice_parse_u64(
				     buffer_slice(&count), 10, 10000, &number, &err) < 0)
			return 4;
		(void)snprintf(text, sizeof(text), "%u", (unsigned)number + 1);
		if (store_put_record(store, "test", "count", slice_str(text), &err) < 0)
			return 5;
	}
	return 0;
}

static void several_processes(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer count = BUFFER_INIT;
	pid_t children[4];
	bool found = false;
	for (size_t i = 0; i < ARRAY_LEN(children); i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(work(place->path));
	}
	for (size_t i = 0; i < ARRAY_LEN(children); i++) {
		int status = 0;
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(store_get_record(place->store, "test", "count", 100, &count,
				 &found, &err),
		0);
	assert_string_equal(buffer_str(&count), "200");
	assert_int_equal(count_names(place->store, "tmp"), 0);
}

static void leftovers_are_swept(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	const struct timespec old[2] = {
		{.tv_sec = time(NULL) - 2 * 86400}, {.tv_sec = time(NULL) - 2 * 86400}};
	char busy[64];
	cleanup_fd int dirfd = -1, busy_fd = -1;
	cleanup_store struct store *again = NULL;
	int tmp = store_dirfd(place->store);
	assert_int_equal(fs_make_dirs(tmp, "tmp/old-dir/sub", 0755, &dirfd, &err), 0);
	assert_int_equal(fs_write_file(tmp, "tmp/old", SLICE("x"), 0444, &err), 0);
	assert_int_equal(fs_write_file(tmp, "tmp/new", SLICE("x"), 0444, &err), 0);
	assert_int_equal(
		store_make_temp_dir(place->store, busy, sizeof(busy), &busy_fd, &err), 0);
	assert_int_equal(utimensat(tmp, "tmp/old", old, 0), 0);
	assert_int_equal(utimensat(tmp, "tmp/old-dir", old, 0), 0);
	assert_int_equal(utimensat(tmp, busy, old, 0), 0);
	assert_int_equal(store_open(place->path, &again, &err), 0);
	assert_false(fs_exists(tmp, "tmp/old"));
	assert_false(fs_exists(tmp, "tmp/old-dir"));
	assert_true(fs_exists(tmp, "tmp/new"));
	assert_true(fs_exists(tmp, busy));
	close_fd(&busy_fd);
	store_close(&again);
	assert_int_equal(store_open(place->path, &again, &err), 0);
	assert_false(fs_exists(tmp, busy));
}

static void path_from_the_environment(void **state)
{
	const struct place *place = *state;
	struct error err = ERROR_INIT;
	char expected[128];
	struct stat st;
	cleanup_store struct store *a = NULL, *b = NULL, *c = NULL, *d = NULL;
	(void)snprintf(expected, sizeof(expected), "%s/own", place->path);
	assert_int_equal(setenv("ALNAGE_STORE", expected, 1), 0);
	assert_int_equal(store_open(NULL, &a, &err), 0);
	assert_string_equal(store_path(a), expected);
	assert_int_equal(stat(expected, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	assert_int_equal(unsetenv("ALNAGE_STORE"), 0);
	assert_int_equal(setenv("XDG_CACHE_HOME", place->path, 1), 0);
	assert_int_equal(store_open(NULL, &b, &err), 0);
	(void)snprintf(expected, sizeof(expected), "%s/alnage", place->path);
	assert_string_equal(store_path(b), expected);
	assert_int_equal(setenv("XDG_CACHE_HOME", "relative", 1), 0);
	assert_int_equal(setenv("HOME", place->path, 1), 0);
	assert_int_equal(store_open(NULL, &c, &err), 0);
	(void)snprintf(expected, sizeof(expected), "%s/.cache/alnage", place->path);
	assert_string_equal(store_path(c), expected);
	assert_int_equal(setenv("HOME", "", 1), 0);
	assert_int_equal(store_open(NULL, &d, &err), ERR_USAGE);
	error_clear(&err);
	assert_int_equal(store_open("", &d, &err), ERR_USAGE);
	error_clear(&err);
	assert_int_equal(store_open("/proc/nothing", &d, &err), ERR_SYSTEM);
	assert_non_null(strstr(err.text, "opening the store /proc/nothing"));
}

/* ---- a full disk, in a child ---- */

static bool write_proc(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

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

static int put_too_much(const char *path, int expected_sys)
{
	static const char block[1 << 20];
	struct error err = ERROR_INIT;
	struct digest digest;
	cleanup_store struct store *store = NULL;
	if (store_open(path, &store, &err) < 0)
		return 1;
	if (store_put_blob(store, slice_from(block, sizeof(block)), &digest, &err) !=
		ERR_SYSTEM)
		return 2;
	if (err.sys != expected_sys || !strstr(err.text, path) ||
		!strstr(err.remedy, "room"))
		return 3;
	error_clear(&err);
	if (store_put_record(store, "p", "k", slice_from(block, sizeof(block)), &err) !=
		ERR_SYSTEM)
		return 4;
	if (count_names(store, "tmp") != 0 || count_names(store, "blobs/sha256") != 0)
		return 5;
	error_clear(&err);
	return store_put_blob(store, SLICE("small"), &digest, &err) == 0 ? 0 : 6;
}

static int full_file_system(const char *path)
{
	if (!enter_namespace() || mount("none", path, "tmpfs", 0, "size=128k") < 0)
		return 77;
	return put_too_much(path, ENOSPC);
}

static int full_quota(const char *path)
{
	const struct rlimit limit = {4096, 4096};
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		return 77;
	return put_too_much(path, EFBIG);
}

static void check_in_child(int (*function)(const char *path), const char *path)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0)
		_exit(function(path));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("not possible here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

static void full_disk_quota(void **state)
{
	const struct place *place = *state;
	check_in_child(full_quota, place->path);
}

static void full_disk(void **state)
{
	const struct place *place = *state;
	check_in_child(full_file_system, place->path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	(void)umask(077); /* sandboxes read the store all the same */
	const struct CMUnitTest tests[] = {
		TEST(blobs_are_named_by_content),
		TEST(damage_is_found),
		TEST(expected_content_only),
		TEST(streams_and_writers),
		TEST(records),
		TEST(several_processes),
		TEST(leftovers_are_swept),
		TEST(path_from_the_environment),
		TEST(full_disk_quota),
		TEST(full_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
