/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor. It stays outside the pid namespace, so it can kill all of it
 * and wait until the kernel has: waiting for pid 1 returns only after every other process
 * of the namespace is gone. The steps write to a pipe, never to the caller's
 * file or terminal, which they could read, truncate or inject into.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fs.h"
#include "builder/sandbox/probe.h"
#include "builder/sandbox/sandbox_private.h"

struct monitor {
	const struct sandbox_plan *plan;
	pid_t init;
	int report_fd, log_fd; /* read ends */
	double started, deadline;
	uint64_t log_left;
	struct sandbox_event last; /* END or ERROR of init, if kind is set */
	size_t step;
	bool killed, timed_out, log_exceeded;
};

static void kill_all(struct monitor *monitor)
{
	(void)kill(monitor->init, SIGKILL); /* it is ours and not yet waited for */
	monitor->killed = true;
}

/* *ret_end at the end of the pipe. */
static int pass_log(struct monitor *monitor, bool *ret_end, struct error *err)
{
	char chunk[65536 / 8];
	ssize_t got = read(monitor->log_fd, chunk, sizeof(chunk));
	*ret_end = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
	if (got <= 0 || monitor->log_exceeded)
		return 0;
	if ((uint64_t)got > monitor->log_left) {
		got = (ssize_t)monitor->log_left;
		monitor->log_exceeded = true;
		kill_all(monitor);
	}
	monitor->log_left -= (uint64_t)got;
	return fs_write_all(
		monitor->plan->sandbox->log_fd, slice_from(chunk, (size_t)got), err);
}

static void take_event(struct monitor *monitor, bool *ret_end)
{
	struct sandbox_event event;
	ssize_t got = read(monitor->report_fd, &event, sizeof(event));
	if (got < 0 && errno == EINTR)
		return;
	if (got != (ssize_t)sizeof(event)) {
		*ret_end = true;
		return;
	}
	if (event.kind == SANDBOX_EVENT_STEP) {
		monitor->step = event.step;
		(void)sandbox_send_event(
			monitor->plan->events_fd, &event); /* progress only */
		return;
	}
	monitor->last = event;
}

static int time_left(const struct monitor *monitor)
{
	double left = (monitor->deadline - clock_monotonic()) * 1000;
	if (left <= 0)
		return 0;
	return left > 60000 ? 60000 : (int)left + 1;
}

/* Until init closes its end of the report pipe. */
static int watch(struct monitor *monitor, struct error *err)
{
	struct pollfd polled[2] = {{.fd = monitor->report_fd, .events = POLLIN},
		{.fd = monitor->log_fd, .events = POLLIN}};
	for (bool ended = false; !ended;) {
		bool log_ended = false;
		int ready = poll(polled, 2, monitor->killed ? -1 : time_left(monitor));
		if (ready < 0 && errno != EINTR)
			return error_set_errno(err, errno, "watching the sandbox");
		/* In each round: a flood of output must not keep the clock from being
		 * looked at. */
		if (!monitor->killed && time_left(monitor) == 0) {
			monitor->timed_out = true;
			kill_all(monitor);
		}
		if (ready <= 0)
			continue;
		if (polled[1].revents && pass_log(monitor, &log_ended, err) < 0)
			return error_wrap(err, "writing the log");
		if (log_ended)
			polled[1].fd = -1;
		if (polled[0].revents)
			take_event(monitor, &ended);
	}
	return 0;
}

