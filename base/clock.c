/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define DAY_SECONDS 86400
#define TIME_MAX    ((int64_t)253402300799) /* 9999-12-31T23:59:59Z */

int64_t clock_now(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec;
}

double clock_monotonic(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/*
 * Days since 1970-01-01 in the proleptic Gregorian calendar, year >= 0. Years
 * are counted from March, so that the leap day is the last of a year.
 */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t march_year = month > 2 ? year : year - 1;
	int64_t march_month = month > 2 ? month - 3 : month + 9;
	int64_t era = march_year >= 0 ? march_year / 400 : -1;
	int64_t year_of_era = march_year - era * 400;
	int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

char *clock_format(int64_t time, char *out)
{
	int64_t seconds, days, year, month = 1;

	if (time < 0 || time > TIME_MAX)
		time = 0;
	days = time / DAY_SECONDS;
	seconds = time % DAY_SECONDS;
	year = 1970 + days / 366; /* never too late, at most six years early */
	while (days_from_date(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_from_date(year, month + 1, 1) <= days)
		month++;
	(void)snprintf(out, CLOCK_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		(unsigned)year, (unsigned)month,
		(unsigned)(days - days_from_date(year, month, 1) + 1),
		(unsigned)(seconds / 3600), (unsigned)(seconds / 60 % 60),
		(unsigned)(seconds % 60)); /* 20 characters always */
	return out;
}

/* Exactly len digits, then the separator unless it is NUL. */
static bool take_number(struct slice *s, size_t len, char separator, int64_t *ret)
{
	struct slice digits, after;
	int64_t value = 0;

	if (!slice_take(s, len, &digits))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
		value = value * 10 + (digits.data[i] - '0');
	}
	if (separator != '\0' &&
		(!slice_take(s, 1, &after) || after.data[0] != separator))
		return false;
	*ret = value;
	return true;
}

/* ".123": at least one digit, all ignored. */
static bool skip_fraction(struct slice *s)
{
	size_t digits = 0;

	if (s->len == 0 || s->data[0] != '.')
		return true;
	while (1 + digits < s->len && s->data[1 + digits] >= '0' &&
		s->data[1 + digits] <= '9')
		digits++;
	*s = slice_sub(*s, 1 + digits, s->len);
	return digits != 0;
}

/* "Z", "+01:00", "-08:30", to the end. */
static bool take_offset(struct slice s, int64_t *ret_seconds)
{
	int64_t hours, minutes;
	struct slice sign;

	if (slice_equal(s, SLICE("Z"))) {
		*ret_seconds = 0;
		return true;
	}
	if (!slice_take(&s, 1, &sign) || (sign.data[0] != '+' && sign.data[0] != '-'))
		return false;
	if (!take_number(&s, 2, ':', &hours) || !take_number(&s, 2, '\0', &minutes))
		return false;
	if (s.len != 0 || hours > 23 || minutes > 59)
		return false;
	*ret_seconds = (hours * 3600 + minutes * 60) * (sign.data[0] == '-' ? -1 : 1);
	return true;
}

static bool parse_time(struct slice s, int64_t *ret_time)
{
	int64_t year, month, day, hour, minute, second, offset;

	if (!take_number(&s, 4, '-', &year) || !take_number(&s, 2, '-', &month) ||
		!take_number(&s, 2, 'T', &day))
		return false;
	if (!take_number(&s, 2, ':', &hour) || !take_number(&s, 2, ':', &minute) ||
		!take_number(&s, 2, '\0', &second))
		return false;
	if (!skip_fraction(&s) || !take_offset(s, &offset))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	/* RFC 3339, 5.6: time-second goes to 60 for leap seconds. */
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ret_time = days_from_date(year, month, day) * DAY_SECONDS + hour * 3600 +
		    minute * 60 + second - offset;
	return true;
}

int clock_parse(struct slice text, int64_t *ret_time, struct error *err)
{
	if (!parse_time(text, ret_time))
		return error_set(err, ERR_INPUT,
			"\"%.*s\" is not a time like 2026-11-23T22:24:35Z (RFC 3339)",
			SLICE_ARG(slice_sub(text, 0, 40)));
	return 0;
}

int clock_source_date(int64_t fallback, int64_t *ret_time, struct error *err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	struct error reason = ERROR_INIT;
	uint64_t value;

	if (!text) {
		*ret_time = fallback;
		return 0;
	}
	if (slice_parse_u64(slice_str(text), 10, (uint64_t)TIME_MAX, &value, &reason) < 0)
		return error_set(err, ERR_USAGE, "SOURCE_DATE_EPOCH: %s", reason.text);
	*ret_time = (int64_t)value; /* at most TIME_MAX */
	return 0;
}
