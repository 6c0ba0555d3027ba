/* SPDX-License-Identifier: Apache-2.0 */
/* Strongly connected components (Tarjan, SIAM J. Comput. 1, 1972). */
#include "builder/plan/plan_private.h"

#include "base/limits.h"

struct loop_node {
	const struct recipe *recipe;
	unsigned order, low; /* low: the first that can be reached from here */
	bool is_open;        /* on the stack: its loop may still grow */
	struct loop_node *below;
	unsigned loop; /* order of the loop's first recipe */
};

static int visit(struct plan_loops *loops, const struct recipe *recipe, unsigned depth,
	struct loop_node **ret_node, struct error *err);

static int visit_needs(struct plan_loops *loops, struct loop_node *node, unsigned depth,
	struct error *err)
{
	struct own_packages own = {0};
	if (plan_own_packages(loops->options, NULL, node->recipe, &node->recipe->needs,
		    loops->arena, &own, err) < 0)
		return err->class;
	for (size_t i = 0; i < own.count; i++) {
		struct loop_node *need;
		if (visit(loops, own.items[i].maker, depth + 1, &need, err) < 0)
			return err->class;
		if (need->is_open && need->low < node->low)
			node->low = need->low;
	}
	return 0;
}

static void close_loop(struct plan_loops *loops, const struct loop_node *first)
{
	struct loop_node *node;
	do {
		node = loops->open;
		loops->open = node->below;
		node->is_open = false;
		node->loop = first->order;
	} while (node != first);
}

static int visit(struct plan_loops *loops, const struct recipe *recipe, unsigned depth,
	struct loop_node **ret_node, struct error *err)
{
	struct loop_node *node = map_get_str(loops->nodes, recipe->name);
	if (node) {
		*ret_node = node;
		return 0;
	}
	if (depth > LIMIT_PLAN_DEPTH)
		return error_set(err, ERR_INPUT, "recipes need each other deeper than %d",
			LIMIT_PLAN_DEPTH);
	node = arena_alloc(loops->arena, sizeof(*node));
	if (!node)
		return error_set_memory(err);
	loops->order++;
	*node = (struct loop_node){.recipe = recipe,
		.order = loops->order,
		.low = loops->order,
		.is_open = true,
		.below = loops->open};
	loops->open = node;
	if (map_put(loops->nodes, slice_str(recipe->name), node, err) < 0 ||
		visit_needs(loops, node, depth, err) < 0)
		return err->class;
	if (node->low == node->order)
		close_loop(loops, node);
	*ret_node = node;
	return 0;
}

int plan_loops_visit(
	struct plan_loops *loops, const struct recipe *recipe, struct error *err)
{
	struct loop_node *node;
	return visit(loops, recipe, 0, &node, err);
}

bool plan_loops_meet(const struct plan_loops *loops, const struct recipe *one,
	const struct recipe *other)
{
	const struct loop_node *a = map_get_str(loops->nodes, one->name),
			       *b = map_get_str(loops->nodes, other->name);
	return a && b && a->loop == b->loop;
}
