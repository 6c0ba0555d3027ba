/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running steps of a recipe, of its build or of a test, in a sandbox: environment, log,
 * scratch directory, and what is said of a step that fails.
 */
#ifndef BUILDER_MAKE_STEPS_H
#define BUILDER_MAKE_STEPS_H

#include "builder/make/fetch.h"
#include "builder/make/root.h"

#define OUTPUT_DIRECTORY "/home/build/melange-out"

/* Texts are borrowed, but for what comes from the arena. */
MUST_USE int step_from_recipe(struct arena *arena, const struct recipe_step *from,
	struct sandbox_step *ret_step, struct error *err);

struct step_environment {
	const struct make_options *options;
	bool toolchain; /* with the toolchain's variables */
	const struct recipe *recipe;
	const struct recipe_variable *own; /* of a test; may be NULL */
	size_t own_count;
};
/*
 * Later ones win: what is the same everywhere, the toolchain's, those of the recipe's
 * build, which its tests have, too, and the test's own.
 */
MUST_USE int step_environment(struct arena *arena, const struct step_environment *from,
	const char *const **ret_environment, struct error *err);

struct step_run {
	const struct make_options *options;
	const struct build_root *root;
	const struct fetched *fetched;
	const struct sandbox_step *steps;
	size_t step_count;
	const char *const *environment;
	const char *run_as; /* user: a number or a name of the root; NULL, "": build */
	uint64_t timeout_seconds; /* of the recipe; 0: the options' */
	const char *log_name;     /* of the file below the store's logs/ */
	struct log_task *task;    /* borrowed; may be NULL */

	/* Made by steps_run: */
	char *log_path;
	int log_fd, scratch_fd; /* scratch: upper/ is what the steps wrote */
	char scratch[128];
	struct sandbox_result result;
};
#define STEP_RUN_CLOSED  .log_fd = -1, .scratch_fd = -1
#define cleanup_step_run CLEANUP(step_run_done)
/* Removes the scratch directory; the log stays. */
void step_run_done(struct step_run *run);
/*
 * A failing step is ERR_INPUT with its label and the log's path; the last lines of the
 * log are shown at once. So is a user that the root does not have, and root: no step runs
 * as root.
 */
MUST_USE int steps_run(struct step_run *run, struct error *err);

#endif
