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

bool verdict_passed(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->findings[i].result != FINDING_PASSED)
			return false;
	return verdict->count > 0;
}

/* For terminals and JSON alike. */
static void make_harmless(char *text)
{
	bool utf8 = slice_is_utf8(slice_str(text));

	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f ||
			(!utf8 && (unsigned char)*text >= 0x80))
			*text = '?';
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

int verdict_print(const struct verdict *verdict, struct buffer *out, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];

	if (buffer_printf(out, err, "%s", verdict->image) < 0 ||
		(digest_is_set(&verdict->digest) &&
			buffer_printf(out, err, "\n%s",
				digest_format(&verdict->digest, digest)) < 0) ||
		buffer_add_byte(out, '\n', err) < 0)
		return err->class;
	for (size_t i = 0; i < verdict->count; i++) {
		const struct finding *finding = &verdict->findings[i];

		if (buffer_printf(out, err, "  %-9s  %s: %s\n",
			    result_name(finding->result), finding->rule,
			    finding->text) < 0)
			return err->class;
	}
	return buffer_printf(
		out, err, "%s\n", verdict_passed(verdict) ? "accepted" : "refused");
}

static int fill_json(const struct verdict *verdict, json_t *root, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	json_t *list, *item;

	if (document_text(root, "image", verdict->image, err) < 0 ||
		(digest_is_set(&verdict->digest) &&
			document_text(root, "digest",
				digest_format(&verdict->digest, digest), err) < 0) ||
		json_set(root, "accepted", json_boolean(verdict_passed(verdict)), err) <
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
