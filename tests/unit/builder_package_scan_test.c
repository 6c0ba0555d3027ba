/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "tests/unit/builder_package_support.h"

struct built {
	struct place *place;
	struct package *package;
};

static int setup(void **state)
{
	struct built *built = calloc(1, sizeof(*built));
	struct error err = ERROR_INIT;
	void *place;
	if (!built || place_setup(&place) < 0)
		return -1;
	built->place = place;
	*state = built;
	if (package_new(&built->package, &err) < 0)
		return -1;
	built->package->name = "sample";
	built->package->version = "1.2-r3";
	return 0;
}

static int teardown(void **state)
{
	struct built *built = *state;
	void *place = built->place;
	package_free(&built->package);
	free(built);
	return place_teardown(&place);
}

/* A file of tests/cases/elf/good. */
static void add_elf(struct built *built, struct package *package, const char *path,
	const char *name, uint32_t mode)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	char from[256];
	(void)snprintf(from, sizeof(from), "tests/cases/elf/good/%s.elf", name);
	assert_ok(fs_read_file(AT_FDCWD, from, MIB, &bytes, &err));
	add_file(package->tree, built->place->store, path, buffer_slice(&bytes), mode);
}

static void add_text_file(
	struct built *built, const char *path, const char *text, uint32_t mode)
{
	add_file(built->package->tree, built->place->store, path, slice_str(text), mode);
}

static void assert_list(const struct package_list *list, const char *expected)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	for (size_t i = 0; i < list->count; i++)
		assert_ok(
			buffer_printf(&text, &err, "%s%s", i ? " " : "", list->items[i]));
	assert_string_equal(buffer_str(&text), expected);
}

static void scan(struct built *built, const struct package_scan_options *options)
{
	struct error err = ERROR_INIT;
	struct package_scan_options none = {0};
	assert_ok(package_scan(
		built->package, built->place->store, options ? options : &none, &err));
}

static void test_libraries(void **state)
{
	struct built *built = *state;
	add_elf(built, built->package, "usr/bin/tool", "pie", 0755);
	add_elf(built, built->package, "usr/lib/libsample.so.1", "library", 0644);
	scan(built, NULL);
	/* its own library is no dependency */
	assert_list(&built->package->depends, "so:ld-linux-x86-64.so.2");
	assert_list(&built->package->provides,
		"cmd:tool=1.2-r3 so-ver:libsample.so.1=1.2-r3 so:libsample.so.1=1");
}

static void test_private_library(void **state)
{
	struct built *built = *state;
	add_elf(built, built->package, "usr/lib/sample/libsample.so.1", "library", 0644);
	add_elf(built, built->package, "usr/bin/tool", "pie", 0700);
	scan(built, NULL);
	/* found nowhere by others, but the package's own program has it */
	assert_list(&built->package->depends, "so:ld-linux-x86-64.so.2");
	assert_list(&built->package->provides, "");
	assert_list(&built->package->vendored,
		"so-ver:libsample.so.1=1.2-r3 so:libsample.so.1=1");
	/* what the recipe declares is meant */
	static const char *declared[] = {"so:libsample.so.1"};
	built->package->depends = (struct package_list){declared, 1};
	scan(built, NULL);
	assert_list(
		&built->package->depends, "so:ld-linux-x86-64.so.2 so:libsample.so.1");
	/* until the loader is told to look there */
	add_text_file(built, "etc/ld.so.conf.d/s", "/usr/lib/sample\n", 0644);
	scan(built, NULL);
	assert_list(&built->package->provides, "");
	add_text_file(built, "etc/ld.so.conf.d/s.conf", "# x\n/usr/lib/sample/\n", 0644);
	built->package->depends.count = 0;
	scan(built, NULL);
	assert_list(&built->package->depends, "so:ld-linux-x86-64.so.2");
	assert_list(&built->package->provides,
		"so-ver:libsample.so.1=1.2-r3 so:libsample.so.1=1");
}

static void test_development_link(void **state)
{
	struct built *built = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *library = NULL;
	assert_ok(package_new(&library, &err));
	add_elf(built, library, "usr/lib/libsample.so.1", "library", 0755);
	add_link(built->package->tree, TREE_SYMLINK, "usr/lib/libsample.so",
		"libsample.so.1");
	add_link(built->package->tree, TREE_SYMLINK, "usr/lib/libother.so",
		"libother.so.1");
	const struct package *siblings[] = {built->package, library};
	struct package_scan_options options = {.siblings = siblings, .sibling_count = 2};
	scan(built, &options);
	assert_list(&built->package->depends, "so:libsample.so.1");
	/* any name of a library, wherever the link lies */
	built->package->depends.count = 0;
	assert_ok(tree_remove(built->package->tree, "usr/lib/libsample.so", &err));
	add_link(built->package->tree, TREE_SYMLINK, "opt/x/libsample.so.1.0",
		"../../usr/lib/libsample.so.1");
	scan(built, &options);
	assert_list(&built->package->depends, "so:libsample.so.1");
}

