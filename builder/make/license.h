/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The licence texts of a recipe's sources, taken from the workspace when its steps are
 * done: what `license-path` of the recipe names, and files whose names begin with
 * LICENSE, LICENCE, COPYING, COPYRIGHT or NOTICE in any letters' case (no code) at the
 * root of the source, or in LICENSES/ there (REUSE 3.3). The root is /home/build; where
 * it has none, each place that git-checkout wrote to.
 *
 * They go to usr/share/licenses/PACKAGE/ of every package that has files: most licences
 * want the text to go with every copy.
 */
#ifndef BUILDER_MAKE_LICENSE_H
#define BUILDER_MAKE_LICENSE_H

#include "builder/package/package.h"
#include "builder/recipe/recipe.h"

#define LICENSE_TEXT_BYTES MIB /* of one text */
#define LICENSE_TEXTS      64  /* of one recipe */

struct license_text {
	const char *path; /* below the workspace */
	struct slice bytes;
};

struct license_texts {
	struct arena *arena; /* of the caller */
	struct license_text *items;
	size_t count, capacity;
};

/*
 * workspace: the directory that steps see as /home/build. In byte order of paths. A
 * license-path that is no regular file there is ERR_INPUT.
 */
MUST_USE int license_texts_find(int workspace, const struct recipe *recipe,
	struct license_texts *texts, struct error *err);
/* NULL if there is none of that path. */
const struct license_text *license_texts_get(
	const struct license_texts *texts, const char *path);
/* Adds them to the package, unless it has that path or no files at all. */
MUST_USE int license_texts_add(const struct license_texts *texts, struct package *package,
	struct store *store, struct error *err);

#endif
