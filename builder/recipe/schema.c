/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/schema.h"

#include "base/nearest.h"

#define KEYS_MAX 48

/* Where we are, for messages only: put together when something is wrong. */
struct place {
	const struct place *parent;
	const char *key;
	const char *file;
};

static const char *place_format(const struct place *place, char *out, size_t size)
{
	char rest[256];
	(void)snprintf(out, size, "%.64s", place->key);
	for (place = place->parent; place; place = place->parent) {
		(void)snprintf(rest, sizeof(rest), "%s", out);
		(void)snprintf(
			out, size, "%.64s.%.128s", place->key, rest); /* cut: fine */
	}
	return out;
}

static int place_error(const struct place *place, const struct yaml_node *node,
	const char *wanted, struct error *err)
{
	char where[256];
	return yaml_error(node, place->file, err, "%s must be %s",
		place_format(place, where, sizeof(where)), wanted);
}

static const struct schema *member_find(const struct schema *members, const char *key)
{
	for (; members->key; members++) {
		if (strcmp(members->key, key) == 0)
			return members;
	}
	return NULL;
}

static int unknown_key(const struct yaml_pair *pair, const struct schema *members,
	const struct place *place, struct error *err)
{
	const char *known[KEYS_MAX + 1];
	size_t count = 0;
	char hint[NEAREST_HINT_MAX], where[256];
	for (; members->key && count < KEYS_MAX; members++)
		known[count++] = members->key;
	known[count] = NULL;
	(void)error_set_at(err, ERR_INPUT, place->file, pair->line, pair->column,
		"%s: unknown key '%.64s'%s", place_format(place, where, sizeof(where)),
		pair->key, nearest_hint(pair->key, known, hint));
	return schema_remedy("its keys are", known, err);
}

int schema_remedy(const char *intro, const char *const *known, struct error *err)
{
	char list[400] = "";
	size_t len = 0;
	for (size_t i = 0; known[i] && len + strlen(known[i]) + 3 < sizeof(list); i++) {
		int added = snprintf(
			list + len, sizeof(list) - len, "%s%s", i ? ", " : "", known[i]);
		len += (size_t)added; /* fits, tested above */
	}
	return error_remedy(err, "%s: %s", intro, list);
}

static bool is_word(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(text, *words) == 0)
			return true;
	}
	return false;
}

/* Of the words of YAML 1.1 those that melange takes where it wants a truth value. */
static bool bool_is_true(const char *text)
{
	static const char *const words[] = {
		"true", "True", "TRUE", "y", "Y", "yes", "on", NULL};
	return is_word(text, words);
}

static bool is_bool(const char *text)
{
	static const char *const words[] = {
		"false", "False", "FALSE", "n", "N", "no", "off", NULL};
	return bool_is_true(text) || is_word(text, words);
}

static bool is_number(const char *text)
{
	struct error ignored = ERROR_INIT;
	uint64_t value;
	return slice_parse_u64(slice_str(text), 10, UINT64_MAX, &value, &ignored) == 0;
}

static int record_check(const struct yaml_node *node, const struct schema *members,
	const struct place *place, struct error *err);

static int texts_check(
	const struct yaml_node *node, const struct place *place, struct error *err)
{
	if (node->kind != YAML_SEQUENCE)
		return place_error(place, node, "a sequence", err);
	for (size_t i = 0; i < node->count; i++) {
		if (node->items[i]->kind != YAML_SCALAR)
			return place_error(
				place, node->items[i], "a sequence of texts", err);
	}
	return 0;
}

static int text_map_check(
	const struct yaml_node *node, const struct place *place, struct error *err)
{
	if (node->kind != YAML_MAPPING)
		return place_error(place, node, "a mapping", err);
	for (size_t i = 0; i < node->count; i++) {
		if (node->pairs[i].value->kind != YAML_SCALAR)
			return place_error(
				place, node->pairs[i].value, "a mapping to texts", err);
	}
	return 0;
}

static int records_check(const struct yaml_node *node, const struct schema *members,
	const struct place *place, struct error *err)
{
	if (node->kind != YAML_SEQUENCE)
		return place_error(place, node, "a sequence", err);
	for (size_t i = 0; i < node->count; i++) {
		if (record_check(node->items[i], members, place, err) < 0)
			return err->class;
	}
	return 0;
}

static int record_map_check(const struct yaml_node *node, const struct schema *members,
	const struct place *place, struct error *err)
{
	if (node->kind != YAML_MAPPING)
		return place_error(place, node, "a mapping", err);
	for (size_t i = 0; i < node->count; i++) {
		const struct place inner = {place, node->pairs[i].key, place->file};
		if (record_check(node->pairs[i].value, members, &inner, err) < 0)
			return err->class;
	}
	return 0;
}

static int scalar_check(const struct yaml_node *node, enum schema_kind kind,
	const struct place *place, struct error *err)
{
	if (node->kind != YAML_SCALAR)
		return place_error(place, node, "a text", err);
	if (kind == SCHEMA_BOOL && !is_bool(node->text))
		return place_error(place, node, "true or false", err);
	if (kind == SCHEMA_NUMBER && !is_number(node->text))
		return place_error(place, node, "a whole number", err);
	return 0;
}

static int value_check(const struct yaml_node *node, const struct schema *member,
	const struct place *place, struct error *err)
{
	if (node->is_null)
		return 0;
	switch (member->kind) {
	case SCHEMA_TEXT:
	case SCHEMA_BOOL:
	case SCHEMA_NUMBER:
		return scalar_check(node, member->kind, place, err);
	case SCHEMA_TEXTS:
		return texts_check(node, place, err);
	case SCHEMA_TEXT_MAP:
		return text_map_check(node, place, err);
	case SCHEMA_RECORD:
		return record_check(node, member->members, place, err);
	case SCHEMA_RECORDS:
		return records_check(node, member->members, place, err);
	case SCHEMA_RECORD_MAP:
		return record_map_check(node, member->members, place, err);
	}
	return error_set(err, ERR_BUG, "schema kind %d", (int)member->kind);
}

/* Recursion is bounded by the document's depth: LIMIT_YAML_DEPTH. */
static int record_check(const struct yaml_node *node, const struct schema *members,
	const struct place *place, struct error *err)
{
	if (node->is_null)
		return 0;
	if (node->kind != YAML_MAPPING)
		return place_error(place, node, "a mapping", err);
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];
		const struct schema *member = member_find(members, pair->key);
		const struct place inner = {place, pair->key, place->file};
		if (!member)
			return unknown_key(pair, members, place, err);
		if (value_check(pair->value, member, &inner, err) < 0)
			return err->class;
	}
	return 0;
}

int schema_check(const struct yaml_node *node, const struct schema *members,
	const char *what, const char *file, struct error *err)
{
	const struct place place = {NULL, what, file};
	return record_check(node, members, &place, err);
}

const struct yaml_node *schema_get(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *value;
	if (!mapping || mapping->is_null)
		return NULL;
	value = yaml_get(mapping, key);
	return value && !value->is_null ? value : NULL;
}

const char *schema_text(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *value = schema_get(mapping, key);
	return value ? value->text : "";
}

bool schema_bool(const struct yaml_node *mapping, const char *key)
{
	return bool_is_true(schema_text(mapping, key));
}
