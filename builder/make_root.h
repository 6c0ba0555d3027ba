/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a build root: packages of ours below /sysroot, then the toolchain. */
#ifndef BUILDER_MAKE_ROOT_H
#define BUILDER_MAKE_ROOT_H

#include "builder/make.h"

struct build_root {
	char **layers; /* relative to store_dirfd, topmost first; heap */
	size_t count, capacity;
};
#define cleanup_build_root CLEANUP(build_root_done)
void build_root_done(struct build_root *root);
MUST_USE int build_root_prepare(const struct plan_item *item, struct made *const *before,
	size_t before_count, const struct make_options *options,
	struct build_root *ret_root, struct error *err);

/*
 * Packages among those made, with what they need at run time, but for what the toolchain
 * below them has (NULL: there is none).
 */
struct root_packages {
	const struct package **items; /* dependencies first; heap, packages borrowed */
	size_t count;
};
#define cleanup_root_packages CLEANUP(root_packages_done)
void root_packages_done(struct root_packages *packages);
MUST_USE int root_packages_resolve(struct made *const *made, size_t made_count,
	const struct recipe_list *wanted, const struct toolchain *below,
	struct root_packages *ret_packages, struct error *err);

enum root_place { ROOT_SYSROOT, ROOT_TOP };
/* Layers below the ones that are there. */
MUST_USE int build_root_add_packages(struct build_root *root,
	const struct root_packages *packages, enum root_place place, struct store *store,
	struct error *err);
MUST_USE int build_root_add_toolchain(struct build_root *root,
	const struct toolchain_layers *layers, const struct make_options *options,
	struct error *err);

#endif
