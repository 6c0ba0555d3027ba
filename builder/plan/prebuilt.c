/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/prebuilt.h"

#include "base/limits.h"
#include "base/map.h"
#include "builder/image/resolve.h"
#include "builder/plan/stand_in.h"

struct choosing {
	struct external *external;
	const struct recipe_list *wanted;
	const struct own_packages *own;
	struct arena *arena;
	struct map *names; /* of our packages */
	struct package_index *index;
};

static int name_own(struct choosing *choosing, struct error *err)
{
	for (size_t i = 0; i < choosing->own->count; i++)
		if (map_put(choosing->names,
			    slice_str(choosing->own->items[i].package->name), choosing,
			    err) < 0)
			return err->class;
	return 0;
}

/* Found in files: a library, a command, … */
static bool is_found(const char *provided)
{
	return strchr(provided, ':') != NULL;
}

/* What the recipe says, and what is found in the one that others built. */
static int expect_provides(struct choosing *choosing,
	const struct recipe_package *package, struct package_list *ret_provides,
	struct error *err)
{
	const struct recipe_list *said = &package->dependencies.provides;
	const struct index_entry *theirs =
		external_find(choosing->external, package->name);
	size_t found = theirs ? theirs->provides.count : 0, count = 0;
	const char **items =
		arena_array(choosing->arena, said->count + found, sizeof(*items));
	if (!items)
		return error_set_memory(err);
	for (size_t i = 0; i < said->count; i++)
		items[count++] = said->items[i];
	for (size_t i = 0; i < found; i++)
		if (is_found(theirs->provides.items[i]))
			items[count++] = theirs->provides.items[i];
	*ret_provides = (struct package_list){items, count};
	return 0;
}

static int add_own(
	struct choosing *choosing, const struct own_package *own, struct error *err)
{
	const struct recipe_package *package = own->package;
	const struct recipe_list *runtime = &package->dependencies.runtime;
	struct index_entry entry = INDEX_ENTRY_INIT;
	entry.name = package->name;
	entry.version = own->maker->full_version;
	entry.architecture = own->maker->architecture;
	entry.origin = own->maker->name;
	entry.depends = (struct package_list){runtime->items, runtime->count};
	if (expect_provides(choosing, package, &entry.provides, err) < 0)
		return err->class;
	return package_index_add_entry(choosing->index, &entry, err);
}

/* All that is wanted, and what our packages need. */
static int collect_wishes(struct choosing *choosing, const char *const **ret_wishes,
	size_t *ret_count, struct error *err)
{
	const struct own_packages *own = choosing->own;
	size_t room = choosing->wanted->count, count = 0;
	for (size_t i = 0; i < own->count; i++)
		room += own->items[i].package->dependencies.runtime.count;
	const char **wishes = arena_array(choosing->arena, room, sizeof(*wishes));
	if (!wishes)
		return error_set_memory(err);
	for (size_t i = 0; i < choosing->wanted->count; i++)
		wishes[count++] = choosing->wanted->items[i];
	for (size_t i = 0; i < own->count; i++) {
		const struct recipe_list *runtime =
			&own->items[i].package->dependencies.runtime;
		for (size_t k = 0; k < runtime->count; k++)
			wishes[count++] = runtime->items[k];
	}
	*ret_wishes = wishes;
	*ret_count = count;
	return 0;
}

/* Before anything is fetched; the packages themselves are counted when they are there. */
static int check_size(const struct prebuilt *prebuilt, struct error *err)
{
	uint64_t size = 0;
	for (size_t i = 0; i < prebuilt->count; i++) {
		if (prebuilt->items[i]->installed_size > LIMIT_ROOT_BYTES - size)
			return error_set(err, ERR_INPUT,
				"%s-%s, and all before it, have more than %llu bytes",
				prebuilt->items[i]->name, prebuilt->items[i]->version,
				(unsigned long long)LIMIT_ROOT_BYTES);
		size += prebuilt->items[i]->installed_size;
	}
	return 0;
}

static int take_chosen(struct choosing *choosing, const struct resolution *resolution,
	struct prebuilt *ret_prebuilt, struct error *err)
{
	struct prebuilt prebuilt = {.external = choosing->external};
	prebuilt.items =
		arena_array(choosing->arena, resolution->count, sizeof(*prebuilt.items));
	if (!prebuilt.items)
		return error_set_memory(err);
	for (size_t i = 0; i < resolution->count; i++) {
		const struct index_entry *entry = resolution->entries[i];
		if (map_get_str(choosing->names, entry->name) || !*entry->architecture)
			continue; /* ours, or the toolchain's */
		entry = external_original(choosing->external, entry);
		if (!entry)
			return error_set_memory(err);
		prebuilt.items[prebuilt.count++] = entry;
	}
	if (check_size(&prebuilt, err) < 0)
		return err->class;
	*ret_prebuilt = prebuilt;
	return 0;
}

static int collect_candidates(
	struct choosing *choosing, const struct toolchain *below, struct error *err)
{
	const char *const *wishes;
	size_t count;
	if (name_own(choosing, err) < 0 ||
		collect_wishes(choosing, &wishes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < choosing->own->count; i++)
		if (add_own(choosing, &choosing->own->items[i], err) < 0)
			return err->class;
	if (external_reach(choosing->external, wishes, count, choosing->names,
		    choosing->index, err) < 0)
		return err->class;
	return below ? stand_in_add(choosing->index, below, err) : 0;
}

int prebuilt_choose(const struct prebuilt_wish *wish, struct arena *arena,
	struct prebuilt *ret_prebuilt, struct error *err)
{
	cleanup_map struct map *names = NULL;
	cleanup_index struct package_index *index = NULL;
	CLEANUP(resolution_done) struct resolution resolution = {0};
	if (map_new(&names, err) < 0 || package_index_new(&index, err) < 0)
		return err->class;
	struct choosing choosing = {
		wish->external, wish->wanted, wish->own, arena, names, index};
	if (collect_candidates(&choosing, wish->below, err) < 0 ||
		resolve_packages(index, wish->wanted->items, wish->wanted->count,
			"the build", &resolution, err) < 0)
		return err->class;
	return take_chosen(&choosing, &resolution, ret_prebuilt, err);
}

int prebuilt_write(const struct prebuilt *prebuilt, struct buffer *out, struct error *err)
{
	char checksum[DIGEST_TEXT_MAX];
	for (size_t i = 0; i < prebuilt->count; i++) {
		const struct index_entry *entry = prebuilt->items[i];
		if (!digest_is_set(&entry->control_sha1))
			return error_set(err, ERR_REFUSED,
				"the index has no checksum of %s-%s", entry->name,
				entry->version);
		if (buffer_printf(out, err, "\nprebuilt %s %s %s %llu %s", entry->name,
			    entry->version, entry->architecture,
			    (unsigned long long)entry->size,
			    digest_format(&entry->control_sha1, checksum)) < 0)
			return err->class;
	}
	return 0;
}
