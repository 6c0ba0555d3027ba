/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/license.h"

#include "base/buffer.h"
#include "base/digest.h"

#define LICENSE_TEXT_MAX  4096
#define LICENSE_DEPTH_MAX 16

static const char ref_prefix[] = "LicenseRef-";

/* ---- references ---- */

static int add_ref(
	struct license_refs *refs, const char *id, struct slice text, struct error *err)
{
	struct license_ref *ref;

	for (size_t i = 0; i < refs->count; i++)
		if (strcmp(refs->items[i].id, id) == 0)
			return 0;
	ref = arena_append(
		refs->arena, &refs->items, &refs->count, &refs->capacity, sizeof(*ref));
	if (!ref)
		return error_set_memory(err);
	ref->id = arena_strdup(refs->arena, id);
	ref->text = arena_strndup(refs->arena, text);
	return ref->id && ref->text ? 0 : error_set_memory(err);
}

/* The whole text as one reference, named by its digest. */
static int whole_as_ref(const char *text, struct license_refs *refs,
	const char **ret_expression, struct error *err)
{
	struct digest digest;
	char hex[DIGEST_TEXT_MAX];
	const char *id;

	if (!slice_is_utf8(slice_str(text)))
		return error_set(err, ERR_INPUT, "a licence text is not UTF-8");
	if (digest_of(DIGEST_SHA256, slice_str(text), &digest, err) < 0)
		return err->class;
	id = arena_printf(
		refs->arena, "%s%.16s", ref_prefix, digest_format_hex(&digest, hex));
	if (!id)
		return error_set_memory(err);
	if (add_ref(refs, id, slice_str(text), err) < 0)
		return err->class;
	*ret_expression = id;
	return 0;
}

/* ---- expressions ---- */

struct parser {
	struct slice rest;
	struct license_refs *refs;
	struct buffer out;
	unsigned depth;
	bool wants_operand;
	bool after_license; /* WITH may follow */
};

static bool is_id_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* "(", ")" or a word up to them or a space; false at the end. */
static bool next_token(struct slice *rest, struct slice *ret_token)
{
	size_t len = 0;

	*rest = slice_trim(*rest);
	if (rest->len == 0)
		return false;
	while (len < rest->len && rest->data[len] != '(' && rest->data[len] != ')' &&
		rest->data[len] != ' ' && rest->data[len] != '\t' &&
		rest->data[len] != '\n' && rest->data[len] != '\r')
		len++;
	return slice_take(rest, len ? len : 1, ret_token);
}

static bool is_identifier(struct slice token)
{
	if (slice_equal_str(token, "AND") || slice_equal_str(token, "OR") ||
		slice_equal_str(token, "WITH"))
		return false;
	for (size_t i = 0; i < token.len; i++)
		if (!is_id_byte(token.data[i]))
			return false;
	return token.len > 0;
}

static int add_identifier(
	struct parser *parser, struct slice identifier, struct error *err)
{
	const char *known = license_find(identifier);
	const char *id;

	if (known)
		return buffer_add_str(&parser->out, known, err);
	id = slice_starts_with(identifier, SLICE("LicenseRef-"))
		     ? arena_strndup(parser->refs->arena, identifier)
		     : arena_printf(parser->refs->arena, "%s%.*s", ref_prefix,
			       SLICE_ARG(identifier));
	if (!id)
		return error_set_memory(err);
	if (add_ref(parser->refs, id, identifier, err) < 0)
		return err->class;
	return buffer_add_str(&parser->out, id, err);
}

/* False (and no error): this is not an expression. */
static bool take_operand(struct parser *parser, struct slice token, struct error *err)
{
	bool plus = slice_ends_with(token, SLICE("+"));
	struct slice identifier = plus ? slice_sub(token, 0, token.len - 1) : token;

	if (slice_equal_str(token, "(")) {
		if (++parser->depth > LICENSE_DEPTH_MAX)
			return false;
		return buffer_add_str(&parser->out, "(", err) == 0;
	}
	if (!is_identifier(identifier) || (plus && !license_find(identifier)) ||
		slice_starts_with(identifier, SLICE("DocumentRef-")))
		return false;
	parser->wants_operand = false;
	parser->after_license = true;
	return add_identifier(parser, identifier, err) == 0 &&
	       (!plus || buffer_add_byte(&parser->out, '+', err) == 0);
}

static bool take_exception(struct parser *parser, struct error *err)
{
	struct slice token;
	const char *known;

	if (!parser->after_license || !next_token(&parser->rest, &token))
		return false;
	known = license_find(token);
	parser->after_license = false;
	return known && buffer_add_str(&parser->out, " WITH ", err) == 0 &&
	       buffer_add_str(&parser->out, known, err) == 0;
}

static bool take_operator(struct parser *parser, struct slice token, struct error *err)
{
	if (slice_equal_str(token, "WITH"))
		return take_exception(parser, err);
	parser->after_license = false;
	if (slice_equal_str(token, ")")) {
		if (parser->depth == 0)
			return false;
		parser->depth--;
		return buffer_add_str(&parser->out, ")", err) == 0;
	}
	if (!slice_equal_str(token, "AND") && !slice_equal_str(token, "OR"))
		return false;
	parser->wants_operand = true;
	return buffer_printf(&parser->out, err, " %.*s ", SLICE_ARG(token)) == 0;
}

static bool parse_expression(struct parser *parser, struct error *err)
{
	struct slice token;

	while (next_token(&parser->rest, &token)) {
		bool good = parser->wants_operand ? take_operand(parser, token, err)
						  : take_operator(parser, token, err);

		if (!good)
			return false;
	}
	return !parser->wants_operand && parser->depth == 0;
}

int license_normalize(const char *text, struct license_refs *refs,
	const char **ret_expression, struct error *err)
{
	struct parser parser = {
		.rest = slice_str(text), .refs = refs, .wants_operand = true};
	size_t refs_before = refs->count;
	const char *expression;
	bool valid;

	if (slice_trim(parser.rest).len == 0 || strcmp(text, "NOASSERTION") == 0 ||
		strcmp(text, "NONE") == 0) {
		*ret_expression =
			text && strcmp(text, "NONE") == 0 ? "NONE" : "NOASSERTION";
		return 0;
	}
	if (parser.rest.len > LICENSE_TEXT_MAX)
		return error_set(err, ERR_INPUT, "a licence of more than %d bytes",
			LICENSE_TEXT_MAX);
	valid = parse_expression(&parser, err);
	expression = valid ? arena_strdup(refs->arena, buffer_str(&parser.out)) : NULL;
	buffer_done(&parser.out);
	if (error_is_set(err))
		return err->class;
	if (!valid) {
		refs->count = refs_before; /* nobody uses them */
		return whole_as_ref(text, refs, ret_expression, err);
	}
	if (!expression)
		return error_set_memory(err);
	*ret_expression = expression;
	return 0;
}
