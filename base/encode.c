/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/checked.h"
#include "base/encode.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hex_encode(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		*out++ = hex_digits[bytes[i] >> 4];
		*out++ = hex_digits[bytes[i] & 15];
	}
	*out = '\0';
}

/* 0 to 15, or -1. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int hex_decode(struct slice text, uint8_t *out, size_t len, struct error *err)
{
	if (text.len / 2 != len || text.len % 2 != 0)
		return error_set(err, ERR_INPUT,
			"%zu hexadecimal digits where %zu are expected", text.len,
			2 * len);
	for (size_t i = 0; i < text.len; i++)
		if (hex_value(text.data[i]) < 0)
			return error_set(err, ERR_INPUT,
				"character %zu of \"%.*s\" is not a lower-case "
				"hexadecimal digit",
				i + 1, SLICE_ARG(slice_sub(text, 0, 128)));
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hex_value(text.data[2 * i]) << 4 |
				   hex_value(text.data[2 * i + 1])); /* both are 0 … 15 */
	return 0;
}

/* ---- base64 ---- */

int base64_encode(struct slice bytes, struct buffer *out, struct error *err)
{
	const uint8_t *in = (const uint8_t *)bytes.data;
	size_t groups = bytes.len / 3 + (bytes.len % 3 != 0);
	size_t size;
	char *to;

	if (!checked_mul_size(groups, 4, &size))
		return error_set_memory(err);
	if (buffer_reserve(out, size, err) < 0)
		return err->class;
	to = out->data + out->len;
	for (size_t left = bytes.len; left != 0;) {
		size_t take = left < 3 ? left : 3;
		uint32_t bits = (uint32_t)in[0] << 16;

		if (take > 1)
			bits |= (uint32_t)in[1] << 8;
		if (take > 2)
			bits |= in[2];
		*to++ = base64_digits[bits >> 18];
		*to++ = base64_digits[bits >> 12 & 63];
		*to++ = take > 1 ? base64_digits[bits >> 6 & 63] : '=';
		*to++ = take > 2 ? base64_digits[bits & 63] : '=';
		in += take;
		left -= take;
	}
	*to = '\0';
	out->len += size;
	return 0;
}

#define BASE64_NONE 64

/* Values of the standard alphabet, one more than they are: 0 is what is not in it. */
static const uint8_t base64_values[256] = {['A'] = 1,
	['B'] = 2,
	['C'] = 3,
	['D'] = 4,
	['E'] = 5,
	['F'] = 6,
	['G'] = 7,
	['H'] = 8,
	['I'] = 9,
	['J'] = 10,
	['K'] = 11,
	['L'] = 12,
	['M'] = 13,
	['N'] = 14,
	['O'] = 15,
	['P'] = 16,
	['Q'] = 17,
	['R'] = 18,
	['S'] = 19,
	['T'] = 20,
	['U'] = 21,
	['V'] = 22,
	['W'] = 23,
	['X'] = 24,
	['Y'] = 25,
	['Z'] = 26,
	['a'] = 27,
	['b'] = 28,
	['c'] = 29,
	['d'] = 30,
	['e'] = 31,
	['f'] = 32,
	['g'] = 33,
	['h'] = 34,
	['i'] = 35,
	['j'] = 36,
	['k'] = 37,
	['l'] = 38,
	['m'] = 39,
	['n'] = 40,
	['o'] = 41,
	['p'] = 42,
	['q'] = 43,
	['r'] = 44,
	['s'] = 45,
	['t'] = 46,
	['u'] = 47,
	['v'] = 48,
	['w'] = 49,
	['x'] = 50,
	['y'] = 51,
	['z'] = 52,
	['0'] = 53,
	['1'] = 54,
	['2'] = 55,
	['3'] = 56,
	['4'] = 57,
	['5'] = 58,
	['6'] = 59,
	['7'] = 60,
	['8'] = 61,
	['9'] = 62,
	['+'] = 63,
	['/'] = 64};

