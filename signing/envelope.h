/* SPDX-License-Identifier: Apache-2.0 */
/* DSSE envelopes (secure-systems-lab/dsse protocol.md v1.0). */
#ifndef SIGNING_ENVELOPE_H
#define SIGNING_ENVELOPE_H

#include "base/arena.h"
#include "signing/key.h"

#define PAYLOAD_IN_TOTO "application/vnd.in-toto+json"

struct envelope_signature {
	const char *keyid; /* "" if absent */
	struct slice signature;
};

struct envelope {
	struct arena *arena;
	const char *payload_type;
	struct slice payload; /* decoded */
	struct envelope_signature *signatures;
	size_t signature_count;
};
#define cleanup_envelope CLEANUP(envelope_free)
MUST_USE int envelope_new(struct envelope **ret_envelope, struct error *err);
void envelope_free(struct envelope **envelope);
/* Strict: known fields only, at most LIMIT_SIGNATURES, base64 as protobuf JSON takes it.
 */
MUST_USE int envelope_parse(
	struct slice json, struct envelope **ret_envelope, struct error *err);
/* {"payload":…,"payloadType":…,"signatures":[{"sig":…}]}; keyid only if not "". Appends.
 */
MUST_USE int envelope_write(
	const struct envelope *envelope, struct buffer *out, struct error *err);
/* The pre-authentication encoding: what is signed. Appends. */
MUST_USE int envelope_pae(const char *payload_type, struct slice payload,
	struct buffer *out, struct error *err);
/* ERR_REFUSED unless one of the signatures holds under the key. */
MUST_USE int envelope_verify(
	const struct envelope *envelope, const struct key *key, struct error *err);

#endif
