/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/document_private.h"
#include "attest/verify.h"
#include "base/json.h"

int verdict_new(struct verdict **ret_verdict, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct verdict *verdict;

	if (arena_new(&arena, err) < 0)
		return err->class;
	verdict = arena_alloc(arena, sizeof(*verdict));
	if (!verdict)
		return error_set_memory(err);
	verdict->image = "";
	verdict->arena = take_ptr(arena);
	*ret_verdict = verdict;
	return 0;
}

void verdict_free(struct verdict **verdict)
{
	struct arena *arena;

	if (!*verdict)
		return;
	arena = (*verdict)->arena; /* the verdict itself lies in it */
	arena_free(&arena);
	*verdict = NULL;
}

enum finding_result verdict_result(const struct verdict *verdict)
{
	bool passed = verdict->count > 0;

	for (size_t i = 0; i < verdict->count; i++) {
		if (verdict->findings[i].result == FINDING_FAILED)
			return FINDING_FAILED;
		passed = passed && verdict->findings[i].result == FINDING_PASSED;
	}
	return passed ? FINDING_PASSED : FINDING_UNCHECKED;
}

bool verdict_passed(const struct verdict *verdict)
{
	return verdict_result(verdict) == FINDING_PASSED;
}

/* U+0080 to U+009F are controls for terminals, too; the others turn the direction of a
 * text or break its line, so that a name looks like another. The text is UTF-8. */
static size_t control_length(const unsigned char *text)
{
	if (text[0] == 0xc2 && text[1] < 0xa0)
		return 2;
	if (text[0] != 0xe2)
		return 0;
	if (text[1] == 0x80) /* U+200E, U+200F, U+2028 to U+202E */
		return text[2] == 0x8e || text[2] == 0x8f ||
				       (text[2] >= 0xa8 && text[2] <= 0xae)
			       ? 3
			       : 0;
	/* U+2066 to U+2069 */
	return text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9 ? 3 : 0;
}

/* For terminals and JSON alike. */
static void make_harmless(char *text)
{
	unsigned char *at = (unsigned char *)text;
	bool utf8 = slice_is_utf8(slice_str(text));

	for (size_t length; *at; at += length) {
		length = utf8 ? control_length(at) : 0;
		if (length == 0)
			length = 1;
		if (length > 1 || *at < 0x20 || *at == 0x7f || (!utf8 && *at >= 0x80))
			memset(at, '?', length);
	}
}

int verdict_add(struct verdict *verdict, enum finding_result result, const char *rule,
	struct error *err, const char *text, ...)
{
	cleanup_buffer struct buffer formatted = BUFFER_INIT;
	struct finding *finding;
	char *rule_copy, *text_copy;
	va_list args;
	int status;

	va_start(args, text);
	status = buffer_vprintf(&formatted, err, text, args);
	va_end(args);
	if (status < 0)
		return status;
	rule_copy = arena_strdup(verdict->arena, rule);
	text_copy = arena_strdup(verdict->arena, buffer_str(&formatted));
	finding = arena_append(verdict->arena, &verdict->findings, &verdict->count,
		&verdict->capacity, sizeof(*finding));
	if (!finding)
		return error_set_memory(err);
	/* should a text be missing: what was counted is a failure, and never NULL */
	*finding = (struct finding){.rule = "", .result = FINDING_UNCHECKED, .text = ""};
	if (!rule_copy || !text_copy)
		return error_set_memory(err);
	make_harmless(rule_copy);
	make_harmless(text_copy);
	*finding =
		(struct finding){.rule = rule_copy, .result = result, .text = text_copy};
	return 0;
}

static const char *result_name(enum finding_result result)
{
	switch (result) {
	case FINDING_PASSED:
		return "passed";
	case FINDING_FAILED:
		return "failed";
	case FINDING_UNCHECKED:
		return "unchecked";
	}
	return "unchecked";
}

static const char *answer_of(const struct verdict *verdict)
{
	switch (verdict_result(verdict)) {
	case FINDING_PASSED:
		return "accepted";
	case FINDING_FAILED:
		return "refused";
	case FINDING_UNCHECKED:
		return "could not be checked";
	}
	return "could not be checked";
}

int verdict_print(const struct verdict *verdict, struct buffer *out, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];

	if (buffer_printf(out, err, "%s", verdict->image) < 0 ||
		(digest_is_set(&verdict->digest) &&
			buffer_printf(out, err, "\n%s",
				digest_format(&verdict->digest, digest)) < 0) ||
		(verdict->as_of &&
			buffer_printf(out, err, "\nas of %s", verdict->as_of) < 0) ||
		buffer_add_byte(out, '\n', err) < 0)
		return err->class;
	for (size_t i = 0; i < verdict->count; i++) {
		const struct finding *finding = &verdict->findings[i];

		if (buffer_printf(out, err, "  %-9s  %s: %s\n",
			    result_name(finding->result), finding->rule,
			    finding->text) < 0)
			return err->class;
	}
	return buffer_printf(out, err, "%s\n", answer_of(verdict));
}

static int fill_json(const struct verdict *verdict, json_t *root, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	json_t *list, *item;

	if (document_text(root, "image", verdict->image, err) < 0 ||
		(digest_is_set(&verdict->digest) &&
			document_text(root, "digest",
				digest_format(&verdict->digest, digest), err) < 0) ||
		(verdict->as_of &&
			document_text(root, "asOf", verdict->as_of, err) < 0) ||
		json_set(root, "accepted", json_boolean(verdict_passed(verdict)), err) <
			0 ||
		document_text(root, "result", result_name(verdict_result(verdict)), err) <
			0 ||
		document_array(root, "findings", &list, err) < 0)
		return err->class;
	for (size_t i = 0; i < verdict->count; i++)
		if (document_item(list, &item, err) < 0 ||
			document_text(item, "rule", verdict->findings[i].rule, err) < 0 ||
			document_text(item, "result",
				result_name(verdict->findings[i].result), err) < 0 ||
			document_text(item, "text", verdict->findings[i].text, err) < 0)
			return err->class;
	return 0;
}

int verdict_to_json(const struct verdict *verdict, struct buffer *out, struct error *err)
{
	cleanup_json json_t *root = json_object();

	if (!root)
		return error_set_memory(err);
	if (fill_json(verdict, root, err) < 0)
		return err->class;
	return json_dump(root, JSON_STYLE_PRETTY, out, err);
}
