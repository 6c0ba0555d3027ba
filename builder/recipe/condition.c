/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/condition.h"

#include "base/limits.h"

struct condition {
	struct slice whole, rest;
	struct expander *expander;
	const struct condition_scopes *scopes;
	const struct text_place *place;
	unsigned depth;
};

static void skip_space(struct condition *c)
{
	while (c->rest.len && strchr(" \t\r\n", *c->rest.data) && *c->rest.data)
		c->rest = slice_sub(c->rest, 1, c->rest.len);
}

static bool take(struct condition *c, struct slice token)
{
	skip_space(c);
	if (!slice_starts_with(c->rest, token))
		return false;
	c->rest = slice_sub(c->rest, token.len, c->rest.len);
	return true;
}

static int syntax_error(struct condition *c, const char *wanted, struct error *err)
{
	size_t at = c->whole.len - c->rest.len;
	struct slice rest = slice_sub(c->rest, 0, 32);
	if (!rest.len)
		return yaml_error(c->place->node, c->place->file, err,
			"if: %s expected, but the condition ends", wanted);
	return yaml_error(c->place->node, c->place->file, err,
		"if: %s expected at character %zu, found '%.*s'", wanted, at + 1,
		SLICE_ARG(rest));
}

static char unescape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '\\':
	case '\'':
	case '"':
		return c;
	default:
		return '\0';
	}
}

/* Where the closing quote stands in rest, or SIZE_MAX. */
static size_t quote_end(struct slice rest, char quote)
{
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.data[i] == quote)
			return i;
		if (rest.data[i] == '\\' && i + 1 < rest.len &&
			unescape(rest.data[i + 1]))
			i++; /* an escaped quote does not end the text */
	}
	return SIZE_MAX;
}

/* The text up to the closing quote; the opening one has been taken. */
static int parse_quoted(
	struct condition *c, char quote, struct slice *ret_value, struct error *err)
{
	size_t end = quote_end(c->rest, quote), len = 0;
	const char *text;
	char *out;
	if (end == SIZE_MAX) {
		c->rest = SLICE_EMPTY;
		return syntax_error(c, "a closing quote", err);
	}
	out = arena_alloc(c->expander->arena, end + 1);
	if (!out)
		return error_set_memory(err);
	for (size_t i = 0; i < end; i++) {
		char plain =
			c->rest.data[i] == '\\' ? unescape(c->rest.data[i + 1]) : '\0';
		i += plain != '\0';
		out[len++] = plain ? plain : c->rest.data[i];
	}
	c->rest = slice_sub(c->rest, end + 1, c->rest.len);
	if (expand_text(c->expander, c->scopes->early, EXPAND_TOLERANT, out, c->place,
		    &text, err) < 0)
		return err->class;
	*ret_value = slice_str(text);
	if (slice_find(*ret_value, SLICE("${{")) != SIZE_MAX)
		return yaml_error(c->place->node, c->place->file, err,
			"if: '%.*s' is not replaced within quotes, write it without",
			SLICE_ARG(slice_sub(*ret_value, 0, 64)));
	return 0;
}

static int parse_value(struct condition *c, struct slice *ret_value, struct error *err)
{
	struct slice name;
	const char *text;
	if (take(c, SLICE("'")))
		return parse_quoted(c, '\'', ret_value, err);
	if (take(c, SLICE("\"")))
		return parse_quoted(c, '"', ret_value, err);
	if (!variable_take(&c->rest, &name))
		return syntax_error(c, "'text', \"text\" or ${{variable}}", err);
	text = scope_find(c->scopes->late, name);
	if (!text)
		text = scope_find(c->scopes->early, name);
	if (!text) {
		(void)variable_unknown(c->scopes->late, name, c->place, err);
		return error_wrap(err, "if");
	}
	*ret_value = slice_str(text);
	return 0;
}

static int parse_expression(struct condition *c, bool *ret_holds, struct error *err);

static int parse_group(struct condition *c, bool *ret_holds, struct error *err)
{
	if (++c->depth > LIMIT_YAML_DEPTH)
		return yaml_error(c->place->node, c->place->file, err,
			"if: parentheses more than %d deep", LIMIT_YAML_DEPTH);
	if (parse_expression(c, ret_holds, err) < 0)
		return err->class;
	c->depth--;
	return take(c, SLICE(")")) ? 0 : syntax_error(c, "')', '&&' or '||'", err);
}

static int parse_atom(struct condition *c, bool *ret_holds, struct error *err)
{
	struct slice left, right;
	bool equal;
	if (take(c, SLICE("(")))
		return parse_group(c, ret_holds, err);
	if (parse_value(c, &left, err) < 0)
		return err->class;
	equal = take(c, SLICE("=="));
	if (!equal && !take(c, SLICE("!=")))
		return syntax_error(c, "'==' or '!='", err);
	if (parse_value(c, &right, err) < 0)
		return err->class;
	*ret_holds = slice_equal(left, right) == equal;
	return 0;
}

static int parse_expression(struct condition *c, bool *ret_holds, struct error *err)
{
	bool holds, other, both;
	if (parse_atom(c, &holds, err) < 0)
		return err->class;
	while ((both = take(c, SLICE("&&"))) || take(c, SLICE("||"))) {
		if (parse_atom(c, &other, err) < 0)
			return err->class;
		holds = both ? holds && other : holds || other;
	}
	*ret_holds = holds;
	return 0;
}

int condition_evaluate(struct expander *expander, const struct condition_scopes *scopes,
	const char *text, const struct text_place *place, bool *ret_holds,
	struct error *err)
{
	struct condition c = {.whole = slice_str(text),
		.rest = slice_str(text),
		.expander = expander,
		.scopes = scopes,
		.place = place};
	bool holds;
	if (parse_expression(&c, &holds, err) < 0)
		return err->class;
	skip_space(&c);
	if (c.rest.len)
		return syntax_error(&c, "'&&', '||' or the end", err);
	*ret_holds = holds;
	return 0;
}
