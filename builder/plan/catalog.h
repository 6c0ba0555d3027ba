/* SPDX-License-Identifier: Apache-2.0 */
/* The package recipes of a folder and of the command line, and which of them makes which
 * package. */
#ifndef BUILDER_PLAN_CATALOG_H
#define BUILDER_PLAN_CATALOG_H

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

/*
 * Of two kinds are the roots in which recipes are built. Those of the toolchain have a
 * compiler for another system, whose packages lie below /sysroot. Native ones are made of
 * packages of apk repositories alone, at /: shell, compiler and all. What is built in one
 * kind fits nothing of the other, so the recipes of one kind make nothing for the other.
 */
enum catalog_roots {
	/*
	 * Native are recipes that name repositories. If the caller has some for all, so
	 * are those that are not from a folder with a toolchain; without a toolchain all
	 * are.
	 */
	CATALOG_ROOTS_AUTO = 0,
	CATALOG_ROOTS_TOOLCHAIN,
	CATALOG_ROOTS_NATIVE
};
struct catalog_choice {
	enum catalog_roots roots;
	bool repositories;  /* the caller has some for all */
	const char *folder; /* whose recipes are for the toolchain; NULL: there is none */
};
/* Sets `native` of all recipes. */
void catalog_choose_roots(struct catalog *catalog, const struct catalog_choice *choice);

/* Who makes the package of that name; NULL if nobody. ret_package may be NULL. */
const struct recipe *catalog_find(const struct catalog *catalog, const char *package,
	const struct recipe_package **ret_package);
/*
 * Also by what recipes declare in `provides` ("name" or "name=version"): the package of
 * that name if its version fits, else of those that provide it the one with the highest
 * version that fits, then with the highest provider priority, then by name. For the root
 * of `user`, whose kind counts; NULL: of any kind.
 */
const struct recipe *catalog_find_provider(const struct catalog *catalog,
	const struct atom *atom, const struct recipe *user,
	const struct recipe_package **ret_package);
/* The same in any version. */
const struct recipe *catalog_find_name(const struct catalog *catalog, struct slice name,
	const struct recipe *user, const struct recipe_package **ret_package);
/* What a given file has made of it, by its place in the list; NULL: it makes nothing for
 * the architecture. */
const struct recipe *catalog_given(const struct catalog *catalog, size_t index);

#endif
