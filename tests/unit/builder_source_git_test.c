/* SPDX-License-Identifier: Apache-2.0 */
/* The case folders tests/cases/git_record and git_pick, and names of git's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "builder/source/git_private.h"
#include "tests/unit/builder_cases.h"

static int read_picks(struct slice text, struct error *err)
{
	struct git_pick pick;
	struct slice line;
	while (git_pick_next(&text, &line))
		if (git_pick_read(line, &pick, err) < 0)
			return err->class;
	return 0;
}

static int read_record(struct slice text, struct error *err)
{
	struct git_record record;
	return git_record_read(text, &record, err);
}

static void expect(const struct test_case *one, int status, const struct error *err)
{
	struct slice rest = buffer_slice(&one->beside), line;
	assert_true(slice_cut(&rest, '\n', &line));
	if (status != ERR_INPUT)
		fail_msg("%s was accepted", one->name);
	if (slice_find(slice_str(err->text), line) == SIZE_MAX)
		fail_msg("%s: '%s' lacks '%.*s'", one->name, err->text, SLICE_ARG(line));
}

static void bad_record(const struct test_case *one)
{
	struct error err = ERROR_INIT;
	int status = read_record(buffer_slice(&one->text), &err);
	expect(one, status, &err);
}

static void bad_pick(const struct test_case *one)
{
	struct error err = ERROR_INIT;
	int status = read_picks(buffer_slice(&one->text), &err);
	expect(one, status, &err);
}

static void good_record(const struct test_case *one)
{
	struct error err = ERROR_INIT;
	if (read_record(buffer_slice(&one->text), &err) < 0)
		fail_msg("%s: %s", one->name, err.text);
}

static void good_pick(const struct test_case *one)
{
	struct error err = ERROR_INIT;
	if (read_picks(buffer_slice(&one->text), &err) < 0)
		fail_msg("%s: %s", one->name, err.text);
}

static void records(void **state)
{
	(void)state;
	assert_true(test_each_case("tests/cases/git_record/good", "", good_record) >= 3);
	assert_true(test_each_case("tests/cases/git_record/bad", ".expect", bad_record) >=
		    10);
}

static void picks(void **state)
{
	(void)state;
	assert_true(test_each_case("tests/cases/git_pick/good", "", good_pick) >= 5);
	assert_true(
		test_each_case("tests/cases/git_pick/bad", ".expect", bad_pick) >= 11);
}

static void a_pick_has_its_branch(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct git_pick pick;
	struct slice line =
		SLICE("release/1.0/0123456789abcdef0123456789abcdef01234567: why: so");
	assert_int_equal(git_pick_read(line, &pick, &err), 0);
	assert_true(slice_equal_str(pick.branch, "release/1.0"));
	assert_true(
		slice_equal_str(pick.commit, "0123456789abcdef0123456789abcdef01234567"));
}

static void references(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = {{"main", true}, {"release/1.0", true}, {"v1.0+b~", false},
		{"v1.0+b", true}, {"", false}, {"-x", false}, {"/a", false},
		{"a/", false}, {".a", false}, {"a.", false}, {"a..b", false},
		{"a//b", false}, {"a@{1}", false}, {"a.lock", false}, {"a b", false},
		{"a:b", false}, {"a?", false}, {"a*", false}, {"a[", false},
		{"a\\b", false}, {"a^", false}, {"a\nb", false}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (git_is_reference(slice_str(cases[i].name)) != cases[i].good)
			fail_msg("'%s'", cases[i].name);
}

static void words_of_what_may_pass(void **state)
{
	(void)state;
	static const struct {
		const char *words;
		bool transient;
	} table[] = {
		{"fatal: unable to access 'https://e.org/x/': The requested URL returned "
		 "error: 503",
			true},
		{"error: RPC failed; HTTP 429 curl 22 The requested URL returned error: "
		 "429",
			true},
		{"error: RPC failed; curl 18 transfer closed with outstanding read data "
		 "remaining",
			true},
		{"fatal: unable to access 'https://e.org/x/': Recv failure: Connection "
		 "reset by peer",
			true},
		{"fatal: early EOF", true},
		{"fatal: unable to access 'https://e.org/x/': The requested URL returned "
		 "error: 403",
			false},
		{"fatal: repository 'https://e.org/x/' not found", false},
		{"fatal: unable to access 'https://e.org/x/': Could not resolve host: "
		 "e.org",
			false},
		{"fatal: unable to access 'https://e.org/x/': SSL certificate problem: "
		 "self-signed certificate",
			false},
		{"error: Server does not allow request for unadvertised object 0123",
			false},
		{"The requested URL returned error: 5", false},
		{"The requested URL returned error: ", false},
		{"", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (git_words_are_transient(slice_str(table[i].words)) !=
			table[i].transient)
			fail_msg("%s", table[i].words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_what_may_pass),
		cmocka_unit_test(records),
		cmocka_unit_test(picks),
		cmocka_unit_test(a_pick_has_its_branch),
		cmocka_unit_test(references),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
