/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON over jansson. Format modules use jansson's own calls inside
 * their .c files; this is the one way in and out.
 *
 * In: UTF-8, one value, nothing behind it, no duplicate keys, at most
 * LIMIT_JSON_BYTES and LIMIT_JSON_DEPTH, no NUL in strings; errors as
 * name:line:column. Integers are those of 64 bits with sign, larger ones are
 * refused. Out: keys sorted, compact unless pretty.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buffer.h"

struct json_t; /* jansson's; include <jansson.h> in the .c file */

#define cleanup_json CLEANUP(json_done)
void json_done(struct json_t **json); /* json_decref */

/* A new reference. name is for messages. */
MUST_USE int json_load_slice(
	struct slice text, const char *name, struct json_t **ret_json, struct error *err);

enum json_style {
	JSON_STYLE_COMPACT,
	JSON_STYLE_PRETTY, /* 2 spaces and a final newline */
	JSON_STYLE_NARROW  /* the same with 1 space: long files under version control */
};
/* Appends. */
MUST_USE int json_dump(const struct json_t *json, enum json_style style,
	struct buffer *out, struct error *err);

/*
 * Checked access to members of an object. Path-like names in messages come from
 * where ("manifest", "layers[3]"). The borrowed results live as long as the JSON.
 * json_get_…: the member must be there and of that type. json_opt_…: *ret stays as it
 * was if the member is absent (null counts as absent).
 */
MUST_USE int json_get_object(const struct json_t *object, const char *key,
	const char *where, struct json_t **ret, struct error *err);
MUST_USE int json_get_array(const struct json_t *object, const char *key,
	const char *where, size_t max_items, struct json_t **ret, struct error *err);
MUST_USE int json_get_string(const struct json_t *object, const char *key,
	const char *where, const char **ret, struct error *err);
MUST_USE int json_get_u64(const struct json_t *object, const char *key, const char *where,
	uint64_t *ret, struct error *err);
MUST_USE int json_opt_object(const struct json_t *object, const char *key,
	const char *where, struct json_t **ret, struct error *err);
MUST_USE int json_opt_array(const struct json_t *object, const char *key,
	const char *where, size_t max_items, struct json_t **ret, struct error *err);
MUST_USE int json_opt_string(const struct json_t *object, const char *key,
	const char *where, const char **ret, struct error *err);
MUST_USE int json_opt_u64(const struct json_t *object, const char *key, const char *where,
	uint64_t *ret, struct error *err);
MUST_USE int json_opt_bool(const struct json_t *object, const char *key,
	const char *where, bool *ret, struct error *err);

/*
 * ERR_INPUT naming the first key of object that is not in the NULL-terminated
 * list, with the nearest known key as a suggestion.
 */
MUST_USE int json_only_keys(const struct json_t *object, const char *const *known,
	const char *where, struct error *err);

/*
 * Building: each adds `value` (a reference that is taken, also on failure) to
 * object or array. A NULL value is what jansson gives when memory ran out
 * (ERR_MEMORY) or a text was not UTF-8 (ERR_INPUT); a NULL object or array is
 * ERR_MEMORY. So
 *	json_set(object, "name", json_string(name), err)
 * is one checked step.
 */
MUST_USE int json_set(
	struct json_t *object, const char *key, struct json_t *value, struct error *err);
MUST_USE int json_push(struct json_t *array, struct json_t *value, struct error *err);

#endif
