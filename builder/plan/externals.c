/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/externals.h"

#include "base/map.h"

struct externals {
	struct arena *arena;
	struct external_lists for_all;
	struct external_options options;
	struct map *known; /* what a set names → struct external */
};

int externals_new(const struct external_lists *for_all,
	const struct external_options *options, struct externals **ret_externals,
	struct error *err)
{
	cleanup_externals struct externals *externals = calloc(1, sizeof(*externals));
	if (!externals)
		return error_set_memory(err);
	externals->for_all = *for_all;
	externals->options = *options;
	externals->options.catalog = NULL;
	if (arena_new(&externals->arena, err) < 0 || map_new(&externals->known, err) < 0)
		return err->class;
	*ret_externals = take_ptr(externals);
	return 0;
}

void externals_free(struct externals **pointer)
{
	struct externals *externals = *pointer;
	size_t at = 0;
	void *value;
	*pointer = NULL;
	if (!externals)
		return;
	while (externals->known && map_next(externals->known, &at, NULL, &value)) {
		struct external *external = value;
		external_free(&external);
	}
	map_free(&externals->known);
	arena_free(&externals->arena);
	free(externals);
}

/* Each once: a recipe may name what the caller has for all, too. */
static int join(struct arena *arena, const struct recipe_list *own,
	const char *const *for_all, size_t count, const char *const **ret_list,
	size_t *ret_count, struct error *err)
{
	const char **list = arena_array(arena, own->count + count, sizeof(*list));
	size_t total = 0;
	if (!list)
		return error_set_memory(err);
	for (size_t i = 0; i < own->count + count; i++) {
		const char *text =
			i < own->count ? own->items[i] : for_all[i - own->count];
		size_t at = 0;
		while (at < total && strcmp(list[at], text) != 0)
			at++;
		if (at == total)
			list[total++] = text;
	}
	*ret_list = list;
	*ret_count = total;
	return 0;
}

static int name_set(
	const struct external_lists *lists, struct buffer *name, struct error *err)
{
	for (size_t i = 0; i < lists->repository_count; i++)
		if (buffer_printf(name, err, "%s\n", lists->repositories[i]) < 0)
			return err->class;
	for (size_t i = 0; i < lists->key_count; i++)
		if (buffer_printf(name, err, "\n%s", lists->keyring[i]) < 0)
			return err->class;
	return 0;
}

int externals_get(struct externals *externals, const struct recipe *recipe,
	struct external **ret_external, struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT;
	const struct external_lists *for_all = &externals->for_all;
	struct external_lists lists;
	if (join(externals->arena, &recipe->repositories, for_all->repositories,
		    for_all->repository_count, &lists.repositories,
		    &lists.repository_count, err) < 0 ||
		join(externals->arena, &recipe->keyring, for_all->keyring,
			for_all->key_count, &lists.keyring, &lists.key_count, err) < 0 ||
		name_set(&lists, &name, err) < 0)
		return err->class;
	*ret_external = NULL;
	if (!lists.repository_count)
		return 0;
	struct external *external = map_get(externals->known, buffer_slice(&name));
	if (!external) {
		cleanup_external struct external *fresh = NULL;
		if (external_open(&lists, &externals->options, &fresh, err) < 0 ||
			map_put(externals->known, buffer_slice(&name), fresh, err) < 0)
			return err->class;
		external = take_ptr(fresh);
	}
	*ret_external = external;
	return 0;
}
