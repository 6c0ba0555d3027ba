/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a folder of cases: what is there, and what a neighbour file says about it. */
#ifndef TESTS_UNIT_BUILDER_CASES_H
#define TESTS_UNIT_BUILDER_CASES_H

#include "base/fs.h"
#include "base/limits.h"

struct test_case {
	const char *name; /* file name */
	struct buffer text, beside;
};

/* Calls check for each NAME in folder that has NAME + suffix beside it; returns how many.
 */
static size_t test_each_case(
	const char *folder, const char *suffix, void (*check)(const struct test_case *))
{
	struct error err = ERROR_INIT;
	cleanup_names struct fs_names names = {0};
	size_t checked = 0;
	cleanup_fd int dirfd = -1;
	if (fs_open_dir(AT_FDCWD, folder, &dirfd, &err) < 0 ||
		fs_list(dirfd, &names, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < names.count; i++) {
		char beside[300];
		struct test_case one = {.name = names.items[i]};
		(void)snprintf(beside, sizeof(beside), "%s%s", names.items[i], suffix);
		if (!fs_exists(dirfd, beside))
			continue;
		if (fs_read_file(dirfd, names.items[i], MIB, &one.text, &err) < 0 ||
			fs_read_file(dirfd, beside, MIB, &one.beside, &err) < 0)
			fail_msg("%s", err.text);
		check(&one);
		buffer_done(&one.text);
		buffer_done(&one.beside);
		checked++;
	}
	return checked;
}

#endif
