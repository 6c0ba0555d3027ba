/* SPDX-License-Identifier: Apache-2.0 */
/* What case files cannot show: limits, options, folders of pipelines, the life of the
 * cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "builder/recipe/recipe.h"

#define HEAD "package: {name: demo, version: 1}\n"

static const char *const case_dirs[] = {"tests/cases/recipe/pipelines"};
static const struct recipe_options plain = {
	.architecture = "x86_64", .pipeline_dirs = case_dirs, .pipeline_dir_count = 1};

static struct recipe *load(const char *text, const struct recipe_options *options)
{
	struct error err = ERROR_INIT;
	struct recipe *recipe = NULL;
	if (recipe_load_text(slice_str(text), "t.yaml", options, &recipe, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return recipe;
}

static void expect_refusal(
	const char *text, const struct recipe_options *options, const char *reason)
{
	struct error err = ERROR_INIT;
	struct recipe *recipe = NULL;
	assert_true(
		recipe_load_text(slice_str(text), "t.yaml", options, &recipe, &err) < 0);
	assert_null(recipe);
	if (!strstr(err.text, reason))
		fail_msg("'%s' lacks '%s'", err.text, reason);
}

static void add(struct buffer *text, const char *format, unsigned number)
{
	struct error err = ERROR_INIT;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	assert_int_equal(buffer_printf(text, &err, format, number), 0);
#pragma GCC diagnostic pop
}

/* ---- limits ---- */

static void make_range(struct buffer *text, unsigned items, const char *subpackage)
{
	add(text, HEAD "data:\n  - name: d\n    items:\n", 0);
	for (unsigned i = 0; i < items; i++)
		add(text, "      k%u: v\n", i);
	add(text, "subpackages:\n", 0);
	add(text, subpackage, 0);
}

static void ranges_are_limited(void **state)
{
	(void)state;
	cleanup_buffer struct buffer fits = BUFFER_INIT, large = BUFFER_INIT;
	cleanup_buffer struct buffer two = BUFFER_INIT;
	cleanup_recipe struct recipe *recipe = NULL;
	static const char once[] = "  - {range: d, name: 'p-${{range.key}}'}\n";
	static const char twice[] = "  - {range: d, name: 'p-${{range.key}}'}\n"
				    "  - {range: d, name: 'q-${{range.key}}'}\n";
	make_range(&fits, 2000, once);
	recipe = load(buffer_str(&fits), &plain);
	assert_int_equal(recipe->package_count, 2001);
	make_range(&large, LIMIT_RANGE_ITEMS + 1, once);
	expect_refusal(buffer_str(&large), &plain, "range of more than 4096 items");
	make_range(&two, 3000, twice);
	expect_refusal(buffer_str(&two), &plain, "more than 4096 packages");
}

static void steps_are_limited(void **state)
{
	(void)state;
	cleanup_buffer struct buffer fits = BUFFER_INIT, large = BUFFER_INIT;
	cleanup_recipe struct recipe *recipe = NULL;
	add(&fits, HEAD "pipeline:\n", 0);
	for (unsigned i = 0; i < LIMIT_STEPS; i++)
		add(&fits, "  - runs: a%u\n", i);
	recipe = load(buffer_str(&fits), &plain);
	assert_int_equal(recipe->packages[0].steps.count, LIMIT_STEPS);
	add(&fits, "  - runs: last\n", 0);
	expect_refusal(buffer_str(&fits), &plain, "more than 10000 steps");
	make_range(&large, 4000,
		"  - range: d\n    name: p-${{range.key}}\n"
		"    pipeline: [{runs: a}, {runs: b}, {runs: c}]\n");
	expect_refusal(buffer_str(&large), &plain, "more than 10000 steps");
}

/* 64 KiB of text, used by thousands of packages: nothing is large, the sum is. */
static void the_sum_is_limited(void **state)
{
	(void)state;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	make_range(&text, 4000,
		"  - range: d\n    name: p-${{range.key}}\n    description: "
		"${{vars.large}}\n"
		"    url: ${{vars.large}}\nvars:\n  large: ");
	for (unsigned i = 0; i < 4096; i++)
		add(&text, "0123456789abcdef", 0);
	add(&text, "\n", 0);
	expect_refusal(buffer_str(&text), &plain, "expands to more than the allowed");
}

/* Each variable is sixteen times the one before: 128 bytes become 8 GiB in eight lines.
 */
static void nested_variables_are_limited(void **state)
{
	(void)state;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	add(&text, HEAD "vars:\n  a0: ", 0);
	for (unsigned i = 0; i < 16; i++)
		add(&text, "hahahaha", 0);
	for (unsigned i = 1; i <= 8; i++) {
		add(&text, "\n  a%u: ", i);
		for (unsigned j = 0; j < 16; j++)
			add(&text, "${{vars.a%u}}", i - 1);
	}
	add(&text, "\n", 0);
	expect_refusal(buffer_str(&text), &plain, "more than the allowed 16777216 bytes");
}

