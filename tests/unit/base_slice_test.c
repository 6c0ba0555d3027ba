/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

static void comparing(void **state)
{
	(void)state;
	assert_true(slice_equal(SLICE("ab"), slice_str("ab")));
	assert_false(slice_equal(SLICE("ab"), SLICE("abc")));
	assert_true(slice_equal(SLICE_EMPTY, SLICE("")));
	assert_true(slice_equal_str(SLICE_EMPTY, ""));
	assert_int_equal(slice_str(NULL).len, 0);
	assert_int_equal(slice_compare(SLICE("ab"), SLICE("abc")), -1);
	assert_int_equal(slice_compare(SLICE("b"), SLICE("abc")), 1);
	assert_int_equal(slice_compare(SLICE("\xff"), SLICE("a")), 1);
	assert_int_equal(slice_compare(SLICE_EMPTY, SLICE_EMPTY), 0);
	assert_true(slice_starts_with(SLICE("abc"), SLICE("ab")));
	assert_false(slice_starts_with(SLICE("a"), SLICE("ab")));
	assert_true(slice_ends_with(SLICE("abc"), SLICE("bc")));
	assert_false(slice_ends_with(SLICE("abc"), SLICE("ab")));
	assert_true(slice_ends_with(SLICE("abc"), SLICE_EMPTY));
	assert_true(slice_has_byte(SLICE("a\0b"), '\0'));
	assert_false(slice_has_byte(SLICE_EMPTY, 'a'));
}

static void finding_and_cutting(void **state)
{
	struct slice rest = SLICE("a::b:");
	struct slice part = SLICE_EMPTY;

	(void)state;
	assert_int_equal(slice_find(SLICE("abcabc"), SLICE("ca")), 2);
	assert_int_equal(slice_find(SLICE("abc"), SLICE("x")), SIZE_MAX);
	assert_int_equal(slice_find(SLICE_EMPTY, SLICE("x")), SIZE_MAX);
	assert_int_equal(slice_find(SLICE("abc"), SLICE_EMPTY), 0);
	assert_true(slice_equal_str(slice_sub(SLICE("abc"), 1, 99), "bc"));
	assert_int_equal(slice_sub(SLICE("abc"), 4, SIZE_MAX).len, 0);
	assert_true(slice_equal_str(slice_trim(SLICE(" \t\r\na b\n")), "a b"));
	assert_int_equal(slice_trim(SLICE(" \n ")).len, 0);
	assert_true(slice_cut(&rest, ':', &part) && slice_equal_str(part, "a"));
	assert_true(slice_cut(&rest, ':', &part) && slice_equal_str(part, ""));
	assert_true(slice_cut(&rest, ':', &part) && slice_equal_str(part, "b"));
	assert_false(slice_cut(&rest, ':', &part));
}

static void cursor(void **state)
{
	struct slice rest = SLICE("abcd");
	struct slice words = SLICE("  one\ttwo \n");
	struct slice part = SLICE_EMPTY;

	(void)state;
	assert_true(slice_take(&rest, 3, &part));
	assert_true(slice_equal_str(part, "abc"));
	assert_false(slice_take(&rest, 2, &part));
	assert_true(slice_equal_str(part, "abc"));
	assert_true(slice_equal_str(rest, "d"));
	assert_true(slice_word(&words, &part) && slice_equal_str(part, "one"));
	assert_true(slice_word(&words, &part) && slice_equal_str(part, "two"));
	assert_false(slice_word(&words, &part));
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		unsigned base;
		uint64_t max;
		bool good;
		uint64_t value;
	} cases[] = {
		{"0", 10, 0, true, 0},
		{"007", 10, 7, true, 7},
		{"755", 8, 07777, true, 0755},
		{"fF", 16, 255, true, 255},
		{"18446744073709551615", 10, UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", 10, UINT64_MAX, false, 0},
		{"10000000000000000", 16, UINT64_MAX, false, 0},
		{"8", 10, 7, false, 0},
		{"8", 8, 99, false, 0},
		{"a", 10, 99, false, 0},
		{"g", 16, 99, false, 0},
		{"", 10, 99, false, 0},
		{"-1", 10, 99, false, 0},
		{"+1", 10, 99, false, 0},
		{" 1", 10, 99, false, 0},
		{"1 ", 10, 99, false, 0},
		{"0x1", 16, 99, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		uint64_t value = 12345;
		int result = slice_parse_u64(slice_str(cases[i].text), cases[i].base,
			cases[i].max, &value, &err);

		assert_int_equal(result, cases[i].good ? 0 : ERR_INPUT);
		assert_int_equal(value, cases[i].good ? cases[i].value : 12345);
	}
}

static void utf8(void **state)
{
	static const struct {
		struct slice text;
		bool good;
	} cases[] = {
		{{"", 0}, true},
		{{"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10}, true},
		{{"\xf4\x8f\xbf\xbf", 4}, true},
		{{"\0", 1}, false},
		{{"\x80", 1}, false},
		{{"\xc0\x80", 2}, false},
		{{"\xc1\xbf", 2}, false},
		{{"\xe0\x80\x80", 3}, false},
		{{"\xe0\x9f\xbf", 3}, false},
		{{"\xed\xa0\x80", 3}, false},
		{{"\xf0\x8f\xbf\xbf", 4}, false},
		{{"\xf4\x90\x80\x80", 4}, false},
		{{"\xf5\x80\x80\x80", 4}, false},
		{{"\xe2\x82", 2}, false},
		{{"\xe2\x82\x41", 3}, false},
		{{"\xff", 1}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(slice_is_utf8(cases[i].text), cases[i].good);
	assert_true(slice_is_printable(SLICE("a b\xc3\xa4")));
	assert_false(slice_is_printable(SLICE("a\x1f")));
	assert_false(slice_is_printable(SLICE("\x7f")));
}

static void strings(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_mem char *text = NULL;

	(void)state;
	assert_int_equal(slice_to_str(SLICE("a\0b"), &text, &err), ERR_INPUT);
	assert_null(text);
	error_clear(&err);
	assert_int_equal(slice_to_str(SLICE_EMPTY, &text, &err), 0);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing),
		cmocka_unit_test(finding_and_cutting),
		cmocka_unit_test(cursor),
		cmocka_unit_test(numbers),
		cmocka_unit_test(utf8),
		cmocka_unit_test(strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
