/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/schedule.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/log_relay.h"
#include "base/map.h"
#include "builder/make/record.h"

#define NAMES_LINE_MAX 900 /* of one line of the summary */

enum state { WAITING = 0, RUNNING, FINISHED, FAILED };

struct task {
	const struct plan_item *item;
	enum state state;
	struct task **needs;     /* item->need_count */
	size_t height;           /* how many wait for it, one after the other */
	const struct task *lost; /* the failed one that this one needs */
};

/* A child under way. */
struct job {
	struct task *task;
	struct log_relay *relay;
	struct error *error; /* shared with the child */
	cpu_set_t cpus;
	pid_t pid;
};

struct schedule {
	const struct plan *plan;
	const struct schedule_options *options;
	struct made **made;
	struct arena *arena;
	struct task *tasks; /* in the order of the plan: after all that they need */
	struct job *jobs;
	size_t running, limit;
	cpu_set_t cpus; /* that we may use */
	bool stopping;
	struct error first; /* failure */
	bool told;          /* it was logged */
};

static void job_done(struct job *job)
{
	log_relay_free(&job->relay);
	if (job->error)
		(void)munmap(job->error, sizeof(*job->error)); /* it is ours */
	*job = (struct job){0};
}

/* Only after a mistake of ours or of the system's are there still children. */
static void schedule_done(struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->running; i++) {
		(void)kill(
			schedule->jobs[i].pid, SIGKILL); /* not reaped: still its pid */
		while (waitpid(schedule->jobs[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
		job_done(&schedule->jobs[i]);
	}
	arena_free(&schedule->arena);
}

static size_t task_index(const struct schedule *schedule, const struct task *task)
{
	return (size_t)(task - schedule->tasks); /* it is one of them */
}

/* ---- before ---- */

static int choose_cpus(struct schedule *schedule, struct error *err)
{
	unsigned wanted = schedule->options->make->cpus, kept = 0;
	if (sched_getaffinity(0, sizeof(schedule->cpus), &schedule->cpus) < 0)
		return error_set_errno(err, errno, "reading the processors");
	for (size_t i = 0; wanted && i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &schedule->cpus) && ++kept > wanted)
			CPU_CLR(i, &schedule->cpus);
	return 0;
}

/* In our store, or in that of all. */
static int find_made(const struct schedule *schedule, const struct plan_item *item,
	struct made **ret_made, struct error *err)
{
	struct store *store = schedule->options->make->store;
	struct package_store *shared = schedule->options->shared;
	bool found = false;
	if (make_record_load(item, store, ret_made, err) < 0)
		return err->class;
	if (!shared)
		return 0;
	if (*ret_made)
		return package_store_push(shared, *ret_made, store, err);
	if (package_store_pull(shared, item, store, &found, err) < 0 || !found)
		return err->class;
	return make_record_load(item, store, ret_made, err);
}

static int take_known(struct schedule *schedule, struct error *err)
{
	for (size_t i = 0; i < schedule->plan->count; i++) {
		if (find_made(schedule, schedule->tasks[i].item, &schedule->made[i],
			    err) < 0)
			return err->class;
		if (schedule->made[i])
			schedule->tasks[i].state = FINISHED;
	}
	return 0;
}

/* Needs come before those that need them; a plan without that order is no plan. */
static int link_needs(struct schedule *schedule, struct task *task,
	const struct map *by_name, struct error *err)
{
	const struct plan_item *item = task->item;
	task->needs =
		arena_array(schedule->arena, item->need_count, sizeof(struct task *));
	if (!task->needs)
		return error_set_memory(err);
	for (size_t n = 0; n < item->need_count; n++) {
		task->needs[n] = map_get_str(by_name, item->needs[n]->recipe->name);
		if (!task->needs[n])
			return error_set(err, ERR_BUG, "%s comes before %s, its need",
				item->recipe->name, item->needs[n]->recipe->name);
	}
	return 0;
}

static int take_plan(struct schedule *schedule, struct error *err)
{
	const struct plan *plan = schedule->plan;
	cleanup_map struct map *by_name = NULL;
	if (arena_new(&schedule->arena, err) < 0 || map_new(&by_name, err) < 0)
		return err->class;
	schedule->tasks = arena_array(schedule->arena, plan->count, sizeof(struct task));
	if (!schedule->tasks)
		return error_set_memory(err);
	for (size_t i = 0; i < plan->count; i++) {
		struct task *task = &schedule->tasks[i];
		task->item = plan->items[i];
		if (link_needs(schedule, task, by_name, err) < 0 ||
			map_put(by_name, slice_str(task->item->recipe->name), task, err) <
				0)
			return err->class;
	}
	/* from behind, heights are final when they are read */
	for (size_t i = plan->count; i-- > 0;)
		for (size_t n = 0; n < plan->items[i]->need_count; n++) {
			struct task *need = schedule->tasks[i].needs[n];
			if (need->height <= schedule->tasks[i].height)
				need->height = schedule->tasks[i].height + 1;
		}
	return 0;
}

static int begin(struct schedule *schedule, struct error *err)
{
	schedule->limit = schedule->options->jobs ? schedule->options->jobs : 1;
	if (schedule->limit > SCHEDULE_JOBS_MAX)
		schedule->limit = SCHEDULE_JOBS_MAX;
	if (take_plan(schedule, err) < 0 || choose_cpus(schedule, err) < 0)
		return err->class;
	schedule->jobs =
		arena_array(schedule->arena, schedule->limit, sizeof(struct job));
	if (!schedule->jobs)
		return error_set_memory(err);
	return take_known(schedule, err);
}

/* ---- what can begin ---- */

static bool is_ready(const struct task *task)
{
	if (task->state != WAITING || task->lost)
		return false;
	for (size_t n = 0; n < task->item->need_count; n++)
		if (task->needs[n]->state != FINISHED)
			return false;
	return true;
}

static struct task *choose_ready(const struct schedule *schedule, size_t *ret_ready)
{
	struct task *best = NULL;
	*ret_ready = 0;
	for (size_t i = 0; i < schedule->plan->count; i++) {
		struct task *task = &schedule->tasks[i];
		if (!is_ready(task))
			continue;
		++*ret_ready;
		if (!best || task->height > best->height)
			best = task;
	}
	return best;
}

/* An equal share for everything that could run now, of those in use by the fewest. */
static void share_cpus(
	const struct schedule *schedule, size_t ready, cpu_set_t *ret_share)
{
	size_t parts = schedule->running + ready;
	if (parts > schedule->limit)
		parts = schedule->limit;
	unsigned share = (unsigned)CPU_COUNT(&schedule->cpus) / (unsigned)parts;
	if (share == 0)
		share = 1;
	CPU_ZERO(ret_share);
	for (unsigned taken = 0, used = 0; taken < share && used <= SCHEDULE_JOBS_MAX;
		used++)
		for (size_t i = 0; i < CPU_SETSIZE && taken < share; i++) {
			unsigned users = 0;
			for (size_t j = 0; j < schedule->running; j++)
				users += CPU_ISSET(i, &schedule->jobs[j].cpus) != 0;
			if (users == used && CPU_ISSET(i, &schedule->cpus)) {
				CPU_SET(i, ret_share);
				taken++;
			}
		}
}

/* ---- the child ---- */

/* Everything that the task needs, directly or not: in the plan it comes before. */
static size_t collect_needs(const struct schedule *schedule, const struct task *task,
	bool *wanted, struct made **before)
{
	size_t at = task_index(schedule, task), count = 0;
	wanted[at] = true;
	for (size_t i = at + 1; i-- > 0;)
		for (size_t n = 0; wanted[i] && n < schedule->tasks[i].item->need_count;
			n++)
			wanted[task_index(schedule, schedule->tasks[i].needs[n])] = true;
	for (size_t i = 0; i < at; i++)
		if (wanted[i])
			before[count++] = schedule->made[i];
	return count;
}

static int make_one(const struct schedule *schedule, const struct task *task,
	unsigned cpus, struct error *err)
{
	cleanup_made struct made *made = NULL;
	struct make_options options = *schedule->options->make;
	cleanup_mem bool *wanted = calloc(schedule->plan->count + 1, sizeof(bool));
	cleanup_mem struct made **before =
		calloc(schedule->plan->count + 1, sizeof(struct made *));
	if (!wanted || !before)
		return error_set_memory(err);
	size_t count = collect_needs(schedule, task, wanted, before);
	options.cpus = cpus;
	return make_packages(task->item, before, count, &options, &made, err);
}

static int run_child(const struct schedule *schedule, const struct job *job, pid_t parent)
{
	struct error err = ERROR_INIT;
	log_relay_divert(job->relay);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		(void)error_set_errno(&err, errno, "asking to be killed with the parent");
	else if (getppid() != parent)
		(void)error_set(&err, ERR_SYSTEM, "the parent has ended");
	else if (sched_setaffinity(0, sizeof(job->cpus), &job->cpus) < 0)
		(void)error_set_errno(&err, errno, "choosing the processors");
	else
		(void)!make_one(schedule, job->task, (unsigned)CPU_COUNT(&job->cpus),
			&err); /* told by err */
	*job->error = err;
	return error_is_set(&err);
}

/* ---- the parent ---- */

static int start(
	struct schedule *schedule, struct task *task, size_t ready, struct error *err)
{
	struct job *job = &schedule->jobs[schedule->running];
	pid_t parent = getpid();
	*job = (struct job){.task = task};
	share_cpus(schedule, ready, &job->cpus);
	void *shared = mmap(NULL, sizeof(struct error), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return error_set_errno(err, errno, "mapping memory");
	job->error = shared;
	if (log_relay_new(&job->relay, err) < 0) {
		job_done(job);
		return err->class;
	}
	job->pid = fork();
	if (job->pid == 0)
		_exit(run_child(schedule, job, parent));
	if (job->pid < 0) {
		(void)error_set_errno(err, errno, "starting a process");
		job_done(job);
		return err->class;
	}
	log_relay_follow(job->relay);
	task->state = RUNNING;
	schedule->running++;
	return 0;
}

static void note_failure(
	struct schedule *schedule, struct task *task, const struct error *err)
{
	task->state = FAILED;
	if (!error_is_set(&schedule->first))
		schedule->first = *err;
	if (!schedule->options->keep_going)
		schedule->stopping = true;
	for (size_t i = 0; i < schedule->plan->count; i++) {
		struct task *other = &schedule->tasks[i];
		for (size_t n = 0; n < other->item->need_count && !other->lost; n++) {
			const struct task *need = other->needs[n];
			if (other->state == WAITING)
				other->lost = need->state == FAILED ? need : need->lost;
		}
	}
}

static size_t count_state(const struct schedule *schedule, enum state state)
{
	size_t count = 0;
	for (size_t i = 0; i < schedule->plan->count; i++)
		count += schedule->tasks[i].state == state;
	return count;
}

/* Nothing else failed or waits: its error says all. */
static bool is_alone(const struct schedule *schedule)
{
	return count_state(schedule, FAILED) == 1 &&
	       count_state(schedule, WAITING) + count_state(schedule, RUNNING) == 0;
}

static int check_result(const struct schedule *schedule, const struct job *job,
	int status, struct error *err)
{
	const struct recipe *recipe = job->task->item->recipe;
	size_t at = task_index(schedule, job->task);
	if (WIFSIGNALED(status))
		return error_set(err, ERR_SYSTEM, "recipe %s: ended by signal %d",
			recipe->name, WTERMSIG(status));
	if (error_is_set(job->error)) {
		*err = *job->error;
		return err->class;
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, ERR_BUG, "recipe %s: ended with status %d",
			recipe->name, WEXITSTATUS(status));
	if (make_record_load(job->task->item, schedule->options->make->store,
		    &schedule->made[at], err) < 0)
		return err->class;
	if (!schedule->made[at])
		return error_set(err, ERR_SYSTEM,
			"recipe %s: the store lost what was just made", recipe->name);
	schedule->made[at]->cached = false;
	if (!schedule->options->shared)
		return 0;
	return package_store_push(schedule->options->shared, schedule->made[at],
		schedule->options->make->store, err);
}

static int finish(struct schedule *schedule, size_t at, struct error *err)
{
	struct job job = schedule->jobs[at];
	struct error failure = ERROR_INIT;
	int status = 0;
	pid_t pid;
	do
		pid = waitpid(job.pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return error_set_errno(err, errno, "waiting for a process");
	schedule->jobs[at] = schedule->jobs[--schedule->running];
	schedule->jobs[schedule->running] = (struct job){0};
	job.task->state = FINISHED; /* unless we find out otherwise */
	if (check_result(schedule, &job, status, &failure) < 0) {
		note_failure(schedule, job.task, &failure);
		if (!is_alone(schedule)) {
			log_error(&failure);
			schedule->told = true;
		}
	}
	job_done(&job);
	return 0;
}

/* Shows what children say; ends with those that have ended. */
static int attend(struct schedule *schedule, struct error *err)
{
	struct pollfd fds[SCHEDULE_JOBS_MAX];
	size_t count = schedule->running;
	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){
			.fd = log_relay_fd(schedule->jobs[i].relay), .events = POLLIN};
	if (poll(fds, count, -1) < 0)
		return errno == EINTR
			       ? 0
			       : error_set_errno(err, errno, "waiting for processes");
	/* from behind: finishing one moves the last into its place */
	for (size_t i = count; i-- > 0;)
		if (fds[i].revents && !log_relay_read(schedule->jobs[i].relay) &&
			finish(schedule, i, err) < 0)
			return err->class;
	return 0;
}

static int start_ready(struct schedule *schedule, struct error *err)
{
	size_t ready;
	while (!schedule->stopping && schedule->running < schedule->limit) {
		struct task *task = choose_ready(schedule, &ready);
		if (!task)
			return 0;
		if (start(schedule, task, ready, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- after failures ---- */

static void tell_names(enum state state, const struct buffer *line)
{
	if (state == FAILED)
		log_warning("failed: %s", buffer_str(line));
	else if (line->len)
		log_info("done: %s", buffer_str(line));
}

static int list_names(
	const struct schedule *schedule, enum state state, struct error *err)
{
	cleanup_buffer struct buffer line = BUFFER_INIT;
	for (size_t i = 0; i < schedule->plan->count; i++) {
		if (schedule->tasks[i].state != state)
			continue;
		if (line.len > NAMES_LINE_MAX) {
			tell_names(state, &line);
			buffer_clear(&line);
		}
		if (buffer_printf(&line, err, "%s%s", line.len ? ", " : "",
			    schedule->tasks[i].item->recipe->name) < 0)
			return err->class;
	}
	tell_names(state, &line);
	return 0;
}

static void list_waiting(const struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->plan->count; i++) {
		const struct task *task = &schedule->tasks[i];
		if (task->state == WAITING && task->lost)
			log_warning("not attempted: %s, which needs %s",
				task->item->recipe->name, task->lost->item->recipe->name);
		else if (task->state == WAITING)
			log_warning("not attempted: %s (--keep-going would have)",
				task->item->recipe->name);
	}
}

static int report(const struct schedule *schedule, struct error *err)
{
	if (!schedule->told) {
		*err = schedule->first;
		return err->class;
	}
	if (list_names(schedule, FINISHED, err) < 0 ||
		list_names(schedule, FAILED, err) < 0)
		return err->class;
	list_waiting(schedule);
	size_t failed = count_state(schedule, FAILED);
	error_set(err, ERR_INPUT,
		"%zu of %zu recipes failed, %zu not attempted, %zu done", failed,
		schedule->plan->count, count_state(schedule, WAITING),
		count_state(schedule, FINISHED));
	return error_remedy(err,
		"what is done stays in the store: the same command goes on from there");
}

int schedule_run(const struct plan *plan, const struct schedule_options *options,
	struct made **made, struct error *err)
{
	CLEANUP(schedule_done)
	struct schedule schedule = {.plan = plan, .options = options, .made = made};
	if (begin(&schedule, err) < 0)
		return err->class;
	if (start_ready(&schedule, err) < 0)
		return err->class;
	while (schedule.running)
		if (attend(&schedule, err) < 0 || start_ready(&schedule, err) < 0)
			return err->class;
	if (error_is_set(&schedule.first))
		return report(&schedule, err);
	return 0;
}
