/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File capabilities: the value of the xattr "security.capability" from names
 * (capabilities(7), "File capability extended attribute versioning"; version 2, 64 bit
 * little-endian: linux/capability.h, struct vfs_cap_data).
 */
#ifndef BUILDER_PACKAGE_CAPABILITY_H
#define BUILDER_PACKAGE_CAPABILITY_H

#include "base/slice.h"

#define CAPABILITY_XATTR "security.capability"
#define CAPABILITY_BYTES 20

/* What one setcap of a recipe grants; several of one path are or-ed into one value. */
struct capability {
	uint64_t permitted, inheritable;
	bool effective;
};
#define CAPABILITY_NONE ((struct capability){0})

/*
 * Adds names ("cap_net_raw", or several with commas) with flags ("+ep", "=eip", "ep": e
 * needs p or i). ERR_INPUT for unknown names and flags, and if e is given to some names
 * and not to others: a file has one such flag for all.
 */
MUST_USE int capability_add(struct capability *capability, struct slice names,
	struct slice flags, struct error *err);
void capability_encode(
	const struct capability *capability, uint8_t value[CAPABILITY_BYTES]);

#endif
