/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/tar.h"

#define A100                                                                             \
	"a123456789b123456789c123456789d123456789e123456789f123456789g123456789h1234567" \
	"89i123456789j123456789"

static struct slice text_at(const struct buffer *out, size_t at)
{
	return slice_str(out->data + at);
}

static void simple_file(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct tar_entry entry = {.type = TAR_FILE,
		.path = "usr/bin/x",
		.mode = 0100755,
		.uid = 1,
		.gid = 2,
		.uname = "root",
		.mtime = 1700000000};
	unsigned sum = 8 * ' ';

	(void)state;
	assert_int_equal(tar_add_file(&out, &entry, SLICE("content"), &err), 0);
	assert_int_equal(out.len, 1024);
	assert_true(slice_equal_str(text_at(&out, 0), "usr/bin/x"));
	assert_true(slice_equal_str(text_at(&out, 100), "0000755"));
	assert_true(slice_equal_str(text_at(&out, 108), "0000001"));
	assert_true(slice_equal_str(text_at(&out, 116), "0000002"));
	assert_true(slice_equal_str(text_at(&out, 124), "00000000007"));
	assert_true(slice_equal_str(text_at(&out, 136), "14524770400"));
	assert_memory_equal(out.data + 257, "ustar\00000root\0", 13);
	assert_memory_equal(out.data + 512, "content\0\0", 9);
	for (size_t i = 0; i < 512; i++)
		sum += i < 148 || i >= 156 ? (unsigned char)out.data[i] : 0;
	assert_int_equal(out.data[154], 0);
	assert_int_equal(out.data[155], ' ');
	{
		uint64_t said = 0;

		assert_int_equal(
			slice_parse_u64(text_at(&out, 148), 8, 1 << 20, &said, &err), 0);
		assert_int_equal(said, sum);
	}
	assert_int_equal(tar_add_end(&out, &err), 0);
	assert_int_equal(out.len, 2048);
}

static void padding(void **state)
{
	(void)state;
	assert_int_equal(tar_padding(0), 0);
	assert_int_equal(tar_padding(1), 511);
	assert_int_equal(tar_padding(512), 0);
	assert_int_equal(tar_padding(UINT64_MAX), 1);
}

/* name and prefix: what is in the header; 0 or 1 pax headers before it. */
static void check_header(const struct tar_entry *entry, const char *name,
	const char *prefix, const char *records)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	size_t at = records ? 1024 : 0;

	assert_int_equal(tar_add_header(&out, entry, &err), 0);
	assert_int_equal(out.len, at + 512);
	assert_true(
		slice_equal(slice_from(out.data + at, strlen(name)), slice_str(name)));
	assert_true(slice_equal(
		slice_from(out.data + at + 345, strlen(prefix)), slice_str(prefix)));
	assert_int_equal(out.data[at + 345 + strlen(prefix)], 0);
	if (records) {
		assert_int_equal(out.data[156], 'x');
		assert_non_null(strstr(out.data, "PaxHeaders.0"));
		assert_true(slice_equal_str(text_at(&out, 100), "0000000"));
		assert_true(slice_equal_str(text_at(&out, 512), records));
	}
}

static void long_names(void **state)
{
	struct tar_entry entry = {.type = TAR_FILE, .path = A100};

	(void)state;
	check_header(&entry, A100, "", NULL);
	entry.path = "d/" A100;
	check_header(&entry, A100, "d", NULL);
	entry.path = A100 "/e/" A100;
	check_header(&entry, A100, A100 "/e", NULL);
	entry.path = A100 "x";
	check_header(&entry, A100, "", "111 path=" A100 "x\n");
	entry.type = TAR_DIRECTORY;
	entry.directory_slash = true;
	entry.path = "d/e";
	check_header(&entry, "d/e/", "", NULL);
	/* With its slash it does not fit: the record is without. */
	entry.path = A100;
	check_header(&entry, A100, "", "110 path=" A100 "\n");
	entry.type = TAR_FILE;
	entry.path = "s\xc3\xa4ge";
	check_header(&entry, "sge", "", "14 path=s\xc3\xa4ge\n");
}

