/* SPDX-License-Identifier: Apache-2.0 */
/* A recipe that is accepted has a plan that is sorted, compact JSON, and always the same
 * one. */
#include "base/json.h"
#include "builder/recipe/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const dirs[] = {"tests/cases/recipe/pipelines"};

static bool plan(struct slice text, struct buffer *out)
{
	const struct recipe_options options = {
		.architecture = "x86_64", .pipeline_dirs = dirs, .pipeline_dir_count = 1};
	cleanup_recipe struct recipe *recipe = NULL;
	struct error err = ERROR_INIT;
	if (recipe_load_text(text, "fuzz.yaml", &options, &recipe, &err) < 0) {
		if (!error_is_set(&err) || recipe || err.class == ERR_BUG)
			abort();
		return false;
	}
	if (recipe_to_json(recipe, out, &err) < 0)
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buffer struct buffer first = BUFFER_INIT, second = BUFFER_INIT;
	cleanup_buffer struct buffer sorted = BUFFER_INIT;
	cleanup_json struct json_t *json = NULL;
	struct error err = ERROR_INIT;
	if (!plan(slice_from(data, size), &first))
		return 0;
	if (!plan(slice_from(data, size), &second) ||
		!slice_equal(buffer_slice(&first), buffer_slice(&second)))
		abort();
	if (json_load_slice(buffer_slice(&first), "plan", &json, &err) < 0 ||
		json_dump(json, JSON_STYLE_COMPACT, &sorted, &err) < 0)
		abort();
	/* Control characters may be spelled in another way (001b, 001B). */
	if (!strstr(buffer_str(&first), "\\u00") &&
		!slice_equal(buffer_slice(&first), buffer_slice(&sorted)))
		abort();
	return 0;
}
