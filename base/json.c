/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <jansson.h>

#include "base/limits.h"
#include "base/nearest.h"

void json_done(struct json_t **json)
{
	int saved = errno;
	json_decref(*json);
	*json = NULL;
	errno = saved;
}

/*
 * jansson's own limit of nesting is fixed when it is built, and far higher. This
 * needs no grammar: what brackets inside of strings are is all there is to know.
 */
static size_t skip_string(struct slice text, size_t at)
{
	/* at: behind the opening quote. Long strings are common (base64): by memchr. */
	while (at < text.len) {
		const char *quote = memchr(text.data + at, '"', text.len - at);
		size_t end = quote ? (size_t)(quote - text.data) : text.len, before = end;

		while (before > at && text.data[before - 1] == '\\')
			before--;
		at = end + 1;
		if ((end - before) % 2 == 0)
			break; /* not escaped */
	}
	return at;
}

static int check_depth(struct slice text, const char *name, struct error *err)
{
	size_t depth = 0, i = 0;
	unsigned line = 1;

	while (i < text.len) {
		char c = text.data[i++];

		if (c == '\n')
			line++;
		else if (c == '"')
			i = skip_string(text, i);
		else if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		if (depth > LIMIT_JSON_DEPTH)
			return error_set_at(err, ERR_INPUT, name, line, 0,
				"nested deeper than %d levels", LIMIT_JSON_DEPTH);
	}
	return 0;
}

static int fail_load(const json_error_t *problem, const char *name, struct error *err)
{
	unsigned line = problem->line > 0 ? (unsigned)problem->line : 0;
	unsigned column = problem->column > 0 ? (unsigned)problem->column : 0;
	if (json_error_code(problem) == json_error_out_of_memory)
		return error_set_memory(err);
	return error_set_at(err, ERR_INPUT, name, line, column, "not acceptable JSON: %s",
		problem->text);
}

