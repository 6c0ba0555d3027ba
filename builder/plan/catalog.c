/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/catalog.h"

#include "base/array.h"
#include "base/fs.h"
#include "base/map.h"

/* Who provides a name, one after the other. */
struct provider {
	const struct recipe_package *package;
	struct slice version; /* empty: none */
	struct provider *next;
};

struct catalog {
	struct arena *arena;
	struct recipe **recipes;
	size_t count, capacity;
	struct map *makers;    /* package name → struct recipe */
	struct map *packages;  /* package name → struct recipe_package */
	struct map *providers; /* provided name → struct provider; the last in order of
				  files first */
	const struct recipe **given; /* NULL: makes nothing */
	size_t given_count;
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
		arena_free(&c->arena);
		free(c);
	}
	*catalog = NULL;
}

static int index_provides(
	struct catalog *catalog, struct recipe_package *package, struct error *err)
{
	const struct recipe_list *provides = &package->dependencies.provides;
	for (size_t i = 0; i < provides->count; i++) {
		struct slice version = slice_str(provides->items[i]), name;
		if (!slice_cut(&version, '=', &name))
			continue;
		struct provider *provider =
			arena_alloc(catalog->arena, sizeof(*provider));
		if (!provider)
			return error_set_memory(err);
		*provider = (struct provider){
			package, version, map_get(catalog->providers, name)};
		if (map_put(catalog->providers, name, provider, err) < 0)
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

static bool same_recipe(const struct recipe *a, const struct recipe *b)
{
	return a && b && strcmp(a->name, b->name) == 0 &&
	       digest_equal(&a->file_digest, &b->file_digest);
}

/* Does another recipe make one of its packages? */
static bool is_replaced(const struct catalog *given, const struct recipe *recipe)
{
	for (size_t i = 0; i < recipe->package_count; i++)
		if (map_get_str(given->makers, recipe->packages[i].name))
			return true;
	return false;
}

/* Takes the recipe over, unless it is there already. */
static int add(struct catalog *catalog, struct recipe **recipe, struct error *err)
{
	if (same_recipe(map_get_str(catalog->makers, (*recipe)->name), *recipe))
		return 0;
	if (array_add(&catalog->recipes, &catalog->count, &catalog->capacity,
		    sizeof(struct recipe *), err) < 0)
		return err->class;
	catalog->recipes[catalog->count - 1] = *recipe;
	return index_recipe(catalog, take_ptr(*recipe), err);
}

static int new_catalog(struct catalog **ret_catalog, struct error *err)
{
	cleanup_catalog struct catalog *catalog = calloc(1, sizeof(*catalog));
	if (!catalog)
		return error_set_memory(err);
	if (arena_new(&catalog->arena, err) < 0 || map_new(&catalog->makers, err) < 0 ||
		map_new(&catalog->packages, err) < 0 ||
		map_new(&catalog->providers, err) < 0)
		return err->class;
	*ret_catalog = take_ptr(catalog);
	return 0;
}

static int load_given(struct catalog *given, const char *const *files, size_t count,
	const struct recipe_options *options, struct error *err)
{
	given->given = arena_array(given->arena, count, sizeof(*given->given));
	if (!given->given)
		return error_set_memory(err);
	given->given_count = count;
	for (size_t i = 0; i < count; i++) {
		cleanup_recipe struct recipe *recipe = NULL;
		if (recipe_load(files[i], options, &recipe, err) < 0)
			return err->class;
		if (recipe->skipped)
			continue;
		const struct recipe *loaded = recipe;
		if (add(given, &recipe, err) < 0)
			return err->class;
		/* the same again was not taken */
		given->given[i] =
			recipe ? map_get_str(given->makers, recipe->name) : loaded;
	}
	return 0;
}

/* Where the folder has the same recipe, its own stands for the given one. */
static int note_given(
	struct catalog *catalog, const struct catalog *given, struct error *err)
{
	size_t count = given->given_count;
	catalog->given = arena_array(catalog->arena, count, sizeof(*catalog->given));
	if (!catalog->given)
		return error_set_memory(err);
	catalog->given_count = count;
	for (size_t i = 0; i < count; i++)
		if (given->given[i])
			catalog->given[i] =
				map_get_str(catalog->makers, given->given[i]->name);
	return 0;
}

/* The recipes of the folder, but those that given ones stand in for. */
static int load_files(struct catalog *catalog, const char *directory,
	const struct fs_names *names, const struct catalog *given,
	const struct recipe_options *options, struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		cleanup_buffer struct buffer path = BUFFER_INIT;
		cleanup_recipe struct recipe *recipe = NULL;
		if (name[0] == '.' || !slice_ends_with(slice_str(name), SLICE(".yaml")))
			continue;
		if (buffer_printf(&path, err, "%s/%s", directory, name) < 0 ||
			recipe_load(buffer_str(&path), options, &recipe, err) < 0)
			return err->class;
		bool same = same_recipe(map_get_str(given->makers, recipe->name), recipe);
		if (recipe->skipped || (!same && is_replaced(given, recipe)))
			continue;
		if (add(catalog, &recipe, err) < 0)
			return err->class;
	}
	return 0;
}

static int cannot_read(struct error *err)
{
	(void)error_wrap(err, "reading the recipes");
	return error_remedy(err, "run it in the folder that holds recipes/, or name such "
				 "a folder with --recipes");
}

int catalog_load(const char *directory, const char *const *given_files,
	size_t given_count, const struct recipe_options *options,
	struct catalog **ret_catalog, struct error *err)
{
	cleanup_catalog struct catalog *catalog = NULL, *given = NULL;
	cleanup_fd int fd = -1;
	cleanup_names struct fs_names names = {0};
	if (new_catalog(&catalog, err) < 0 || new_catalog(&given, err) < 0 ||
		load_given(given, given_files, given_count, options, err) < 0)
		return err->class;
	if (fs_open_dir(AT_FDCWD, directory, &fd, err) < 0 ||
		fs_list(fd, &names, err) < 0)
		return cannot_read(err);
	if (load_files(catalog, directory, &names, given, options, err) < 0)
		return err->class;
	for (size_t i = 0; i < given->count; i++)
		if (add(catalog, &given->recipes[i], err) < 0)
			return err->class;
	if (note_given(catalog, given, err) < 0)
		return err->class;
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

/* Of two that fit, as a resolution prefers them: newer, of higher priority, by name. */
static bool is_better(const struct provider *a, const struct provider *b)
{
	struct error ignored = ERROR_INIT; /* what has no order is equal */
	int order = 0;
	const struct recipe_dependencies *left = &a->package->dependencies,
					 *right = &b->package->dependencies;
	if (a->version.len && b->version.len)
		(void)!version_compare(a->version, b->version, false, &order, &ignored);
	if (order == 0 && left->provider_priority != right->provider_priority)
		order = left->provider_priority > right->provider_priority ? 1 : -1;
	if (order == 0)
		order = strcmp(b->package->name, a->package->name);
	return order > 0;
}

static bool is_for(
	const struct catalog *catalog, const char *package, const struct recipe *user)
{
	const struct recipe *maker = map_get_str(catalog->makers, package);
	return !user || user->native == maker->native;
}

static const struct recipe_package *find_best(
	const struct catalog *catalog, const struct atom *atom, const struct recipe *user)
{
	const struct provider *best = NULL,
			      *provider = map_get(catalog->providers, atom->name);
	for (; provider; provider = provider->next)
		if (atom_matches(atom, provider->version) &&
			is_for(catalog, provider->package->name, user) &&
			(!best || is_better(provider, best)))
			best = provider;
	return best ? best->package : NULL;
}

const struct recipe *catalog_find_provider(const struct catalog *catalog,
	const struct atom *atom, const struct recipe *user,
	const struct recipe_package **ret_package)
{
	const struct recipe_package *package = map_get(catalog->packages, atom->name);
	const struct recipe *maker =
		package ? map_get(catalog->makers, atom->name) : NULL;
	if (package && (!atom_matches(atom, slice_str(maker->full_version)) ||
			       !is_for(catalog, package->name, user)))
		package = NULL;
	if (!package)
		package = find_best(catalog, atom, user);
	if (!package)
		return NULL;
	if (ret_package)
		*ret_package = package;
	return map_get_str(catalog->makers, package->name);
}

const struct recipe *catalog_find_name(const struct catalog *catalog, struct slice name,
	const struct recipe *user, const struct recipe_package **ret_package)
{
	const struct atom any = {.name = name, .op = ATOM_ANY};
	return catalog_find_provider(catalog, &any, user, ret_package);
}

static bool is_native(const struct recipe *recipe, const struct catalog_choice *choice)
{
	size_t len = choice->folder ? strlen(choice->folder) : 0;
	if (choice->roots != CATALOG_ROOTS_AUTO)
		return choice->roots == CATALOG_ROOTS_NATIVE;
	if (recipe->repositories.count || !choice->folder)
		return true;
	bool inside = strncmp(recipe->path, choice->folder, len) == 0 &&
		      recipe->path[len] == '/';
	return choice->repositories && !inside;
}

void catalog_choose_roots(struct catalog *catalog, const struct catalog_choice *choice)
{
	for (size_t i = 0; i < catalog->count; i++)
		catalog->recipes[i]->native = is_native(catalog->recipes[i], choice);
}

const struct recipe *catalog_given(const struct catalog *catalog, size_t index)
{
	return catalog->given[index];
}
