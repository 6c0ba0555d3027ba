/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include "signing/pkcs11_private.h"
#include "signing/pkcs11_uri.h"

static int parse(struct slice bytes, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct pkcs11_uri uri;
	int status;

	if (arena_new(&arena, err) < 0)
		return err->class;
	status = pkcs11_uri_parse(bytes, arena, &uri, err);
	/* whatever it is, a PIN is not told again */
	assert_null(strstr(err->text, "123456"));
	assert_null(strstr(err->remedy, "123456"));
	return status;
}

static void cases(void **state)
{
	(void)state;
	run_cases("pkcs11-uri", parse);
}

static void parts(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct pkcs11_uri uri;

	(void)state;
	assert_ok(arena_new(&arena, &err), &err);
	assert_ok(pkcs11_uri_parse(SLICE("pkcs11:id=%00%fF;token=My%20t;slot-id=9?"
					 "pin-source=file:///run/p%3a&module-path=/m.so"),
			  arena, &uri, &err),
		&err);
	assert_string_equal(uri.token, "My t");
	assert_null(uri.object);
	assert_true(slice_equal(uri.id, slice_from("\0\xff", 2)));
	assert_true(uri.has_slot && uri.slot == 9);
	assert_string_equal(uri.pin_file, "/run/p:");
	assert_string_equal(uri.module_path, "/m.so");
	assert_ok(pkcs11_uri_format(&uri, &text, &err), &err);
	assert_string_equal(buffer_str(&text), "pkcs11:token=My%20t;slot-id=9;id=%00%FF");
}

static void too_long(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT;

	(void)state;
	assert_ok(buffer_add_str(&text, "pkcs11:token=", &err), &err);
	while (text.len <= PKCS11_URI_MAX)
		assert_ok(buffer_add_byte(&text, 'a', &err), &err);
	assert_refused(parse(buffer_slice(&text), &err), ERR_USAGE, "at most 2048", &err);
}

/* The first public key of RFC 8032, 7.1, as tokens of both kinds tell it. */
#define POINT                                                                            \
	"\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72"   \
	"\xf3\xda"                                                                       \
	"\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a"
#define NAMED                                                                            \
	SLICE("\x13\x0c"                                                                 \
	      "edwards25519")
#define OID SLICE("\x06\x03\x2b\x65\x70")

static void ed25519_points(void **state)
{
	static const struct {
		struct slice parameters, point;
		const char *refusal; /* NULL: good */
	} points[] = {
		{NAMED, SLICE("\x04\x20" POINT), NULL},
		{NAMED, SLICE(POINT), NULL},
		{OID, SLICE("\x04\x20" POINT), NULL},
		{OID, SLICE(POINT), NULL},
		{SLICE("\x13\x0a"
		       "edwards448"),
			SLICE(POINT), "is not Ed25519"},
		{SLICE(""), SLICE(POINT), "is not Ed25519"},
		{NAMED, SLICE("\x04\x20" POINT "\0"), "no OCTET STRING"},
		{NAMED, SLICE("\x04\x21" POINT), "no OCTET STRING"},
		{NAMED, SLICE("\x04\x21" POINT "\0"), "has 33 bytes"},
		{NAMED, SLICE("\x04\x01\x01"), "has 1 bytes"},
	};
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		cleanup_key struct key *key = NULL;
		cleanup_buffer struct buffer pem = BUFFER_INIT;
		int status = pkcs11_ed25519_key(
			points[i].parameters, points[i].point, &key, &err);

		if (points[i].refusal) {
			assert_refused(status, ERR_INPUT, points[i].refusal, &err);
			continue;
		}
		assert_ok(status, &err);
		assert_ok(key_to_pem(key, &pem, &err), &err);
		assert_string_equal(buffer_str(&pem),
			"-----BEGIN PUBLIC KEY-----\n"
			"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
			"-----END PUBLIC KEY-----\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(parts),
		cmocka_unit_test(too_long),
		cmocka_unit_test(ed25519_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
