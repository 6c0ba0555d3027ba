/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splits a command into words as apko does (its shlex): blanks separate; '…' is literal;
 * in "…" and outside of quotes \c is c; # at the beginning of a word comments out the
 * rest of the line. Nothing is expanded.
 */
#ifndef BUILDER_RECIPE_WORDS_H
#define BUILDER_RECIPE_WORDS_H

#include "base/arena.h"
#include "builder/recipe/recipe.h"

/* ERR_INPUT for a quote that is not closed or a backslash at the end. */
MUST_USE int words_split(const char *text, struct arena *arena,
	struct recipe_list *ret_words, struct error *err);

#endif
