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

/* Drops the dependencies that one of the offers satisfies. */
static int drop_satisfied(
	struct scan *scan, const struct scan_list *offers, struct error *err)
{
	cleanup_map struct map *names = NULL;
	size_t kept = 0;
	if (map_new(&names, err) < 0 || index_names(offers, names, err) < 0)
		return err->class;
	for (size_t i = 0; i < scan->depends.count; i++) {
		struct atom wanted;
		const char *text = scan->depends.items[i];
		if (atom_parse(slice_str(text), &wanted, err) < 0)
			return err->class;
		if (wanted.conflict || !map_get(names, wanted.name) ||
			!is_own(offers, &wanted))
			scan->depends.items[kept++] = text;
	}
	scan->depends.count = kept;
	return 0;
}

static void drop_commands(struct scan_list *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (strncmp(list->items[i], "cmd:", 4) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* What was found, not what is declared. */
static void switch_off(struct scan *scan)
{
	const struct package_scan_options *options = scan->options;
	if (options->no_commands) {
		drop_commands(&scan->depends);
		drop_commands(&scan->provides);
	}
	if (options->no_depends)
		scan->depends.count = 0;
	if (options->no_provides)
		scan->provides.count = 0;
}

static int add_given(struct scan *scan, struct scan_list *list,
	const struct package_list *given, struct error *err)
{
	struct atom atom;
	for (size_t i = 0; i < given->count; i++)
		if (atom_parse(slice_str(given->items[i]), &atom, err) < 0 ||
			scan_add(scan, list, given->items[i], err) < 0)
			return err->class;
	return 0;
}

int scan_finish(struct scan *scan, struct error *err)
{
	struct package *package = scan->package;
	/* what is declared is meant, even where a file for the package alone would do */
	if (drop_satisfied(scan, &scan->vendored, err) < 0)
		return err->class;
	switch_off(scan);
	if (add_given(scan, &scan->depends, &package->depends, err) < 0 ||
		add_given(scan, &scan->provides, &package->provides, err) < 0)
		return err->class;
	sort_unique(&scan->depends);
	sort_unique(&scan->provides);
	sort_unique(&scan->vendored);
	if (drop_satisfied(scan, &scan->provides, err) < 0)
		return err->class;
	package->depends =
		(struct package_list){scan->depends.items, scan->depends.count};
	package->provides =
		(struct package_list){scan->provides.items, scan->provides.count};
	package->vendored =
		(struct package_list){scan->vendored.items, scan->vendored.count};
	return 0;
}
