/* SPDX-License-Identifier: Apache-2.0 */
/* The packages that come out of a recipe: the main one, and the subpackages with their
 * ranges. */
#include "base/limits.h"
#include "builder/recipe/condition.h"
#include "builder/recipe/recipe_private.h"

/* One subpackage as cloned by its range; its name is known, nothing else is read. */
struct candidate {
	const struct yaml_node *node;
	const char *name;
	struct scope early; /* range.key and range.value over the recipe's variables */
};

struct candidates {
	struct candidate **items;
	size_t count, capacity;
};

/* ---- ranges ---- */

static int range_find(struct expansion *x, const struct yaml_node *subpackage,
	const struct yaml_node **ret_items, struct error *err)
{
	const struct yaml_node *data = schema_get(x->root, "data");
	const struct yaml_node *range = schema_get(subpackage, "range");
	for (size_t i = 0; data && i < data->count; i++) {
		if (strcmp(schema_text(data->items[i], "name"), range->text) != 0)
			continue;
		*ret_items = schema_get(data->items[i], "items");
		return 0;
	}
	(void)yaml_error(
		range, x->file, err, "range: there is no data '%.64s'", range->text);
	return error_remedy(
		err, "add '- name: %.64s' with 'items' below 'data'", range->text);
}

static int candidate_add(struct expansion *x, const struct yaml_node *node,
	struct recipe_variable *variables, size_t count, struct candidates *candidates,
	struct error *err)
{
	const struct yaml_node *name = schema_get(node, "name");
	struct candidate **slot, *candidate;
	struct text_rules rules;
	slot = arena_append(x->arena, &candidates->items, &candidates->count,
		&candidates->capacity, sizeof(*slot));
	candidate = arena_alloc(x->arena, sizeof(*candidate));
	if (!slot || !candidate)
		return error_set_memory(err);
	*slot = candidate;
	candidate->node = node;
	candidate->early = (struct scope){
		.parent = &x->early, .variables = variables, .count = count};
	rules = (struct text_rules){.file = x->file, .early = &candidate->early};
	if (!name || !*name->text)
		return yaml_error(node, x->file, err, "subpackages: 'name' is missing");
	if (candidates->count >= LIMIT_RECIPE_PACKAGES)
		return yaml_error(node, x->file, err, "more than %d packages",
			LIMIT_RECIPE_PACKAGES);
	if (text_get(x, &rules, node, "name", text_exact, check_package_name,
		    &candidate->name, err) < 0)
		return err->class;
	if (!*candidate->name)
		return yaml_error(name, x->file, err, "subpackages: name is empty");
	return scopes_put_package(x, candidate->name, err);
}

static int candidates_of_range(struct expansion *x, const struct yaml_node *node,
	struct candidates *candidates, struct error *err)
{
	const struct text_rules rules = {.file = x->file, .early = &x->early};
	const struct yaml_node *items = NULL;
	struct recipe_variable *pairs;
	if (range_find(x, node, &items, err) < 0)
		return err->class;
	if (items && items->count > LIMIT_RANGE_ITEMS)
		return yaml_error(items, x->file, err, "range of more than %d items",
			LIMIT_RANGE_ITEMS);
	if (!(pairs = arena_array(x->arena, items ? items->count : 0, sizeof(*pairs))))
		return error_set_memory(err);
	for (size_t i = 0; items && i < items->count; i++) {
		pairs[i].name = items->pairs[i].key;
		if (text_free(x, &rules, items->pairs[i].value, &pairs[i].value, err) < 0)
			return err->class;
	}
	variables_sort(pairs, items ? items->count : 0);
	for (size_t i = 0; items && i < items->count; i++) {
		struct recipe_variable *own = arena_array(x->arena, 2, sizeof(*own));
		if (!own)
			return error_set_memory(err);
		own[0] = (struct recipe_variable){"range.key", pairs[i].name};
		own[1] = (struct recipe_variable){"range.value", pairs[i].value};
		if (candidate_add(x, node, own, 2, candidates, err) < 0)
			return err->class;
	}
	return 0;
}

/* melange takes the last one of a name, silently. */
static int check_data_names(struct expansion *x, struct error *err)
{
	static char taken[] = "taken";
	const struct yaml_node *data = schema_get(x->root, "data");
	cleanup_map struct map *names = NULL;
	if (map_new(&names, err) < 0)
		return err->class;
	for (size_t i = 0; data && i < data->count; i++) {
		const char *name = schema_text(data->items[i], "name");
		if (map_get_str(names, name)) {
			(void)yaml_error(schema_get(data->items[i], "name"), x->file, err,
				"data: there are two lists called '%.64s'", name);
			return error_remedy(err, "rename one, or join their items");
		}
		if (*name && map_put(names, slice_str(name), taken, err) < 0)
			return err->class;
	}
	return 0;
}

