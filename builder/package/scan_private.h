/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that find dependencies share. */
#ifndef BUILDER_PACKAGE_SCAN_PRIVATE_H
#define BUILDER_PACKAGE_SCAN_PRIVATE_H

#include "builder/package/package.h"

struct scan_list { /* of texts in the package's arena */
	const char **items;
	size_t count, capacity;
};

struct scan {
	struct package *package;
	struct store *store;
	const struct package_scan_options *options;
	struct scan_list depends, provides, library_dirs;
};

/* text NULL means that memory ran out. */
MUST_USE int scan_add(
	struct scan *scan, struct scan_list *list, const char *text, struct error *err);
/* "kind:name"; ERR_INPUT if that is no dependency. */
MUST_USE int scan_depend(
	struct scan *scan, const char *kind, struct slice name, struct error *err);
/* "kind:name=version" */
MUST_USE int scan_provide(struct scan *scan, const char *kind, struct slice name,
	struct slice version, struct error *err);
/* A .pc file of pkg-config(1). */
MUST_USE int scan_pkgconfig(
	struct scan *scan, const struct tree_node *node, struct error *err);
/* Sorts both lists, makes them unique, drops what the package provides itself, keeps
 * them. */
MUST_USE int scan_finish(struct scan *scan, struct error *err);

#endif
