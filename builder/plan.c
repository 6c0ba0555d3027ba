/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan.h"

#include "base/compress.h"
#include "base/limits.h"
#include "base/map.h"
#include "builder/package/index.h"
#include "builder/source/folder.h"

enum { UNSEEN = 0, UNDER_WAY, DONE };

struct planner {
	const struct plan_options *options;
	struct plan *plan;
	struct map *by_recipe; /* recipe name → plan_item */
};

void plan_free(struct plan **plan)
{
	if (*plan) {
		struct arena *arena = (*plan)->arena;
		for (size_t i = 0; i < (*plan)->count; i++)
			toolchain_layers_done(&(*plan)->items[i]->layers);
		arena_free(&arena);
	}
	*plan = NULL;
}

static int plan_recipe(struct planner *planner, const struct recipe *recipe,
	const struct wish *wish, struct plan_item **ret_item, struct error *err);

/* "a needs b needs c (which package d wants) needs a" */
static int report_cycle(const struct planner *planner, const struct plan_item *again,
	const struct wish *wish, struct error *err)
{
	const char *name = again->recipe->name, *text = "";
	for (const struct plan_item *by = wish->by; by; by = by->wish.by) {
		text = arena_printf(planner->plan->arena, " needs %s%s%s%s%s", name,
			wish->package ? " (which package " : "",
			wish->package ? wish->package : "",
			wish->package ? " wants)" : "", text);
		if (!text)
			return error_set_memory(err);
		if (by == again)
			break;
		name = by->recipe->name;
		wish = &by->wish;
	}
	error_set(err, ERR_INPUT, "recipes need each other to be built: %s%s",
		again->recipe->name, text);
	return error_remedy(err,
		"break the circle: take one of them from the toolchain instead "
		"(`provided` in toolchain.yaml)");
}

static int add_need(struct planner *planner, struct plan_item *item,
	struct plan_item *need, struct error *err)
{
	for (size_t i = 0; i < item->need_count; i++)
		if (item->needs[i] == need)
			return 0;
	struct plan_item **slot = arena_append(planner->plan->arena, &item->needs,
		&item->need_count, &item->need_capacity, sizeof(struct plan_item *));
	if (!slot)
		return error_set_memory(err);
	*slot = need;
	return 0;
}

/* Where no version fits: any; resolving says then what does not fit. */
static const struct recipe *find_maker(const struct planner *planner,
	const struct atom *atom, const struct recipe_package **ret_package)
{
	const struct catalog *catalog = planner->options->catalog;
	const struct recipe *maker = catalog_find_provider(catalog, atom, ret_package);
	return maker ? maker : catalog_find_name(catalog, atom->name, ret_package);
}

/* Packages of ours in one build root, each looked at once. */
struct root {
	struct plan_item *item;
	struct map *seen; /* by name */
	const struct recipe_package **packages;
	size_t count, capacity;
};

/* Whoever makes it is built before the item. Nobody: not ours. */
static int need_package(struct planner *planner, struct root *root,
	const struct atom *atom, const char *wanted_by, struct error *err)
{
	const struct recipe_package *package;
	struct plan_item *need;
	const struct recipe *recipe = find_maker(planner, atom, &package);
	struct wish wish = {.by = root->item,
		.package = wanted_by,
		.depth = root->item->wish.depth + 1};
	if (!recipe || recipe == root->item->recipe ||
		map_get_str(root->seen, package->name))
		return 0;
	const struct recipe_package **slot = arena_append(planner->plan->arena,
		&root->packages, &root->count, &root->capacity, sizeof(*slot));
	if (!slot)
		return error_set_memory(err);
	*slot = package;
	if (map_put(root->seen, slice_str(package->name), root, err) < 0 ||
		plan_recipe(planner, recipe, &wish, &need, err) < 0)
		return err->class;
	return add_need(planner, root->item, need, err);
}

static int add_name(struct arena *arena, struct recipe_list *list, size_t *capacity,
	const char *name, struct error *err)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], name) == 0)
			return 0;
	const char **slot =
		arena_append(arena, &list->items, &list->count, capacity, sizeof(*slot));
	if (!slot)
		return error_set_memory(err);
	*slot = name;
	return 0;
}

/*
 * Is a name of the environment a package of ours? What the recipe itself makes is not
 * there yet: to build a new one with an old one is the toolchain's business. So is
 * another version than ours; the toolchain has it if it lists the very words.
 */
