/* SPDX-License-Identifier: Apache-2.0 */
/* Growing heap arrays of any item type; items are zeroed when added. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include "base/error.h"

/*
 * Makes room for one more item after *count in *(T **)pointer_to_items,
 * doubling *capacity, zeroes it and counts it. The caller then fills
 * items[*count - 1].
 */
MUST_USE int array_add(void *pointer_to_items, size_t *count, size_t *capacity,
	size_t item_size, struct error *err);

#endif
