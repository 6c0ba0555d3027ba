/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include <openssl/crypto.h>

#include "base/encode.h"
#include "base/fs.h"
#include "signing/key.h"
#include "signing/pem.h"
#include "signing/secret.h"

static const char *const good_key =
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqLH8SJYLWpk4FRayxh08h7yHjGyS\n"
	"F+XDxdeGzy9QamHZ2I2q2t4z3iOjnUQ0wJsOLpXEwuU9nHnmHyayvx7p1g==\n"
	"-----END PUBLIC KEY-----\n";

static void identity_is_stable(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer pem = BUFFER_INIT, hint = BUFFER_INIT;

	assert_ok(key_from_pem(slice_str(good_key), &key, &err), &err);
	assert_int_equal(key_get_type(key), KEY_ECDSA_P256);
	assert_int_equal(key_bits(key), 256);
	assert_ok(key_to_pem(key, &pem, &err), &err);
	assert_string_equal(buffer_str(&pem), good_key);
	assert_ok(key_hint(key, &hint, &err), &err);
	/* base64 of SHA-256 over the DER, as `openssl dgst` says */
	assert_string_equal(
		buffer_str(&hint), "Ss0N7IerS2FLw9QvLgwpm6L9lrcSegbIDkp5MapkywM=");
}

static void bad_keys_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *pem, *text;
	} bad[] = {
		/* a point that is not on the curve */
		{"-----BEGIN PUBLIC KEY-----\n"
		 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqLH8SJYLWpk4FRayxh08h7yHjGyS\n"
		 "F+XDxdeGzy9QamHZ2I2q2t4z3iOjnUQ0wJsOLpXEwuU9nHnmHyayvx7p1w==\n"
		 "-----END PUBLIC KEY-----\n",
			"not a public key"},
		/* secp256k1 */
		{"-----BEGIN PUBLIC KEY-----\n"
		 "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE1+BJ+hvMmkv864gTCTwuTLQ7f5ogBFSl\n"
		 "TLo8O0Lu4y/hqaRDphyBJPQv8cFFHep43Ca5uYDM6mtKGcTqsdqkqA==\n"
		 "-----END PUBLIC KEY-----\n",
			"secp256k1"},
		/* one byte behind the structure */
		{"-----BEGIN PUBLIC KEY-----\n"
		 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqLH8SJYLWpk4FRayxh08h7yHjGyS\n"
		 "F+XDxdeGzy9QamHZ2I2q2t4z3iOjnUQ0wJsOLpXEwuU9nHnmHyayvx7p1gA=\n"
		 "-----END PUBLIC KEY-----\n",
			"not the DER form"},
		/* the first key again: compressed, hybrid, its curve spelt out */
		{"-----BEGIN PUBLIC KEY-----\n"
		 "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACqLH8SJYLWpk4FRayxh08h7yHjGyS\n"
		 "F+XDxdeGzy9QamE=\n"
		 "-----END PUBLIC KEY-----\n",
			"not uncompressed"},
		{"-----BEGIN PUBLIC KEY-----\n"
		 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAGqLH8SJYLWpk4FRayxh08h7yHjGyS\n"
		 "F+XDxdeGzy9QamHZ2I2q2t4z3iOjnUQ0wJsOLpXEwuU9nHnmHyayvx7p1g==\n"
		 "-----END PUBLIC KEY-----\n",
			"not uncompressed"},
		{"-----BEGIN PUBLIC KEY-----\n"
		 "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA\n"
		 "AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////\n"
		 "///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd\n"
		 "NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5\n"
		 "RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA\n"
		 "//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABKix/EiWC1qZOBUWssYdPIe8\n"
		 "h4xskhflw8XXhs8vUGph2diNqtreM94jo51ENMCbDi6VxMLlPZx55h8msr8e6dY=\n"
		 "-----END PUBLIC KEY-----\n",
			"curve is not named"},
		{"-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n",
			"\"CERTIFICATE\""},
		{"-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n",
			"\"PRIVATE KEY\""},
		{"-----BEGIN PUBLIC KEY-----\nYQ==\n-----END PUBLIC KEY-----\n",
			"not a public key"},
		{"", "BEGIN line"},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = ERROR_INIT;
		cleanup_key struct key *key = NULL;

		assert_refused(key_from_pem(slice_str(bad[i].pem), &key, &err), ERR_INPUT,
			bad[i].text, &err);
		assert_null(key);
	}
}

