/* SPDX-License-Identifier: Apache-2.0 */
/* Tree → instructions for the machine in pattern_match.c. */
#include "base/limits.h"
#include "base/pattern_private.h"

static int emit(
	struct pattern_parser *p, enum pattern_op op, uint32_t x, struct error *err)
{
	struct instruction *instruction;
	if (p->pattern->count >= LIMIT_PATTERN_STATES)
		return pattern_error(p, "too many repetitions", err);
	instruction = arena_append(p->arena, &p->pattern->code, &p->pattern->count,
		&p->capacity, sizeof(*instruction));
	if (!instruction)
		return error_set_memory(err);
	instruction->op = op;
	instruction->x = x;
	return 0;
}

static uint32_t here(const struct pattern_parser *p)
{
	return (uint32_t)p->pattern->count; /* at most LIMIT_PATTERN_STATES */
}

static int emit_node(
	struct pattern_parser *p, const struct pattern_node *node, struct error *err);

/* The split at `split` goes on into what follows it, or to `other`; lazy prefers other.
 */
static void set_split(struct pattern_parser *p, uint32_t split, uint32_t other, bool lazy)
{
	struct instruction *instruction = &p->pattern->code[split];
	instruction->x = lazy ? other : split + 1;
	instruction->y = lazy ? split + 1 : other;
}

static int emit_star(
	struct pattern_parser *p, const struct pattern_node *node, struct error *err)
{
	uint32_t split = here(p);
	if (emit(p, OP_SPLIT, 0, err) < 0 || emit_node(p, node->a, err) < 0 ||
		emit(p, OP_JUMP, split, err) < 0)
		return err->class;
	set_split(p, split, here(p), node->lazy);
	return 0;
}

static int emit_repeat(
	struct pattern_parser *p, const struct pattern_node *node, struct error *err)
{
	uint32_t first, optional;
	for (uint32_t i = 0; i < node->min; i++) {
		if (emit_node(p, node->a, err) < 0)
			return err->class;
	}
	if (node->max == PATTERN_NO_MAXIMUM)
		return emit_star(p, node, err);
	first = here(p);
	optional = node->max - node->min;
	/* All the splits lead to the end, which is not known yet: y chains them until
	 * then. */
	for (uint32_t i = 0; i < optional; i++) {
		uint32_t split = here(p);
		if (emit(p, OP_SPLIT, 0, err) < 0)
			return err->class;
		p->pattern->code[split].y = first;
		first = split;
		if (emit_node(p, node->a, err) < 0)
			return err->class;
	}
	for (uint32_t i = 0; i < optional; i++) {
		uint32_t before = p->pattern->code[first].y;
		set_split(p, first, here(p), node->lazy);
		first = before;
	}
	return 0;
}

static int emit_either(
	struct pattern_parser *p, const struct pattern_node *node, struct error *err)
{
	uint32_t split = here(p), jump;
	if (emit(p, OP_SPLIT, 0, err) < 0 || emit_node(p, node->a, err) < 0)
		return err->class;
	jump = here(p);
	if (emit(p, OP_JUMP, 0, err) < 0)
		return err->class;
	set_split(p, split, here(p), false);
	if (emit_node(p, node->b, err) < 0)
		return err->class;
	p->pattern->code[jump].x = here(p);
	return 0;
}

static int emit_group(
	struct pattern_parser *p, const struct pattern_node *node, struct error *err)
{
	if (emit(p, OP_SAVE, 2 * node->group, err) < 0 || emit_node(p, node->a, err) < 0)
		return err->class;
	return emit(p, OP_SAVE, 2 * node->group + 1, err);
}

static int emit_set(
	struct pattern_parser *p, const struct pattern_node *node, struct error *err)
{
	if (emit(p, OP_SET, 0, err) < 0)
		return err->class;
	p->pattern->code[p->pattern->count - 1].set = node->set;
	return 0;
}

/*
 * Recursion goes as deep as groups (DEPTH_MAX), repetitions on them and alternatives (the
 * pattern's length) do. Work is counted: repeating something empty a million times emits
 * nothing, but takes its time.
 */
static int emit_node(
	struct pattern_parser *p, const struct pattern_node *node, struct error *err)
{
	for (; node->kind == NODE_JOIN; node = node->b) {
		if (++p->work > 4 * LIMIT_PATTERN_STATES)
			return pattern_error(p, "too many repetitions", err);
		if (emit_node(p, node->a, err) < 0)
			return err->class;
	}
	if (++p->work > 4 * LIMIT_PATTERN_STATES)
		return pattern_error(p, "too many repetitions", err);
	switch (node->kind) {
	case NODE_SET:
		return emit_set(p, node, err);
	case NODE_ASSERT:
		return emit(p, node->assert, 0, err);
	case NODE_GROUP:
		return emit_group(p, node, err);
	case NODE_EITHER:
		return emit_either(p, node, err);
	case NODE_REPEAT:
		return emit_repeat(p, node, err);
	case NODE_JOIN:
	case NODE_EMPTY:
		break;
	}
	return 0;
}

static int emit_program(
	struct pattern_parser *p, const struct pattern_node *root, struct error *err)
{
	if (emit(p, OP_SAVE, 0, err) < 0 || emit_node(p, root, err) < 0 ||
		emit(p, OP_SAVE, 1, err) < 0)
		return err->class;
	return emit(p, OP_MATCH, 0, err);
}

int pattern_compile(const char *text, struct arena *arena, struct pattern **ret_pattern,
	struct error *err)
{
	struct pattern_parser p = {
		.whole = slice_str(text), .rest = slice_str(text), .arena = arena};
	struct pattern_node *root;
	if (!(p.pattern = arena_alloc(arena, sizeof(*p.pattern))))
		return error_set_memory(err);
	p.pattern->group_count = 1;
	if (pattern_parse(&p, &root, err) < 0 || emit_program(&p, root, err) < 0)
		return err->class;
	*ret_pattern = p.pattern;
	return 0;
}

int pattern_compile_whole(const char *text, struct arena *arena,
	struct pattern **ret_pattern, struct error *err)
{
	struct pattern *alone; /* else "a)|(b" would get out of the parentheses */
	char *whole;
	if (pattern_compile(text, arena, &alone, err) < 0)
		return err->class;
	if (!(whole = arena_printf(arena, "\\A(?:%s)\\z", text)))
		return error_set_memory(err);
	return pattern_compile(whole, arena, ret_pattern, err);
}
