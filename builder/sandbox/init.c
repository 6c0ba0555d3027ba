/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pid 1 of the sandbox. The order is the point: mounts need capabilities, the
 * second user namespace needs the first one's permission, the limit of further ones goes
 * to zero, then everything is dropped, and the filter comes last.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "builder/sandbox/filter.h"
#include "builder/sandbox/sandbox_private.h"

static int limit(int resource, uint64_t value, const char *what, struct error *err)
{
	struct rlimit now;
	if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
		return error_set_errno(err, errno, "reading the limit of %s", what);
	if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max)
		value = now.rlim_max;
	now.rlim_cur = now.rlim_max = value;
	if (setrlimit((__rlimit_resource_t)resource, &now) < 0)
		return error_set_errno(err, errno, "limiting %s", what);
	return 0;
}

static int set_limits(const struct sandbox *sandbox, struct error *err)
{
	if (limit(RLIMIT_CORE, 0, "core files", err) < 0 ||
		limit(RLIMIT_FSIZE,
			sandbox->file_size_limit ? sandbox->file_size_limit
						 : SANDBOX_DEFAULT_FILE,
			"file sizes", err) < 0 ||
		limit(RLIMIT_NOFILE, 4096, "open files", err) < 0 ||
		limit(RLIMIT_NPROC,
			sandbox->processes ? sandbox->processes : SANDBOX_DEFAULT_TASKS,
			"processes", err) < 0)
		return err->class;
	return 0;
}

static int set_cpus(unsigned cpus, struct error *err)
{
	cpu_set_t set;
	unsigned kept = 0;
	if (cpus == 0)
		return 0;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return error_set_errno(err, errno, "reading the processors");
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set) && ++kept > cpus)
			CPU_CLR(i, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return error_set_errno(err, errno, "choosing %u processors", cpus);
	return 0;
}

/* The kernel resolves these files in the namespace of whoever opens them. */
static int limit_namespaces(int user_limits, const char *value, struct error *err)
{
	cleanup_fd int fd = openat(
		user_limits, "max_user_namespaces", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(
			err, errno, "opening the limit of user namespaces");
	if (write(fd, value, strlen(value)) != (ssize_t)strlen(value))
		return error_set_errno(
			err, errno, "limiting user namespaces to %s", value);
	return 0;
}

static unsigned inner_uid(const struct sandbox *sandbox)
{
	return sandbox->uid ? sandbox->uid : SANDBOX_INNER_UID;
}

static int set_up(const struct sandbox_plan *plan, int base_tree, struct error *err)
{
	cleanup_fd int user_limits = -1;
	if (sandbox_make_root(plan, base_tree, &user_limits, err) < 0 ||
		limit_namespaces(user_limits, "1", err) < 0 ||
		set_cpus(plan->sandbox->cpus, err) < 0 ||
		sandbox_enter_inner_user_namespace(inner_uid(plan->sandbox), err) < 0 ||
		limit_namespaces(user_limits, "0", err) < 0 ||
		set_limits(plan->sandbox, err) < 0 || sandbox_drop_capabilities(err) < 0)
		return err->class;
	/* Steps have our uid: without this they could trace us and open our descriptors.
	 */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "hiding from the steps");
	return 0;
}

static int set_stdio(int log_fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0)
		return -1;
	return 0;
}

_Noreturn static void run_step(const struct sandbox_plan *plan, size_t i, int log_fd)
{
	static const char complaint[] = "sandbox: /bin/sh could not be started\n";
	const struct sandbox *sandbox = plan->sandbox;
	(void)setsid(); /* cannot fail: we are a new process */
	(void)signal(SIGPIPE, SIG_DFL);
	if (set_stdio(log_fd) < 0)
		_exit(126);
	sandbox_close_others(NULL, 0);
	if (sandbox->probe)
		_exit(sandbox->probe(sandbox->context, i));
	(void)execve(
		plan->step_argv[i][0], plan->step_argv[i], plan->step_environment[i]);
	(void)!write(2, complaint, sizeof(complaint) - 1); /* 127 says it, too */
	_exit(127);
}

/* What a step left running must not be seen by the next one. */
static void kill_leftovers(void)
{
	(void)kill(-1, SIGKILL); /* all but ourselves; ESRCH if there is none */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
}

static int wait_step(pid_t step)
{
	int status = 0;
	for (;;) {
		pid_t ended =
			waitpid(-1, &status, 0); /* also orphans: we are their reaper */
		if (ended == step)
			break;
		if (ended < 0 && errno != EINTR)
			return 126;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_steps(const struct sandbox_plan *plan, int report_fd, int log_fd,
	struct sandbox_event *event, struct error *err)
{
	for (size_t i = 0; i < plan->sandbox->step_count && event->status == 0; i++) {
		event->kind = SANDBOX_EVENT_STEP;
		event->step = i;
		if (sandbox_send_event(report_fd, event) < 0)
			return error_set_errno(err, errno, "reporting step %zu", i);
		pid_t step = fork();
		if (step < 0)
			return error_set_errno(err, errno, "starting step %zu", i);
		if (step == 0)
			run_step(plan, i, log_fd);
		event->status = wait_step(step);
		kill_leftovers();
	}
	event->kind = SANDBOX_EVENT_END;
	return 0;
}

int sandbox_init(
	const struct sandbox_plan *plan, int base_tree, int report_fd, int log_fd)
{
	struct error err = ERROR_INIT;
	struct sandbox_event event;
	int keep[] = {report_fd, log_fd, base_tree};
	memset(&event, 0, sizeof(event));
	/* The supervisor is outside our pid namespace: its pid reads as 0. */
	if (sandbox_die_with(0, &err) == 0) {
		sandbox_close_others(keep, ARRAY_LEN(keep));
		(void)setsid(); /* cannot fail: we are a new process */
		if (set_up(plan, base_tree, &err) == 0 &&
			sandbox_die_with(0, &err) == 0 && filter_load(&err) == 0 &&
			run_steps(plan, report_fd, log_fd, &event, &err) == 0 &&
			sandbox_send_event(report_fd, &event) == 0)
			return 0;
	}
	if (!error_is_set(&err))
		error_set(&err, ERR_SYSTEM, "the sandbox's supervisor has ended");
	(void)error_wrap(&err, "setting up the sandbox");
	sandbox_send_error(report_fd, &err);
	return 1;
}
