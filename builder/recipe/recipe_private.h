/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that turn a YAML document into a struct recipe share. The way:
 *
 *	recipe.c        load, check the keys (schema.c), then in this order:
 *	scopes.c        package.*, vars, var-transforms, build options → the variables
 *	expand.c        main package, subpackages with range and if
 *	read_package.c  their metadata
 *	steps.c         their steps, with pipeline files (pipeline_file.c) resolved
 *
 * Variables are replaced twice. Early: package.*, vars.*, range.* in almost every text,
 *what is unknown stays. Late, in steps only: all variables, what is unknown is an error.
 */
#ifndef BUILDER_RECIPE_RECIPE_PRIVATE_H
#define BUILDER_RECIPE_RECIPE_PRIVATE_H

#include "builder/recipe/check.h"
#include "builder/recipe/recipe.h"
#include "builder/recipe/schema.h"
#include "builder/recipe/variables.h"

#define SANDBOX_HOME    "/home/build"
#define SANDBOX_OUTPUTS SANDBOX_HOME "/melange-out"

/* A list that grows in the arena. */
struct text_list {
	const char **items;
	size_t count, capacity;
};

struct expansion {
	struct recipe *recipe;
	struct arena *arena; /* the recipe's */
	const struct recipe_options *options;
	struct recipe_cache *cache;
	const char *file;
	const struct yaml_node *root;
	struct expander expander;
	struct map *early_values, *late_values;
	struct scope early, late; /* late goes on in early */
	size_t pattern_work_left;
	size_t step_count, source_capacity, package_capacity;
	struct text_list needs; /* of the build */
};

/* How texts of one place in a file are to be read. */
struct text_rules {
	const char *file;
	const struct scope
		*early; /* NULL in pipeline files: they know late variables only */
	const struct scope *late;
	bool copied; /* the file's memory may go away before the recipe's */
};

/* ---- texts.c ---- */

int place_error(const struct text_rules *rules, const struct yaml_node *node,
	struct error *err, const char *format, ...) PRINTF_LIKE(4, 5);
/* Early variables only; what is unknown stays (free) or is an error (exact). */
MUST_USE int text_free(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char **ret_text, struct error *err);
MUST_USE int text_exact(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char **ret_text, struct error *err);
/* Early variables, then late ones; what is unknown is an error. */
MUST_USE int text_step(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char **ret_text, struct error *err);
typedef int text_reader(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char **ret_text, struct error *err);

/* The checked text of a key; "" if absent (and then not checked). */
MUST_USE int text_get(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, const char *key, text_reader *reader,
	check_function *check, const char **ret_text, struct error *err);
/* The sequence under a key. Empty items are left out. */
MUST_USE int texts_get(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, const char *key, text_reader *reader,
	check_function *check, struct text_list *list, struct error *err);
/* The mapping under a key, sorted by name; names are checked with check. */
MUST_USE int text_map_get(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, const char *key, text_reader *reader,
	check_function *check, struct recipe_variable **ret_items, size_t *ret_count,
	struct error *err);

MUST_USE int text_list_add(
	struct text_list *list, struct arena *arena, const char *text, struct error *err);
struct recipe_list text_list_take(const struct text_list *list);
/* Sorted, unique. */
struct recipe_list text_list_take_sorted(struct text_list *list);
/* Unique, order of first occurrence kept. */
MUST_USE int text_list_unique(struct text_list *list, struct error *err);
void variables_sort(struct recipe_variable *items, size_t count);
/* value is not changed: the map holds it for struct scope, which reads only. */
MUST_USE int values_put(
	struct map *values, const char *name, const char *value, struct error *err);

/* ---- scopes.c ---- */

/* Fills early_values, late_values and the scopes; needs recipe->name etc. */
MUST_USE int scopes_fill(struct expansion *x, struct error *err);
/* Puts targets.package.<name> and the directory; called for each package as its name is
 * known. */
MUST_USE int scopes_put_package(struct expansion *x, const char *name, struct error *err);
bool option_enabled(const struct expansion *x, const char *name);

/* ---- read_package.c ---- */

/* `setcap` and `attributes` of a package or subpackage. */
MUST_USE int read_file_attributes(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, struct recipe_package *package,
	struct error *err);
MUST_USE int read_package_fields(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct recipe_package *package, struct error *err);
/* The fields only the main package has: copyright, cpe, timeout, … */
MUST_USE int read_main_fields(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct error *err);

/* ---- expand.c ---- */

MUST_USE int expand_packages(struct expansion *x, struct error *err);

/* ---- steps.c ---- */

struct step_sink {
	struct recipe_package *package;
	bool for_test;
	struct recipe_steps *steps;
	size_t capacity;
	struct text_list *needs;
};
/* The steps of a pipeline and all they call, in order. node may be NULL. */
MUST_USE int steps_expand(struct expansion *x, struct step_sink *sink,
	const struct text_rules *rules, const struct yaml_node *node, struct error *err);

/* ---- inputs.c ---- */

/* `with` holds nothing that is not declared. with and declared may be NULL. */
MUST_USE int inputs_check(const struct text_rules *rules, const struct yaml_node *with,
	const struct yaml_node *declared, const char *uses, struct error *err);
/*
 * The inputs in order, those given first, so that defaults can refer to them. *scope goes
 * on top of callee->late and has to live as long as callee.
 */
MUST_USE int inputs_bind(struct expansion *x, const struct text_rules *caller,
	struct text_rules *callee, const struct yaml_node *step,
	const struct yaml_node *declared, struct scope *scope, struct error *err);

/* ---- sources.c ---- */

/* Records what `uses: fetch` or `uses: git-checkout` want; others are none of its
 * business. */
MUST_USE int source_record(struct expansion *x, const struct step_sink *sink,
	const char *uses, const struct scope *inputs, const struct text_rules *rules,
	const struct yaml_node *step, struct error *err);

/* ---- pipeline_file.c ---- */

struct pipeline_file {
	const char *path;
	const struct yaml_node *root;
};
/*
 * The file that `uses` names, parsed and checked, borrowed from the cache; *ret_file NULL
 * if it is in none of the folders. uses has passed check_uses.
 */
MUST_USE int pipeline_file_find(struct recipe_cache *cache,
	const struct recipe_options *options, const char *uses,
	const struct pipeline_file **ret_file, struct error *err);

/* ---- unknown.c ---- */

/* ERR_INPUT at the `uses` that names no file: with the nearest one that there is. */
int pipeline_unknown(const struct recipe_options *options, const struct text_rules *rules,
	const struct yaml_node *uses, struct error *err);

#endif
