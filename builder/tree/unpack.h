/* SPDX-License-Identifier: Apache-2.0 */
/* A tree written to a disk: for build roots and for running an image's tests. */
#ifndef BUILDER_TREE_UNPACK_H
#define BUILDER_TREE_UNPACK_H

#include "base/store.h"
#include "builder/tree/tree.h"

/*
 * Below dirfd/prefix (made; "" or "sysroot"): directories, files and links of the tree,
 * beneath the directory and through no symlink (openat2). Owner is the process, modes
 * lose set-id and sticky bits; xattrs and times are not set. Existing directories are
 * kept, existing files are ERR_INPUT.
 */
MUST_USE int tree_unpack(const struct tree *tree, struct store *store, int dirfd,
	const char *prefix, struct error *err);

#endif