static void environments_are_limited(void **state)
{
	(void)state;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	add(&text, HEAD "pipeline:\n  - environment:\n", 0);
	for (unsigned i = 0; i < 20000; i++)
		add(&text, "      V%u: x\n", i);
	add(&text, "    pipeline:\n", 0);
	for (unsigned i = 0; i < 5000; i++)
		add(&text, "      - {environment: {W%u: y}, runs: a}\n", i);
	expect_refusal(buffer_str(&text), &plain, "expands to more than the allowed");
}

/* ---- options ---- */

static void build_options_change_the_plan(void **state)
{
	(void)state;
	static const char text[] =
		HEAD "vars: {kind: plain}\n"
		     "environment: {contents: {packages: [a, b]}}\n"
		     "options:\n  fancy:\n    vars: {kind: fancy}\n"
		     "    environment: {contents: {packages: {add: [c], remove: [b]}}}\n"
		     "pipeline:\n  - runs: ${{vars.kind}} ${{options.fancy.enabled}}\n";
	const char *names[] = {"unknown", "fancy"};
	struct recipe_options options = plain;
	cleanup_recipe struct recipe *without = load(text, &plain), *with = NULL;
	options.build_options = (struct recipe_list){names, 2};
	with = load(text, &options);
	assert_string_equal(without->packages[0].steps.items[0].script, "plain false");
	assert_string_equal(with->packages[0].steps.items[0].script, "fancy true");
	assert_int_equal(without->needs.count, 2);
	assert_string_equal(without->needs.items[1], "b");
	assert_int_equal(with->needs.count, 2);
	assert_string_equal(with->needs.items[1], "c");
}

static void architectures(void **state)
{
	(void)state;
	static const char text[] = HEAD "pipeline: [{runs: \"${{host.triplet.gnu}}\"}]\n";
	struct recipe_options options = plain;
	cleanup_recipe struct recipe *arm = NULL, *own = NULL;
	options.architecture = "aarch64";
	arm = load(text, &options);
	assert_string_equal(
		arm->packages[0].steps.items[0].script, "aarch64-unknown-linux-musl");
	options.architecture = NULL;
	own = load(text, &options);
	assert_true(strcmp(own->architecture, "x86_64") == 0 ||
		    strcmp(own->architecture, "aarch64") == 0);
	options.architecture = "mips";
	expect_refusal(text, &options, "architecture 'mips' is not supported");
}

/* ---- folders of pipelines ---- */

static char folder[] = "/tmp/alnage-recipe-test-XXXXXX";

static void write_file(const char *name, const char *text)
{
	cleanup_fd int dirfd = -1;
	struct error err = ERROR_INIT;
	assert_int_equal(fs_open_dir(AT_FDCWD, folder, &dirfd, &err), 0);
	assert_int_equal(fs_write_file(dirfd, name, slice_str(text), 0644, &err), 0);
}

