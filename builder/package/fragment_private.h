/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make fragments share. */
#ifndef BUILDER_PACKAGE_FRAGMENT_PRIVATE_H
#define BUILDER_PACKAGE_FRAGMENT_PRIVATE_H

#include "base/tar.h"
#include "builder/package/fragment.h"

/*
 * Renders, compresses and stores all fragments of a planned index, on a few threads, and
 * fills their blob and size.
 */
MUST_USE int fragment_build(
	struct store *store, struct fragment_index *index, struct error *err);

/* How a node is written in a tar. */
enum tar_type fragment_tar_type(const struct tree_node *node);

#endif
