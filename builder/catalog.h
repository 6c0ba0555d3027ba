/* SPDX-License-Identifier: Apache-2.0 */
/* The package recipes of a folder and of the command line, and which of them makes which
 * package. */
#ifndef BUILDER_CATALOG_H
#define BUILDER_CATALOG_H

#include "builder/package/index.h"
#include "builder/recipe/recipe.h"

struct catalog;
#define cleanup_catalog CLEANUP(catalog_free)

/*
 * Reads every .yaml file in the directory, and the given files. A given recipe stands in
 * for those of the directory that make one of its packages. Otherwise two recipes that
 * make one package are ERR_INPUT, naming both.
 */
MUST_USE int catalog_load(const char *directory, const char *const *given_files,
	size_t given_count, const struct recipe_options *options,
	struct catalog **ret_catalog, struct error *err);
void catalog_free(struct catalog **catalog);

size_t catalog_count(const struct catalog *catalog);
const struct recipe *catalog_at(const struct catalog *catalog, size_t index);
/* Who makes the package of that name; NULL if nobody. ret_package may be NULL. */
const struct recipe *catalog_find(const struct catalog *catalog, const char *package,
	const struct recipe_package **ret_package);
/*
 * Also by what recipes declare in `provides` ("name" or "name=version"): the package of
 * that name if its version fits, else of those that provide it the one with the highest
 * version that fits, then with the highest provider priority, then by name.
 */
const struct recipe *catalog_find_provider(const struct catalog *catalog,
	const struct atom *atom, const struct recipe_package **ret_package);
/* The same in any version. */
const struct recipe *catalog_find_name(const struct catalog *catalog, struct slice name,
	const struct recipe_package **ret_package);
/* What a given file has made of it, by its place in the list; NULL: it makes nothing for
 * the architecture. */
const struct recipe *catalog_given(const struct catalog *catalog, size_t index);

#endif
