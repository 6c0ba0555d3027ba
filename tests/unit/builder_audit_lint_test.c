/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/audit/lint.h"
#include "tests/unit/builder_package_support.h"

/* One file that breaks the rule, and one beside it that does not. */
struct lint_case {
	const char *linter, *path;
	uint32_t mode;        /* 0: 0644 */
	const char *elf;      /* its content is this case of tests/cases/elf/good */
	const char *content;  /* else this; NULL: "x" */
	const char *again;    /* the same content once more, at this path */
	const char *innocent; /* path of a file of that mode that nobody minds */
	const char *not_of;   /* a package of this name may have it; NULL: nobody */
	const char *detail;   /* a part of what is said of it */
	enum tree_type type;  /* 0: a file */
};

static const struct lint_case cases[] = {
	{.linter = "binaryarch",
		.path = "usr/bin/x",
		.elf = "foreign",
		.detail = "architecture em-183"},
	{.linter = "cudaruntimelib",
		.path = "usr/lib/libcuda.so.1",
		.innocent = "usr/lib/libcudart.so.12"},
	{.linter = "cudaruntimelib",
		.path = "usr/lib/libnvidia-ml.so",
		.innocent = "usr/lib/libcuda.so.conf"},
	{.linter = "dev", .path = "dev/null0", .innocent = "usr/dev/x"},
	{.linter = "dll",
		.path = "usr/lib/x.dll",
		.innocent = "usr/lib/xdll",
		.not_of = "sample-dev"},
	{.linter = "documentation",
		.path = "usr/lib/x/README",
		.innocent = "usr/lib/x/README.py",
		.not_of = "sample-doc"},
	{.linter = "documentation",
		.path = "usr/share/doc/x/README",
		.innocent = "usr/share/docs",
		.not_of = "sample-doc"},
	{.linter = "duplicate",
		.path = "usr/share/b/x.txt",
		.content = "long",
		.again = "usr/share/a/x.txt",
		.detail = "same as /usr/share/a/x.txt"},
	{.linter = "dylib",
		.path = "usr/lib/x.dylib",
		.innocent = "usr/lib/dylib",
		.not_of = "sample-dev"},
	{.linter = "infodir",
		.path = "usr/share/info/dir",
		.innocent = "usr/share/infos/dir"},
	{.linter = "lddcheck",
		.path = "usr/bin/x",
		.elf = "pie",
		.detail = "needs libsample.so.1"},
	{.linter = "libtool/la-files",
		.path = "usr/lib/libx.la",
		.content = "# libx.la - a libtool library file\n"},
	{.linter = "maninfo",
		.path = "usr/share/man/man1/x.1",
		.innocent = "usr/share/manual",
		.not_of = "sample-doc"},
	{.linter = "maninfo", .path = "usr/local/share/man/man1/x.1"},
	{.linter = "nonlinux",
		.path = "usr/share/x-windows.txt",
		.innocent = "usr/share/windowsill"},
	{.linter = "nonlinux", .path = "usr/lib/x/net_MacOS_x.go"},
	{.linter = "object", .path = "usr/lib/x.o", .elf = "object"},
	{.linter = "opt",
		.path = "opt/x",
		.innocent = "usr/opt/x",
		.not_of = "sample-compat"},
	{.linter = "pkgconf",
		.path = "usr/lib/x.pc",
		.innocent = "usr/lib/pkgconfig/x.pc"},
	{.linter = "python/docs",
		.path = "usr/lib/python3.13/site-packages/docs",
		.type = TREE_DIRECTORY,
		.innocent = "usr/lib/python3.13/site-packages/x/docs"},
	{.linter = "python/multiple",
		.path = "usr/lib/python3.13/site-packages/two",
		.type = TREE_DIRECTORY,
		.innocent = "usr/lib/python3.13/site-packages/one/x",
		.detail = "beside one"},
	{.linter = "python/multiple",
		.path = "usr/lib/python3.13/site-packages/two.cpython-313.so",
		.innocent = "usr/lib/python3.13/site-packages/one.py",
		.detail = "beside one"},
	{.linter = "python/test",
		.path = "usr/lib/python3.13/site-packages/tests",
		.type = TREE_DIRECTORY,
		.innocent = "usr/lib/python3.13/site-packages/x/tests"},
	{.linter = "sbom",
		.path = "var/lib/db/sbom/x.spdx.json",
		.innocent = "var/lib/db/sbom/sample-.spdx.json"},
	{.linter = "setuidgid", .path = "usr/bin/x", .mode = 04755},
	{.linter = "setuidgid", .path = "usr/bin/y", .mode = 02755},
	{.linter = "setuidgid", .path = "usr/share/z", .mode = 01755},
	{.linter = "srv",
		.path = "srv/x",
		.innocent = "usr/srv/x",
		.not_of = "sample-compat"},
	{.linter = "staticarchive",
		.path = "usr/lib/libx.a",
		.content = "!<arch>\n",
		.not_of = "sample-dev"},
	{.linter = "strip", .path = "usr/bin/x", .elf = "weak"},
	{.linter = "tempdir", .path = "tmp/x", .innocent = "usr/tmp/x"},
	{.linter = "tempdir", .path = "var/tmp/x"},
	{.linter = "tempdir", .path = "var/run/x", .type = TREE_DIRECTORY},
	{.linter = "tempdir", .path = "run/x", .type = TREE_DIRECTORY},
	{.linter = "tempdir", .path = "run/x", .innocent = "usr/lib/tmpfiles.d/x.conf"},
	{.linter = "unsupportedarch",
		.path = "usr/share/x-ppc64le.bin",
		.innocent = "usr/include/linux/arm_sdei.h"},
	{.linter = "unsupportedarch", .path = "usr/share/RISCV64/x"},
	{.linter = "usrlocal",
		.path = "usr/local/x",
		.innocent = "usr/share/local/x",
		.not_of = "sample-compat"},
	{.linter = "usrmerge",
		.path = "bin",
		.type = TREE_DIRECTORY,
		.innocent = "usr/bin/z"},
	{.linter = "varempty", .path = "var/empty/x", .innocent = "var/emptyx"},
	{.linter = "worldwrite", .path = "usr/share/x", .mode = 0666},
	{.linter = "worldwrite",
		.path = "usr/share/x",
		.mode = 0777,
		.type = TREE_DIRECTORY},
};

