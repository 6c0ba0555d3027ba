/* SPDX-License-Identifier: Apache-2.0 */
/* Text → tree. */
#include "base/limits.h"
#include "base/pattern_private.h"

#define DEPTH_MAX  64
#define REPEAT_MAX 1000 /* as in RE2 */

int pattern_error(struct pattern_parser *p, const char *why, struct error *err)
{
	return error_set(err, ERR_INPUT, "regular expression '%.*s': %s at character %zu",
		SLICE_ARG(slice_sub(p->whole, 0, 128)), why,
		p->whole.len - p->rest.len + 1);
}

static struct pattern_node *node_new(
	struct pattern_parser *p, enum pattern_node_kind kind)
{
	struct pattern_node *node = arena_alloc(p->arena, sizeof(*node));
	if (node)
		node->kind = kind;
	return node;
}

static bool at(const struct pattern_parser *p, char c)
{
	return p->rest.len && *p->rest.data == c;
}

static void skip(struct pattern_parser *p, size_t len)
{
	p->rest = slice_sub(p->rest, len, p->rest.len);
}

static bool take(struct pattern_parser *p, char c)
{
	if (!at(p, c))
		return false;
	skip(p, 1);
	return true;
}

/* The character that \c stands for, or '\0'. */
static char escaped_character(char c)
{
	static const char from[] = "ntrfv", to[] = "\n\t\r\f\v";
	const char *found = c ? strchr(from, c) : NULL;
	if (found)
		return to[found - from];
	if (c > 0x20 && c < 0x7f && (!is_word_byte((unsigned char)c) || c == '_'))
		return c;
	return '\0';
}

/* One character or class within [...]. *ret_single is '\0' for a class. */
static int parse_class_item(struct pattern_parser *p, struct byte_set *set,
	char *ret_single, struct error *err)
{
	struct byte_set class;
	char c = *p->rest.data;
	size_t end;
	*ret_single = '\0';
	if (slice_starts_with(p->rest, SLICE("[:"))) {
		end = slice_find(p->rest, SLICE(":]"));
		if (end == SIZE_MAX ||
			!byte_set_of_name(slice_sub(p->rest, 2, end - 2), &class))
			return pattern_error(p, "unknown character class", err);
		byte_set_join(set, &class);
		skip(p, end + 2);
		return 0;
	}
	skip(p, 1);
	if (c == '\\') {
		c = p->rest.len ? *p->rest.data : '\0';
		if (byte_set_of_class(c, &class)) {
			byte_set_join(set, &class);
			skip(p, 1);
			return 0;
		}
		if (!(c = escaped_character(c)))
			return pattern_error(p, "unknown escape", err);
		skip(p, 1);
	}
	*ret_single = c;
	return 0;
}

static int parse_class_range(
	struct pattern_parser *p, struct byte_set *set, char from, struct error *err)
{
	char to;
	skip(p, 1); /* the "-" */
	if (parse_class_item(p, set, &to, err) < 0)
		return err->class;
	if (!to || to < from)
		return pattern_error(p, "range ends before it begins", err);
	byte_set_add(set, (unsigned char)from, (unsigned char)to);
	return 0;
}

static int parse_class(
	struct pattern_parser *p, struct pattern_node **ret_node, struct error *err)
{
	struct pattern_node *node = node_new(p, NODE_SET);
	bool inverted, first = true;
	if (!node)
		return error_set_memory(err);
	inverted = take(p, '^');
	while (first || !at(p, ']')) {
		char single;
		if (!p->rest.len)
			return pattern_error(p, "no closing ']'", err);
		if (parse_class_item(p, &node->set, &single, err) < 0)
			return err->class;
		first = false;
		if (!single)
			continue;
		byte_set_add(&node->set, (unsigned char)single, (unsigned char)single);
		if (at(p, '-') && p->rest.len > 1 && p->rest.data[1] != ']' &&
			parse_class_range(p, &node->set, single, err) < 0)
			return err->class;
	}
	skip(p, 1);
	if (inverted)
		byte_set_invert(&node->set);
	*ret_node = node;
	return 0;
}

/* ---- the tree ---- */

static int parse_either(
	struct pattern_parser *p, struct pattern_node **ret_node, struct error *err);

static int set_node(struct pattern_parser *p, const struct byte_set *set,
	struct pattern_node **ret_node, struct error *err)
{
	struct pattern_node *node = node_new(p, NODE_SET);
	if (!node)
		return error_set_memory(err);
	node->set = *set;
	*ret_node = node;
	return 0;
}

