/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/map.h"

static void put_get_remove(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_map struct map *map = NULL;
	struct slice last = SLICE_EMPTY;
	size_t position = 0;
	void *value;
	int a, b;

	(void)state;
	assert_int_equal(map_new(&map, &err), 0);
	assert_null(map_get_str(map, "a"));
	map_remove(map, SLICE("a"));
	assert_int_equal(map_put(map, SLICE("a"), &a, &err), 0);
	assert_int_equal(map_put(map, SLICE("a\0"), &b, &err), 0);
	assert_int_equal(map_put(map, SLICE_EMPTY, &b, &err), 0);
	assert_ptr_equal(map_get_str(map, "a"), &a);
	assert_ptr_equal(map_get(map, SLICE("a\0")), &b);
	assert_ptr_equal(map_get_str(map, ""), &b);
	assert_int_equal(map_put(map, SLICE("a"), &b, &err), 0);
	assert_ptr_equal(map_get_str(map, "a"), &b);
	assert_int_equal(map_len(map), 3);
	map_remove(map, SLICE("a"));
	assert_null(map_get_str(map, "a"));
	assert_int_equal(map_len(map), 2);
	/* A key that comes back is a new one, at the end. */
	assert_int_equal(map_put(map, SLICE("a"), &a, &err), 0);
	assert_int_equal(map_len(map), 3);
	while (map_next(map, &position, &last, &value))
		;
	assert_true(slice_equal_str(last, "a"));
	assert_int_equal(map_put(map, SLICE("x"), NULL, &err), ERR_BUG);
}

static int numbers[20000];

static void many_in_order(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_map struct map *map = NULL;
	struct slice key;
	size_t position = 0;
	void *value;
	char name[32];

	(void)state;
	assert_int_equal(map_new(&map, &err), 0);
	for (int i = 0; i < 20000; i++) {
		numbers[i] = i;
		(void)snprintf(name, sizeof(name), "key/%d", i);
		assert_int_equal(map_put(map, slice_str(name), &numbers[i], &err), 0);
	}
	for (int i = 0; i < 20000; i += 2) {
		(void)snprintf(name, sizeof(name), "key/%d", i);
		map_remove(map, slice_str(name));
	}
	for (int i = 1; i < 20000; i += 2) {
		assert_true(map_next(map, &position, &key, &value));
		assert_int_equal(*(int *)value, i);
		(void)snprintf(name, sizeof(name), "key/%d", i);
		assert_true(slice_equal_str(key, name));
		assert_ptr_equal(map_get_str(map, name), value);
	}
	assert_false(map_next(map, &position, NULL, &value));
	assert_int_equal(map_len(map), 10000);
}

/* Far more insertions than live keys: tombstones must be reused. */
static void churn(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_map struct map *map = NULL;
	char name[32];

	(void)state;
	assert_int_equal(map_new(&map, &err), 0);
	for (int i = 0; i < 50000; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(map_put(map, slice_str(name), &numbers[0], &err), 0);
		if (i >= 10) {
			(void)snprintf(name, sizeof(name), "%d", i - 10);
			map_remove(map, slice_str(name));
		}
		assert_int_equal(map_len(map), i < 10 ? i + 1 : 10);
	}
	assert_non_null(map_get_str(map, "49999"));
	assert_null(map_get_str(map, "49989"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_get_remove),
		cmocka_unit_test(many_in_order),
		cmocka_unit_test(churn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
