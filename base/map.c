/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/checked.h"
#include "base/map.h"

/*
 * Entries in order of insertion; beside them an open-addressing table of
 * positions (entry index + 1, 0: free), linear probing, at most half full. A
 * removed entry stays as a tombstone (value NULL) until the table is rebuilt,
 * which only map_put does: so removing while iterating is safe.
 */
struct entry {
	const char *key;
	size_t len;
	uint64_t hash;
	void *value;
};

struct map {
	struct arena *keys;
	struct entry *entries;
	size_t used, room; /* entries, tombstones included */
	size_t live;
	uint32_t *table;
	size_t table_size; /* a power of two, or 0 */
	uint64_t seed[2];
};

#define MAP_ENTRIES_MAX ((size_t)1 << 30)

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein, 2012), keyed. */
static uint64_t hash_bytes(const uint64_t seed[2], struct slice s)
{
	uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d,
		seed[0] ^ 0x6c7967656e657261, seed[1] ^ 0x7465646279746573};
	uint64_t word = 0;
	size_t at = 0;

	for (; s.len - at >= 8; at += 8) {
		memcpy(&word, s.data + at, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = 0;
	if (at < s.len)
		memcpy(&word, s.data + at, s.len - at);
	word ^= (uint64_t)s.len << 56;
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int map_new(struct map **ret_map, struct error *err)
{
	cleanup_map struct map *map = calloc(1, sizeof(*map));

	if (!map)
		return error_set_memory(err);
	if (getrandom(map->seed, sizeof(map->seed), 0) != (ssize_t)sizeof(map->seed))
		return error_set_errno(err, errno, "asking for random bytes");
	if (arena_new(&map->keys, err) < 0)
		return err->class;
	*ret_map = take_ptr(map);
	return 0;
}

void map_free(struct map **map)
{
	if (*map) {
		arena_free(&(*map)->keys);
		free((*map)->entries);
		free((*map)->table);
		free_ptr(map);
	}
}

/* The table slot that holds the key, or the free one where it belongs. */
static size_t find_slot(const struct map *map, struct slice key, uint64_t hash)
{
	size_t slot = (size_t)hash & (map->table_size - 1);

	while (map->table[slot] != 0) {
		const struct entry *entry = &map->entries[map->table[slot] - 1];

		if (entry->value && entry->hash == hash &&
			slice_equal(slice_from(entry->key, entry->len), key))
			break;
		slot = (slot + 1) & (map->table_size - 1);
	}
	return slot;
}

static struct entry *find_entry(const struct map *map, struct slice key)
{
	size_t slot;

	if (map->live == 0)
		return NULL;
	slot = find_slot(map, key, hash_bytes(map->seed, key));
	return map->table[slot] ? &map->entries[map->table[slot] - 1] : NULL;
}

static void drop_tombstones(struct map *map)
{
	size_t kept = 0;

	for (size_t i = 0; i < map->used; i++)
		if (map->entries[i].value)
			map->entries[kept++] = map->entries[i];
	map->used = kept;
}

static void fill_table(struct map *map)
{
	memset(map->table, 0, map->table_size * sizeof(map->table[0]));
	for (size_t i = 0; i < map->used; i++) {
		size_t slot = (size_t)map->entries[i].hash & (map->table_size - 1);

		while (map->table[slot] != 0)
			slot = (slot + 1) & (map->table_size - 1);
		map->table[slot] = (uint32_t)i + 1; /* used <= MAP_ENTRIES_MAX */
	}
}

/* Makes room for one more entry: entries are full, so the table is half full. */
static int map_grow(struct map *map, struct error *err)
{
	size_t room = map->live >= map->room / 2 ? map->room * 2 : map->room;
	struct entry *entries;
	uint32_t *table;

	if (room < 8)
		room = 8;
	if (room > MAP_ENTRIES_MAX)
		return error_set(err, ERR_INPUT, "more than %zu different names",
			MAP_ENTRIES_MAX / 2);
	if (room != map->room) {
		table = calloc(room * 2, sizeof(*table));
		if (!table)
			return error_set_memory(err);
		entries = reallocarray(map->entries, room, sizeof(*entries));
		if (!entries) {
			free(table);
			return error_set_memory(err);
		}
		free(map->table);
		map->table = table;
		map->table_size = room * 2;
		map->entries = entries;
		map->room = room;
	}
	drop_tombstones(map);
	fill_table(map);
	return 0;
}

int map_put(struct map *map, struct slice key, void *value, struct error *err)
{
	uint64_t hash;
	struct entry *entry = find_entry(map, key);
	char *copy;

	if (!value)
		return error_set(err, ERR_BUG, "a map was given no value");
	if (entry) {
		entry->value = value;
		return 0;
	}
	if (map->used == map->room && map_grow(map, err) < 0)
		return err->class;
	copy = arena_strndup(map->keys, key);
	if (!copy)
		return error_set_memory(err);
	hash = hash_bytes(map->seed, key);
	entry = &map->entries[map->used++];
	*entry = (struct entry){copy, key.len, hash, value};
	map->table[find_slot(map, key, hash)] = (uint32_t)map->used; /* index + 1 */
	map->live++;
	return 0;
}

void *map_get(const struct map *map, struct slice key)
{
	const struct entry *entry = find_entry(map, key);

	return entry ? entry->value : NULL;
}

void *map_get_str(const struct map *map, const char *key)
{
	return map_get(map, slice_str(key));
}

void map_remove(struct map *map, struct slice key)
{
	struct entry *entry = find_entry(map, key);

	if (!entry)
		return;
	entry->value = NULL;
	map->live--;
}

size_t map_len(const struct map *map)
{
	return map->live;
}

bool map_next(
	const struct map *map, size_t *position, struct slice *ret_key, void **ret_value)
{
	while (*position < map->used) {
		const struct entry *entry = &map->entries[(*position)++];

		if (!entry->value)
			continue;
		if (ret_key)
			*ret_key = slice_from(entry->key, entry->len);
		*ret_value = entry->value;
		return true;
	}
	return false;
}
