/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting signatures and attestations beside an image, in both layouts that
 * verifiers read (reference: signing-and-registry.md 1, 2, 11): cosign's tags .sig and
 * .att, and Sigstore bundles v0.3 as OCI referrers. Reproducible but for the signatures
 * themselves.
 */
#ifndef ATTEST_ATTACH_H
#define ATTEST_ATTACH_H

#include "oci/repository.h"
#include "signing/secret.h"

struct attach_options {
	const char *docker_reference; /* identity in simple signing; "registry/name:tag"
					 or a layout's name */
	int64_t created;              /* of the bundle manifests' annotation */
};

/*
 * Signs the image (an index: the index and every child): .sig layer and sign/v1 bundle.
 * Keeps signatures of other keys; a signature by the same key for the same identity is
 * replaced.
 */
MUST_USE int attach_signature(struct repository *repository,
	const struct descriptor *image, const struct secret *secret,
	const struct attach_options *options, struct error *err);
/*
 * Signs the statement (in-toto JSON bytes) and puts it beside the image: .att layer and
 * bundle. One of the same predicate type by the same key is replaced.
 */
MUST_USE int attach_statement(struct repository *repository,
	const struct descriptor *image, struct slice statement,
	const struct secret *secret, const struct attach_options *options,
	struct error *err);

#endif
