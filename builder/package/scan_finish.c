/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "builder/package/index.h"
#include "builder/package/scan_private.h"

static int text_order(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;
	return strcmp(*left, *right);
}

static void sort_unique(struct scan_list *list)
{
	size_t kept = 0;
	if (list->count == 0)
		return;
	qsort(list->items, list->count, sizeof(*list->items), text_order);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || strcmp(list->items[kept - 1], list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* Does one of the provides of that name satisfy the dependency? */
static bool is_own(const struct scan_list *provides, const struct atom *wanted)
{
	for (size_t i = 0; i < provides->count; i++) {
		struct error ignored =
			ERROR_INIT; /* they were parsed when they were added */
		struct atom own;
		if (atom_parse(slice_str(provides->items[i]), &own, &ignored) == 0 &&
			slice_equal(own.name, wanted->name) &&
			atom_matches(wanted, own.version))
			return true;
	}
	return false;
}

/* Names of the provides: looking through all of them for each dependency would be slow.
 */
static int index_names(
	const struct scan_list *provides, struct map *names, struct error *err)
{
	static char present;
	for (size_t i = 0; i < provides->count; i++) {
		struct atom own;
		if (atom_parse(slice_str(provides->items[i]), &own, err) < 0 ||
			map_put(names, own.name, &present, err) < 0)
			return err->class;
	}
	return 0;
}

static int drop_own(struct scan *scan, struct error *err)
{
	cleanup_map struct map *names = NULL;
	size_t kept = 0;
	if (map_new(&names, err) < 0 || index_names(&scan->provides, names, err) < 0)
		return err->class;
	for (size_t i = 0; i < scan->depends.count; i++) {
		struct atom wanted;
		const char *text = scan->depends.items[i];
		if (atom_parse(slice_str(text), &wanted, err) < 0)
			return err->class;
		if (wanted.conflict || !map_get(names, wanted.name) ||
			!is_own(&scan->provides, &wanted))
			scan->depends.items[kept++] = text;
	}
	scan->depends.count = kept;
	return 0;
}

int scan_finish(struct scan *scan, struct error *err)
{
	struct package *package = scan->package;
	sort_unique(&scan->depends);
	sort_unique(&scan->provides);
	if (drop_own(scan, err) < 0)
		return err->class;
	package->depends =
		(struct package_list){scan->depends.items, scan->depends.count};
	package->provides =
		(struct package_list){scan->provides.items, scan->provides.count};
	return 0;
}
