/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between secret.c (the door to OpenSSL: keys and primitives) and secret_file.c (the file
 * formats). DER and keys are secrets: callers use wipe.h.
 */
#ifndef SIGNING_SECRET_PRIVATE_H
#define SIGNING_SECRET_PRIVATE_H

#include "signing/secret.h"

/* A private key that is not in our memory. */
struct secret_remote {
	int (*sign)(void *context, enum key_type type, struct slice message,
		struct buffer *ret_signature, struct error *err); /* appends */
	const char *(*label)(void *context);                      /* NULL: none */
	void (*free)(void *context);
};
/* Takes *key and context on success. */
MUST_USE int secret_from_remote(const struct secret_remote *remote, void *context,
	struct key **key, struct secret **ret_secret, struct error *err);

enum secret_form {
	SECRET_PKCS8 = 1, /* PrivateKeyInfo */
	SECRET_SEC1,      /* ECPrivateKey with a named curve */
	SECRET_PKCS1,     /* RSAPrivateKey */
};

MUST_USE int secret_from_der(enum secret_form form, struct slice der,
	struct secret **ret_secret, struct error *err);
/* EncryptedPrivateKeyInfo (PKCS#5 v2). ERR_REFUSED for a wrong passphrase. */
MUST_USE int secret_from_encrypted_der(struct slice der, const char *passphrase,
	struct secret **ret_secret, struct error *err);
/* The other way round; not a secret any more. Appends. */
MUST_USE int secret_to_encrypted_der(const struct secret *secret, const char *passphrase,
	struct buffer *out, struct error *err);
/* PKCS#8; reserves, then appends. */
MUST_USE int secret_to_der(
	const struct secret *secret, struct buffer *out, struct error *err);

#define SECRETBOX_KEY_BYTES   32
#define SECRETBOX_NONCE_BYTES 24
#define SECRETBOX_TAG_BYTES   16

/* scrypt with r = 8, p = 1 (RFC 7914). n is one that cosign knows: 2^15, 2^16, 2^17. */
MUST_USE int secret_scrypt(const char *passphrase, struct slice salt, uint64_t n,
	uint8_t ret_key[static SECRETBOX_KEY_BYTES], struct error *err);
/* RFC 8439, section 2.5. */
MUST_USE int secret_poly1305(const uint8_t key[static 32], struct slice message,
	uint8_t ret_tag[static SECRETBOX_TAG_BYTES], struct error *err);
MUST_USE int secret_random(void *out, size_t len, struct error *err);

/* NaCl's secretbox: XSalsa20 and Poly1305; tag first. Both append (secretbox.c). */
MUST_USE int secretbox_seal(const uint8_t key[static SECRETBOX_KEY_BYTES],
	const uint8_t nonce[static SECRETBOX_NONCE_BYTES], struct slice plain,
	struct buffer *out, struct error *err);
/* ERR_REFUSED if the tag does not fit; nothing is written then. */
MUST_USE int secretbox_open(const uint8_t key[static SECRETBOX_KEY_BYTES],
	const uint8_t nonce[static SECRETBOX_NONCE_BYTES], struct slice box,
	struct buffer *out, struct error *err);

#endif
