/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build_private.h"

#include "base/clock.h"
#include "builder/make/lint.h"
#include "builder/schedule.h"

/* ---- read ---- */

/* Those of the person, of the folder, and ours. */
static int list_pipelines(const struct building *building, const char *const **ret_dirs,
	size_t *ret_count, struct error *err)
{
	const struct build_options *options = building->options;
	const char *const folders[] = {
		options->recipes_directory, options->builtin_directory};
	size_t count = options->pipeline_dir_count;
	const char **dirs =
		arena_array(building->arena, count + ARRAY_LEN(folders), sizeof(*dirs));
	if (!dirs)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		dirs[i] = options->pipeline_dirs[i];
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		if (!folders[i] || (i && strcmp(folders[i], folders[0]) == 0))
			continue;
		dirs[count] = arena_printf(building->arena, "%s/pipelines", folders[i]);
		if (!dirs[count++])
			return error_set_memory(err);
	}
	*ret_dirs = dirs;
	*ret_count = count;
	return 0;
}

static int read_catalog(struct building *building, bool has_toolchain, struct error *err)
{
	const struct build_options *options = building->options;
	struct recipe_options recipe_options = {.architecture = building->architecture};
	const char *packages = arena_printf(building->arena, "%s%s",
		options->recipes_directory, has_toolchain ? "/packages" : "");
	struct catalog_choice choice = {.roots = options->roots,
		.repositories = options->repositories.repository_count > 0,
		.folder = has_toolchain ? packages : NULL};
	if (!packages)
		return error_set_memory(err);
	if (list_pipelines(building, &recipe_options.pipeline_dirs,
		    &recipe_options.pipeline_dir_count, err) < 0 ||
		catalog_load(packages, options->extra_recipes,
			options->extra_recipe_count, &recipe_options, &building->catalog,
			err) < 0)
		return err->class;
	catalog_choose_roots(building->catalog, &choice);
	return 0;
}

/* Not having one is not knowing it when it is asked for: whoever forces it is told. */
static int find_toolchain(
	const struct build_options *options, bool *ret_has, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	if (buffer_printf(&path, err, "%s/toolchain.yaml", options->recipes_directory) <
		0)
		return err->class;
	*ret_has = options->roots == CATALOG_ROOTS_TOOLCHAIN ||
		   fs_exists(AT_FDCWD, buffer_str(&path));
	return 0;
}

int building_read(struct building *building, struct error *err)
{
	const struct build_options *options = building->options;
	bool has_toolchain = false;
	building->started = clock_now();
	building->architecture = "x86_64";
	if (arena_new(&building->arena, err) < 0 ||
		clock_source_date(BUILD_DEFAULT_DATE, &building->mtime, err) < 0 ||
		find_toolchain(options, &has_toolchain, err) < 0 ||
		read_catalog(building, has_toolchain, err) < 0)
		return err->class;
	return has_toolchain ? toolchain_load(options->recipes_directory,
				       &building->toolchain, err)
			     : 0;
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

struct external_options building_external_options(const struct building *building)
{
	return (struct external_options){.sources = building->options->sources,
		.store = building->store,
		.architecture = building->architecture,
		.accept_sha1 = building->options->accept_sha1,
		.trust = building->options->trust};
}

struct plan_options building_plan_options(const struct building *building)
{
	return (struct plan_options){.catalog = building->catalog,
		.toolchain = building->toolchain,
		.externals = building->externals,
		.mtime = building->mtime};
}

/* A plan without repositories needs no store. */
static bool names_repositories(const struct building *building)
{
	bool named = building->options->repositories.repository_count > 0;
	for (size_t i = 0; i < catalog_count(building->catalog) && !named; i++)
		named = catalog_at(building->catalog, i)->repositories.count > 0;
	return named;
}

int building_open_externals(struct building *building, struct error *err)
{
	if (building->externals || !names_repositories(building))
		return 0;
	if (!building->store &&
		store_open(building->options->store_path, &building->store, err) < 0)
		return err->class;
	struct external_options options = building_external_options(building);
	return externals_new(
		&building->options->repositories, &options, &building->externals, err);
}

int building_plan(struct building *building, const char *const *wanted, size_t count,
	struct error *err)
{
	if (building_open_externals(building, err) < 0)
		return err->class;
	struct plan_options options = building_plan_options(building);
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
