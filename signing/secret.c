/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "signing/key_private.h"
#include "signing/secret_private.h"
#include "signing/wipe.h"

#define RSA_BITS_DEFAULT  4096
#define SCRYPT_MEMORY     (160 * MIB) /* 128 * N * r for N = 2^17, and some */
#define SIGNATURE_MAX     1024        /* RSA 8192 */
#define PBKDF2_ITERATIONS 600000      /* OWASP's number for HMAC-SHA-256 (2023) */
#define PBKDF2_SALT_BYTES 16          /* SP 800-132, 5.1: at least 128 bits */

struct secret {
	EVP_PKEY *pkey; /* NULL: it is elsewhere, and then: */
	const struct secret_remote *remote;
	void *context;
	struct key *key;
	enum key_type type;
};

void secret_free(struct secret **secret)
{
	if (!*secret)
		return;
	EVP_PKEY_free((*secret)->pkey); /* OpenSSL clears private parts */
	if ((*secret)->remote)
		(*secret)->remote->free((*secret)->context);
	key_free(&(*secret)->key);
	free(*secret);
	*secret = NULL;
}

/* The public half is to have its one encoding, whatever the file's was. */
static int name_curve(EVP_PKEY *pkey, struct error *err)
{
	if (EVP_PKEY_is_a(pkey, "EC") != 1)
		return 0;
	if (EVP_PKEY_set_utf8_string_param(
		    pkey, OSSL_PKEY_PARAM_EC_ENCODING, KEY_CURVE_ENCODING) == 1 &&
		EVP_PKEY_set_utf8_string_param(pkey,
			OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
			KEY_POINT_FORMAT) == 1)
		return 0;
	return key_crypto_error(err, ERR_INPUT, "private key: naming its curve");
}

/* Takes *pkey also on failure. */
static int secret_from_pkey(EVP_PKEY *pkey, struct secret **ret_secret, struct error *err)
{
	cleanup_secret struct secret *secret = calloc(1, sizeof(*secret));

	if (!secret) {
		EVP_PKEY_free(pkey);
		return error_set_memory(err);
	}
	secret->pkey = pkey;
	if (key_classify(pkey, &secret->type, err) < 0 || name_curve(pkey, err) < 0)
		return err->class;
	*ret_secret = take_ptr(secret);
	return 0;
}

int secret_from_remote(const struct secret_remote *remote, void *context,
	struct key **key, struct secret **ret_secret, struct error *err)
{
	struct secret *secret = calloc(1, sizeof(*secret));

	if (!secret)
		return error_set_memory(err);
	secret->type = key_get_type(*key);
	secret->key = take_ptr(*key);
	secret->remote = remote;
	secret->context = context;
	*ret_secret = secret;
	return 0;
}

const char *secret_label(const struct secret *secret)
{
	if (!secret->remote || !secret->remote->label)
		return "";
	return secret->remote->label(secret->context);
}

int secret_generate(enum key_type type, unsigned rsa_bits, struct secret **ret_secret,
	struct error *err)
{
	const char *curve = key_type_curve(type);
	EVP_PKEY *pkey = NULL;
	size_t bits = rsa_bits ? rsa_bits : RSA_BITS_DEFAULT;

	if (type == KEY_RSA && (bits < KEY_RSA_BITS_MIN || bits > KEY_RSA_BITS_MAX))
		return error_set(err, ERR_USAGE,
			"an RSA key has between %d and %d bits, not %zu",
			KEY_RSA_BITS_MIN, KEY_RSA_BITS_MAX, bits);
	ERR_clear_error();
	if (curve)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
	else if (type == KEY_RSA)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
	else if (type == KEY_ED25519)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		return error_set(err, ERR_BUG, "unknown key type %d", (int)type);
	if (!pkey)
		return key_crypto_error(err, ERR_SYSTEM, "generating a key");
	return secret_from_pkey(pkey, ret_secret, err);
}

/* ---- DER ---- */

