/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making everything that a plan names, several recipes at a time. Each recipe that the
 * store does not have yet is made by a child process of its own, which ends with it: a
 * crash costs that recipe only. What a child makes is what the store says afterwards.
 *
 * A recipe begins when all that it needs is there; those that most others wait for, one
 * after the other, go first. Its build root is chosen among the packages of what it needs
 * (directly or not) and nothing else, so that neither order nor number of jobs can change
 * it. The processors are shared out among what runs and could run.
 *
 * Children are killed when we die. What was finished is in the store under its input
 * key; the next run goes on from there.
 */
#ifndef BUILDER_SCHEDULE_H
#define BUILDER_SCHEDULE_H

#include "builder/make/make.h"
#include "builder/package_store.h"

#define SCHEDULE_JOBS_MAX 64

struct schedule_options {
	const struct make_options
		*make;   /* cpus: for all jobs together; 0: all we may use */
	unsigned jobs;   /* recipes at a time; 0: 1; at most SCHEDULE_JOBS_MAX are used */
	bool keep_going; /* a failure stops only what needs it */
	/* What others have built is taken from there, what is built here put there as
	 * soon as it is done; may be NULL. */
	struct package_store *shared;
};

/*
 * made: plan->count items, all NULL; in the order of the plan. On failure some may be
 * set, too; the caller frees them in any case. Without keep_going nothing begins after
 * the first failure, but what is under way is finished.
 *
 * One failure that leaves nothing else undone is that recipe's own error. Otherwise each
 * failure is logged when it happens, at the end what is done, what failed and what was
 * not attempted and why; the error, ERR_INPUT, has the numbers.
 */
MUST_USE int schedule_run(const struct plan *plan, const struct schedule_options *options,
	struct made **made, struct error *err);

#endif
