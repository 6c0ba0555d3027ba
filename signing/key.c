/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/encode.h"
#include "base/fs.h"
#include "base/limits.h"
#include "signing/key_private.h"
#include "signing/pem.h"

#define RSA_EXPONENT_MIN 65537 /* FIPS 186-5, A.1.1 */

struct key {
	EVP_PKEY *pkey;
	enum key_type type;
	struct digest id;
};

static const struct {
	enum key_type type;
	const char *name;
	const char *curve; /* as NIST names it */
	const char *group; /* as OpenSSL names it */
} types[] = {
	{KEY_ECDSA_P256, "ecdsa-p256", "P-256", "prime256v1"},
	{KEY_ECDSA_P384, "ecdsa-p384", "P-384", "secp384r1"},
	{KEY_ECDSA_P521, "ecdsa-p521", "P-521", "secp521r1"},
	{KEY_RSA, "rsa", NULL, NULL},
	{KEY_ED25519, "ed25519", NULL, NULL},
};

const char *key_type_name(enum key_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return "unknown";
}

const char *key_type_curve(enum key_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].curve;
	return NULL;
}

int key_crypto_error(struct error *err, enum err class, const char *what)
{
	unsigned long first = ERR_get_error();
	char text[256] = "no reason given";

	if (first != 0)
		ERR_error_string_n(first, text, sizeof(text));
	ERR_clear_error();
	(void)error_set(err, class, "%s: %s", what, text); /* returned below */
	if (ERR_GET_REASON(first) == ERR_R_UNSUPPORTED &&
		EVP_default_properties_is_fips_enabled(NULL))
		return error_remedy(err,
			"OpenSSL is set to FIPS algorithms only, and has no "
			"such one: see alnage keygen --help, and "
			"openssl list -providers");
	return (int)err->class;
}

/* ---- which keys are good enough ---- */

static int classify_curve(
	const EVP_PKEY *pkey, enum key_type *ret_type, struct error *err)
{
	char group[64];

	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return key_crypto_error(
			err, ERR_INPUT, "key: an elliptic curve without a name");
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (!types[i].group || strcmp(types[i].group, group) != 0)
			continue;
		*ret_type = types[i].type;
		return 0;
	}
	return error_set(
		err, ERR_INPUT, "key: curve %s is not one of P-256, P-384, P-521", group);
}

static int check_rsa(const EVP_PKEY *pkey, struct error *err)
{
	int bits = EVP_PKEY_get_bits(pkey);
	BIGNUM *exponent = NULL;
	bool good;

	if (bits < KEY_RSA_BITS_MIN || bits > KEY_RSA_BITS_MAX)
		return error_set(err, ERR_INPUT,
			"key: RSA with %d bits; between %d and %d are accepted", bits,
			KEY_RSA_BITS_MIN, KEY_RSA_BITS_MAX);
	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
		return key_crypto_error(err, ERR_INPUT, "key: RSA without an exponent");
	good = BN_is_odd(exponent) && BN_num_bits(exponent) <= 64 &&
	       BN_get_word(exponent) >= RSA_EXPONENT_MIN;
	BN_free(exponent);
	if (!good)
		return error_set(err, ERR_INPUT,
			"key: RSA exponent is even, or not between 65537 and 2^64");
	return 0;
}

int key_classify(const EVP_PKEY *pkey, enum key_type *ret_type, struct error *err)
{
	if (EVP_PKEY_is_a(pkey, "EC") == 1)
		return classify_curve(pkey, ret_type, err);
	if (EVP_PKEY_is_a(pkey, "ED25519") == 1) {
		*ret_type = KEY_ED25519;
		return 0;
	}
	if (EVP_PKEY_is_a(pkey, "RSA") == 1) {
		if (check_rsa(pkey, err) < 0)
			return err->class;
		*ret_type = KEY_RSA;
		return 0;
	}
	return error_set(err, ERR_INPUT,
		"key: type %s is not one of ECDSA, RSA (PKCS#1 v1.5), Ed25519",
		EVP_PKEY_get0_type_name(pkey) ? EVP_PKEY_get0_type_name(pkey)
					      : "unknown");
}