/* An RSA pair is not checked: that takes seconds, and each signature is (by OpenSSL). */
static int check_pair(EVP_PKEY *pkey, struct error *err)
{
	EVP_PKEY_CTX *context;
	int status;

	if (EVP_PKEY_is_a(pkey, "RSA") == 1)
		return 0;
	context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	if (!context)
		return key_crypto_error(err, ERR_SYSTEM, "preparing to check a key");
	status = EVP_PKEY_pairwise_check(context);
	EVP_PKEY_CTX_free(context);
	if (status != 1)
		return key_crypto_error(err, ERR_INPUT,
			"private key: its public half belongs to another key");
	return 0;
}

static EVP_PKEY *decode(
	enum secret_form form, const unsigned char **at, const unsigned char *end)
{
	long len = end - *at; /* at most LIMIT_KEY_BYTES */
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *pkey = NULL;

	switch (form) {
	case SECRET_PKCS8:
		info = d2i_PKCS8_PRIV_KEY_INFO(NULL, at, len);
		if (info)
			pkey = EVP_PKCS82PKEY(info);
		PKCS8_PRIV_KEY_INFO_free(info);
		break;
	case SECRET_SEC1:
		pkey = d2i_PrivateKey(EVP_PKEY_EC, NULL, at, len);
		break;
	case SECRET_PKCS1:
		pkey = d2i_PrivateKey(EVP_PKEY_RSA, NULL, at, len);
		break;
	default:
		break;
	}
	return pkey;
}

int secret_from_der(enum secret_form form, struct slice der, struct secret **ret_secret,
	struct error *err)
{
	const unsigned char *at = (const unsigned char *)der.data, *end = at + der.len;
	EVP_PKEY *pkey;

	if (der.len == 0 || der.len > LIMIT_KEY_BYTES)
		return error_set(
			err, ERR_INPUT, "private key: %zu bytes of DER", der.len);
	ERR_clear_error();
	pkey = decode(form, &at, end);
	if (!pkey)
		return key_crypto_error(err, ERR_INPUT, "not a private key");
	if (at != end) {
		EVP_PKEY_free(pkey);
		return error_set(err, ERR_INPUT, "private key: more bytes behind it");
	}
	if (check_pair(pkey, err) < 0) {
		EVP_PKEY_free(pkey);
		return err->class;
	}
	return secret_from_pkey(pkey, ret_secret, err);
}

static int decrypt_info(const X509_SIG *encrypted, const char *passphrase,
	EVP_PKEY **ret_pkey, struct error *err)
{
	size_t len = strlen(passphrase);
	PKCS8_PRIV_KEY_INFO *info;

	if (len > LIMIT_KEY_BYTES)
		return error_set(err, ERR_INPUT, "the passphrase is too long");
	info = PKCS8_decrypt(encrypted, passphrase, (int)len); /* tested above */
	if (!info && ERR_GET_REASON(ERR_peek_error()) == ERR_R_UNSUPPORTED)
		return key_crypto_error(
			err, ERR_SYSTEM, "its encryption is not available here");
	if (!info)
		return key_crypto_error(
			err, ERR_REFUSED, "wrong passphrase, or a damaged file");
	*ret_pkey = EVP_PKCS82PKEY(info);
	PKCS8_PRIV_KEY_INFO_free(info);
	if (!*ret_pkey)
		return key_crypto_error(
			err, ERR_REFUSED, "wrong passphrase, or a damaged file");
	return 0;
}

int secret_from_encrypted_der(struct slice der, const char *passphrase,
	struct secret **ret_secret, struct error *err)
{
	const unsigned char *at = (const unsigned char *)der.data, *end = at + der.len;
	EVP_PKEY *pkey = NULL;
	X509_SIG *encrypted;
	int status;

