/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Composing a layer: the directories of the tree at the head, then each package's
 * fragments as they lie in the store, then the files the image itself makes. A fragment
 * that lost or changed an entry is rendered again; all others are spliced, not
 * compressed. The plain bytes (diff_id) are hashed on a second thread while the
 * compressed ones are joined.
 *
 * Same tree, same mtime, same compress_format(): same bytes.
 */
#ifndef BUILDER_IMAGE_COMPOSE_H
#define BUILDER_IMAGE_COMPOSE_H

#include "builder/package/fragment.h"

struct composed_layer {
	struct digest blob; /* compressed, in the store */
	uint64_t size;
	struct digest diff_id; /* SHA-256 of the plain tar */
	uint64_t plain_size;
	size_t spliced, rendered; /* fragments */
};

struct compose {
	struct store *store;
	const struct tree *tree; /* of the image; nodes name the package they come from */
	struct fragment_index *const
		*packages; /* one per package, in order of package name */
	size_t package_count;
	enum compression compression;
	int64_t mtime;
};

MUST_USE int compose_layer(const struct compose *compose,
	struct composed_layer *ret_layer, struct error *err);

#endif
