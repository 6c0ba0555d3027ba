/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan/stand_in.h"

static bool list_provides(const struct package_list *provides, struct slice name)
{
	for (size_t i = 0; i < provides->count; i++) {
		struct slice rest = slice_str(provides->items[i]), provided;
		if (slice_cut(&rest, '=', &provided) && slice_equal(provided, name))
			return true;
	}
	return false;
}

static bool has_name(const struct package_index *index, struct slice name)
{
	for (size_t i = 0; i < index->count; i++)
		if (slice_equal(slice_str(index->entries[i].name), name) ||
			list_provides(&index->entries[i].provides, name))
			return true;
	return false;
}

static int stand_in_for(struct package_index *index, const char *depend,
	const struct toolchain *toolchain, struct error *err)
{
	struct atom atom;
	if (atom_parse(slice_str(depend), &atom, err) < 0)
		return err->class;
	if (atom.conflict || has_name(index, atom.name))
		return 0;
	const char *name = arena_strndup(index->arena, atom.name);
	if (!name)
		return error_set_memory(err);
	if (!toolchain_provides(toolchain, name) && !toolchain_has(toolchain, name))
		return 0;
	struct index_entry entry = INDEX_ENTRY_INIT;
	entry.name = name;
	entry.version = "0";
	return package_index_add_entry(index, &entry, err);
}

int stand_in_add(
	struct package_index *index, const struct toolchain *toolchain, struct error *err)
{
	size_t count = index->count; /* those that come need nothing */
	for (size_t i = 0; i < count; i++) {
		struct package_list depends = index->entries[i].depends;
		for (size_t d = 0; d < depends.count; d++)
			if (stand_in_for(index, depends.items[d], toolchain, err) < 0)
				return error_wrap(
					err, "what %s needs", index->entries[i].name);
	}
	return 0;
}