static int character_node(struct pattern_parser *p, char c,
	struct pattern_node **ret_node, struct error *err)
{
	struct byte_set set = {{0, 0}};
	byte_set_add(&set, (unsigned char)c, (unsigned char)c);
	return set_node(p, &set, ret_node, err);
}

static int assert_node(struct pattern_parser *p, enum pattern_op op,
	struct pattern_node **ret_node, struct error *err)
{
	struct pattern_node *node = node_new(p, NODE_ASSERT);
	if (!node)
		return error_set_memory(err);
	node->assert = op;
	*ret_node = node;
	return 0;
}

static int parse_escape(
	struct pattern_parser *p, struct pattern_node **ret_node, struct error *err)
{
	struct byte_set set;
	char c = p->rest.len ? *p->rest.data : '\0', plain;
	if (c == 'A' || c == 'z' || c == 'b' || c == 'B') {
		skip(p, 1);
		return assert_node(p,
			c == 'A'   ? OP_BEGIN
			: c == 'z' ? OP_END
			: c == 'b' ? OP_BOUNDARY
				   : OP_NOT_BOUNDARY,
			ret_node, err);
	}
	if (byte_set_of_class(c, &set)) {
		skip(p, 1);
		return set_node(p, &set, ret_node, err);
	}
	if (!(plain = escaped_character(c)))
		return pattern_error(p, "unknown escape", err);
	skip(p, 1);
	return character_node(p, plain, ret_node, err);
}

/* After "(?P<": the name and ">". */
static int parse_group_name(struct pattern_parser *p, uint32_t group, struct error *err)
{
	size_t end = slice_find(p->rest, SLICE(">"));
	char *name;
	if (end == SIZE_MAX || end == 0)
		return pattern_error(p, "group without a name", err);
	name = arena_strndup(p->arena, slice_sub(p->rest, 0, end));
	if (!name)
		return error_set_memory(err);
	p->pattern->names[group] = name;
	skip(p, end + 1);
	return 0;
}

/* After "(": *ret_group 0 if it is not remembered. */
static int parse_group_head(
	struct pattern_parser *p, uint32_t *ret_group, struct error *err)
{
	*ret_group = 0;
	if (slice_starts_with(p->rest, SLICE("?:"))) {
		skip(p, 2);
		return 0;
	}
	if (at(p, '?') && !slice_starts_with(p->rest, SLICE("?P<")))
		return pattern_error(p, "flags and look-around are not supported,", err);
	if (p->pattern->group_count >= PATTERN_GROUPS_MAX)
		return pattern_error(p, "too many groups", err);
	*ret_group = (uint32_t)p->pattern->group_count++; /* below PATTERN_GROUPS_MAX */
	if (!at(p, '?'))
		return 0;
	skip(p, 3);
	return parse_group_name(p, *ret_group, err);
}

static int parse_group(
	struct pattern_parser *p, struct pattern_node **ret_node, struct error *err)
{
	struct pattern_node *node = node_new(p, NODE_GROUP);
	if (!node)
		return error_set_memory(err);
	if (++p->depth > DEPTH_MAX)
		return pattern_error(p, "groups too deep", err);
	if (parse_group_head(p, &node->group, err) < 0 ||
		parse_either(p, &node->a, err) < 0)
		return err->class;
	p->depth--;
	if (!take(p, ')'))
		return pattern_error(p, "no closing ')'", err);
	*ret_node = node->group ? node : node->a;
	return 0;
}

static int parse_atom(
	struct pattern_parser *p, struct pattern_node **ret_node, struct error *err)
{
	struct byte_set any = {{~((uint64_t)1 << '\n'), UINT64_MAX}};
	char c = *p->rest.data;
	if (strchr("*+?", c))
		return pattern_error(p, "nothing to repeat", err);
	skip(p, 1);
	switch (c) {
	case '(':
		return parse_group(p, ret_node, err);
	case '[':
		return parse_class(p, ret_node, err);
	case '\\':
		return parse_escape(p, ret_node, err);
	case '.':
		return set_node(p, &any, ret_node, err);
	case '^':
		return assert_node(p, OP_BEGIN, ret_node, err);
	case '$':
		return assert_node(p, OP_END, ret_node, err);
	default:
		return character_node(p, c, ret_node, err);
	}
}

