/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "base/nearest.h"
#include "base/yaml.h"

int yaml_error(const struct yaml_node *node, const char *name, struct error *err,
	const char *format, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* a long text is cut */
	va_end(args);
	return error_set_at(err, ERR_INPUT, name, node->line, node->column, "%s", text);
}

static const char *kind_name(const struct yaml_node *node)
{
	switch (node->kind) {
	case YAML_SCALAR:
		return node->is_null ? "empty" : "a scalar";
	case YAML_SEQUENCE:
		return "a sequence";
	case YAML_MAPPING:
		return "a mapping";
	}
	return "something else";
}

int yaml_expect(const struct yaml_node *node, enum yaml_kind kind, const char *what,
	const char *name, struct error *err)
{
	const struct yaml_node wanted = {.kind = kind};
	if (node->kind == kind)
		return 0;
	return yaml_error(node, name, err, "%s must be %s, but is %s", what,
		kind_name(&wanted), kind_name(node));
}

static bool key_is_known(const char *key, const char *const *known)
{
	for (; *known; known++) {
		if (strcmp(key, *known) == 0)
			return true;
	}
	return false;
}

int yaml_only_keys(const struct yaml_node *mapping, const char *const *known,
	const char *what, const char *name, struct error *err)
{
	char hint[NEAREST_HINT_MAX];
	if (mapping->is_null)
		return 0;
	if (yaml_expect(mapping, YAML_MAPPING, what, name, err) < 0)
		return err->class;
	for (size_t i = 0; i < mapping->count; i++) {
		const struct yaml_pair *pair = &mapping->pairs[i];
		if (key_is_known(pair->key, known))
			continue;
		return error_set_at(err, ERR_INPUT, name, pair->line, pair->column,
			"%s: unknown key '%.64s'%s", what, pair->key,
			nearest_hint(pair->key, known, hint));
	}
	return 0;
}
