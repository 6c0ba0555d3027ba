/* SPDX-License-Identifier: Apache-2.0 */
/* Between the driver of the linters (lint.c) and their rules (lint_rules.c). */
#ifndef BUILDER_AUDIT_LINT_PRIVATE_H
#define BUILDER_AUDIT_LINT_PRIVATE_H

#include "base/map.h"
#include "builder/audit/lint.h"
#include "builder/package/elf.h"

struct lint {
	const struct package *package;
	struct store *store;
	const struct lint_options *options;
	struct arena *arena;   /* of the report */
	struct map *contents;  /* "base name, digest" → node of the first such file */
	struct map *libraries; /* what libraries there are: sonames and file names */
	const char *module;    /* first top level module of Python's that was seen */
	const char *sbom_path; /* of the build's own bill of materials: no finding */
	size_t files;          /* of the recipe's making, all that is no directory */
};

/* One node of the tree as the rules see it. */
struct lint_subject {
	const struct tree_node *node;
	const char *path, *name;    /* name: last component */
	struct slice content;       /* of a file; else empty */
	const struct elf_info *elf; /* NULL: none, or a kind that rules do not ask for */
};

/*
 * Does this node break the rule? *ret_detail may be set to a text from the arena. subject
 * NULL: asked once at the end, about the whole package.
 */
typedef int lint_rule(struct lint *lint, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail, struct error *err);

/* In the order of lint_linters. */
extern lint_rule *const lint_rules[LINT_COUNT];

#endif
