/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build_private.h"

#include "base/clock.h"

void building_done(struct building *building)
{
	repository_close(&building->layout);
	image_free(&building->image);
	elf_audit_free(&building->hardening);
	for (size_t i = 0; i < building->made_count; i++)
		made_free(&building->made[i]);
	free(building->made);
	free(building->packages);
	free(building->addresses);
	external_free(&building->external);
	plan_free(&building->plan);
	externals_free(&building->externals);
	toolchain_free(&building->toolchain);
	catalog_free(&building->catalog);
	image_recipe_free(&building->recipe);
	store_close(&building->store);
	arena_free(&building->arena);
}

void build_result_done(struct build_result *result)
{
	arena_free(&result->arena);
	*result = (struct build_result){0};
}

int building_result(const struct building *building, struct build_result *ret_result,
	struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	if (arena_new(&arena, err) < 0)
		return err->class;
	struct build_result result = {.facts.package_count = building->package_count,
		.tests_passed = building->tests.passed,
		.tests_cached = building->tests.cached,
		.built = building->built};
	result.tag = arena_strdup(arena, building->tag);
	result.packages = arena_printf(
		arena, "%s/%s", building->packages_path, building->architecture);
	result.name = building->recipe ? arena_strdup(arena, building->recipe->name) : "";
	result.layout =
		building->recipe ? arena_strdup(arena, building->layout_path) : "";
	if (!result.tag || !result.packages || !result.name || !result.layout)
		return error_set_memory(err);
	if (building->image)
		result.facts = building_facts(building);
	result.arena = take_ptr(arena);
	*ret_result = result;
	return 0;
}

int build_image(const char *image_recipe, const struct build_options *options,
	struct build_result *ret_result, struct error *err)
{
	CLEANUP(building_done) struct building building = {.options = options};
	struct recipe_list ours;
	bool done = false;
	if (image_recipe_load(image_recipe, &building.recipe, err) < 0 ||
		building_prepare(&building, err) < 0)
		return err->class;
	building.layout_path = arena_printf(building.arena, "%s/%s",
		options->output_directory, building.recipe->name);
	if (!building.layout_path)
		return error_set_memory(err);
	if (building_split(&building, &ours, err) < 0)
		return err->class;
	if (building_plan(&building, ours.items, ours.count, err) < 0)
		return error_wrap(err, "%s", image_recipe);
	if (building_key(&building, err) < 0 ||
		building_recall(&building, ret_result, &done, err) < 0)
		return err->class;
	if (done)
		return 0;
	if (building_make(&building, err) < 0 || building_choose(&building, err) < 0 ||
		building_compose(&building, err) < 0 ||
		building_write(&building, err) < 0 ||
		building_remember(&building, err) < 0)
		return err->class;
	return building_result(&building, ret_result, err);
}
