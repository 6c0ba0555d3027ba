/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "tests/unit/builder_package_support.h"

#include "tests/unit/builder_package_cases.h"

static const struct parser {
	const char *folder;
	int (*parse)(struct slice input, struct store *store, struct error *err);
	size_t good, bad; /* at least */
} PARSERS[] = {{"version", parse_version, 4, 10}, {"atom", parse_atom, 8, 9},
	{"elf", parse_elf, 9, 25}, {"apkindex", parse_index, 4, 13},
	{"pkginfo", parse_pkginfo, 2, 12}, {"apk", parse_apk, 6, 15},
	{"scan", parse_scan, 7, 2}};

static void read_case(
	const char *folder, const char *kind, const char *name, struct buffer *out)
{
	struct error err = ERROR_INIT;
	char path[512];
	(void)snprintf(path, sizeof(path), "tests/cases/%s/%s/%s", folder, kind, name);
	assert_ok(fs_read_file(AT_FDCWD, path, MIB, out, &err));
}

static void check_good(const struct parser *parser, const char *name, struct store *store)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer input = BUFFER_INIT;
	read_case(parser->folder, "good", name, &input);
	if (parser->parse(buffer_slice(&input), store, &err) < 0)
		fail_msg("%s/good/%s: %s", parser->folder, name, err.text);
}

static void check_bad(const struct parser *parser, const char *name, struct store *store)
{
	struct error err = ERROR_INIT;
	char message[2048], expect_name[300];
	cleanup_buffer struct buffer input = BUFFER_INIT, expect = BUFFER_INIT;
	(void)snprintf(expect_name, sizeof(expect_name), "%s.expect", name);
	read_case(parser->folder, "bad", name, &input);
	read_case(parser->folder, "bad", expect_name, &expect);
	struct slice text = buffer_slice(&expect), line;
	assert_true(slice_cut(&text, '\n', &line));
	int result = parser->parse(buffer_slice(&input), store, &err);
	if (result != ERR_INPUT && result != ERR_REFUSED)
		fail_msg("%s/bad/%s gives %d", parser->folder, name, result);
	error_format(&err, message, sizeof(message));
	if (slice_find(slice_str(message), line) == SIZE_MAX)
		fail_msg("%s/bad/%s: \"%s\"", parser->folder, name, message);
}

static size_t check_folder(const struct parser *parser, const char *kind,
	struct store *store,
	void (*check)(const struct parser *parser, const char *name, struct store *store))
{
	struct error err = ERROR_INIT;
	cleanup_names struct fs_names names = {0};
	char path[256];
	size_t seen = 0;
	cleanup_fd int fd = -1;
	(void)snprintf(path, sizeof(path), "tests/cases/%s/%s", parser->folder, kind);
	assert_ok(fs_open_dir(AT_FDCWD, path, &fd, &err));
	assert_ok(fs_list(fd, &names, &err));
	for (size_t i = 0; i < names.count; i++)
		if (!slice_ends_with(slice_str(names.items[i]), SLICE(".expect"))) {
			check(parser, names.items[i], store);
			seen++;
		}
	return seen;
}

static void test_cases(void **state)
{
	struct place *place = *state;
	for (size_t i = 0; i < ARRAY_LEN(PARSERS); i++) {
		const struct parser *parser = &PARSERS[i];
		assert_true(check_folder(parser, "good", place->store, check_good) >=
			    parser->good);
		assert_true(check_folder(parser, "bad", place->store, check_bad) >=
			    parser->bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cases, place_setup, place_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
