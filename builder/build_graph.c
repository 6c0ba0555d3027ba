/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build_private.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/yaml.h"

/* Recipes of packages and images, told apart. Images are kept: their texts are names. */
struct wanted {
	const char **recipes; /* of packages; borrowed */
	size_t recipe_count;
	struct image_recipe **images;
	size_t image_count;
};

static void wanted_done(struct wanted *wanted)
{
	for (size_t i = 0; i < wanted->image_count; i++)
		image_recipe_free(&wanted->images[i]);
	free(wanted->images);
	free(wanted->recipes);
}

static int is_package_recipe(const char *path, bool *ret_is, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct yaml_node *root;
	if (arena_new(&arena, err) < 0 ||
		fs_read_file(AT_FDCWD, path, LIMIT_YAML_BYTES, &text, err) < 0 ||
		yaml_load_slice(buffer_slice(&text), path, arena, &root, err) < 0 ||
		yaml_expect(root, YAML_MAPPING, "a recipe", path, err) < 0)
		return err->class;
	*ret_is = yaml_get(root, "package") != NULL;
	return 0;
}

static int sort_wanted(const char *const *recipes, size_t count, struct wanted *wanted,
	struct error *err)
{
	wanted->recipes = calloc(count + 1, sizeof(*wanted->recipes));
	wanted->images = calloc(count + 1, sizeof(*wanted->images));
	if (!wanted->recipes || !wanted->images)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++) {
		bool is_package = false;
		if (is_package_recipe(recipes[i], &is_package, err) < 0)
			return err->class;
		if (is_package)
			wanted->recipes[wanted->recipe_count++] = recipes[i];
		else if (image_recipe_load(recipes[i],
				 &wanted->images[wanted->image_count], err) < 0)
			return err->class;
		else
			wanted->image_count++;
	}
	return 0;
}

static int every_recipe(struct building *building, const char ***ret_names,
	size_t *ret_count, struct error *err)
{
	size_t count = catalog_count(building->catalog);
	const char **names = arena_array(building->arena, count, sizeof(*names));
	if (!names)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		names[i] = catalog_at(building->catalog, i)->name;
	*ret_names = names;
	*ret_count = count;
	return 0;
}

/* Names of all packages that are asked for, each recipe's main package included. */
static int wanted_names(struct building *building, const struct wanted *wanted,
	const char ***ret_names, size_t *ret_count, struct error *err)
{
	const char **own;
	size_t total = wanted->recipe_count, count = wanted->recipe_count;
	if (!wanted->recipe_count && !wanted->image_count)
		return every_recipe(building, ret_names, ret_count, err);
	if (building_names(building, wanted->recipes, wanted->recipe_count, &own, err) <
		0)
		return err->class;
	for (size_t i = 0; i < wanted->image_count; i++)
		total += wanted->images[i]->packages.count;
	const char **names = arena_array(building->arena, total, sizeof(*names));
	if (!names)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		names[i] = own[i];
	for (size_t i = 0; i < wanted->image_count; i++)
		for (size_t p = 0; p < wanted->images[i]->packages.count; p++)
			names[count++] = wanted->images[i]->packages.items[p];
	*ret_names = names;
	*ret_count = count;
	return 0;
}

int build_graph(const char *const *recipes, size_t count,
	const struct build_options *options, const struct graph_options *graph,
	struct buffer *out, struct error *err)
{
	CLEANUP(wanted_done) struct wanted wanted = {0};
	struct build_options with_recipes = *options;
	struct graph_options with_date = *graph;
	CLEANUP(building_done) struct building building = {.options = &with_recipes};
	const char **names;
	size_t name_count;
	if (sort_wanted(recipes, count, &wanted, err) < 0)
		return err->class;
	with_recipes.extra_recipes = wanted.recipes;
	with_recipes.extra_recipe_count = wanted.recipe_count;
	if (building_read(&building, err) < 0 ||
		wanted_names(&building, &wanted, &names, &name_count, err) < 0 ||
		building_plan(&building, names, name_count, err) < 0)
		return err->class;
	with_date.date = building.mtime;
	return graph_write(building.plan, &with_date, out, err);
}
