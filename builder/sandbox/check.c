/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "builder/sandbox/attack.h"
#include "builder/sandbox/check.h"

#define CHECK_PROCESSES 64U
#define CHECK_FILE_SIZE (1024U * 1024)
#define CHECK_LOG_SIZE  (64U * 1024)

const char *sandbox_outcome_name(enum sandbox_outcome outcome)
{
	switch (outcome) {
	case SANDBOX_HELD:
		return "held";
	case SANDBOX_BROKEN:
		return "broken";
	case SANDBOX_UNTESTED:
		return "not tested";
	}
	return "unknown";
}

bool sandbox_report_good(const struct sandbox_report *report)
{
	if (report->tier == SANDBOX_NONE)
		return false;
	for (size_t i = 0; i < report->count; i++)
		if (report->findings[i].outcome == SANDBOX_BROKEN)
			return false;
	return true;
}

/* A sandbox around an empty directory, and what to attack outside of it. */
struct checker {
	struct sandbox_report *report;
	struct sandbox sandbox;
	struct attack_target target;
	struct attack_result
		*answers;         /* per attack, in memory shared with the children */
	volatile unsigned *count; /* of the daemon, in such memory */
};

static int run_attack(void *context, size_t step)
{
	struct checker *checker = context;
	struct attack_result result = {.outcome = SANDBOX_UNTESTED};
	attack_at(step)->run(&checker->target, &result);
	checker->answers[step] = result;
	return 0;
}

static struct sandbox_finding *add_finding(
	struct sandbox_report *report, const char *claim, const char *attack)
{
	if (report->count == SANDBOX_FINDINGS_MAX)
		return &report->findings[SANDBOX_FINDINGS_MAX - 1];
	struct sandbox_finding *finding = &report->findings[report->count++];
	finding->claim = claim;
	finding->attack = attack;
	return finding;
}

static void take_answer(const struct checker *checker, size_t i)
{
	const struct attack_result *answer = &checker->answers[i];
	struct sandbox_finding *finding =
		add_finding(checker->report, attack_at(i)->claim, attack_at(i)->text);
	finding->outcome = answer->outcome;
	(void)snprintf(
		finding->detail, sizeof(finding->detail), "%.199s", answer->detail);
	/* It died, or one before it: nothing is proved then. */
	if (answer->outcome == SANDBOX_UNTESTED && !answer->detail[0]) {
		finding->outcome = SANDBOX_BROKEN;
		(void)snprintf(finding->detail, sizeof(finding->detail),
			"the attack did not come to an end");
	}
}

static int run_attacks(struct checker *checker, struct error *err)
{
	struct sandbox_step steps[SANDBOX_FINDINGS_MAX] = {{.label = "attack"}};
	struct sandbox_result result;
	size_t size = attack_count() * sizeof(*checker->answers);
	checker->answers = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (checker->answers == MAP_FAILED)
		return error_set_memory(err);
	for (size_t i = 0; i < attack_count(); i++)
		checker->answers[i].outcome = SANDBOX_UNTESTED;
	checker->sandbox.steps = steps;
	checker->sandbox.step_count = attack_count();
	checker->sandbox.probe = run_attack;
	checker->sandbox.context = checker;
	int status = sandbox_run(&checker->sandbox, &result, err);
	for (size_t i = 0; status == 0 && i < attack_count(); i++)
		take_answer(checker, i);
	(void)munmap(checker->answers, size);
	return status;
}

/* ---- attacks that are judged from outside ---- */

static int sleep_long(void *context, size_t step)
{
	(void)context;
	(void)step;
	(void)signal(SIGTERM, SIG_IGN);
	for (int i = 0; i < 3600; i++)
		(void)sleep(1);
	return 0;
}

static int write_forever(void *context, size_t step)
{
	static const char line[] = "all work and no play\n";
	(void)context;
	(void)step;
	for (;;)
		if (write(1, line, sizeof(line) - 1) < 0)
			return 1;
}

/* A daemon that goes on counting in shared memory; the count is judged after the end. */
static int leave_daemon(void *context, size_t step)
{
	const struct checker *checker = context;
	(void)step;
	if (fork() == 0) {
		(void)setsid();
		if (fork() != 0)
			_exit(0);
		for (;;) {
			++*checker->count;
			(void)usleep(500);
		}
	}
	/* It has to have been alive, which takes its time on a busy machine. */
	for (int i = 0; i < 10000 && *checker->count == 0; i++)
		(void)usleep(1000);
	return 0;
}

static int run_one(struct checker *checker, int (*probe)(void *context, size_t step),
	struct sandbox_result *ret_result, struct error *err)
{
	struct sandbox_step step = {.label = "attack"};
	checker->sandbox.steps = &step;
	checker->sandbox.step_count = 1;
	checker->sandbox.probe = probe;
	return sandbox_run(&checker->sandbox, ret_result, err);
}

static int check_clock(struct checker *checker, struct error *err)
{
	struct sandbox_result result;
	checker->sandbox.timeout_seconds = 1;
	if (run_one(checker, sleep_long, &result, err) < 0)
		return err->class;
	checker->sandbox.timeout_seconds = 0;
	struct sandbox_finding *finding =
		add_finding(checker->report, "limits", "sleep beyond the time limit");
	finding->outcome = result.timed_out ? SANDBOX_HELD : SANDBOX_BROKEN;
	(void)snprintf(finding->detail, sizeof(finding->detail), "ended after %.1f s",
		result.seconds);
	return 0;
}