static void sign_and_verify(void **state)
{
	(void)state;
	static const struct {
		enum key_type type;
		unsigned bits, expected_bits;
	} kinds[] = {{KEY_ECDSA_P256, 0, 256}, {KEY_ECDSA_P384, 0, 384},
		{KEY_ECDSA_P521, 0, 521}, {KEY_ED25519, 0, 256}, {KEY_RSA, 2048, 2048}};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct error err = ERROR_INIT;
		cleanup_secret struct secret *secret = NULL, *other = NULL;
		cleanup_key struct key *key = NULL, *other_key = NULL;
		cleanup_buffer struct buffer signature = BUFFER_INIT;
		struct slice message = SLICE("what is signed");

		assert_ok(secret_generate(kinds[i].type, kinds[i].bits, &secret, &err),
			&err);
		assert_ok(secret_generate(kinds[i].type, kinds[i].bits, &other, &err),
			&err);
		assert_ok(secret_public(secret, &key, &err), &err);
		assert_ok(secret_public(other, &other_key, &err), &err);
		assert_int_equal(key_get_type(key), kinds[i].type);
		assert_in_range(key_bits(key), kinds[i].expected_bits - 3,
			kinds[i].expected_bits);
		assert_ok(secret_sign(secret, message, &signature, &err), &err);
		assert_ok(key_verify(key, message, buffer_slice(&signature), &err), &err);

		assert_refused(
			key_verify(other_key, message, buffer_slice(&signature), &err),
			ERR_REFUSED, "not by", &err);
		assert_refused(key_verify(key, SLICE("what is Signed"),
				       buffer_slice(&signature), &err),
			ERR_REFUSED, "not by", &err);
		assert_refused(key_verify(key, message, SLICE_EMPTY, &err), ERR_REFUSED,
			"empty", &err);
		assert_refused(
			key_verify(key, message,
				slice_sub(buffer_slice(&signature), 0, signature.len - 1),
				&err),
			ERR_REFUSED, "not by", &err);
		/* bytes behind a DER signature must not be ignored */
		assert_ok(buffer_add_byte(&signature, 0, &err), &err);
		assert_refused(key_verify(key, message, buffer_slice(&signature), &err),
			ERR_REFUSED, "not by", &err);
	}
}

static void flip(struct buffer *der, size_t bit)
{
	der->data[bit / 8] ^= (char)(1 << bit % 8);
}

/* What is accepted is written again as it is. */
static void check_encoding(const struct key *own, struct slice der)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer again = BUFFER_INIT, wanted = BUFFER_INIT;
	cleanup_key struct key *key = NULL;

	if (key_from_der(der, &key, &err) < 0) {
		assert_int_equal(err.class, ERR_INPUT);
		return;
	}
	assert_false(digest_equal(key_id(key), key_id(own)));
	assert_ok(key_to_pem(key, &again, &err), &err);
	assert_ok(pem_encode("PUBLIC KEY", der, &wanted, &err), &err);
	assert_string_equal(buffer_str(&again), buffer_str(&wanted));
}

/* A change anywhere makes another key, in its one encoding, or none. */
static void every_bit_counts(void **state)
{
	(void)state;
	static const enum key_type types[] = {
		KEY_ECDSA_P256, KEY_ECDSA_P384, KEY_ECDSA_P521, KEY_ED25519};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct error err = ERROR_INIT;
		cleanup_secret struct secret *secret = NULL;
		cleanup_key struct key *own = NULL, *read = NULL;
		cleanup_buffer struct buffer pem = BUFFER_INIT, der = BUFFER_INIT;
		struct slice label;

		assert_ok(secret_generate(types[i], 0, &secret, &err), &err);
		assert_ok(secret_public(secret, &own, &err), &err);
		assert_ok(key_to_pem(own, &pem, &err), &err);
		assert_ok(pem_decode(buffer_slice(&pem), &label, &der, &err), &err);
		assert_ok(key_from_der(buffer_slice(&der), &read, &err), &err);
		assert_true(digest_equal(key_id(read), key_id(own)));
		for (size_t bit = 0; bit < 8 * der.len; bit++) {
			flip(&der, bit);
			check_encoding(own, buffer_slice(&der));
			flip(&der, bit);
		}
	}
}

