/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed bytes. A slice never owns and is never NUL-terminated by promise.
 * All reading of untrusted bytes goes through these, which cannot overrun.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include "base/error.h"

struct slice {
	const char *data; /* may be NULL when len is 0 */
	size_t len;
};

#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})
#define SLICE_EMPTY    ((struct slice){NULL, 0})
/* for printf: "%.*s", SLICE_ARG(s); texts longer than INT_MAX are cut */
#define SLICE_ARG(s) ((s).len > 65536 ? 65536 : (int)(s).len), ((s).data ? (s).data : "")

struct slice slice_from(const void *data, size_t len);
/* A NUL-terminated string; NULL gives the empty slice. */
struct slice slice_str(const char *text);

bool slice_equal(struct slice a, struct slice b);
bool slice_equal_str(struct slice a, const char *b);
/* Byte order, shorter first on a tie; for qsort-like use. */
int slice_compare(struct slice a, struct slice b);
bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_ends_with(struct slice s, struct slice suffix);
bool slice_has_byte(struct slice s, char byte);
/* Position of needle in s, or SIZE_MAX. */
size_t slice_find(struct slice s, struct slice needle);
struct slice slice_sub(struct slice s, size_t from, size_t len); /* clamped */
/* Without leading and trailing space, tab, CR, LF. */
struct slice slice_trim(struct slice s);

/*
 * Cursor reading: take len bytes off the front of *s into *ret. False, and
 * nothing moved, if there are fewer.
 */
bool slice_take(struct slice *s, size_t len, struct slice *ret);
/*
 * Cut *s at the first separator: *ret gets what is before, *s what is after.
 * Without a separator *ret gets all and *s becomes empty. False at the end
 * (empty *s).
 */
bool slice_cut(struct slice *s, char separator, struct slice *ret);
/* The next run of bytes that are not space, tab, CR or LF. False at the end. */
bool slice_word(struct slice *s, struct slice *ret);

/*
 * The number that the whole slice spells in base 8, 10 or 16: digits only (hex in
 * either case), no sign, no space, no prefix, at least one digit, at most max.
 * ERR_INPUT otherwise.
 */
MUST_USE int slice_parse_u64(struct slice s, unsigned base, uint64_t max,
	uint64_t *ret_value, struct error *err);

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms, no NUL). */
bool slice_is_utf8(struct slice s);
/* No byte below 0x20, no 0x7f. */
bool slice_is_printable(struct slice s);

/* A NUL-terminated heap copy (free with free); ERR_INPUT for an inner NUL. */
MUST_USE int slice_to_str(struct slice s, char **ret_text, struct error *err);

#endif
