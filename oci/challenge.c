/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "oci/challenge.h"

struct parser {
	struct slice rest;
	struct arena *arena;
};

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void skip_blanks(struct parser *parser)
{
	size_t n = 0;

	while (n < parser->rest.len &&
		(parser->rest.data[n] == ' ' || parser->rest.data[n] == '\t'))
		n++;
	parser->rest = slice_sub(parser->rest, n, parser->rest.len);
}

static bool next_is(const struct parser *parser, char c)
{
	return parser->rest.len != 0 && parser->rest.data[0] == c;
}

static bool take_char(struct parser *parser, char c)
{
	struct slice ignored;

	return next_is(parser, c) && slice_take(&parser->rest, 1, &ignored);
}

/* Empty list elements are allowed (RFC 9110, 5.6.1.2). */
static void skip_commas(struct parser *parser)
{
	do
		skip_blanks(parser);
	while (take_char(parser, ','));
}

static struct slice take_token(struct parser *parser)
{
	struct slice token;
	size_t n = 0;

	while (n < parser->rest.len && is_token_char(parser->rest.data[n]))
		n++;
	token = slice_sub(parser->rest, 0, n);
	parser->rest = slice_sub(parser->rest, n, parser->rest.len);
	return token;
}

/* After the opening quote; NULL: no end or no memory. */
static int take_quoted(struct parser *parser, char **ret_text, struct error *err)
{
	char *text = arena_alloc(parser->arena, parser->rest.len + 1);
	size_t len = 0, i = 0;

	if (!text)
		return error_set_memory(err);
	while (i < parser->rest.len && parser->rest.data[i] != '"') {
		if (parser->rest.data[i] == '\\')
			i++;
		if (i < parser->rest.len)
			text[len++] = parser->rest.data[i++];
	}
	if (i >= parser->rest.len)
		return error_set(err, ERR_INPUT, "a quote does not end");
	parser->rest = slice_sub(parser->rest, i + 1, parser->rest.len);
	*ret_text = text;
	return 0;
}

static int take_value(struct parser *parser, char **ret_text, struct error *err)
{
	struct slice token;

	if (take_char(parser, '"'))
		return take_quoted(parser, ret_text, err);
	token = take_token(parser);
	if (token.len == 0)
		return error_set(err, ERR_INPUT, "a parameter without value");
	*ret_text = arena_strndup(parser->arena, token);
	return *ret_text ? 0 : error_set_memory(err);
}

static bool name_is(struct slice name, const char *other)
{
	return name.len == strlen(other) && strncasecmp(name.data, other, name.len) == 0;
}

static int set_param(struct challenge *challenge, struct slice name, const char *value,
	struct error *err)
{
	const struct {
		const char *name;
		const char **place;
	} known[] = {
		{"realm", &challenge->realm},
		{"service", &challenge->service},
		{"scope", &challenge->scope},
		{"error", &challenge->error},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!name_is(name, known[i].name))
			continue;
		if (*known[i].place)
			return error_set(
				err, ERR_INPUT, "%s is there twice", known[i].name);
		*known[i].place = value;
	}
	return 0;
}

/* "token =": *ret_name; anything else, and nothing has moved: false. */
static bool take_param_name(struct parser *parser, struct slice *ret_name)
{
	struct parser ahead = *parser;
	struct slice name = take_token(&ahead);

	skip_blanks(&ahead);
	if (name.len == 0 || !take_char(&ahead, '='))
		return false;
	skip_blanks(&ahead);
	/* "abc=" and "abc==" before a comma or the end are a token68, not a parameter */
	if (ahead.rest.len == 0 || next_is(&ahead, ',') || next_is(&ahead, '='))
		return false;
	*parser = ahead;
	*ret_name = name;
	return true;
}

static void skip_token68(struct parser *parser)
{
	size_t n = 0;

	while (n < parser->rest.len &&
		(is_token_char(parser->rest.data[n]) || parser->rest.data[n] == '/'))
		n++;
	while (n < parser->rest.len && parser->rest.data[n] == '=')
		n++;
	parser->rest = slice_sub(parser->rest, n, parser->rest.len);
}

static int take_params(
	struct parser *parser, struct challenge *challenge, struct error *err)
{
	struct slice name;
	char *value = NULL;

	for (size_t count = 0; take_param_name(parser, &name); count++) {
		if (count == CHALLENGE_PARAMS_MAX)
			return error_set(err, ERR_INPUT, "more than %d parameters",
				CHALLENGE_PARAMS_MAX);
		if (take_value(parser, &value, err) < 0 ||
			set_param(challenge, name, value, err) < 0)
			return err->class;
		skip_blanks(parser);
		if (!next_is(parser, ',') && parser->rest.len != 0)
			return error_set(err, ERR_INPUT, "a comma is missing");
		skip_commas(parser);
	}
	return 0;
}

static int take_challenge(
	struct parser *parser, struct challenge *challenge, struct error *err)
{
	struct slice scheme = take_token(parser), name;
	struct parser ahead;

	if (scheme.len == 0)
		return error_set(err, ERR_INPUT, "a scheme is missing");
	if (name_is(scheme, "basic"))
		challenge->scheme = CHALLENGE_BASIC;
	else if (name_is(scheme, "bearer"))
		challenge->scheme = CHALLENGE_BEARER;
	if (parser->rest.len != 0 && !next_is(parser, ' ') && !next_is(parser, '\t') &&
		!next_is(parser, ','))
		return error_set(err, ERR_INPUT, "a space is missing behind the scheme");
	if (next_is(parser, ','))
		return 0;
	skip_blanks(parser);
	ahead = *parser;
	if (!take_param_name(&ahead, &name)) {
		skip_token68(parser);
		skip_blanks(parser);
		if (!next_is(parser, ',') && parser->rest.len != 0)
			return error_set(err, ERR_INPUT, "a comma is missing");
		return 0;
	}
	return take_params(parser, challenge, err);
}

static int parse(struct parser *parser, struct challenge_list *list, struct error *err)
{
	skip_commas(parser);
	if (parser->rest.len == 0)
		return error_set(err, ERR_INPUT, "it is empty");
	while (parser->rest.len != 0) {
		if (list->count == CHALLENGES_MAX)
			return error_set(err, ERR_INPUT, "more than %d challenges",
				CHALLENGES_MAX);
		list->items[list->count] = (struct challenge){0};
		if (take_challenge(parser, &list->items[list->count], err) < 0)
			return err->class;
		list->count++;
		skip_commas(parser);
	}
	return 0;
}

int challenge_parse(struct slice header, struct arena *arena, struct challenge_list *list,
	struct error *err)
{
	struct parser parser = {.rest = header, .arena = arena};

	if (header.len > CHALLENGE_HEADER_BYTES)
		return error_set(err, ERR_INPUT, "WWW-Authenticate: more than %d bytes",
			CHALLENGE_HEADER_BYTES);
	for (size_t i = 0; i < header.len; i++)
		if ((header.data[i] < 0x20 && header.data[i] != '\t') ||
			header.data[i] == 0x7f)
			return error_set(err, ERR_INPUT,
				"WWW-Authenticate: a control or non-ASCII character");
	if (parse(&parser, list, err) < 0)
		return error_wrap(err, "WWW-Authenticate");
	return 0;
}

const struct challenge *challenge_find(
	const struct challenge_list *list, enum challenge_scheme scheme)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].scheme == scheme)
			return &list->items[i];
	return NULL;
}
