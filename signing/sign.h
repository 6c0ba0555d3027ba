/* SPDX-License-Identifier: Apache-2.0 */
/* Making signed envelopes; apart from envelope.h so that a verifier need not hold code
 * that signs. */
#ifndef SIGNING_SIGN_H
#define SIGNING_SIGN_H

#include "signing/envelope.h"
#include "signing/secret.h"

/* One signature over a copy of the payload, no keyid. */
MUST_USE int sign_envelope(const char *payload_type, struct slice payload,
	const struct secret *secret, struct envelope **ret_envelope, struct error *err);

#endif
