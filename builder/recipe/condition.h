/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conditions of `if`:
 *
 *	expr  := atom ( ( "&&" | "||" ) atom )*
 *	atom  := "(" expr ")" | value ( "==" | "!=" ) value
 *	value := "'" text "'" | '"' text '"' | variable
 *
 * "&&" and "||" have the same precedence and group from the left, as in melange: surprising, but
 * existing recipes mean it. In quoted texts \\ \' \" \n \t are escapes; other backslashes stay. Both
 * sides of && and || are looked at, so a mistake on the right is found in any case.
 */
#ifndef BUILDER_RECIPE_CONDITION_H
#define BUILDER_RECIPE_CONDITION_H

#include "builder/recipe/variables.h"

/* ERR_INPUT at the place for a syntax error or an unknown variable. */
MUST_USE int condition_evaluate(struct arena *arena, const struct scope *scope,
	const char *text, const struct text_place *place, bool *ret_holds, struct error *err);

#endif
