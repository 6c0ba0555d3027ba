/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A package as a JSON listing: its control data and its tree, contents by digest. Kept
 * in the store beside the .apk, so that a package that was built before is there
 * without reading the .apk again. Our own format, version 1.
 */
#ifndef BUILDER_PACKAGE_LISTING_H
#define BUILDER_PACKAGE_LISTING_H

#include "builder/package/package.h"

/* Appends; deterministic. */
MUST_USE int listing_write(
	const struct package *package, struct buffer *out, struct error *err);
/* Strict: what a listing cannot hold is ERR_INPUT; the tree is checked as any tree is. */
MUST_USE int listing_read(struct slice json, const char *name,
	struct package **ret_package, struct error *err);

#endif
