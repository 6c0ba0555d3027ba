/* SPDX-License-Identifier: Apache-2.0 */
/* Steps: conditions, calls of pipeline files with their inputs, nesting, and the scripts
 * that remain. */
#include "base/limits.h"
#include "builder/recipe/condition.h"
#include "builder/recipe/recipe_private.h"

/* What nested steps take over from the one they are in. */
struct step_context {
	struct text_rules rules;
	const char *working_directory;
	struct recipe_variable *environment;
	size_t environment_count;
	const char *label;
	const char *break_point;
	unsigned depth;
};

static int pipeline_expand(struct expansion *x, struct step_sink *sink,
	const struct step_context *context, const struct yaml_node *list,
	uint64_t *ret_ran, struct error *err);

/* ---- what a step says about itself ---- */

static int check_keys(
	const struct text_rules *rules, const struct yaml_node *step, struct error *err)
{
	bool uses = schema_get(step, "uses") != NULL;
	if (schema_get(step, "runs") && schema_get(step, "with")) {
		(void)place_error(rules, step, err, "a step with 'runs' takes no 'with'");
		return error_remedy(err, "give the script its values in 'environment'");
	}
	if (uses && (schema_get(step, "runs") || schema_get(step, "pipeline"))) {
		(void)place_error(rules, step, err,
			"a step has either 'uses' or '%s', not both",
			schema_get(step, "runs") ? "runs" : "pipeline");
		return error_remedy(err, "make two steps of it");
	}
	if (!uses && schema_get(step, "with")) {
		(void)place_error(rules, step, err, "'with' needs 'uses'");
		return error_remedy(
			err, "name the pipeline that these inputs are for with 'uses'");
	}
	return 0;
}

static int step_holds(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *step, bool *ret_holds, struct error *err)
{
	const struct yaml_node *condition = schema_get(step, "if");
	const struct text_place place = {condition, rules->file};
	const struct condition_scopes scopes = {rules->early, rules->late};
	*ret_holds = true;
	if (!condition || !*condition->text)
		return 0;
	return condition_evaluate(
		&x->expander, &scopes, condition->text, &place, ret_holds, err);
}

/* Lexically: "." and empty components go, ".." takes one back, never above the root. */
static int normalise_directory(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const char *path, const char **ret_path,
	struct error *err)
{
	cleanup_buffer struct buffer out = {.max = 2 * LIMIT_PATH_BYTES};
	struct slice rest = slice_str(path), part;
	if (*path != '/' && buffer_add_str(&out, SANDBOX_HOME, err) < 0)
		return err->class;
	while (slice_cut(&rest, '/', &part)) {
		if (!part.len || slice_equal_str(part, "."))
			continue;
		if (slice_equal_str(part, "..")) {
			const char *slash = strrchr(buffer_str(&out), '/');
			if (!slash)
				return place_error(rules, node, err,
					"working-directory '%.128s' leaves the root",
					path);
			out.len = (size_t)(slash - out.data);
			out.data[out.len] = '\0';
			continue;
		}
		if (buffer_add_byte(&out, '/', err) < 0 ||
			buffer_add_slice(&out, part, err) < 0)
			return err->class;
	}
	*ret_path = arena_strdup(x->arena, out.len ? buffer_str(&out) : "/");
	return *ret_path ? 0 : error_set_memory(err);
}

static int read_directory(struct expansion *x, struct step_context *context,
	const struct yaml_node *step, struct error *err)
{
	const struct yaml_node *node = schema_get(step, "working-directory");
	const char *text, *reason;
	if (text_get(x, &context->rules, step, "working-directory", text_step, check_line,
		    &text, err) < 0)
		return err->class;
	if (!*text)
		return 0;
	reason = strlen(text) > LIMIT_PATH_BYTES ? "is too long" : NULL;
	if (reason)
		return place_error(
			&context->rules, node, err, "working-directory %s", reason);
	return normalise_directory(
		x, &context->rules, node, text, &context->working_directory, err);
}

/* The step's own variables over those it takes over; both are sorted. */
static int merge_environment(struct expansion *x, struct step_context *context,
	const struct recipe_variable *own, size_t own_count,
	const struct text_place *place, struct error *err)
{
	size_t total = context->environment_count + own_count, i = 0, j = 0, count = 0;
	struct recipe_variable *merged;
	if (expander_charge(&x->expander, total * sizeof(*merged), place, err) < 0)
		return err->class;
	if (!(merged = arena_array(x->arena, total, sizeof(*merged))))
		return error_set_memory(err);
	while (i < context->environment_count || j < own_count) {
		int order = i == context->environment_count ? 1
			    : j == own_count
				    ? -1
				    : strcmp(context->environment[i].name, own[j].name);
		merged[count++] = order < 0 ? context->environment[i] : own[j];
		i += order <= 0;
		j += order >= 0;
	}
	context->environment = merged;
	context->environment_count = count;
	return 0;
}