/*
 * The point is on the curve (which is all there is to it: our curves have no small
 * subgroups); the modulus is not a prime, has no small factor.
 */
static int check_public(EVP_PKEY *pkey, struct error *err)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	int status;

	if (!context)
		return key_crypto_error(err, ERR_SYSTEM, "key: preparing to check");
	status = EVP_PKEY_public_check_quick(context);
	EVP_PKEY_CTX_free(context);
	if (status != 1)
		return key_crypto_error(err, ERR_INPUT, "key: not a valid public key");
	return 0;
}

/* ---- reading and writing ---- */

/* OpenSSL also reads, and writes again, curves that are spelt out and points that are
 * compressed or hybrid. */
static int check_curve_encoding(const EVP_PKEY *pkey, struct error *err)
{
	char curve[32], point[32];

	if (EVP_PKEY_is_a(pkey, "EC") != 1)
		return 0;
	if (EVP_PKEY_get_utf8_string_param(
		    pkey, OSSL_PKEY_PARAM_EC_ENCODING, curve, sizeof(curve), NULL) != 1 ||
		EVP_PKEY_get_utf8_string_param(pkey,
			OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, point, sizeof(point),
			NULL) != 1)
		return key_crypto_error(err, ERR_INPUT, "key: how it is encoded");
	if (strcmp(curve, KEY_CURVE_ENCODING) == 0 &&
		strcmp(point, KEY_POINT_FORMAT) == 0)
		return 0;
	(void)error_set(err, ERR_INPUT, /* returned below */
		"key: its curve is not named, or its point not uncompressed: other "
		"tools do not read that");
	return error_remedy(err, "openssl ec -pubin -in OLD -out NEW "
				 "-param_enc named_curve -conv_form uncompressed");
}

/* One key has one encoding, or its identity would be ambiguous, and it could be counted
 * twice where k of n must have signed. */
static int check_encoding(EVP_PKEY *pkey, struct slice der, struct error *err)
{
	unsigned char *encoded = NULL;
	int len = i2d_PUBKEY(pkey, &encoded);
	bool same;

	if (len <= 0)
		return key_crypto_error(err, ERR_INPUT, "key: encoding it again");
	same = slice_equal(der, slice_from(encoded, (size_t)len)); /* positive */
	OPENSSL_free(encoded);
	if (!same)
		return error_set(err, ERR_INPUT, "key: not the DER form of a public key");
	return check_curve_encoding(pkey, err);
}

/*
 * SubjectPublicKeyInfo up to the key itself (RFC 5480, 2.1.1; RFC 8410, 4), of keys that
 * are all of one length. What begins so has its one encoding, and OpenSSL need not look
 * for decoders and encoders, which takes it longer than all else that a verification
 * does.
 */
#define EC_PUBLIC_KEY "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"     /* id-ecPublicKey */
#define SECP256R1     "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07" /* its parameters */
#define SECP384R1     "\x06\x05\x2b\x81\x04\x00\x22"
#define SECP521R1     "\x06\x05\x2b\x81\x04\x00\x23"
#define ED25519       "\x06\x03\x2b\x65\x70"
#define UNCOMPRESSED  "\x04"
static const struct {
	enum key_type type;
	struct slice head;
	size_t len; /* of the rest: the two numbers of a point; or the 32 bytes */
} forms[] = {
	{KEY_ECDSA_P256,
		SLICE("\x30\x59\x30\x13" EC_PUBLIC_KEY SECP256R1
		      "\x03\x42\x00" UNCOMPRESSED),
		64},
	{KEY_ECDSA_P384,
		SLICE("\x30\x76\x30\x10" EC_PUBLIC_KEY SECP384R1
		      "\x03\x62\x00" UNCOMPRESSED),
		96},
	{KEY_ECDSA_P521,
		SLICE("\x30\x81\x9b\x30\x10" EC_PUBLIC_KEY SECP521R1
		      "\x03\x81\x86\x00" UNCOMPRESSED),
		132},
	{KEY_ED25519, SLICE("\x30\x2a\x30\x05" ED25519 "\x03\x21\x00"), 32},
};

