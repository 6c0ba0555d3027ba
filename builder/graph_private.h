/* SPDX-License-Identifier: Apache-2.0 */
/* Between graph.c and graph_workflow.c. Both append. */
#ifndef BUILDER_GRAPH_PRIVATE_H
#define BUILDER_GRAPH_PRIVATE_H

#include "base/buffer.h"
#include "builder/graph.h"

MUST_USE int graph_write_ninja(const struct plan *plan,
	const struct graph_options *options, struct buffer *out, struct error *err);
MUST_USE int graph_write_make(const struct plan *plan,
	const struct graph_options *options, struct buffer *out, struct error *err);
MUST_USE int graph_write_argo(const struct plan *plan,
	const struct graph_options *options, struct buffer *out, struct error *err);

#endif
