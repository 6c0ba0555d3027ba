/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI layout on disk, shared by its files:
 *	layout.c		opening, blobs and manifests out, tags
 *	layout_referrers.c	who refers to a manifest
 *	layout_write.c		blobs and manifests in, index.json, making a new one
 */
#ifndef OCI_LAYOUT_PRIVATE_H
#define OCI_LAYOUT_PRIVATE_H

#include "oci/layout_index.h"
#include "oci/repository_private.h"

struct layout {
	int dirfd;
	int lock_fd; /* the file oci-layout, which is never replaced; its bytes are locks
		      */
	unsigned locks;                 /* of index.json that are held */
	struct layout_archive *archive; /* NULL: a directory */
};

/*
 * Bytes of oci-layout that are locked. USERS is shared by all who have the layout open,
 * so that who holds it alone knows that no blob is on its way or being read.
 */
enum { LAYOUT_LOCK_INDEX, LAYOUT_LOCK_USERS };

static inline struct layout *layout_of(const struct repository *repository)
{
	return repository->context;
}

/* A layout without a directory yet, closed with the repository. */
MUST_USE int layout_new(const struct reference *reference, struct repository *repository,
	struct error *err);
/* Is this a layout of the version we know? */
MUST_USE int layout_check_version(int dirfd, struct error *err);
MUST_USE int layout_load_index(
	const struct layout *layout, struct layout_index *ret_index, struct error *err);
MUST_USE int layout_has_blob(struct repository *repository,
	const struct descriptor *descriptor, bool *ret_found, struct error *err);
/* layout_referrers.c */
MUST_USE int layout_referrers(struct repository *repository, const struct digest *subject,
	struct arena *arena, struct descriptor_list *list, struct error *err);

#endif
