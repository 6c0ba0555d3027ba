/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys and checking signatures. ECDSA P-256, P-384, P-521 (DER signatures), RSA
 * 2048 to 8192 (PKCS#1 v1.5), Ed25519. Read from SPKI PEM ("PUBLIC KEY"), exactly
 * one block, and one encoding: named curves (RFC 5480, 2.1.1), uncompressed points. No
 * private key is ever handled here: see secret.h.
 */
#ifndef SIGNING_KEY_H
#define SIGNING_KEY_H

#include "base/buffer.h"
#include "base/digest.h"

struct key;
#define cleanup_key CLEANUP(key_free)

enum key_type {
	KEY_ECDSA_P256 = 1,
	KEY_ECDSA_P384,
	KEY_ECDSA_P521,
	KEY_RSA,
	KEY_ED25519
};
#define KEY_RSA_BITS_MIN 2048
#define KEY_RSA_BITS_MAX 8192
const char *key_type_name(enum key_type type); /* "ecdsa-p256", … */

/* ERR_INPUT for anything else than one public key of a known, strong enough kind. */
MUST_USE int key_from_pem(struct slice pem, struct key **ret_key, struct error *err);
/* The same from the SubjectPublicKeyInfo itself (DER, nothing behind it). */
MUST_USE int key_from_der(struct slice der, struct key **ret_key, struct error *err);
/* An RSA key from its PKCS#1 form (RSAPublicKey, DER). */
MUST_USE int key_from_pkcs1(struct slice der, struct key **ret_key, struct error *err);
MUST_USE int key_load(const char *path, struct key **ret_key, struct error *err);
void key_free(struct key **key);
enum key_type key_get_type(const struct key *key);
unsigned key_bits(const struct key *key);
/* SHA-256 over the SubjectPublicKeyInfo (DER): the key's identity. */
const struct digest *key_id(const struct key *key);
/* PEM text; appends. */
MUST_USE int key_to_pem(const struct key *key, struct buffer *out, struct error *err);
/* Base64 of key_id: the hint that Sigstore bundles carry. Appends. */
MUST_USE int key_hint(const struct key *key, struct buffer *out, struct error *err);

/*
 * ERR_REFUSED unless the signature over the message holds. ECDSA and RSA: SHA-256, and
 * for P-384/P-521 also the curve's own digest. ECDSA DER is strict (no trailing bytes).
 * Ed25519: pure, and where the library knows it (OpenSSL 3.2), Ed25519ph, too.
 */
MUST_USE int key_verify(const struct key *key, struct slice message,
	struct slice signature, struct error *err);

/* One with SHA-1, as old tools of the APK format make them; RSA, else ERR_REFUSED. */
MUST_USE int key_verify_sha1(const struct key *key, struct slice message,
	struct slice signature, struct error *err);

/*
 * The same where only the message's digest is at hand. Ed25519 signs the message itself:
 * ERR_REFUSED, as is an algorithm that the key is not used with.
 */
MUST_USE int key_verify_digest(const struct key *key, const struct digest *digest,
	struct slice signature, struct error *err);

#endif