/* What no linter minds that is an error by default, although it looks like it. */
static const struct lint_case innocents[] = {
	{.path = "dev/pts", .type = TREE_DIRECTORY},
	{.path = "run/x",
		.type = TREE_DIRECTORY,
		.innocent = "usr/lib/tmpfiles.d/x.conf"},
	{.path = "tmp/.x", .type = TREE_DIRECTORY},
	{.path = "usr/share/x", .mode = 02755, .type = TREE_DIRECTORY},
	{.path = "var/empty/x", .type = TREE_DIRECTORY},
	{.path = "var/tmp", .mode = 01777, .type = TREE_DIRECTORY},
	/* nor, of the others, the same text twice, a module and its metadata */
	{.path = "usr/share/a/License.txt",
		.content = "long",
		.again = "usr/share/b/License.txt"},
	{.path = "usr/lib/python3.13/site-packages/one.py",
		.innocent = "usr/lib/python3.13/site-packages/one/x"},
	{.path = "usr/lib/python3.13/site-packages/one-1.dist-info",
		.type = TREE_DIRECTORY,
		.innocent = "usr/lib/python3.13/site-packages/one/x"},
	{.path = "usr/share/alpha/x"},
};

static void read_elf(const char *name, struct buffer *out)
{
	struct error err = ERROR_INIT;
	char path[256];
	bool foreign = strcmp(name, "foreign") == 0;
	(void)snprintf(path, sizeof(path), "tests/cases/elf/good/%s.elf",
		foreign ? "library" : name);
	assert_ok(fs_read_file(AT_FDCWD, path, MIB, out, &err));
	if (foreign) { /* a 32 bit one of aarch64: only kind and machine are read */
		out->data[4] = 1;
		out->data[18] = (char)183;
	}
}

static void add_node(struct place *place, struct tree *tree, const struct lint_case *test,
	const char *path)
{
	cleanup_buffer struct buffer content = BUFFER_INIT;
	struct error err = ERROR_INIT;
	if (test->type == TREE_DIRECTORY && path == test->path) {
		add_directory(tree, path, test->mode ? test->mode : 0755);
		return;
	}
	if (test->elf)
		read_elf(test->elf, &content);
	else if (test->content && strcmp(test->content, "long") == 0)
		assert_ok(buffer_add_zeros(&content, 1024, &err));
	else
		assert_ok(buffer_add_str(
			&content, test->content ? test->content : path, &err));
	add_file(tree, place->store, path, buffer_slice(&content),
		test->mode ? test->mode : 0644);
}

