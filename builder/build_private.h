/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stages of a build hand on, and the stages. build.c calls them in order.
 */
#ifndef BUILDER_BUILD_PRIVATE_H
#define BUILDER_BUILD_PRIVATE_H

#include "builder/audit/elf_audit.h"
#include "builder/build.h"
#include "builder/make/test.h"
#include "builder/plan/external.h"
#include "oci/repository.h"

/* What the stages hand on. */
struct building {
	const struct build_options *options;
	struct arena *arena;
	struct image_recipe *recipe;
	struct catalog *catalog;
	struct toolchain *toolchain;
	struct store *store;
	struct external *external;   /* packages of others; NULL when none can be used */
	struct externals *externals; /* that build roots are made of */
	struct plan *plan;
	struct made **made;
	size_t made_count;
	const struct package **packages; /* chosen for the image, dependencies first */
	const char **addresses;          /* where each is from; NULL: made here */
	struct digest *package_files;    /* of the .apk files as written */
	size_t package_count;
	struct image *image;
	struct elf_audit *hardening;
	struct repository *layout;
	struct descriptor manifest; /* in the layout */
	const char *layout_path, *packages_path, *tag, *architecture;
	int64_t mtime, started;
	struct digest key;
	size_t built;
	struct test_counts tests;
};

void building_done(struct building *building);

/* Recipes, pipelines, the build root; with the store: prepare. */
MUST_USE int building_read(struct building *building, struct error *err);
MUST_USE int building_prepare(struct building *building, struct error *err);
/* The plan of making packages, and all that it says made; wanted: names of packages. */
struct external_options building_external_options(const struct building *building);
struct plan_options building_plan_options(const struct building *building);
/* Once; building_plan does it, too. */
MUST_USE int building_open_externals(struct building *building, struct error *err);
MUST_USE int building_plan(struct building *building, const char *const *wanted,
	size_t count, struct error *err);
struct make_options building_make_options(const struct building *building);
MUST_USE int building_make(struct building *building, struct error *err);

/* The packages that the image's recipe wants: who gives them; in the order of installing;
 * the image of them. */
MUST_USE int building_split(
	struct building *building, struct recipe_list *ret_ours, struct error *err);
MUST_USE int building_choose(struct building *building, struct error *err);
MUST_USE int building_compose(struct building *building, struct error *err);

/* Into the output directory: all of it, signed and attested; only the packages. */
MUST_USE int building_write(struct building *building, struct error *err);
MUST_USE int building_write_packages(struct building *building, struct error *err);
bool building_is_own(const struct building *building, size_t at);

/* Whether the output directory has the result already: by the key of all inputs. */
MUST_USE int building_key(struct building *building, struct error *err);
MUST_USE int building_remember(struct building *building, struct error *err);
MUST_USE int building_recall(struct building *building, struct build_result *result,
	bool *ret_done, struct error *err);

/* What there is to say of the image. */
struct build_facts building_facts(const struct building *building);
MUST_USE int building_result(const struct building *building,
	struct build_result *ret_result, struct error *err);

/* Names of the main packages of the recipes given as files; into the building's arena.
 * Those that make nothing for the architecture are left out, and not counted. */
MUST_USE int building_names(struct building *building, const char *const *recipes,
	size_t *count, const char ***ret_names, struct error *err);

#endif
