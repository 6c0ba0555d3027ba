/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing packages: what there is (resolve_candidates.c), which of it is the best for a
 * want (resolve_best.c), what the chosen ones want in turn (resolve.c), and why it did
 * not work (resolve_explain.c).
 */
#ifndef BUILDER_IMAGE_RESOLVE_PRIVATE_H
#define BUILDER_IMAGE_RESOLVE_PRIVATE_H

#include "base/arena.h"
#include "base/map.h"
#include "builder/image/resolve.h"

/* PLANNED: for an atom of the image's, its own dependencies were not looked at yet. */
enum state { UNTOUCHED = 0, PLANNED, IN_PROGRESS, CHOSEN };

enum exclusion {
	NOT_EXCLUDED = 0,
	EXCLUDED_BY_VERSION,  /* of an atom */
	EXCLUDED_BY_CONFLICT, /* an atom with "!" */
	EXCLUDED_BY_PROVIDER, /* what it offers is there already */
};

struct candidate {
	const struct index_entry *entry;
	enum state state;
	const char *because; /* the atom that asked for it; with PLANNED and after */
	const struct candidate *wanted_by; /* NULL: the image */
	struct slice tag; /* that its dependencies may come from, too; as `because` */
	enum exclusion exclusion; /* the first reason */
	const char *excluding;    /* the atom; of a provider the name */
	const struct candidate
		*excluded_by; /* whose atom; who provides. NULL: the image */
};

/* A name that a candidate has or provides. */
struct offer {
	struct candidate *candidate;
	struct slice version; /* empty: provided without one */
	struct offer *next;   /* of the same name */
};
struct offers { /* candidates sorted by name, then newest first */
	struct offer *first, *last;
};

struct resolver {
	struct arena *arena;
	struct candidate *candidates;
	size_t count;
	struct map *by_name; /* struct offers */
	const struct index_entry **chosen;
	size_t chosen_count, chosen_capacity;
	const char *wanted_by; /* "the image" */
};

/* An atom as written and as read; by: whose it is, NULL: the image's. */
struct want {
	struct atom atom;
	const char *text;
	const struct candidate *by;
};

/* ---- resolve_candidates.c ---- */

MUST_USE int resolve_load(
	struct resolver *resolver, const struct package_index *index, struct error *err);
/* Versions: below 0 if a is newer. */
int resolve_newest_first(struct slice a, struct slice b);
/* Of a name, the first; NULL: nobody has it. */
const struct offer *resolve_offers_of(const struct resolver *resolver, struct slice name);
bool resolve_is_taken(const struct candidate *candidate);
MUST_USE int resolve_read_want(struct resolver *resolver, const char *text,
	const struct candidate *by, struct want *ret_want, struct error *err);
/* In the arena. */
MUST_USE int resolve_read_wants(struct resolver *resolver, const char *const *texts,
	size_t count, const struct candidate *by, struct want **ret_wants,
	struct error *err);
/* Excludes what "!x" names, and what has x in a version that does not fit. */
void resolve_constrain(struct resolver *resolver, const struct want *wants, size_t count);
/* Excludes who cannot be beside the chosen one. */
MUST_USE int resolve_exclude_rivals(
	struct resolver *resolver, const struct candidate *chosen, struct error *err);

/* ---- resolve_best.c ---- */

/* The tag that a want may use: its own, or that of what needs it. */
struct slice resolve_tag_of(const struct want *want);
/* May the repository that it is in answer the want? */
bool resolve_is_allowed(const struct candidate *candidate, const struct want *want);
/* NULL: none is left. */
struct candidate *resolve_find_best(
	const struct resolver *resolver, const struct want *want, size_t *ret_count);

/* ---- resolve_explain.c ---- */

/* The errors; each returns its class. Nothing fits, or what fits is excluded. */
int resolve_explain_missing(
	const struct resolver *resolver, const struct want *want, struct error *err);
/* Another version is chosen already. */
int resolve_explain_chosen(const struct resolver *resolver, const struct want *want,
	const struct candidate *chosen, struct error *err);
/* Both are chosen, and want has a "!". */
int resolve_explain_conflict(const struct resolver *resolver, const struct want *want,
	const struct candidate *chosen, struct error *err);

#endif
