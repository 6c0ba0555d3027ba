/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reachability: which files of an image's tree are needed, and because of which
 * edge. Roots are the entrypoint, files that the image itself makes, and what the recipe
 * declares with `keep`. Edges: PT_INTERP, DT_NEEDED by the search rules of the loader,
 * dlopen names that the tree can satisfy, #! lines, symbolic and hard links, and the
 * symbolic links passed on the way. A static superset: traces may check it, never replace
 * it.
 *
 * Licence texts (usr/share/licenses/) stay with each package of which a file stays: most
 * licences want that. The packages' own bills of materials (var/lib/db/sbom/) go unless
 * something keeps them: scanners read the package database, and the image has a signed
 * one.
 *
 * Directories: kept when something in them is kept, or when the packages ship them empty
 * (mount points, /tmp).
 */
#ifndef BUILDER_IMAGE_REACH_H
#define BUILDER_IMAGE_REACH_H

#include "base/store.h"
#include "builder/recipe/image_recipe.h"
#include "builder/tree/tree.h"

enum reach_edge {
	REACH_NONE = 0, /* not reached */
	REACH_ENTRYPOINT,
	REACH_IMAGE,
	REACH_DECLARED,
	REACH_INTERPRETER,
	REACH_NEEDED,
	REACH_DLOPEN,
	REACH_SCRIPT,
	REACH_SYMLINK,
	REACH_HARDLINK,
	REACH_LICENSE,
	REACH_PARENT,
	REACH_EMPTY,
	REACH_ALL, /* flavour base: everything stays */
};
const char *reach_edge_name(enum reach_edge edge); /* "needed", "interpreter", … */

struct reach_reason {
	const char *path;
	const char *package;
	enum reach_edge edge;
	const char *from;   /* path of the file whose edge it is, or "" */
	const char *detail; /* the name in the edge: a soname, a glob, …; "" if none */
};

struct reachability {
	struct arena *arena;
	struct reach_reason *reasons; /* one per node of the tree, canonical order */
	size_t count;
	size_t kept, removed;
	const char **unresolved; /* dlopen names nothing in the tree satisfies */
	size_t unresolved_count, unresolved_capacity;
};
#define cleanup_reachability CLEANUP(reachability_free)
void reachability_free(struct reachability **reachability);

/*
 * ERR_INPUT if the entrypoint is not there, or something kept needs a library or
 * interpreter that the tree does not have: a broken image is not made.
 */
MUST_USE int reach_compute(const struct tree *tree, struct store *store,
	const struct image_recipe *recipe, struct reachability **ret_reachability,
	struct error *err);
/* Removes from the tree what was not reached. */
MUST_USE int reach_prune(
	struct tree *tree, const struct reachability *reachability, struct error *err);

/* The report as JSON (an attestation's predicate), and one reason out of it again. */
#define PREDICATE_REACHABILITY "https://alnage.dev/reachability/v1"
struct json_t;
MUST_USE int reach_to_json(const struct reachability *reachability,
	struct json_t **ret_json, struct error *err);
/* "/usr/lib/libz.so.1.3.2 is kept: …" for `alnage explain`; path "" prints all. Appends.
 */
MUST_USE int reach_explain(const struct json_t *report, const char *path,
	struct buffer *out, struct error *err);

/* Does the path match the glob? * and ? stay inside a component, ** crosses. Leading "/"
 * is optional in both. */
bool path_glob_matches(const char *glob, const char *path);

#endif
