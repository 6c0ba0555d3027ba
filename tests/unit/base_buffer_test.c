/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"

static void growing(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer buf = BUFFER_INIT;

	(void)state;
	assert_string_equal(buffer_str(&buf), "");
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(buffer_printf(&buf, &err, "%04d,", i), 0);
		assert_int_equal(buf.data[buf.len], '\0');
	}
	assert_int_equal(buf.len, 5000);
	assert_memory_equal(buf.data + 4995, "0999,", 6);
	buffer_clear(&buf);
	assert_string_equal(buffer_str(&buf), "");
	assert_int_equal(buffer_add_byte(&buf, 'x', &err), 0);
	assert_int_equal(buffer_add_zeros(&buf, 3, &err), 0);
	assert_int_equal(buffer_add_str(&buf, "y", &err), 0);
	assert_int_equal(buffer_add_slice(&buf, SLICE_EMPTY, &err), 0);
	assert_true(slice_equal(buffer_slice(&buf), SLICE("x\0\0\0y")));
}

static void limit(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer buf = {.max = 4};

	(void)state;
	assert_int_equal(buffer_add_str(&buf, "abcd", &err), 0);
	assert_int_equal(buffer_add_byte(&buf, 'e', &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "4 bytes"));
	error_clear(&err);
	assert_int_equal(buffer_printf(&buf, &err, "%d", 1), ERR_INPUT);
	assert_string_equal(buffer_str(&buf), "abcd");
	error_clear(&err);
	assert_int_equal(buffer_reserve(&buf, SIZE_MAX, &err), ERR_INPUT);
	error_clear(&err);
	buf.max = 0;
	assert_int_equal(buffer_reserve(&buf, SIZE_MAX - 2, &err), ERR_INPUT);
	assert_string_equal(buffer_str(&buf), "abcd");
}

static void taking(void **state)
{
	struct error err = ERROR_INIT;
	struct buffer buf = BUFFER_INIT;
	char *text = NULL;

	(void)state;
	assert_int_equal(buffer_take_str(&buf, &text, &err), 0);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(buffer_add_str(&buf, "abc", &err), 0);
	assert_int_equal(buffer_take_str(&buf, &text, &err), 0);
	assert_string_equal(text, "abc");
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	free(text);
	buffer_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growing),
		cmocka_unit_test(limit),
		cmocka_unit_test(taking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