/* data: the point with its first byte, or the 32 bytes. NULL if it is none. */
static EVP_PKEY *make_public(const char *type, const char *group, struct slice data)
{
	/* OSSL_PARAM has no const; nothing is written */
	OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
				       (void *)(uintptr_t)data.data, data.len),
		OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (group)
		params[1] = OSSL_PARAM_construct_utf8_string(
			OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0);
	if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
		EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(context);
	return pkey;
}

/* NULL: of another form, or none. */
static EVP_PKEY *read_form(struct slice der)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const char *group = key_type_curve(forms[i].type);
		size_t at = forms[i].head.len - (group ? 1 : 0);

		if (der.len == forms[i].head.len + forms[i].len &&
			slice_starts_with(der, forms[i].head))
			return make_public(group ? "EC" : "ED25519", group,
				slice_sub(der, at, der.len));
	}
	return NULL;
}

/* Of any other form; and what is wrong with those above. */
static int decode(struct slice der, EVP_PKEY **ret_pkey, struct error *err)
{
	const unsigned char *at = (const unsigned char *)der.data;

	ERR_clear_error();
	*ret_pkey = d2i_PUBKEY(NULL, &at, (long)der.len); /* below LIMIT_KEY_BYTES */
	if (!*ret_pkey)
		return key_crypto_error(err, ERR_INPUT, "key: not a public key");
	return check_encoding(*ret_pkey, der, err);
}

static int read_der(
	struct slice der, bool is_own, struct key **ret_key, struct error *err)
{
	cleanup_key struct key *key = NULL;

	if (der.len == 0 || der.len > LIMIT_KEY_BYTES)
		return error_set(err, ERR_INPUT, "key: %zu bytes of DER", der.len);
	key = calloc(1, sizeof(*key));
	if (!key)
		return error_set_memory(err);
	ERR_clear_error();
	key->pkey = read_form(der);
	if ((!key->pkey && decode(der, &key->pkey, err) < 0) ||
		key_classify(key->pkey, &key->type, err) < 0 ||
		(!is_own && check_public(key->pkey, err) < 0) ||
		digest_of(DIGEST_SHA256, der, &key->id, err) < 0)
		return err->class;
	*ret_key = take_ptr(key);
	return 0;
}

int key_from_der(struct slice der, struct key **ret_key, struct error *err)
{
	return read_der(der, false, ret_key, err);
}

int key_from_own_der(struct slice der, struct key **ret_key, struct error *err)
{
	return read_der(der, true, ret_key, err);
}

int key_from_pkcs1(struct slice der, struct key **ret_key, struct error *err)
{
	const unsigned char *at = (const unsigned char *)der.data;
	unsigned char *spki = NULL;
	EVP_PKEY *pkey;
	int len, status;

	if (der.len == 0 || der.len > LIMIT_KEY_BYTES)
		return error_set(err, ERR_INPUT, "key: %zu bytes of DER", der.len);
	ERR_clear_error();
	pkey = d2i_PublicKey(
		EVP_PKEY_RSA, NULL, &at, (long)der.len); /* below LIMIT_KEY_BYTES */
	if (!pkey)
		return key_crypto_error(err, ERR_INPUT, "key: not an RSA public key");
	len = i2d_PUBKEY(pkey, &spki);
	EVP_PKEY_free(pkey);
	if (len <= 0)
		return key_crypto_error(err, ERR_SYSTEM, "key: encoding");
	if (at != (const unsigned char *)der.data + der.len)
		status = error_set(err, ERR_INPUT, "key: bytes behind it");
	else
		status = key_from_der(
			slice_from(spki, (size_t)len), ret_key, err); /* positive */
	OPENSSL_free(spki);
	return status;
}