/* 0 to 63, or BASE64_NONE. */
static uint32_t base64_value(char c, bool url_too)
{
	uint32_t value = base64_values[(uint8_t)c];

	if (value != 0)
		return value - 1;
	if (url_too && c == '-')
		return 62;
	if (url_too && c == '_')
		return 63;
	return BASE64_NONE;
}

/* Whole groups of the standard alphabet: nearly all of any text. Returns how many
 * characters were taken. */
static size_t base64_groups(struct slice text, char **to)
{
	const uint8_t *from = (const uint8_t *)text.data;
	size_t i = 0;

	for (; text.len - i >= 4; i += 4) {
		uint32_t a = base64_values[from[i]], b = base64_values[from[i + 1]];
		uint32_t c = base64_values[from[i + 2]], d = base64_values[from[i + 3]];
		uint32_t bits;

		if (a == 0 || b == 0 || c == 0 || d == 0)
			break;
		bits = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
		*(*to)++ = (char)(uint8_t)(bits >> 16);
		*(*to)++ = (char)(uint8_t)(bits >> 8);
		*(*to)++ = (char)(uint8_t)bits;
	}
	return i;
}

/* The group being collected. */
struct base64_state {
	uint32_t bits;
	unsigned digits, padding;
	bool ended; /* a padded group is the last one */
};

/* One significant character; bytes go to *to. */
static const char *base64_feed(
	struct base64_state *state, char c, bool lenient, char **to)
{
	if (state->ended)
		return "has characters after its end";
	if (c == '=') {
		if (state->digits < 2)
			return "has misplaced padding";
		state->padding++;
	} else {
		uint32_t value = base64_value(c, lenient);

		if (value == BASE64_NONE)
			return "has a character that is not in the alphabet";
		if (state->padding != 0)
			return "has misplaced padding";
		state->bits = state->bits << 6 | value;
		state->digits++;
	}
	if (state->digits + state->padding < 4)
		return NULL;
	state->bits <<= 6 * state->padding;
	if (state->padding != 0 &&
		(state->bits & (state->padding == 1 ? 0xff : 0xffff)) != 0)
		return "has stray bits before its padding";
	for (unsigned i = 0; i < 3 - state->padding; i++)
		*(*to)++ = (char)(uint8_t)(state->bits >> (16 - 8 * i));
	*state = (struct base64_state){.ended = state->padding != 0};
	return NULL;
}

static const char *base64_run(struct slice text, bool lenient, char **to)
{
	struct base64_state state = {0};
	const char *problem;

	for (size_t i = 0; i < text.len; i++) {
		if (state.digits == 0 && state.padding == 0 && !state.ended)
			i += base64_groups(slice_sub(text, i, text.len), to);
		if (i == text.len)
			break;
		if (lenient && (text.data[i] == '\n' || text.data[i] == '\r'))
			continue;
		problem = base64_feed(&state, text.data[i], lenient, to);
		if (problem)
			return problem;
	}
	if (state.digits == 0)
		return NULL;
	if (!lenient || state.padding != 0 || state.digits == 1)
		return "ends in the middle of a group";
	while (state.digits != 0) {
		problem = base64_feed(&state, '=', lenient, to);
		if (problem)
			return problem;
	}
	return NULL;
}

static int base64_decode_any(
	struct slice text, bool lenient, struct buffer *out, struct error *err)
{
	const char *problem;
	char *to;

	/* One byte more than needed at the most: groups of 4 give at most 3. */
	if (buffer_reserve(out, text.len / 4 * 3 + 3, err) < 0)
		return err->class;
	to = out->data + out->len;
	problem = base64_run(text, lenient, &to);
	if (problem) {
		out->data[out->len] = '\0';
		return error_set(err, ERR_INPUT, "the base64 text \"%.*s%s\" %s",
			SLICE_ARG(slice_sub(text, 0, 32)), text.len > 32 ? "…" : "",
			problem);
	}
	*to = '\0';
	out->len = (size_t)(to - out->data);
	return 0;
}

