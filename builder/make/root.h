/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers of a build root: packages below /sysroot, then the toolchain. Or, of a
 * native one, a single layer: packages at /, installed as apk would, with the folders,
 * the account and the package database that steps expect. No script of a package is run.
 */
#ifndef BUILDER_MAKE_ROOT_H
#define BUILDER_MAKE_ROOT_H

#include "builder/make/make.h"

/*
 * Packages with what they need at run time, dependencies first; but for what the
 * toolchain below them has.
 */
struct root_packages {
	const struct package **items; /* heap, packages borrowed */
	const char **addresses;       /* where each is from; NULL: made here. Heap */
	size_t count;
};
#define cleanup_root_packages CLEANUP(root_packages_done)
void root_packages_done(struct root_packages *packages);

struct build_root {
	char **layers; /* relative to store_dirfd, topmost first; heap */
	size_t count, capacity;
	struct root_packages packages;
};
#define cleanup_build_root CLEANUP(build_root_done)
void build_root_done(struct build_root *root);
/*
 * Its packages are those that the plan took from repositories for the item and for what
 * it needs, and those that were made: the same for the same input key.
 */
MUST_USE int build_root_prepare(const struct plan_item *item, struct made *const *before,
	size_t before_count, const struct make_options *options,
	struct build_root *ret_root, struct error *err);

struct root_wish {
	const struct plan_item
		*item; /* whose kind of root it is, and whose repositories */
	struct made *const *made;
	size_t made_count;
	const struct toolchain *below; /* NULL: there is none */
	const struct recipe_list *wanted;
	const char *wanted_by; /* "the build" */
	bool anything;         /* from the repositories, not just what the plan took */
};
MUST_USE int root_packages_resolve(const struct root_wish *wish,
	struct root_packages *ret_packages, struct error *err);

enum root_place { ROOT_SYSROOT, ROOT_TOP };
/* Layers below the ones that are there. */
MUST_USE int build_root_add_packages(struct build_root *root,
	const struct root_packages *packages, enum root_place place, struct store *store,
	struct error *err);
MUST_USE int build_root_add_native(struct build_root *root,
	const struct root_packages *packages, const char *architecture,
	struct store *store, struct error *err);
MUST_USE int build_root_add_toolchain(struct build_root *root,
	const struct toolchain_layers *layers, const struct make_options *options,
	struct error *err);

#endif