int json_load_slice(
	struct slice text, const char *name, struct json_t **ret_json, struct error *err)
{
	json_error_t problem;
	if (text.len > LIMIT_JSON_BYTES)
		return error_set_at(err, ERR_INPUT, name, 0, 0,
			"JSON of %zu bytes, at most %zu are allowed", text.len,
			LIMIT_JSON_BYTES);
	if (check_depth(text, name, err) < 0)
		return err->class;
	json_t *json = json_loadb(text.data ? text.data : "", text.len,
		JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
	if (!json)
		return fail_load(&problem, name, err);
	*ret_json = json;
	return 0;
}

struct dump {
	struct buffer *out;
	struct error *err;
	bool failed;
};

/* jansson 2.14 does not look at what this returns when it writes a key: so remember. */
static int dump_some(const char *data, size_t len, void *context)
{
	struct dump *dump = context;
	if (!dump->failed && buffer_add(dump->out, data, len, dump->err) < 0)
		dump->failed = true;
	return dump->failed ? -1 : 0;
}

int json_dump(const struct json_t *json, enum json_style style, struct buffer *out,
	struct error *err)
{
	struct dump dump = {.out = out, .err = err};
	size_t flags = JSON_SORT_KEYS | JSON_ENCODE_ANY;
	flags |= style == JSON_STYLE_PRETTY   ? JSON_INDENT(2)
		 : style == JSON_STYLE_NARROW ? JSON_INDENT(1)
					      : JSON_COMPACT;
	if (json_dump_callback(json, dump_some, &dump, flags) < 0 || dump.failed) {
		if (error_is_set(err))
			return err->class;
		return error_set(
			err, ERR_MEMORY, "writing JSON: out of memory, or a loop");
	}
	return style == JSON_STYLE_COMPACT ? 0 : buffer_add_byte(out, '\n', err);
}

/* ---- checked access ---- */

static const char *type_name(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a number with a fraction";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

/* What is wanted of a member. */
struct want {
	const json_t *object;
	const char *key, *where;
	json_type type; /* JSON_TRUE stands for both booleans */
	bool optional;
};

static bool type_fits(const json_t *json, json_type type)
{
	return json_typeof(json) == type || (type == JSON_TRUE && json_is_false(json));
}

static const char *wanted_name(json_type type)
{
	json_t example = {.type = type};
	return type_name(&example);
}

/* *ret is NULL for an optional member that is absent or null. */
static int get(const struct want *want, json_t **ret, struct error *err)
{
	if (!json_is_object(want->object))
		return error_set(err, ERR_INPUT, "%s must be an object%s%s", want->where,
			want->object ? ", but is " : "",
			want->object ? type_name(want->object) : "");
	json_t *member = json_object_get(want->object, want->key);
	*ret = NULL;
	if (want->optional && (!member || json_is_null(member)))
		return 0;
	if (!member)
		return error_set(
			err, ERR_INPUT, "%s: '%s' is missing", want->where, want->key);
	if (!type_fits(member, want->type))
		return error_set(err, ERR_INPUT, "%s: '%s' must be %s, but is %s",
			want->where, want->key, wanted_name(want->type),
			type_name(member));
	*ret = member;
	return 0;
}

static int get_array(
	const struct want *want, size_t max_items, json_t **ret, struct error *err)
{
	json_t *array = NULL;
	if (get(want, &array, err) < 0)
		return err->class;
	if (json_array_size(array) > max_items)
		return error_set(err, ERR_INPUT,
			"%s: '%s' has %zu items, at most %zu are allowed", want->where,
			want->key, json_array_size(array), max_items);
	if (array)
		*ret = array;
	return 0;
}

static int get_u64(const struct want *want, uint64_t *ret, struct error *err)
{
	json_t *number = NULL;
	if (get(want, &number, err) < 0)
		return err->class;
	if (!number)
		return 0;
	json_int_t value = json_integer_value(number);
	if (value < 0)
		return error_set(err, ERR_INPUT, "%s: '%s' must not be negative",
			want->where, want->key);
	*ret = (uint64_t)value; /* not negative */
	return 0;
}

int json_get_object(const struct json_t *object, const char *key, const char *where,
	struct json_t **ret, struct error *err)
{
	json_t *member = NULL;
	if (get(&(struct want){object, key, where, JSON_OBJECT, false}, &member, err) < 0)
		return err->class;
	*ret = member;
	return 0;
}

int json_opt_object(const struct json_t *object, const char *key, const char *where,
	struct json_t **ret, struct error *err)
{
	json_t *member = NULL;
	if (get(&(struct want){object, key, where, JSON_OBJECT, true}, &member, err) < 0)
		return err->class;
	if (member)
		*ret = member;
	return 0;
}

int json_get_array(const struct json_t *object, const char *key, const char *where,
	size_t max_items, struct json_t **ret, struct error *err)
{
	return get_array(&(struct want){object, key, where, JSON_ARRAY, false}, max_items,
		ret, err);
}

int json_opt_array(const struct json_t *object, const char *key, const char *where,
	size_t max_items, struct json_t **ret, struct error *err)
{
	return get_array(&(struct want){object, key, where, JSON_ARRAY, true}, max_items,
		ret, err);
}

int json_get_string(const struct json_t *object, const char *key, const char *where,
	const char **ret, struct error *err)
{
	json_t *member = NULL;
	if (get(&(struct want){object, key, where, JSON_STRING, false}, &member, err) < 0)
		return err->class;
	*ret = json_string_value(member);
	return 0;
}

int json_opt_string(const struct json_t *object, const char *key, const char *where,
	const char **ret, struct error *err)
{
	json_t *member = NULL;
	if (get(&(struct want){object, key, where, JSON_STRING, true}, &member, err) < 0)
		return err->class;
	if (member)
		*ret = json_string_value(member);
	return 0;
}

int json_get_u64(const struct json_t *object, const char *key, const char *where,
	uint64_t *ret, struct error *err)
{
	return get_u64(&(struct want){object, key, where, JSON_INTEGER, false}, ret, err);
}

int json_opt_u64(const struct json_t *object, const char *key, const char *where,
	uint64_t *ret, struct error *err)
{
	return get_u64(&(struct want){object, key, where, JSON_INTEGER, true}, ret, err);
}

int json_opt_bool(const struct json_t *object, const char *key, const char *where,
	bool *ret, struct error *err)
{
	json_t *member = NULL;
	if (get(&(struct want){object, key, where, JSON_TRUE, true}, &member, err) < 0)
		return err->class;
	if (member)
		*ret = json_is_true(member);
	return 0;
}

static bool key_is_known(const char *key, const char *const *known)
{
	for (; *known; known++) {
		if (strcmp(key, *known) == 0)
			return true;
	}
	return false;
}

int json_only_keys(const struct json_t *object, const char *const *known,
	const char *where, struct error *err)
{
	char hint[NEAREST_HINT_MAX];
	const char *key;
	json_t *value;
	if (!json_is_object(object))
		return error_set(err, ERR_INPUT, "%s must be an object", where);
	/* The iterators take it without const, but change nothing. */
	json_t *iterated = (json_t *)(uintptr_t)object;
	json_object_foreach (iterated, key, value) {
		if (!key_is_known(key, known))
			return error_set(err, ERR_INPUT, "%s: unknown key '%.64s'%s",
				where, key, nearest_hint(key, known, hint));
	}
	return 0;
}

/* ---- building ---- */

static int fail_value(const char *what, struct error *err)
{
	if (errno == ENOMEM)
		return error_set_memory(err);
	return error_set(err, ERR_INPUT, "writing JSON: %s: text is not UTF-8", what);
}

int json_set(
	struct json_t *object, const char *key, struct json_t *value, struct error *err)
{
	if (!value)
		return fail_value(key, err);
	if (!object) { /* a failed json_object() of the caller */
		json_decref(value);
		return error_set_memory(err);
	}
	errno = 0;
	if (json_object_set_new(object, key, value) < 0) /* takes value in any case */
		return fail_value("a key", err);
	return 0;
}

int json_push(struct json_t *array, struct json_t *value, struct error *err)
{
	if (!value)
		return fail_value("an item", err);
	if (json_array_append_new(array, value) < 0)
		return error_set_memory(err);
	return 0;
}