static int read_environment(struct expansion *x, struct step_context *context,
	const struct yaml_node *step, struct error *err)
{
	const struct yaml_node *node = schema_get(step, "environment");
	const struct text_place place = {node, context->rules.file};
	struct recipe_variable *own;
	size_t count;
	if (text_map_get(x, &context->rules, step, "environment", text_step,
		    check_environment_name, &own, &count, err) < 0)
		return err->class;
	return count ? merge_environment(x, context, own, count, &place, err) : 0;
}

/* A step that holds: what it needs, where and with which variables its parts run. */
static int step_enter(struct expansion *x, struct step_sink *sink,
	struct step_context *context, const struct yaml_node *step, struct error *err)
{
	const char *label;
	if (texts_get(x, &context->rules, schema_get(step, "needs"), "packages",
		    text_step, check_dependency, sink->needs, err) < 0 ||
		text_get(x, &context->rules, step, "label", text_free, check_line, &label,
			err) < 0)
		return err->class;
	if (*label)
		context->break_point = label;
	if (read_directory(x, context, step, err) < 0)
		return err->class;
	return read_environment(x, context, step, err);
}

/* ---- what a step does ---- */

static int add_script(struct expansion *x, struct step_sink *sink,
	const struct step_context *context, const struct yaml_node *runs,
	struct error *err)
{
	struct recipe_step *step;
	const struct text_place place = {runs, context->rules.file};
	size_t environment_size = 0;
	step = arena_append(x->arena, &sink->steps->items, &sink->steps->count,
		&sink->capacity, sizeof(*step));
	if (!step)
		return error_set_memory(err);
	step->label = *context->label ? context->label : "runs";
	step->break_point = context->break_point;
	step->working_directory = context->working_directory;
	step->environment = context->environment;
	step->environment_count = context->environment_count;
	step->file = context->rules.file;
	step->line = runs->line;
	for (size_t i = 0; i < context->environment_count; i++)
		environment_size += EXPANDER_TEXT_COST +
				    strlen(context->environment[i].name) +
				    strlen(context->environment[i].value);
	if (expander_charge(&x->expander, environment_size, &place, err) < 0)
		return err->class;
	return text_step(x, &context->rules, runs, &step->script, err);
}

static int check_required_steps(const struct text_rules *rules,
	const struct yaml_node *step, uint64_t ran, struct error *err)
{
	struct error ignored = ERROR_INIT;
	const struct yaml_node *node =
		schema_get(schema_get(step, "assertions"), "required-steps");
	uint64_t required;
	/* A number: the schema has seen to it. 0 is the same as none. */
	if (!node || slice_parse_u64(slice_str(node->text), 10, UINT64_MAX, &required,
			     &ignored) < 0)
		return 0;
	if (required == 0 || required == ran)
		return 0;
	(void)place_error(rules, node, err,
		"required-steps: %llu steps must run, but the conditions let %llu run",
		(unsigned long long)required, (unsigned long long)ran);
	return error_remedy(
		err, "correct the number, or the 'if' of the steps in this pipeline");
}

static int step_body(struct expansion *x, struct step_sink *sink,
	const struct step_context *context, const struct yaml_node *step,
	uint64_t *ret_ran, struct error *err)
{
	const struct yaml_node *runs = schema_get(step, "runs");
	if (runs && *runs->text && add_script(x, sink, context, runs, err) < 0)
		return err->class;
	if (pipeline_expand(
		    x, sink, context, schema_get(step, "pipeline"), ret_ran, err) < 0)
		return err->class;
	return check_required_steps(&context->rules, step, *ret_ran, err);
}

/* ---- calling a pipeline file ---- */

static int find_file(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, const struct pipeline_file **ret_file,
	struct error *err)
{
	const char *reason = check_uses(node->text);
	if (reason) {
		(void)place_error(
			rules, node, err, "uses '%.128s' %s", node->text, reason);
		return error_remedy(err, "name a file below a pipeline folder, without "
					 ".yaml, such as autoconf/make");
	}
	if (pipeline_file_find(x->cache, x->options, node->text, ret_file, err) < 0)
		return error_wrap(
			err, "uses %s (%s:%u)", node->text, rules->file, node->line);
	return *ret_file ? 0 : pipeline_unknown(x->options, rules, node, err);
}

