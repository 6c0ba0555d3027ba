/* SPDX-License-Identifier: Apache-2.0 */
/* From names to packages of repositories, and to what these need. */
#include "builder/plan/external_private.h"

#include <string.h>

const char *external_version_key(struct arena *arena, const struct index_entry *entry)
{
	return arena_printf(arena, "%s %s %s", entry->name, entry->version, entry->tag);
}

struct external_entry *external_find_entry(
	struct external *external, const struct index_entry *entry)
{
	const char *key = external_version_key(external->arena, entry);
	return key ? map_get_str(external->by_version, key) : NULL;
}

/* ---- which are ours ---- */

/* From names to who provides them, to the names that these need, and so on. */
struct walk {
	struct external *external;
	struct external_entry **open; /* seen, whose needs were not looked at */
	size_t open_count, open_capacity;
	struct recipe_list ours; /* of external_split */
	size_t ours_capacity;
	const struct map *own; /* of external_reach; may be NULL */
	struct package_index *index;
};

static struct walk walk_begin(struct external *external)
{
	external->walk++;
	return (struct walk){.external = external};
}

static int see(struct walk *walk, struct external_entry *entry, struct error *err)
{
	if (entry->seen == walk->external->walk)
		return 0;
	entry->seen = walk->external->walk;
	struct external_entry **slot = arena_append(walk->external->arena, &walk->open,
		&walk->open_count, &walk->open_capacity, sizeof(*slot));
	if (!slot)
		return error_set_memory(err);
	*slot = entry;
	return 0;
}

static int see_providers(struct walk *walk, struct slice name, struct error *err)
{
	struct provider *provider = map_get(walk->external->by_name, name);
	for (; provider; provider = provider->next)
		if (see(walk, provider->entry, err) < 0)
			return err->class;
	return 0;
}

static int add_ours(struct walk *walk, const char *text, struct error *err)
{
	const char **slot = arena_append(walk->external->arena, &walk->ours.items,
		&walk->ours.count, &walk->ours_capacity, sizeof(*slot));
	if (!slot)
		return error_set_memory(err);
	*slot = text;
	return 0;
}

static int look_at(struct walk *walk, const char *text, bool wanted, struct error *err)
{
	const struct external *external = walk->external;
	struct atom atom;
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	if (atom.conflict)
		return 0;
	if (catalog_find_name(external->options.catalog, atom.name, NULL, NULL) ||
		(wanted && !map_get(external->by_name, atom.name)))
		return add_ours(walk, text, err);
	return see_providers(walk, atom.name, err);
}

int external_split(struct external *external, const struct recipe_list *wanted,
	struct recipe_list *ret_ours, struct error *err)
{
	struct walk walk = walk_begin(external);
	for (size_t i = 0; i < wanted->count; i++)
		if (look_at(&walk, wanted->items[i], true, err) < 0)
			return err->class;
	while (walk.open_count) {
		const struct index_entry *entry = walk.open[--walk.open_count]->entry;
		for (size_t i = 0; i < entry->depends.count; i++)
			if (look_at(&walk, entry->depends.items[i], false, err) < 0)
				return err->class;
	}
	*ret_ours = walk.ours;
	return 0;
}

/* ---- what a resolution can choose ---- */

static bool is_own(const struct map *own, struct slice name)
{
	return own && map_get(own, name) != NULL;
}

int external_add_entry(const struct index_entry *entry, const struct map *ours,
	struct package_index *index, struct error *err)
{
	size_t kept = 0;
	if (is_own(ours, slice_str(entry->name)))
		return 0;
	if (package_index_add_entry(index, entry, err) < 0)
		return err->class;
	struct package_list *provides = &index->entries[index->count - 1].provides;
	for (size_t i = 0; i < provides->count; i++) {
		struct slice rest = slice_str(provides->items[i]), name;
		if (!slice_cut(&rest, '=', &name) || !is_own(ours, name))
			provides->items[kept++] = provides->items[i];
	}
	provides->count = kept;
	return 0;
}

