/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map from bytes to pointers (owned by others), which remembers the order of
 * insertion. Keys are copied. Hashing is keyed with a random number per
 * map, so that input cannot choose collisions; nothing observable depends
 * on it. The copies of removed keys stay until map_free. At most 2^30 keys.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/slice.h"

struct map;
#define cleanup_map CLEANUP(map_free)

MUST_USE int map_new(struct map **ret_map, struct error *err);
void map_free(struct map **map);

/* Adds or replaces. value must not be NULL. */
MUST_USE int map_put(struct map *map, struct slice key, void *value, struct error *err);
/* NULL if absent. */
void *map_get(const struct map *map, struct slice key);
void *map_get_str(const struct map *map, const char *key);
/* Forget the key; nothing happens if it is absent. Keeps the order of the others. */
void map_remove(struct map *map, struct slice key);

size_t map_len(const struct map *map);
/*
 * Iterate in order of insertion: start with *position = 0; false at the end.
 * ret_key may be NULL. Removing while iterating is safe, adding is not.
 */
bool map_next(
	const struct map *map, size_t *position, struct slice *ret_key, void **ret_value);

#endif
