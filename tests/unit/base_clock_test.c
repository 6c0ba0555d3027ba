/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/clock.h"

static const struct {
	int64_t time;
	const char *text;
} pairs[] = {
	{0, "1970-01-01T00:00:00Z"},
	{951782399, "2000-02-28T23:59:59Z"},
	{951782400, "2000-02-29T00:00:00Z"},
	{951868800, "2000-03-01T00:00:00Z"},
	{1795472675, "2026-11-23T22:24:35Z"},
	{1735689599, "2024-12-31T23:59:59Z"},
	{4107542399, "2100-02-28T23:59:59Z"},
	{4107542400, "2100-03-01T00:00:00Z"},
	{253402300799, "9999-12-31T23:59:59Z"},
};

static void both_ways(void **state)
{
	struct error err = ERROR_INIT;
	char text[CLOCK_TEXT_MAX];
	int64_t time;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		assert_string_equal(clock_format(pairs[i].time, text), pairs[i].text);
		assert_int_equal(clock_parse(slice_str(pairs[i].text), &time, &err), 0);
		assert_int_equal(time, pairs[i].time);
	}
	assert_string_equal(clock_format(-1, text), pairs[0].text);
	assert_string_equal(clock_format(253402300800, text), pairs[0].text);
	for (int64_t at = 0; at < 253402300800; at += 86400 * 11 + 12345) {
		assert_int_equal(
			clock_parse(slice_str(clock_format(at, text)), &time, &err), 0);
		assert_int_equal(time, at);
	}
}

static void offsets_and_fractions(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} cases[] = {
		{"1970-01-01T01:00:00+01:00", 0},
		{"1969-12-31T23:30:00-00:30", 0},
		{"1970-01-01T00:00:01.999Z", 1},
		{"2016-12-31T23:59:60Z", 1483228800},
		{"0000-01-01T00:00:00Z", -62167219200},
	};
	struct error err = ERROR_INIT;
	int64_t time;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(clock_parse(slice_str(cases[i].text), &time, &err), 0);
		assert_int_equal(time, cases[i].time);
	}
}

static void refused(void **state)
{
	static const char *const bad[] = {"", "2026-11-23", "2026-11-23T22:24:35",
		"2026-11-23 22:24:35Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00ZZ", "2026-1-01T00:00:00Z", "+026-01-01T00:00:00Z",
		"2026-01-01T00:00:00+01:00x"};
	int64_t time = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(clock_parse(slice_str(bad[i]), &time, &err), ERR_INPUT);
		assert_int_equal(time, 77);
	}
}

static void source_date(void **state)
{
	static const char *const bad[] = {"", "x", "-1", "1.5", "99999999999999", "1 "};
	int64_t time = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(setenv("SOURCE_DATE_EPOCH", bad[i], 1), 0);
		assert_int_equal(clock_source_date(5, &time, &err), ERR_USAGE);
		assert_non_null(strstr(err.text, "SOURCE_DATE_EPOCH"));
	}
	struct error err = ERROR_INIT;
	assert_int_equal(setenv("SOURCE_DATE_EPOCH", "1700000000", 1), 0);
	assert_int_equal(clock_source_date(5, &time, &err), 0);
	assert_int_equal(time, 1700000000);
	assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
	assert_int_equal(clock_source_date(5, &time, &err), 0);
	assert_int_equal(time, 5);
}

static void running(void **state)
{
	double before = clock_monotonic();

	(void)state;
	assert_true(clock_now() > 1700000000);
	assert_true(clock_monotonic() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways),
		cmocka_unit_test(offsets_and_fractions),
		cmocka_unit_test(refused),
		cmocka_unit_test(source_date),
		cmocka_unit_test(running),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
