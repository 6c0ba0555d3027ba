/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subjects of an in-toto statement (in-toto/attestation spec v1 and v0.1), as far as
 * binding a bundle to an artifact needs them; attest/statement.h reads the rest.
 */
#ifndef SIGNING_SUBJECT_PRIVATE_H
#define SIGNING_SUBJECT_PRIVATE_H

#include "signing/envelope.h"

/*
 * ERR_REFUSED unless one of the statement's subjects has this digest. Each subject's
 * digest of that algorithm must be well formed.
 */
MUST_USE int subject_check(
	const struct envelope *envelope, const struct digest *digest, struct error *err);

#endif
