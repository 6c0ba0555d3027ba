/* SPDX-License-Identifier: Apache-2.0 */
/* What planning is made of: roots, and recipes that need each other. */
#ifndef BUILDER_PLAN_PLAN_PRIVATE_H
#define BUILDER_PLAN_PLAN_PRIVATE_H

#include "base/map.h"
#include "builder/package/index.h"
#include "builder/plan/plan.h"

/*
 * Recipes that need each other to be built, found before anything is planned. Where
 * repositories have what one of them makes for another, it is taken from there: then
 * no order between them is needed, and none of them has another key for having been
 * planned first. Arena-allocated: dies with the arena, but for the map.
 */
struct plan_loops {
	struct arena *arena;
	const struct plan_options *options;
	struct map *nodes; /* recipe name → struct loop_node */
	struct loop_node *open;
	unsigned order;
};
/* Looks at the recipe and all that it needs, unless that was done. */
MUST_USE int plan_loops_visit(
	struct plan_loops *loops, const struct recipe *recipe, struct error *err);
/* Both have been visited. */
bool plan_loops_meet(const struct plan_loops *loops, const struct recipe *one,
	const struct recipe *other);

/* The recipe's repositories; NULL if it has none. */
MUST_USE int plan_external(const struct plan_options *options,
	const struct recipe *recipe, struct external **ret_external, struct error *err);

/*
 * Who makes a package for the recipe's root: nobody, if it is its own, or what is broken
 * off a loop (loops may be NULL). Where no version fits, and no repository has the name:
 * any; resolving says then what does not fit.
 */
const struct recipe *plan_find_maker(const struct plan_options *options,
	const struct plan_loops *loops, const struct external *external,
	const struct recipe *recipe, const struct atom *atom,
	const struct recipe_package **ret_package);
/*
 * Packages of ours in the recipe's root: those among the wanted names, and what they say
 * they need at run time; each once. Only names that recipes declare can be known now;
 * shared libraries were in the package's own build root, hence planned by its own needs.
 */
MUST_USE int plan_own_packages(const struct plan_options *options,
	const struct plan_loops *loops, const struct recipe *recipe,
	const struct recipe_list *wanted, struct arena *arena,
	struct own_packages *ret_own, struct error *err);

/* What the recipe's environment names: item->wanted, and of the toolchain item->layers.
 */
MUST_USE int plan_choose_root(const struct plan_options *options, struct arena *arena,
	struct plan_item *item, struct error *err);
/* item->prebuilt; needs are known. */
MUST_USE int plan_buy(const struct plan_options *options, struct arena *arena,
	struct plan_item *item, struct error *err);

#endif