static int is_own(const struct planner *planner, const struct recipe *recipe,
	const char *text, bool *ret_own, struct error *err)
{
	const struct plan_options *options = planner->options;
	struct atom atom;
	*ret_own = false;
	if (toolchain_provides(options->toolchain, text))
		return 0;
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	if (atom.conflict)
		return error_set(err, ERR_INPUT,
			"'%s' in environment.contents.packages: a build root has just "
			"what is named there",
			text);
	const struct recipe *maker = catalog_find_provider(options->catalog, &atom, NULL);
	*ret_own = maker && maker != recipe;
	if (*ret_own || atom.op == ATOM_ANY || toolchain_has(options->toolchain, text))
		return 0;
	maker = catalog_find_name(options->catalog, atom.name, NULL);
	if (!maker)
		return 0;
	error_set(err, ERR_INPUT, "'%s' is wanted for the build, but %s makes %s", text,
		maker->path, maker->full_version);
	return error_remedy(err,
		"change the version, or have it from the toolchain: '%s' under "
		"`provided` in toolchain.yaml",
		text);
}

/* What the recipe's environment names: layers of the toolchain, and packages of ours. */
static int choose_root(struct planner *planner, struct plan_item *item, struct error *err)
{
	const struct plan_options *options = planner->options;
	struct arena *arena = planner->plan->arena;
	const struct recipe_list *needs = &item->recipe->needs;
	struct recipe_list groups = {0};
	size_t group_capacity = 0, own_capacity = 0;
	for (size_t i = 0; i < needs->count; i++) {
		const char *name = needs->items[i];
		bool ours = false;
		if (is_own(planner, item->recipe, name, &ours, err) < 0)
			return err->class;
		if (add_name(arena, ours ? &item->own_packages : &groups,
			    ours ? &own_capacity : &group_capacity, name, err) < 0)
			return err->class;
	}
	if (toolchain_select(options->toolchain, &groups, &item->layers, err) < 0)
		return err->class;
	for (size_t i = 0; i < item->layers.packages.count; i++)
		if (add_name(arena, &item->own_packages, &own_capacity,
			    item->layers.packages.items[i], err) < 0) {
			toolchain_layers_done(&item->layers);
			return err->class;
		}
	return 0;
}

/*
 * A package in the build root brings what its recipe says it needs at run time, so
 * those recipes come before, too. Only names that recipes declare can be known now;
 * shared libraries were in the package's own build root, hence planned by its own needs.
 */
static int need_runtime(struct planner *planner, struct root *root,
	const struct recipe_package *package, struct error *err)
{
	const struct recipe_list *runtime = &package->dependencies.runtime;
	for (size_t i = 0; i < runtime->count; i++) {
		struct atom atom;
		if (atom_parse(slice_str(runtime->items[i]), &atom, err) < 0)
			return error_wrap(err, "package %s", package->name);
		if (!atom.conflict &&
			need_package(planner, root, &atom, package->name, err) < 0)
			return err->class;
	}
	return 0;
}

static int plan_needs(struct planner *planner, struct plan_item *item, struct error *err)
{
	cleanup_map struct map *seen = NULL;
	const struct recipe_list *own = &item->own_packages;
	if (map_new(&seen, err) < 0)
		return err->class;
	struct root root = {.item = item, .seen = seen};
	for (size_t i = 0; i < own->count; i++) {
		struct atom atom;
		if (atom_parse(slice_str(own->items[i]), &atom, err) < 0)
			return error_wrap(err, "%s", item->recipe->path);
		if (!find_maker(planner, &atom, NULL))
			return error_set(err, ERR_INPUT, "%s: nothing makes '%s'",
				item->recipe->path, own->items[i]);
		if (need_package(planner, &root, &atom, NULL, err) < 0)
			return err->class;
	}
	for (size_t i = 0; i < root.count; i++) /* it grows */
		if (need_runtime(planner, &root, root.packages[i], err) < 0)
			return err->class;
	return 0;
}

/* What runs with the packages of this recipe has to be made, too, but not before it. */
static int plan_companions(
	struct planner *planner, const struct recipe *recipe, struct error *err)
{
	for (size_t p = 0; p < recipe->package_count; p++) {
		const struct recipe_list *runtime =
			&recipe->packages[p].dependencies.runtime;
		for (size_t i = 0; i < runtime->count; i++) {
			struct atom atom;
			struct plan_item *item;
			if (atom_parse(slice_str(runtime->items[i]), &atom, err) < 0)
				return error_wrap(err, "%s", recipe->path);
			const struct recipe *maker =
				atom.conflict ? NULL : find_maker(planner, &atom, NULL);
			if (maker && plan_recipe(planner, maker, &(struct wish){0}, &item,
					     err) < 0)
				return err->class;
		}
	}
	return 0;
}

static int compare_items(const void *left, const void *right)
{
	struct plan_item *const *a = left, *const *b = right;
	return strcmp((*a)->recipe->name, (*b)->recipe->name);
}

