/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conditions of `if`:
 *
 *	expr  := atom ( ( "&&" | "||" ) atom )*
 *	atom  := "(" expr ")" | value ( "==" | "!=" ) value
 *	value := "'" text "'" | '"' text '"' | variable
 *
 * "&&" and "||" have the same precedence and group from the left, as in melange:
 *surprising, but existing recipes mean it. In quoted texts \\ \' \" \n \t are escapes;
 *other backslashes stay. Both sides of && and || are looked at, so a mistake on the right
 *is found in any case.
 *
 * Within quotes only early variables are replaced ("${{range.key}}" == ""), as melange
 *does before it looks at the condition; but a value is text here whatever it holds: it
 *cannot end the quotes.
 */
#ifndef BUILDER_RECIPE_CONDITION_H
#define BUILDER_RECIPE_CONDITION_H

#include "builder/recipe/variables.h"

struct condition_scopes {
	const struct scope *early; /* may be NULL */
	const struct scope *late;  /* looked at first for variables without quotes */
};

/* ERR_INPUT at the place for a syntax error or an unknown variable. */
MUST_USE int condition_evaluate(struct expander *expander,
	const struct condition_scopes *scopes, const char *text,
	const struct text_place *place, bool *ret_holds, struct error *err);

#endif