static void make_folder(const char *name)
{
	cleanup_fd int dirfd = -1, fd = -1;
	struct error err = ERROR_INIT;
	assert_int_equal(fs_open_dir(AT_FDCWD, folder, &dirfd, &err), 0);
	assert_int_equal(fs_make_dirs(dirfd, name, 0755, &fd, &err), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	make_folder("one");
	make_folder("two/deep");
	return 0;
}

static int teardown(void **state)
{
	struct error err = ERROR_INIT;
	(void)state;
	return fs_remove_tree(AT_FDCWD, folder, &err);
}

static void folders_are_searched_in_order(void **state)
{
	(void)state;
	char one[64], two[64];
	const char *dirs[] = {one, two};
	struct recipe_options options = {
		.architecture = "x86_64", .pipeline_dirs = dirs, .pipeline_dir_count = 2};
	cleanup_recipe struct recipe *recipe = NULL;
	(void)snprintf(one, sizeof(one), "%s/one", folder);
	(void)snprintf(two, sizeof(two), "%s/two", folder);
	write_file("one/both.yaml", "pipeline: [{runs: first}]\n");
	write_file("two/both.yaml", "pipeline: [{runs: second}]\n");
	write_file("two/deep/only.yaml", "pipeline: [{runs: deep}]\n");
	recipe = load(HEAD "pipeline: [{uses: both}, {uses: deep/only}]\n", &options);
	assert_string_equal(recipe->packages[0].steps.items[0].script, "first");
	assert_string_equal(recipe->packages[0].steps.items[1].script, "deep");
	dirs[0] = "/nonexistent";
	expect_refusal(HEAD "pipeline: [{uses: both}]\n", &options, "/nonexistent");
}

/* A link out of the folder would be as good as a path with "..". */
static void links_are_not_followed(void **state)
{
	(void)state;
	char one[64], link[64], folder_link[64];
	const char *dirs[] = {one};
	struct recipe_options options = {
		.architecture = "x86_64", .pipeline_dirs = dirs, .pipeline_dir_count = 1};
	(void)snprintf(one, sizeof(one), "%s/one", folder);
	(void)snprintf(link, sizeof(link), "%s/one/link.yaml", folder);
	write_file("outside.yaml", "pipeline: [{runs: outside}]\n");
	assert_int_equal(symlink("../outside.yaml", link), 0);
	expect_refusal(HEAD "pipeline: [{uses: link}]\n", &options, "link.yaml");
	(void)snprintf(folder_link, sizeof(folder_link), "%s/one/dir", folder);
	assert_int_equal(symlink("..", folder_link), 0);
	expect_refusal(
		HEAD "pipeline: [{uses: dir/outside}]\n", &options, "outside.yaml");
}

static void recipes_outlive_the_cache(void **state)
{
	(void)state;
	cleanup_recipe_cache struct recipe_cache *cache = NULL;
	cleanup_recipe struct recipe *recipe = NULL, *again = NULL;
	cleanup_buffer struct buffer before = BUFFER_INIT, after = BUFFER_INIT;
	struct error err = ERROR_INIT;
	struct recipe_options options = plain;
	static const char text[] =
		HEAD "pipeline: [{uses: outer}, {uses: deep/er/one}]\n";
	assert_int_equal(recipe_cache_new(&cache, &err), 0);
	options.cache = cache;
	again = load(text, &options);
	recipe = load(text, &options);
	assert_int_equal(recipe_to_json(recipe, &before, &err), 0);
	recipe_cache_free(&cache);
	assert_int_equal(recipe_to_json(recipe, &after, &err), 0);
	assert_string_equal(buffer_str(&before), buffer_str(&after));
	assert_string_equal(recipe->packages[0].steps.items[3].label, "deep/er/one");
	assert_non_null(
		strstr(recipe->packages[0].steps.items[3].file, "deep/er/one.yaml"));
}

/* Compares what input keys hash: 0 if the two recipes make the same packages. */
static int compare_builds(const char *one, const char *other)
{
	cleanup_buffer struct buffer first = BUFFER_INIT, second = BUFFER_INIT;
	struct error err = ERROR_INIT;
	cleanup_recipe struct recipe *left = load(one, &plain);
	cleanup_recipe struct recipe *right = load(other, &plain);
	assert_int_equal(recipe_build_to_json(left, &first, &err), 0);
	assert_int_equal(recipe_build_to_json(right, &second, &err), 0);
	return strcmp(buffer_str(&first), buffer_str(&second));
}

static void tests_are_no_part_of_the_build(void **state)
{
	(void)state;
	static const char build[] = HEAD "pipeline: [{runs: build}]\n";
	static const char tested[] =
		HEAD "pipeline: [{runs: build}]\n"
		     "subpackages: []\n"
		     "test: {environment: {contents: {packages: [bash]},"
		     " environment: {WORD: given}}, pipeline: [{runs: look},"
		     " {uses: fetch, with: {uri: https://example.org/data.tar,"
		     " expected-sha256: "
		     "0123456789012345678901234567890123456789012345678901234567890123"
		     "}}]}\n";
	static const char fetching[] =
		HEAD "pipeline: [{runs: build},"
		     " {uses: fetch, with: {uri: https://example.org/data.tar,"
		     " expected-sha256: "
		     "0123456789012345678901234567890123456789012345678901234567890123"
		     "}}]\n";
	assert_int_equal(compare_builds(build, tested), 0);
	assert_int_not_equal(compare_builds(build, fetching), 0);
	assert_int_not_equal(
		compare_builds(build, HEAD "pipeline: [{runs: other}]\n"), 0);
}

static void the_folder_beside_is_found(void **state)
{
	(void)state;
	char path[96];
	struct error err = ERROR_INIT;
	cleanup_recipe struct recipe *with = NULL, *without = NULL;
	make_folder("demo");
	write_file("demo.yaml", HEAD);
	(void)snprintf(path, sizeof(path), "%s/demo.yaml", folder);
	assert_int_equal(recipe_load(path, &plain, &with, &err), 0);
	assert_non_null(strstr(with->source_directory, "/demo"));
	write_file("other.yaml", "package: {name: other, version: 1}\n");
	(void)snprintf(path, sizeof(path), "%s/other.yaml", folder);
	assert_int_equal(recipe_load(path, &plain, &without, &err), 0);
	assert_string_equal(without->source_directory, "");
	(void)snprintf(path, sizeof(path), "%s/none.yaml", folder);
	assert_true(recipe_load(path, &plain, &without, &err) < 0);
}

static void a_missing_pipeline_has_a_remedy(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct recipe *recipe = NULL;
	assert_int_equal(recipe_load_text(slice_str(HEAD "pipeline: [{uses: nothing}]\n"),
				 "t", &plain, &recipe, &err),
		ERR_INPUT);
	assert_non_null(strstr(err.remedy, "--pipeline-dir"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_limited),
		cmocka_unit_test(steps_are_limited),
		cmocka_unit_test(the_sum_is_limited),
		cmocka_unit_test(nested_variables_are_limited),
		cmocka_unit_test(environments_are_limited),
		cmocka_unit_test(build_options_change_the_plan),
		cmocka_unit_test(architectures),
		cmocka_unit_test(folders_are_searched_in_order),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(recipes_outlive_the_cache),
		cmocka_unit_test(tests_are_no_part_of_the_build),
		cmocka_unit_test(the_folder_beside_is_found),
		cmocka_unit_test(a_missing_pipeline_has_a_remedy),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
