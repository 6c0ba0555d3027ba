/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What packages need at run time and the toolchain below them has anyway, like a shell's
 * usual tools or the links of a merged /usr: an entry of the index stands for it, so that
 * the choice of packages for a root does not end there. Nothing is unpacked for it.
 */
#ifndef BUILDER_PLAN_STAND_IN_H
#define BUILDER_PLAN_STAND_IN_H

#include "builder/package/index.h"
#include "builder/source/toolchain.h"

/* For each such name that no entry has or provides, an entry with no version to speak of.
 */
MUST_USE int stand_in_add(struct package_index *index, const struct toolchain *toolchain,
	struct error *err);

#endif
