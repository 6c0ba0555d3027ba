/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/array.h"

static void items_are_zeroed(void **state)
{
	struct error err = ERROR_INIT;
	uint32_t *items = NULL;
	size_t count = 0;
	size_t capacity = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		assert_int_equal(
			array_add(&items, &count, &capacity, sizeof(*items), &err), 0);
		assert_int_equal(items[count - 1], 0);
		items[count - 1] = i;
	}
	assert_int_equal(count, 1000);
	assert_int_equal(items[0], 0);
	assert_int_equal(items[999], 999);
	free(items);
}

static void overflow_is_no_memory(void **state)
{
	struct error err = ERROR_INIT;
	char *items = NULL;
	/* Doubled and times 2 it wraps around to 0. */
	const size_t quarter = SIZE_MAX / 4 + 1;
	size_t count = quarter;
	size_t capacity = quarter;

	(void)state;
	assert_int_equal(array_add(&items, &count, &capacity, 2, &err), ERR_MEMORY);
	assert_null(items);
	assert_int_equal(count, quarter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_are_zeroed),
		cmocka_unit_test(overflow_is_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
