/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of signing and attest: case folders, the shared vectors, small helpers.
 */
#ifndef TESTS_UNIT_SIGNING_SUPPORT_H
#define TESTS_UNIT_SIGNING_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

#include "base/buffer.h"

#define assert_ok(call, err)                                                             \
	do {                                                                             \
		if ((call) < 0)                                                          \
			fail_msg("%s: %s", #call, (err)->text);                          \
	} while (0)

#define assert_refused(call, expected_class, expected_text, err)                         \
	do {                                                                             \
		assert_int_equal((call), (expected_class));                              \
		if (!strstr((err)->text, (expected_text)))                               \
			fail_msg("%s: \"%s\" does not contain \"%s\"", #call,            \
				(err)->text, (expected_text));                           \
		error_clear(err);                                                        \
	} while (0)

/* Without base/fs, so that one layer can be tested without the other. False if absent. */
UNUSED static bool read_test_file(const char *path, struct buffer *out)
{
	struct error err = ERROR_INIT;
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t got;

	if (fd < 0)
		return false;
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		assert_ok(buffer_add(out, chunk, (size_t)got, &err), &err);
	assert_int_equal(got, 0);
	return true;
}

/* $ALNAGE_SHARED or ../shared, then the path below; NULL, and one plain line, if it is
 * not there. */
UNUSED static const char *shared_path(const char *below)
{
	static char path[1024];
	const char *root = getenv("ALNAGE_SHARED");
	int len = snprintf(path, sizeof(path), "%s/%s", root ? root : "../shared", below);

	assert_true(len > 0 && (size_t)len < sizeof(path));
	if (access(path, R_OK) == 0)
		return path;
	printf("skip: shared data not found: %s\n", below);
	return NULL;
}

typedef int (*case_parser)(struct slice bytes, struct error *err);

UNUSED static void run_case(
	const char *folder, const char *name, bool good, case_parser parse)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer bytes = BUFFER_INIT, expect = BUFFER_INIT;
	char path[1024], expect_path[1040];
	struct slice rest, line;
	int status;

	assert_true(
		snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path));
	assert_true(snprintf(expect_path, sizeof(expect_path), "%s.expect", path) > 0);
	assert_true(read_test_file(path, &bytes));
	status = parse(buffer_slice(&bytes), &err);
	if (good) {
		if (status < 0)
			fail_msg("%s: %s", path, err.text);
		return;
	}
	if (!read_test_file(expect_path, &expect))
		fail_msg("%s has no .expect beside it", path);
	rest = buffer_slice(&expect);
	assert_true(slice_cut(&rest, '\n', &line));
	if (status == 0)
		fail_msg("%s was accepted", path);
	if (slice_find(slice_str(err.text), line) == SIZE_MAX)
		fail_msg("%s: \"%s\" does not contain \"%.*s\"", path, err.text,
			SLICE_ARG(line));
}

/* Every file of tests/cases/PARSER/{good,bad}; there must be some of both. */
UNUSED static void run_cases(const char *parser, case_parser parse)
{
	for (int good = 0; good <= 1; good++) {
		char folder[512];
		size_t count = 0;
		DIR *dir;

		assert_true(snprintf(folder, sizeof(folder), "tests/cases/%s/%s", parser,
				    good ? "good" : "bad") > 0);
		dir = opendir(folder);
		assert_non_null(dir);
		for (struct dirent *entry; (entry = readdir(dir));) {
			struct slice name = slice_str(entry->d_name);
			if (name.data[0] == '.' ||
				slice_ends_with(name, SLICE(".expect")))
				continue;
			run_case(folder, entry->d_name, good, parse);
			count++;
		}
		closedir(dir);
		assert_true(count >= 3);
	}
}

#endif