int base64_decode(struct slice text, struct buffer *out, struct error *err)
{
	return base64_decode_any(text, false, out, err);
}

int base64_decode_lenient(struct slice text, struct buffer *out, struct error *err)
{
	return base64_decode_any(text, true, out, err);
}

/* ---- quoting ---- */

/* A failure leaves the buffer as it was. */
static int buffer_cut_back(struct buffer *out, size_t len, const struct error *err)
{
	out->len = len;
	if (out->data)
		out->data[len] = '\0';
	return err->class;
}

/* How many bytes at the front stand for themselves. */
static size_t json_plain_len(struct slice s)
{
	size_t len = 0;

	while (len < s.len && (unsigned char)s.data[len] >= 0x20 && s.data[len] != '"' &&
		s.data[len] != '\\')
		len++;
	return len;
}

static int json_quote_byte(char c, struct buffer *out, struct error *err)
{
	switch (c) {
	case '"':
		return buffer_add_str(out, "\\\"", err);
	case '\\':
		return buffer_add_str(out, "\\\\", err);
	case '\b':
		return buffer_add_str(out, "\\b", err);
	case '\f':
		return buffer_add_str(out, "\\f", err);
	case '\n':
		return buffer_add_str(out, "\\n", err);
	case '\r':
		return buffer_add_str(out, "\\r", err);
	case '\t':
		return buffer_add_str(out, "\\t", err);
	default:
		return buffer_printf(out, err, "\\u%04x", (unsigned)(unsigned char)c);
	}
}

int json_quote(struct slice s, struct buffer *out, struct error *err)
{
	struct slice rest = s;
	struct slice part;
	size_t before = out->len;

	while (slice_cut(&rest, '\0', &part))
		if (!slice_is_utf8(part))
			return error_set(err, ERR_INPUT,
				"a text for JSON is not valid UTF-8: \"%.*s\"",
				SLICE_ARG(slice_sub(s, 0, 40)));
	if (buffer_add_byte(out, '"', err) < 0)
		return err->class;
	while (s.len) {
		(void)slice_take(&s, json_plain_len(s), &part); /* so many there are */
		if (buffer_add_slice(out, part, err) < 0 ||
			(s.len && json_quote_byte(*s.data, out, err) < 0))
			return buffer_cut_back(out, before, err);
		s = slice_sub(s, 1, s.len);
	}
	if (buffer_add_byte(out, '"', err) < 0)
		return buffer_cut_back(out, before, err);
	return 0;
}

int shell_quote(struct slice s, struct buffer *out, struct error *err)
{
	size_t before = out->len;

	if (slice_has_byte(s, '\0'))
		return error_set(err, ERR_INPUT, "a shell word has a NUL byte in it");
	if (buffer_add_byte(out, '\'', err) < 0)
		return err->class;
	for (size_t i = 0; i < s.len; i++) {
		struct slice piece =
			s.data[i] == '\'' ? SLICE("'\\''") : slice_sub(s, i, 1);

		if (buffer_add_slice(out, piece, err) < 0)
			return buffer_cut_back(out, before, err);
	}
	if (buffer_add_byte(out, '\'', err) < 0)
		return buffer_cut_back(out, before, err);
	return 0;
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

int url_quote(struct slice s, struct buffer *out, struct error *err)
{
	size_t before = out->len;

	for (size_t i = 0; i < s.len; i++) {
		int result = is_unreserved(s.data[i])
				     ? buffer_add_byte(out, s.data[i], err)
				     : buffer_printf(out, err, "%%%02X",
					       (unsigned)(unsigned char)s.data[i]);

		if (result < 0)
			return buffer_cut_back(out, before, err);
	}
	return 0;
}
