/* SPDX-License-Identifier: Apache-2.0 */
/* What a hardening audit (builder/audit/elf_audit.h) says of the image's ELF files. */
#include <jansson.h>

#include "attest/policy_private.h"

/* A count that has to be there. */
static bool get_count(const json_t *totals, const char *key, json_int_t *ret_count)
{
	const json_t *count = json_object_get(totals, key);

	*ret_count = json_integer_value(count);
	return json_is_integer(count) && *ret_count >= 0;
}

/* One question of the audit; false: *ret_result and the text say why it is not passed. */
static int check_one(const json_t *checks, const char *name, bool *ret_passed,
	enum finding_result *ret_result, struct buffer *text, struct error *err)
{
	const json_t *totals = json_object_get(checks, name);
	json_int_t failed, unknown;

	*ret_passed = false;
	*ret_result = FINDING_UNCHECKED;
	if (!get_count(totals, "failed", &failed) ||
		!get_count(totals, "unknown", &unknown))
		return buffer_printf(text, err, "the audit has no check '%s'", name);
	if (failed > 0) {
		*ret_result = FINDING_FAILED;
		return buffer_printf(text, err, "not allowed: %lld ELF files fail '%s'",
			(long long)failed, name);
	}
	if (unknown > 0)
		return buffer_printf(text, err, "not known of %lld ELF files: '%s'",
			(long long)unknown, name);
	*ret_passed = true;
	return 0;
}

int policy_check_hardening(const struct check_input *input,
	enum finding_result *ret_result, struct buffer *text, struct error *err)
{
	const struct setting_texts *wanted = &input->wanted->hardening;
	const json_t *predicate = input->statement->predicate;
	const json_t *checks = json_object_get(predicate, "checks");
	json_int_t files;
	bool passed;

	if (!get_count(predicate, "elfFiles", &files)) {
		*ret_result = FINDING_UNCHECKED;
		return buffer_add_str(
			text, "the audit does not tell how many files it saw", err);
	}
	for (size_t i = 0; i < wanted->count; i++)
		if (check_one(checks, wanted->items[i], &passed, ret_result, text, err) <
				0 ||
			!passed)
			return err->class;
	*ret_result = FINDING_PASSED;
	return buffer_printf(text, err, "%zu checks of %lld ELF files", wanted->count,
		(long long)files);
}
