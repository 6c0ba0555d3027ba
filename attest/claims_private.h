/* SPDX-License-Identifier: Apache-2.0 */
/* Between claims.c (what lies beside the image) and claims_signer.c (who made it). */
#ifndef ATTEST_CLAIMS_PRIVATE_H
#define ATTEST_CLAIMS_PRIVATE_H

#include "attest/claims.h"
#include "signing/bundle_layer.h"

/* One signed thing, from wherever it came. The rest is zero. */
struct signed_thing {
	const struct bundle *bundle;     /* of a referrer; NULL for a layer: */
	const struct envelope *envelope; /* NULL: a message, which is */
	struct slice message, signature;
	struct slice envelope_text;
	struct layer_annotations annotations;
};

/*
 * Fills who made it: signer, signers, by; else refusal, if one came near. Junk that a
 * signer's check cannot read is a refusal, not an error.
 */
MUST_USE int claim_find_signers(struct claims *claims, struct claim *claim,
	const struct signed_thing *thing, const struct signer *const *signers,
	size_t signer_count, struct error *err);

#endif