/* What archive/tar of Go writes, so that others' packages are ours to the byte. */
static void pax_headers(void **state)
{
	const struct tar_record given[] = {{"APK-TOOLS.checksum.SHA1", {"00", 2}}};
	struct tar_entry entry = {.type = TAR_FILE,
		.path = "usr/bin/x",
		.records = given,
		.record_count = 1};
	char name[128] = "", path[128], said[256];
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;

	(void)state;
	assert_int_equal(tar_add_header(&out, &entry, &err), 0);
	assert_true(slice_equal_str(text_at(&out, 0), "usr/bin/PaxHeaders.0/x"));
	assert_int_equal(out.data[329], 0); /* no device */
	/* a path that would fit with a prefix is a record beside others */
	(void)snprintf(name, sizeof(name), "d/%.98s", A100);
	entry.path = "d/" A100;
	check_header(
		&entry, name, "", "30 APK-TOOLS.checksum.SHA1=00\n112 path=d/" A100 "\n");
	buffer_clear(&out);
	assert_int_equal(tar_add_header(&out, &entry, &err), 0);
	(void)snprintf(name, sizeof(name), "d/PaxHeaders.0/%.85s0000000", A100);
	assert_true(slice_equal_str(text_at(&out, 0), name)); /* the mode behind it */
	/* what is cut does not end like a directory */
	(void)snprintf(path, sizeof(path), "%.99s/x", A100);
	(void)snprintf(name, sizeof(name), "%.99s", A100);
	(void)snprintf(
		said, sizeof(said), "30 APK-TOOLS.checksum.SHA1=00\n111 path=%s\n", path);
	entry.path = path;
	buffer_clear(&out);
	assert_int_equal(tar_add_header(&out, &entry, &err), 0);
	assert_true(slice_equal_str(text_at(&out, 512), said));
	assert_memory_equal(out.data + 1024, name, 100);
}

static void records(void **state)
{
	const struct tar_record given[] = {{"APK-TOOLS.checksum.SHA1", {"00", 2}},
		{"SCHILY.xattr.user.a", {"b", 1}}};
	struct tar_entry entry = {.type = TAR_FILE,
		.path = "x",
		.uid = 2097152,
		.size = 8589934592,
		.records = given,
		.record_count = 2};

	(void)state;
	check_header(&entry, "x", "",
		"30 APK-TOOLS.checksum.SHA1=00\n25 SCHILY.xattr.user.a=b\n"
		"19 size=8589934592\n15 uid=2097152\n");
	entry = (struct tar_entry){.type = TAR_SYMLINK, .path = "l", .link = A100 "y"};
	check_header(&entry, "l", "", "115 linkpath=" A100 "y\n");
	/* The length that changes its own number of digits: 9 becomes 11, 98 becomes 101.
	 */
	{
		const struct tar_record odd[] = {{"k", {"12345", 5}}, {"k2", {A100, 93}}};

		entry = (struct tar_entry){
			.type = TAR_FILE, .path = "x", .records = odd, .record_count = 2};
		check_header(&entry, "x", "",
			"11 k=12345\n101 k2="
			"a123456789b123456789c123456789d123456789e123456789"
			"f123456789g123456789h123456789i123456789j12\n");
	}
}

static void refused(void **state)
{
	static const struct tar_entry bad[] = {
		{.type = TAR_FILE, .path = ""},
		{.type = TAR_FILE, .path = "/x"},
		{.type = TAR_DIRECTORY, .path = "x/"},
		{.type = TAR_SYMLINK, .path = "x"},
		{.type = TAR_SYMLINK, .path = "x", .link = ""},
		{.type = TAR_FILE, .path = "x", .link = "y"},
		{.type = TAR_DIRECTORY, .path = "x", .size = 1},
		{.type = TAR_FILE, .path = "x", .mtime = -1},
		{.type = TAR_FILE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = ERROR_INIT;
		cleanup_buffer struct buffer out = BUFFER_INIT;

		assert_int_equal(buffer_add_str(&out, "<", &err), 0);
		assert_int_equal(tar_add_header(&out, &bad[i], &err), ERR_BUG);
		assert_string_equal(buffer_str(&out), "<");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simple_file),
		cmocka_unit_test(padding),
		cmocka_unit_test(long_names),
		cmocka_unit_test(pax_headers),
		cmocka_unit_test(records),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
