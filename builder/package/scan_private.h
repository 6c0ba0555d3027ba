/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that find dependencies share:
 *	scan.c            the driver, the lists, where libraries are looked for
 *	scan_elf.c        so: and so-ver:
 *	scan_command.c    cmd:, #! lines
 *	scan_pkgconfig.c  pc:
 *	scan_language.c   perl, python, ruby; man-db, texinfo
 *	scan_finish.c     what stays of it all
 */
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
	struct scan_list depends, provides, vendored, library_dirs;
};

/* Last component of a path, and all before it. */
const char *scan_base_name(const char *path);
struct slice scan_directory(const char *path);
/* Does the path lie right in one of the directories? */
bool scan_is_in(const char *path, const char *const *directories, size_t count);

/* text NULL means that memory ran out. */
MUST_USE int scan_add(
	struct scan *scan, struct scan_list *list, const char *text, struct error *err);
/* "kind:name"; ERR_INPUT if that is no dependency. */
MUST_USE int scan_depend(
	struct scan *scan, const char *kind, struct slice name, struct error *err);
/* "kind:name=version" into provides or vendored. */
MUST_USE int scan_offer(struct scan *scan, struct scan_list *list, const char *kind,
	struct slice name, struct slice version, struct error *err);

MUST_USE int scan_elf(struct scan *scan, const struct tree_node *node, struct error *err);
/* libx.so → libx.so.1, which another package of the recipe has. */
MUST_USE int scan_library_link(
	struct scan *scan, const struct tree_node *node, struct error *err);
MUST_USE int scan_command(
	struct scan *scan, const struct tree_node *node, struct error *err);
/* start: the first bytes of a file that begins with "#!". */
MUST_USE int scan_script(struct scan *scan, const struct tree_node *node,
	struct slice start, struct error *err);
/* A .pc file of pkg-config(1). */
MUST_USE int scan_pkgconfig(
	struct scan *scan, const struct tree_node *node, struct error *err);
/* Modules of Perl, Python and Ruby by where they lie, pages of -doc packages. */
MUST_USE int scan_language(
	struct scan *scan, const struct tree_node *node, struct error *err);

/*
 * Drops what the package brings itself or the options switch off, adds what the recipe
 * declares, sorts all lists, makes them unique and hands them to the package.
 */
MUST_USE int scan_finish(struct scan *scan, struct error *err);

#endif
