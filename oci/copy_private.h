/* SPDX-License-Identifier: Apache-2.0 */
/* Signature tags are joined, not replaced, when an image is copied. */
#ifndef OCI_COPY_PRIVATE_H
#define OCI_COPY_PRIVATE_H

#include "oci/repository.h"

/*
 * Puts a .sig or .att manifest under its tag. If the tag is there already, the result has
 * the layers of both: the same image signed twice keeps both signatures. Other tags are
 * replaced.
 */
MUST_USE int merge_signatures(struct repository *to, const char *tag, struct slice bytes,
	const char *media_type, struct error *err);

#endif
