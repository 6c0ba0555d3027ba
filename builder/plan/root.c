/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/plan_private.h"

int plan_external(const struct plan_options *options, const struct recipe *recipe,
	struct external **ret_external, struct error *err)
{
	*ret_external = NULL;
	if (!options->externals)
		return 0;
	if (externals_get(options->externals, recipe, ret_external, err) < 0)
		return error_wrap(err, "%s", recipe->path);
	return 0;
}

/* ---- ours ---- */

const struct recipe *plan_find_maker(const struct plan_options *options,
	const struct plan_loops *loops, const struct external *external,
	const struct recipe *recipe, const struct atom *atom,
	const struct recipe_package **ret_package)
{
	const struct atom any = {.name = atom->name, .op = ATOM_ANY};
	const struct recipe *maker =
		catalog_find_provider(options->catalog, atom, recipe, ret_package);
	if (!maker && !(external && external_provides(external, &any)))
		maker = catalog_find_name(
			options->catalog, atom->name, recipe, ret_package);
	if (!maker || maker == recipe)
		return NULL;
	if (loops && external && plan_loops_meet(loops, recipe, maker) &&
		external_provides(external, atom))
		return NULL;
	return maker;
}

struct collecting {
	const struct plan_options *options;
	const struct plan_loops *loops;
	const struct external *external;
	const struct recipe *recipe;
	struct arena *arena;
	struct atom *atoms; /* of all that is wanted, with a version or "!" */
	size_t atom_count;
	struct map *seen; /* packages by name */
	struct own_packages own;
};

static int read_atoms(struct collecting *collecting, const struct recipe_list *wanted,
	struct error *err)
{
	collecting->atoms =
		arena_array(collecting->arena, wanted->count, sizeof(struct atom));
	if (!collecting->atoms)
		return error_set_memory(err);
	for (size_t i = 0; i < wanted->count; i++) {
		struct atom *atom = &collecting->atoms[collecting->atom_count];
		if (atom_parse(slice_str(wanted->items[i]), atom, err) < 0)
			return error_wrap(err, "%s", collecting->recipe->path);
		collecting->atom_count += atom->op != ATOM_ANY || atom->conflict;
	}
	return 0;
}

/* "automake" is not ours beside "automake<1.17", if we make a later one. */
static bool is_ruled_out(const struct collecting *collecting, const struct recipe *maker,
	const struct recipe_package *package)
{
	for (size_t i = 0; i < collecting->atom_count; i++) {
		const struct atom *atom = &collecting->atoms[i];
		if (slice_equal_str(atom->name, package->name) &&
			atom_matches(atom, slice_str(maker->full_version)) ==
				atom->conflict)
			return true;
	}
	return false;
}

static int collect(struct collecting *collecting, const char *text, const char *wanted_by,
	struct error *err)
{
	struct atom atom;
	const struct recipe_package *package = NULL;
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	if (atom.conflict)
		return 0;
	const struct recipe *maker =
		plan_find_maker(collecting->options, collecting->loops,
			collecting->external, collecting->recipe, &atom, &package);
	if (!maker || map_get_str(collecting->seen, package->name) ||
		(collecting->external && is_ruled_out(collecting, maker, package)))
		return 0;
	struct own_package *slot = arena_append(collecting->arena, &collecting->own.items,
		&collecting->own.count, &collecting->own.capacity, sizeof(*slot));
	if (!slot)
		return error_set_memory(err);
	*slot = (struct own_package){package, maker, wanted_by};
	return map_put(collecting->seen, slice_str(package->name), collecting, err);
}

int plan_own_packages(const struct plan_options *options, const struct plan_loops *loops,
	const struct recipe *recipe, const struct recipe_list *wanted,
	struct arena *arena, struct own_packages *ret_own, struct error *err)
{
	cleanup_map struct map *seen = NULL;
	struct external *external;
	if (map_new(&seen, err) < 0 || plan_external(options, recipe, &external, err) < 0)
		return err->class;
	struct collecting collecting = {.options = options,
		.loops = loops,
		.external = external,
		.recipe = recipe,
		.arena = arena,
		.seen = seen};
	if (read_atoms(&collecting, wanted, err) < 0)
		return err->class;
	for (size_t i = 0; i < wanted->count; i++)
		if (collect(&collecting, wanted->items[i], NULL, err) < 0)
			return error_wrap(err, "%s", recipe->path);
	for (size_t i = 0; i < collecting.own.count; i++) { /* it grows */
		const struct recipe_package *package = collecting.own.items[i].package;
		const struct recipe_list *runtime = &package->dependencies.runtime;
		for (size_t k = 0; k < runtime->count; k++)
			if (collect(&collecting, runtime->items[k], package->name, err) <
				0)
				return error_wrap(err, "package %s", package->name);
	}
	*ret_own = collecting.own;
	return 0;
}

