/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a build root: packages of ours below /sysroot, then the toolchain. */
#ifndef BUILDER_MAKE_ROOT_H
#define BUILDER_MAKE_ROOT_H

#include "builder/make.h"

struct build_root {
	char **layers; /* relative to store_dirfd, topmost first; heap */
	size_t count;
};
#define cleanup_build_root CLEANUP(build_root_done)
void build_root_done(struct build_root *root);
MUST_USE int build_root_prepare(const struct plan_item *item, struct made *const *before,
	size_t before_count, const struct make_options *options,
	struct build_root *ret_root, struct error *err);

#endif
