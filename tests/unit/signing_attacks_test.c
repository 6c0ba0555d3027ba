/* SPDX-License-Identifier: Apache-2.0 */
/* Odd keys, signatures and stamps that other verifiers have taken (tests/security.md). */
#include "tests/unit/signing_support.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "signing/key.h"
#include "signing/secret.h"
#include "signing/timestamp.h"
#include "tests/unit/signing_known.h"
#include "tests/unit/signing_mock.h"

#define MESSAGE SLICE("what is signed")

static void make_pair(
	enum key_type type, struct secret **secret, struct key **key, struct buffer *good)
{
	struct error err = ERROR_INIT;

	assert_ok(secret_generate(type, 0, secret, &err), &err);
	assert_ok(secret_public(*secret, key, &err), &err);
	assert_ok(secret_sign(*secret, MESSAGE, good, &err), &err);
	assert_ok(key_verify(*key, MESSAGE, buffer_slice(good), &err), &err);
}

static void expect_refused(
	const struct key *key, const char *name, struct slice signature)
{
	struct error err = ERROR_INIT;
	struct digest digest;

	print_message("%s\n", name);
	assert_refused(
		key_verify(key, MESSAGE, signature, &err), ERR_REFUSED, "not by", &err);
	assert_ok(digest_of(DIGEST_SHA256, MESSAGE, &digest, &err), &err);
	assert_refused(
		key_verify_digest(key, &digest, signature, &err), ERR_REFUSED, "", &err);
}

/* r and s of zero hold for every message where they are not looked at (CVE-2022-21449).
 */
static void odd_ecdsa_signatures(void **state)
{
	static const struct {
		const char *name;
		struct slice signature;
	} table[] = {
		{"r and s are 0", SLICE("\x30\x06\x02\x01\x00\x02\x01\x00")},
		{"r is 0", SLICE("\x30\x06\x02\x01\x00\x02\x01\x01")},
		{"s is 0", SLICE("\x30\x06\x02\x01\x01\x02\x01\x00")},
		{"r is negative", SLICE("\x30\x06\x02\x01\xff\x02\x01\x01")},
		{"s is missing", SLICE("\x30\x03\x02\x01\x01")},
		{"three numbers", SLICE("\x30\x09\x02\x01\x01\x02\x01\x01\x02\x01\x01")},
		{"long form of the length",
			SLICE("\x30\x81\x06\x02\x01\x01\x02\x01\x01")},
		{"no end", SLICE("\x30\x80\x02\x01\x01\x02\x01\x01\x00\x00")},
		{"a set", SLICE("\x31\x06\x02\x01\x01\x02\x01\x01")},
	};
	cleanup_secret struct secret *secret = NULL;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer good = BUFFER_INIT;

	(void)state;
	make_pair(KEY_ECDSA_P256, &secret, &key, &good);
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		expect_refused(key, table[i].name, table[i].signature);
}

/* The numbers one after the other (P1363), as JWS and the DSSE vector have them. */
static void raw_ecdsa_signature(void **state)
{
	cleanup_secret struct secret *secret = NULL;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer good = BUFFER_INIT;
	unsigned char raw[64];
	const unsigned char *der;
	ECDSA_SIG *pair;

	(void)state;
	make_pair(KEY_ECDSA_P256, &secret, &key, &good);
	der = (const unsigned char *)good.data;
	pair = d2i_ECDSA_SIG(NULL, &der, (long)good.len); /* some 70 bytes */
	assert_non_null(pair);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32), 32);
	ECDSA_SIG_free(pair);
	expect_refused(key, "raw", slice_from(raw, sizeof(raw)));
}

