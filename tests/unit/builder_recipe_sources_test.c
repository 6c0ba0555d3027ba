/* SPDX-License-Identifier: Apache-2.0 */
/* What `uses: fetch` and `uses: git-checkout` of our own pipelines ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "builder/recipe/recipe.h"

static const char *const dirs[] = {"recipes/pipelines"};
static const struct recipe_options options = {
	.architecture = "x86_64", .pipeline_dirs = dirs, .pipeline_dir_count = 1};

static int load(
	const char *uses, const char *with, struct recipe **ret_recipe, struct error *err)
{
	char text[512];
	(void)snprintf(text, sizeof(text),
		"package: {name: demo, version: 1}\n"
		"pipeline: [{uses: %s, with: {%s}}]\n",
		uses, with);
	return recipe_load_text(slice_str(text), "t.yaml", &options, ret_recipe, err);
}

static void patience_is_within_limits(void **state)
{
	(void)state;
	static const struct {
		const char *uses, *with;
		unsigned tries, stall, connect, wait, wait_max;
	} table[] = {
		{"fetch", "uri: https://e.org/x", 5, 30, 30, 0, 0},
		{"fetch", "uri: https://e.org/x, timeout: 90, dns-timeout: 100", 5, 90,
			100, 0, 0},
		{"fetch", "uri: https://e.org/x, timeout: 86400, retry-limit: 1000",
			LIMIT_FETCH_TRIES, LIMIT_FETCH_STALL, LIMIT_FETCH_STALL, 0, 0},
		{"fetch", "uri: https://e.org/x, retry-limit: 0", LIMIT_FETCH_TRIES, 30,
			30, 0, 0},
		{"fetch", "uri: https://e.org/x, retry-limit: 2", 2, 30, 30, 0, 0},
		{"git-checkout", "repository: https://e.org/x", 4, 0, 0, 2, 60},
		{"git-checkout",
			"repository: https://e.org/x, max-retries: 0, "
			"initial-backoff: 7, max-backoff: 9",
			1, 0, 0, 7, 9},
		{"git-checkout",
			"repository: https://e.org/x, max-retries: 99, "
			"initial-backoff: 0, max-backoff: 3600",
			LIMIT_FETCH_TRIES, 0, 0, 1, LIMIT_FETCH_WAIT_SECONDS},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_recipe struct recipe *recipe = NULL;
		struct error err = ERROR_INIT;
		if (load(table[i].uses, table[i].with, &recipe, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(recipe->source_count, 1);
		const struct recipe_source *source = &recipe->sources[0];
		if (source->tries != table[i].tries ||
			source->stall_seconds != table[i].stall ||
			source->connect_seconds != table[i].connect ||
			source->wait_seconds != table[i].wait ||
			source->wait_max_seconds != table[i].wait_max)
			fail_msg("%s: %u tries, %u %u s, %u %u s", table[i].with,
				source->tries, source->stall_seconds,
				source->connect_seconds, source->wait_seconds,
				source->wait_max_seconds);
	}
}

static void patience_is_a_number(void **state)
{
	(void)state;
	static const struct {
		const char *uses, *with, *reason;
	} table[] = {
		{"fetch", "uri: https://e.org/x, timeout: 5m", "timeout: \"5m\""},
		{"fetch", "uri: https://e.org/x, retry-limit: -1", "retry-limit: \"-1\""},
		{"git-checkout", "repository: https://e.org/x, max-backoff: long",
			"max-backoff: \"long\""},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_recipe struct recipe *recipe = NULL;
		struct error err = ERROR_INIT;
		assert_int_equal(
			load(table[i].uses, table[i].with, &recipe, &err), ERR_INPUT);
		assert_int_equal(err.line, 2);
		if (!strstr(err.text, table[i].reason))
			fail_msg("'%s' lacks '%s'", err.text, table[i].reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patience_is_within_limits),
		cmocka_unit_test(patience_is_a_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
