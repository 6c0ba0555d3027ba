/* SPDX-License-Identifier: Apache-2.0 */
/* A condition in parentheses means what it means without. */
#include "builder/recipe/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct recipe_variable variables[] = {
	{"a", "x"}, {"b", "'"}, {"c", "\" == \""}};

static int evaluate(struct arena *arena, const char *text, bool *ret_holds)
{
	static const struct yaml_node node = {.line = 1, .column = 1};
	const struct scope scope = {
		.variables = variables, .count = ARRAY_LEN(variables)};
	const struct condition_scopes scopes = {&scope, &scope};
	const struct text_place place = {&node, "fuzz"};
	struct error err = ERROR_INIT;
	struct expander expander;
	int result;
	expander_init(&expander, arena, 1 << 20);
	result = condition_evaluate(&expander, &scopes, text, &place, ret_holds, &err);
	expander_done(&expander);
	if (result < 0 && (err.class != ERR_INPUT || err.line != 1))
		abort();
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena *arena = NULL;
	struct error err = ERROR_INIT;
	bool plain, grouped;
	char *text, *group;
	if (size > 4096 || arena_new(&arena, &err) < 0)
		return 0;
	text = arena_strndup(arena, slice_from(data, size));
	group = text ? arena_printf(arena, "(%s)", text) : NULL;
	if (!group || evaluate(arena, text, &plain) < 0)
		return 0;
	/* One level deeper may be one too deep. */
	if (evaluate(arena, group, &grouped) == 0 && plain != grouped)
		abort();
	return 0;
}
