/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oci/reference.h"
#include "tests/unit/oci_cases.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The canonical form names the same thing and is its own canonical form. */
static int parse(struct slice text, struct error *err)
{
	cleanup_reference struct reference *first = NULL, *second = NULL;

	if (reference_parse(text, &first, err) < 0) {
		assert_int_equal(err->class, ERR_USAGE);
		return err->class;
	}
	if (reference_parse(slice_str(first->text), &second, err) < 0)
		fail_msg("canonical form %s is refused: %s", first->text, err->text);
	assert_string_equal(first->text, second->text);
	assert_int_equal(first->kind, second->kind);
	return 0;
}

static void cases(void **state)
{
	(void)state;
	cases_run("reference", parse, parse);
}

static void fields(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum reference_kind kind;
		const char *place, *name, *tag, *canonical;
		bool has_digest;
	} table[] = {
		{"oci:a/b:v1", REFERENCE_LAYOUT, "a/b", NULL, "v1", "oci:a/b:v1", false},
		{"oci:a/b", REFERENCE_LAYOUT, "a/b", NULL, NULL, "oci:a/b", false},
		{"oci:a@sha256:" HEX, REFERENCE_LAYOUT, "a", NULL, NULL,
			"oci:a@sha256:" HEX, true},
		{"oci:a:t@sha256:" HEX, REFERENCE_LAYOUT, "a", NULL, "t",
			"oci:a:t@sha256:" HEX, true},
		{"oci-archive:/x.tar:t", REFERENCE_ARCHIVE, "/x.tar", NULL, "t",
			"oci-archive:/x.tar:t", false},
		{"docker://Reg.Example:5/a/b:t", REFERENCE_REGISTRY, "reg.example:5",
			"a/b", "t", "reg.example:5/a/b:t", false},
		{"docker.io/alpine", REFERENCE_REGISTRY, "docker.io", "library/alpine",
			NULL, "docker.io/library/alpine", false},
		{"registry-1.docker.io/a", REFERENCE_REGISTRY, "docker.io", "library/a",
			NULL, "docker.io/library/a", false},
		{"index.docker.io/a/b", REFERENCE_REGISTRY, "docker.io", "a/b", NULL,
			"docker.io/a/b", false},
		{"localhost/a:1@sha256:" HEX, REFERENCE_REGISTRY, "localhost", "a", "1",
			"localhost/a:1@sha256:" HEX, true},
		{"[::1]:5000/a", REFERENCE_REGISTRY, "[::1]:5000", "a", NULL,
			"[::1]:5000/a", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_reference struct reference *reference = NULL;
		struct error err = ERROR_INIT;

		if (reference_parse(slice_str(table[i].text), &reference, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(reference->kind, table[i].kind);
		assert_string_equal(reference->text, table[i].canonical);
		assert_int_equal(reference->has_digest, table[i].has_digest);
		assert_string_equal(table[i].name ? reference->registry : reference->path,
			table[i].place);
		if (table[i].name)
			assert_string_equal(reference->repository, table[i].name);
		assert_int_equal(reference->tag == NULL, table[i].tag == NULL);
		if (table[i].tag)
			assert_string_equal(reference->tag, table[i].tag);
	}
}

static void missing_registry_has_a_remedy(void **state)
{
	(void)state;
	cleanup_reference struct reference *reference = NULL;
	struct error err = ERROR_INIT;

	assert_int_equal(reference_parse(SLICE("busybox"), &reference, &err), ERR_USAGE);
	assert_string_equal(
		err.text, "image reference \"busybox\": no registry is named");
	assert_non_null(strstr(err.remedy, "oci:DIR"));
}

/* Pipelines keep what is printed. */
static void passwords_are_not_shown(void **state)
{
	(void)state;
	static const struct {
		const char *text, *message;
	} table[] = {
		{"me:secret@r.example/a", "\"@r.example/a\": a user name or password"},
		{"docker://me:secret@r.example/a:t@sha256:" HEX, "\"@r.example/a:t@sha"},
		{"docker://me:sec/ret@r.example/a", "\"@r.example/a\": a user name"},
		{"https://me:secret@r.example/a", "neither oci:"},
		{"me:se@sha256:cret@r.example", "\"@r.example\": "},
		{"r.example/a@md5:1", "\"r.example/a@md5:1\": "},
		{"oci:a@b:", "\"oci:a@b:\": "},
		{"r.example/a@sha256:1", "\"r.example/a@sha256:1\": "},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_reference struct reference *reference = NULL;
		struct error err = ERROR_INIT;

		assert_int_equal(
			reference_parse(slice_str(table[i].text), &reference, &err),
			ERR_USAGE);
		if (!strstr(err.text, table[i].message) || strstr(err.text, "ret"))
			fail_msg("%s", err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(fields),
		cmocka_unit_test(missing_registry_has_a_remedy),
		cmocka_unit_test(passwords_are_not_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
