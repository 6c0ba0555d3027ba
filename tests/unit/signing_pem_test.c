/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include "signing/pem.h"

static int parse(struct slice bytes, struct error *err)
{
	cleanup_buffer struct buffer der = BUFFER_INIT;
	struct slice label;

	return pem_decode(bytes, &label, &der, err);
}

static void cases(void **state)
{
	(void)state;
	run_cases("pem", parse);
}

static void written_is_read_again(void **state)
{
	(void)state;
	static const size_t lengths[] = {1, 2, 3, 47, 48, 49, 95, 96, 97, 1000, 49000};

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct error err = ERROR_INIT;
		cleanup_buffer struct buffer der = BUFFER_INIT, text = BUFFER_INIT,
					     again = BUFFER_INIT;
		struct slice label;

		for (size_t j = 0; j < lengths[i]; j++)
			assert_ok(buffer_add_byte(&der, (char)(j * 7 % 251), &err), &err);
		assert_ok(
			pem_encode("PUBLIC KEY", buffer_slice(&der), &text, &err), &err);
		if (text.len > 65536) {
			assert_refused(
				pem_decode(buffer_slice(&text), &label, &again, &err),
				ERR_INPUT, "more than", &err);
			continue;
		}
		assert_ok(pem_decode(buffer_slice(&text), &label, &again, &err), &err);
		assert_true(slice_equal_str(label, "PUBLIC KEY"));
		assert_true(slice_equal(buffer_slice(&der), buffer_slice(&again)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(written_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