int key_from_pem(struct slice pem, struct key **ret_key, struct error *err)
{
	cleanup_buffer struct buffer der = BUFFER_INIT;
	struct slice label;

	if (pem_decode(pem, &label, &der, err) < 0)
		return err->class;
	if (!slice_equal_str(label, "PUBLIC KEY")) {
		(void)error_set(err, ERR_INPUT,
			"key: \"PUBLIC KEY\" was expected, this is \"%.*s\"",
			SLICE_ARG(label));
		return error_remedy(err, "name the public half, FILE.pub of keygen");
	}
	return key_from_der(buffer_slice(&der), ret_key, err);
}

int key_load(const char *path, struct key **ret_key, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;

	if (fs_read_file(AT_FDCWD, path, LIMIT_KEY_BYTES, &text, err) < 0)
		return error_wrap(err, "reading a public key");
	if (key_from_pem(buffer_slice(&text), ret_key, err) < 0)
		return error_wrap(err, "%s", path);
	return 0;
}

void key_free(struct key **key)
{
	if (!*key)
		return;
	EVP_PKEY_free((*key)->pkey);
	free(*key);
	*key = NULL;
}

enum key_type key_get_type(const struct key *key)
{
	return key->type;
}

unsigned key_bits(const struct key *key)
{
	int bits = EVP_PKEY_get_bits(key->pkey);

	return bits > 0 ? (unsigned)bits : 0;
}

const struct digest *key_id(const struct key *key)
{
	return &key->id;
}

int key_to_pem(const struct key *key, struct buffer *out, struct error *err)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key->pkey, &der);
	int status;

	if (len <= 0)
		return key_crypto_error(err, ERR_SYSTEM, "key: encoding");
	status = pem_encode(
		"PUBLIC KEY", slice_from(der, (size_t)len), out, err); /* positive */
	OPENSSL_free(der);
	return status;
}

int key_hint(const struct key *key, struct buffer *out, struct error *err)
{
	return base64_encode(slice_from(key->id.bytes, key->id.len), out, err);
}

/* ---- checking signatures ---- */

/* How a message may have been signed: with a digest (NULL: the type has its own), in one
 * of the type's variants (NULL: the usual one). */
struct manner {
	const char *digest, *variant;
};

static int verify_in(const struct key *key, const struct manner *manner,
	struct slice message, struct slice signature, bool *ret_holds, struct error *err)
{
	/* OSSL_PARAM has no const; the name is only read. OpenSSL below 3.2 passes the
	 * variant over, and checks for the usual one again. */
	OSSL_PARAM params[] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int status;

	if (!context)
		return error_set_memory(err);
	if (manner->variant)
		params[0] = OSSL_PARAM_construct_utf8_string(
			"instance", (char *)(uintptr_t)manner->variant, 0);
	ERR_clear_error();
	status = EVP_DigestVerifyInit_ex(
		context, NULL, manner->digest, NULL, NULL, key->pkey, params);
	if (status != 1) {
		EVP_MD_CTX_free(context);
		(void)key_crypto_error(/* returned below, or of no interest */
			err, ERR_SYSTEM, "preparing to check a signature");
		if (!manner->variant)
			return err->class;
		error_clear(err); /* a library without it finds none that holds */
		return 0;
	}
	status = EVP_DigestVerify(context, (const unsigned char *)signature.data,
		signature.len, (const unsigned char *)message.data, message.len);
	EVP_MD_CTX_free(context);
	ERR_clear_error(); /* why a signature does not hold is of no use to anybody */
	*ret_holds = status == 1;
	return 0;
}

