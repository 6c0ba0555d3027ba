/* SPDX-License-Identifier: Apache-2.0 */
/* The inputs of a pipeline: what is declared, given, left out and missing. */
#include "base/limits.h"
#include "base/nearest.h"
#include "builder/recipe/recipe_private.h"

static int unknown_input(const struct text_rules *rules, const struct yaml_pair *pair,
	const struct yaml_node *declared, const char *uses, struct error *err)
{
	const char *known[LIMIT_INPUTS + 1];
	char hint[NEAREST_HINT_MAX];
	size_t count = 0;
	for (; declared && count < declared->count && count < LIMIT_INPUTS; count++)
		known[count] = declared->pairs[count].key;
	known[count] = NULL;
	(void)error_set_at(err, ERR_INPUT, rules->file, pair->line, pair->column,
		"pipeline %s has no input '%.64s'%s", uses, pair->key,
		nearest_hint(pair->key, known, hint));
	return count ? schema_remedy("its inputs are", known, err)
		     : error_remedy(err, "it has no inputs: remove 'with'");
}

int inputs_check(const struct text_rules *rules, const struct yaml_node *with,
	const struct yaml_node *declared, const char *uses, struct error *err)
{
	for (size_t i = 0; with && i < with->count; i++) {
		if (!declared || !yaml_get(declared, with->pairs[i].key))
			return unknown_input(rules, &with->pairs[i], declared, uses, err);
	}
	return 0;
}

static int check_input_value(const struct text_rules *rules, const struct yaml_node *step,
	const char *name, const char *value, struct error *err)
{
	static const struct {
		const char *name;
		check_function *check;
		const char *told_by;
	} inputs[] = {{"expected-sha256", check_sha256, "sha256sum"},
		{"expected-sha512", check_sha512, "sha512sum"},
		{"expected-commit", check_commit, "git rev-parse TAG^{commit}"}};
	for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
		const char *reason;
		if (strcmp(name, inputs[i].name) != 0 || !*value)
			continue;
		if (!(reason = inputs[i].check(value)))
			continue;
		(void)place_error(
			rules, step, err, "input %s '%.140s' %s", name, value, reason);
		return error_remedy(err, "write what %s prints", inputs[i].told_by);
	}
	return 0;
}

/*
 * The inputs that `with` gives are read in the caller's scope; the others get their
 * defaults, which may refer to the inputs before them. An empty value counts as none, as
 * in melange.
 */
static int bind_input(struct expansion *x, const struct text_rules *caller,
	const struct text_rules *callee, const struct yaml_node *step,
	const struct yaml_pair *declared, const char **ret_value, struct error *err)
{
	const struct yaml_node *with = schema_get(step, "with");
	const struct yaml_node *given = schema_get(with, declared->key);
	const struct yaml_node *fallback = schema_get(declared->value, "default");
	const char *value = "";
	if (given && text_step(x, caller, given, &value, err) < 0)
		return err->class;
	if (!*value && fallback && text_step(x, callee, fallback, &value, err) < 0)
		return err->class;
	if (!*value && schema_bool(declared->value, "required")) {
		(void)place_error(caller, step, err, "required input '%.64s' is missing",
			declared->key);
		return error_remedy(
			err, "add '%.64s: …' to the 'with' of this step", declared->key);
	}
	*ret_value = value;
	return check_input_value(caller, given ? given : step, declared->key, value, err);
}

int inputs_bind(struct expansion *x, const struct text_rules *caller,
	struct text_rules *callee, const struct yaml_node *step,
	const struct yaml_node *declared, struct scope *scope, struct error *err)
{
	const struct yaml_node *with = schema_get(step, "with");
	size_t count = declared ? declared->count : 0;
	struct recipe_variable *variables;
	if (count > LIMIT_INPUTS)
		return yaml_error(
			declared, callee->file, err, "more than %d inputs", LIMIT_INPUTS);
	if (!(variables = arena_array(x->arena, count, sizeof(*variables))))
		return error_set_memory(err);
	*scope = (struct scope){.parent = callee->late, .variables = variables};
	callee->late = scope;
	for (size_t i = 0; i < 2 * count; i++) {
		const struct yaml_pair *input = &declared->pairs[i % count];
		struct recipe_variable *variable = &variables[scope->count];
		if ((schema_get(with, input->key) != NULL) != (i < count))
			continue;
		if (!(variable->name = arena_printf(x->arena, "inputs.%s", input->key)))
			return error_set_memory(err);
		if (bind_input(x, caller, callee, step, input, &variable->value, err) < 0)
			return err->class;
		scope->count++;
	}
	return 0;
}