static void make_package(struct place *place, const struct lint_case *test,
	const char *name, struct package **ret_package)
{
	struct error err = ERROR_INIT;
	assert_ok(package_new(ret_package, &err));
	set_text(*ret_package, &(*ret_package)->name, name);
	set_text(*ret_package, &(*ret_package)->architecture, "x86_64");
	add_node(place, (*ret_package)->tree, test, test->path);
	if (test->again)
		add_node(place, (*ret_package)->tree, test, test->again);
	if (test->innocent) {
		struct lint_case plain = {
			.path = test->innocent, .content = test->content};
		add_node(place, (*ret_package)->tree, &plain, test->innocent);
	}
}

/* Every linter on, so that what is found and what is not is the rule's doing. */
static void all_on(struct lint_options *options)
{
	for (size_t i = 0; i < LINT_COUNT; i++)
		options->levels.of[i] = LINT_WARNING;
}

static const struct lint_finding *find(const struct lint_report *report, const char *name)
{
	for (size_t i = 0; i < report->count; i++)
		if (strcmp(report->findings[i].linter->name, name) == 0)
			return &report->findings[i];
	return NULL;
}

static void check_case(struct place *place, const struct lint_case *test)
{
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL;
	cleanup_lint_report struct lint_report report = {0};
	struct lint_options options = {0};
	all_on(&options);
	make_package(place, test, "sample", &package);
	assert_ok(lint_package(package, place->store, &options, &report, &err));
	const struct lint_finding *finding = find(&report, test->linter);
	if (!finding)
		fail_msg("%s did not find /%s", test->linter, test->path);
	assert_string_equal(finding->path, test->path);
	if (finding->count != 1)
		fail_msg("%s found %zu files", test->linter, finding->count);
	if (test->detail && !strstr(finding->detail, test->detail))
		fail_msg("%s says \"%s\"", test->linter, finding->detail);
	if (!test->not_of)
		return;
	cleanup_package struct package *other = NULL;
	cleanup_lint_report struct lint_report none = {0};
	make_package(place, test, test->not_of, &other);
	assert_ok(lint_package(other, place->store, &options, &none, &err));
	assert_null(find(&none, test->linter));
}

static void test_cases(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_case(*state, &cases[i]);
}

static void test_innocents(void **state)
{
	struct place *place = *state;
	for (size_t i = 0; i < ARRAY_LEN(innocents); i++) {
		struct error err = ERROR_INIT;
		cleanup_package struct package *package = NULL;
		cleanup_lint_report struct lint_report report = {0};
		struct lint_options options = {0};
		all_on(&options);
		make_package(place, &innocents[i], "sample", &package);
		assert_ok(lint_package(package, place->store, &options, &report, &err));
		for (size_t f = 0; f < report.count; f++)
			if (*report.findings[f].path) /* some are nothing but a folder */
				fail_msg("%s minds /%s", report.findings[f].linter->name,
					report.findings[f].path);
	}
}

/* No linter without a case (the empty package has a test of its own), no case without. */
static void test_complete(void **state)
{
	(void)state;
	size_t levels[3] = {0};
	for (size_t i = 0; i < LINT_COUNT; i++) {
		const char *name = lint_linters[i].name;
		bool found = strcmp(name, "empty") == 0;
		for (size_t c = 0; c < ARRAY_LEN(cases); c++)
			found = found || strcmp(cases[c].linter, name) == 0;
		if (!found)
			fail_msg("no case for %s", name);
		if (i > 0)
			assert_true(strcmp(lint_linters[i - 1].name, name) < 0);
		levels[lint_linters[i].level]++;
	}
	assert_int_equal(levels[LINT_ERROR], 8);
	assert_int_equal(levels[LINT_WARNING], 20);
	assert_int_equal(levels[LINT_OFF], 2);
}