static int candidates_collect(
	struct expansion *x, struct candidates *candidates, struct error *err)
{
	const struct yaml_node *list = schema_get(x->root, "subpackages");
	for (size_t i = 0; list && i < list->count; i++) {
		const struct yaml_node *node = list->items[i];
		if (*schema_text(node, "range")
				? candidates_of_range(x, node, candidates, err) < 0
				: candidate_add(x, node, NULL, 0, candidates, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- one package ---- */

/* The variables that depend on which package is being built. */
static int context_scope(struct expansion *x, const char *name, bool is_main,
	struct scope *ret_scope, struct error *err)
{
	struct recipe_variable *variables = arena_array(x->arena, 4, sizeof(*variables));
	char *directory = arena_printf(x->arena, SANDBOX_OUTPUTS "/%s", name);
	if (!variables || !directory)
		return error_set_memory(err);
	variables[0] = (struct recipe_variable){"context.name", name};
	variables[1] = (struct recipe_variable){"targets.contextdir", directory};
	variables[2] = (struct recipe_variable){"subpkg.name", name};
	variables[3] = (struct recipe_variable){"targets.subpkgdir", directory};
	*ret_scope = (struct scope){
		.parent = &x->late, .variables = variables, .count = is_main ? 2 : 4};
	return 0;
}

static int expand_test(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct recipe_package *package, struct error *err)
{
	const struct yaml_node *test = schema_get(node, "test");
	const struct yaml_node *environment = schema_get(test, "environment");
	struct text_list needs = {0};
	struct step_sink sink = {.package = package,
		.for_test = true,
		.steps = &package->test_steps,
		.needs = &needs};
	if (texts_get(x, rules, schema_get(environment, "contents"), "packages",
		    text_exact, check_dependency, &needs, err) < 0 ||
		text_map_get(x, rules, environment, "environment", text_step,
			check_environment_name, &package->test_environment,
			&package->test_environment_count, err) < 0 ||
		text_get(x, rules, schema_get(environment, "accounts"), "run-as",
			text_step, check_word, &package->test_run_as, err) < 0 ||
		steps_expand(x, &sink, rules, schema_get(test, "pipeline"), err) < 0)
		return err->class;
	package->test_packages = text_list_take_sorted(&needs);
	return 0;
}

/* The package is the last of recipe->packages; fields are those of `package` or of a
 * subpackage. */
static int expand_package(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *fields, const struct yaml_node *pipeline,
	const struct yaml_node *test_owner, const char *name, struct error *err)
{
	struct recipe_package package = {.name = name};
	struct step_sink sink = {
		.package = &package, .steps = &package.steps, .needs = &x->needs};
	struct recipe_package *kept;
	if (read_package_fields(x, rules, fields, &package, err) < 0 ||
		steps_expand(x, &sink, rules, pipeline, err) < 0 ||
		expand_test(x, rules, test_owner, &package, err) < 0)
		return err->class;
	if (!*package.commit && x->recipe->package_count)
		package.commit = x->recipe->packages[0].commit; /* of one file */
	kept = arena_append(x->arena, &x->recipe->packages, &x->recipe->package_count,
		&x->package_capacity, sizeof(*kept));
	if (!kept)
		return error_set_memory(err);
	*kept = package;
	return 0;
}

static int expand_main(struct expansion *x, struct error *err)
{
	const struct yaml_node *package = schema_get(x->root, "package");
	struct text_rules rules = {.file = x->file, .early = &x->early};
	struct scope context;
	if (context_scope(x, x->recipe->name, true, &context, err) < 0)
		return err->class;
	rules.late = &context;
	if (read_main_fields(x, &rules, package, err) < 0)
		return err->class;
	return expand_package(x, &rules, package, schema_get(x->root, "pipeline"),
		x->root, x->recipe->name, err);
}

/* ---- subpackages ---- */

static int candidate_holds(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, bool *ret_holds, struct error *err)
{
	const struct yaml_node *condition = schema_get(node, "if");
	const struct text_place place = {condition, x->file};
	const struct condition_scopes scopes = {rules->early, rules->late};
	*ret_holds = true;
	if (!condition || !*condition->text)
		return 0;
	return condition_evaluate(
		&x->expander, &scopes, condition->text, &place, ret_holds, err);
}

static int expand_candidate(struct expansion *x, const struct candidate *candidate,
	struct map *names, struct error *err)
{
	static char taken[] = "taken";
	const struct yaml_node *node = candidate->node;
	struct text_rules rules = {.file = x->file, .early = &candidate->early};
	struct scope context;
	bool holds;
	if (context_scope(x, candidate->name, false, &context, err) < 0)
		return err->class;
	rules.late = &context;
	if (candidate_holds(x, &rules, node, &holds, err) < 0 || !holds)
		return err->class;
	if (map_get_str(names, candidate->name)) {
		(void)yaml_error(schema_get(node, "name"), x->file, err,
			"there are two packages called '%s'", candidate->name);
		return error_remedy(err, "rename one; with 'range', ${{range.key}} in "
					 "the name makes them differ");
	}
	if (map_put(names, slice_str(candidate->name), taken, err) < 0)
		return err->class;
	if (expand_package(x, &rules, node, schema_get(node, "pipeline"), node,
		    candidate->name, err) < 0)
		return error_wrap(err, "subpackage %s", candidate->name);
	return 0;
}

int expand_packages(struct expansion *x, struct error *err)
{
	static char taken[] = "taken";
	cleanup_map struct map *names = NULL;
	struct candidates candidates = {0};
	if (map_new(&names, err) < 0 ||
		map_put(names, slice_str(x->recipe->name), taken, err) < 0 ||
		scopes_put_package(x, x->recipe->name, err) < 0 ||
		check_data_names(x, err) < 0 ||
		candidates_collect(x, &candidates, err) < 0 || expand_main(x, err) < 0)
		return err->class;
	for (size_t i = 0; i < candidates.count; i++) {
		if (expand_candidate(x, candidates.items[i], names, err) < 0)
			return err->class;
	}
	return 0;
}