static void weak_rsa_is_refused(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *secret = NULL;
	cleanup_key struct key *key = NULL;
	/* 1024 bits, exponent 65537 */
	const char *weak =
		"-----BEGIN PUBLIC KEY-----\n"
		"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDLEiUcmxt62k/+tl2q/mjSVSOg\n"
		"YszV29GzyvHsZvoNQoXLZaSRQKhqhjQe0I1bYaSIb/awRjG7qXRXBYcEAk4Tag8R\n"
		"4ITZ44Alek+Zs517K5HbhkQX4ZNF8tM4qL+oenWPyUS0p34PL/TtCUu9Vqe/+VQo\n"
		"6/X5yJzgSF26hPL9KwIDAQAB\n"
		"-----END PUBLIC KEY-----\n";

	assert_refused(
		secret_generate(KEY_RSA, 1024, &secret, &err), ERR_USAGE, "2048", &err);
	assert_refused(
		key_from_pem(slice_str(weak), &key, &err), ERR_INPUT, "1024 bits", &err);
}

/* openssl dgst -sha384 with P-384: what cosign 3 makes with such keys. */
static void curve_digest_is_accepted(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer signature = BUFFER_INIT;
	const char *pem =
		"-----BEGIN PUBLIC KEY-----\n"
		"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEwUXFbyfww2J9XXEvJ6oaY29iwINfNqPt\n"
		"1qydmvJkp3X+hi20qwd11pGQWhipPNMaurF7Jk1Vq9E8Ygc9xcGGq07MFnO+drdQ\n"
		"g2ifwuBqnCyIB7TJzaS5K2rZfaUT7/d8\n"
		"-----END PUBLIC KEY-----\n";

	assert_ok(key_from_pem(slice_str(pem), &key, &err), &err);
	assert_int_equal(key_get_type(key), KEY_ECDSA_P384);
	assert_ok(base64_decode(SLICE("MGUCMET6EzL+xpVjSLS9sRCQe6++NIasCDQiTo7/"
				      "wfHuwGn4VLFd7Nhp3Pl/oH4wvR/"
				      "21wIxAN58ZnZdVkHgyqMzSU2Wc8vBO4DcPJ1VEyFxP787x+"
				      "lRp0ZIBb6KDbWkkYPZpgsWzQ=="),
			  &signature, &err),
		&err);
	assert_ok(key_verify(key, SLICE("hello"), buffer_slice(&signature), &err), &err);
	assert_refused(key_verify(key, SLICE("hello!"), buffer_slice(&signature), &err),
		ERR_REFUSED, "ecdsa-p384", &err);
}

/* RFC 8032, 7.3: what cosign 3 makes with Ed25519 keys. */
static void prehashed_ed25519_is_accepted(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer signature = BUFFER_INIT;
	const char *pem = "-----BEGIN PUBLIC KEY-----\n"
			  "MCowBQYDK2VwAyEA7Bcrk61eVjv0kyxw4SRQNMNUZ+8u/U1k6/gZaDRn4r8=\n"
			  "-----END PUBLIC KEY-----\n";

	assert_ok(key_from_pem(slice_str(pem), &key, &err), &err);
	assert_ok(base64_decode(SLICE("mKcCIvC4Ehqp0w+BPWg/gJ5GK0acf/h2OUmbuU5trkEx+"
				      "FBCRjwqNVogA9BirfWqoQuMYeY2Biqq0RwqJgg0Bg=="),
			  &signature, &err),
		&err);
	if (OpenSSL_version_num() >= 0x30200000)
		assert_ok(key_verify(key, SLICE("abc"), buffer_slice(&signature), &err),
			&err);
	else
		assert_refused(
			key_verify(key, SLICE("abc"), buffer_slice(&signature), &err),
			ERR_REFUSED, "ed25519", &err);
	assert_refused(key_verify(key, SLICE("abd"), buffer_slice(&signature), &err),
		ERR_REFUSED, "ed25519", &err);
	signature.data[5] ^= 1;
	assert_refused(key_verify(key, SLICE("abc"), buffer_slice(&signature), &err),
		ERR_REFUSED, "ed25519", &err);
}

static void shared_keys_are_read(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_key struct key *key = NULL;
	const char *path = shared_path("vectors/sigstore-conformance/bundle-verify/"
				       "managed-key-and-trusted-root/key.pub");

	if (!path)
		return;
	assert_ok(key_load(path, &key, &err), &err);
	assert_refused(key_load("/nonexistent/key.pub", &key, &err), ERR_SYSTEM,
		"public key", &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity_is_stable),
		cmocka_unit_test(bad_keys_are_refused),
		cmocka_unit_test(sign_and_verify),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(weak_rsa_is_refused),
		cmocka_unit_test(curve_digest_is_accepted),
		cmocka_unit_test(prehashed_ed25519_is_accepted),
		cmocka_unit_test(shared_keys_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
