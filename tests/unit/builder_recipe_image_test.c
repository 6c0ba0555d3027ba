/* SPDX-License-Identifier: Apache-2.0 */
/* What image recipes say once they are read; refusals are in builder_recipe_cases_test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fs.h"
#include "builder/recipe/image_recipe.h"

static struct image_recipe *load(const char *text)
{
	struct error err = ERROR_INIT;
	struct image_recipe *recipe = NULL;
	if (image_recipe_load_text(slice_str(text), "dir/demo.yaml", &recipe, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return recipe;
}

static void expect_list(const struct recipe_list *list, const char *joined)
{
	char out[256] = "";
	size_t len = 0;
	for (size_t i = 0; i < list->count; i++)
		len += (size_t)snprintf(
			out + len, sizeof(out) - len, "%s|", list->items[i]);
	assert_string_equal(out, joined);
}

static void all_fields(void **state)
{
	(void)state;
	cleanup_image_recipe struct image_recipe *r = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(
		image_recipe_load("tests/cases/image_recipe/good/all.yaml", &r, &err), 0);
	assert_string_equal(r->name, "all");
	assert_true(digest_is_set(&r->file_digest));
	expect_list(&r->packages, "busybox|nginx>=1.2|");
	expect_list(&r->repositories, "https://example.org/a|@local ./packages|");
	expect_list(&r->archs, "aarch64|x86_64|");
	expect_list(&r->entrypoint, "/usr/bin/demo|--name|a b|c d|e f|");
	expect_list(&r->cmd, "serve|--all|");
	expect_list(&r->volumes, "/data|");
	expect_list(&r->keep, "/usr/share/demo/**|");
	assert_string_equal(r->stop_signal, "SIGQUIT");
	assert_string_equal(r->work_dir, "/srv");
	assert_int_equal(r->environment_count, 2);
	assert_string_equal(r->environment[0].name, "A");
	assert_string_equal(r->annotations[0].name, "a");
	assert_string_equal(r->vcs_url, "https://example.org/demo@v1");
	assert_int_equal(r->flavour, IMAGE_FLAVOUR_APP);
	assert_int_equal(r->layer_budget, 10);
}

static void repositories(void **state)
{
	(void)state;
	static const struct {
		const char *text, *tag, *url;
	} cases[] = {{"./packages", "", "./packages"},
		{"@edge https://example.org/a", "edge", "https://example.org/a"},
		{"@e2  ./a folder", "e2", "./a folder"},
		{"./with@sign here", "", "./with@sign here"}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice tag, url;
		image_repository_split(cases[i].text, &tag, &url);
		assert_true(slice_equal_str(tag, cases[i].tag));
		assert_true(slice_equal_str(url, cases[i].url));
	}
}

static void accounts(void **state)
{
	(void)state;
	cleanup_image_recipe struct image_recipe *r = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(
		image_recipe_load("tests/cases/image_recipe/good/all.yaml", &r, &err), 0);
	assert_int_equal(r->user_count, 2);
	assert_int_equal(r->users[0].gid, 101);
	assert_string_equal(r->users[0].shell, "/bin/sh");
	assert_string_equal(r->users[0].home, "/home/web");
	assert_int_equal(r->users[1].gid, 65533);
	assert_string_equal(r->users[1].home, "/srv");
	assert_int_equal(r->group_count, 1);
	expect_list(&r->groups[0].members, "web|app|");
	assert_int_equal(r->run_uid, 101);
	assert_int_equal(r->run_gid, 101);
}

static void paths(void **state)
{
	(void)state;
	cleanup_image_recipe struct image_recipe *r = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(
		image_recipe_load("tests/cases/image_recipe/good/all.yaml", &r, &err), 0);
	assert_int_equal(r->path_count, 5);
	assert_string_equal(r->paths[0].path, "srv/data/x");
	assert_int_equal(r->paths[0].permissions, 0750);
	assert_true(r->paths[0].recursive);
	assert_string_equal(r->paths[1].source, "../b");
	assert_string_equal(r->paths[2].source, "usr/bin/demo");
	assert_int_equal(r->paths[3].permissions, 0644);
	assert_int_equal(r->paths[4].permissions, 0644);
	assert_int_equal(r->paths[4].type, IMAGE_PATH_PERMISSIONS);
}

static void run_as(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t uid, gid;
	} cases[] = {{"", 0, 0}, {"root", 0, 0}, {"0", 0, 0}, {"web", 101, 102},
		{"101", 101, 102}, {"7", 7, 0}, {"7:8", 7, 8}, {"web:ops", 101, 900},
		{"web:root", 101, 0}, {"web:5", 101, 5}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_image_recipe struct image_recipe *r = NULL;
		char text[256];
		(void)snprintf(text, sizeof(text),
			"accounts:\n  run-as: '%s'\n"
			"  users: [{username: web, uid: 101, gid: 102}]\n"
			"  groups: [{groupname: ops, gid: 900}]\n",
			cases[i].text);
		r = load(text);
		assert_int_equal(r->run_uid, cases[i].uid);
		assert_int_equal(r->run_gid, cases[i].gid);
		assert_string_equal(r->run_as, cases[i].text);
	}
}

static void defaults(void **state)
{
	(void)state;
	cleanup_image_recipe struct image_recipe *r = load("{}\n");
	assert_string_equal(r->name, "demo");
	assert_int_equal(r->packages.count, 0);
	assert_int_equal(r->archs.count, 0);
	assert_int_equal(r->entrypoint.count, 0);
	assert_string_equal(r->work_dir, "");
	assert_string_equal(r->run_as, "");
	assert_int_equal(r->flavour, IMAGE_FLAVOUR_BASE);
	assert_int_equal(r->layer_budget, 0);
}

static void shell_fragment(void **state)
{
	(void)state;
	cleanup_image_recipe struct image_recipe *r =
		load("entrypoint: {shell-fragment: \"exec demo $A\"}\narchs: [host]\n");
	expect_list(&r->entrypoint, "/bin/sh|-c|exec demo $A|");
	assert_int_equal(r->archs.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_fields),
		cmocka_unit_test(repositories),
		cmocka_unit_test(accounts),
		cmocka_unit_test(paths),
		cmocka_unit_test(run_as),
		cmocka_unit_test(defaults),
		cmocka_unit_test(shell_fragment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
