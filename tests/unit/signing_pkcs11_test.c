/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(parts),
		cmocka_unit_test(too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