static void odd_ed25519_signatures(void **state)
{
	cleanup_secret struct secret *secret = NULL;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer good = BUFFER_INIT;
	unsigned char odd[65] = {0};

	(void)state;
	make_pair(KEY_ED25519, &secret, &key, &good);
	assert_int_equal(good.len, 64);
	memcpy(odd, good.data, 64);
	expect_refused(key, "63 bytes", slice_from(odd, 63));
	expect_refused(key, "65 bytes", slice_from(odd, 65));
	memset(odd, 0, sizeof(odd));
	expect_refused(key, "zeros", slice_from(odd, 64));
	odd[0] = 1; /* the neutral element, which is of small order */
	expect_refused(key, "neutral element", slice_from(odd, 64));
	/* S + L instead of S is the same number in another form (RFC 8032, 5.1.7) */
	memcpy(odd, good.data, 64);
	static const unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12,
		0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
	for (unsigned i = 0, carry = 0; i < 32; i++) {
		carry += (unsigned)odd[32 + i] + order[i];
		odd[32 + i] = (unsigned char)carry; /* the low byte */
		carry >>= 8;
	}
	expect_refused(key, "S is not reduced", slice_from(odd, 64));
}

/* With exponent 1 everything is its own signature. */
static void rsa_exponents(void **state)
{
	static const unsigned long exponents[] = {1, 3, 65536, 65537};
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(exponents); i++) {
		cleanup_key struct key *key = NULL;
		EVP_PKEY *pkey = EVP_RSA_gen(2048);
		OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
		BIGNUM *modulus = NULL, *exponent = BN_new();
		EVP_PKEY *odd = NULL;
		OSSL_PARAM *parameters;

		assert_true(pkey && build && context && exponent);
		assert_int_equal(EVP_PKEY_get_bn_param(pkey, "n", &modulus), 1);
		assert_int_equal(BN_set_word(exponent, exponents[i]), 1);
		assert_int_equal(OSSL_PARAM_BLD_push_BN(build, "n", modulus), 1);
		assert_int_equal(OSSL_PARAM_BLD_push_BN(build, "e", exponent), 1);
		parameters = OSSL_PARAM_BLD_to_param(build);
		assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
		assert_int_equal(
			EVP_PKEY_fromdata(context, &odd, EVP_PKEY_PUBLIC_KEY, parameters),
			1);
		if (exponents[i] == 65537)
			assert_ok(key_from_der(mock_public(odd), &key, &err), &err);
		else
			assert_refused(key_from_der(mock_public(odd), &key, &err),
				ERR_INPUT, "exponent", &err);
		OSSL_PARAM_free(parameters);
		OSSL_PARAM_BLD_free(build);
		EVP_PKEY_CTX_free(context);
		EVP_PKEY_free(odd);
		EVP_PKEY_free(pkey);
		BN_free(modulus);
		BN_free(exponent);
	}
}

/* A stranger's stamp, with the authority's certificate put into the bag: the signer is
 * the one that SignerInfo names (CVE-2026-39984). */
static void stamp_with_a_borrowed_certificate(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_trusted_root struct trusted_root *root = NULL;
	const struct trusted_authority *authority;
	struct mock mock, stranger;
	struct slice stamp;
	const unsigned char *der;
	TS_RESP *response;
	int64_t time;

	(void)state;
	mock_init(&mock, 0);
	mock_init(&stranger, 0);
	assert_ok(trusted_root_parse(mock_text(mock.trusted), &root, &err), &err);
	for (int with_certificate = 0; with_certificate < 2; with_certificate++) {
		stamp = mock_timestamp(&stranger, SLICE(KNOWN_STAMPED), MOCK_TIME,
			with_certificate == 1);
		der = (const unsigned char *)stamp.data;
		response = d2i_TS_RESP(
			NULL, &der, (long)stamp.len); /* a few thousand bytes */
		assert_non_null(response);
		assert_int_equal(
			PKCS7_add_certificate(TS_RESP_get_token(response), mock.tsa), 1);
		stamp = MOCK_DER(TS_RESP, response);
		TS_RESP_free(response);
		assert_refused(timestamp_verify(stamp, SLICE(KNOWN_STAMPED), root, &time,
				       &authority, &err),
			ERR_REFUSED, "not by a time stamp authority", &err);
	}
	mock_done(&stranger);
	mock_done(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_ecdsa_signatures),
		cmocka_unit_test(raw_ecdsa_signature),
		cmocka_unit_test(odd_ed25519_signatures),
		cmocka_unit_test(rsa_exponents),
		cmocka_unit_test(stamp_with_a_borrowed_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
