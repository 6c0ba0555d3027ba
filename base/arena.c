/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"

#define CHUNK_FIRST ((size_t)4096)
#define CHUNK_MAX   ((size_t)1024 * 1024)
#define ALIGNMENT   _Alignof(max_align_t)

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

struct arena {
	struct chunk *current; /* the newest, at the head of the list */
	size_t next_size;
};

int arena_new(struct arena **ret_arena, struct error *err)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		return error_set_memory(err);
	arena->next_size = CHUNK_FIRST;
	*ret_arena = arena;
	return 0;
}

void arena_free(struct arena **arena)
{
	int saved = errno;

	if (*arena) {
		struct chunk *next;

		for (struct chunk *chunk = (*arena)->current; chunk; chunk = next) {
			next = chunk->next;
			free(chunk);
		}
		free(*arena);
	}
	*arena = NULL;
	errno = saved;
}

static struct chunk *chunk_new(size_t size)
{
	struct chunk *chunk;
	size_t total;

	if (!checked_add_size(size, sizeof(*chunk), &total))
		return NULL;
	chunk = calloc(1, total);
	if (chunk)
		chunk->size = size;
	return chunk;
}

/* A big piece gets a chunk of its own behind the current one, which stays in use. */
static void *alloc_big(struct arena *arena, size_t size)
{
	struct chunk *chunk = chunk_new(size);

	if (!chunk)
		return NULL;
	chunk->used = size;
	if (arena->current) {
		chunk->next = arena->current->next;
		arena->current->next = chunk;
	} else {
		arena->current = chunk;
	}
	return chunk->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct chunk *chunk = arena->current;
	size_t rounded;
	void *piece;

	if (!checked_add_size(size == 0 ? 1 : size, ALIGNMENT - 1, &rounded))
		return NULL;
	rounded &= ~(ALIGNMENT - 1);
	if (!chunk || rounded > chunk->size - chunk->used) {
		if (rounded > arena->next_size / 4)
			return alloc_big(arena, rounded);
		chunk = chunk_new(arena->next_size);
		if (!chunk)
			return NULL;
		chunk->next = arena->current;
		arena->current = chunk;
		if (arena->next_size < CHUNK_MAX)
			arena->next_size *= 2;
	}
	piece = chunk->bytes + chunk->used;
	chunk->used += rounded;
	return piece;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (!checked_mul_size(count, size, &total))
		return NULL;
	return arena_alloc(arena, total);
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, slice_str(text));
}

char *arena_strndup(struct arena *arena, struct slice s)
{
	size_t size;
	char *copy;

	if (!checked_add_size(s.len, 1, &size))
		return NULL;
	copy = arena_alloc(arena, size);
	if (copy && s.len != 0)
		memcpy(copy, s.data, s.len);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return NULL;
	text = arena_alloc(arena, (size_t)len + 1);
	if (!text)
		return NULL;
	va_start(args, format);
	len = vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return len < 0 ? NULL : text;
}

void *arena_append(struct arena *arena, void *pointer_to_items, size_t *count,
	size_t *capacity, size_t item_size)
{
	char *items;
	size_t wanted;

	memcpy(&items, pointer_to_items, sizeof(items));
	if (*count == *capacity) {
		char *bigger;

		if (!checked_mul_size(*capacity, 2, &wanted))
			return NULL;
		if (wanted < 8)
			wanted = 8;
		bigger = arena_array(arena, wanted, item_size);
		if (!bigger)
			return NULL;
		if (*count != 0)
			memcpy(bigger, items, *count * item_size);
		items = bigger;
		memcpy(pointer_to_items, &items, sizeof(items));
		*capacity = wanted;
	}
	return items + (*count)++ * item_size;
}
