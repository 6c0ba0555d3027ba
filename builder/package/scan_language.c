/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/index.h"
#include "builder/package/scan_private.h"

/* Does the recipe declare a dependency whose name begins like this (or is this)? */
static bool is_declared(const struct scan *scan, const char *name, bool whole)
{
	const struct package_list *list = &scan->package->depends;
	for (size_t i = 0; i < list->count; i++)
		if (whole ? strcmp(list->items[i], name) == 0
			  : strncmp(list->items[i], name, strlen(name)) == 0)
			return true;
	return false;
}

/* A dependency on a package by its name; what is no name of one is passed over. */
static int depend_on(struct scan *scan, const char *text, struct error *err)
{
	struct error unusual = ERROR_INIT;
	struct atom atom;
	if (!text)
		return error_set_memory(err);
	if (atom_parse(slice_str(text), &atom, &unusual) < 0)
		return 0;
	return scan_add(scan, &scan->depends, text, err);
}

/* The component of a path after the given ones; false if it begins otherwise. */
static bool cut_prefix(struct slice *path, const char *prefix)
{
	struct slice start = slice_str(prefix);
	if (!slice_starts_with(*path, start))
		return false;
	*path = slice_sub(*path, start.len, path->len);
	return true;
}

static bool starts_with_digit(struct slice text)
{
	return text.len && text.data[0] >= '0' && text.data[0] <= '9';
}

/* usr/lib/perl5/vendor_perl → perl~5 */
static int scan_perl(struct scan *scan, struct slice path, struct error *err)
{
	struct slice version;
	if (!cut_prefix(&path, "perl") || !slice_cut(&path, '/', &version) ||
		!starts_with_digit(version) || slice_has_byte(path, '/') ||
		!slice_ends_with(path, SLICE("_perl")) || is_declared(scan, "perl", true))
		return 0;
	return depend_on(scan,
		arena_printf(scan->package->arena, "perl~%.*s", SLICE_ARG(version)), err);
}

/* usr/lib/ruby/gems/3.4.0/gems → ruby-3.4 */
static int scan_ruby(struct scan *scan, struct slice path, struct error *err)
{
	struct slice version;
	if (!cut_prefix(&path, "ruby/gems/") || !slice_cut(&path, '/', &version) ||
		!slice_equal_str(path, "gems") || !starts_with_digit(version) ||
		is_declared(scan, "ruby", true) || is_declared(scan, "ruby-", false))
		return 0;
	size_t dot = version.len;
	while (dot > 0 && version.data[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return 0;
	return depend_on(scan,
		arena_printf(scan->package->arena, "ruby-%.*s",
			SLICE_ARG(slice_sub(version, 0, dot - 1))),
		err);
}

/* …/python3.13/site-packages → python-3.13-base */
static int scan_python(struct scan *scan, const char *path, struct error *err)
{
	struct slice directory = scan_directory(path);
	if (strcmp(scan_base_name(path), "site-packages") != 0)
		return 0;
	while (slice_has_byte(directory, '/'))
		directory = slice_sub(directory, 1, directory.len);
	if (!cut_prefix(&directory, "python") || !starts_with_digit(directory) ||
		is_declared(scan, "python", false))
		return 0;
	return depend_on(scan,
		arena_printf(
			scan->package->arena, "python-%.*s-base", SLICE_ARG(directory)),
		err);
}

/* What a -doc package has is for these programs. */
static int scan_pages(struct scan *scan, const char *path, struct error *err)
{
	if (!slice_ends_with(slice_str(scan->package->name), SLICE("-doc")))
		return 0;
	if (slice_equal_str(scan_directory(path), "usr/share/man"))
		return depend_on(scan, "man-db", err);
	if (slice_equal_str(scan_directory(path), "usr/share/info"))
		return depend_on(scan, "texinfo", err);
	return 0;
}

int scan_language(struct scan *scan, const struct tree_node *node, struct error *err)
{
	struct slice path = slice_str(node->path);
	if (scan_pages(scan, node->path, err) < 0)
		return err->class;
	if (node->type != TREE_DIRECTORY)
		return 0;
	if (scan_python(scan, node->path, err) < 0)
		return err->class;
	(void)cut_prefix(&path, "usr/"); /* lib/ or usr/lib/ */
	if (!cut_prefix(&path, "lib/"))
		return 0;
	if (scan_perl(scan, path, err) < 0)
		return err->class;
	return scan_ruby(scan, path, err);
}
