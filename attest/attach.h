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
#include "signing/own_certificate.h"
#include "signing/secret.h"
#include "signing/stamper.h"

struct attach_options {
	const char *docker_reference; /* identity in simple signing; "registry/name:tag"
					 or a layout's name */
	int64_t created;              /* of the bundle manifests' annotation */
	struct stamper *stamper;      /* NULL: no time stamps */
	const struct own_certificate *certificate; /* goes with each signature; NULL: the
						     plain key */
};

/*
 * Signs the image (an index: every image in it, then the index): .sig layer and bundle of
 * https://sigstore.dev/cosign/sign/v1. Keeps signatures of other keys and for other
 * identities; where this key has signed the same already, nothing is added, but for a
 * time stamp or certificate that was not there.
 */
MUST_USE int attach_signature(struct repository *repository,
	const struct descriptor *image, const struct secret *secret,
	const struct attach_options *options, struct error *err);
/*
 * Signs the statement (in-toto JSON bytes) and puts it beside the image: .att layer and
 * bundle. In .att, one of the same predicate type by the same key is replaced; bundles
 * are only ever added (there is no safe way to take one away), and none that is there
 * already.
 *
 * ERR_INPUT if the statement is malformed, not about the image, or of the type of
 * signatures; and if the image has signatures in the old layout but none as a bundle:
 * cosign 3 ignores the former as soon as there is any bundle, so the attestation would
 * make the image unverifiable (sign it first).
 */
MUST_USE int attach_statement(struct repository *repository,
	const struct descriptor *image, struct slice statement,
	const struct secret *secret, const struct attach_options *options,
	struct error *err);

/*
 * What those two would sign, for signing it elsewhere (signing/detached.h), in their
 * order; nothing is changed. what: for people.
 */
typedef int attach_payload(
	void *context, const char *what, struct slice payload, struct error *err);
MUST_USE int attach_signature_payloads(struct repository *repository,
	const struct descriptor *image, const struct attach_options *options,
	attach_payload *payload, void *context, struct error *err);
MUST_USE int attach_statement_payload(const struct descriptor *image,
	struct slice statement, attach_payload *payload, void *context,
	struct error *err);

#endif