static int wait_init(const struct monitor *monitor, int *ret_status, struct error *err)
{
	while (waitpid(monitor->init, ret_status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "waiting for the sandbox");
	return 0;
}

static int drain_log(struct monitor *monitor, struct error *err)
{
	/* All writers are dead: this ends. */
	for (bool end = false; !end;)
		if (pass_log(monitor, &end, err) < 0)
			return error_wrap(err, "writing the log");
	return 0;
}

static int finish(struct monitor *monitor, int status, struct error *err)
{
	struct sandbox_event event = monitor->last;
	if (monitor->timed_out || monitor->log_exceeded) {
		memset(&event, 0, sizeof(event));
		event.kind = SANDBOX_EVENT_END;
		event.step = monitor->step;
		event.status = 128 + SIGKILL;
		event.timed_out = monitor->timed_out;
		event.log_exceeded = monitor->log_exceeded;
	}
	if (event.kind == 0) {
		error_set(err, ERR_SYSTEM,
			"the sandbox's first process was killed by signal %d",
			WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		return error_remedy(
			err, "the machine may have run out of memory: see dmesg");
	}
	event.seconds = clock_monotonic() - monitor->started;
	if (sandbox_send_event(monitor->plan->events_fd, &event) < 0)
		return error_set_errno(err, errno, "reporting the end");
	return 0;
}

static int monitor_run(struct monitor *monitor, struct error *err)
{
	int status = 0;
	struct error late = ERROR_INIT;
	int result = watch(monitor, err);
	if (result < 0)
		kill_all(monitor);
	if (wait_init(monitor, &status, result < 0 ? &late : err) < 0 || result < 0)
		return err->class;
	if (drain_log(monitor, err) < 0)
		return err->class;
	return finish(monitor, status, err);
}

/* Mount points that need no cooperation of the layers; /tmp begins empty. */
static int make_scratch_names(int scratch_fd, struct error *err)
{
	static const char *const names[] = {SCRATCH_UPPER, SCRATCH_ROOT, SCRATCH_BASE,
		SCRATCH_WORK, SCRATCH_UPPER "/dev", SCRATCH_UPPER "/proc",
		SCRATCH_UPPER "/tmp"};
	if (fs_remove_tree(scratch_fd, SCRATCH_WORK, err) < 0 ||
		fs_remove_tree(scratch_fd, SCRATCH_UPPER "/tmp", err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (mkdirat(scratch_fd, names[i], 0755) < 0 && errno != EEXIST)
			return error_set_errno(err, errno,
				"making %s in the scratch directory", names[i]);
	if (fchmodat(scratch_fd, SCRATCH_UPPER "/tmp", 01777, 0) < 0)
		return error_set_errno(err, errno, "opening up /tmp");
	return 0;
}

static int enter_namespaces(
	const struct sandbox_plan *plan, int *ret_base_tree, struct error *err)
{
	const struct sandbox *sandbox = plan->sandbox;
	/* As the caller: its parents, and it itself, may be closed to the builder. */
	if (fchdir(sandbox->base_dirfd) < 0)
		return error_set_errno(
			err, errno, "entering the directory of the layers");
	if (sandbox_enter_user_namespace(err) < 0 ||
		sandbox_die_with(plan->caller, err) < 0 ||
		make_scratch_names(sandbox->scratch_dirfd, err) < 0 ||
		sandbox_clone_working_directory(ret_base_tree, err) < 0)
		return err->class;
	if (fchdir(sandbox->scratch_dirfd) < 0)
		return error_set_errno(err, errno, "entering the scratch directory");
	if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
		    CLONE_NEWUTS | CLONE_NEWCGROUP) < 0) {
		int sys = errno;
		error_set_errno(err, sys, "making namespaces");
		return sandbox_explain_namespaces(sys, err);
	}
	return 0;
}

static int start_init(const struct sandbox_plan *plan, int base_tree,
	struct monitor *monitor, struct error *err)
{
	int report[2], log[2];
	if (pipe2(report, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "making a pipe");
	monitor->report_fd = report[0];
	cleanup_fd int report_end = report[1];
	/* Made by the builder's uid, so that /dev/stdout can be opened inside. */
	if (pipe2(log, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "making a pipe");
	monitor->log_fd = log[0];
	cleanup_fd int log_end = log[1];
	monitor->init = fork();
	if (monitor->init < 0)
		return error_set_errno(
			err, errno, "starting the sandbox's first process");
	if (monitor->init == 0)
		_exit(sandbox_init(plan, base_tree, report_end, log_end));
	return 0;
}

static int supervise(const struct sandbox_plan *plan, struct error *err)
{
	const struct sandbox *sandbox = plan->sandbox;
	cleanup_fd int base_tree = -1;
	unsigned seconds = sandbox->timeout_seconds ? sandbox->timeout_seconds
						    : SANDBOX_DEFAULT_TIME;
	struct monitor monitor = {.plan = plan,
		.started = clock_monotonic(),
		.log_left =
			sandbox->log_limit ? sandbox->log_limit : SANDBOX_DEFAULT_LOG};
	monitor.deadline = monitor.started + seconds;
	if (enter_namespaces(plan, &base_tree, err) < 0 ||
		start_init(plan, base_tree, &monitor, err) < 0)
		return err->class;
	if (sandbox_drop_capabilities(err) < 0) {
		kill_all(&monitor);
		(void)waitpid(monitor.init, NULL, 0); /* the error is told */
		return err->class;
	}
	return monitor_run(&monitor, err);
}

int sandbox_supervise(const struct sandbox_plan *plan)
{
	struct error err = ERROR_INIT;
	const struct sandbox *sandbox = plan->sandbox;
	int keep[] = {plan->events_fd, sandbox->log_fd, sandbox->base_dirfd,
		sandbox->scratch_dirfd};
	sandbox_reset_signals();
	(void)signal(SIGPIPE,
		SIG_IGN); /* a closed log is an error to report; init resets this */
	sandbox_close_others(keep, ARRAY_LEN(keep));
	(void)umask(022);
	if (sandbox_die_with(plan->caller, &err) < 0 || supervise(plan, &err) < 0) {
		sandbox_send_error(plan->events_fd, &err);
		return 1;
	}
	return 0;
}
