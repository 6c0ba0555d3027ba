/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "builder/audit/elf_audit.h"
#include "tests/unit/builder_package_support.h"

/* The answers in the order of elf_check_names: p(assed), f(ailed), u(nknown), n(ot). */
static const struct {
	const char *name, *kind, *answers;
} cases[] = {
	/* pie relro now nx rwx textrel rpath canary stripped */
	{"library", "library", "nppppppfp"},
	{"pie", "executable", "ppppppffp"},
	{"static-pie", "executable", "pppppppup"},
	{"weak", "executable", "ffff" /* and what follows */},
	{"object", "object", "nnnnnnnnn"},
};

static void add_elf(struct place *place, struct tree *tree, const char *name)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	char path[256];
	(void)snprintf(path, sizeof(path), "tests/cases/elf/good/%s.elf", name);
	assert_ok(fs_read_file(AT_FDCWD, path, MIB, &bytes, &err));
	(void)snprintf(path, sizeof(path), "usr/bin/%s", name);
	add_file(tree, place->store, path, buffer_slice(&bytes), 0755);
}

static void check_answers(const struct elf_audit_file *file, const char *answers)
{
	static const char letters[] = "pfun";
	for (size_t i = 0; answers[i]; i++)
		if (letters[file->answers[i]] != answers[i])
			fail_msg("%s: %s is %c, not %c", file->path, elf_check_names[i],
				letters[file->answers[i]], answers[i]);
}

static void test_answers(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_tree struct tree *tree = NULL;
		cleanup_elf_audit struct elf_audit *audit = NULL;
		assert_ok(tree_new(&tree, &err));
		add_elf(place, tree, cases[i].name);
		assert_ok(elf_audit_run(tree, place->store, &audit, &err));
		assert_int_equal(audit->count, 1);
		assert_string_equal(audit->files[0].kind, cases[i].kind);
		check_answers(&audit->files[0], cases[i].answers);
	}
}

/* Text is not looked at; links are the same file; a broken file is told, not dropped. */
static void test_totals(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_tree struct tree *tree = NULL;
	cleanup_elf_audit struct elf_audit *audit = NULL;
	assert_ok(tree_new(&tree, &err));
	add_elf(place, tree, "weak");
	add_elf(place, tree, "object");
	add_link(tree, TREE_HARDLINK, "usr/bin/weaker", "usr/bin/weak");
	add_link(tree, TREE_SYMLINK, "usr/bin/weakest", "weak");
	add_file(tree, place->store, "usr/bin/script", SLICE("#!/bin/sh\n"), 0755);
	add_file(tree, place->store, "usr/bin/cut",
		SLICE("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0"), 0755);
	assert_ok(elf_audit_run(tree, place->store, &audit, &err));
	assert_int_equal(audit->count, 3);
	assert_string_equal(audit->files[0].path, "usr/bin/cut");
	assert_string_equal(audit->files[0].kind, "malformed");
	assert_non_null(strstr(audit->files[0].reason, "cut short"));
	check_answers(&audit->files[0], "uuuuuuuuu");
	assert_int_equal(audit->failing, 1);
	assert_int_equal(audit->hardened, 1); /* an object: nothing to ask */
	assert_int_equal(audit->totals[0][ELF_FAILED], 1);
	assert_int_equal(audit->totals[0][ELF_UNKNOWN], 1);
	assert_int_equal(audit->totals[0][ELF_NOT_APPLICABLE], 1);
	assert_int_equal(audit->totals[0][ELF_PASSED], 0);
}

static void test_report(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_tree struct tree *tree = NULL;
	cleanup_elf_audit struct elf_audit *audit = NULL;
	cleanup_json json_t *report = NULL;
	assert_ok(tree_new(&tree, &err));
	add_elf(place, tree, "pie");
	assert_ok(elf_audit_run(tree, place->store, &audit, &err));
	assert_ok(elf_audit_to_json(audit, &report, &err));
	json_t *file = json_array_get(json_object_get(report, "files"), 0);
	json_t *checks = json_object_get(file, "checks");
	assert_int_equal(json_object_size(checks), ELF_CHECKS);
	assert_string_equal(
		json_string_value(json_object_get(checks, "no-rpath")), "failed");
	assert_string_equal(
		json_string_value(json_object_get(file, "path")), "usr/bin/pie");
	assert_string_equal(
		json_string_value(json_object_get(file, "machine")), "x86_64");
	assert_int_equal(json_integer_value(json_object_get(report, "failing")), 1);
	json_t *total = json_object_get(json_object_get(report, "checks"), "no-rpath");
	assert_int_equal(json_integer_value(json_object_get(total, "failed")), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers), TEST(test_totals), TEST(test_report)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
