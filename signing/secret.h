/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys and making signatures: nothing else in the project can. Written: PKCS#8
 * PEM, "PRIVATE KEY" or, with a passphrase, cosign's "ENCRYPTED SIGSTORE PRIVATE KEY"
 * (scrypt + NaCl secretbox), so that cosign and we read each other's, or "ENCRYPTED
 * PRIVATE KEY" (PKCS#5 v2). Read, too: the older label "ENCRYPTED COSIGN PRIVATE KEY",
 * "EC PRIVATE KEY" (SEC1) and "RSA PRIVATE KEY" (PKCS#1: melange, abuild). Files are made
 * new, with mode 0600. Memory is wiped when freed. cosign's form needs scrypt and
 * Poly1305, which FIPS providers lack; all else works with them.
 *
 * A private key may also stay in a token, named by a pkcs11: URI (pkcs11_uri.h), or with
 * somebody else, who signs files that are carried there (detached.h). What comes back is
 * checked against the public key, always.
 */
#ifndef SIGNING_SECRET_H
#define SIGNING_SECRET_H

#include "signing/key.h"

struct secret;
#define cleanup_secret CLEANUP(secret_free)

enum passphrase_kind { SECRET_PASSPHRASE = 1, SECRET_PIN };
/* Gives a passphrase (heap, wiped and freed by the caller of this) or NULL for none. */
typedef char *(*passphrase_source)(
	void *context, enum passphrase_kind kind, const char *prompt);

MUST_USE int secret_generate(enum key_type type, unsigned rsa_bits,
	struct secret **ret_secret, struct error *err);
/*
 * A file, or a pkcs11: URI. ERR_INPUT if the mode gives anybody else access (077), or
 * malformed; ERR_REFUSED for a wrong passphrase or PIN.
 */
MUST_USE int secret_load(const char *path, passphrase_source passphrase, void *context,
	struct secret **ret_secret, struct error *err);
/* passphrase NULL or "": not encrypted. Refuses to overwrite. The public half is for
 * key_to_pem to write. */
MUST_USE int secret_save(const struct secret *secret, const char *path,
	const char *passphrase, struct error *err);
/* How an encrypted key is written: cosign's form, or PKCS#8 with PBES2 (PBKDF2 and
 * AES-256, RFC 8018), which needs nothing that a FIPS provider lacks. */
enum secret_format { SECRET_FORMAT_COSIGN = 1, SECRET_FORMAT_PKCS8 };
MUST_USE int secret_save_as(const struct secret *secret, enum secret_format format,
	const char *path, const char *passphrase, struct error *err);
void secret_free(struct secret **secret);
/*
 * The first line of a file that holds a passphrase or PIN, with the same rules for its
 * mode as a private key; at most 1023 bytes. Heap; for wipe_str.
 */
MUST_USE int secret_read_line(const char *path, char **ret_text, struct error *err);
/* What a token calls the key; "" for files. Borrowed. */
const char *secret_label(const struct secret *secret);
/* A new key object. */
MUST_USE int secret_public(
	const struct secret *secret, struct key **ret_key, struct error *err);
/*
 * Appends the signature. SHA-256 for every ECDSA and RSA key (what all verifiers take),
 * pure Ed25519. ERR_REFUSED if what was made elsewhere is not by this key.
 */
MUST_USE int secret_sign(const struct secret *secret, struct slice message,
	struct buffer *ret_signature, struct error *err);
/* With SHA-1, for old readers of the APK format alone: RSA keys in files, else ERR_INPUT.
 */
MUST_USE int secret_sign_sha1(const struct secret *secret, struct slice message,
	struct buffer *ret_signature, struct error *err);

#endif
