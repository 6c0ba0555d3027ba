/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "signing/key_private.h"
#include "signing/pkcs11_private.h"

#define POINT_MAX     133 /* P-521, uncompressed */
#define HALF_MAX      66  /* r or s of P-521 */
#define ED25519_BYTES 32

/* ---- public keys ---- */

/* Takes pkey, which may be NULL: OpenSSL has the reason. */
static int key_from_pkey(EVP_PKEY *pkey, struct key **ret_key, struct error *err)
{
	unsigned char *der = NULL;
	int len = pkey ? i2d_PUBKEY(pkey, &der) : -1;
	int status;

	EVP_PKEY_free(pkey);
	if (len <= 0)
		return key_crypto_error(
			err, ERR_INPUT, "the token's public key is malformed");
	status = key_from_der(slice_from(der, (size_t)len), ret_key, err); /* positive */
	OPENSSL_free(der);
	return status;
}

static int key_from_params(
	const char *type, OSSL_PARAM *params, struct key **ret_key, struct error *err)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (context && params && EVP_PKEY_fromdata_init(context) == 1)
		(void)EVP_PKEY_fromdata(/* failed: pkey stays NULL */
			context, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(context);
	return key_from_pkey(pkey, ret_key, err);
}

static const char *curve_name(struct slice parameters)
{
	const unsigned char *at = (const unsigned char *)parameters.data;
	ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &at, (long)parameters.len);
	int nid = object ? OBJ_obj2nid(object) : NID_undef;

	ASN1_OBJECT_free(object);
	return nid == NID_undef ? NULL : OBJ_nid2sn(nid);
}

static int unwrap_point(
	struct slice wrapped, unsigned char *out, size_t *ret_len, struct error *err)
{
	const unsigned char *at = (const unsigned char *)wrapped.data;
	ASN1_OCTET_STRING *point = d2i_ASN1_OCTET_STRING(NULL, &at, (long)wrapped.len);
	int len = point ? ASN1_STRING_length(point) : 0;
	bool good = len > 0 && len <= POINT_MAX &&
		    at == (const unsigned char *)wrapped.data + wrapped.len;

	if (good)
		memcpy(out, ASN1_STRING_get0_data(point), (size_t)len); /* positive */
	ASN1_OCTET_STRING_free(point);
	ERR_clear_error();
	if (!good)
		return error_set(
			err, ERR_INPUT, "the token's CKA_EC_POINT is no OCTET STRING");
	*ret_len = (size_t)len;
	return 0;
}

int pkcs11_ec_key(struct slice parameters, struct slice point, struct key **ret_key,
	struct error *err)
{
	unsigned char bytes[POINT_MAX];
	const char *curve;
	size_t len;

	ERR_clear_error();
	curve = curve_name(parameters);
	if (!curve)
		return key_crypto_error(
			err, ERR_INPUT, "the token's key has no named curve");
	if (unwrap_point(point, bytes, &len, err) < 0)
		return err->class;
	/* OSSL_PARAM has no const; the name is only read */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)curve, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes, len),
		OSSL_PARAM_construct_end(),
	};
	return key_from_params("EC", params, ret_key, err);
}

/* The curve's name (PKCS #11 v3.0, 2.3.5) or its OID (RFC 8410). */
static bool is_ed25519(struct slice parameters)
{
	static const unsigned char name[] = {
		0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
	static const unsigned char oid[] = {0x06, 3, 0x2b, 0x65, 0x70};

	return slice_equal(parameters, slice_from(name, sizeof(name))) ||
	       slice_equal(parameters, slice_from(oid, sizeof(oid)));
}

int pkcs11_ed25519_key(struct slice parameters, struct slice point, struct key **ret_key,
	struct error *err)
{
	unsigned char bytes[POINT_MAX];
	size_t len = point.len;

	if (!is_ed25519(parameters))
		return error_set(
			err, ERR_INPUT, "the token's Edwards curve is not Ed25519");
	if (point.len == ED25519_BYTES) /* as version 3.0 has it; others wrap it */
		memcpy(bytes, point.data, ED25519_BYTES);
	else if (unwrap_point(point, bytes, &len, err) < 0)
		return err->class;
	if (len != ED25519_BYTES)
		return error_set(
			err, ERR_INPUT, "the token's Ed25519 point has %zu bytes", len);
	ERR_clear_error();
	return key_from_pkey(EVP_PKEY_new_raw_public_key_ex(
				     NULL, "ED25519", NULL, bytes, ED25519_BYTES),
		ret_key, err);
}

int pkcs11_rsa_key(struct slice modulus, struct slice exponent, struct key **ret_key,
	struct error *err)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	/* lengths are below those of attributes */
	BIGNUM *n =
		BN_bin2bn((const unsigned char *)modulus.data, (int)modulus.len, NULL);
	BIGNUM *e =
		BN_bin2bn((const unsigned char *)exponent.data, (int)exponent.len, NULL);
	OSSL_PARAM *params = NULL;
	int status;

	if (builder && n && e &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(builder);
	status = key_from_params("RSA", params, ret_key, err);
	OSSL_PARAM_free(params);
	BN_free(e);
	BN_free(n);
	OSSL_PARAM_BLD_free(builder);
	return status;
}

/* ---- signatures ---- */

int pkcs11_ecdsa_der(struct slice raw, struct buffer *out, struct error *err)
{
	const unsigned char *bytes = (const unsigned char *)raw.data;
	size_t half = raw.len / 2;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r, *s;
	unsigned char *der = NULL;
	int len = -1, status;

	if (raw.len == 0 || raw.len % 2 != 0 || half > HALF_MAX) {
		ECDSA_SIG_free(signature);
		return error_set(err, ERR_INPUT,
			"the token's signature has %zu bytes, which is no r and s",
			raw.len);
	}
	r = BN_bin2bn(bytes, (int)half, NULL); /* at most HALF_MAX */
	s = BN_bin2bn(bytes + half, (int)half, NULL);
	if (signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1) {
		r = s = NULL; /* the signature's now */
		len = i2d_ECDSA_SIG(signature, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	if (len <= 0)
		return key_crypto_error(err, ERR_SYSTEM, "encoding a signature");
	status = buffer_add(out, der, (size_t)len, err); /* positive */
	OPENSSL_free(der);
	return status;
}

int pkcs11_digest_info(struct slice message, struct buffer *out, struct error *err)
{
	/* RFC 8017, 9.2, note 1: SHA-256 */
	static const unsigned char prefix[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
		0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	struct digest digest;

	if (digest_of(DIGEST_SHA256, message, &digest, err) < 0 ||
		buffer_add(out, prefix, sizeof(prefix), err) < 0)
		return err->class;
	return buffer_add(out, digest.bytes, digest.len, err);
}
