/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sigstore bundles (protobuf-specs, sigstore_bundle.proto, JSON form; versions 0.1 to
 * 0.3). Written: v0.3, a DSSE envelope with a public key hint and no keyid. Read: DSSE
 * bundles with exactly one signature; what else is in the verification material
 * (certificates, log entries, time stamps) is kept as received for those who can judge
 * it, and proves nothing here.
 */
#ifndef SIGNING_BUNDLE_H
#define SIGNING_BUNDLE_H

#include "signing/envelope.h"

struct json_t;

#define BUNDLE_MEDIA_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
/* Every version's media type starts so. */
#define BUNDLE_MEDIA_TYPE_PREFIX "application/vnd.dev.sigstore.bundle"
#define PREDICATE_SIGN           "https://sigstore.dev/cosign/sign/v1"

struct bundle {
	struct arena *arena;
	const char *media_type;
	bool has_key;         /* signed with a plain key, not with a certificate */
	const char *key_hint; /* "" if absent; not authenticated */
	struct envelope *envelope;
	struct json_t *material; /* verificationMaterial; owned reference */
};
#define cleanup_bundle CLEANUP(bundle_free)
void bundle_free(struct bundle **bundle);
/* Strict: known fields only, at most LIMIT_ENVELOPE_BYTES. Messages ("messageSignature")
 * are ERR_INPUT. */
MUST_USE int bundle_parse(
	struct slice json, struct bundle **ret_bundle, struct error *err);
/* The envelope has exactly one signature; key is the one it was made with. Appends. */
MUST_USE int bundle_write(const struct envelope *envelope, const struct key *key,
	struct buffer *out, struct error *err);

#endif
