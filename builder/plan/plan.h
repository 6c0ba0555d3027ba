/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: which recipes have to be built for some wanted packages, in which order,
 * and each one's input key. A key is the SHA-256 over everything that can change
 * the packages: the expanded recipe without its tests (with its source digests), the
 * files in the folder beside it, the build root's lock, the packages that the root takes
 * from repositories, the keys of the recipes whose packages are in it, architecture, date
 * and pack format. Same key, nothing to build.
 *
 * A name of the environment is answered by the recipes first, then by the toolchain or,
 * in a native root (builder/plan/catalog.h), by the repositories. Recipes that need each
 * other take from repositories what those have of each other.
 */
#ifndef BUILDER_PLAN_PLAN_H
#define BUILDER_PLAN_PLAN_H

#include "builder/plan/catalog.h"
#include "builder/plan/externals.h"
#include "builder/plan/prebuilt.h"
#include "builder/source/toolchain.h"

/* Change it whenever the same inputs would give other packages. */
#define PACK_FORMAT "alnage-pack-5"
/* The same for native roots: what is in one beside its packages. */
#define NATIVE_FORMAT "alnage-native-1"

/* Why a recipe is in the plan. */
struct wish {
	struct plan_item *by; /* NULL: it was asked for */
	const char *package;  /* in by's build root, which wants it; NULL: by itself */
	unsigned depth;
};

struct plan_item {
	const struct recipe *recipe;
	struct toolchain_layers layers; /* lower part of the build root; none if native */
	struct recipe_list wanted;      /* packages for it: for /sysroot, native for / */
	struct prebuilt prebuilt;       /* those of them that repositories give */
	struct plan_item **needs;       /* must be built before */
	size_t need_count, need_capacity;
	struct digest folder; /* of the folder beside the recipe; unset: it has none */
	struct digest input_key;
	unsigned state; /* while planning */
	struct wish wish;
};

struct plan {
	struct arena *arena;
	struct plan_item **items; /* needs before those that need them */
	size_t count, capacity;
};
#define cleanup_plan CLEANUP(plan_free)
void plan_free(struct plan **plan);

struct plan_options {
	const struct catalog *catalog;
	const struct toolchain *toolchain; /* NULL: all recipes are native */
	struct externals *externals;       /* NULL: there are no repositories */
	int64_t mtime;
};

/*
 * wanted: package names or atoms. ERR_INPUT for a package no recipe makes, and for a
 * cycle, told as "a needs b needs a"; LIMIT_PLAN_DEPTH.
 */
MUST_USE int plan_make(const struct plan_options *options, const char *const *wanted,
	size_t wanted_count, struct plan **ret_plan, struct error *err);

#endif
