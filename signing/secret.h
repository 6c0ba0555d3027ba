/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys and making signatures: the only file of the project that can.
 * Files are 0600, made O_EXCL; PKCS#8 PEM, "PRIVATE KEY" or, with a passphrase, cosign's
 * "ENCRYPTED SIGSTORE PRIVATE KEY" (scrypt + NaCl secretbox) so that cosign and we read
 * each other's; "ENCRYPTED PRIVATE KEY" (PKCS#5 v2) is read, too. Memory is wiped when
 * freed.
 */
#ifndef SIGNING_SECRET_H
#define SIGNING_SECRET_H

#include "signing/key.h"

struct secret;
#define cleanup_secret CLEANUP(secret_free)

/* Gives a passphrase (heap, wiped and freed by the caller of this) or NULL for none. */
typedef char *(*passphrase_source)(void *context, const char *prompt);

MUST_USE int secret_generate(enum key_type type, unsigned rsa_bits,
	struct secret **ret_secret, struct error *err);
/* ERR_INPUT if the file is readable for others, or malformed; ERR_REFUSED for a wrong
 * passphrase. */
MUST_USE int secret_load(const char *path, passphrase_source passphrase, void *context,
	struct secret **ret_secret, struct error *err);
/* passphrase NULL or "": not encrypted. Refuses to overwrite. Also used for PATH.pub by
 * key_to_pem. */
MUST_USE int secret_save(const struct secret *secret, const char *path,
	const char *passphrase, struct error *err);
void secret_free(struct secret **secret);
/* A new key object. */
MUST_USE int secret_public(
	const struct secret *secret, struct key **ret_key, struct error *err);
/*
 * Appends the signature. SHA-256 for every ECDSA and RSA key (what all verifiers take),
 * pure Ed25519.
 */
MUST_USE int secret_sign(const struct secret *secret, struct slice message,
	struct buffer *ret_signature, struct error *err);

#endif
