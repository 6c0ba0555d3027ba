/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/recipe/variables.h"

#include "base/limits.h"

static const char *scope_find_here(const struct scope *scope, struct slice name)
{
	for (size_t i = 0; i < scope->count; i++) {
		if (slice_equal_str(name, scope->variables[i].name))
			return scope->variables[i].value;
	}
	return scope->map ? map_get(scope->map, name) : NULL;
}

const char *scope_find(const struct scope *scope, struct slice name)
{
	for (; scope; scope = scope->parent) {
		const char *value = scope_find_here(scope, name);
		if (value)
			return value;
	}
	return NULL;
}

void expander_init(struct expander *expander, struct arena *arena, size_t bytes)
{
	*expander = (struct expander){.arena = arena, .bytes_left = bytes};
	expander->scratch.max = LIMIT_EXPANDED_BYTES;
}

void expander_done(struct expander *expander)
{
	buffer_done(&expander->scratch);
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static void skip_space(struct slice *s)
{
	while (s->len && (*s->data == ' ' || *s->data == '\t'))
		*s = slice_sub(*s, 1, s->len);
}

bool variable_take(struct slice *text, struct slice *ret_name)
{
	struct slice rest = *text, name;
	size_t len = 0;
	if (!slice_starts_with(rest, SLICE("${{")))
		return false;
	rest = slice_sub(rest, 3, rest.len);
	skip_space(&rest);
	while (len < rest.len && is_name_byte(rest.data[len]))
		len++;
	if (!len || !slice_take(&rest, len, &name))
		return false;
	skip_space(&rest);
	if (!slice_starts_with(rest, SLICE("}}")))
		return false;
	*text = slice_sub(rest, 2, rest.len);
	*ret_name = name;
	return true;
}

static int malformed_variable(
	struct slice text, const struct text_place *place, struct error *err)
{
	(void)yaml_error(place->node, place->file, err,
		"'%.*s' begins no variable: ${{name}}",
		(int)(text.len > 24 ? 24 : text.len), text.data);
	return error_remedy(err, "a name has letters, digits, '.', '_' and '-', and ends "
				 "with }}");
}

/* One variable, or the "$" that turned out to begin none, at the front of *text. */
static int replace_one(struct expander *expander, const struct scope *scope,
	enum expand_mode mode, struct slice *text, const struct text_place *place,
	struct error *err)
{
	struct slice before = *text, name;
	const char *value;
	if (!variable_take(text, &name)) {
		if (mode == EXPAND_STRICT)
			return malformed_variable(before, place, err);
		(void)slice_take(text, 3, &before); /* is there: found just now */
		return buffer_add_slice(&expander->scratch, before, err);
	}
	value = scope_find(scope, name);
	if (value)
		return buffer_add_str(&expander->scratch, value, err);
	if (mode == EXPAND_STRICT)
		return variable_unknown(scope, name, place, err);
	return buffer_add(
		&expander->scratch, before.data, (size_t)(text->data - before.data), err);
}

static int expand_into_scratch(struct expander *expander, const struct scope *scope,
	enum expand_mode mode, struct slice text, const struct text_place *place,
	struct error *err)
{
	buffer_clear(&expander->scratch);
	while (text.len) {
		struct slice plain;
		size_t at = slice_find(text, SLICE("${{"));
		(void)slice_take(
			&text, at > text.len ? text.len : at, &plain); /* is there */
		if (buffer_add_slice(&expander->scratch, plain, err) < 0)
			return err->class;
		if (text.len && replace_one(expander, scope, mode, &text, place, err) < 0)
			return err->class;
	}
	return 0;
}

int expander_charge(struct expander *expander, size_t bytes,
	const struct text_place *place, struct error *err)
{
	if (bytes > expander->bytes_left)
		return yaml_error(place->node, place->file, err,
			"the recipe expands to more than the allowed %zu bytes",
			LIMIT_RECIPE_BYTES);
	expander->bytes_left -= bytes;
	return 0;
}

static int expand_variables(struct expander *expander, const struct scope *scope,
	enum expand_mode mode, const char *text, const struct text_place *place,
	const char **ret_text, struct error *err)
{
	struct error inner = ERROR_INIT;
	if (expand_into_scratch(expander, scope, mode, slice_str(text), place, &inner) <
		0) {
		if (inner.class == ERR_INPUT && !inner.line)
			return yaml_error(place->node, place->file, err,
				"expanding variables: %s", inner.text);
		*err = inner;
		return err->class;
	}
	if (expander_charge(
		    expander, expander->scratch.len + EXPANDER_TEXT_COST, place, err) < 0)
		return err->class;
	*ret_text = arena_strndup(expander->arena, buffer_slice(&expander->scratch));
	return *ret_text ? 0 : error_set_memory(err);
}

int expand_text(struct expander *expander, const struct scope *scope,
	enum expand_mode mode, const char *text, const struct text_place *place,
	const char **ret_text, struct error *err)
{
	if (strstr(text, "${{"))
		return expand_variables(
			expander, scope, mode, text, place, ret_text, err);
	*ret_text = text;
	return expander_charge(expander, strlen(text) + EXPANDER_TEXT_COST, place, err);
}
