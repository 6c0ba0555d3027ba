/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan for other programs: as a picture (dot), as data (json), or as a workflow that
 * make, ninja or Argo runs, in which each recipe is one call of `alnage package RECIPE`
 * and the packages go from one to the other through the store. Recipes come in the order
 * of the plan, needs by name, so the same plan gives the same bytes.
 *
 * A finished recipe is a stamp file with the input key in its name: a changed recipe
 * has another stamp, and nothing else is run again (after making the workflow anew).
 * Calls have the date that the keys were computed with (SOURCE_DATE_EPOCH).
 *
 * What a format cannot say is refused, ERR_INPUT: line breaks in ninja and make, blanks
 * and make's own signs in the folder of the stamps, "{{" in Argo.
 */
#ifndef BUILDER_GRAPH_H
#define BUILDER_GRAPH_H

#include "builder/plan/plan.h"

enum graph_format {
	GRAPH_DOT = 0, /* Graphviz; an arrow leads from a recipe to what it needs */
	GRAPH_JSON,    /* {"recipes": [{name, version, file, inputKey, needs, packages,
			  prebuilt}]} */
	GRAPH_NINJA,
	GRAPH_MAKE,
	GRAPH_ARGO, /* a Workflow of argoproj.io/v1alpha1 */
};

/* For the workflows only. */
struct graph_options {
	enum graph_format format;
	const char *program;          /* "alnage" */
	const char *const *arguments; /* of each call, before the recipe */
	size_t argument_count;
	const char *stamps; /* folder; made by the workflow */
	int64_t date;
};

/* ERR_USAGE for an unknown name, with a suggestion. NULL: dot. */
MUST_USE int graph_format_parse(
	const char *name, enum graph_format *ret_format, struct error *err);
/* Appends. */
MUST_USE int graph_write(const struct plan *plan, const struct graph_options *options,
	struct buffer *out, struct error *err);

#endif
