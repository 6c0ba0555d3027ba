/* SPDX-License-Identifier: Apache-2.0 */
/* Adding a layer to the manifest under cosign's tags .sig and .att, without losing those
 * of others. */
#ifndef ATTEST_ATTACH_LAYER_H
#define ATTEST_ATTACH_LAYER_H

#include "oci/repository.h"
#include "signing/key.h"

struct attach_layer {
	struct repository *repository;
	const struct key *key; /* whose older layers are replaced */
	const struct digest *image;
	const char *suffix;           /* ".sig", ".att" */
	const char *predicate_type;   /* of .att */
	struct digest payload;        /* of .att: SHA-256 of the statement */
	struct descriptor descriptor; /* of the new layer, whose blob is stored */
};

/* Nothing changes if the key has said the same there already. */
MUST_USE int attach_layer_add(struct attach_layer *layer, struct error *err);

#endif
