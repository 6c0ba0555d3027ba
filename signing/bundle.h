/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sigstore bundles v0.3 (protobuf-specs, sigstore_bundle.proto, JSON form). Written: DSSE envelope with a
 * public key hint, no keyid. Read: key-based bundles; certificates and log entries are kept as raw JSON
 * for the policy's loaders.
 */
#ifndef SIGNING_BUNDLE_H
#define SIGNING_BUNDLE_H

#include "signing/envelope.h"

#define BUNDLE_MEDIA_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define PREDICATE_SIGN	  "https://sigstore.dev/cosign/sign/v1"

struct bundle {
	struct arena *arena;
	const char *media_type;
	const char *key_hint; /* "" if absent */
	struct envelope *envelope;
};
#define cleanup_bundle CLEANUP(bundle_free)
void bundle_free(struct bundle **bundle);
MUST_USE int bundle_parse(struct slice json, struct bundle **ret_bundle, struct error *err);
MUST_USE int bundle_write(const struct envelope *envelope, const struct key *key,
	struct buffer *out, struct error *err);

#endif