static int call_holds(struct expansion *x, const struct text_rules *step_rules,
	const struct yaml_node *step, const struct text_rules *file_rules,
	const struct yaml_node *root, bool *ret_holds, struct error *err)
{
	if (step_holds(x, step_rules, step, ret_holds, err) < 0 || !*ret_holds)
		return err->class;
	return step_holds(x, file_rules, root, ret_holds, err);
}

/* How texts of the file are read: only what cannot change any more is in sight. */
static int file_rules(struct expansion *x, const struct step_context *caller,
	const struct pipeline_file *file, struct text_rules *ret_rules, struct error *err)
{
	*ret_rules = (struct text_rules){.late = caller->rules.late, .copied = true};
	ret_rules->file = arena_strdup(x->arena, file->path);
	return ret_rules->file ? 0 : error_set_memory(err);
}

static int call_file(struct expansion *x, struct step_sink *sink,
	const struct step_context *caller, const struct yaml_node *step, bool *ret_holds,
	struct error *err)
{
	const struct yaml_node *uses = schema_get(step, "uses"), *inputs;
	const struct pipeline_file *file;
	struct step_context context = *caller;
	struct text_rules called, calling = caller->rules;
	struct scope scope;
	uint64_t ran;
	if (find_file(x, &calling, uses, &file, err) < 0 ||
		file_rules(x, caller, file, &called, err) < 0)
		return err->class;
	inputs = schema_get(file->root, "inputs");
	if (inputs_check(&calling, schema_get(step, "with"), inputs, uses->text, err) <
			0 ||
		inputs_bind(x, &caller->rules, &called, step, inputs, &scope, err) < 0)
		return err->class;
	calling.late = &scope; /* the step's condition may look at the inputs it gives */
	if (call_holds(x, &calling, step, &called, file->root, ret_holds, err) < 0 ||
		!*ret_holds)
		return err->class;
	if (!(context.label = arena_strdup(x->arena, uses->text)))
		return error_set_memory(err);
	context.rules = calling;
	if (source_record(x, sink, uses->text, &scope, &caller->rules, step, err) < 0 ||
		step_enter(x, sink, &context, step, err) < 0)
		return err->class;
	context.rules = called;
	if (step_enter(x, sink, &context, file->root, err) < 0 ||
		step_body(x, sink, &context, file->root, &ran, err) < 0)
		return err->class;
	return check_required_steps(&caller->rules, step, ran, err);
}

/* A step without `uses`. Its name tells more than that of a pipeline around it. */
static int inline_step(struct expansion *x, struct step_sink *sink,
	const struct step_context *caller, const struct yaml_node *step, bool *ret_holds,
	struct error *err)
{
	struct step_context context = *caller;
	struct scope scope;
	const char *name;
	uint64_t ran;
	if (inputs_bind(x, &caller->rules, &context.rules, step,
		    schema_get(step, "inputs"), &scope, err) < 0 ||
		step_holds(x, &context.rules, step, ret_holds, err) < 0 || !*ret_holds)
		return err->class;
	if (text_get(x, &caller->rules, step, "name", text_free, check_line, &name, err) <
		0)
		return err->class;
	if (*name && !*context.label)
		context.label = name;
	if (step_enter(x, sink, &context, step, err) < 0)
		return err->class;
	return step_body(x, sink, &context, step, &ran, err);
}

/* *ret_ran: how many of the listed steps have a condition that holds. */
static int pipeline_expand(struct expansion *x, struct step_sink *sink,
	const struct step_context *context, const struct yaml_node *list,
	uint64_t *ret_ran, struct error *err)
{
	struct step_context inner = *context;
	uint64_t ran = 0;
	if (list && ++inner.depth > LIMIT_PIPELINE_DEPTH)
		return place_error(&context->rules, list, err,
			"pipelines more than %d deep", LIMIT_PIPELINE_DEPTH);
	for (size_t i = 0; list && i < list->count; i++) {
		const struct yaml_node *step = list->items[i];
		bool holds;
		if (++x->step_count > LIMIT_STEPS)
			return place_error(&context->rules, step, err,
				"more than %d steps", LIMIT_STEPS);
		if (check_keys(&context->rules, step, err) < 0)
			return err->class;
		if (schema_get(step, "uses")
				? call_file(x, sink, &inner, step, &holds, err) < 0
				: inline_step(x, sink, &inner, step, &holds, err) < 0)
			return err->class;
		ran += holds;
	}
	*ret_ran = ran;
	return 0;
}

int steps_expand(struct expansion *x, struct step_sink *sink,
	const struct text_rules *rules, const struct yaml_node *node, struct error *err)
{
	const struct step_context context = {.rules = *rules,
		.working_directory = SANDBOX_HOME,
		.environment = NULL,
		.label = "",
		.break_point = ""};
	uint64_t ran;
	return pipeline_expand(x, sink, &context, node, &ran, err);
}