int key_verify(const struct key *key, struct slice message, struct slice signature,
	struct error *err)
{
	/* cosign 3 signs with the curve's own digest, and with Ed25519ph */
	static const struct manner manners[][2] = {
		[KEY_ECDSA_P256] = {{"SHA256", NULL}},
		[KEY_ECDSA_P384] = {{"SHA256", NULL}, {"SHA384", NULL}},
		[KEY_ECDSA_P521] = {{"SHA256", NULL}, {"SHA512", NULL}},
		[KEY_RSA] = {{"SHA256", NULL}},
		[KEY_ED25519] = {{NULL, NULL}, {NULL, "Ed25519ph"}},
	};
	const struct manner *other = &manners[key->type][1];
	char id[DIGEST_TEXT_MAX];
	bool holds = false;

	if (signature.len == 0)
		return error_set(err, ERR_REFUSED, "the signature is empty");
	if (verify_in(key, &manners[key->type][0], message, signature, &holds, err) < 0)
		return err->class;
	if (!holds && (other->digest || other->variant) &&
		verify_in(key, other, message, signature, &holds, err) < 0)
		return err->class;
	if (!holds)
		return error_set(err, ERR_REFUSED, "the signature is not by %s key %.16s",
			key_type_name(key->type), digest_format_hex(&key->id, id));
	return 0;
}

int key_verify_sha1(const struct key *key, struct slice message, struct slice signature,
	struct error *err)
{
	static const struct manner manner = {"SHA1", NULL};
	char id[DIGEST_TEXT_MAX];
	bool holds = false;

	if (key->type != KEY_RSA)
		return error_set(err, ERR_REFUSED,
			"signatures with SHA-1 are by RSA keys, not %s",
			key_type_name(key->type));
	if (verify_in(key, &manner, message, signature, &holds, err) < 0)
		return err->class;
	return holds ? 0
		     : error_set(err, ERR_REFUSED,
			       "the signature is not by rsa key %.16s",
			       digest_format_hex(&key->id, id));
}

static int verify_digest_with(const struct key *key, const struct digest *digest,
	struct slice signature, bool *ret_holds, struct error *err)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	const EVP_MD *algorithm =
		digest->algorithm == DIGEST_SHA512 ? EVP_sha512() : EVP_sha256();

	if (!context)
		return error_set_memory(err);
	ERR_clear_error();
	if (EVP_PKEY_verify_init(context) != 1 ||
		(key->type == KEY_RSA &&
			EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1) ||
		EVP_PKEY_CTX_set_signature_md(context, algorithm) != 1) {
		EVP_PKEY_CTX_free(context);
		return key_crypto_error(
			err, ERR_SYSTEM, "preparing to check a signature");
	}
	*ret_holds = EVP_PKEY_verify(context, (const unsigned char *)signature.data,
			     signature.len, digest->bytes, digest->len) == 1;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error(); /* as in verify_in */
	return 0;
}

int key_verify_digest(const struct key *key, const struct digest *digest,
	struct slice signature, struct error *err)
{
	char id[DIGEST_TEXT_MAX];
	bool holds = false;

	if (key->type == KEY_ED25519)
		return error_set(err, ERR_REFUSED,
			"an Ed25519 signature cannot be checked with a digest alone");
	if (digest->algorithm != DIGEST_SHA256 &&
		!(digest->algorithm == DIGEST_SHA512 && key->type == KEY_ECDSA_P521))
		return error_set(err, ERR_REFUSED, "%s is not used with %s keys",
			digest_algorithm_name(digest->algorithm),
			key_type_name(key->type));
	if (signature.len == 0)
		return error_set(err, ERR_REFUSED, "the signature is empty");
	if (verify_digest_with(key, digest, signature, &holds, err) < 0)
		return err->class;
	if (!holds)
		return error_set(err, ERR_REFUSED, "the signature is not by %s key %.16s",
			key_type_name(key->type), digest_format_hex(&key->id, id));
	return 0;
}
