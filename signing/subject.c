/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "signing/subject_private.h"

static int check_type(const json_t *statement, struct error *err)
{
	static const char *const known[] = {
		"https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"};
	const char *type;

	if (json_get_string(statement, "_type", "statement", &type, err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i], type) == 0)
			return 0;
	return error_set(
		err, ERR_REFUSED, "statement: type \"%.64s\" is not known", type);
}

static int matches(const json_t *subject, const struct digest *digest, bool *ret_matches,
	struct error *err)
{
	const char *text = NULL;
	struct digest named;
	json_t *digests;

	if (!json_is_object(subject))
		return error_set(
			err, ERR_REFUSED, "statement: a subject is not an object");
	if (json_get_object(subject, "digest", "statement.subject", &digests, err) < 0 ||
		json_opt_string(digests, digest_algorithm_name(digest->algorithm),
			"statement.subject.digest", &text, err) < 0)
		return err->class;
	*ret_matches = false;
	if (!text)
		return 0;
	if (digest_parse_hex(digest->algorithm, slice_str(text), &named, err) < 0)
		return error_wrap(err, "statement.subject.digest");
	*ret_matches = digest_equal(&named, digest);
	return 0;
}

int subject_check(
	const struct envelope *envelope, const struct digest *digest, struct error *err)
{
	cleanup_json json_t *statement = NULL;
	bool found = false, one = false;
	json_t *list;

	if (strcmp(envelope->payload_type, PAYLOAD_IN_TOTO) != 0)
		return error_set(err, ERR_REFUSED,
			"the payload is \"%.64s\", not an in-toto statement",
			envelope->payload_type);
	if (json_load_slice(envelope->payload, "statement", &statement, err) < 0)
		return err->class;
	if (!json_is_object(statement))
		return error_set(err, ERR_REFUSED, "statement: not an object");
	if (check_type(statement, err) < 0 ||
		json_get_array(statement, "subject", "statement", LIMIT_SUBJECTS, &list,
			err) < 0)
		return err->class;
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (matches(json_array_get(list, i), digest, &one, err) < 0)
			return err->class;
		found = found || one;
	}
	if (!found)
		return error_set(
			err, ERR_REFUSED, "the statement is not about this artifact");
	return 0;
}
