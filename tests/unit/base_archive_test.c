/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/archive.h"
#include "base/compress.h"
#include "base/tar.h"

#define CASES       "tests/cases/archive/"
#define ALL_FILTERS (ARCHIVE_GZIP | ARCHIVE_BZIP2 | ARCHIVE_XZ | ARCHIVE_ZSTD)

/* ---- helpers ---- */

static void add(struct buffer *tar, enum tar_type type, const char *path,
	const char *link, struct slice content)
{
	struct error err = ERROR_INIT;
	struct tar_entry entry = {.type = type, .path = path, .link = link, .mode = 0644};

	assert_int_equal(tar_add_file(tar, &entry, content, &err), 0);
}

static void end(struct buffer *tar)
{
	struct error err = ERROR_INIT;

	assert_int_equal(tar_add_end(tar, &err), 0);
}

static struct archive_reader *open_slice(struct slice bytes, unsigned flags)
{
	struct error err = ERROR_INIT;
	struct reader *reader = NULL;
	struct archive_reader *archive = NULL;

	assert_int_equal(reader_from_slice(bytes, &reader, &err), 0);
	assert_int_equal(archive_open(&reader, flags, "test", &archive, &err), 0);
	assert_null(reader);
	return archive;
}

/* Reads all entries and all content that is not huge. */
static int read_all(struct archive_reader *archive, size_t *ret_count, struct error *err)
{
	const struct archive_entry_info *info;
	cleanup_buffer struct buffer content = BUFFER_INIT;

	for (*ret_count = 0;; (*ret_count)++) {
		if (archive_next(archive, &info, err) < 0)
			return err->class;
		if (!info)
			return 0;
		buffer_clear(&content);
		if (info->size > 1 << 20)
			continue;
		if (archive_read_all(archive, 1 << 20, &content, err) < 0)
			return err->class;
		assert_int_equal(content.len, info->size);
	}
}

static int read_slice(
	struct slice bytes, unsigned flags, size_t *ret_count, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_archive struct archive_reader *archive = NULL;

	error_clear(err);
	assert_int_equal(reader_from_slice(bytes, &reader, err), 0);
	if (archive_open(&reader, flags, "test", &archive, err) < 0)
		return err->class;
	return read_all(archive, ret_count, err);
}

static void load(const char *folder, const char *name, struct buffer *out)
{
	struct error err = ERROR_INIT;
	cleanup_reader struct reader *reader = NULL;
	char path[512];
	int fd;

	assert_true(snprintf(path, sizeof(path), CASES "%s/%s", folder, name) > 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(reader_from_fd(&fd, &reader, &err), 0);
	assert_int_equal(reader_read_all(reader, 1 << 20, out, &err), 0);
}

/* ---- the case folders ---- */

static size_t run_cases(const char *folder, bool good)
{
	char path[512];
	struct dirent *entry;
	size_t count = 0;
	DIR *directory;

	assert_true(snprintf(path, sizeof(path), CASES "%s", folder) > 0);
	directory = opendir(path);
	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		cleanup_buffer struct buffer bytes = BUFFER_INIT;
		cleanup_buffer struct buffer expect = BUFFER_INIT;
		struct error err = ERROR_INIT;
		size_t entries;
		int result;

		if (entry->d_name[0] == '.' ||
			slice_ends_with(slice_str(entry->d_name), SLICE(".expect")))
			continue;
		load(folder, entry->d_name, &bytes);
		result = read_slice(buffer_slice(&bytes), ALL_FILTERS, &entries, &err);
		if (!good) {
			assert_true(snprintf(path, sizeof(path), "%s.expect",
					    entry->d_name) > 0);
			load(folder, path, &expect);
		}
		if (result != (good ? 0 : ERR_INPUT) ||
			slice_find(slice_str(err.text),
				slice_trim(buffer_slice(&expect))) == SIZE_MAX)
			fail_msg("%s/%s: %s", folder, entry->d_name, err.text);
		count++;
	}
	assert_int_equal(closedir(directory), 0);
	return count;
}

static void good_cases(void **state)
{
	(void)state;
	assert_true(run_cases("good", true) >= 20);
}

static void bad_cases(void **state)
{
	(void)state;
	assert_true(run_cases("bad", false) >= 90);
}

/* ---- what entries say ---- */

