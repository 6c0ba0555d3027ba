/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/pattern.h"

/* The result, or the error's text. out has 512 bytes. */
static const char *replace(
	const char *match, const char *text, const char *with, char *out)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer result = BUFFER_INIT;
	struct error err = ERROR_INIT;
	size_t work_left = PATTERN_WORK_MAX;
	struct pattern *pattern;
	assert_int_equal(arena_new(&arena, &err), 0);
	if (pattern_compile(match, arena, &pattern, &err) < 0 ||
		pattern_replace(pattern, slice_str(text), slice_str(with), &work_left,
			&result, &err) < 0)
		(void)snprintf(out, 512, "%.500s", err.text);
	else
		(void)snprintf(out, 512, "%s", buffer_str(&result));
	return out;
}

/* Expected values: what Go's regexp.ReplaceAllString documents and does. */
static void replaces_like_re2(void **state)
{
	(void)state;
	static const struct {
		const char *match, *text, *with, *result;
	} cases[] = {
		{"\\.", "1.2.3", "_", "1_2_3"},
		{"^(\\d+)\\..*$", "12.3", "$1", "12"},
		{"(a|ab)(c|bcd)", "abcd", "[$1][$2]", "[a][bcd]"},
		{"a*", "baac", "x", "xbxcx"},
		{"", "ab", "-", "-a-b-"},
		{"a??", "aa", "x", "xaxax"},
		{"a+?", "aa", "x", "xx"},
		{"(a*)*", "aab", "<$1>", "<aa>b<>"},
		{"(a|b)*?c", "abc", "<$1>", "<b>"},
		{"x{2,3}", "xxxxx", "-", "--"},
		{"x{2,}?", "xxxxx", "-", "--x"},
		{"x{0}y", "xy", "-", "x-"},
		{"x{,2}", "x{,2}", "-", "-"},
		{"a{b", "a{b", "-", "-"},
		{"[^a-c]", "abcd-", "", "abc"},
		{"[]a]+", "]a[", "x", "x["},
		{"[a-]+", "a-b", "x", "xb"},
		{"[\\d.-]+", "1.2-3x", "n", "nx"},
		{"[[:alpha:]]+[[:digit:]]", "ab1", "x", "x"},
		{"[^\\D]", "a1", "x", "ax"},
		{"\\bfoo\\b", "foo foobar", "x", "x foobar"},
		{"o\\B", "foo", "0", "f0o"},
		{"\\A1|1\\z", "111", "x", "x1x"},
		{"^$", "", "x", "x"},
		{".", "a\nb", "x", "x\nx"},
		{"(?P<year>\\d+)-(?:x)", "20-x", "${year}$1", "2020"},
		{"(b)?a", "a", "[$1]", "[]"},
		{"a", "a", "$$ $ ${ ${} ${1 $2 $1x", "$ $ ${ ${} ${1  "},
		{"(\\w+)\\s(\\w+)", "left right", "$2 $1", "right left"},
		{"\\t\\n", "\t\n", "x", "x"},
		{"(a|b|)c", "c", "[$1]", "[]"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[512];
		(void)replace(cases[i].match, cases[i].text, cases[i].with, out);
		if (strcmp(out, cases[i].result) != 0)
			fail_msg("%s on %s: '%s' instead of '%s'", cases[i].match,
				cases[i].text, out, cases[i].result);
	}
}

static void refuses_with_reason(void **state)
{
	(void)state;
	static const struct {
		const char *match, *text, *reason;
	} cases[] = {
		{"a**", "", "repeated repetition"},
		{"\\pL", "", "unknown escape"},
		{"\\Qa\\E", "", "unknown escape"},
		{"a\\", "", "unknown escape"},
		{"[[:nothing:]]", "", "unknown character class"},
		{"[a", "", "no closing ']'"},
		{"[a\\", "", "unknown escape"},
		{"(?P<a", "", "group without a name"},
		{"(?<a>b)", "", "flags and look-around"},
		{"a{2,1}", "", "bad repeat count"},
		{"a{99999}", "", "bad repeat count"},
		{"\xc3\xa4", "", "regular expression is not ASCII"},
		{"a", "\xc3\xa4", "text to match is not ASCII"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[512];
		if (!strstr(replace(cases[i].match, cases[i].text, "", out),
			    cases[i].reason))
			fail_msg("%s: '%s' lacks '%s'", cases[i].match, out,
				cases[i].reason);
	}
}

/* What makes backtracking matchers run for years is done at once, or refused. */
static void does_not_blow_up(void **state)
{
	(void)state;
	static const char *const patterns[] = {"(a*)*b", "(a|a)*b", "(a|aa)+$b",
		"(.*)(.*)(.*)(.*)x", "(a?){64}a{64}", "((((a*)*)*)*)*b",
		"(a{1,30}){1,30}b"};
	char text[4097], out[512];
	double began = clock_monotonic();
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		(void)replace(patterns[i], text, "", out);
	assert_true(clock_monotonic() - began < 60);
}

static void limits_hold(void **state)
{
	(void)state;
	char text[8192], out[512];
	memset(text, 'a', sizeof(text) - 1);
	text[LIMIT_PATTERN_BYTES + 1] = '\0';
	assert_non_null(strstr(replace(text, "", "", out), "more than the allowed 1024"));
	text[LIMIT_PATTERN_BYTES] = '\0';
	assert_string_equal(replace(text, "b", "", out), "b");
	memset(text, 'a', sizeof(text) - 1);
	text[4097] = '\0';
	assert_non_null(
		strstr(replace("a", text, "", out), "more than the allowed 4096"));
	text[4096] = '\0';
	assert_string_equal(replace("a*", text, "b", out), "b");
	assert_non_null(
		strstr(replace("(a?){1000}(a?){1000}b", text, "", out), "too much work"));
}

static void matches_the_whole(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} table[] = {
		{"a|b", "a", true},
		{"a|b", "b", true},
		{"a|b", "ab", false},
		{"a|ab", "ab", true},
		{"a*?", "aaa", true},
		{"", "", true},
		{"", "a", false},
		{"^a$", "a", true},
		{"https://a\\.example/.*", "https://a.example/x", true},
		{"https://a\\.example/.*", "xhttps://a.example/x", false},
		{"[a-z]+@a\\.example", "me@a.example", true},
		{"[a-z]+@a\\.example", "me@a.example.evil", false},
		{"a", "a\n", false},
	};
	cleanup_arena struct arena *arena = NULL;
	struct error err = ERROR_INIT;
	struct pattern *pattern;
	bool found;
	(void)state;
	assert_int_equal(arena_new(&arena, &err), 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(
			pattern_compile_whole(table[i].pattern, arena, &pattern, &err),
			0);
		assert_int_equal(
			pattern_matches(pattern, slice_str(table[i].text), &found, &err),
			0);
		if (found != table[i].matches)
			fail_msg("'%s' and '%s'", table[i].pattern, table[i].text);
	}
	assert_int_equal(
		pattern_compile_whole("a)|(b", arena, &pattern, &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(
		pattern_matches(pattern, SLICE("\xc3\xa4"), &found, &err), ERR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_like_re2),
		cmocka_unit_test(refuses_with_reason),
		cmocka_unit_test(does_not_blow_up),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(matches_the_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
