/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linters: mistakes of packaging that show in the files of a package (reference:
 * recipes-packages-images.md 3.3, whose names and levels these are, so that
 * `checks.disabled` of recipes means here what it means elsewhere).
 *
 * A linter is off, warns, or is an error. lint_configure changes the levels for all
 * packages; a recipe's `checks.disabled` then takes each linter that it names one level
 * down (an error becomes a warning, a warning is not looked for).
 */
#ifndef BUILDER_AUDIT_LINT_H
#define BUILDER_AUDIT_LINT_H

#include "builder/package/package.h"
#include "builder/recipe/recipe.h"

enum lint_level { LINT_OFF = 0, LINT_WARNING, LINT_ERROR };

#define LINT_COUNT 30

struct lint_linter {
	const char *name;
	enum lint_level level; /* by default */
	const char *text;      /* what is wrong with a file that it names */
	const char *remedy;
};
/* All of them, sorted by name. */
extern const struct lint_linter lint_linters[LINT_COUNT];

/* The level of each linter, in the order of lint_linters. */
struct lint_levels {
	enum lint_level of[LINT_COUNT];
};
/* Linters by name. */
struct lint_names {
	const char *const *items;
	size_t count;
};
/*
 * The defaults, with those named at [level] put to that level; of several the highest
 * counts. ERR_USAGE for a name that is no linter's.
 */
MUST_USE int lint_configure(const struct lint_names names[LINT_ERROR + 1],
	struct lint_levels *ret_levels, struct error *err);
/* Takes each linter of the list one level down; names that are no linter's say nothing:
 * recipes name linters of other tools. */
void lint_disable(struct lint_levels *levels, const struct recipe_list *disabled);

/* What one linter found in one package. */
struct lint_finding {
	const struct lint_linter *linter;
	enum lint_level level;
	const char *path;   /* the first in canonical order; "" for the whole package */
	const char *detail; /* "needs libx.so.1", or "" */
	size_t count;
};

struct lint_report {
	struct arena *arena;
	struct lint_finding findings[LINT_COUNT]; /* errors first, then by name */
	size_t count;
};
#define cleanup_lint_report CLEANUP(lint_report_done)
void lint_report_done(struct lint_report *report);

struct lint_options {
	struct lint_levels levels;
	/* Who may bring the libraries that the package needs: all packages that were in
	 * its build root or come from the same recipe. */
	const struct package *const *providers;
	size_t provider_count;
	/* what others there provide, whose files are not at hand */
	const struct package_list *provided;
	size_t provided_count;
};
/* The package as collected; contents are read from the store. */
MUST_USE int lint_package(const struct package *package, struct store *store,
	const struct lint_options *options, struct lint_report *ret_report,
	struct error *err);

/*
 * What a report means for a build: warnings are logged, a line for each linter; the first
 * error is ERR_INPUT with linter, file and remedy.
 */
MUST_USE int lint_judge(
	const struct lint_report *report, const char *package_name, struct error *err);

#endif
