/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/package/elf.h"
#include "tests/unit/builder_package_support.h"

#define CASES "tests/cases/elf/"

/*
 * The good cases were made with gcc 12 and GNU ld from one-line programs without any
 * library; their names say what is special about them. The bad ones are those with one
 * field changed.
 */
static void read_case(const char *name, struct arena *arena, struct elf_info *ret_info)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	char path[256];
	(void)snprintf(path, sizeof(path), CASES "good/%s.elf", name);
	assert_ok(fs_read_file(AT_FDCWD, path, MIB, &bytes, &err));
	assert_ok(elf_read(buffer_slice(&bytes), arena, ret_info, &err));
}

static int setup(void **state)
{
	struct error err = ERROR_INIT;
	struct arena *arena = NULL;
	int result = arena_new(&arena, &err);
	*state = arena;
	return result;
}

static int teardown(void **state)
{
	struct arena *arena = *state;
	arena_free(&arena);
	return 0;
}

static void test_library(void **state)
{
	struct elf_info info;
	read_case("library", *state, &info);
	assert_int_equal(info.kind, ELF_KIND_SHARED);
	assert_string_equal(info.machine, "x86_64");
	assert_string_equal(info.soname, "libsample.so.1");
	assert_string_equal(info.build_id, "0123abcd");
	assert_string_equal(info.interpreter, "");
	assert_int_equal(info.needed_count, 0);
	assert_true(info.relro && info.bind_now && info.nx_stack);
	assert_true(info.no_rwx_segment && info.no_text_relocations);
	assert_true(info.stripped && !info.has_debug && !info.pie && !info.is_static);
	assert_true(info.ibt && info.shstk && !info.bti && !info.pac);
	assert_false(info.stack_protector || info.stack_protector_unknown);
}

static void test_pie(void **state)
{
	struct elf_info info;
	read_case("pie", *state, &info);
	assert_int_equal(info.kind, ELF_KIND_EXECUTABLE);
	assert_string_equal(info.interpreter, "/lib64/ld-linux-x86-64.so.2");
	assert_int_equal(info.needed_count, 1);
	assert_string_equal(info.needed[0], "libsample.so.1");
	assert_string_equal(info.runpath, "$ORIGIN/../lib");
	assert_string_equal(info.rpath, "");
	assert_true(info.pie && info.relro && info.bind_now && info.nx_stack);
	assert_false(info.is_static || info.ibt || info.imports_dlopen);
}

/* Everything that hardening guides warn of, in one file. */
static void test_weak(void **state)
{
	struct elf_info info;
	read_case("weak", *state, &info);
	assert_int_equal(info.kind, ELF_KIND_EXECUTABLE);
	assert_string_equal(info.rpath, "/opt/x");
	assert_string_equal(info.runpath, "");
	assert_string_equal(info.build_id, "");
	assert_false(info.pie || info.relro || info.bind_now || info.nx_stack);
	assert_false(info.stripped);
	assert_true(info.has_debug);
	assert_true(info.no_rwx_segment);
	read_case("rwx", *state, &info);
	assert_false(info.no_rwx_segment);
}

static void test_static(void **state)
{
	struct elf_info info;
	read_case("static", *state, &info);
	assert_int_equal(info.kind, ELF_KIND_EXECUTABLE);
	assert_true(info.is_static && info.bind_now && !info.pie);
	/* nothing to see: no symbols, and no code that loads the canary */
	assert_true(info.stack_protector_unknown && !info.stack_protector);
	read_case("canary", *state, &info);
	assert_true(info.stripped && info.is_static);
	assert_true(info.stack_protector && !info.stack_protector_unknown);
	read_case("static-pie", *state, &info);
	assert_true(info.is_static && info.pie && info.relro && info.bind_now);
	assert_int_equal(info.kind, ELF_KIND_EXECUTABLE);
}

