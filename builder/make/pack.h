/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last part of a build: what the steps left in their output directories becomes
 * packages. Collected, completed (licence texts, bill of materials), scanned, packed.
 */
#ifndef BUILDER_MAKE_PACK_H
#define BUILDER_MAKE_PACK_H

#include "builder/make/make.h"

struct log_task;
struct packing {
	struct made *made; /* with its sources; gets the packages */
	const struct make_options *options;
	struct arena *arena; /* scratch */
	int scratch_fd;      /* of the steps that ran; borrowed */
	struct log_task *task;
};
MUST_USE int make_pack(struct packing *packing, struct error *err);

#endif
