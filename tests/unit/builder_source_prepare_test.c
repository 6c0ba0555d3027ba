/* SPDX-License-Identifier: Apache-2.0 */
/* Small .debs made here, put in the store, unpacked to layers, and run in a sandbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/tar.h"
#include "builder/sandbox/sandbox.h"
#include "builder/source/toolchain.h"
#include "tests/unit/builder_as_user.h"

#define DEBS 24

static const char *home;
static struct error err;

static void check(int status)
{
	if (status < 0)
		fail_msg("%s (%s)", err.text, err.remedy);
}

static void add_member(struct buffer *deb, const char *name, struct slice content)
{
	check(buffer_printf(deb, &err, "%-16s%-12s%-6s%-6s%-8s%-10zu`\n", name, "0", "0",
		"0", "100644", content.len));
	check(buffer_add_slice(deb, content, &err));
	if (content.len % 2)
		check(buffer_add_byte(deb, '\n', &err));
}

/* usr/share/common/<n> and a set-id usr/bin/tool<n>. */
static void make_data(struct buffer *tar, unsigned n)
{
	char path[64];
	static const char *const directories[] = {"usr", "usr/bin", "usr/share",
		"usr/share/a", "usr/share/a/b", "usr/share/a/b/c"};
	for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
		struct tar_entry entry = {
			.type = TAR_DIRECTORY, .path = directories[i], .mode = 0755};
		check(tar_add_header(tar, &entry, &err));
	}
	(void)snprintf(path, sizeof(path), "usr/bin/tool%u", n);
	struct tar_entry tool = {.type = TAR_FILE, .path = path, .mode = 04755};
	check(tar_add_file(tar, &tool, SLICE("#!/bin/sh\n"), &err));
	(void)snprintf(path, sizeof(path), "usr/share/a/b/c/%u", n);
	struct tar_entry data = {.type = TAR_FILE, .path = path, .mode = 0600};
	check(tar_add_file(tar, &data, SLICE("data\n"), &err));
	check(tar_add_end(tar, &err));
}

static void make_deb(struct buffer *deb, unsigned n)
{
	cleanup_buffer struct buffer data = BUFFER_INIT, control = BUFFER_INIT;
	make_data(&data, n);
	check(tar_add_end(&control, &err));
	check(buffer_add_str(deb, "!<arch>\n", &err));
	add_member(deb, "debian-binary", SLICE("2.0\n"));
	add_member(deb, "control.tar", buffer_slice(&control));
	add_member(deb, "data.tar", buffer_slice(&data));
}

static struct store *open_store(void)
{
	char path[300];
	struct store *store = NULL;
	err = ERROR_INIT;
	(void)snprintf(path, sizeof(path), "%s/store", home);
	check(store_open(path, &store, &err));
	return store;
}

static struct toolchain *make_toolchain(struct store *store)
{
	cleanup_buffer struct buffer yaml = BUFFER_INIT, lock = BUFFER_INIT;
	struct toolchain *toolchain = NULL;
	check(buffer_add_str(&yaml,
		"version: 1\nsuite: s\ncomponent: main\narchitecture: amd64\nbase: b\n"
		"groups:\n  b:\n    debian: [p0]\n  empty:\n"
		"directories: [/home/build, /usr/share/a/own]\n"
		"links:\n  /usr/bin/sh: ../tool0\n  /bin: usr/bin\n"
		"files:\n  /etc/x:\n    mode: \"0755\"\n    content: hello\n",
		&err));
	check(buffer_add_str(&lock,
		"{\"version\":1,\"suite\":\"s\",\"architecture\":\"amd64\",\"packages\":"
		"{",
		&err));
	for (unsigned i = 0; i < DEBS; i++) {
		cleanup_buffer struct buffer deb = BUFFER_INIT;
		struct digest digest;
		char hex[DIGEST_TEXT_MAX];
		make_deb(&deb, i);
		check(store_put_blob(store, buffer_slice(&deb), &digest, &err));
		check(buffer_printf(&lock, &err,
			"%s\"p%u\":{\"path\":\"pool/"
			"p%u.deb\",\"sha256\":\"%s\",\"size\":%zu,"
			"\"version\":\"1\"}",
			i ? "," : "", i, i, digest_format_hex(&digest, hex), deb.len));
	}
	check(buffer_add_str(&lock, "},\"groups\":{\"b\":[\"p0\"", &err));
	for (unsigned i = 1; i < DEBS; i++)
		check(buffer_printf(&lock, &err, ",\"p%u\"", i));
	check(buffer_add_str(&lock, "]}}", &err));
	check(toolchain_load_text(
		buffer_slice(&yaml), "y", buffer_slice(&lock), "l", &toolchain, &err));
	return toolchain;
}

static void free_directories(char ***directories, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free((*directories)[i]);
	free(*directories);
	*directories = NULL;
}