/* ---- what the environment names ---- */

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

/* Of another version than ours: the toolchain has it if it lists the very words. */
static int refuse_version(const struct recipe *maker, const char *text, struct error *err)
{
	error_set(err, ERR_INPUT, "'%s' is wanted for the build, but %s makes %s", text,
		maker->path, maker->full_version);
	return error_remedy(err,
		"change the version, or have it from the toolchain: '%s' under "
		"`provided` in toolchain.yaml",
		text);
}

/*
 * Is a name of the environment a package, of ours or of a repository? What the recipe
 * itself makes is not there yet: to build a new one with an old one is the toolchain's
 * business, or a repository's.
 */
static int is_package(const struct plan_options *options, const struct recipe *recipe,
	const struct external *external, const char *text, bool *ret_is,
	struct error *err)
{
	struct atom atom;
	*ret_is = false;
	if (toolchain_provides(options->toolchain, text))
		return 0;
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	if (atom.conflict)
		return error_set(err, ERR_INPUT,
			"'%s' in environment.contents.packages: a build root has just "
			"what is named there",
			text);
	const struct recipe *maker =
		catalog_find_provider(options->catalog, &atom, recipe, NULL);
	*ret_is = maker && maker != recipe;
	if (*ret_is || toolchain_has(options->toolchain, text))
		return 0;
	*ret_is = external && external_provides(external, &atom);
	if (*ret_is || atom.op == ATOM_ANY)
		return 0;
	maker = catalog_find_name(options->catalog, atom.name, recipe, NULL);
	return maker ? refuse_version(maker, text, err) : 0;
}

/* Layers of the toolchain, and packages for /sysroot. */
static int choose_from_toolchain(const struct plan_options *options, struct arena *arena,
	const struct external *external, struct plan_item *item, struct error *err)
{
	const struct recipe_list *needs = &item->recipe->needs;
	struct recipe_list groups = {0};
	size_t group_capacity = 0, capacity = 0;
	for (size_t i = 0; i < needs->count; i++) {
		const char *name = needs->items[i];
		bool package = false;
		if (is_package(options, item->recipe, external, name, &package, err) < 0)
			return err->class;
		if (add_name(arena, package ? &item->wanted : &groups,
			    package ? &capacity : &group_capacity, name, err) < 0)
			return err->class;
	}
	if (toolchain_select(options->toolchain, &groups, &item->layers, err) < 0)
		return err->class;
	for (size_t i = 0; i < item->layers.packages.count; i++)
		if (add_name(arena, &item->wanted, &capacity,
			    item->layers.packages.items[i], err) < 0)
			return err->class;
	return 0;
}

static int refuse_empty(const struct recipe *recipe, struct error *err)
{
	error_set(err, ERR_INPUT,
		"its build root is to be made of packages of repositories, and none is "
		"named");
	return error_remedy(err,
		"name one with --repository and its key with --keyring, "
		"or both in environment.contents of %s",
		recipe->path);
}

int plan_choose_root(const struct plan_options *options, struct arena *arena,
	struct plan_item *item, struct error *err)
{
	struct external *external;
	if (plan_external(options, item->recipe, &external, err) < 0)
		return err->class;
	item->prebuilt.external = external;
	if (!item->recipe->native)
		return choose_from_toolchain(options, arena, external, item, err);
	item->wanted = item->recipe->needs;
	return external ? 0 : refuse_empty(item->recipe, err);
}

/* ---- theirs ---- */

/* All that the recipes make on which the item waits: any of it may come into the root. */
static int collect_made(const struct plan_item *item, struct arena *arena,
	struct own_packages *own, struct error *err)
{
	for (size_t n = 0; n < item->need_count; n++) {
		const struct recipe *maker = item->needs[n]->recipe;
		for (size_t p = 0; p < maker->package_count; p++) {
			struct own_package *slot = arena_append(arena, &own->items,
				&own->count, &own->capacity, sizeof(*slot));
			if (!slot)
				return error_set_memory(err);
			*slot = (struct own_package){&maker->packages[p], maker, NULL};
		}
	}
	return 0;
}

int plan_buy(const struct plan_options *options, struct arena *arena,
	struct plan_item *item, struct error *err)
{
	struct own_packages own = {0};
	if (!item->prebuilt.external || !item->wanted.count)
		return 0;
	if (collect_made(item, arena, &own, err) < 0)
		return err->class;
	struct prebuilt_wish wish = {.external = item->prebuilt.external,
		.wanted = &item->wanted,
		.own = &own,
		.below = item->recipe->native ? NULL : options->toolchain};
	if (prebuilt_choose(&wish, arena, &item->prebuilt, err) < 0)
		return error_wrap(err, "build root of %s", item->recipe->name);
	return 0;
}
