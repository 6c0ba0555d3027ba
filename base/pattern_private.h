/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled pattern, between its compiler (pattern.c) and its matcher (pattern_match.c).
 */
#ifndef BASE_PATTERN_PRIVATE_H
#define BASE_PATTERN_PRIVATE_H

#include "base/pattern.h"

#define PATTERN_GROUPS_MAX  32   /* with group 0, the whole match */
#define PATTERN_SUBJECT_MAX 4096 /* bytes of text to match */

enum pattern_op {
	OP_SET = 1, /* one byte out of a set, go on */
	OP_BEGIN,
	OP_END,
	OP_BOUNDARY,
	OP_NOT_BOUNDARY,
	OP_SAVE,  /* remember the position in slot x */
	OP_SPLIT, /* try x first, then y */
	OP_JUMP,  /* go to x */
	OP_MATCH,
};

/* Which of the 128 ASCII bytes. */
struct byte_set {
	uint64_t bits[2];
};

struct instruction {
	enum pattern_op op;
	uint32_t x, y;
	struct byte_set set;
};

struct pattern {
	struct instruction *code;
	size_t count;
	size_t group_count;                    /* with group 0 */
	const char *names[PATTERN_GROUPS_MAX]; /* NULL: has only its number */
};

static inline bool byte_set_has(const struct byte_set *set, unsigned char c)
{
	return c < 128 && (set->bits[c / 64] >> (c % 64) & 1);
}

static inline bool is_word_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

#endif
