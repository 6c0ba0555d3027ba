/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/encode.h"
#include "base/json.h"
#include "signing/proto_private.h"

static int decode(const char *text, const char *key, const char *where, size_t max,
	struct arena *arena, struct slice *ret_bytes, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	char *copy;

	if (strlen(text) > max / 3 * 4 + 8)
		return error_set(
			err, ERR_INPUT, "%s.%s: more than %zu bytes", where, key, max);
	if (base64_decode_lenient(slice_str(text), &bytes, err) < 0)
		return error_wrap(err, "%s.%s", where, key);
	if (bytes.len > max)
		return error_set(
			err, ERR_INPUT, "%s.%s: more than %zu bytes", where, key, max);
	copy = arena_strndup(arena, buffer_slice(&bytes));
	if (!copy)
		return error_set_memory(err);
	*ret_bytes = slice_from(copy, bytes.len);
	return 0;
}

int proto_opt_bytes(const json_t *object, const char *key, const char *where, size_t max,
	struct arena *arena, struct slice *ret_bytes, struct error *err)
{
	const char *text = "";

	if (json_opt_string(object, key, where, &text, err) < 0)
		return err->class;
	return decode(text, key, where, max, arena, ret_bytes, err);
}

int proto_bytes(const json_t *object, const char *key, const char *where, size_t max,
	struct arena *arena, struct slice *ret_bytes, struct error *err)
{
	struct slice bytes;

	if (proto_opt_bytes(object, key, where, max, arena, &bytes, err) < 0)
		return err->class;
	if (bytes.len == 0)
		return error_set(err, ERR_INPUT, "%s.%s: missing or empty", where, key);
	*ret_bytes = bytes;
	return 0;
}

int proto_u63(const json_t *object, const char *key, const char *where,
	uint64_t *ret_value, struct error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value)) {
		*ret_value = 0;
		return 0;
	}
	if (json_is_integer(value)) {
		if (json_integer_value(value) < 0)
			return error_set(
				err, ERR_INPUT, "%s.%s: negative number", where, key);
		*ret_value = (uint64_t)json_integer_value(value); /* not negative */
		return 0;
	}
	if (!json_is_string(value))
		return error_set(err, ERR_INPUT, "%s.%s: not a number", where, key);
	if (slice_starts_with(slice_str(json_string_value(value)), SLICE("-")))
		return error_set(err, ERR_INPUT, "%s.%s: negative number", where, key);
	if (slice_parse_u64(slice_str(json_string_value(value)), 10, INT64_MAX, ret_value,
		    err) < 0)
		return error_wrap(err, "%s.%s", where, key);
	return 0;
}

int proto_text(const json_t *object, const char *key, const char *where,
	struct arena *arena, const char **ret_text, struct error *err)
{
	const char *text, *copy;

	if (json_get_string(object, key, where, &text, err) < 0)
		return err->class;
	if (text[0] == '\0')
		return error_set(err, ERR_INPUT, "%s.%s: empty", where, key);
	copy = arena_strdup(arena, text);
	if (!copy)
		return error_set_memory(err);
	*ret_text = copy;
	return 0;
}

int proto_raw_bytes(const json_t *object, const char *where, size_t max,
	struct arena *arena, struct slice *ret_bytes, struct error *err)
{
	static const char *const keys[] = {"rawBytes", NULL};

	if (!json_is_object(object))
		return error_set(err, ERR_INPUT, "%s: not an object", where);
	if (json_only_keys(object, keys, where, err) < 0)
		return err->class;
	return proto_bytes(object, "rawBytes", where, max, arena, ret_bytes, err);
}
