/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oci/challenge.h"
#include "tests/unit/oci_cases.h"

static int parse(struct slice text, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct challenge_list list = {0};

	assert_int_equal(arena_new(&arena, err), 0);
	return challenge_parse(text, arena, &list, err);
}

static void cases(void **state)
{
	(void)state;
	cases_run("challenge", parse, parse);
}

static void values(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		size_t count, at;
		struct challenge expected;
	} table[] = {
		{"Bearer "
		 "realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull,push\"",
			1, 0,
			{CHALLENGE_BEARER, "https://a/t", "s", "repository:x:pull,push",
				NULL}},
		{"BASIC realm=\"a, b\"", 1, 0,
			{CHALLENGE_BASIC, "a, b", NULL, NULL, NULL}},
		{"Negotiate abc==, Basic realm=x", 2, 1,
			{CHALLENGE_BASIC, "x", NULL, NULL, NULL}},
		{"Negotiate abc==, Basic realm=x", 2, 0,
			{CHALLENGE_OTHER, NULL, NULL, NULL, NULL}},
		{"Basic realm=\"a\\\"b\", Bearer realm=c, ERROR=\"invalid_token\"", 2, 1,
			{CHALLENGE_BEARER, "c", NULL, NULL, "invalid_token"}},
		{"Basic realm=\"a\\\"b\", Bearer realm=c", 2, 0,
			{CHALLENGE_BASIC, "a\"b", NULL, NULL, NULL}},
		{"Digest, Basic", 2, 1, {CHALLENGE_BASIC, NULL, NULL, NULL, NULL}},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct challenge *want = &table[i].expected, *have;
		cleanup_arena struct arena *arena = NULL;
		struct challenge_list list = {0};
		struct error err = ERROR_INIT;

		assert_int_equal(arena_new(&arena, &err), 0);
		assert_int_equal(
			challenge_parse(slice_str(table[i].header), arena, &list, &err),
			0);
		assert_int_equal(list.count, table[i].count);
		have = &list.items[table[i].at];
		assert_int_equal(have->scheme, want->scheme);
		const char *const pairs[][2] = {{have->realm, want->realm},
			{have->service, want->service}, {have->scope, want->scope},
			{have->error, want->error}};
		for (size_t j = 0; j < ARRAY_LEN(pairs); j++) {
			assert_int_equal(pairs[j][0] == NULL, pairs[j][1] == NULL);
			if (pairs[j][0])
				assert_string_equal(pairs[j][0], pairs[j][1]);
		}
	}
}

static void several_headers_add_up(void **state)
{
	(void)state;
	cleanup_arena struct arena *arena = NULL;
	struct challenge_list list = {0};
	struct error err = ERROR_INIT;

	assert_int_equal(arena_new(&arena, &err), 0);
	assert_int_equal(challenge_parse(SLICE("Basic realm=a"), arena, &list, &err), 0);
	assert_int_equal(challenge_parse(SLICE("Bearer realm=b"), arena, &list, &err), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(challenge_find(&list, CHALLENGE_BEARER)->realm, "b");
	assert_string_equal(challenge_find(&list, CHALLENGE_BASIC)->realm, "a");
	assert_null(challenge_find(&list, CHALLENGE_OTHER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(values),
		cmocka_unit_test(several_headers_add_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
