/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/slice.h"

struct slice slice_from(const void *data, size_t len)
{
	return (struct slice){data, len};
}

struct slice slice_str(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

bool slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool slice_equal_str(struct slice a, const char *b)
{
	return slice_equal(a, slice_str(b));
}

int slice_compare(struct slice a, struct slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

	if (order != 0)
		return order < 0 ? -1 : 1;
	return (a.len > b.len) - (a.len < b.len);
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && slice_equal(slice_sub(s, 0, prefix.len), prefix);
}

bool slice_ends_with(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	       slice_equal(slice_sub(s, s.len - suffix.len, suffix.len), suffix);
}

bool slice_has_byte(struct slice s, char byte)
{
	return s.len != 0 && memchr(s.data, byte, s.len) != NULL;
}

size_t slice_find(struct slice s, struct slice needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (needle.len > s.len)
		return SIZE_MAX;
	at = memmem(s.data, s.len, needle.data, needle.len);
	return at ? (size_t)(at - s.data) : SIZE_MAX;
}

struct slice slice_sub(struct slice s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct slice){s.data ? s.data + from : NULL, len};
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
	while (s.len != 0 && is_space(s.data[0]))
		s = slice_sub(s, 1, s.len);
	while (s.len != 0 && is_space(s.data[s.len - 1]))
		s.len--;
	return s;
}

bool slice_take(struct slice *s, size_t len, struct slice *ret)
{
	if (len > s->len)
		return false;
	*ret = slice_sub(*s, 0, len);
	*s = slice_sub(*s, len, s->len);
	return true;
}

bool slice_cut(struct slice *s, char separator, struct slice *ret)
{
	const char *at;
	size_t len;

	if (s->len == 0)
		return false;
	at = memchr(s->data, separator, s->len);
	len = at ? (size_t)(at - s->data) : s->len;
	*ret = slice_sub(*s, 0, len);
	*s = slice_sub(*s, at ? len + 1 : len, s->len);
	return true;
}

bool slice_word(struct slice *s, struct slice *ret)
{
	size_t from = 0;
	size_t to;

	while (from < s->len && is_space(s->data[from]))
		from++;
	for (to = from; to < s->len && !is_space(s->data[to]); to++)
		;
	if (from == to)
		return false;
	*ret = slice_sub(*s, from, to - from);
	*s = slice_sub(*s, to, s->len);
	return true;
}

/* 16 and more: not a digit. */
static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

int slice_parse_u64(struct slice s, unsigned base, uint64_t max, uint64_t *ret_value,
	struct error *err)
{
	uint64_t value = 0;

	if (base != 8 && base != 10 && base != 16)
		return error_set(
			err, ERR_BUG, "a number was to be read in base %u", base);
	if (s.len == 0)
		return error_set(err, ERR_INPUT, "a number is missing");
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = digit_value(s.data[i]);

		if (digit >= base)
			return error_set(err, ERR_INPUT,
				"\"%.*s\" is not a number in base %u",
				SLICE_ARG(slice_sub(s, 0, 40)), base);
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
			__builtin_add_overflow(value, (uint64_t)digit, &value) ||
			value > max)
			return error_set(err, ERR_INPUT, "number %.*s is above %llu",
				SLICE_ARG(slice_sub(s, 0, 40)), (unsigned long long)max);
	}
	*ret_value = value;
	return 0;
}

/*
 * Length of the UTF-8 character that s starts with, 0 if it is not one
 * (RFC 3629, section 4: the table of well-formed byte sequences).
 */
static size_t utf8_len(const unsigned char *p, size_t len)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t need;

	if (p[0] < 0x80)
		return p[0] != 0;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (need > len)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		low = 0x90; /* overlong */
	else if (p[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return need;
}

bool slice_is_utf8(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.data;

	for (size_t at = 0; at < s.len;) {
		if (p[at] < 0x80 && p[at]) { /* most of what there is */
			at++;
			continue;
		}
		size_t step = utf8_len(p + at, s.len - at);

		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

bool slice_is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
			return false;
	return true;
}

int slice_to_str(struct slice s, char **ret_text, struct error *err)
{
	char *text;

	if (slice_has_byte(s, '\0'))
		return error_set(err, ERR_INPUT,
			"the text \"%.*s…\" has a NUL byte in it",
			SLICE_ARG(slice_sub(s, 0, 40)));
	if (s.len == SIZE_MAX || !(text = malloc(s.len + 1)))
		return error_set_memory(err);
	if (s.len != 0)
		memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	*ret_text = text;
	return 0;
}
