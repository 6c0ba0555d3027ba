/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `test:` pipelines of packages, run after they were made, each in a root with the
 * package, what it needs at run time, and what the test's environment names.
 *
 * Without toolchain groups in the environment (and where our recipes make the base
 * packages TEST_BASE: folders and a shell) the root holds packages of ours only, at /:
 * what a package forgot to depend on is not there. With groups ("build-base") the
 * toolchain is below, as in a build, and the packages are at / and at /sysroot, where its
 * compiler looks for headers and libraries.
 *
 * The root of a native recipe's test (builder/plan/catalog.h) is made of the package,
 * what it needs, and what the environment names, from our recipes and the recipe's
 * repositories.
 *
 * A test that passed is remembered in the store (record tests/<key>) under the digest
 * over its steps and everything in its root; it is run again only if one of them changes.
 */
#ifndef BUILDER_MAKE_TEST_H
#define BUILDER_MAKE_TEST_H

#include "builder/make/make.h"

struct test_options {
	const struct make_options *make;
	const struct plan_options *plan;
};

struct test_counts {
	size_t passed, cached; /* packages with tests; cached: of those that passed */
};

/*
 * Adds to *wanted (grown in the arena) the packages that have to be made besides the
 * recipe's own for its tests to be run: for plan_make.
 */
MUST_USE int test_needs(const struct recipe *recipe, const struct plan_options *options,
	struct arena *arena, struct recipe_list *wanted, size_t *capacity,
	struct error *err);

/*
 * made: the packages under test; all: everything made, these and what test_needs names. A
 * failing test is ERR_INPUT with the package, the step's name, the last lines of its log
 * and the log's path. Adds to *counts.
 */
MUST_USE int test_packages(const struct made *made, struct made *const *all,
	size_t all_count, const struct test_options *options, struct test_counts *counts,
	struct error *err);

#endif
