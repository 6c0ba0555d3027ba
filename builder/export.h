/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results leave the store: images into OCI layouts, packages into an apk repository. What
 * was exported is noted (path, size), so that the next run can see at a glance that all
 * is in place.
 */
#ifndef BUILDER_EXPORT_H
#define BUILDER_EXPORT_H

#include "builder/image/image.h"
#include "builder/package/apk.h"
#include "oci/repository.h"
#include "signing/secret.h"

/* Blobs, manifest and tag into the layout. *ret_manifest's texts live in the repository.
 */
MUST_USE int export_image(const struct image *image, struct store *store,
	struct repository *layout, const char *tag, struct descriptor *ret_manifest,
	struct error *err);

struct export_packages {
	const char *directory; /* gets ARCH/NAME-VERSION.apk, ARCH/APKINDEX.tar.gz */
	const char *architecture;
	const struct package *const *packages;
	size_t count;
	const struct apk_signer *signer; /* NULL: unsigned */
	int64_t mtime;
	struct digest *
		ret_files; /* room for count: SHA-256 of each file written; may be NULL */
};
/* Keeps what else the index lists, as long as its file is there. */
MUST_USE int export_packages(
	const struct export_packages *export, struct store *store, struct error *err);

/* "size path\n" of every file below the directory, sorted; for export_is_unchanged.
 * Appends. */
MUST_USE int export_note(const char *directory, struct buffer *out, struct error *err);
/* Are all the noted files there with their sizes? */
bool export_is_unchanged(struct slice note);

#endif