static bool take_number(struct slice *s, uint32_t *ret_number)
{
	uint32_t number = 0;
	size_t len = 0;
	while (len < s->len && len < 5 && s->data[len] >= '0' && s->data[len] <= '9')
		number =
			number * 10 + (uint32_t)(s->data[len++] - '0'); /* 5 digits fit */
	if (!len)
		return false;
	*s = slice_sub(*s, len, s->len);
	*ret_number = number;
	return true;
}

/* "{n}" "{n,}" "{n,m}" at the front; anything else there is literal text, as in RE2. */
static bool take_braces(struct pattern_parser *p, uint32_t *ret_min, uint32_t *ret_max)
{
	struct slice s = slice_sub(p->rest, 1, p->rest.len);
	uint32_t min, max;
	if (!at(p, '{') || !take_number(&s, &min))
		return false;
	max = min;
	if (slice_starts_with(s, SLICE(","))) {
		s = slice_sub(s, 1, s.len);
		if (!take_number(&s, &max))
			max = PATTERN_NO_MAXIMUM;
	}
	if (!slice_starts_with(s, SLICE("}")))
		return false;
	p->rest = slice_sub(s, 1, s.len);
	*ret_min = min;
	*ret_max = max;
	return true;
}

static bool take_repeat(struct pattern_parser *p, uint32_t *ret_min, uint32_t *ret_max)
{
	bool star = at(p, '*'), plus = at(p, '+');
	if (!star && !plus && !at(p, '?'))
		return take_braces(p, ret_min, ret_max);
	skip(p, 1);
	*ret_min = plus ? 1 : 0;
	*ret_max = star || plus ? PATTERN_NO_MAXIMUM : 1;
	return true;
}

static int parse_repeat(
	struct pattern_parser *p, struct pattern_node **ret_node, struct error *err)
{
	struct pattern_node *node = NULL, *repeat;
	uint32_t min, max;
	if (parse_atom(p, &node, err) < 0)
		return err->class;
	if (take_repeat(p, &min, &max)) {
		if (min > REPEAT_MAX ||
			(max != PATTERN_NO_MAXIMUM && (max > REPEAT_MAX || max < min)))
			return pattern_error(p, "bad repeat count", err);
		if (!(repeat = node_new(p, NODE_REPEAT)))
			return error_set_memory(err);
		repeat->min = min;
		repeat->max = max;
		repeat->lazy = take(p, '?');
		repeat->a = node;
		node = repeat;
		if (at(p, '*') || at(p, '+') || at(p, '?'))
			return pattern_error(p, "repeated repetition", err);
	}
	*ret_node = node;
	return 0;
}

/* A balanced tree is not needed: joining is walked in a loop along b. */
static int parse_join(
	struct pattern_parser *p, struct pattern_node **ret_node, struct error *err)
{
	struct pattern_node **tail = ret_node;
	while (p->rest.len && !at(p, '|') && !at(p, ')')) {
		struct pattern_node *join = node_new(p, NODE_JOIN);
		if (!join)
			return error_set_memory(err);
		if (parse_repeat(p, &join->a, err) < 0)
			return err->class;
		*tail = join;
		tail = &join->b;
	}
	*tail = node_new(p, NODE_EMPTY);
	return *tail ? 0 : error_set_memory(err);
}

static int parse_either(
	struct pattern_parser *p, struct pattern_node **ret_node, struct error *err)
{
	struct pattern_node *first, *either;
	if (parse_join(p, &first, err) < 0)
		return err->class;
	*ret_node = first;
	while (take(p, '|')) {
		if (!(either = node_new(p, NODE_EITHER)))
			return error_set_memory(err);
		either->a = *ret_node;
		if (parse_join(p, &either->b, err) < 0)
			return err->class;
		*ret_node = either;
	}
	return 0;
}

static int check_text(struct slice text, struct error *err)
{
	if (text.len > LIMIT_PATTERN_BYTES)
		return error_set(err, ERR_INPUT,
			"regular expression of %zu bytes, more than the allowed %d",
			text.len, LIMIT_PATTERN_BYTES);
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.data[i] >= 0x80)
			return error_set(
				err, ERR_INPUT, "regular expression is not ASCII");
	}
	return 0;
}

int pattern_parse(
	struct pattern_parser *p, struct pattern_node **ret_root, struct error *err)
{
	struct pattern_node *root;
	if (check_text(p->whole, err) < 0 || parse_either(p, &root, err) < 0)
		return err->class;
	if (p->rest.len)
		return pattern_error(p, "')' without '('", err);
	*ret_root = root;
	return 0;
}
