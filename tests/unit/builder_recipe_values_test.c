/* SPDX-License-Identifier: Apache-2.0 */
/* Single values: checks of names, versions and paths; durations; words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "builder/recipe/check.h"
#include "builder/recipe/words.h"

static void expect(check_function *check, const char *value, bool fine)
{
	const char *reason = check(value);
	if ((reason == NULL) != fine)
		fail_msg("'%s': %s", value, reason ? reason : "passed");
}

static void versions(void **state)
{
	(void)state;
	static const char *const good[] = {"1", "1.2.3", "1.2a", "1.2_rc1", "1_alpha_p2",
		"20240102", "1.0~abc12", "1.2.3b_git20240101", "0", "00.1", "1_p"};
	static const char *const bad[] = {"", "v1", "1.", ".1", "1.2-r1", "1..2", "1.2ab",
		"1_x1", "1_rcx", "1 2", "1.2~", "1.2~xyz", "1/2", "1\n", "1.2a.3",
		"1_pp"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		expect(check_version, good[i], true);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect(check_version, bad[i], false);
}

static void names(void **state)
{
	(void)state;
	static const struct {
		check_function *check;
		const char *value;
		bool fine;
	} cases[] = {
		{check_package_name, "a", true},
		{check_package_name, "7zip+_.-x", true},
		{check_package_name, "", false},
		{check_package_name, "-a", false},
		{check_package_name, ".a", false},
		{check_package_name, "a/b", false},
		{check_package_name, "a b", false},
		{check_package_name, "\xc3\xa4", false},
		{check_dependency, "a", true},
		{check_dependency, "!a", true},
		{check_dependency, "a>=1.2", true},
		{check_dependency, "a~1", true},
		{check_dependency, "a@tag", true},
		{check_dependency, "a=1@edge", true},
		{check_dependency, "a@edge=1", true},
		{check_dependency, "so:libc.so.6", true},
		{check_dependency, "/bin/sh", true},
		{check_dependency, "a >= 1", false},
		{check_dependency, "!", false},
		{check_dependency, "=1", false},
		{check_dependency, "a=", false},
		{check_dependency, "a\tb", false},
		{check_dependency, "", false},
		{check_uses, "fetch", true},
		{check_uses, "a/b/c.d", true},
		{check_uses, "a..b", true},
		{check_uses, "..", false},
		{check_uses, "a/..", false},
		{check_uses, "a/", false},
		{check_uses, "", false},
		{check_uses, "a\\b", false},
		{check_uses, "a:b", false},
		{check_path_beneath, "/a/b", true},
		{check_path_beneath, "a//./b", true},
		{check_path_beneath, "a/../b", false},
		{check_path_beneath, "..", false},
		{check_path_beneath, "/..", false},
		{check_path_beneath, "a\x7f", false},
		{check_path_beneath, "", false},
		{check_path_relative, "/a", false},
		{check_path_absolute, "a", false},
		{check_path_absolute, "/", true},
		{check_commit, "0123456789abcdef0123456789abcdef01234567", true},
		{check_commit, "0123456789ABCDEF0123456789abcdef01234567", false},
		{check_user_name, "_apt", true},
		{check_user_name, "www-data", true},
		{check_user_name, "a:b", false},
		{check_user_name, "", false},
		{check_user_name, "a23456789012345678901234567890123", false},
		{check_environment_name, "A_b.c", true},
		{check_environment_name, "", false},
		{check_line, "\xff", false},
		{check_line, "a\tb", false},
		{check_text, "a\n\tb", true},
		{check_text, "a\x1b[m", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].check, cases[i].value, cases[i].fine);
}

static void durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool fine;
		uint64_t seconds;
	} cases[] = {{"90s", true, 90}, {"1h30m", true, 5400}, {"0", true, 0},
		{"1.5m", true, 90}, {"1ms", true, 1}, {"2500ms", true, 3}, {"", false, 0},
		{"5", false, 0}, {"m", false, 0}, {"1x", false, 0}, {"-1s", false, 0},
		{"1s ", false, 0}, {"1mm", false, 0}, {"99999999999h", false, 0},
		{"999999999h", false, 0}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t seconds = 0;
		if (duration_parse(cases[i].text, &seconds) != cases[i].fine)
			fail_msg("'%s'", cases[i].text);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static void words(void **state)
{
	(void)state;
	static const struct {
		const char *text, *joined; /* with | after each word; NULL: refused */
	} cases[] = {{"", ""}, {"  ", ""}, {"a b", "a|b|"}, {" a\t\nb ", "a|b|"},
		{"'a b' \"c d\"", "a b|c d|"}, {"a'b'\"c\"", "abc|"}, {"'' \"\"", "||"},
		{"a\\ b", "a b|"}, {"\"a\\\"b\"", "a\"b|"}, {"'a\\b'", "a\\b|"},
		{"a # b\nc", "a|c|"}, {"a#b", "a#b|"}, {"$A `b` *", "$A|`b`|*|"},
		{"'a", NULL}, {"\"a\\\"", NULL}, {"a\\", NULL}, {"\"a\\", NULL}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_arena struct arena *arena = NULL;
		struct error err = ERROR_INIT;
		struct recipe_list list = {0};
		char joined[64] = "";
		size_t len = 0;
		assert_int_equal(arena_new(&arena, &err), 0);
		if (words_split(cases[i].text, arena, &list, &err) < 0) {
			assert_null(cases[i].joined);
			continue;
		}
		for (size_t w = 0; w < list.count; w++)
			len += (size_t)snprintf(
				joined + len, sizeof(joined) - len, "%s|", list.items[w]);
		assert_non_null(cases[i].joined);
		assert_string_equal(joined, cases[i].joined);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(names),
		cmocka_unit_test(durations),
		cmocka_unit_test(words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
