/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "builder/source/source_private.h"
#include "tests/unit/builder_cases.h"

static int parse(const struct test_case *one, struct mirror_urls *urls, struct error *err)
{
	if (slice_ends_with(slice_str(one->name), SLICE(".list")))
		return mirror_parse_lines(buffer_slice(&one->text), one->name, urls, err);
	return mirror_parse_deb822(buffer_slice(&one->text), one->name, urls, err);
}

static void check_good(const struct test_case *one)
{
	struct error err = ERROR_INIT;
	struct mirror_urls urls = {0};
	cleanup_buffer struct buffer all = BUFFER_INIT;
	if (parse(one, &urls, &err) < 0)
		fail_msg("%s: %s", one->name, err.text);
	for (size_t i = 0; i < urls.count; i++)
		assert_int_equal(buffer_printf(&all, &err, "%s\n", urls.items[i]), 0);
	assert_string_equal(buffer_str(&all), buffer_str(&one->beside));
	mirror_urls_done(&urls);
}

static void check_bad(const struct test_case *one)
{
	struct error err = ERROR_INIT;
	struct mirror_urls urls = {0};
	struct slice rest = buffer_slice(&one->beside), expected;
	assert_true(slice_cut(&rest, '\n', &expected));
	if (parse(one, &urls, &err) != ERR_INPUT)
		fail_msg("%s is accepted", one->name);
	if (slice_find(slice_str(err.text), expected) == SIZE_MAX)
		fail_msg("%s: %s", one->name, err.text);
	mirror_urls_done(&urls);
}

static void cases_are_as_expected(void **state)
{
	(void)state;
	assert_int_equal(
		test_each_case("tests/cases/apt-sources/good", ".urls", check_good), 7);
	assert_int_equal(
		test_each_case("tests/cases/apt-sources/bad", ".expect", check_bad), 12);
}

static void lines_are_told(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	struct mirror_urls urls = {0};
	assert_int_equal(
		mirror_parse_lines(SLICE("\n\nrpm x y\n"), "a.list", &urls, &err),
		ERR_INPUT);
	assert_int_equal(err.line, 3);
	assert_string_equal(err.where, "a.list");
	mirror_urls_done(&urls);
}

static void write_text(int dirfd, const char *name, const char *text)
{
	struct error err = ERROR_INIT;
	if (fs_write_file(dirfd, name, slice_str(text), 0644, &err) < 0)
		fail_msg("%s", err.text);
}

static void files_are_read_in_order(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	char root[] = "/tmp/alnage-mirror-XXXXXX";
	char **urls = NULL;
	size_t count = 9;
	cleanup_fd int root_fd = -1, apt = -1, parts = -1;
	assert_non_null(mkdtemp(root));
	/* Nothing configured is no mirror, not an error. */
	assert_int_equal(mirror_list(root, &urls, &count, &err), 0);
	assert_int_equal(count, 0);
	mirror_list_free(&urls, count);
	assert_int_equal(fs_open_dir(AT_FDCWD, root, &root_fd, &err), 0);
	assert_int_equal(fs_make_dirs(root_fd, "etc/apt", 0755, &apt, &err), 0);
	assert_int_equal(fs_make_dirs(apt, "sources.list.d", 0755, &parts, &err), 0);
	write_text(apt, "sources.list", "deb http://a.example/debian sid main\n");
	write_text(parts, "b.sources",
		"Types: deb\nURIs: http://c.example/debian\nSuites: sid\n");
	write_text(parts, "a.list",
		"deb http://b.example/debian sid main\n"
		"deb http://a.example/debian/ stable main\n");
	write_text(parts, "a.list.bak", "nonsense\n");
	assert_int_equal(mirror_list(root, &urls, &count, &err), 0);
	assert_int_equal(count, 3);
	assert_string_equal(urls[0], "http://a.example/debian");
	assert_string_equal(urls[1], "http://b.example/debian");
	assert_string_equal(urls[2], "http://c.example/debian");
	mirror_list_free(&urls, count);
	write_text(parts, "z.list", "nonsense\n");
	assert_int_equal(mirror_list(root, &urls, &count, &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(fs_remove_tree(AT_FDCWD, root, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_are_as_expected),
		cmocka_unit_test(lines_are_told),
		cmocka_unit_test(files_are_read_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
