/* SPDX-License-Identifier: Apache-2.0 */
/* What a recipe declares of its files beyond what its steps can leave there. */
#ifndef BUILDER_MAKE_DECLARE_H
#define BUILDER_MAKE_DECLARE_H

#include "builder/package/package.h"
#include "builder/recipe/recipe.h"

/*
 * setcap and attributes of a package as declarations for package_collect; several entries
 * of setcap for one path are or-ed. All memory from the arena. ERR_INPUT for what
 * capability_add refuses.
 */
MUST_USE int declare_attributes(const struct recipe_package *package, struct arena *arena,
	struct package_collect_options *ret_options, struct error *err);
/* After collecting: capabilities are for regular files only, and symbolic links have
 * nothing of their own, else ERR_INPUT. */
MUST_USE int declare_check(const struct package_collect_options *options,
	const struct tree *tree, struct error *err);

#endif