static int check_log(struct checker *checker, struct error *err)
{
	struct sandbox_result result;
	checker->sandbox.log_limit = CHECK_LOG_SIZE;
	if (run_one(checker, write_forever, &result, err) < 0)
		return err->class;
	checker->sandbox.log_limit = 0;
	off_t size = lseek(checker->sandbox.log_fd, 0, SEEK_END);
	struct sandbox_finding *finding =
		add_finding(checker->report, "limits", "print without end");
	finding->outcome = result.log_exceeded && size <= 2 * (off_t)CHECK_LOG_SIZE
				   ? SANDBOX_HELD
				   : SANDBOX_BROKEN;
	(void)snprintf(finding->detail, sizeof(finding->detail),
		"stopped after %lld bytes", (long long)size);
	return 0;
}

static int check_orphans(struct checker *checker, struct error *err)
{
	struct sandbox_result result;
	checker->count = mmap(NULL, sizeof(*checker->count), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (checker->count == MAP_FAILED)
		return error_set_memory(err);
	int status = run_one(checker, leave_daemon, &result, err);
	if (status == 0) {
		unsigned before = *checker->count;
		(void)usleep(100000);
		bool dead = *checker->count == before;
		struct sandbox_finding *finding = add_finding(checker->report,
			"supervision", "leave a daemon behind that outlives the build");
		finding->outcome = before == 0 ? SANDBOX_UNTESTED
				   : dead      ? SANDBOX_HELD
					       : SANDBOX_BROKEN;
		(void)snprintf(finding->detail, sizeof(finding->detail), "%s",
			before == 0 ? "it did not start"
			: dead      ? "killed before the build returned"
				    : "it is alive");
	}
	(void)munmap((void *)(uintptr_t)checker->count, sizeof(*checker->count));
	return status;
}

/* ---- the world outside ---- */

static int listen_loopback(uint16_t *ret_port, int *ret_fd, struct error *err)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
		listen(fd, 4) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return error_set_errno(err, errno, "listening on the loopback");
	*ret_port = ntohs(address.sin_port);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int listen_abstract(const char *name, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	memcpy(address.sun_path + 1, name, len);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
		bind(fd, (struct sockaddr *)&address,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) <
			0 ||
		listen(fd, 4) < 0)
		return error_set_errno(err, errno, "listening on an abstract socket");
	*ret_fd = take_fd(&fd);
	return 0;
}

static int check_all(struct checker *checker, struct error *err)
{
	if (run_attacks(checker, err) < 0) {
		/* That is what was to be found out. */
		checker->report->tier = SANDBOX_NONE;
		checker->report->unavailable = *err;
		error_clear(err);
		return 0;
	}
	if (check_clock(checker, err) < 0 || check_orphans(checker, err) < 0 ||
		check_log(checker, err) < 0)
		return err->class;
	return 0;
}

static int check_in(struct store *store, int scratch_fd, struct sandbox_report *report,
	struct error *err)
{
	static const char *const layers[] = {"empty"};
	char name[64];
	gid_t gid;
	struct checker checker = {.report = report};
	cleanup_fd int tcp = -1;
	cleanup_fd int local = -1;
	cleanup_fd int log = -1;
	sandbox_outer_ids(&report->uid, &gid);
	(void)snprintf(name, sizeof(name), "alnage-sandbox-check-%d", (int)getpid());
	if (listen_loopback(&checker.target.tcp_port, &tcp, err) < 0 ||
		listen_abstract(name, &local, err) < 0 ||
		fs_open(scratch_fd, "log", FS_BENEATH, O_CREAT | O_RDWR, 0600, &log,
			err) < 0)
		return err->class;
	if (mkdirat(scratch_fd, "empty", 0755) < 0 ||
		fchownat(scratch_fd, "empty", report->uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "making an empty layer");
	checker.target.socket_name = name;
	checker.target.outside_path =
		store_path(store)[0] == '/' ? store_path(store) : "/usr/bin";
	checker.target.directory = "/tmp";
	checker.target.process_limit = CHECK_PROCESSES;
	checker.target.file_limit = CHECK_FILE_SIZE;
	checker.sandbox = (struct sandbox){.base_dirfd = scratch_fd,
		.layers = layers,
		.layer_count = 1,
		.scratch_dirfd = scratch_fd,
		.log_fd = log,
		.processes = CHECK_PROCESSES,
		.file_size_limit = CHECK_FILE_SIZE,
		.context = &checker};
	return check_all(&checker, err);
}

int sandbox_check(
	struct store *store, struct sandbox_report *ret_report, struct error *err)
{
	char name[128];
	struct error late = ERROR_INIT;
	struct sandbox_report report;
	cleanup_fd int scratch = -1;
	memset(&report, 0, sizeof(report));
	if (sandbox_make_scratch(store, name, sizeof(name), &scratch, err) < 0)
		return err->class;
	int status = check_in(store, scratch, &report, err);
	if (sandbox_remove_scratch(store, name, &late) < 0 && status == 0) {
		*err = late;
		return err->class;
	}
	if (status == 0)
		*ret_report = report;
	return status;
}
