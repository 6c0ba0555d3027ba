/* SPDX-License-Identifier: Apache-2.0 */
/* What is checked and laid out before the first fork, where errors are easy to tell. */
#include "base/encode.h"
#include "base/limits.h"
#include "builder/sandbox/sandbox_private.h"

/* mount(2) takes one page of options. */
#define OPTIONS_MAX 4000

static int add_layers(
	const struct sandbox *sandbox, struct buffer *options, struct error *err)
{
	if (sandbox->layer_count == 0)
		return error_set(err, ERR_BUG, "a sandbox without layers");
	if (sandbox->bind_count && buffer_add_str(options, SCRATCH_GIVEN ":", err) < 0)
		return err->class;
	for (size_t i = 0; i < sandbox->layer_count; i++) {
		const char *layer = sandbox->layers[i];
		/* They separate names and options in overlayfs.rst; ours never have them.
		 */
		if (layer[0] == '\0' || layer[0] == '/' || strpbrk(layer, ":,\\"))
			return error_set(err, ERR_BUG, "layer name %s", layer);
		if (buffer_printf(options, err, "%s" SCRATCH_BASE "/%s", i ? ":" : "",
			    layer) < 0)
			return err->class;
	}
	return 0;
}

static int plan_overlay(struct sandbox_plan *plan, struct error *err)
{
	cleanup_buffer struct buffer options = {.max = OPTIONS_MAX};
	if (buffer_add_str(&options, "lowerdir=", err) < 0 ||
		add_layers(plan->sandbox, &options, err) < 0 ||
		buffer_add_str(&options,
			",upperdir=" SCRATCH_UPPER ",workdir=" SCRATCH_WORK ",userxattr",
			err) < 0)
		return error_wrap(
			err, "overlay of %zu layers", plan->sandbox->layer_count);
	plan->overlay_options = arena_strdup(plan->arena, buffer_str(&options));
	return plan->overlay_options ? 0 : error_set_memory(err);
}

static int plan_script(const struct sandbox_plan *plan, const struct sandbox_step *step,
	char ***ret_argv, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_buffer struct buffer quoted = BUFFER_INIT;
	const char *directory =
		step->working_directory ? step->working_directory : "/home/build";
	char **argv = arena_array(plan->arena, 4, sizeof(*argv));
	if (shell_quote(slice_str(directory), &quoted, err) < 0 ||
		buffer_printf(&text, err,
			"set -eo pipefail\n[ -d %s ] || mkdir -p %s\ncd %s\n%s\nexit 0\n",
			buffer_str(&quoted), buffer_str(&quoted), buffer_str(&quoted),
			step->script) < 0)
		return err->class;
	if (!argv || !(argv[0] = arena_strdup(plan->arena, "/bin/sh")) ||
		!(argv[1] = arena_strdup(plan->arena, "-c")) ||
		!(argv[2] = arena_strdup(plan->arena, buffer_str(&text))))
		return error_set_memory(err);
	*ret_argv = argv;
	return 0;
}

static size_t count_list(const char *const *list)
{
	size_t count = 0;
	while (list && list[count])
		count++;
	return count;
}

/* Sets or replaces the variable of that name. */
static int set_variable(const struct sandbox_plan *plan, char **list, size_t *count,
	const char *entry, struct error *err)
{
	const char *equals = strchr(entry, '=');
	if (!equals || equals == entry)
		return error_set(
			err, ERR_INPUT, "environment variable without a name: %s", entry);
	size_t len = (size_t)(equals - entry) + 1; /* with the "=" */
	size_t at = 0;
	while (at < *count && strncmp(list[at], entry, len) != 0)
		at++;
	if (!(list[at] = arena_strdup(plan->arena, entry)))
		return error_set_memory(err);
	if (at == *count)
		(*count)++;
	return 0;
}

static int plan_environment(const struct sandbox_plan *plan,
	const struct sandbox_step *step, char ***ret_list, struct error *err)
{
	const char *const *common = plan->sandbox->environment;
	const char *const *own = step->environment;
	size_t count = 0;
	char **list = arena_array(
		plan->arena, count_list(common) + count_list(own) + 1, sizeof(*list));
	if (!list)
		return error_set_memory(err);
	for (size_t i = 0; common && common[i]; i++)
		if (set_variable(plan, list, &count, common[i], err) < 0)
			return err->class;
	for (size_t i = 0; own && own[i]; i++)
		if (set_variable(plan, list, &count, own[i], err) < 0)
			return err->class;
	*ret_list = list;
	return 0;
}

static int plan_step(struct sandbox_plan *plan, size_t i, struct error *err)
{
	const struct sandbox_step *step = &plan->sandbox->steps[i];
	if (plan->sandbox->probe)
		return 0;
	if (plan_script(plan, step, &plan->step_argv[i], err) < 0 ||
		plan_environment(plan, step, &plan->step_environment[i], err) < 0)
		return error_wrap(err, "step %s", step->label ? step->label : "");
	return 0;
}

int sandbox_plan_make(
	const struct sandbox *sandbox, struct sandbox_plan *plan, struct error *err)
{
	plan->sandbox = sandbox;
	plan->caller = getpid();
	if (sandbox->step_count > LIMIT_STEPS)
		return error_set(err, ERR_INPUT, "%zu steps, more than %d",
			sandbox->step_count, LIMIT_STEPS);
	plan->step_argv =
		arena_array(plan->arena, sandbox->step_count, sizeof(*plan->step_argv));
	plan->step_environment = arena_array(
		plan->arena, sandbox->step_count, sizeof(*plan->step_environment));
	if (!plan->step_argv || !plan->step_environment)
		return error_set_memory(err);
	for (size_t i = 0; i < sandbox->step_count; i++)
		if (plan_step(plan, i, err) < 0)
			return err->class;
	return plan_overlay(plan, err);
}
