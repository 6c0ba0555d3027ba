/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/catalog.h"

#include "base/array.h"
#include "base/fs.h"
#include "base/map.h"

struct catalog {
	struct recipe **recipes;
	size_t count, capacity;
	struct map *makers;    /* package name → struct recipe */
	struct map *packages;  /* package name → struct recipe_package */
	struct map *providers; /* provided name → struct recipe_package; the first in
				  order of files */
};

void catalog_free(struct catalog **catalog)
{
	struct catalog *c = *catalog;
	if (c) {
		for (size_t i = 0; i < c->count; i++)
			recipe_free(&c->recipes[i]);
		free(c->recipes);
		map_free(&c->makers);
		map_free(&c->packages);
		map_free(&c->providers);
		free(c);
	}
	*catalog = NULL;
}

static int index_provides(
	struct catalog *catalog, struct recipe_package *package, struct error *err)
{
	const struct recipe_list *provides = &package->dependencies.provides;
	for (size_t i = 0; i < provides->count; i++) {
		struct slice rest = slice_str(provides->items[i]), name;
		if (slice_cut(&rest, '=', &name) && !map_get(catalog->providers, name) &&
			map_put(catalog->providers, name, package, err) < 0)
			return err->class;
	}
	return 0;
}

static int index_recipe(struct catalog *catalog, struct recipe *recipe, struct error *err)
{
	for (size_t i = 0; i < recipe->package_count; i++) {
		struct recipe_package *package = &recipe->packages[i];
		struct slice name = slice_str(package->name);
		const struct recipe *other = map_get(catalog->makers, name);
		if (other)
			return error_set(err, ERR_INPUT,
				"both %s and %s make the package %s", other->path,
				recipe->path, package->name);
		if (map_put(catalog->makers, name, recipe, err) < 0 ||
			map_put(catalog->packages, name, package, err) < 0 ||
			index_provides(catalog, package, err) < 0)
			return err->class;
	}
	return 0;
}

int catalog_add(struct catalog *catalog, const char *path,
	const struct recipe_options *options, struct error *err)
{
	cleanup_recipe struct recipe *recipe = NULL;
	if (recipe_load(path, options, &recipe, err) < 0)
		return err->class;
	const struct recipe *there = map_get_str(catalog->makers, recipe->name);
	if (recipe->skipped ||
		(there && digest_equal(&there->file_digest, &recipe->file_digest)))
		return 0;
	if (array_add(&catalog->recipes, &catalog->count, &catalog->capacity,
		    sizeof(struct recipe *), err) < 0)
		return err->class;
	catalog->recipes[catalog->count - 1] = recipe;
	return index_recipe(catalog, take_ptr(recipe), err);
}

static int load_files(struct catalog *catalog, const char *directory, char *const *names,
	size_t count, const struct recipe_options *options, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		cleanup_buffer struct buffer path = BUFFER_INIT;
		if (names[i][0] == '.' ||
			!slice_ends_with(slice_str(names[i]), SLICE(".yaml")))
			continue;
		if (buffer_printf(&path, err, "%s/%s", directory, names[i]) < 0 ||
			catalog_add(catalog, buffer_str(&path), options, err) < 0)
			return err->class;
	}
	return 0;
}

int catalog_load(const char *directory, const struct recipe_options *options,
	struct catalog **ret_catalog, struct error *err)
{
	cleanup_catalog struct catalog *catalog = calloc(1, sizeof(*catalog));
	cleanup_fd int fd = -1;
	char **names = NULL;
	size_t count = 0;
	if (!catalog)
		return error_set_memory(err);
	if (map_new(&catalog->makers, err) < 0 || map_new(&catalog->packages, err) < 0 ||
		map_new(&catalog->providers, err) < 0 ||
		fs_open_dir(AT_FDCWD, directory, &fd, err) < 0 ||
		fs_list(fd, &names, &count, err) < 0)
		return error_wrap(err, "reading the recipes");
	int status = load_files(catalog, directory, names, count, options, err);
	fs_list_free(&names, count);
	if (status < 0)
		return status;
	*ret_catalog = take_ptr(catalog);
	return 0;
}

size_t catalog_count(const struct catalog *catalog)
{
	return catalog->count;
}

const struct recipe *catalog_at(const struct catalog *catalog, size_t index)
{
	return catalog->recipes[index];
}

const struct recipe *catalog_find(const struct catalog *catalog, const char *package,
	const struct recipe_package **ret_package)
{
	if (ret_package)
		*ret_package = map_get_str(catalog->packages, package);
	return map_get_str(catalog->makers, package);
}

const struct recipe *catalog_find_provider(const struct catalog *catalog,
	struct slice name, const struct recipe_package **ret_package)
{
	const struct recipe_package *package = map_get(catalog->packages, name);
	if (!package)
		package = map_get(catalog->providers, name);
	if (!package)
		return NULL;
	if (ret_package)
		*ret_package = package;
	return map_get_str(catalog->makers, package->name);
}
