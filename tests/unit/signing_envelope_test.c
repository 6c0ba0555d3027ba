/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include "base/encode.h"
#include "signing/bundle.h"
#include "signing/sign.h"
#include "signing/simple.h"

static int parse_envelope(struct slice bytes, struct error *err)
{
	cleanup_envelope struct envelope *envelope = NULL;

	return envelope_parse(bytes, &envelope, err);
}

static int parse_bundle(struct slice bytes, struct error *err)
{
	cleanup_bundle struct bundle *bundle = NULL;

	return bundle_parse(bytes, &bundle, err);
}

static int parse_simple(struct slice bytes, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct simple_payload payload;

	assert_ok(arena_new(&arena, err), err);
	return simple_parse(bytes, arena, &payload, err);
}

static void cases(void **state)
{
	(void)state;
	run_cases("envelope", parse_envelope);
	run_cases("bundle", parse_bundle);
	run_cases("simple", parse_simple);
}

/* DSSE protocol.md, test vector; and a type of more bytes than characters. */
static void pae_vectors(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;

	assert_ok(envelope_pae("http://example.com/HelloWorld", SLICE("hello world"),
			  &out, &err),
		&err);
	assert_string_equal(buffer_str(&out),
		"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	buffer_clear(&out);
	assert_ok(envelope_pae("\xc3\xa9", SLICE("\xe2\x82\xac\0"), &out, &err), &err);
	assert_true(slice_equal(
		buffer_slice(&out), SLICE("DSSEv1 2 \xc3\xa9 4 \xe2\x82\xac\0")));
	buffer_clear(&out);
	assert_ok(envelope_pae("", SLICE_EMPTY, &out, &err), &err);
	assert_string_equal(buffer_str(&out), "DSSEv1 0  0 ");
}

static void signed_written_read_verified(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *secret = NULL, *stranger = NULL;
	cleanup_key struct key *key = NULL, *foreign = NULL;
	cleanup_envelope struct envelope *envelope = NULL, *again = NULL;
	cleanup_buffer struct buffer json = BUFFER_INIT;

	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &secret, &err), &err);
	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &stranger, &err), &err);
	assert_ok(secret_public(secret, &key, &err), &err);
	assert_ok(secret_public(stranger, &foreign, &err), &err);
	assert_ok(sign_envelope(
			  PAYLOAD_IN_TOTO, SLICE("{\"a\":1}"), secret, &envelope, &err),
		&err);
	assert_ok(envelope_write(envelope, &json, &err), &err);
	assert_true(slice_starts_with(buffer_slice(&json),
		SLICE("{\"payload\":\"eyJhIjoxfQ==\",\"payloadType\":"
		      "\"application/vnd.in-toto+json\",\"signatures\":[{\"sig\":\"")));
	assert_ok(envelope_parse(buffer_slice(&json), &again, &err), &err);
	assert_true(slice_equal_str(again->payload, "{\"a\":1}"));
	assert_ok(envelope_verify(again, key, &err), &err);
	assert_refused(envelope_verify(again, foreign, &err), ERR_REFUSED,
		"none of the envelope's 1", &err);

	/* the type is signed, too */
	again->payload_type = "application/json";
	assert_refused(envelope_verify(again, key, &err), ERR_REFUSED,
		"none of the envelope", &err);
	again->payload_type = PAYLOAD_IN_TOTO;
	again->payload = SLICE("{\"a\":2}");
	assert_refused(envelope_verify(again, key, &err), ERR_REFUSED,
		"none of the envelope", &err);
}

static void second_signature_counts(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *secret = NULL;
	cleanup_key struct key *key = NULL;
	cleanup_envelope struct envelope *envelope = NULL;
	struct envelope_signature two[2];

	assert_ok(secret_generate(KEY_ED25519, 0, &secret, &err), &err);
	assert_ok(secret_public(secret, &key, &err), &err);
	assert_ok(sign_envelope("t", SLICE("x"), secret, &envelope, &err), &err);
	two[0] = (struct envelope_signature){.keyid = "", .signature = SLICE("junk")};
	two[1] = envelope->signatures[0];
	envelope->signatures = two;
	envelope->signature_count = 2;
	assert_ok(envelope_verify(envelope, key, &err), &err);
	envelope->signature_count = 0;
	assert_refused(envelope_verify(envelope, key, &err), ERR_REFUSED, "none", &err);
}

static void bundle_is_as_cosign_wants_it(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *secret = NULL;
	cleanup_key struct key *key = NULL;
	cleanup_envelope struct envelope *envelope = NULL;
	cleanup_bundle struct bundle *bundle = NULL;
	cleanup_buffer struct buffer json = BUFFER_INIT, hint = BUFFER_INIT;

	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &secret, &err), &err);
	assert_ok(secret_public(secret, &key, &err), &err);
	assert_ok(sign_envelope(PAYLOAD_IN_TOTO, SLICE("{}"), secret, &envelope, &err),
		&err);
	assert_ok(bundle_write(envelope, key, &json, &err), &err);
	assert_null(strstr(buffer_str(&json), "keyid"));
	assert_ok(bundle_parse(buffer_slice(&json), &bundle, &err), &err);
	assert_true(bundle->has_key);
	assert_string_equal(bundle->media_type, BUNDLE_MEDIA_TYPE);
	assert_ok(key_hint(key, &hint, &err), &err);
	assert_string_equal(bundle->key_hint, buffer_str(&hint));
	assert_ok(envelope_verify(bundle->envelope, key, &err), &err);

	envelope->signature_count = 0;
	assert_refused(
		bundle_write(envelope, key, &json, &err), ERR_BUG, "one signature", &err);
}

static void simple_is_byte_exact(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT, expected = BUFFER_INIT;
	struct simple_payload payload, again;

	payload.docker_reference = "127.0.0.1:5055/a/b:latest";
	assert_ok(
		digest_parse(SLICE("sha256:"
				   "4027a1da819817e2d949bc090a505d11bf2659fa8e718c68c5f5"
				   "b5d7a5218b7b"),
			&payload.manifest, &err),
		&err);
	assert_ok(simple_write(&payload, &out, &err), &err);
	assert_true(read_test_file("tests/cases/simple/good/cosign.json", &expected));
	assert_string_equal(buffer_str(&out), buffer_str(&expected));
	assert_ok(arena_new(&arena, &err), &err);
	assert_ok(simple_parse(buffer_slice(&out), arena, &again, &err), &err);
	assert_string_equal(again.docker_reference, payload.docker_reference);
	assert_true(digest_equal(&again.manifest, &payload.manifest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(pae_vectors),
		cmocka_unit_test(signed_written_read_verified),
		cmocka_unit_test(second_signature_counts),
		cmocka_unit_test(bundle_is_as_cosign_wants_it),
		cmocka_unit_test(simple_is_byte_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