static struct stat stat_below(struct store *store, const char *layer, const char *path)
{
	char whole[512];
	struct stat st;
	(void)snprintf(whole, sizeof(whole), "%s/%s", layer, path);
	if (fstatat(store_dirfd(store), whole, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", whole, strerror(errno));
	return st;
}

static void layers_are_made_once(void **state)
{
	(void)state;
	static const struct source_options offline = {.offline = true};
	char **directories = NULL;
	char path[64];
	size_t count = 0;
	uid_t uid;
	gid_t gid;
	sandbox_outer_ids(&uid, &gid);
	cleanup_store struct store *store = open_store();
	cleanup_toolchain struct toolchain *toolchain = make_toolchain(store);
	cleanup_toolchain_layers struct toolchain_layers layers = {0};
	const char *names[] = {"empty"};
	struct recipe_list list = {names, 1};
	check(toolchain_select(toolchain, &list, &layers, &err));
	check(toolchain_prepare(
		toolchain, &layers, &offline, store, &directories, &count, &err));
	assert_int_equal(count, 3); /* declared, empty, b */
	for (unsigned i = 0; i < DEBS; i++) {
		(void)snprintf(path, sizeof(path), "usr/bin/tool%u", i);
		struct stat st = stat_below(store, directories[2], path);
		assert_int_equal(st.st_mode, S_IFREG | 0755); /* no set-id */
		assert_int_equal(st.st_uid, uid);
		(void)snprintf(path, sizeof(path), "usr/share/a/b/c/%u", i);
		st = stat_below(store, directories[2], path);
		assert_int_equal(st.st_mode & 0444, 0444);
	}
	struct stat file = stat_below(store, directories[0], "etc/x");
	assert_int_equal(file.st_mode, S_IFREG | 0755);
	assert_int_equal(file.st_uid, uid);
	assert_int_equal(file.st_size, 5);
	assert_true(S_ISLNK(stat_below(store, directories[0], "usr/bin/sh").st_mode));
	assert_true(
		S_ISDIR(stat_below(store, directories[0], "usr/share/a/own").st_mode));
	free_directories(&directories, count);
	check(toolchain_prepare(
		toolchain, &layers, &offline, store, &directories, &count, &err));
	assert_int_equal(stat_below(store, directories[0], "etc/x").st_ino, file.st_ino);
	free_directories(&directories, count);
}

static void damage(struct store *store, const struct digest *digest)
{
	char hex[DIGEST_TEXT_MAX], path[200];
	(void)digest_format_hex(digest, hex);
	(void)snprintf(path, sizeof(path), "blobs/sha256/%.2s/%s", hex, hex);
	assert_int_equal(fchmodat(store_dirfd(store), path, 0644, 0), 0);
	cleanup_fd int fd = openat(store_dirfd(store), path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "X", 1, 3000), 1);
}

static void damaged_packages_leave_nothing(void **state)
{
	(void)state;
	static const struct source_options offline = {.offline = true};
	char **directories = NULL;
	cleanup_names struct fs_names left = {0};
	size_t count = 0;
	cleanup_fd int tmp = -1;
	cleanup_store struct store *store = open_store();
	cleanup_toolchain struct toolchain *toolchain = make_toolchain(store);
	cleanup_toolchain_layers struct toolchain_layers layers = {0};
	struct recipe_list none = {0};
	check(toolchain_select(toolchain, &none, &layers, &err));
	check(fs_remove_tree(store_dirfd(store), "roots", &err));
	damage(store, &layers.debs[5].digest);
	assert_int_equal(toolchain_prepare(toolchain, &layers, &offline, store,
				 &directories, &count, &err),
		ERR_INPUT);
	assert_non_null(strstr(err.text, layers.debs[5].name));
	assert_null(directories);
	error_clear(&err);
	/* The next try will fetch it. */
	assert_false(store_has_blob(store, &layers.debs[5].digest));
	assert_true(store_has_blob(store, &layers.debs[4].digest));
	check(fs_open_dir(store_dirfd(store), "tmp", &tmp, &err));
	check(fs_list(tmp, &left, &err));
	assert_int_equal(left.count, 0);
}

static void missing_packages_need_a_network(void **state)
{
	(void)state;
	static const struct source_options offline = {.offline = true};
	static const struct source_options no_mirror;
	char **directories = NULL;
	size_t count = 0;
	cleanup_store struct store *store = open_store();
	cleanup_toolchain struct toolchain *toolchain = make_toolchain(store);
	cleanup_toolchain_layers struct toolchain_layers layers = {0};
	struct recipe_list none = {0};
	check(toolchain_select(toolchain, &none, &layers, &err));
	check(fs_remove_tree(store_dirfd(store), "roots", &err));
	check(fs_remove_tree(store_dirfd(store), "blobs/sha256", &err));
	assert_int_equal(toolchain_prepare(toolchain, &layers, &offline, store,
				 &directories, &count, &err),
		ERR_NETWORK);
	assert_non_null(strstr(err.remedy, "--offline"));
	error_clear(&err);
	assert_int_equal(toolchain_prepare(toolchain, &layers, &no_mirror, store,
				 &directories, &count, &err),
		ERR_NETWORK);
	assert_non_null(strstr(err.remedy, "--mirror"));
}

static int tests(const char *directory)
{
	const struct CMUnitTest group[] = {
		cmocka_unit_test(layers_are_made_once),
		cmocka_unit_test(damaged_packages_leave_nothing),
		cmocka_unit_test(missing_packages_need_a_network),
	};
	home = directory;
	return cmocka_run_group_tests_name("toolchain prepare", group, NULL, NULL);
}

int main(void)
{
	(void)umask(077); /* the builder's identity reads the store all the same */
	return test_run_as_everybody(tests);
}
