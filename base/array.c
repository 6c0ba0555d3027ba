/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/array.h"
#include "base/checked.h"

int array_add(void *pointer_to_items, size_t *count, size_t *capacity, size_t item_size,
	struct error *err)
{
	char *items;

	/* Copied as bytes: T ** is not void **. */
	memcpy(&items, pointer_to_items, sizeof(items));
	if (*count == *capacity) {
		size_t wanted;
		size_t bytes;

		if (!checked_mul_size(*capacity, 2, &wanted))
			return error_set_memory(err);
		if (wanted < 8)
			wanted = 8;
		if (!checked_mul_size(wanted, item_size, &bytes))
			return error_set_memory(err);
		items = realloc(items, bytes);
		if (!items)
			return error_set_memory(err);
		memcpy(pointer_to_items, &items, sizeof(items));
		*capacity = wanted;
	}
	memset(items + *count * item_size, 0, item_size);
	(*count)++;
	return 0;
}