static void test_dlopen(void **state)
{
	static const char *const names[] = {
		"libfirst.so.1", "libsecond.so.2", "libplug.so.3", "lib%s.so"};
	struct elf_info info;
	read_case("dlopen", *state, &info);
	assert_true(info.imports_dlopen);
	assert_int_equal(info.dlopen_count, ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		bool found = false;
		for (size_t j = 0; j < info.dlopen_count; j++)
			found |= strcmp(info.dlopen_names[j], names[i]) == 0;
		if (!found)
			fail_msg("%s was not found", names[i]);
	}
	assert_int_equal(info.fortified, 1);
	assert_int_equal(info.fortifiable, 1);
}

static void test_others(void **state)
{
	struct error err = ERROR_INIT;
	struct elf_info info;
	read_case("object", *state, &info);
	assert_int_equal(info.kind, ELF_KIND_RELOCATABLE);
	assert_false(info.stripped || info.pie || info.nx_stack);
	/* another class, another byte order: kind and machine, no more */
	char header[64] = "\177ELF\1\2\1";
	header[17] = 2;
	header[19] = 8;
	assert_ok(elf_read(slice_from(header, 52), *state, &info, &err));
	assert_int_equal(info.kind, ELF_KIND_EXECUTABLE);
	assert_string_equal(info.machine, "em-8");
	assert_string_equal(info.soname, "");
	assert_false(elf_is(SLICE("#!/bin/sh")));
	assert_refused(
		elf_read(SLICE("\177ELF"), *state, &info, &err), ERR_INPUT, "cut short");
}

/* What every Linux machine has: the test itself and its C library. */
static void test_real(void **state)
{
	struct error err = ERROR_INIT;
	struct elf_info info;
	cleanup_fd int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	cleanup_mapping struct fs_mapping mapping = {0};
	assert_ok(fs_map(fd, &mapping, &err));
	assert_ok(elf_read(mapping.bytes, *state, &info, &err));
	assert_int_equal(info.kind, ELF_KIND_EXECUTABLE);
	assert_true(info.pie && info.needed_count > 1 && !info.stripped);
	bool libc = false;
	for (size_t i = 0; i < info.needed_count; i++)
		libc |= strcmp(info.needed[i], "libc.so.6") == 0;
	assert_true(libc);
}

static void check_bad(const char *name, struct arena *arena)
{
	struct error err = ERROR_INIT;
	struct elf_info info;
	char path[512], message[2048];
	cleanup_buffer struct buffer bytes = BUFFER_INIT, expect = BUFFER_INIT;
	(void)snprintf(path, sizeof(path), CASES "bad/%s", name);
	assert_ok(fs_read_file(AT_FDCWD, path, MIB, &bytes, &err));
	(void)snprintf(path, sizeof(path), CASES "bad/%s.expect", name);
	assert_ok(fs_read_file(AT_FDCWD, path, 4096, &expect, &err));
	struct slice text = buffer_slice(&expect), line;
	assert_true(slice_cut(&text, '\n', &line));
	if (elf_read(buffer_slice(&bytes), arena, &info, &err) != ERR_INPUT)
		fail_msg("%s was accepted", name);
	error_format(&err, message, sizeof(message));
	if (slice_find(slice_str(message), line) == SIZE_MAX)
		fail_msg("%s: \"%s\"", name, message);
}

static void test_bad(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_fd int fd = -1;
	cleanup_names struct fs_names names = {0};
	size_t seen = 0;
	assert_ok(fs_open_dir(AT_FDCWD, CASES "bad", &fd, &err));
	assert_ok(fs_list(fd, &names, &err));
	for (size_t i = 0; i < names.count; i++)
		if (slice_ends_with(slice_str(names.items[i]), SLICE(".elf"))) {
			check_bad(names.items[i], *state);
			seen++;
		}
	assert_true(seen > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_library),
		TEST(test_pie),
		TEST(test_weak),
		TEST(test_static),
		TEST(test_dlopen),
		TEST(test_others),
		TEST(test_real),
		TEST(test_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
