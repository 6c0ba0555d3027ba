/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of ASCII bytes, and those that have names. */
#include "base/pattern_private.h"

void byte_set_add(struct byte_set *set, unsigned char from, unsigned char to)
{
	for (unsigned c = from; c <= to && c < 128; c++)
		set->bits[c / 64] |= (uint64_t)1 << (c % 64);
}

void byte_set_join(struct byte_set *set, const struct byte_set *other)
{
	set->bits[0] |= other->bits[0];
	set->bits[1] |= other->bits[1];
}

void byte_set_invert(struct byte_set *set)
{
	set->bits[0] = ~set->bits[0];
	set->bits[1] = ~set->bits[1];
}

bool byte_set_of_class(char c, struct byte_set *ret_set)
{
	struct byte_set set = {{0, 0}};
	switch (c | 0x20) {
	case 'd':
		byte_set_add(&set, '0', '9');
		break;
	case 'w':
		byte_set_add(&set, '0', '9');
		byte_set_add(&set, 'a', 'z');
		byte_set_add(&set, 'A', 'Z');
		byte_set_add(&set, '_', '_');
		break;
	case 's':
		byte_set_add(&set, '\t', '\n');
		byte_set_add(&set, '\f', '\r');
		byte_set_add(&set, ' ', ' ');
		break;
	default:
		return false;
	}
	if (!(c & 0x20))
		byte_set_invert(&set);
	*ret_set = set;
	return true;
}

bool byte_set_of_name(struct slice name, struct byte_set *ret_set)
{
	static const struct {
		const char *name;
		const char *ranges; /* pairs */
	} classes[] = {{"alnum", "09azAZ"}, {"alpha", "azAZ"}, {"blank", "\t\t  "},
		{"digit", "09"}, {"lower", "az"}, {"punct", "!/:@[`{~"},
		{"space", "\t\r  "}, {"upper", "AZ"}, {"word", "09azAZ__"},
		{"xdigit", "09afAF"}};
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		struct byte_set set = {{0, 0}};
		if (!slice_equal_str(name, classes[i].name))
			continue;
		for (const char *r = classes[i].ranges; *r; r += 2)
			byte_set_add(&set, (unsigned char)r[0], (unsigned char)r[1]);
		*ret_set = set;
		return true;
	}
	return false;
}