/* Another package of the recipe tells the loader where to look. */
static void test_configured_by_sibling(void **state)
{
	struct built *built = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *other = NULL;
	assert_ok(package_new(&other, &err));
	add_elf(built, built->package, "usr/lib/sample/libsample.so.1", "library", 0755);
	add_file(other->tree, built->place->store, "etc/ld.so.conf.d/s.conf",
		SLICE("/usr/lib/sample\n"), 0644);
	const struct package *siblings[] = {built->package, other};
	struct package_scan_options options = {.siblings = siblings, .sibling_count = 2};
	scan(built, &options);
	assert_list(&built->package->provides,
		"so-ver:libsample.so.1=1.2-r3 so:libsample.so.1=1");
	assert_list(&built->package->vendored, "");
}

/* A program with a soname is no library; a library that can be run is one. */
static void test_programs_with_sonames(void **state)
{
	struct built *built = *state;
	add_elf(built, built->package, "usr/lib/libtool", "library", 0755);
	scan(built, NULL);
	assert_list(&built->package->provides,
		"so-ver:libsample.so.1=1.2-r3 so:libsample.so.1=1");
}

static void test_languages(void **state)
{
	static const struct {
		const char *directory, *declared, *depends;
	} cases[] = {
		{"usr/lib/perl5/vendor_perl", "", "perl~5"},
		{"lib/perl5/site_perl", "", "perl~5"},
		{"usr/lib/perl5/vendor_perl", "perl", "perl"},
		{"usr/lib/perl5/vendor_perl", "perl-uri", "perl-uri perl~5"},
		{"usr/lib/perl5/core", "", ""},
		{"usr/lib/perlx/x_perl", "", ""},
		{"usr/lib/python3.13/site-packages", "", "python-3.13-base"},
		{"opt/x/lib/python3.9/site-packages", "", "python-3.9-base"},
		{"usr/lib/python3.13/site-packages", "python3", "python3"},
		{"usr/lib/python/site-packages", "", ""},
		{"usr/lib/python3.13/dist-packages", "", ""},
		{"usr/lib/ruby/gems/3.4.0/gems", "", "ruby-3.4"},
		{"usr/lib/ruby/gems/3.4.0/gems", "ruby-3.2", "ruby-3.2"},
		{"usr/lib/ruby/gems/3.4.0/gems", "ruby", "ruby"},
		{"usr/lib/ruby/gems/3/gems", "", ""},
		{"usr/share/man/man1", "", ""},
	};
	struct built *built = *state;
	struct error err = ERROR_INIT;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *declared[] = {cases[i].declared};
		add_directory(built->package->tree, cases[i].directory, 0755);
		built->package->depends =
			(struct package_list){declared, *cases[i].declared ? 1 : 0};
		scan(built, NULL);
		assert_list(&built->package->depends, cases[i].depends);
		assert_ok(tree_remove(built->package->tree, cases[i].directory, &err));
	}
}

static void test_pages(void **state)
{
	struct built *built = *state;
	built->package->name = "sample-doc";
	add_text_file(built, "usr/share/man/man1/x.1", "x", 0644);
	add_text_file(built, "usr/share/info/x.info", "x", 0644);
	add_text_file(built, "usr/share/doc/x", "x", 0644);
	scan(built, NULL);
	assert_list(&built->package->depends, "man-db texinfo");
}

static void test_commands(void **state)
{
	struct built *built = *state;
	add_text_file(built, "usr/bin/one", "#!/bin/sh\n", 0755);
	add_text_file(built, "bin/two", "#! /usr/bin/perl -w\nx", 0755);
	add_text_file(built, "usr/bin/three", "#!/usr/bin/env -S A=b ruby --x\n", 0755);
	add_text_file(built, "usr/bin/four", "#!/usr/bin/env python3\n", 0755);
	add_text_file(built, "usr/bin/plain", "text", 0644);
	add_text_file(built, "usr/sbin/[", "x", 0755);
	add_text_file(built, "usr/libexec/five", "#!/usr/bin/lua\n", 0755);
	add_link(built->package->tree, TREE_HARDLINK, "usr/bin/uno", "usr/bin/one");
	add_link(built->package->tree, TREE_SYMLINK, "usr/bin/eins", "one");
	scan(built, NULL);
	assert_list(&built->package->depends, "cmd:perl cmd:ruby");
	assert_list(&built->package->provides,
		"cmd:[=1.2-r3 cmd:four=1.2-r3 cmd:one=1.2-r3 cmd:three=1.2-r3 "
		"cmd:two=1.2-r3 "
		"cmd:uno=1.2-r3");
}