static int read_folder(struct plan_item *item, struct error *err)
{
	cleanup_fd int fd = -1;
	const char *path = item->recipe->source_directory;
	if (!*path)
		return 0;
	if (fs_open_dir(AT_FDCWD, path, &fd, err) < 0 ||
		folder_digest(fd, &item->folder, err) < 0)
		return error_wrap(err, "%s", path);
	return 0;
}

static int compute_key(struct planner *planner, struct plan_item *item, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	if (buffer_printf(&text, err, "%s\n%lld\n%s\n", PACK_FORMAT,
		    (long long)planner->options->mtime,
		    digest_format(&item->layers.digest, hex)) < 0 ||
		recipe_build_to_json(item->recipe, &text, err) < 0 ||
		read_folder(item, err) < 0)
		return err->class;
	if (digest_is_set(&item->folder) &&
		buffer_printf(&text, err, "\n%s", digest_format(&item->folder, hex)) < 0)
		return err->class;
	if (item->need_count) /* qsort takes no NULL */
		qsort(item->needs, item->need_count, sizeof(struct plan_item *),
			compare_items);
	for (size_t i = 0; i < item->need_count; i++)
		if (buffer_printf(&text, err, "\n%s %s", item->needs[i]->recipe->name,
			    digest_format(&item->needs[i]->input_key, hex)) < 0)
			return err->class;
	return digest_of(DIGEST_SHA256, buffer_slice(&text), &item->input_key, err);
}

static int finish_item(struct planner *planner, struct plan_item *item, struct error *err)
{
	struct plan *plan = planner->plan;
	if (compute_key(planner, item, err) < 0)
		return err->class;
	struct plan_item **slot = arena_append(plan->arena, &plan->items, &plan->count,
		&plan->capacity, sizeof(struct plan_item *));
	if (!slot)
		return error_set_memory(err);
	*slot = item;
	item->state = DONE;
	return 0;
}

static int plan_recipe(struct planner *planner, const struct recipe *recipe,
	const struct wish *wish, struct plan_item **ret_item, struct error *err)
{
	struct plan_item *item = map_get_str(planner->by_recipe, recipe->name);
	if (item) {
		if (item->state == UNDER_WAY)
			return report_cycle(planner, item, wish, err);
		*ret_item = item;
		return 0;
	}
	if (wish->depth > LIMIT_PLAN_DEPTH)
		return error_set(err, ERR_INPUT, "recipes need each other deeper than %d",
			LIMIT_PLAN_DEPTH);
	item = arena_alloc(planner->plan->arena, sizeof(*item));
	if (!item)
		return error_set_memory(err);
	*item = (struct plan_item){.recipe = recipe, .state = UNDER_WAY, .wish = *wish};
	if (map_put(planner->by_recipe, slice_str(recipe->name), item, err) < 0)
		return err->class;
	if (choose_root(planner, item, err) < 0)
		return error_wrap(err, "%s", recipe->path);
	int status = plan_needs(planner, item, err);
	if (status == 0)
		status = finish_item(planner, item, err);
	if (status < 0) {
		toolchain_layers_done(&item->layers);
		return status;
	}
	*ret_item = item;
	return 0;
}

static int plan_wanted(struct planner *planner, const char *text, struct error *err)
{
	struct atom atom;
	struct plan_item *item;
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	if (atom.conflict)
		return 0;
	const struct recipe *recipe = find_maker(planner, &atom, NULL);
	if (!recipe) {
		error_set(err, ERR_INPUT, "no recipe makes the package '%s'", text);
		return error_remedy(err,
			"write recipes/packages/%.*s.yaml, or correct the name",
			SLICE_ARG(atom.name));
	}
	return plan_recipe(planner, recipe, &(struct wish){0}, &item, err);
}

int plan_make(const struct plan_options *options, const char *const *wanted,
	size_t wanted_count, struct plan **ret_plan, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_map struct map *by_recipe = NULL;
	if (arena_new(&arena, err) < 0 || map_new(&by_recipe, err) < 0)
		return err->class;
	struct plan *made = arena_alloc(arena, sizeof(*made));
	if (!made)
		return error_set_memory(err);
	made->arena = take_ptr(arena);
	cleanup_plan struct plan *plan = made;
	struct planner planner = {
		.options = options, .plan = plan, .by_recipe = by_recipe};
	for (size_t i = 0; i < wanted_count; i++)
		if (plan_wanted(&planner, wanted[i], err) < 0)
			return err->class;
	/* now that nothing is under way: what only runs with others is no circle */
	for (size_t i = 0; i < plan->count; i++)
		if (plan_companions(&planner, plan->items[i]->recipe, err) < 0)
			return err->class;
	*ret_plan = take_ptr(plan);
	return 0;
}
