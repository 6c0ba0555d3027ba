/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ${{…}}: what strict expansion accepts, tolerant expansion makes the same of; text
 * without variables stays as it is; the bytes taken never exceed those given.
 */
#include "builder/recipe/variables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES 65536

static const struct recipe_variable variables[] = {{"a", "short"}, {"b.c", "${{a}}"},
	{"empty", ""}, {"d-e_f", "a long value, a long value"}};

static int expand(struct expander *expander, enum expand_mode mode, const char *text,
	const char **ret_text)
{
	static const struct yaml_node node = {.line = 1, .column = 1};
	const struct scope scope = {
		.variables = variables, .count = ARRAY_LEN(variables)};
	const struct text_place place = {&node, "fuzz"};
	struct error err = ERROR_INIT;
	if (expand_text(expander, &scope, mode, text, &place, ret_text, &err) < 0)
		return err.line == 1 ? err.class : (abort(), 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_mem char *text = malloc(size + 1);
	const char *strict = NULL, *tolerant = NULL;
	struct error err = ERROR_INIT;
	struct expander expander;
	if (!text || arena_new(&arena, &err) < 0)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	expander_init(&expander, arena, BYTES);
	if (expand(&expander, EXPAND_STRICT, text, &strict) == 0 &&
		expand(&expander, EXPAND_TOLERANT, text, &tolerant) == 0 &&
		strcmp(strict, tolerant) != 0)
		abort();
	if (strict && !strstr(text, "${{") && strict != text)
		abort();
	if (expander.bytes_left > BYTES || (strict && strlen(strict) > BYTES))
		abort();
	expander_done(&expander);
	return 0;
}
