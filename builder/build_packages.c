/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "builder/build_private.h"

int building_names(struct building *building, const char *const *recipes, size_t *count,
	const char ***ret_names, struct error *err)
{
	const char **names = arena_array(building->arena, *count, sizeof(*names));
	size_t found = 0;
	if (!names)
		return error_set_memory(err);
	for (size_t i = 0; i < *count; i++) {
		const struct recipe *recipe = catalog_given(building->catalog, i);
		if (recipe)
			names[found++] = recipe->name;
		else
			log_warning("%s makes nothing for %s: left out", recipes[i],
				building->architecture);
	}
	*ret_names = names;
	*count = found;
	return 0;
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static int take_packages(struct building *building, const char *const *names,
	size_t count, struct error *err)
{
	size_t room = 1;
	for (size_t m = 0; m < building->made_count; m++)
		room += building->made[m]->package_count;
	building->packages = calloc(room, sizeof(struct package *));
	if (!building->packages)
		return error_set_memory(err);
	for (size_t m = 0; m < building->made_count; m++)
		if (is_among(building->made[m]->item->recipe->name, names, count))
			for (size_t p = 0; p < building->made[m]->package_count; p++)
				building->packages[building->package_count++] =
					building->made[m]->packages[p];
	return 0;
}

/* What has to be made: the recipes' packages, and what their tests stand on. */
static int plan_packages(struct building *building, const char *const *names,
	size_t count, struct error *err)
{
	struct recipe_list wanted = {0};
	size_t capacity = 0;
	if (building_open_externals(building, err) < 0)
		return err->class;
	struct plan_options options = building_plan_options(building);
	for (size_t i = 0; i < count; i++) {
		const char **slot = arena_append(building->arena, &wanted.items,
			&wanted.count, &capacity, sizeof(*slot));
		if (!slot)
			return error_set_memory(err);
		*slot = names[i];
	}
	for (size_t i = 0; i < count && building->options->test; i++)
		if (test_needs(catalog_find(building->catalog, names[i], NULL), &options,
			    building->arena, &wanted, &capacity, err) < 0)
			return err->class;
	return building_plan(building, wanted.items, wanted.count, err);
}

static int test_all(struct building *building, const char *const *names, size_t count,
	struct error *err)
{
	struct make_options make = building_make_options(building);
	struct plan_options plan = building_plan_options(building);
	struct test_options options = {.make = &make, .plan = &plan};
	for (size_t m = 0; m < building->made_count && building->options->test; m++)
		if (is_among(building->made[m]->item->recipe->name, names, count) &&
			test_packages(building->made[m], building->made,
				building->made_count, &options, &building->tests,
				err) < 0)
			return err->class;
	return 0;
}

int build_packages(const char *const *recipes, size_t count,
	const struct build_options *options, struct build_result *ret_result,
	struct error *err)
{
	struct build_options with_recipes = *options;
	with_recipes.extra_recipes = recipes;
	with_recipes.extra_recipe_count = count;
	CLEANUP(building_done) struct building building = {.options = &with_recipes};
	const char **names = NULL;
	if (building_prepare(&building, err) < 0 ||
		building_names(&building, recipes, &count, &names, err) < 0 ||
		plan_packages(&building, names, count, err) < 0 ||
		building_make(&building, err) < 0 ||
		test_all(&building, names, count, err) < 0 ||
		take_packages(&building, names, count, err) < 0 ||
		building_write_packages(&building, err) < 0)
		return err->class;
	return building_result(&building, ret_result, err);
}
