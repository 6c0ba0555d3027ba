/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program on a kernel that lacks some system calls:
 *	without CALL[,CALL…] PROGRAM ARGUMENT…
 * They answer ENOSYS.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 3 || !context) {
		(void)fprintf(
			stderr, "usage: without CALL[,CALL...] PROGRAM ARGUMENT...\n");
		return 2;
	}
	for (char *rest = argv[1], *name; (name = strsep(&rest, ",")) != NULL;) {
		int number = seccomp_syscall_resolve_name(name);

		if (number < 0 || seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS),
					  number, 0) < 0) {
			(void)fprintf(stderr, "without: no call is named %s\n", name);
			return 2;
		}
	}
	if (seccomp_load(context) < 0)
		return 2;
	(void)execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
