/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "builder/source/toolchain_pin_private.h"
#include "tests/unit/builder_cases.h"

#define SEPARATOR "%%%%\n"

static int load_case(
	struct slice text, struct toolchain **ret_toolchain, struct error *err)
{
	size_t at = slice_find(text, SLICE(SEPARATOR));
	assert_int_not_equal(at, SIZE_MAX);
	return toolchain_load_text(slice_sub(text, 0, at), "toolchain.yaml",
		slice_sub(text, at + strlen(SEPARATOR), SIZE_MAX), "lock.json",
		ret_toolchain, err);
}

static struct toolchain *load_small(void)
{
	struct error err = ERROR_INIT;
	struct toolchain *toolchain = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	if (fs_read_file(AT_FDCWD, "tests/cases/toolchain/good/small.txt", MIB, &text,
		    &err) < 0 ||
		load_case(buffer_slice(&text), &toolchain, &err) < 0)
		fail_msg("%s", err.text);
	return toolchain;
}

static void check_bad(const struct test_case *one)
{
	struct error err = ERROR_INIT;
	struct toolchain *toolchain = NULL;
	char message[2048];
	struct slice rest = buffer_slice(&one->beside), expected;
	assert_true(slice_cut(&rest, '\n', &expected));
	if (load_case(buffer_slice(&one->text), &toolchain, &err) != ERR_INPUT)
		fail_msg("%s is accepted", one->name);
	assert_null(toolchain);
	error_format(&err, message, sizeof(message));
	if (slice_find(slice_str(message), expected) == SIZE_MAX)
		fail_msg("%s: %s", one->name, message);
}

static void bad_cases_are_refused(void **state)
{
	(void)state;
	assert_int_equal(
		test_each_case("tests/cases/toolchain/bad", ".expect", check_bad), 32);
}

static void names_are_known(void **state)
{
	(void)state;
	size_t count = 0;
	cleanup_toolchain struct toolchain *toolchain = load_small();
	assert_true(toolchain_provides(toolchain, "busybox"));
	assert_false(toolchain_provides(toolchain, "autoconf"));
	assert_true(toolchain_has(toolchain, "autoconf"));
	assert_true(toolchain_has(toolchain, "nothing"));
	assert_false(toolchain_has(toolchain, "busybox"));
	const struct recipe_variable *variables =
		toolchain_environment(toolchain, &count);
	assert_int_equal(count, 2);
	assert_string_equal(variables[0].name, "CFLAGS");
	assert_string_equal(variables[1].value, "0");
}

static struct toolchain_layers select_names(
	const struct toolchain *toolchain, const char **names, size_t count)
{
	struct error err = ERROR_INIT;
	struct toolchain_layers layers = {0};
	struct recipe_list list = {names, count};
	if (toolchain_select(toolchain, &list, &layers, &err) < 0)
		fail_msg("%s", err.text);
	return layers;
}

static void base_is_always_below(void **state)
{
	(void)state;
	cleanup_toolchain struct toolchain *toolchain = load_small();
	cleanup_toolchain_layers struct toolchain_layers layers =
		select_names(toolchain, NULL, 0);
	assert_int_equal(layers.group_count, 1);
	assert_string_equal(layers.groups[0], "build-base");
	assert_int_equal(layers.deb_count, 3);
	assert_string_equal(layers.debs[0].name, "bash");
	assert_string_equal(layers.debs[2].version, "2.41");
	assert_int_equal(layers.packages.count, 0); /* not asked for by name */
}

static void names_become_layers(void **state)
{
	(void)state;
	const char *names[] = {"own", "busybox", "autoconf", "build-base", "own"};
	const char *other_order[] = {"autoconf", "own", "build-base"};
	cleanup_toolchain struct toolchain *toolchain = load_small();
	cleanup_toolchain_layers struct toolchain_layers layers =
		select_names(toolchain, names, ARRAY_LEN(names));
	assert_int_equal(layers.group_count, 3);
	assert_string_equal(layers.groups[0], "autoconf");
	assert_string_equal(layers.groups[1], "own");
	assert_string_equal(layers.groups[2], "build-base");
	assert_int_equal(layers.deb_count, 5);
	assert_int_equal(layers.packages.count, 2);
	assert_string_equal(layers.packages.items[0], "musl-dev");
	assert_string_equal(layers.packages.items[1], "zlib-dev");
	cleanup_toolchain_layers struct toolchain_layers same =
		select_names(toolchain, other_order, ARRAY_LEN(other_order));
	assert_true(digest_equal(&layers.digest, &same.digest));
}

static void unknown_names_are_refused(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct toolchain_layers layers = {0};
	const char *names[] = {"no-such-thing"};
	struct recipe_list list = {names, 1};
	cleanup_toolchain struct toolchain *toolchain = load_small();
	assert_int_equal(toolchain_select(toolchain, &list, &layers, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "no-such-thing"));
	assert_non_null(strstr(err.remedy, "toolchain.yaml"));
	assert_null(layers.arena);
}

