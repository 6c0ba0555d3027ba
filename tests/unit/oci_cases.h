/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a parser over tests/cases/NAME/{good,bad}; include after cmocka.h. */
#ifndef TESTS_UNIT_OCI_CASES_H
#define TESTS_UNIT_OCI_CASES_H

#include "base/fs.h"
#include "base/limits.h"

typedef int cases_parse(struct slice bytes, struct error *err);

static inline void cases_read(int dirfd, const char *name, struct buffer *out)
{
	struct error err = ERROR_INIT;

	if (fs_read_file(dirfd, name, 8 * MIB, out, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void cases_run_one(
	int dirfd, const char *name, bool good, cases_parse *parse)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT, expect = BUFFER_INIT;
	struct error err = ERROR_INIT;
	char path[300];
	int result;

	cases_read(dirfd, name, &bytes);
	result = parse(buffer_slice(&bytes), &err);
	if (good) {
		if (result < 0)
			fail_msg("good/%s was refused: %s", name, err.text);
		return;
	}
	(void)snprintf(path, sizeof(path), "%s.expect", name); /* our own names */
	cases_read(dirfd, path, &expect);
	struct slice wanted, rest = buffer_slice(&expect);
	assert_true(slice_cut(&rest, '\n', &wanted));
	if (result == 0)
		fail_msg("bad/%s was accepted", name);
	if (slice_find(slice_str(err.text), wanted) == SIZE_MAX)
		fail_msg("bad/%s: \"%s\" does not contain \"%.*s\"", name, err.text,
			SLICE_ARG(wanted));
}

static inline void cases_run(const char *folder, cases_parse *good, cases_parse *bad)
{
	for (int i = 0; i < 2; i++) {
		cleanup_names struct fs_names names = {0};
		cleanup_fd int dirfd = -1;
		struct error err = ERROR_INIT;
		char path[200];

		(void)snprintf(path, sizeof(path), "tests/cases/%s/%s", folder,
			i == 0 ? "good" : "bad"); /* our own names */
		assert_int_equal(fs_open_dir(AT_FDCWD, path, &dirfd, &err), 0);
		assert_int_equal(fs_list(dirfd, &names, &err), 0);
		assert_true(names.count > 0);
		for (size_t j = 0; j < names.count; j++)
			if (!slice_ends_with(slice_str(names.items[j]), SLICE(".expect")))
				cases_run_one(dirfd, names.items[j], i == 0,
					i == 0 ? good : bad);
	}
}

#endif
