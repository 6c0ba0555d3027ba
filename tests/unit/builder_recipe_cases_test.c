/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The case folders tests/cases/recipe and tests/cases/image_recipe. A good recipe has its
 * plan for x86_64 beside it (x.yaml.json); a bad one the beginning of its error, with
 * line and column where it matters (x.yaml.expect); the second line, if there is one, is
 * part of the remedy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>

#include "base/fs.h"
#include "base/json.h"
#include "builder/recipe/image_recipe.h"

static const char *const pipeline_dirs[] = {"tests/cases/recipe/pipelines"};
static const struct recipe_options options = {.architecture = "x86_64",
	.pipeline_dirs = pipeline_dirs,
	.pipeline_dir_count = 1};

static void read_file(
	const char *folder, const char *name, const char *suffix, struct buffer *out)
{
	struct error err = ERROR_INIT;
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
	if (fs_read_file(AT_FDCWD, path, SIZE_MAX / 4, out, &err) < 0)
		fail_msg("%s", err.text);
}

/* The file as the same JSON without white space. */
static void read_json(const char *folder, const char *name, struct buffer *out)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_json struct json_t *json = NULL;
	struct error err = ERROR_INIT;
	read_file(folder, name, ".json", &text);
	if (json_load_slice(buffer_slice(&text), name, &json, &err) < 0 ||
		json_dump(json, JSON_STYLE_COMPACT, out, &err) < 0)
		fail_msg("%s: %s", name, err.text);
}

static void good_recipe(const char *folder, const char *name)
{
	cleanup_buffer struct buffer text = BUFFER_INIT, plan = BUFFER_INIT;
	cleanup_buffer struct buffer expected = BUFFER_INIT;
	cleanup_recipe struct recipe *recipe = NULL;
	struct error err = ERROR_INIT;
	read_file(folder, name, "", &text);
	read_json(folder, name, &expected);
	if (recipe_load_text(buffer_slice(&text), name, &options, &recipe, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	assert_int_equal(recipe_to_json(recipe, &plan, &err), 0);
	assert_string_equal(buffer_str(&plan), buffer_str(&expected));
}

static void expect_error(
	const char *folder, const char *name, int result, const struct error *err)
{
	cleanup_buffer struct buffer expected = BUFFER_INIT;
	char message[ERROR_TEXT_MAX + ERROR_WHERE_MAX];
	struct slice rest, line = SLICE_EMPTY;
	read_file(folder, name, ".expect", &expected);
	rest = buffer_slice(&expected);
	assert_true(slice_cut(&rest, '\n', &line));
	if (result != ERR_INPUT || err->class != ERR_INPUT)
		fail_msg("%s: accepted, or failed as %s", name,
			error_class_name(err->class));
	error_format(err, message, sizeof(message));
	if (slice_find(slice_str(message), line) == SIZE_MAX)
		fail_msg("%s: '%s' lacks '%.*s'", name, message, SLICE_ARG(line));
	if (slice_cut(&rest, '\n', &line) && line.len &&
		slice_find(slice_str(err->remedy), line) == SIZE_MAX)
		fail_msg("%s: remedy '%s' lacks '%.*s'", name, err->remedy,
			SLICE_ARG(line));
}

static void bad_recipe(const char *folder, const char *name)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_recipe struct recipe *recipe = NULL;
	struct error err = ERROR_INIT;
	int result;
	read_file(folder, name, "", &text);
	result = recipe_load_text(buffer_slice(&text), name, &options, &recipe, &err);
	expect_error(folder, name, result, &err);
	assert_null(recipe);
}

static void good_image(const char *folder, const char *name)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_image_recipe struct image_recipe *recipe = NULL;
	struct error err = ERROR_INIT;
	read_file(folder, name, "", &text);
	if (image_recipe_load_text(buffer_slice(&text), name, &recipe, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	assert_non_null(recipe);
}

static void bad_image(const char *folder, const char *name)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_image_recipe struct image_recipe *recipe = NULL;
	struct error err = ERROR_INIT;
	int result;
	read_file(folder, name, "", &text);
	result = image_recipe_load_text(buffer_slice(&text), name, &recipe, &err);
	expect_error(folder, name, result, &err);
	assert_null(recipe);
}

static void each_case(const char *folder, size_t at_least,
	void (*check)(const char *folder, const char *name))
{
	size_t count = 0;
	DIR *directory = opendir(folder);
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));) {
		if (!slice_ends_with(slice_str(entry->d_name), SLICE(".yaml")))
			continue;
		check(folder, entry->d_name);
		count++;
	}
	(void)closedir(directory);
	assert_true(count >= at_least);
}

static void good_recipes_give_their_plan(void **state)
{
	(void)state;
	each_case("tests/cases/recipe/good", 13, good_recipe);
}

static void bad_recipes_are_refused(void **state)
{
	(void)state;
	each_case("tests/cases/recipe/bad", 140, bad_recipe);
}

static void good_images_load(void **state)
{
	(void)state;
	each_case("tests/cases/image_recipe/good", 3, good_image);
}

static void bad_images_are_refused(void **state)
{
	(void)state;
	each_case("tests/cases/image_recipe/bad", 55, bad_image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_recipes_give_their_plan),
		cmocka_unit_test(bad_recipes_are_refused),
		cmocka_unit_test(good_images_load),
		cmocka_unit_test(bad_images_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
