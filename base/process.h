/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running another program, without a shell: exact arguments, a given
 * environment, no inherited descriptors beyond 0, 1, 2, a time limit.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/buffer.h"

struct process_options {
	const char *const *argv; /* argv[0] is looked up in PATH unless it has a slash */
	const char *const *environment; /* NULL: ours */
	int cwd_fd;			/* -1: ours */
	struct slice input;		/* standard input, all of it */
	struct buffer *output;		/* standard output; NULL: ours. Its max bounds it */
	struct buffer *messages;	/* standard error; NULL: ours */
	unsigned timeout_seconds;	/* 0: none; the process group is killed then */
};

/*
 * Waits for the end. *ret_status is the exit status, 128 + signal if killed.
 * ERR_SYSTEM if it could not be started, ERR_INPUT on time-out or too much output.
 */
MUST_USE int process_run(const struct process_options *options, int *ret_status,
	struct error *err);

#endif
