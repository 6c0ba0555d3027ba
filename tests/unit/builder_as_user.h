/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests that have to hold for root and for ordinary users alike: runs a
 * group of tests in a child with the given identity.
 */
#ifndef TESTS_UNIT_BUILDER_AS_USER_H
#define TESTS_UNIT_BUILDER_AS_USER_H

#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/store.h"

#define TEST_UID 12345 /* no passwd entry, no subordinate ids */

/* A directory of that user which only that user may enter; chdir'ed nowhere. */
static char *test_make_directory(uid_t uid)
{
	static char path[256];
	const char *parent = getenv("TMPDIR");
	(void)snprintf(path, sizeof(path), "%s/alnage-test-XXXXXX",
		parent && strlen(parent) < 200 ? parent : "/tmp");
	if (!mkdtemp(path) || chown(path, uid, (gid_t)uid) < 0)
		return NULL;
	return path;
}

static int test_run_as(uid_t uid, int (*tests)(const char *directory))
{
	int status = 0;
	struct error err = ERROR_INIT;
	const char *directory = test_make_directory(uid);
	if (!directory) {
		perror("making a directory");
		return 1;
	}
	(void)printf("# as uid %u\n", uid);
	(void)fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (uid != geteuid() &&
			(setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
				setresuid(uid, uid, uid) < 0)) {
			perror("changing the identity");
			exit(1);
		}
		exit(tests(directory));
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		status = 1;
	if (fs_remove_tree(AT_FDCWD, directory, &err) < 0) {
		(void)printf("removing %s: %s\n", directory, err.text);
		return 1;
	}
	return status ? 1 : 0;
}

/* As ourselves, and if we are root as an ordinary user, too. */
static int test_run_as_everybody(int (*tests)(const char *directory))
{
	int failed = test_run_as(geteuid(), tests);
	if (geteuid() == 0)
		failed |= test_run_as(TEST_UID, tests);
	return failed;
}

#endif
