/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references as people type them (distribution/reference grammar and
 * skopeo's transports):
 *	oci:DIR[:TAG][@DIGEST]	an OCI layout directory
 *	oci-archive:FILE[:TAG]	the same in a tar file
 *	[docker://]HOST[:PORT]/NAME[:TAG][@DIGEST]	a registry
 * A name without a host is refused: alnage has no default registry. As other tools do,
 * docker.io/NAME is docker.io/library/NAME, and a layout's path ends at the first colon.
 * Errors are ERR_USAGE.
 */
#ifndef OCI_REFERENCE_H
#define OCI_REFERENCE_H

#include "base/arena.h"
#include "base/digest.h"

enum reference_kind { REFERENCE_LAYOUT = 1, REFERENCE_ARCHIVE, REFERENCE_REGISTRY };

struct reference {
	struct arena *arena;
	enum reference_kind kind;
	const char *path;       /* layout or archive */
	const char *registry;   /* "127.0.0.1:5000" */
	const char *repository; /* "team/base" */
	const char *tag;        /* NULL: none given */
	bool has_digest;
	struct digest digest;
	const char *text; /* canonical form */
};
#define cleanup_reference CLEANUP(reference_free)
void reference_free(struct reference **reference);
MUST_USE int reference_parse(
	struct slice text, struct reference **ret_reference, struct error *err);
/* Grammar checks for use in URLs and file names. */
bool reference_tag_is_valid(struct slice tag);
bool reference_repository_is_valid(struct slice repository);
bool reference_host_is_valid(struct slice host); /* "name", "name:port", "[::1]:port" */

#endif
