/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/wait.h>

#include "builder/sandbox/sandbox_private.h"

const char *sandbox_tier_name(enum sandbox_tier tier)
{
	switch (tier) {
	case SANDBOX_T0:
		return "T0 namespaces+seccomp";
	case SANDBOX_T1:
		return "T1 landlock+seccomp";
	case SANDBOX_NONE:
		return "none";
	}
	return "unknown";
}

/* Reads whole structs; false at the end. */
static bool read_whole(int fd, void *data, size_t len)
{
	ssize_t got;
	do
		got = read(fd, data, len);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)len;
}

static int reap(pid_t pid, struct error *err)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "waiting for the sandbox");
	if (WIFSIGNALED(status))
		return error_set(err, ERR_SYSTEM,
			"the sandbox's supervisor was killed by signal %d",
			WTERMSIG(status));
	return 0;
}

static int follow(const struct sandbox *sandbox, int events_fd,
	struct sandbox_result *ret_result, struct error *err)
{
	struct sandbox_event event;
	while (read_whole(events_fd, &event, sizeof(event))) {
		if (event.kind == SANDBOX_EVENT_STEP && sandbox->on_step)
			sandbox->on_step(sandbox->context, event.step);
		if (event.kind == SANDBOX_EVENT_ERROR) {
			*err = event.error;
			return err->class;
		}
		if (event.kind == SANDBOX_EVENT_END) {
			*ret_result = (struct sandbox_result){.tier = SANDBOX_T0,
				.status = event.status,
				.failed_step = event.step,
				.timed_out = event.timed_out,
				.log_exceeded = event.log_exceeded,
				.seconds = event.seconds};
			return 0;
		}
	}
	return error_set(err, ERR_SYSTEM, "the sandbox ended without a word");
}

static int run_plan(
	struct sandbox_plan *plan, struct sandbox_result *ret_result, struct error *err)
{
	int ends[2];
	struct error late = ERROR_INIT;
	struct sandbox_result got;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "making a pipe");
	cleanup_fd int events = ends[0];
	cleanup_fd int write_end = ends[1];
	plan->events_fd = write_end;
	pid_t pid = fork();
	if (pid < 0)
		return error_set_errno(err, errno, "starting the sandbox");
	if (pid == 0)
		_exit(sandbox_supervise(plan));
	close_fd(&write_end);
	int result = follow(plan->sandbox, events, &got, err);
	/* If it was killed, that is the better message of the two. */
	if (reap(pid, &late) < 0) {
		*err = late;
		return err->class;
	}
	if (result == 0)
		*ret_result = got;
	return result;
}

int sandbox_run(const struct sandbox *sandbox, struct sandbox_result *ret_result,
	struct error *err)
{
	struct sandbox_plan plan;
	memset(&plan, 0, sizeof(plan));
	cleanup_arena struct arena *arena = NULL;
	if (arena_new(&arena, err) < 0)
		return err->class;
	plan.arena = arena;
	if (sandbox_plan_make(sandbox, &plan, err) < 0 ||
		sandbox_give(sandbox, err) < 0 || run_plan(&plan, ret_result, err) < 0)
		return error_wrap(err, "sandbox");
	return 0;
}
