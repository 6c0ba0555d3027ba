/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties: a number that is accepted is at most max and, printed, is the
 * text without its leading zeros; UTF-8 as judged by an independent decoder;
 * cutting loses no byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_number(struct slice text, unsigned base, uint64_t max)
{
	struct error err = ERROR_INIT;
	char again[32];
	uint64_t value;
	int len;

	if (slice_parse_u64(text, base, max, &value, &err) < 0) {
		require(err.class == ERR_INPUT);
		return;
	}
	require(value <= max);
	while (text.len > 1 && text.data[0] == '0')
		text = slice_sub(text, 1, text.len);
	len = snprintf(again, sizeof(again),
		base == 8    ? "%llo"
		: base == 10 ? "%llu"
			     : "%llx",
		(unsigned long long)value);
	require(len > 0 && (size_t)len == text.len);
	for (size_t i = 0; i < text.len; i++)
		require(again[i] == text.data[i] || again[i] == (text.data[i] | 0x20));
}

/* Decodes to the code point and tests that, instead of the byte ranges. */
static bool decodes(const uint8_t *p, size_t len)
{
	static const uint32_t least[] = {0, 1, 0x80, 0x800, 0x10000};

	while (len != 0) {
		size_t need = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : 4;
		uint32_t point = need == 1 ? *p : *p & (0x7fu >> need);

		if ((need == 4 && *p >> 3 != 30) || need > len)
			return false;
		for (size_t i = 1; i < need; i++) {
			if (p[i] >> 6 != 2)
				return false;
			point = point << 6 | (p[i] & 0x3fu);
		}
		if (point < least[need] || point > 0x10ffff || (point >> 11) == 0x1b)
			return false;
		p += need;
		len -= need;
	}
	return true;
}

static void check_cutting(struct slice text)
{
	struct slice rest = text;
	struct slice part;
	size_t total = 0;
	size_t cuts = 0;

	while (slice_cut(&rest, '/', &part)) {
		require(!slice_has_byte(part, '/'));
		total += part.len;
		cuts++;
	}
	for (size_t i = 0; i < text.len; i++)
		total += text.data[i] == '/';
	require(total == text.len && cuts <= text.len + 1);
	for (rest = text; slice_word(&rest, &part);)
		require(slice_equal(slice_trim(part), part) && part.len != 0);
	require(slice_trim(rest).len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_from(data, size);
	uint64_t max = UINT64_MAX;

	require(slice_is_utf8(text) == decodes(data, size));
	check_cutting(text);
	if (size > sizeof(max)) {
		memcpy(&max, data, sizeof(max));
		text = slice_sub(text, sizeof(max), size);
	}
	check_number(text, 8, max);
	check_number(text, 10, max);
	check_number(text, 16, max);
	return 0;
}
