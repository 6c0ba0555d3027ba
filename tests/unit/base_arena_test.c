/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

static void pieces_are_zeroed_and_aligned(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	static const size_t sizes[] = {0, 1, 17, 1000, 5000, 100, 3000000, 8, 70000};

	(void)state;
	assert_int_equal(arena_new(&arena, &err), 0);
	for (size_t round = 0; round < 50; round++)
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			unsigned char *piece = arena_alloc(arena, sizes[i]);

			assert_non_null(piece);
			assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
			for (size_t at = 0; at < sizes[i]; at += 997)
				assert_int_equal(piece[at], 0);
			memset(piece, 0xff, sizes[i]);
		}
}

static void overflow_is_no_memory(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;

	(void)state;
	assert_int_equal(arena_new(&arena, &err), 0);
	assert_null(arena_array(arena, SIZE_MAX / 2, 4));
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_null(arena_alloc(arena, SIZE_MAX - 20));
	assert_non_null(arena_array(arena, 0, 4));
}

static void texts(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;

	(void)state;
	assert_int_equal(arena_new(&arena, &err), 0);
	assert_string_equal(arena_strdup(arena, "abc"), "abc");
	assert_string_equal(arena_strndup(arena, SLICE("ab")), "ab");
	assert_string_equal(arena_strndup(arena, SLICE_EMPTY), "");
	assert_string_equal(arena_printf(arena, "%s-%d", "x", 7), "x-7");
}

static void appending(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	struct pair {
		int a, b;
	} *items = NULL;
	size_t count = 0;
	size_t capacity = 0;

	(void)state;
	assert_int_equal(arena_new(&arena, &err), 0);
	for (int i = 0; i < 1000; i++) {
		struct pair *pair =
			arena_append(arena, &items, &count, &capacity, sizeof(*items));

		assert_non_null(pair);
		assert_int_equal(pair->a, 0);
		pair->a = i;
		pair->b = -i;
	}
	assert_int_equal(count, 1000);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(items[i].a, i);
		assert_int_equal(items[i].b, -i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zeroed_and_aligned),
		cmocka_unit_test(overflow_is_no_memory),
		cmocka_unit_test(texts),
		cmocka_unit_test(appending),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
