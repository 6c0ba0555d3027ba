/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of builder/tree share. */
#ifndef BUILDER_TREE_TREE_PRIVATE_H
#define BUILDER_TREE_TREE_PRIVATE_H

#include "base/map.h"
#include "builder/tree/tree.h"

/*
 * A node and its place. Invariants: every entry but the root has a parent that is a
 * directory; the links of a file are in its list, in no order, and point back by `file`.
 */
struct tree_entry {
	struct tree_node node; /* first: a node pointer is an entry pointer */
	struct tree_entry *parent, *first_child, *previous, *next;
	struct tree_entry *file;       /* of a hard link */
	struct tree_entry *first_link; /* of a file */
	struct tree_entry *next_link;  /* of a hard link */
	bool implied;                  /* a parent that nobody has named yet */
};

struct tree {
	struct arena *arena;
	struct map *by_path; /* struct tree_entry */
	struct tree_entry root;
};

/* Is this a node a tree may hold, apart from what else is there? */
MUST_USE int tree_check_node(const struct tree_node *node, struct error *err);

#endif