	if (der.len == 0 || der.len > LIMIT_KEY_BYTES)
		return error_set(
			err, ERR_INPUT, "private key: %zu bytes of DER", der.len);
	ERR_clear_error();
	encrypted = d2i_X509_SIG(NULL, &at, (long)der.len); /* tested above */
	if (!encrypted || at != end) {
		X509_SIG_free(encrypted);
		return key_crypto_error(err, ERR_INPUT, "not an encrypted private key");
	}
	status = decrypt_info(encrypted, passphrase, &pkey, err);
	X509_SIG_free(encrypted);
	if (status < 0)
		return status;
	if (check_pair(pkey, err) < 0) {
		EVP_PKEY_free(pkey);
		return err->class;
	}
	return secret_from_pkey(pkey, ret_secret, err);
}

int secret_to_der(const struct secret *secret, struct buffer *out, struct error *err)
{
	PKCS8_PRIV_KEY_INFO *info;
	unsigned char *der = NULL;
	int len, status;

	if (secret->remote)
		return error_set(err, ERR_INPUT,
			"a private key that is elsewhere cannot be written");
	info = EVP_PKEY2PKCS8(secret->pkey);
	len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (len <= 0)
		return key_crypto_error(err, ERR_SYSTEM, "encoding a private key");
	status = buffer_add(out, der, (size_t)len, err); /* positive */
	OPENSSL_clear_free(der, (size_t)len);
	return status;
}

static int copy_key(const struct key *key, struct key **ret_key, struct error *err)
{
	cleanup_buffer struct buffer pem = BUFFER_INIT;

	if (key_to_pem(key, &pem, err) < 0)
		return err->class;
	return key_from_pem(buffer_slice(&pem), ret_key, err);
}

int secret_public(const struct secret *secret, struct key **ret_key, struct error *err)
{
	unsigned char *der = NULL;
	int len, status;

	if (secret->remote)
		return copy_key(secret->key, ret_key, err);
	len = i2d_PUBKEY(secret->pkey, &der);
	if (len <= 0)
		return key_crypto_error(err, ERR_SYSTEM, "encoding a public key");
	status = key_from_own_der(
		slice_from(der, (size_t)len), ret_key, err); /* positive */
	OPENSSL_free(der);
	return status;
}

/* The algorithm of PBES2 with its parameters; NULL on failure. */
static X509_ALGOR *new_pbes2(void)
{
	unsigned char salt[PBKDF2_SALT_BYTES];

	if (RAND_bytes(salt, sizeof(salt)) != 1)
		return NULL;
	return PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), PBKDF2_ITERATIONS, salt, sizeof(salt),
		NULL, NID_hmacWithSHA256);
}

int secret_to_encrypted_der(const struct secret *secret, const char *passphrase,
	struct buffer *out, struct error *err)
{
	PKCS8_PRIV_KEY_INFO *info;
	X509_ALGOR *algorithm;
	X509_SIG *encrypted = NULL;
	unsigned char *der = NULL;
	size_t passphrase_len = strlen(passphrase);
	int len = -1, status;

	if (secret->remote || passphrase_len > LIMIT_KEY_BYTES)
		return error_set(err, ERR_INPUT, "%s",
			secret->remote
				? "a private key that is elsewhere cannot be written"
				: "the passphrase is too long");
	ERR_clear_error();
	info = EVP_PKEY2PKCS8(secret->pkey);
	algorithm = new_pbes2();
	if (info && algorithm) /* takes the algorithm if it succeeds */
		encrypted = PKCS8_set0_pbe(
			passphrase, (int)passphrase_len, info, algorithm); /* tested */
	if (encrypted)
		len = i2d_X509_SIG(encrypted, &der);
	else
		X509_ALGOR_free(algorithm);
	PKCS8_PRIV_KEY_INFO_free(info);
	X509_SIG_free(encrypted);
	if (len <= 0)
		return key_crypto_error(err, ERR_SYSTEM, "encrypting a private key");
	status = buffer_add(out, der, (size_t)len, err); /* positive */
	OPENSSL_free(der);
	return status;
}

/* ---- signing ---- */

/* A token with another public object beside the key, a carrier that mixed up files: what
 * others would not verify is not handed on. */