static void test_empty(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL;
	cleanup_lint_report struct lint_report report = {0}, again = {0};
	struct lint_options options = {0};
	all_on(&options);
	assert_ok(package_new(&package, &err));
	add_directory(package->tree, "usr", 0755);
	assert_ok(lint_package(package, place->store, &options, &report, &err));
	assert_int_equal(report.count, 1);
	assert_string_equal(report.findings[0].linter->name, "empty");
	add_link(package->tree, TREE_SYMLINK, "usr/x", "y");
	assert_ok(lint_package(package, place->store, &options, &again, &err));
	assert_int_equal(again.count, 0);
}

/* A library of another package satisfies, by its soname. */
static void test_provider(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL, *provider = NULL;
	cleanup_lint_report struct lint_report report = {0};
	struct lint_case test = {.path = "usr/bin/x", .elf = "pie"};
	const char *provides[] = {"so:libsample.so.1=1"};
	make_package(place, &test, "sample", &package);
	assert_ok(package_new(&provider, &err));
	provider->provides = (struct package_list){provides, 1};
	const struct package *providers[] = {provider};
	struct lint_options options = {.providers = providers, .provider_count = 1};
	all_on(&options);
	assert_ok(lint_package(package, place->store, &options, &report, &err));
	assert_null(find(&report, "lddcheck"));
}

static enum lint_level level_of(const struct lint_levels *levels, const char *name)
{
	for (size_t i = 0; i < LINT_COUNT; i++)
		if (strcmp(lint_linters[i].name, name) == 0)
			return levels->of[i];
	fail_msg("no linter %s", name);
	return LINT_OFF;
}

static void test_levels(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct lint_levels levels;
	static const char *const require[] = {"opt", "empty"},
				 *const warn[] = {"dev", "opt"},
				 *const off[] = {"dev", "srv"},
				 *const unknown[] = {"no-such"};
	static const struct lint_names none[LINT_ERROR + 1],
		given[] = {{off, 2}, {warn, 2}, {require, 2}},
		wrong[LINT_ERROR + 1] = {{unknown, 1}};
	const char *disabled[] = {"usrmerge", "opt", "strip", "unheard-of"};
	struct recipe_list list = {disabled, ARRAY_LEN(disabled)};
	assert_ok(lint_configure(none, &levels, &err));
	assert_int_equal(level_of(&levels, "dev"), LINT_ERROR);
	assert_int_equal(level_of(&levels, "empty"), LINT_OFF);
	assert_ok(lint_configure(given, &levels, &err));
	assert_int_equal(level_of(&levels, "dev"), LINT_WARNING);
	assert_int_equal(level_of(&levels, "opt"), LINT_ERROR);
	assert_int_equal(level_of(&levels, "empty"), LINT_ERROR);
	assert_int_equal(level_of(&levels, "srv"), LINT_OFF);
	lint_disable(&levels, &list);
	assert_int_equal(level_of(&levels, "usrmerge"), LINT_WARNING);
	assert_int_equal(level_of(&levels, "opt"), LINT_WARNING);
	assert_int_equal(level_of(&levels, "strip"), LINT_OFF);
	assert_refused(
		lint_configure(wrong, &levels, &err), ERR_USAGE, "no linter 'no-such'");
}

static void test_judge(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_package struct package *package = NULL;
	struct lint_options options = {0};
	struct lint_case test = {.path = "dev/null0", .again = "dev/null1"};
	for (enum lint_level level = LINT_OFF; level <= LINT_ERROR; level++) {
		cleanup_lint_report struct lint_report report = {0};
		package_free(&package);
		make_package(place, &test, "sample", &package);
		for (size_t i = 0; i < LINT_COUNT; i++)
			options.levels.of[i] = level;
		options.levels.of[0] = LINT_OFF;
		assert_ok(lint_package(package, place->store, &options, &report, &err));
		if (level != LINT_ERROR) {
			assert_int_equal(report.count, level == LINT_OFF ? 0 : 1);
			assert_ok(lint_judge(&report, "sample", &err));
			continue;
		}
		assert_int_equal(lint_judge(&report, "sample", &err), ERR_INPUT);
		assert_non_null(strstr(
			err.text, "package sample: dev: /dev/null0 (and 1 more): is in"));
		assert_non_null(strstr(err.remedy, "remove it after installing"));
		assert_non_null(strstr(err.remedy, "checks.disabled"));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cases),
		TEST(test_innocents),
		cmocka_unit_test(test_complete),
		TEST(test_empty),
		TEST(test_provider),
		cmocka_unit_test(test_levels),
		TEST(test_judge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
