/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/document_private.h"
#include "attest/statement.h"
#include "base/json.h"
#include "base/limits.h"

#define TYPE_V1     "https://in-toto.io/Statement/v1"
#define TYPE_V01    "https://in-toto.io/Statement/v0.1"
#define DIGESTS_MAX 32 /* of one subject, as sigstore's own readers */

void statement_free(struct statement **statement)
{
	struct arena *arena;

	if (!*statement)
		return;
	json_done(&(*statement)->predicate);
	arena = (*statement)->arena; /* the statement itself lies in it */
	arena_free(&arena);
	*statement = NULL;
}

static int statement_new(struct statement **ret_statement, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct statement *statement;

	if (arena_new(&arena, err) < 0)
		return err->class;
	statement = arena_alloc(arena, sizeof(*statement));
	if (!statement)
		return error_set_memory(err);
	statement->arena = take_ptr(arena);
	*ret_statement = statement;
	return 0;
}

/* ---- reading ---- */

static int parse_digests(json_t *digests, const char *where,
	struct statement_subject *subject, struct error *err)
{
	const char *name, *text;
	json_t *value;

	if (json_object_size(digests) == 0 || json_object_size(digests) > DIGESTS_MAX)
		return error_set(err, ERR_INPUT, "%s: %s", where,
			json_object_size(digests) == 0 ? "no digest"
						       : "more than 32 digests");
	json_object_foreach (digests, name, value) {
		struct digest other;

		text = json_string_value(value);
		if (!text || text[0] == '\0')
			return error_set(err, ERR_INPUT, "%s.digest.%.32s: not a text",
				where, name);
		if (strcmp(name, "sha256") == 0 &&
			digest_parse_hex(DIGEST_SHA256, slice_str(text), &subject->digest,
				err) < 0)
			return error_wrap(err, "%s.digest", where);
		if (strcmp(name, "sha512") == 0 &&
			digest_parse_hex(DIGEST_SHA512, slice_str(text), &other, err) < 0)
			return error_wrap(err, "%s.digest", where);
	}
	return 0;
}

static int parse_subject(const json_t *json, const char *where, struct arena *arena,
	struct statement_subject *subject, struct error *err)
{
	/* in-toto attestation spec v1, resource_descriptor.md */
	static const char *const keys[] = {"name", "uri", "digest", "content",
		"downloadLocation", "mediaType", "annotations", NULL};
	const char *name = "";
	json_t *digests;

	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "%s: not an object", where);
	if (json_only_keys(json, keys, where, err) < 0 ||
		json_opt_string(json, "name", where, &name, err) < 0 ||
		json_get_object(json, "digest", where, &digests, err) < 0 ||
		parse_digests(digests, where, subject, err) < 0)
		return err->class;
	subject->name = arena_strdup(arena, name);
	return subject->name ? 0 : error_set_memory(err);
}

static int parse_subjects(
	const json_t *root, struct statement *statement, struct error *err)
{
	json_t *list;
	size_t count;

	if (json_get_array(root, "subject", "statement", LIMIT_SUBJECTS, &list, err) < 0)
		return err->class;
	count = json_array_size(list);
	if (count == 0)
		return error_set(err, ERR_INPUT, "statement: no subject");
	statement->subjects =
		arena_array(statement->arena, count, sizeof(*statement->subjects));
	if (!statement->subjects)
		return error_set_memory(err);
	statement->subject_count = count;
	for (size_t i = 0; i < count; i++) {
		char where[48];

		(void)snprintf(
			where, sizeof(where), "statement.subject[%zu]", i); /* fits */
		if (parse_subject(json_array_get(list, i), where, statement->arena,
			    &statement->subjects[i], err) < 0)
			return err->class;
	}
	return 0;
}

static int parse_types(const json_t *root, struct statement *statement, struct error *err)
{
	const char *type, *predicate_type;

	if (json_get_string(root, "_type", "statement", &type, err) < 0 ||
		json_get_string(
			root, "predicateType", "statement", &predicate_type, err) < 0)
		return err->class;
	if (strcmp(type, TYPE_V1) != 0 && strcmp(type, TYPE_V01) != 0)
		return error_set(
			err, ERR_INPUT, "statement: _type \"%.64s\" is not known", type);
	if (predicate_type[0] == '\0')
		return error_set(err, ERR_INPUT, "statement: predicateType is empty");
	statement->type = arena_strdup(statement->arena, type);
	statement->predicate_type = arena_strdup(statement->arena, predicate_type);
	return statement->type && statement->predicate_type ? 0 : error_set_memory(err);
}

int statement_parse(
	struct slice json, struct statement **ret_statement, struct error *err)
{
	static const char *const keys[] = {
		"_type", "subject", "predicateType", "predicate", NULL};
	cleanup_statement struct statement *statement = NULL;
	cleanup_json json_t *root = NULL;
	json_t *predicate = NULL;

	if (json_load_slice(json, "statement", &root, err) < 0)
		return err->class;
	if (!json_is_object(root))
		return error_set(err, ERR_INPUT, "statement: not an object");
	if (json_only_keys(root, keys, "statement", err) < 0 ||
		statement_new(&statement, err) < 0 ||
		parse_types(root, statement, err) < 0 ||
		parse_subjects(root, statement, err) < 0 ||
		json_opt_object(root, "predicate", "statement", &predicate, err) < 0)
		return err->class;
	statement->predicate = json_incref(predicate);
	*ret_statement = take_ptr(statement);
	return 0;
}

bool statement_is_about(const struct statement *statement, const struct digest *digest)
{
	for (size_t i = 0; i < statement->subject_count; i++)
		if (digest_is_set(&statement->subjects[i].digest) &&
			digest_equal(&statement->subjects[i].digest, digest))
			return true;
	return false;
}

/* ---- writing ---- */

static int add_subject(
	json_t *root, const char *name, const struct digest *digest, struct error *err)
{
	json_t *list, *subject;

	if (document_array(root, "subject", &list, err) < 0 ||
		document_item(list, &subject, err) < 0 ||
		document_text(subject, "name", name, err) < 0)
		return err->class;
	return document_digest(subject, "digest", digest, err);
}

int statement_write(const char *subject_name, const struct digest *subject,
	const char *predicate_type, struct json_t *predicate, struct buffer *out,
	struct error *err)
{
	cleanup_json json_t *root = json_object();

	if (!root) {
		json_decref(predicate);
		return error_set_memory(err);
	}
	if (json_set(root, "predicate", predicate, err) < 0 ||
		json_set(root, "_type", json_string(TYPE_V1), err) < 0 ||
		json_set(root, "predicateType", json_string(predicate_type), err) < 0 ||
		add_subject(root, subject_name, subject, err) < 0)
		return err->class;
	return json_dump(root, JSON_STYLE_COMPACT, out, err);
}
