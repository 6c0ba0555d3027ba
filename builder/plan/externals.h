/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The repositories that build roots take packages from: those that a recipe's
 * environment.contents names, then those that the caller has for all. Each set is read
 * and verified once, however many recipes name it.
 */
#ifndef BUILDER_PLAN_EXTERNALS_H
#define BUILDER_PLAN_EXTERNALS_H

#include "builder/plan/external.h"

struct externals;
#define cleanup_externals CLEANUP(externals_free)

/* Both are borrowed, and copied: options->catalog does not count. */
MUST_USE int externals_new(const struct external_lists *for_all,
	const struct external_options *options, struct externals **ret_externals,
	struct error *err);
void externals_free(struct externals **externals);

/* NULL: the recipe has none. Belongs to externals. Errors as of external_open. */
MUST_USE int externals_get(struct externals *externals, const struct recipe *recipe,
	struct external **ret_external, struct error *err);

#endif
