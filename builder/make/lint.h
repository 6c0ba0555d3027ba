/* SPDX-License-Identifier: Apache-2.0 */
/* The linters over all packages of one recipe, once per input key and levels. */
#ifndef BUILDER_MAKE_LINT_H
#define BUILDER_MAKE_LINT_H

#include "builder/make/make.h"

/*
 * before: what was made before, at least what the recipe needs. Warnings are logged the
 * first time only; an error is ERR_INPUT every time. What passed is remembered as record
 * lints/<key>.
 */
MUST_USE int make_lint(const struct made *made, struct made *const *before,
	size_t before_count, const struct make_options *options, struct error *err);

#endif
