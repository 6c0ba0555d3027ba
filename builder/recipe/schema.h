/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of recipes as tables: which keys a mapping may have and what kind
 * of value each takes. schema_check walks a whole document once, so that the readers
 * behind it may take every kind for granted. Null stands for "absent" everywhere, as in
 * melange.
 */
#ifndef BUILDER_RECIPE_SCHEMA_H
#define BUILDER_RECIPE_SCHEMA_H

#include "base/yaml.h"

enum schema_kind {
	SCHEMA_TEXT = 1,   /* a scalar; its raw text counts ("1.10", "true") */
	SCHEMA_BOOL,       /* true or false, as YAML 1.2 spells them */
	SCHEMA_NUMBER,     /* an unsigned decimal number */
	SCHEMA_TEXTS,      /* a sequence of scalars */
	SCHEMA_TEXT_MAP,   /* a mapping of scalars, any keys */
	SCHEMA_RECORD,     /* a mapping with the keys of `members` */
	SCHEMA_RECORDS,    /* a sequence of those */
	SCHEMA_RECORD_MAP, /* a mapping, any keys, of those */
};

struct schema {
	const char *key; /* NULL ends a table */
	enum schema_kind kind;
	const struct schema *members;
};

extern const struct schema schema_recipe[];
extern const struct schema schema_pipeline_file[];
extern const struct schema schema_image[];

/*
 * ERR_INPUT with file:line:column for an unknown key (nearest known key in the message,
 * all of them in the remedy) or a value of the wrong kind. what names the mapping for
 * messages.
 */
MUST_USE int schema_check(const struct yaml_node *node, const struct schema *members,
	const char *what, const char *file, struct error *err);

/* Adds the remedy "intro: a, b, c": as many of the NULL-terminated list as there is room
 * for. */
int schema_remedy(const char *intro, const char *const *known, struct error *err);

/* yaml_get, but NULL for a null value or a null mapping too. */
const struct yaml_node *schema_get(const struct yaml_node *mapping, const char *key);
/* The text of a scalar that was checked as SCHEMA_TEXT; "" if absent. */
const char *schema_text(const struct yaml_node *mapping, const char *key);
/* The value of a SCHEMA_BOOL; false if absent. */
bool schema_bool(const struct yaml_node *mapping, const char *key);

#endif