static void entry_details(void **state)
{
	struct error err = ERROR_INIT;
	const struct archive_entry_info *info;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_buffer struct buffer content = BUFFER_INIT;
	cleanup_archive struct archive_reader *archive = NULL;

	(void)state;
	load("good", "tree.tar", &bytes);
	archive = open_slice(buffer_slice(&bytes), ARCHIVE_PLAIN);
	assert_int_equal(archive_next(archive, &info, &err), 0);
	assert_string_equal(info->path, "usr"); /* "./" is skipped */
	assert_int_equal(info->type, ARCHIVE_DIRECTORY);
	assert_int_equal(info->mode, 0755);
	assert_int_equal(archive_next(archive, &info, &err), 0);
	assert_string_equal(info->path, "usr/a");
	assert_string_equal(info->link, "");
	assert_string_equal(info->uname, "root");
	assert_int_equal(archive_read_all(archive, 8, &content, &err), 0);
	assert_string_equal(buffer_str(&content), "content\n");
	assert_int_equal(
		archive_read_all(archive, 8, &content, &err), 0); /* nothing is left */
	assert_int_equal(content.len, 8);
	assert_int_equal(archive_read_all(archive, 7, &content, &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(archive_next(archive, &info, &err), 0);
	assert_int_equal(info->type, ARCHIVE_SYMLINK);
	assert_string_equal(info->link, "../../x");
	assert_int_equal(archive_next(archive, &info, &err), 0);
	assert_int_equal(info->type, ARCHIVE_HARDLINK);
	assert_string_equal(info->link, "usr/a");
	assert_int_equal(archive_next(archive, &info, &err), 0);
	assert_int_equal(archive_next(archive, &info, &err), 0);
	assert_null(info);
	assert_int_equal(archive_next(archive, &info, &err), 0);
	assert_null(info);
}

static void extended_details(void **state)
{
	struct error err = ERROR_INIT;
	const struct archive_entry_info *info;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_buffer struct buffer more = BUFFER_INIT;
	cleanup_archive struct archive_reader *xattrs = NULL;
	cleanup_archive struct archive_reader *numbers = NULL;

	(void)state;
	load("good", "pax-xattr.tar", &bytes);
	xattrs = open_slice(buffer_slice(&bytes), ARCHIVE_PLAIN);
	assert_int_equal(archive_next(xattrs, &info, &err), 0);
	assert_int_equal(info->xattr_count, 2);
	assert_string_equal(info->xattrs[0].name, "user.a");
	assert_true(slice_equal(info->xattrs[0].value, SLICE("1\0002")));
	assert_string_equal(info->xattrs[1].name, "user.b");
	assert_true(slice_equal(info->xattrs[1].value, SLICE("b")));
	load("good", "base-256.tar", &more);
	numbers = open_slice(buffer_slice(&more), ARCHIVE_PLAIN);
	assert_int_equal(archive_next(numbers, &info, &err), 0);
	assert_int_equal(info->uid, 2097152);
	assert_int_equal(info->mtime, -2);
}

/* What tar.h writes comes back. */
static void written_and_read(void **state)
{
	struct error err = ERROR_INIT;
	const struct archive_entry_info *info;
	cleanup_buffer struct buffer tar = BUFFER_INIT;
	cleanup_archive struct archive_reader *archive = NULL;
	const struct tar_record records[] = {
		{"SCHILY.xattr.security.x", {"\0\1", 2}}, {"VENDOR.key", {"\0v", 2}}};
	char path[400];
	struct tar_entry entry = {.type = TAR_FILE,
		.path = path,
		.mode = 04755,
		.uid = UINT32_MAX,
		.gid = 7,
		.uname = "us\xc3\xa9r",
		.gname = "group",
		.mtime = 253402300799,
		.records = records,
		.record_count = 2};

	(void)state;
	memset(path, 'n', sizeof(path));
	path[200] = '/';
	path[399] = '\0';
	assert_int_equal(tar_add_file(&tar, &entry, SLICE("some"), &err), 0);
	end(&tar);
	archive = open_slice(buffer_slice(&tar), ARCHIVE_PLAIN);
	assert_int_equal(archive_next(archive, &info, &err), 0);
	assert_string_equal(info->path, path);
	assert_int_equal(info->mode, 04755);
	assert_int_equal(info->uid, UINT32_MAX);
	assert_int_equal(info->gid, 7);
	assert_string_equal(info->uname, "us\xc3\xa9r");
	assert_string_equal(info->gname, "group");
	assert_int_equal(info->mtime, 253402300799);
	assert_int_equal(info->size, 4);
	assert_int_equal(info->xattr_count, 1);
	assert_true(slice_equal(info->xattrs[0].value, SLICE("\0\1")));
	assert_int_equal(info->record_count, 1);
	assert_string_equal(info->records[0].name, "VENDOR.key");
	assert_true(slice_equal(info->records[0].value, SLICE("\0v")));
}

static void flags(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer tar = BUFFER_INIT;
	cleanup_buffer struct buffer twice = BUFFER_INIT;
	cleanup_buffer struct buffer packed = BUFFER_INIT;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	size_t count;

	(void)state;
	/* OPEN_ENDED: the end may be missing, but not half an entry. */
	add(&tar, TAR_FILE, "x", NULL, SLICE("12345"));
	assert_int_equal(
		read_slice(buffer_slice(&tar), ARCHIVE_OPEN_ENDED, &count, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(
		read_slice(buffer_slice(&tar), ARCHIVE_PLAIN, &count, &err), ERR_INPUT);
	assert_int_equal(read_slice(slice_sub(buffer_slice(&tar), 0, 600),
				 ARCHIVE_OPEN_ENDED, &count, &err),
		ERR_INPUT);
	/* DUPLICATES: of files, not of a file and a directory. */
	add(&twice, TAR_FILE, "x", NULL, SLICE("1"));
	add(&twice, TAR_SYMLINK, "x", "y", SLICE_EMPTY);
	assert_int_equal(read_slice(buffer_slice(&twice),
				 ARCHIVE_OPEN_ENDED | ARCHIVE_DUPLICATES, &count, &err),
		0);
	assert_int_equal(count, 2);
	add(&twice, TAR_DIRECTORY, "x", NULL, SLICE_EMPTY);
	assert_int_equal(read_slice(buffer_slice(&twice),
				 ARCHIVE_OPEN_ENDED | ARCHIVE_DUPLICATES, &count, &err),
		ERR_INPUT);
	/* STRIP_ROOT: one slash. */
	load("bad", "absolute.tar", &bytes);
	assert_int_equal(
		read_slice(buffer_slice(&bytes), ARCHIVE_STRIP_ROOT, &count, &err), 0);
	bytes.data[0] = '/';
	bytes.data[1] =
		'/'; /* the same sum would be luck: the checksum is tested first */
	assert_int_equal(
		read_slice(buffer_slice(&bytes), ARCHIVE_STRIP_ROOT, &count, &err),
		ERR_INPUT);
	/* Filters that were not asked for. */
	end(&tar);
	assert_int_equal(
		compress_member(COMPRESSION_ZSTD, buffer_slice(&tar), &packed, &err), 0);
	assert_int_equal(
		read_slice(buffer_slice(&packed), ARCHIVE_ZSTD, &count, &err), 0);
	assert_int_equal(
		read_slice(buffer_slice(&packed), ARCHIVE_GZIP, &count, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "zstd, which is not expected"));
}

/* ---- .deb ---- */

static void add_member(struct buffer *deb, const char *name, struct slice content)
{
	struct error err = ERROR_INIT;

	assert_int_equal(buffer_printf(deb, &err, "%-16s%-12s%-6s%-6s%-8s%-10zu`\n", name,
				 "0", "0", "0", "100644", content.len),
		0);
	assert_int_equal(buffer_add_slice(deb, content, &err), 0);
	if (content.len % 2 != 0)
		assert_int_equal(buffer_add_byte(deb, '\n', &err), 0);
}

static int read_deb(const struct buffer *deb, size_t *ret_count, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_archive struct archive_reader *archive = NULL;

	error_clear(err);
	assert_int_equal(reader_from_slice(buffer_slice(deb), &reader, err), 0);
	if (archive_open_deb(&reader, "x.deb", &archive, err) < 0)
		return err->class;
	return read_all(archive, ret_count, err);
}

static void debs(void **state)
{
	static const struct {
		const char *magic, *first, *format, *second, *third, *fourth, *reason;
	} cases[] = {
		{"!<arch>\n", "debian-binary", "2.0\n", "control.tar.xz", "data.tar.gz",
			NULL, NULL},
		{"!<arch>\n", "debian-binary/", "2.0\n", "control.tar/", "data.tar.gz/",
			NULL, NULL},
		{"!<thin>\n", "debian-binary", "2.0\n", "control.tar", "data.tar.gz",
			NULL, "not an ar"},
		{"!<arch>\n", "debian-bin", "2.0\n", "control.tar", "data.tar.gz", NULL,
			"first member"},
		{"!<arch>\n", "debian-binary", "3.0\n", "control.tar", "data.tar.gz",
			NULL, "format 2.0"},
		{"!<arch>\n", "debian-binary", "2.0\n", "data.tar.gz", "control.tar",
			NULL, "control.tar is expected"},
		{"!<arch>\n", "debian-binary", "2.0\n", "control.tar", "data.tar.lzma",
			NULL, "data.tar is expected"},
		{"!<arch>\n", "debian-binary", "2.0\n", "control.tar", "data.tar.xz",
			NULL, "not expected here"},
		{"!<arch>\n", "debian-binary", "2.0\n", "control.tar", "data.tar.gz",
			"_extra", "comes after data.tar"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		cleanup_buffer struct buffer deb = BUFFER_INIT;
		cleanup_buffer struct buffer data = BUFFER_INIT;
		size_t count = 0;

		load("good", "tree.tar.gz", &data);
		assert_int_equal(buffer_add_str(&deb, cases[i].magic, &err), 0);
		add_member(&deb, cases[i].first, slice_str(cases[i].format));
		add_member(&deb, cases[i].second, SLICE("whatever it holds"));
		add_member(&deb, cases[i].third, buffer_slice(&data));
		if (cases[i].fourth)
			add_member(&deb, cases[i].fourth, SLICE("x"));
		assert_int_equal(
			read_deb(&deb, &count, &err), cases[i].reason ? ERR_INPUT : 0);
		if (cases[i].reason)
			assert_non_null(strstr(err.text, cases[i].reason));
		else
			assert_int_equal(count, 5);
		/* Without its last bytes it is refused in any case. */
		deb.len -= data.len % 2 != 0 ? 2 : 1;
		assert_int_equal(read_deb(&deb, &count, &err), ERR_INPUT);
	}
}

/* ---- unpacking ---- */

static char scratch[] = "/tmp/alnage-archive-XXXXXX";

static int make_scratch(void **state)
{
	static int fd;

	memcpy(scratch + sizeof(scratch) - 7, "XXXXXX", 6);
	if (!mkdtemp(scratch))
		return -1;
	fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &fd;
	return fd < 0 ? -1 : 0;
}

/* Only what the tests below make: no recursion needed. */
static int remove_scratch(void **state)
{
	static const char *const names[] = {"root/usr/a", "root/usr/l", "root/usr/h",
		"root/usr/empty", "root/usr", "root/x", "root/d/e/f", "root/d/e",
		"root/d", "root/set", "root/private", "root/link", "root",
		"outside/inside/x", "outside/inside", "outside/x", "outside"};
	int fd = *(int *)*state;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (unlinkat(fd, names[i], 0) < 0)
			(void)unlinkat(fd, names[i], AT_REMOVEDIR); /* may not be there */
	(void)close(fd);
	return rmdir(scratch);
}

static int unpack(const struct buffer *tar, unsigned more, int fd, struct error *err)
{
	cleanup_archive struct archive_reader *archive =
		open_slice(buffer_slice(tar), ARCHIVE_OPEN_ENDED | more);

	error_clear(err);
	return archive_unpack(archive, fd, "root/", err);
}

static mode_t mode_of(int fd, const char *path)
{
	struct stat status;

	assert_int_equal(fstatat(fd, path, &status, AT_SYMLINK_NOFOLLOW), 0);
	return status.st_mode;
}

static void unpacking(void **state)
{
	int fd = *(int *)*state;
	struct error err = ERROR_INIT;
	struct stat one, two;
	cleanup_buffer struct buffer tree = BUFFER_INIT;
	cleanup_buffer struct buffer tar = BUFFER_INIT;
	const struct tar_entry set_id = {.type = TAR_FILE, .path = "set", .mode = 06777};
	const struct tar_entry private = {
		.type = TAR_FILE, .path = "private", .mode = 0100};
	char target[32] = "";
	mode_t old = umask(0177);

	load("good", "tree.tar", &tree);
	assert_int_equal(unpack(&tree, 0, fd, &err), 0);
	add(&tar, TAR_DIRECTORY, "usr", NULL, SLICE_EMPTY); /* there already: kept */
	add(&tar, TAR_FILE, "d/e/f", NULL, SLICE("f"));
	assert_int_equal(tar_add_header(&tar, &set_id, &err), 0);
	assert_int_equal(tar_add_header(&tar, &private, &err), 0);
	assert_int_equal(unpack(&tar, 0, fd, &err), 0);
	(void)umask(old); /* gives ours back */
	assert_int_equal(mode_of(fd, "root/usr/a"), S_IFREG | 0644);
	assert_int_equal(mode_of(fd, "root/set"), S_IFREG | 0755);
	assert_int_equal(mode_of(fd, "root/private"), S_IFREG | 0544);
	assert_int_equal(mode_of(fd, "root/d/e"), S_IFDIR | 0755);
	assert_int_equal(mode_of(fd, "root/usr"), S_IFDIR | 0755);
	assert_int_equal(readlinkat(fd, "root/usr/l", target, sizeof(target)), 7);
	assert_string_equal(target, "../../x");
	assert_int_equal(fstatat(fd, "root/usr/a", &one, 0), 0);
	assert_int_equal(fstatat(fd, "root/usr/h", &two, 0), 0);
	assert_int_equal(one.st_ino, two.st_ino);
	assert_int_equal(one.st_size, 8);
	/* O_EXCL: what is there is not written to. */
	assert_int_equal(unpack(&tree, 0, fd, &err), ERR_SYSTEM);
	assert_int_equal(err.sys, EEXIST);
	assert_non_null(strstr(err.text, "root/usr/a"));
}

static void replacing(void **state)
{
	int fd = *(int *)*state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer tar = BUFFER_INIT;

	add(&tar, TAR_FILE, "x", NULL, SLICE("first"));
	add(&tar, TAR_SYMLINK, "x", "/etc/passwd", SLICE_EMPTY);
	add(&tar, TAR_FILE, "x", NULL, SLICE("last one"));
	assert_int_equal(unpack(&tar, ARCHIVE_DUPLICATES, fd, &err), 0);
	assert_int_equal(mode_of(fd, "root/x"), S_IFREG | 0644);
}

/* A symlink that is there already: each way to use it is refused. */
static void planted_symlinks(void **state)
{
	int fd = *(int *)*state;
	struct error err = ERROR_INIT;
	static const struct {
		enum tar_type type;
		const char *path;
	} cases[] = {{TAR_FILE, "link/x"}, {TAR_FILE, "link/y/x"},
		{TAR_DIRECTORY, "link/y"}, {TAR_DIRECTORY, "link"}, {TAR_FILE, "link"},
		{TAR_FILE, "link/inside/x"}, {TAR_DIRECTORY, "link/inside/x"}};

	assert_int_equal(mkdirat(fd, "root", 0755), 0);
	assert_int_equal(mkdirat(fd, "outside", 0755), 0);
	assert_int_equal(mkdirat(fd, "outside/inside", 0755), 0);
	assert_int_equal(symlinkat("../outside", fd, "root/link"), 0);
	/* The attack works where nobody looks. */
	assert_int_equal(
		close(openat(fd, "root/link/x", O_CREAT | O_WRONLY | O_CLOEXEC, 0644)),
		0);
	assert_int_equal(unlinkat(fd, "outside/x", 0), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_buffer struct buffer tar = BUFFER_INIT;

		add(&tar, cases[i].type, cases[i].path, NULL, SLICE_EMPTY);
		assert_int_equal(unpack(&tar, 0, fd, &err), ERR_SYSTEM);
		assert_true(err.sys == ELOOP || err.sys == EEXIST || err.sys == ENOTDIR ||
			    err.sys == EXDEV);
	}
	/* Both are empty. */
	assert_int_equal(unlinkat(fd, "outside/inside", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(fd, "outside", AT_REMOVEDIR), 0);
}

static void bad_prefixes(void **state)
{
	static const char *const bad[] = {"x", "/x/", "/"};
	int fd = *(int *)*state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = ERROR_INIT;
		cleanup_archive struct archive_reader *archive =
			open_slice(SLICE_EMPTY, ARCHIVE_OPEN_ENDED);

		assert_int_equal(archive_unpack(archive, fd, bad[i], &err), ERR_BUG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_cases),
		cmocka_unit_test(bad_cases),
		cmocka_unit_test(entry_details),
		cmocka_unit_test(extended_details),
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(flags),
		cmocka_unit_test(debs),
		cmocka_unit_test_setup_teardown(unpacking, make_scratch, remove_scratch),
		cmocka_unit_test_setup_teardown(replacing, make_scratch, remove_scratch),
		cmocka_unit_test_setup_teardown(
			planted_symlinks, make_scratch, remove_scratch),
		cmocka_unit_test_setup_teardown(
			bad_prefixes, make_scratch, remove_scratch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