static int sign_elsewhere(const struct secret *secret, struct slice message,
	struct buffer *ret_signature, struct error *err)
{
	cleanup_buffer struct buffer signature = BUFFER_INIT;

	if (secret->remote->sign(
		    secret->context, secret->type, message, &signature, err) < 0)
		return err->class;
	if (key_verify(secret->key, message, buffer_slice(&signature), err) < 0)
		return error_wrap(err, "a signature that was made elsewhere");
	return buffer_add_slice(ret_signature, buffer_slice(&signature), err);
}

static int sign_here(const struct secret *secret, const char *digest,
	struct slice message, struct buffer *ret_signature, struct error *err)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);
	int status;

	if (!context)
		return error_set_memory(err);
	ERR_clear_error();
	status = EVP_DigestSignInit_ex(
		context, NULL, digest, NULL, NULL, secret->pkey, NULL);
	if (status == 1)
		status = EVP_DigestSign(context, signature, &len,
			(const unsigned char *)message.data, message.len);
	EVP_MD_CTX_free(context);
	/* OpenSSL 3.0 says success and a length of -1 when memory runs out in ECDSA */
	if (status != 1 || len == 0 || len > sizeof(signature))
		return key_crypto_error(err, ERR_SYSTEM, "signing");
	return buffer_add(ret_signature, signature, len, err);
}

int secret_sign(const struct secret *secret, struct slice message,
	struct buffer *ret_signature, struct error *err)
{
	const char *digest = secret->type == KEY_ED25519 ? NULL : "SHA256";

	return secret->remote ? sign_elsewhere(secret, message, ret_signature, err)
			      : sign_here(secret, digest, message, ret_signature, err);
}

int secret_sign_sha1(const struct secret *secret, struct slice message,
	struct buffer *ret_signature, struct error *err)
{
	if (secret->type != KEY_RSA || secret->remote)
		return error_set(err, ERR_INPUT,
			"signatures with SHA-1 are made with RSA keys in files only");
	return sign_here(secret, "SHA1", message, ret_signature, err);
}

/* ---- primitives for cosign's key files ---- */

int secret_scrypt(const char *passphrase, struct slice salt, uint64_t n,
	uint8_t ret_key[static SECRETBOX_KEY_BYTES], struct error *err)
{
	uint64_t memory = SCRYPT_MEMORY;
	uint32_t r = 8, p = 1;
	/* OSSL_PARAM has no const; the KDF only reads */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
			(void *)(uintptr_t)passphrase, strlen(passphrase)),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.data, salt.len),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	int status =
		context ? EVP_KDF_derive(context, ret_key, SECRETBOX_KEY_BYTES, params)
			: 0;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	if (status == 1)
		return 0;
	/* before OpenSSL's own: it says what to do. Returned below */
	(void)error_set(err, ERR_SYSTEM, "scrypt is not available");
	(void)error_remedy(err,
		"cosign's encrypted form cannot be used where only FIPS "
		"algorithms are: alnage keygen --password --format pkcs8");
	return key_crypto_error(err, ERR_SYSTEM, "scrypt");
}

int secret_poly1305(const uint8_t key[static 32], struct slice message,
	uint8_t ret_tag[static SECRETBOX_TAG_BYTES], struct error *err)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t len = 0;
	bool done = context && EVP_MAC_init(context, key, 32, NULL) == 1 &&
		    EVP_MAC_update(context, (const unsigned char *)message.data,
			    message.len) == 1 &&
		    EVP_MAC_final(context, ret_tag, &len, SECRETBOX_TAG_BYTES) == 1 &&
		    len == SECRETBOX_TAG_BYTES;

	EVP_MAC_CTX_free(context);
	EVP_MAC_free(mac);
	return done ? 0 : key_crypto_error(err, ERR_SYSTEM, "Poly1305");
}

int secret_random(void *out, size_t len, struct error *err)
{
	if (len > INT_MAX || RAND_priv_bytes(out, (int)len) != 1) /* tested before */
		return key_crypto_error(err, ERR_SYSTEM, "random numbers");
	return 0;
}