static void test_pkgconfig(void **state)
{
	struct built *built = *state;
	static const char text[] =
		"prefix=/usr\nName: x\nVersion: 9.9\nRequires: glib-2.0 >= 2.4, zlib\n"
		"Requires.private: liba = 1 libb libc>=2 ${var}\nConflicts: y\nLibs: "
		"-lx\n";
	add_text_file(built, "usr/lib/pkgconfig/x.pc", text, 0644);
	add_text_file(built, "usr/lib/other/y.pc", text, 0644);
	add_text_file(built, "usr/share/pkgconfig/sub/z.pc", text, 0644);
	scan(built, NULL);
	assert_list(
		&built->package->depends, "pc:glib-2.0 pc:liba pc:libb pc:libc pc:zlib");
	assert_list(&built->package->provides, "pc:x=1.2-r3");
	assert_list(&built->package->vendored, "pc:y=1.2-r3 pc:z=1.2-r3");
}

static void test_merge_and_switches(void **state)
{
	struct built *built = *state;
	static const char *depends[] = {
		"zlib", "cmd:tool", "cmd:tool>2", "!cmd:tool", "zlib"};
	static const char *provides[] = {"virtual", "virtual"};
	add_elf(built, built->package, "usr/bin/tool", "pie", 0755);
	built->package->depends = (struct package_list){depends, ARRAY_LEN(depends)};
	built->package->provides = (struct package_list){provides, 2};
	scan(built, NULL);
	assert_list(&built->package->depends,
		"!cmd:tool cmd:tool>2 so:ld-linux-x86-64.so.2 so:libsample.so.1 zlib");
	assert_list(&built->package->provides, "cmd:tool=1.2-r3 virtual");
	struct package_scan_options options = {.no_depends = true, .no_commands = true};
	built->package->depends = (struct package_list){depends, 1};
	built->package->provides = (struct package_list){provides, 1};
	scan(built, &options);
	assert_list(&built->package->depends, "zlib");
	assert_list(&built->package->provides, "virtual");
}

/* no-commands: of both kinds, but not those that are declared. */
static void test_no_commands(void **state)
{
	struct built *built = *state;
	static const char *declared[] = {"cmd:lua"};
	struct package_scan_options options = {.no_commands = true};
	add_text_file(built, "usr/bin/tool", "#!/usr/bin/perl\n", 0755);
	built->package->depends = (struct package_list){declared, 1};
	scan(built, &options);
	assert_list(&built->package->depends, "cmd:lua");
	assert_list(&built->package->provides, "");
}

static void test_malformed(void **state)
{
	struct built *built = *state;
	struct error err = ERROR_INIT;
	struct package_scan_options options = {0};
	static const char *bad[] = {"a b"};
	static const char broken[] =
		"\177ELF\2\1\1\0 and then nothing of what belongs there, "
		"but long enough for a header";
	add_file(built->package->tree, built->place->store, "usr/share/test/sample",
		slice_from(broken, sizeof(broken)), 0644);
	scan(built, NULL); /* data */
	add_file(built->package->tree, built->place->store, "usr/lib/x.so.1",
		slice_from(broken, sizeof(broken)), 0644);
	assert_refused(package_scan(built->package, built->place->store, &options, &err),
		ERR_INPUT, "/usr/lib/x.so.1: ELF");
	assert_ok(tree_remove(built->package->tree, "usr/lib/x.so.1", &err));
	built->package->depends = (struct package_list){bad, 1};
	assert_refused(package_scan(built->package, built->place->store, &options, &err),
		ERR_INPUT, "not one word");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_libraries),
		TEST(test_private_library),
		TEST(test_development_link),
		TEST(test_configured_by_sibling),
		TEST(test_programs_with_sonames),
		TEST(test_languages),
		TEST(test_pages),
		TEST(test_no_commands),
		TEST(test_commands),
		TEST(test_pkgconfig),
		TEST(test_merge_and_switches),
		TEST(test_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
