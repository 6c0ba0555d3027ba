/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ${{name}}: variables and their replacement.
 *
 *	variable := "${{" space* name space* "}}"	name := [A-Za-z0-9._-]+
 *
 * A replaced value is not looked at again in the same pass. Expansion is bounded: one
 *result by LIMIT_EXPANDED_BYTES, all results of one struct expander by the bytes it was
 *given.
 */
#ifndef BUILDER_RECIPE_VARIABLES_H
#define BUILDER_RECIPE_VARIABLES_H

#include "base/buffer.h"
#include "base/map.h"
#include "base/yaml.h"
#include "builder/recipe/recipe.h"

/* Names and values, innermost first. A value, once put, does not move or change. */
struct scope {
	const struct scope *parent;
	const struct recipe_variable *variables; /* few */
	size_t count;
	const struct map *map; /* many: name → const char *; may be NULL */
};

/* NULL if there is no such variable. */
const char *scope_find(const struct scope *scope, struct slice name);

/* What expansion draws on; placed by the caller. */
struct expander {
	struct arena *arena; /* results */
	struct buffer scratch;
	size_t bytes_left;
};
void expander_init(struct expander *expander, struct arena *arena, size_t bytes);
void expander_done(struct expander *expander);

/* Where a text stands, for messages. */
struct text_place {
	const struct yaml_node *node;
	const char *file;
};

/*
 * Takes bytes from what is left; ERR_INPUT at the place if there is not enough. Every
 * expanded text charges its length and EXPANDER_TEXT_COST, so that neither long texts nor
 * many of them get through.
 */
#define EXPANDER_TEXT_COST 16
MUST_USE int expander_charge(struct expander *expander, size_t bytes,
	const struct text_place *place, struct error *err);

/*
 * TOLERANT leaves what it cannot replace as it is; STRICT makes that ERR_INPUT, be it
 * an unknown name or a "${{" that begins no variable.
 */
enum expand_mode { EXPAND_TOLERANT, EXPAND_STRICT };

/* *ret_text is text itself if there is nothing to replace, else in the arena. */
MUST_USE int expand_text(struct expander *expander, const struct scope *scope,
	enum expand_mode mode, const char *text, const struct text_place *place,
	const char **ret_text, struct error *err);

/*
 * Takes a variable off the front of *text. False, and nothing moved, if text does not
 * begin with a well-formed one.
 */
bool variable_take(struct slice *text, struct slice *ret_name);

/*
 * ERR_INPUT at the place for a name that is not in scope: with the nearest one that is,
 * and where variables of its kind are to be had.
 */
int variable_unknown(const struct scope *scope, struct slice name,
	const struct text_place *place, struct error *err);

#endif
