/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cosign writes beside a signature into the annotations of a layer of the tags .sig
 * and .att: the certificate, Rekor's signed entry timestamp, an RFC 3161 time stamp
 * (sigstore/cosign, specs/SIGNATURE_SPEC.md, and pkg/oci/static). It comes down to a
 * bundle of version 0.1, so that there is one way to verify.
 *
 * The annotation with the certificate's issuers is not looked at: issuers come from the
 * trusted root only.
 */
#ifndef SIGNING_BUNDLE_LAYER_H
#define SIGNING_BUNDLE_LAYER_H

#include "signing/bundle.h"

#define LAYER_CERTIFICATE "dev.sigstore.cosign/certificate"
#define LAYER_REKOR       "dev.sigstore.cosign/bundle"
#define LAYER_TIMESTAMP   "dev.sigstore.cosign/rfc3161timestamp"

struct layer_annotations {
	const char *certificate; /* PEM, one block; NULL: signed with a plain key */
	const char *rekor;       /* JSON; NULL: none */
	const char *timestamp;   /* JSON; NULL: none */
};

/* The signature of a simple signing payload. ERR_INPUT for what is malformed. */
MUST_USE int bundle_from_signature(struct slice signature,
	const struct layer_annotations *annotations, struct bundle **ret_bundle,
	struct error *err);
/* An envelope with exactly one signature, as the layer holds it. */
MUST_USE int bundle_from_envelope(struct slice envelope_text,
	const struct layer_annotations *annotations, struct bundle **ret_bundle,
	struct error *err);

#endif
