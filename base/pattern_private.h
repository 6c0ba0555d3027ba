/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regular expression between its parser (pattern_parse.c, with pattern_set.c), its
 * compiler (pattern.c) and its matcher (pattern_match.c).
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

/* ---- sets of bytes ---- */

static inline bool byte_set_has(const struct byte_set *set, unsigned char c)
{
	return c < 128 && (set->bits[c / 64] >> (c % 64) & 1);
}

static inline bool is_word_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

void byte_set_add(struct byte_set *set, unsigned char from, unsigned char to);
void byte_set_join(struct byte_set *set, const struct byte_set *other);
void byte_set_invert(struct byte_set *set);
/* \d \w \s and their opposites; false for another letter. */
bool byte_set_of_class(char c, struct byte_set *ret_set);
/* "alpha" of [[:alpha:]]; false for another name. */
bool byte_set_of_name(struct slice name, struct byte_set *ret_set);

/* ---- the tree ---- */

#define PATTERN_NO_MAXIMUM UINT32_MAX

enum pattern_node_kind {
	NODE_EMPTY = 1,
	NODE_SET,
	NODE_ASSERT,
	NODE_GROUP,
	NODE_JOIN,
	NODE_EITHER,
	NODE_REPEAT
};

struct pattern_node {
	enum pattern_node_kind kind;
	struct byte_set set;    /* NODE_SET */
	enum pattern_op assert; /* NODE_ASSERT */
	uint32_t group;         /* NODE_GROUP */
	uint32_t min, max;      /* NODE_REPEAT */
	bool lazy;
	struct pattern_node *a, *b;
};

struct pattern_parser {
	struct slice whole, rest;
	struct arena *arena;
	struct pattern *pattern; /* gets the names of groups, then the code */
	unsigned depth;
	size_t capacity, work; /* of the code */
};

/* ERR_INPUT with what is wrong at which character. */
int pattern_error(struct pattern_parser *p, const char *why, struct error *err);
MUST_USE int pattern_parse(
	struct pattern_parser *p, struct pattern_node **ret_root, struct error *err);

#endif
