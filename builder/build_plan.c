/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build_private.h"

#include "base/clock.h"
#include "builder/make_lint.h"
#include "builder/schedule.h"

/* ---- read ---- */

static int read_catalog(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	size_t count = options->pipeline_dir_count;
	const char **dirs = arena_array(building->arena, count + 1, sizeof(*dirs));
	const char *packages =
		arena_printf(building->arena, "%s/packages", options->recipes_directory);
	if (!dirs || !packages)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		dirs[i] = options->pipeline_dirs[i];
	dirs[count] =
		arena_printf(building->arena, "%s/pipelines", options->recipes_directory);
	if (!dirs[count])
		return error_set_memory(err);
	struct recipe_options recipe_options = {.architecture = building->architecture,
		.pipeline_dirs = dirs,
		.pipeline_dir_count = count + 1};
	return catalog_load(packages, options->extra_recipes, options->extra_recipe_count,
		&recipe_options, &building->catalog, err);
}

int building_read(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	building->started = clock_now();
	building->architecture = "x86_64";
	if (arena_new(&building->arena, err) < 0 ||
		clock_source_date(BUILD_DEFAULT_DATE, &building->mtime, err) < 0 ||
		read_catalog(building, err) < 0)
		return err->class;
	return toolchain_load(options->recipes_directory, &building->toolchain, err);
}

int building_prepare(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	if (store_open(options->store_path, &building->store, err) < 0 ||
		building_read(building, err) < 0)
		return err->class;
	building->packages_path =
		arena_printf(building->arena, "%s/packages", options->output_directory);
	building->tag = options->tag ? options->tag : "latest";
	return building->packages_path ? 0 : error_set_memory(err);
}

/* ---- plan, make ---- */

int building_plan(struct building *building, const char *const *wanted, size_t count,
	struct error *err)
{
	struct plan_options options = {.catalog = building->catalog,
		.toolchain = building->toolchain,
		.mtime = building->mtime};
	return plan_make(&options, wanted, count, &building->plan, err);
}

struct make_options building_make_options(const struct building *building)
{
	return (struct make_options){.store = building->store,
		.toolchain = building->toolchain,
		.sources = building->options->sources,
		.mtime = building->mtime,
		.lint = building->options->lint,
		.cpus = building->options->cpus};
}

/* Before the first is made, and not after an hour of making what it needs. */
static int check_pinned(const struct building *building, struct error *err)
{
	for (size_t i = 0; i < building->plan->count; i++) {
		const struct recipe *recipe = building->plan->items[i]->recipe;
		for (size_t s = 0; s < recipe->source_count; s++)
			if (!recipe->sources[s].for_test &&
				source_check_pinned(&recipe->sources[s],
					building->options->sources, err) < 0)
				return error_wrap(err, "recipe %s", recipe->path);
	}
	return 0;
}

int building_make(struct building *building, struct error *err)
{
	const struct plan *plan = building->plan;
	struct make_options options = building_make_options(building);
	struct schedule_options schedule = {.make = &options,
		.jobs = building->options->jobs,
		.keep_going = building->options->keep_going};
	cleanup_package_store struct package_store *shared = NULL;
	if (!schedule.keep_going && check_pinned(building, err) < 0)
		return err->class;
	building->made = calloc(plan->count + 1, sizeof(struct made *));
	if (!building->made)
		return error_set_memory(err);
	building->made_count = plan->count;
	if (building->options->package_store &&
		package_store_open(building->options->package_store,
			building->options->package_key, &shared, err) < 0)
		return err->class;
	schedule.shared = shared;
	if (schedule_run(plan, &schedule, building->made, err) < 0)
		return err->class;
	for (size_t i = 0; i < plan->count; i++) {
		building->built += !building->made[i]->cached;
		/* what was in the store may have been made with other levels */
		if (make_lint(building->made[i], building->made, i, &options, err) < 0)
			return error_wrap(err, "recipe %s", plan->items[i]->recipe->name);
	}
	return 0;
}
