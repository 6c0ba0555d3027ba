/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/package/index.h"

/* In this order: of two versions that are equal so far, the one with the lower kind is
 * newer. */
enum kind {
	KIND_FIRST_NUMBER,
	KIND_NUMBER,
	KIND_LETTER,
	KIND_SUFFIX,
	KIND_SUFFIX_NUMBER,
	KIND_HASH,
	KIND_REVISION,
	KIND_END,
	KIND_INVALID,
};

/* Oldest first; those before SUFFIX_NONE come before the version without a suffix. */
static const char *const SUFFIXES[] = {
	"alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"};
#define SUFFIX_NONE 4

struct token {
	enum kind kind;
	struct slice value;
	size_t suffix;
};

struct cursor {
	struct slice rest;
	struct token token;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static struct slice take_while(struct slice *rest, bool (*wanted)(char c))
{
	size_t len = 0;
	struct slice taken = SLICE_EMPTY;
	while (len < rest->len && wanted(rest->data[len]))
		len++;
	(void)slice_take(rest, len, &taken); /* len <= rest->len */
	return taken;
}

static struct token make(enum kind kind, struct slice value)
{
	return (struct token){
		.kind = value.len > 0 ? kind : KIND_INVALID, .value = value};
}

static struct token take_suffix(struct slice *rest)
{
	struct slice name = take_while(rest, is_lower);
	for (size_t i = 0; i < ARRAY_LEN(SUFFIXES); i++)
		if (name.len > 0 && slice_equal_str(name, SUFFIXES[i]))
			return (struct token){
				.kind = KIND_SUFFIX, .value = name, .suffix = i};
	return (struct token){.kind = KIND_INVALID};
}

static struct token next_token(struct slice *rest, enum kind before)
{
	static const struct token invalid = {.kind = KIND_INVALID};
	struct slice mark;
	if (rest->len == 0)
		return (struct token){.kind = KIND_END};
	char c = rest->data[0];
	if (is_digit(c))
		return before == KIND_SUFFIX
			       ? make(KIND_SUFFIX_NUMBER, take_while(rest, is_digit))
			       : invalid;
	if (is_lower(c)) {
		if (before > KIND_NUMBER)
			return invalid;
		(void)slice_take(rest, 1, &mark); /* there is one */
		return make(KIND_LETTER, mark);
	}
	(void)slice_take(rest, 1, &mark); /* there is one */
	if (c == '.' && before <= KIND_NUMBER)
		return make(KIND_NUMBER, take_while(rest, is_digit));
	if (c == '_' && before <= KIND_SUFFIX_NUMBER)
		return take_suffix(rest);
	if (c == '~' && before < KIND_HASH)
		return make(KIND_HASH, take_while(rest, is_hex));
	if (c == '-' && before < KIND_REVISION && slice_starts_with(*rest, SLICE("r"))) {
		(void)slice_take(rest, 1, &mark); /* the r */
		return make(KIND_REVISION, take_while(rest, is_digit));
	}
	return invalid;
}

static void first_token(struct cursor *cursor, struct slice version)
{
	cursor->rest = version;
	cursor->token = make(KIND_FIRST_NUMBER, take_while(&cursor->rest, is_digit));
}

static void advance(struct cursor *cursor)
{
	cursor->token = next_token(&cursor->rest, cursor->token.kind);
}

/* Numbers of any length. */
static int compare_numbers(struct slice a, struct slice b)
{
	while (a.len > 1 && a.data[0] == '0')
		a = slice_sub(a, 1, a.len);
	while (b.len > 1 && b.data[0] == '0')
		b = slice_sub(b, 1, b.len);
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return slice_compare(a, b);
}

static int compare_values(const struct token *a, const struct token *b)
{
	switch (a->kind) {
	case KIND_NUMBER:
		/* like the digits after a decimal point */
		if (a->value.data[0] == '0' || b->value.data[0] == '0')
			return slice_compare(a->value, b->value);
		return compare_numbers(a->value, b->value);
	case KIND_FIRST_NUMBER:
	case KIND_SUFFIX_NUMBER:
	case KIND_REVISION:
		return compare_numbers(a->value, b->value);
	case KIND_SUFFIX:
		return (a->suffix > b->suffix) - (a->suffix < b->suffix);
	case KIND_LETTER:
	case KIND_HASH:
		return slice_compare(a->value, b->value);
	case KIND_END:
	case KIND_INVALID:
		break;
	}
	return 0;
}

static bool is_before_release(const struct token *token)
{
	return token->kind == KIND_SUFFIX && token->suffix < SUFFIX_NONE;
}

/* The first difference is one of kind. */
static int compare_kinds(const struct token *a, const struct token *b, bool fuzzy)
{
	if (fuzzy && b->kind == KIND_END)
		return 0;
	if (is_before_release(a))
		return -1;
	if (is_before_release(b))
		return 1;
	return a->kind < b->kind ? 1 : -1;
}

static int order_of(struct slice a, struct slice b, bool fuzzy)
{
	struct cursor left, right;
	first_token(&left, a);
	first_token(&right, b);
	while (left.token.kind == right.token.kind && left.token.kind < KIND_END) {
		int order = compare_values(&left.token, &right.token);
		if (order != 0)
			return order < 0 ? -1 : 1;
		advance(&left);
		advance(&right);
	}
	if (left.token.kind == right.token.kind)
		return 0;
	return compare_kinds(&left.token, &right.token, fuzzy);
}

int version_check(struct slice version, struct error *err)
{
	struct cursor cursor;
	if (version.len > LIMIT_NAME_BYTES)
		return error_set(err, ERR_INPUT, "version of %zu bytes", version.len);
	first_token(&cursor, version);
	while (cursor.token.kind < KIND_END)
		advance(&cursor);
	if (cursor.token.kind == KIND_INVALID)
		return error_set(err, ERR_INPUT, "malformed version \"%.*s\"",
			SLICE_ARG(slice_is_printable(version) ? version : SLICE("?")));
	return 0;
}

int version_compare(
	struct slice a, struct slice b, bool fuzzy, int *ret_order, struct error *err)
{
	if (version_check(a, err) < 0 || version_check(b, err) < 0)
		return err->class;
	*ret_order = order_of(a, b, fuzzy);
	return 0;
}
