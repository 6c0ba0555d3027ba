/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys that never leave a token (smart card, HSM): PKCS #11 v2.40. pkcs11.c is
 * the door to the token's module, which is loaded when a pkcs11: URI asks for it;
 * pkcs11_key.c turns what tokens say into what everybody else says.
 */
#ifndef SIGNING_PKCS11_PRIVATE_H
#define SIGNING_PKCS11_PRIVATE_H

#include "signing/secret.h"

struct token;
#define cleanup_token CLEANUP(token_free)

/*
 * Finds the one key that the URI names, logs in, and reads its public half. ERR_USAGE for
 * a bad URI, ERR_INPUT if no or several tokens or keys fit, ERR_REFUSED for a wrong PIN
 * or one that must not be tried (a mistake would lock the token), ERR_SYSTEM without
 * module.
 */
MUST_USE int token_open(const char *uri, passphrase_source pin, void *context,
	struct token **ret_token, struct key **ret_key, struct error *err);
void token_free(struct token **token);
/* CKA_LABEL of the key; "" if it has none. Borrowed. */
const char *token_label(const struct token *token);
/* With SHA-256, ECDSA as DER; pure Ed25519. Not checked against the public key. Appends.
 */
MUST_USE int token_sign(struct token *token, enum key_type type, struct slice message,
	struct buffer *ret_signature, struct error *err);

/* ---- pkcs11_key.c ---- */

/* CKA_EC_PARAMS (a named curve) and CKA_EC_POINT, both DER. */
MUST_USE int pkcs11_ec_key(struct slice parameters, struct slice point,
	struct key **ret_key, struct error *err);
/* The same of an Edwards key; the point may also be as it is (PKCS #11 v3.0, 2.3.5). */
MUST_USE int pkcs11_ed25519_key(struct slice parameters, struct slice point,
	struct key **ret_key, struct error *err);
/* CKA_MODULUS and CKA_PUBLIC_EXPONENT, big-endian. */
MUST_USE int pkcs11_rsa_key(struct slice modulus, struct slice exponent,
	struct key **ret_key, struct error *err);
/* r and s, one behind the other, as Ecdsa-Sig-Value (RFC 3279, 2.2.3). Appends. */
MUST_USE int pkcs11_ecdsa_der(struct slice raw, struct buffer *out, struct error *err);
/* What PKCS#1 v1.5 signs: DigestInfo of the message's SHA-256 (RFC 8017, 9.2). Appends.
 */
MUST_USE int pkcs11_digest_info(
	struct slice message, struct buffer *out, struct error *err);

#endif
