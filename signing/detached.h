/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing on another machine, or in a ceremony: what is to be signed goes there as files,
 * signatures come back as files beside them.
 *
 *	<SHA-256>.payload       the bytes to sign, exactly; SHA256SUMS lists them all
 *	<SHA-256>.payload.sig   the signature over them: as it is, or in base64
 *
 * The digest in the name is that of the payload, so that a signature is never put to
 *other bytes than it was asked for.
 */
#ifndef SIGNING_DETACHED_H
#define SIGNING_DETACHED_H

#include "signing/secret.h"

#define DETACHED_NAME_MAX 80

/* Into a folder, which is made if it is not there. The name goes to ret_name, which has
 * DETACHED_NAME_MAX bytes. */
MUST_USE int detached_write(
	const char *folder, struct slice payload, char *ret_name, struct error *err);
/*
 * A private key of which only the public half is here: it signs what has a signature in
 * the folder; ERR_INPUT for all else, ERR_REFUSED for a signature that is not by the key.
 * Takes *key on success.
 */
MUST_USE int detached_secret(const char *folder, struct key **key,
	struct secret **ret_secret, struct error *err);

#endif
