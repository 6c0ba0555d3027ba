/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running another program, without a shell: exact arguments, a given
 * environment, no inherited descriptors beyond 0, 1, 2, default signals, a process
 * group of its own, a time limit. It is killed when we die (more exactly: the
 * thread that waits for it). Output that a background process writes after the
 * program's end is not waited for.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/buffer.h"

struct process_options {
	const char *const *argv; /* argv[0] is looked up in PATH unless it has a slash;
				    relative PATH entries are ignored */
	const char *const *environment; /* NULL: ours; its PATH counts */
	int cwd_fd;                     /* -1: ours (0 is a descriptor) */
	struct slice input;             /* standard input, all of it */
	struct buffer *output;    /* standard output; NULL: ours. Its max bounds it */
	struct buffer *messages;  /* standard error; NULL: ours */
	int rules;                /* of confine_program(); below 3: none */
	unsigned timeout_seconds; /* 0: none; the process group is killed then */
};

/*
 * Waits for the end. *ret_status is the exit status, 128 + signal if killed.
 * ERR_SYSTEM if it could not be started, ERR_INPUT on time-out or too much output.
 */
MUST_USE int process_run(
	const struct process_options *options, int *ret_status, struct error *err);

#endif
