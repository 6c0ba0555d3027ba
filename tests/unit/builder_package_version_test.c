/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/index.h"
#include "tests/unit/builder_package_support.h"

static void test_order(void **state)
{
	(void)state;
	/* oldest first */
	static const char *const sorted[] = {"0", "0.1_alpha", "0.1_alpha1", "0.1_beta",
		"0.1_pre2", "0.1_rc", "0.1_rc1-r3", "0.1", "0.1-r0", "0.1-r1", "0.1-r10",
		"0.1_cvs", "0.1_git20240101", "0.1_hg", "0.1_p1", "0.1a", "0.1b", "0.1.0",
		"0.1.01", "0.1.1", "0.2", "0.10", "1.0", "1.0~0a1b", "1.0~0a1c", "1.0.1",
		"2", "10", "18446744073709551616", "18446744073709551617"};
	struct error err = ERROR_INIT;
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++)
		for (size_t j = 0; j < ARRAY_LEN(sorted); j++) {
			int order = 9, expected = i == j ? 0 : i < j ? -1 : 1;
			assert_ok(version_compare(slice_str(sorted[i]),
				slice_str(sorted[j]), false, &order, &err));
			if (order != expected)
				fail_msg("%s, %s: %d", sorted[i], sorted[j], order);
		}
}

static void test_fractions(void **state)
{
	(void)state;
	/* a leading zero makes digits behind a point compare like a fraction */
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {{"1.2", "1.02", 1}, {"1.010", "1.01", 1}, {"1.09", "1.1", -1},
		{"1.9", "1.10", -1}, {"01", "1", 0}, {"1-r01", "1-r1", 0},
		{"1_p01", "1_p1", 0}, {"1.0", "1.00", -1}};
	struct error err = ERROR_INIT;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int order = 9;
		assert_ok(version_compare(slice_str(cases[i].a), slice_str(cases[i].b),
			false, &order, &err));
		if (order != cases[i].order)
			fail_msg("%s, %s: %d", cases[i].a, cases[i].b, order);
	}
}

static void test_malformed(void **state)
{
	(void)state;
	static const char *const versions[] = {"", "a", ".1", "1.", "1..2", "1_",
		"1_post", "1_alphax", "1-r", "1-1", "1-r1-r2", "1-r1_p1", "1~", "1~xyz",
		"1~ab~cd", "1ab", "1a1", "1 ", " 1", "1+2", "1:2", "v1", "1.0-R1", "1\n",
		"-1"};
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct error err = ERROR_INIT;
		if (version_check(slice_str(versions[i]), &err) != ERR_INPUT)
			fail_msg("\"%s\" was accepted", versions[i]);
	}
	struct error err = ERROR_INIT;
	assert_refused(version_check(slice_from("1\0", 2), &err), ERR_INPUT, "malformed");
}

static void test_atoms(void **state)
{
	(void)state;
	static const struct {
		const char *text, *name, *version, *tag;
		enum atom_op op;
		bool conflict;
	} cases[] = {{"busybox", "busybox", "", "", ATOM_ANY, false},
		{"!busybox", "busybox", "", "", ATOM_ANY, true},
		{"so:libc.so.6", "so:libc.so.6", "", "", ATOM_ANY, false},
		{"cmd:[=1.0-r0", "cmd:[", "1.0-r0", "", ATOM_EQ, false},
		{"pc:zlib>=1.2", "pc:zlib", "1.2", "", ATOM_GE, false},
		{"a<=1", "a", "1", "", ATOM_LE, false},
		{"a<1", "a", "1", "", ATOM_LT, false},
		{"a>1", "a", "1", "", ATOM_GT, false},
		{"a~1.2", "a", "1.2", "", ATOM_FUZZY, false},
		{"a=~1.2", "a", "1.2", "", ATOM_FUZZY, false},
		{"a~=1.2", "a", "1.2", "", ATOM_FUZZY, false},
		{"a>~1.2", "a", "1.2", "", ATOM_FUZZY_GE, false},
		{"a<~1.2", "a", "1.2", "", ATOM_FUZZY_LE, false},
		{"a>=~1.2", "a", "1.2", "", ATOM_FUZZY_GE, false},
		{"a==1", "a", "1", "", ATOM_EQ, false},
		{"a@local", "a", "", "local", ATOM_ANY, false},
		{"a@local=1", "a", "1", "local", ATOM_EQ, false},
		{"a=1@edge", "a", "1", "edge", ATOM_EQ, false},
		{"libstdc++", "libstdc++", "", "", ATOM_ANY, false},
		{"/bin/sh", "/bin/sh", "", "", ATOM_ANY, false}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		struct atom atom;
		assert_ok(atom_parse(slice_str(cases[i].text), &atom, &err));
		assert_true(slice_equal_str(atom.name, cases[i].name));
		assert_true(slice_equal_str(atom.version, cases[i].version));
		assert_true(slice_equal_str(atom.tag, cases[i].tag));
		assert_int_equal(atom.op, cases[i].op);
		assert_int_equal(atom.conflict, cases[i].conflict);
	}
	static const char *const bad[] = {"", "!", "=1", "a=", "a= 1", "a b", "a><Q1abc",
		"a<>=1", "a<~>1", "a====1", "a=1=2", "a@", "a@x@y", "a@x=1@y", "a=1.x",
		"a!b", "a\tb", "!!a", "a=1@x~"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = ERROR_INIT;
		struct atom atom;
		if (atom_parse(slice_str(bad[i]), &atom, &err) != ERR_INPUT)
			fail_msg("\"%s\" was accepted", bad[i]);
	}
}

static void test_matches(void **state)
{
	(void)state;
	static const struct {
		const char *atom, *version;
		bool matches;
	} cases[] = {{"a", "1", true}, {"a", "", true}, {"a=1", "", false},
		{"a=1", "1", true}, {"a=1", "1-r0", false}, {"a>=1", "1-r0", true},
		{"a>1", "1", false}, {"a<1", "0.9", true}, {"a<=1", "1", true},
		{"a<=1", "1.1", false}, {"a~1.2", "1.2.3-r4", true},
		{"a~1.2", "1.2", true}, {"a~1.2", "1.20", false}, {"a~1.2", "1", false},
		{"a~1", "1_rc1", true}, {"a=1", "x", false}, {"a>=1", "junk", false},
		{"a>~1.2", "1.2", true}, {"a>~1.2", "1.2_rc1", true},
		{"a>~1.2", "1.2.9-r3", true}, {"a>~1.2", "1.3", true},
		{"a>~1.2", "1.1.9", false}, {"a>~1.2", "", false},
		{"a<~1.2", "1.2.9-r3", true}, {"a<~1.2", "1.1", true},
		{"a<~1.2", "1.20", false}, {"a<~1.2", "1.3_alpha", false},
		{"a<=1.2", "1.2.9", false}, {"a<~1.2", "", false}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		struct atom atom;
		assert_ok(atom_parse(slice_str(cases[i].atom), &atom, &err));
		if (atom_matches(&atom, slice_str(cases[i].version)) != cases[i].matches)
			fail_msg("%s, %s", cases[i].atom, cases[i].version);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_fractions),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_atoms),
		cmocka_unit_test(test_matches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
