/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict YAML 1.1/1.2 subset (libyaml's events behind it): one document, in
 * UTF-8, of mappings, sequences and scalars, in block or flow style; keys are
 * scalars and unique. Anchors, aliases, merge keys, explicit tags (other than
 * !!str, !!seq and !!map where they say what is there anyway; !!str counts as
 * quoted), several documents: ERR_INPUT with file:line:column. Scalars keep
 * their raw text ("1.10" stays "1.10"; a plain "null", "Null", "NULL", "~" or
 * nothing is the empty string with is_null; a key keeps its text in any case).
 * Limits: LIMIT_YAML_*.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/arena.h"

enum yaml_kind { YAML_SCALAR = 1, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node;

struct yaml_pair {
	const char *key; /* NUL-terminated, no inner NUL */
	unsigned line, column;
	struct yaml_node *value;
};

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column;    /* 1-based */
	bool is_null;             /* plain null, ~ or empty */
	bool quoted;              /* ' or " or block scalar */
	const char *text;         /* scalar; NUL-terminated, no inner NUL; "" otherwise */
	struct yaml_node **items; /* sequence */
	struct yaml_pair *pairs;  /* mapping, in document order */
	size_t count;             /* items or pairs */
};

/* All memory from the arena. name is the file for messages. An empty document is a null
 * scalar. */
MUST_USE int yaml_load_slice(struct slice text, const char *name, struct arena *arena,
	struct yaml_node **ret_root, struct error *err);

/* The value of a key in a mapping, or NULL. */
struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);

struct buffer;
/*
 * Appends the tree as YAML that loads to the same tree: block style, scalars
 * quoted as needed, so that quoted may have become true. Multi-line texts are
 * literal blocks where that is exact. ERR_INPUT for a text that is not UTF-8 or
 * a tree deeper than LIMIT_YAML_DEPTH.
 */
MUST_USE int yaml_dump(
	const struct yaml_node *root, struct buffer *out, struct error *err);

/*
 * Checks with the position of the node in the message; name is the file.
 * yaml_error: "name:line:column: text" of class ERR_INPUT.
 */
int yaml_error(const struct yaml_node *node, const char *name, struct error *err,
	const char *format, ...) PRINTF_LIKE(4, 5);
/* what: e.g. "package.name" */
MUST_USE int yaml_expect(const struct yaml_node *node, enum yaml_kind kind,
	const char *what, const char *name, struct error *err);
/*
 * ERR_INPUT at the position of the first key that is not in the NULL-terminated
 * list, with the nearest known key as a suggestion. A null node is fine.
 */
MUST_USE int yaml_only_keys(const struct yaml_node *mapping, const char *const *known,
	const char *what, const char *name, struct error *err);

#endif
