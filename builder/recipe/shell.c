/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the scripts of a plan are shell at all; the shell is asked, and runs nothing.
 */
#include "base/process.h"
#include "builder/recipe/recipe.h"

#define TIMEOUT_SECONDS 60
#define MESSAGES_MAX    ((size_t)64 * 1024)

static int check_script(const struct recipe_step *step, struct error *err)
{
	static const char *const argv[] = {"bash", "--noprofile", "--norc", "-n", NULL};
	const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	cleanup_buffer struct buffer said = {.max = MESSAGES_MAX};
	const struct process_options options = {.argv = argv,
		.environment = environment,
		.cwd_fd = -1,
		.input = slice_str(step->script),
		.output = &said,
		.messages = &said,
		.timeout_seconds = TIMEOUT_SECONDS};
	struct slice rest, line = SLICE_EMPTY;
	int status = 0;
	if (process_run(&options, &status, err) < 0) {
		(void)error_remedy(err, "install bash, or leave --check-shell out");
		return error_wrap(err, "checking a script");
	}
	if (status == 0)
		return 0;
	rest = buffer_slice(&said);
	(void)slice_cut(&rest, '\n', &line); /* the first message tells most */
	(void)error_set_at(err, ERR_INPUT, step->file, step->line, 0,
		"%s: the script is no shell script: %.*s", step->label,
		SLICE_ARG(slice_sub(line, 0, 300)));
	return error_remedy(err, "lines are counted from the script's first");
}

static int check_scripts(const struct recipe_steps *steps, struct error *err)
{
	for (size_t i = 0; i < steps->count; i++)
		if (check_script(&steps->items[i], err) < 0)
			return err->class;
	return 0;
}

int recipe_check_shell(const struct recipe *recipe, struct error *err)
{
	for (size_t i = 0; i < recipe->package_count; i++) {
		const struct recipe_package *package = &recipe->packages[i];
		if (check_scripts(&package->steps, err) < 0 ||
			check_scripts(&package->test_steps, err) < 0)
			return error_wrap(err, "package %s", package->name);
	}
	return 0;
}