/* Whatever a step could notice changes the digest. */
static void digest_covers_everything(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
	} changes[] = {{"-O2", "-O3"}, {"exec gcc", "exec cc1"}, {"\"0755\"", "\"0700\""},
		{"/usr/bin/sh: bash", "/usr/bin/sh: dash"},
		{"/home/build", "/home/other"}, {"3333333333", "5555555555"}};
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_toolchain struct toolchain *toolchain = load_small();
	cleanup_toolchain_layers struct toolchain_layers layers =
		select_names(toolchain, NULL, 0);
	assert_int_equal(fs_read_file(AT_FDCWD, "tests/cases/toolchain/good/small.txt",
				 MIB, &text, &err),
		0);
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		cleanup_toolchain struct toolchain *changed = NULL;
		cleanup_buffer struct buffer copy = BUFFER_INIT;
		assert_int_equal(buffer_add_slice(&copy, buffer_slice(&text), &err), 0);
		char *at = strstr(copy.data, changes[i].from);
		assert_non_null(at);
		memcpy(at, changes[i].to, strlen(changes[i].to));
		if (load_case(buffer_slice(&copy), &changed, &err) < 0)
			fail_msg("%s", err.text);
		cleanup_toolchain_layers struct toolchain_layers other =
			select_names(changed, NULL, 0);
		assert_false(digest_equal(&layers.digest, &other.digest));
	}
}

/* A lower layer has it already. */
static void groups_leave_out_the_base(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	size_t count = 0;
	const struct toolchain_deb **debs = NULL;
	cleanup_arena struct arena *arena = NULL;
	cleanup_toolchain struct toolchain *toolchain = load_small();
	assert_int_equal(arena_new(&arena, &err), 0);
	assert_int_equal(toolchain_group_debs(toolchain,
				 toolchain_find_group(toolchain, "autoconf"), arena,
				 &debs, &count, &err),
		0);
	assert_int_equal(count, 2);
	assert_string_equal(debs[0]->name, "autoconf");
	assert_string_equal(debs[1]->name, "perl");
}

/* ---- what apt-get says ---- */

static int parse_uris(const struct test_case *one, struct arena *arena,
	struct toolchain_deb **ret_debs, size_t *ret_count, struct error *err)
{
	return toolchain_parse_uris(buffer_slice(&one->text),
		"http://mirror.example/debian", arena, ret_debs, ret_count, err);
}

static void check_bad_uris(const struct test_case *one)
{
	struct error err = ERROR_INIT;
	struct toolchain_deb *debs = NULL;
	size_t count = 0;
	cleanup_arena struct arena *arena = NULL;
	struct slice expected = slice_trim(buffer_slice(&one->beside));
	assert_int_equal(arena_new(&arena, &err), 0);
	if (parse_uris(one, arena, &debs, &count, &err) != ERR_INPUT)
		fail_msg("%s is accepted", one->name);
	assert_null(debs);
	if (slice_find(slice_str(err.text), expected) == SIZE_MAX)
		fail_msg("%s: %s", one->name, err.text);
}

static void bad_uris_are_refused(void **state)
{
	(void)state;
	assert_int_equal(test_each_case("tests/cases/toolchain_uris/bad", ".expect",
				 check_bad_uris),
		31);
}

static void uris_are_read(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct toolchain_deb *debs = NULL;
	size_t count = 0;
	struct test_case two = {.name = "two"};
	cleanup_arena struct arena *arena = NULL;
	if (arena_new(&arena, &err) < 0 ||
		fs_read_file(AT_FDCWD, "tests/cases/toolchain_uris/good/two.txt", MIB,
			&two.text, &err) < 0 ||
		parse_uris(&two, arena, &debs, &count, &err) < 0)
		fail_msg("%s", err.text);
	buffer_done(&two.text);
	assert_int_equal(count, 2);
	assert_string_equal(debs[0].name, "gawk");
	assert_string_equal(debs[0].version, "1:5.2.1-2+b1");
	assert_string_equal(debs[0].path, "pool/main/g/gawk/gawk_5.2.1-2+b1_amd64.deb");
	assert_int_equal(debs[0].size, 673000);
	assert_string_equal(debs[1].name, "libstdc++6");
	assert_string_equal(
		debs[1].path, "pool/main/g/gcc-14/libstdc++6_14.2.0-19_amd64.deb");
}

/* The recipes of this repository, if they are there. */
static void our_own_loads(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_toolchain struct toolchain *toolchain = NULL;
	if (!fs_exists(AT_FDCWD, "recipes/toolchain.lock.json"))
		skip();
	if (toolchain_load("recipes", &toolchain, &err) < 0)
		fail_msg("%s:%u: %s", err.where, err.line, err.text);
	cleanup_toolchain_layers struct toolchain_layers layers =
		select_names(toolchain, NULL, 0);
	assert_true(layers.deb_count > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_cases_are_refused),
		cmocka_unit_test(names_are_known),
		cmocka_unit_test(base_is_always_below),
		cmocka_unit_test(names_become_layers),
		cmocka_unit_test(unknown_names_are_refused),
		cmocka_unit_test(digest_covers_everything),
		cmocka_unit_test(groups_leave_out_the_base),
		cmocka_unit_test(bad_uris_are_refused),
		cmocka_unit_test(uris_are_read),
		cmocka_unit_test(our_own_loads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
