/* SPDX-License-Identifier: Apache-2.0 */
/* Roots on disk, below the store's roots/: made once, owned by the identity of sandboxes.
 */
#ifndef BUILDER_MAKE_NATIVE_ROOT_H
#define BUILDER_MAKE_NATIVE_ROOT_H

#include "builder/package/package.h"

/*
 * A layer of that name (roots/NAME/root) with the tree below `prefix`, unless it is
 * there; *ret_layer is relative to store_dirfd, heap.
 */
MUST_USE int tree_layer(const char *name, const struct tree *tree, const char *prefix,
	struct store *store, char **ret_layer, struct error *err);

/*
 * The packages as one root, in the order of their installation: files of several are
 * settled as in an image; folders that a sandbox mounts on or writes to; users root and
 * build (1000); the links that busybox lists in /etc/busybox-paths.d; the package
 * database. ERR_INPUT for packages that do not go together, ERR_REFUSED for one that
 * makes /dev or /proc no directory, more than LIMIT_ROOT_BYTES.
 */
MUST_USE int native_root_layer(const struct package *const *packages, size_t count,
	const char *architecture, struct store *store, char **ret_layer,
	struct error *err);

#endif
