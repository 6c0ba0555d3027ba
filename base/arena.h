/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that one parsed document (or one build record) points to: allocated
 * piece by piece, freed at once. Allocations are zeroed and aligned for any
 * type. The allocating calls return NULL only when memory is out:
 *
 *	if (!(name = arena_strdup(arena, text)))
 *		return error_set_memory(err);
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena;
#define cleanup_arena CLEANUP(arena_free)

MUST_USE int arena_new(struct arena **ret_arena, struct error *err);
void arena_free(struct arena **arena);

void *arena_alloc(struct arena *arena, size_t size);
/* count * size without overflow; count 0 gives a valid pointer. */
void *arena_array(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
/* NUL-terminated copy of a slice; an inner NUL is kept (check before). */
char *arena_strndup(struct arena *arena, struct slice s);
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Appends room for one item to an arena-allocated array: *items grows by
 * doubling (old memory stays in the arena). Returns the zeroed new item.
 */
void *arena_append(struct arena *arena, void *pointer_to_items, size_t *count,
	size_t *capacity, size_t item_size);

#endif
