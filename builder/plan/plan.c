/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/plan_private.h"

#include "base/limits.h"
#include "builder/source/folder.h"

enum { UNSEEN = 0, UNDER_WAY, DONE };

struct planner {
	const struct plan_options *options;
	struct plan *plan;
	struct map *by_recipe; /* recipe name → plan_item */
	struct plan_loops loops;
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
		"(`provided` in toolchain.yaml), or from a repository that has it "
		"(--repository)");
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

/* A group of the toolchain may want packages that no recipe makes. */
static int check_makers(
	const struct planner *planner, const struct plan_item *item, struct error *err)
{
	const struct external *external = item->prebuilt.external;
	for (size_t i = 0; i < item->wanted.count && !item->recipe->native; i++) {
		struct atom atom;
		if (atom_parse(slice_str(item->wanted.items[i]), &atom, err) < 0)
			return error_wrap(err, "%s", item->recipe->path);
		if (!catalog_find_name(
			    planner->options->catalog, atom.name, item->recipe, NULL) &&
			!(external && external_provides(external, &atom)))
			return error_set(err, ERR_INPUT, "%s: nothing makes '%s'",
				item->recipe->path, item->wanted.items[i]);
	}
	return 0;
}

/* Whoever makes it is built before the item. */
static int plan_needs(struct planner *planner, struct plan_item *item, struct error *err)
{
	struct own_packages own = {0};
	if (check_makers(planner, item, err) < 0)
		return err->class;
	if (plan_own_packages(planner->options, &planner->loops, item->recipe,
		    &item->wanted, planner->plan->arena, &own, err) < 0)
		return err->class;
	for (size_t i = 0; i < own.count; i++) {
		struct plan_item *need;
		struct wish wish = {.by = item,
			.package = own.items[i].wanted_by,
			.depth = item->wish.depth + 1};
		if (plan_recipe(planner, own.items[i].maker, &wish, &need, err) < 0 ||
			add_need(planner, item, need, err) < 0)
			return err->class;
	}
	return 0;
}

/* One that nothing asked for yet. */
static int plan_first(struct planner *planner, const struct recipe *recipe,
	struct plan_item **ret_item, struct error *err)
{
	if (planner->options->externals &&
		plan_loops_visit(&planner->loops, recipe, err) < 0)
		return err->class;
	return plan_recipe(planner, recipe, &(struct wish){0}, ret_item, err);
}

/* What runs with the packages of this recipe has to be made, too, but not before it. */
static int plan_companions(
	struct planner *planner, const struct recipe *recipe, struct error *err)
{
	struct external *external;
	if (plan_external(planner->options, recipe, &external, err) < 0)
		return err->class;
	for (size_t p = 0; p < recipe->package_count; p++) {
		const struct recipe_list *runtime =
			&recipe->packages[p].dependencies.runtime;
		for (size_t i = 0; i < runtime->count; i++) {
			struct atom atom;
			struct plan_item *item;
			if (atom_parse(slice_str(runtime->items[i]), &atom, err) < 0)
				return error_wrap(err, "%s", recipe->path);
			const struct recipe *maker =
				atom.conflict ? NULL
					      : plan_find_maker(planner->options, NULL,
							external, recipe, &atom, NULL);
			if (maker && plan_first(planner, maker, &item, err) < 0)
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
		    item->recipe->native
			    ? NATIVE_FORMAT
			    : digest_format(&item->layers.digest, hex)) < 0 ||
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
	if (prebuilt_write(&item->prebuilt, &text, err) < 0)
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
	int status = plan_choose_root(planner->options, planner->plan->arena, item, err);
	if (status < 0)
		status = error_wrap(err, "%s", recipe->path);
	else
		status = plan_needs(planner, item, err);
	if (status == 0)
		status = plan_buy(planner->options, planner->plan->arena, item, err);
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
	const struct catalog *catalog = planner->options->catalog;
	const struct recipe *recipe = catalog_find_provider(catalog, &atom, NULL, NULL);
	if (!recipe)
		recipe = catalog_find_name(catalog, atom.name, NULL, NULL);
	if (!recipe) {
		error_set(err, ERR_INPUT, "no recipe makes the package '%s'", text);
		return error_remedy(err,
			"write recipes/packages/%.*s.yaml, or correct the name",
			SLICE_ARG(atom.name));
	}
	return plan_first(planner, recipe, &item, err);
}

int plan_make(const struct plan_options *options, const char *const *wanted,
	size_t wanted_count, struct plan **ret_plan, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_map struct map *by_recipe = NULL, *nodes = NULL;
	if (arena_new(&arena, err) < 0 || map_new(&by_recipe, err) < 0 ||
		map_new(&nodes, err) < 0)
		return err->class;
	struct plan *made = arena_alloc(arena, sizeof(*made));
	if (!made)
		return error_set_memory(err);
	made->arena = take_ptr(arena);
	cleanup_plan struct plan *plan = made;
	struct planner planner = {.options = options,
		.plan = plan,
		.by_recipe = by_recipe,
		.loops = {plan->arena, options, nodes, NULL, 0}};
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
