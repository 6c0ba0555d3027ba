/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of copying an image: its blobs; and signature tags, which are joined. */
#ifndef OCI_COPY_PRIVATE_H
#define OCI_COPY_PRIVATE_H

#include "oci/repository.h"

#define COPY_PARALLEL 4 /* blobs at once, if nobody says how many */

struct blob_copy {
	struct repository *from, *to;
	const struct descriptor *blobs; /* all different */
	size_t count;
	unsigned parallel; /* 0: COPY_PARALLEL */
	bool show;         /* a line of base/log.h for each large one */
	void (*progress)(void *context, uint64_t done); /* may be NULL */
	void *progress_context;
	uint64_t done; /* out: bytes that need no more work */
	uint64_t sent; /* out: of blobs that were not there already */
};
/* Copies those that `to` does not have. The first error ends it. */
MUST_USE int copy_blobs(struct blob_copy *copy, struct error *err);

/*
 * Puts a .sig or .att manifest under its tag. If the tag is there already, the result has
 * the layers of both: the same image signed twice keeps both signatures. Other tags are
 * replaced.
 */
MUST_USE int merge_signatures(struct repository *to, const char *tag, struct slice bytes,
	const char *media_type, struct error *err);
/* The same as a change of what is there (empty: nothing), a parsed document of ours in
 * hand. Nothing is appended if that has all already. */
MUST_USE int merge_unite(struct repository *to, struct slice bytes,
	const struct manifest *ours, struct slice present, struct buffer *changed,
	struct error *err);

#endif
