/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SPDX licence expressions (SPDX 2.3, annex D) against lists of allowed and denied
 * licences. "A OR B" is acceptable if either is, "A AND B" if both are. An exception
 * ("X WITH E") gives rights and takes none: it is judged as X unless a list names it.
 */
#include "attest/policy_private.h"

#define DEPTH_MAX     32
#define LICENSE_BYTES 256

struct expression {
	struct slice rest;
	const struct policy_attestation *wanted;
	bool broken;
};

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text + ('a' - 'A')); /* stays ASCII */
}

/* Identifiers have no case. */
static bool is_listed(const struct setting_texts *list, const char *name)
{
	char pattern[LICENSE_BYTES], text[LICENSE_BYTES];

	if (strlen(name) >= sizeof(text))
		return false;
	(void)snprintf(text, sizeof(text), "%s", name); /* fits, tested above */
	lower(text);
	for (size_t i = 0; i < list->count; i++) {
		if (strlen(list->items[i]) >= sizeof(pattern))
			continue;
		(void)snprintf(pattern, sizeof(pattern), "%s", list->items[i]); /* fits */
		lower(pattern);
		if (policy_pattern_matches(pattern, text))
			return true;
	}
	return false;
}

/* "Apache-2.0+" is Apache-2.0 or later, unless a list has it under its whole name. */
static bool is_listed_or_later(const struct setting_texts *list, const char *name)
{
	char shorter[LICENSE_BYTES];
	size_t length = strlen(name);

	if (is_listed(list, name))
		return true;
	if (length < 2 || length >= sizeof(shorter) || name[length - 1] != '+')
		return false;
	(void)snprintf(shorter, sizeof(shorter), "%.*s", (int)(length - 1),
		name); /* fits, tested above */
	return is_listed(list, shorter);
}

static enum finding_result judge(
	const struct policy_attestation *wanted, const char *name, const char *exception)
{
	const struct setting_texts *allowed = &wanted->licenses_allowed;
	const struct setting_texts *denied = &wanted->licenses_denied;
	char whole[2 * LICENSE_BYTES + 8];

	(void)snprintf(whole, sizeof(whole), "%s WITH %s", name, exception); /* fits */
	if (*exception && is_listed(denied, whole))
		return FINDING_FAILED;
	if (*exception && is_listed(allowed, whole))
		return FINDING_PASSED;
	if (is_listed_or_later(denied, name))
		return FINDING_FAILED;
	if (allowed->count > 0 && is_listed_or_later(allowed, name))
		return FINDING_PASSED;
	if (strcmp(name, "NOASSERTION") == 0 || strcmp(name, "NONE") == 0)
		return FINDING_UNCHECKED;
	return allowed->count > 0 ? FINDING_FAILED : FINDING_PASSED;
}

/* ---- the expression ---- */

static bool is_delimiter(char byte)
{
	return byte == ' ' || byte == '(' || byte == ')';
}

/* A parenthesis or a word; empty at the end. */
static struct slice peek(struct expression *expression)
{
	struct slice *rest = &expression->rest;
	size_t length = 0;

	while (rest->len > 0 && rest->data[0] == ' ')
		*rest = slice_sub(*rest, 1, rest->len);
	if (rest->len > 0 && is_delimiter(rest->data[0]))
		return slice_sub(*rest, 0, 1);
	while (length < rest->len && !is_delimiter(rest->data[length]))
		length++;
	return slice_sub(*rest, 0, length);
}

static bool accept(struct expression *expression, const char *token)
{
	struct slice next = peek(expression);

	if (!slice_equal_str(next, token))
		return false;
	expression->rest = slice_sub(expression->rest, next.len, expression->rest.len);
	return true;
}

static bool take_name(struct expression *expression, char *out)
{
	struct slice next = peek(expression);

	if (next.len == 0 || next.len >= LICENSE_BYTES || is_delimiter(next.data[0]) ||
		slice_equal_str(next, "AND") || slice_equal_str(next, "OR") ||
		slice_equal_str(next, "WITH")) {
		expression->broken = true;
		return false;
	}
	(void)snprintf(
		out, LICENSE_BYTES, "%.*s", SLICE_ARG(next)); /* fits, tested above */
	expression->rest = slice_sub(expression->rest, next.len, expression->rest.len);
	return true;
}

static enum finding_result parse_or(struct expression *expression, unsigned depth);

static enum finding_result parse_one(struct expression *expression, unsigned depth)
{
	char name[LICENSE_BYTES], exception[LICENSE_BYTES] = "";
	enum finding_result result;

	if (accept(expression, "(")) {
		result = parse_or(expression, depth + 1);
		if (!accept(expression, ")"))
			expression->broken = true;
		return result;
	}
	if (!take_name(expression, name) ||
		(accept(expression, "WITH") && !take_name(expression, exception)))
		return FINDING_UNCHECKED;
	return judge(expression->wanted, name, exception);
}

static enum finding_result parse_and(struct expression *expression, unsigned depth)
{
	enum finding_result result = parse_one(expression, depth), other;

	while (!expression->broken && accept(expression, "AND")) {
		other = parse_one(expression, depth);
		if (result == FINDING_FAILED || other == FINDING_FAILED)
			result = FINDING_FAILED;
		else if (other == FINDING_UNCHECKED)
			result = FINDING_UNCHECKED;
	}
	return result;
}

static enum finding_result parse_or(struct expression *expression, unsigned depth)
{
	enum finding_result result, other;

	if (depth > DEPTH_MAX) {
		expression->broken = true;
		return FINDING_UNCHECKED;
	}
	result = parse_and(expression, depth);
	while (!expression->broken && accept(expression, "OR")) {
		other = parse_and(expression, depth);
		if (result == FINDING_PASSED || other == FINDING_PASSED)
			result = FINDING_PASSED;
		else if (other == FINDING_UNCHECKED)
			result = FINDING_UNCHECKED;
	}
	return result;
}

enum finding_result policy_license_check(
	const char *expression, const struct policy_attestation *wanted)
{
	struct expression parse = {.rest = slice_str(expression), .wanted = wanted};
	enum finding_result result = parse_or(&parse, 0);

	return parse.broken || peek(&parse).len > 0 ? FINDING_UNCHECKED : result;
}