static int reach(struct walk *walk, const char *text, struct error *err)
{
	struct atom atom;
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	if (atom.conflict || is_own(walk->own, atom.name))
		return 0;
	return see_providers(walk, atom.name, err);
}

static int reach_open(struct walk *walk, struct error *err)
{
	while (walk->open_count) {
		const struct index_entry *entry = walk->open[--walk->open_count]->entry;
		if (is_own(walk->own, slice_str(entry->name)))
			continue;
		if (external_add_entry(entry, walk->own, walk->index, err) < 0)
			return err->class;
		for (size_t i = 0; i < entry->depends.count; i++)
			if (reach(walk, entry->depends.items[i], err) < 0)
				return err->class;
	}
	return 0;
}

static bool is_seen(const struct walk *walk, struct slice name)
{
	const struct provider *provider = map_get(walk->external->by_name, name);
	while (provider && provider->entry->seen != walk->external->walk)
		provider = provider->next;
	return provider || is_own(walk->own, name);
}

/* Can all be there that an install_if names? */
static int can_follow(const struct walk *walk, const struct index_entry *entry,
	bool *ret_can, struct error *err)
{
	*ret_can = true;
	for (size_t i = 0; i < entry->install_if.count && *ret_can; i++) {
		struct atom atom;
		if (atom_parse(slice_str(entry->install_if.items[i]), &atom, err) < 0)
			return err->class;
		*ret_can = atom.conflict || is_seen(walk, atom.name);
	}
	return 0;
}

static int reach_following(struct walk *walk, bool *ret_any, struct error *err)
{
	const struct external *external = walk->external;
	*ret_any = false;
	for (size_t i = 0; i < external->following_count; i++) {
		struct external_entry *entry = external->following[i];
		bool can = false;
		if (entry->seen == external->walk)
			continue;
		if (can_follow(walk, entry->entry, &can, err) < 0 ||
			(can && see(walk, entry, err) < 0))
			return err->class;
		*ret_any |= can;
	}
	return 0;
}

int external_reach(struct external *external, const char *const *wanted, size_t count,
	const struct map *ours, struct package_index *index, struct error *err)
{
	struct walk walk = walk_begin(external);
	bool more = true;
	walk.own = ours;
	walk.index = index;
	for (size_t i = 0; i < count; i++)
		if (reach(&walk, wanted[i], err) < 0)
			return err->class;
	while (more)
		if (reach_open(&walk, err) < 0 || reach_following(&walk, &more, err) < 0)
			return err->class;
	return 0;
}

/* By its own name, or by one of those that it provides. */
static bool fits(const struct index_entry *entry, const struct atom *atom)
{
	if (slice_equal_str(atom->name, entry->name) &&
		atom_matches(atom, slice_str(entry->version)))
		return true;
	for (size_t i = 0; i < entry->provides.count; i++) {
		struct slice version = slice_str(entry->provides.items[i]), name;
		if (slice_cut(&version, '=', &name) && slice_equal(name, atom->name) &&
			atom_matches(atom, version))
			return true;
	}
	return false;
}

bool external_provides(const struct external *external, const struct atom *atom)
{
	const struct provider *provider = map_get(external->by_name, atom->name);
	while (provider && !fits(provider->entry->entry, atom))
		provider = provider->next;
	return provider != NULL;
}

const struct index_entry *external_find(const struct external *external, const char *name)
{
	const struct index_entry *best = NULL;
	const struct provider *provider = map_get_str(external->by_name, name);
	for (; provider; provider = provider->next) {
		const struct index_entry *entry = provider->entry->entry;
		struct error ignored = ERROR_INIT; /* what has no order is not better */
		int order = 1;
		if (strcmp(entry->name, name) != 0)
			continue;
		if (best &&
			version_compare(slice_str(entry->version),
				slice_str(best->version), false, &order, &ignored) < 0)
			order = 0;
		if (order > 0)
			best = entry;
	}
	return best;
}

const struct index_entry *external_original(
	struct external *external, const struct index_entry *entry)
{
	const struct external_entry *found = external_find_entry(external, entry);
	return found ? found->entry : NULL;
}
