/* SPDX-License-Identifier: Apache-2.0 */
/* Time: seconds since 1970-01-01T00:00:00Z, and RFC 3339 text in UTC. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/slice.h"

#define CLOCK_TEXT_MAX 32

int64_t clock_now(void);
double clock_monotonic(void); /* seconds, for measuring */
/* "2026-11-23T22:24:35Z"; years 1970 to 9999, else "1970-01-01T00:00:00Z". Returns out.
 */
char *clock_format(int64_t time, char *out);
/* RFC 3339 with Z or numeric offset, fractions cut; ERR_INPUT otherwise. */
MUST_USE int clock_parse(struct slice text, int64_t *ret_time, struct error *err);
/* $SOURCE_DATE_EPOCH if set (ERR_USAGE if malformed), else fallback. */
MUST_USE int clock_source_date(int64_t fallback, int64_t *ret_time, struct error *err);

#endif
