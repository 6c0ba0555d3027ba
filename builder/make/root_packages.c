/* SPDX-License-Identifier: Apache-2.0 */
/* Which packages come into a root. */
#include "base/map.h"
#include "builder/image/resolve.h"
#include "builder/make/root.h"
#include "builder/plan/stand_in.h"

void root_packages_done(struct root_packages *packages)
{
	free(packages->items);
	free(packages->addresses);
	*packages = (struct root_packages){0};
}

struct resolving {
	const struct root_wish *wish;
	struct package_index *index;
	struct map *own;  /* names of what was made */
	struct map *seen; /* what was taken and is in the index: its checksum */
};

/* What was made for the other kind of root does not fit into this one. */
static bool fits(const struct root_wish *wish, const struct made *made)
{
	return made->item->recipe->native == wish->item->recipe->native;
}

static int add_made(struct resolving *resolving, struct error *err)
{
	const struct root_wish *wish = resolving->wish;
	for (size_t m = 0; m < wish->made_count; m++) {
		const struct made *made = wish->made[m];
		for (size_t p = 0; fits(wish, made) && p < made->package_count; p++)
			if (package_index_add(resolving->index, made->packages[p], err) <
					0 ||
				map_put(resolving->own,
					slice_str(made->packages[p]->name), resolving,
					err) < 0)
				return err->class;
	}
	return 0;
}

/* What several take is one candidate. */
static int add_prebuilt(
	struct resolving *resolving, const struct prebuilt *prebuilt, struct error *err)
{
	char checksum[DIGEST_TEXT_MAX];
	for (size_t i = 0; i < prebuilt->count; i++) {
		const struct index_entry *entry = prebuilt->items[i];
		struct slice key =
			slice_str(digest_format_hex(&entry->control_sha1, checksum));
		if (map_get(resolving->seen, key))
			continue;
		if (map_put(resolving->seen, key, resolving, err) < 0 ||
			external_add_entry(entry, resolving->own, resolving->index, err) <
				0)
			return err->class;
	}
	return 0;
}

/* Everything in the repositories that is wanted, or that what was made can need. */
static int add_anything(struct resolving *resolving, struct error *err)
{
	const struct root_wish *wish = resolving->wish;
	const struct package_index *made = resolving->index;
	size_t room = wish->wanted->count, count = 0;
	for (size_t i = 0; i < made->count; i++)
		room += made->entries[i].depends.count;
	cleanup_mem const char **names = calloc(room + 1, sizeof(*names));
	if (!names)
		return error_set_memory(err);
	for (size_t i = 0; i < wish->wanted->count; i++)
		names[count++] = wish->wanted->items[i];
	for (size_t i = 0; i < made->count; i++)
		for (size_t k = 0; k < made->entries[i].depends.count; k++)
			names[count++] = made->entries[i].depends.items[k];
	return external_reach(wish->item->prebuilt.external, names, count, resolving->own,
		resolving->index, err);
}

/* What repositories give. */
static int add_candidates(struct resolving *resolving, struct error *err)
{
	const struct root_wish *wish = resolving->wish;
	if (wish->anything && wish->item->prebuilt.external)
		return add_anything(resolving, err);
	if (add_prebuilt(resolving, &wish->item->prebuilt, err) < 0)
		return err->class;
	for (size_t m = 0; m < wish->made_count; m++)
		if (fits(wish, wish->made[m]) &&
			add_prebuilt(resolving, &wish->made[m]->item->prebuilt, err) < 0)
			return err->class;
	return 0;
}

static const struct package *find_made(
	const struct root_wish *wish, const struct index_entry *entry)
{
	for (size_t m = 0; m < wish->made_count; m++)
		for (size_t p = 0; p < wish->made[m]->package_count; p++) {
			const struct package *package = wish->made[m]->packages[p];
			if (fits(wish, wish->made[m]) &&
				strcmp(package->name, entry->name) == 0)
				return package;
		}
	return NULL;
}

/* Whose repositories have it: the item's, or those of what it needs. */
static int get_prebuilt(const struct root_wish *wish, const struct index_entry *entry,
	const struct package **ret_package, const char **ret_address, struct error *err)
{
	struct external *external = wish->item->prebuilt.external;
	for (size_t m = 0; m < wish->made_count; m++) {
		if (external && external_original(external, entry))
			break;
		if (wish->made[m]->item->prebuilt.external)
			external = wish->made[m]->item->prebuilt.external;
	}
	if (!external)
		return error_set(err, ERR_BUG, "%s is from nowhere", entry->name);
	return external_get(external, entry, ret_package, ret_address, err);
}

static int take_all(const struct root_wish *wish, const struct resolution *resolution,
	struct root_packages *packages, struct error *err)
{
	packages->items = calloc(resolution->count + 1, sizeof(*packages->items));
	packages->addresses = calloc(resolution->count + 1, sizeof(char *));
	if (!packages->items || !packages->addresses)
		return error_set_memory(err);
	for (size_t i = 0; i < resolution->count; i++) {
		const struct index_entry *entry = resolution->entries[i];
		size_t at = packages->count;
		packages->items[at] = find_made(wish, entry);
		if (!packages->items[at] && wish->below && !*entry->architecture)
			continue; /* the toolchain has it */
		if (!packages->items[at] &&
			get_prebuilt(wish, entry, &packages->items[at],
				&packages->addresses[at], err) < 0)
			return err->class;
		packages->count++;
	}
	return 0;
}

int root_packages_resolve(const struct root_wish *wish,
	struct root_packages *ret_packages, struct error *err)
{
	cleanup_index struct package_index *index = NULL;
	cleanup_map struct map *own = NULL, *seen = NULL;
	CLEANUP(resolution_done) struct resolution resolution = {0};
	cleanup_root_packages struct root_packages packages = {0};
	if (package_index_new(&index, err) < 0 || map_new(&own, err) < 0 ||
		map_new(&seen, err) < 0)
		return err->class;
	struct resolving resolving = {wish, index, own, seen};
	if (add_made(&resolving, err) < 0 || add_candidates(&resolving, err) < 0 ||
		(wish->below && stand_in_add(index, wish->below, err) < 0) ||
		resolve_packages(index, wish->wanted->items, wish->wanted->count,
			wish->wanted_by, &resolution, err) < 0 ||
		take_all(wish, &resolution, &packages, err) < 0)
		return err->class;
	*ret_packages = packages;
	packages = (struct root_packages){0};
	return 0;
}
