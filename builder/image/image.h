/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From packages to an image: install them into a tree, add accounts and
 * paths that the image recipe asks for, prune, add the package database that scanners
 * read, compose the layer, write configuration and manifest into the store. No
 * untrusted path touches a disk, and no privilege is needed for any owner or mode.
 */
#ifndef BUILDER_IMAGE_IMAGE_H
#define BUILDER_IMAGE_IMAGE_H

#include "builder/image/compose.h"
#include "builder/image/reach.h"
#include "builder/package/package.h"
#include "oci/descriptor.h"

struct image_options {
	const struct image_recipe *recipe;
	const struct package *const *packages; /* dependencies first, as resolved */
	size_t package_count;
	const char *architecture; /* apk's: "x86_64" */
	enum compression compression;
	int64_t mtime; /* SOURCE_DATE_EPOCH: of every file, and the image's `created` */
};

struct image {
	struct arena *arena;
	struct tree *tree; /* as in the image */
	struct reachability *reachability;
	struct composed_layer layer;
	struct descriptor config, manifest, layer_descriptor; /* blobs of the store */
};
#define cleanup_image CLEANUP(image_free)
void image_free(struct image **image);

MUST_USE int image_build(const struct image_options *options, struct store *store,
	struct image **ret_image, struct error *err);

/* The steps, for tests and for other users of a tree. */
MUST_USE int image_install(struct tree *tree, const struct package *const *packages,
	size_t count, struct error *err);
MUST_USE int image_add_accounts(struct tree *tree, const struct image_recipe *recipe,
	struct store *store, struct error *err);
MUST_USE int image_add_paths(struct tree *tree, const struct image_recipe *recipe,
	struct store *store, struct error *err);
/* The links that busybox lists; where something is already, none is made. */
MUST_USE int image_add_applets(struct tree *tree, struct store *store, struct error *err);
/* The package database; of the options recipe and compression do not count. */
MUST_USE int image_add_database(struct tree *tree, const struct image_options *options,
	struct store *store, struct error *err);
/* The file gets mode, owners and package "" if it is not there already; else only the
 * content changes. */
MUST_USE int image_put_file(struct tree *tree, struct store *store, const char *path,
	struct slice content, uint32_t mode, struct error *err);

/* "amd64" for "x86_64", "arm64" for "aarch64", else the name itself. */
const char *oci_architecture(const char *apk_architecture);

#endif
