/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps with a real shell: the root is the machine's /usr, and /bin/sh is a
 * copy of its bash, given as a bind.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/xattr.h>

#include <cmocka.h>

#include "builder/sandbox/sandbox.h"
#include "tests/unit/builder_as_user.h"

static const char *home;

struct fixture {
	struct store *store;
	char scratch[128];
	int scratch_fd, root_fd, log_fd, shell_fd;
	struct sandbox sandbox;
	struct sandbox_bind binds[4];
	struct sandbox_step steps[8];
	struct sandbox_result result;
	struct error err;
	size_t begun[8], begun_count;
};

static const char *const layers[] = {"usr"};
static const char *const environment[] = {
	"PATH=/usr/bin:/bin", "HOME=/home/build", "A=1", NULL};

static void note_step(void *context, size_t step)
{
	struct fixture *fixture = context;
	fixture->begun[fixture->begun_count++] = step;
}

static void check(const struct fixture *fixture, int status)
{
	if (status < 0)
		fail_msg("%s (%s)", fixture->err.text, fixture->err.remedy);
}

static int set_up(void **state)
{
	char path[300];
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	(void)snprintf(path, sizeof(path), "%s/store", home);
	check(fixture, store_open(path, &fixture->store, &fixture->err));
	check(fixture,
		sandbox_make_scratch(fixture->store, fixture->scratch,
			sizeof(fixture->scratch), &fixture->scratch_fd, &fixture->err));
	(void)snprintf(path, sizeof(path), "%s/log", home);
	fixture->log_fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
	fixture->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fixture->shell_fd = open("/usr/bin/bash", O_PATH | O_CLOEXEC);
	fixture->binds[0] =
		(struct sandbox_bind){.fd = fixture->shell_fd, .target = "/bin/sh"};
	fixture->sandbox = (struct sandbox){.base_dirfd = fixture->root_fd,
		.layers = layers,
		.layer_count = 1,
		.scratch_dirfd = fixture->scratch_fd,
		.binds = fixture->binds,
		.bind_count = 1,
		.environment = environment,
		.steps = fixture->steps,
		.log_fd = fixture->log_fd,
		.on_step = note_step,
		.context = fixture};
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	(void)close(fixture->scratch_fd);
	(void)close(fixture->log_fd);
	(void)close(fixture->root_fd);
	(void)close(fixture->shell_fd);
	check(fixture,
		sandbox_remove_scratch(fixture->store, fixture->scratch, &fixture->err));
	assert_false(fs_exists(store_dirfd(fixture->store), fixture->scratch));
	store_close(&fixture->store);
	free(fixture);
	return 0;
}

static void add_step(struct fixture *fixture, const char *script)
{
	struct sandbox_step *step = &fixture->steps[fixture->sandbox.step_count++];
	*step = (struct sandbox_step){
		.label = "test", .script = script, .working_directory = "/home/build"};
}

static void run(struct fixture *fixture)
{
	check(fixture, sandbox_run(&fixture->sandbox, &fixture->result, &fixture->err));
}

static const char *read_log(const struct fixture *fixture)
{
	static char text[65536];
	ssize_t got = pread(fixture->log_fd, text, sizeof(text) - 1, 0);
	text[got < 0 ? 0 : got] = '\0';
	return text;
}

static void run_to_end(struct fixture *fixture)
{
	run(fixture);
	if (fixture->result.status != 0)
		fail_msg("status %d: %s", fixture->result.status, read_log(fixture));
}

static void steps_run_in_order(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "echo one; pwd; umask; id -u; hostname; echo a >file");
	add_step(fixture, "echo two; cat file; echo \"$A $HOME\"");
	run_to_end(fixture);
	assert_string_equal(read_log(fixture),
		"one\n/home/build\n0022\n1000\nalnage\ntwo\na\n1 /home/build\n");
	assert_int_equal(fixture->begun_count, 2);
	assert_int_equal(fixture->begun[1], 1);
	assert_int_equal(fixture->result.tier, SANDBOX_T0);
	assert_true(fs_exists(fixture->scratch_fd, "upper/home/build/file"));
}

static void failing_step_stops(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "true");
	add_step(fixture, "echo before; false | true; echo never");
	add_step(fixture, "echo never");
	run(fixture);
	assert_int_equal(fixture->result.status, 1);
	assert_int_equal(fixture->result.failed_step, 1);
	assert_false(fixture->result.timed_out);
	assert_string_equal(read_log(fixture), "before\n");
}

static void exit_and_signals_are_told(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "exit 7");
	run(fixture);
	assert_int_equal(fixture->result.status, 7);
	fixture->steps[0].script = "kill -SEGV $$";
	run(fixture);
	assert_int_equal(fixture->result.status, 128 + SIGSEGV);
}

static void early_exit_zero_is_success(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "exit 0");
	add_step(fixture, "echo next");
	run_to_end(fixture);
	assert_string_equal(read_log(fixture), "next\n");
}

static void environment_is_exact(void **state)
{
	static const char *const own[] = {"A=2", "B=x y", NULL};
	struct fixture *fixture = *state;
	add_step(fixture, "/bin/env | sort");
	fixture->steps[0].environment = own;
	assert_int_equal(setenv("SECRET", "leak", 1), 0);
	run_to_end(fixture);
	/* SHLVL, PWD, OLDPWD and _ are the shell's own. */
	assert_string_equal(read_log(fixture),
		"A=2\nB=x y\nHOME=/home/build\nOLDPWD=/\nPATH=/usr/bin:/bin\n"
		"PWD=/home/build\nSHLVL=1\n_=/bin/env\n");
}

static void working_directory_is_quoted(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "pwd");
	fixture->steps[0].working_directory = "/home/build/it's $(touch /tmp/bad) \"x\"";
	add_step(fixture, "test ! -e /tmp/bad");
	run_to_end(fixture);
	assert_string_equal(
		read_log(fixture), "/home/build/it's $(touch /tmp/bad) \"x\"\n");
}

static void input_is_empty_and_no_terminal(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "cat; test ! -t 0; test ! -t 1; ls /proc/self/fd | wc -l; "
			  "echo out >/dev/stdout; echo err >/dev/stderr");
	run_to_end(fixture);
	assert_string_equal(
		read_log(fixture), "4\nout\nerr\n"); /* 0, 1, 2 and ls's own */
}

static void ownership_is_pretended(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "touch f; chown 0:0 f; chgrp 33 f; stat -c %u:%g f; chmod u+s "
			  "f || echo refused");
	run_to_end(fixture);
	const char *log = read_log(fixture);
	assert_non_null(strstr(log, "1000:1000\n"));
	assert_non_null(strstr(log, "refused\n"));
}

static void lower_layers_are_never_changed(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "rm /bin/bash && test ! -e /bin/bash");
	run(fixture); /* as an ordinary user /usr/bin is not writable: both ways are fine
		       */
	assert_int_equal(access("/usr/bin/bash", X_OK), 0);
}

static void binds_are_copied(void **state)
{
	struct fixture *fixture = *state;
	char path[300];
	(void)snprintf(path, sizeof(path), "%s/given", home);
	assert_int_equal(mkdir(path, 0700), 0);
	cleanup_fd int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(directory, "deep", 0700), 0);
	assert_int_equal(symlinkat("/etc/shadow", directory, "link"), 0);
	cleanup_fd int file =
		openat(directory, "deep/run", O_CREAT | O_RDWR | O_CLOEXEC, 0700);
	assert_int_equal(write(file, "#!/bin/sh\necho ran\n", 19), 19);
	close_fd(&file);
	fixture->binds[1] =
		(struct sandbox_bind){.fd = directory, .target = "/home/build/src"};
	cleanup_fd int single = openat(directory, "deep/run", O_PATH | O_CLOEXEC);
	fixture->binds[2] = (struct sandbox_bind){
		.fd = single, .target = "/var/cache/melange/sha256:00"};
	fixture->binds[3] = (struct sandbox_bind){
		.fd = directory, .target = "/home/build/own", .writable = true};
	fixture->sandbox.bind_count = 4;
	add_step(fixture,
		"/home/build/src/deep/run; readlink src/link; "
		"stat -c %a src/deep/run /var/cache/melange/sha256:00 src/deep; "
		"touch src/deep/new; { echo >src/deep/run; } 2>/dev/null || echo "
		"read-only; stat -c %a own/deep/run; echo more >>own/deep/run && echo "
		"changed");
	run_to_end(fixture);
	assert_string_equal(read_log(fixture),
		"ran\n/etc/shadow\n555\n555\n755\nread-only\n755\nchanged\n");
	assert_int_equal(faccessat(directory, "deep/new", F_OK, 0), -1);
}

static void bad_bind_targets_are_refused(void **state)
{
	static const char *const targets[] = {
		"relative", "/", "/a/../b", "/a//b", "/a/./b"};
	struct fixture *fixture = *state;
	add_step(fixture, "true");
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		fixture->binds[0].target = targets[i];
		assert_int_equal(
			sandbox_run(&fixture->sandbox, &fixture->result, &fixture->err),
			ERR_INPUT);
		assert_non_null(strstr(fixture->err.text, "target"));
		error_clear(&fixture->err);
	}
}

static void second_run_sees_the_first(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture,
		"echo x >/home/build/kept; echo x >/tmp/gone; mkdir -m 0 closed");
	run_to_end(fixture);
	fixture->steps[0].script = "cat kept; ls /tmp";
	run_to_end(fixture);
	assert_string_equal(read_log(fixture), "x\n");
}

static void time_limit_kills(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "trap '' TERM INT HUP; echo begun; sleep 1000 & sleep 1000");
	fixture->sandbox.timeout_seconds = 3; /* long enough for it to begin */
	run(fixture);
	assert_true(fixture->result.timed_out);
	assert_int_equal(fixture->result.status, 137);
	assert_true(fixture->result.seconds < 100);
	assert_string_equal(read_log(fixture), "begun\n");
}

static void output_limit_kills(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "yes");
	fixture->sandbox.log_limit = 10000;
	run(fixture);
	assert_true(fixture->result.log_exceeded);
	assert_int_equal(fixture->result.status, 137);
	assert_int_equal(lseek(fixture->log_fd, 0, SEEK_END), 10000);
}

/* Output without a pause must not keep the clock from being looked at. */
static void time_limit_kills_the_noisy(void **state)
{
	struct fixture *fixture = *state;
	cleanup_fd int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	add_step(fixture, "yes & yes & yes");
	fixture->sandbox.timeout_seconds = 1;
	fixture->sandbox.log_limit = UINT64_MAX;
	fixture->sandbox.log_fd = null;
	run(fixture);
	assert_true(fixture->result.timed_out);
	assert_true(fixture->result.seconds < 100);
}

/* Programs behind a pipe expect to die of it; curl's users ignore the signal. */
static void ignored_signals_do_not_pass(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "kill -PIPE $$; echo survived");
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	run(fixture);
	(void)signal(SIGPIPE, before);
	assert_int_equal(fixture->result.status, 128 + SIGPIPE);
}

static void leftovers_die_with_their_step(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture,
		"setsid sleep 1000 & setsid bash -c 'trap \"\" TERM; sleep 999' &");
	add_step(fixture, "n=0; for p in /proc/[0-9]*; do n=$((n + 1)); done; echo $n");
	run_to_end(fixture);
	assert_string_equal(read_log(fixture), "2\n"); /* pid 1 and the shell */
	assert_true(fixture->result.seconds < 100);
}

static void processors_can_be_limited(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture, "nproc; grep -c ^processor /proc/cpuinfo");
	fixture->sandbox.cpus = 1;
	run_to_end(fixture);
	assert_string_equal(read_log(fixture), "1\n1\n");
}

static void loopback_is_there(void **state)
{
	struct fixture *fixture = *state;
	add_step(fixture,
		"{ echo >/dev/tcp/127.0.0.1/9; } 2>&1 | grep -o refused || true");
	run_to_end(fixture);
	assert_non_null(strstr(read_log(fixture), "refused"));
}

static void missing_shell_is_127(void **state)
{
	static const char *const docs[] = {"usr/share"};
	struct fixture *fixture = *state;
	add_step(fixture, "true");
	fixture->sandbox.layers = docs;
	fixture->sandbox.bind_count = 0;
	run(fixture);
	assert_int_equal(fixture->result.status, 127);
	assert_non_null(strstr(read_log(fixture), "/bin/sh could not be started"));
}

static void missing_layer_is_an_error(void **state)
{
	static const char *const nothing[] = {"no/such/layer"};
	struct fixture *fixture = *state;
	add_step(fixture, "true");
	fixture->sandbox.layers = nothing;
	assert_int_equal(sandbox_run(&fixture->sandbox, &fixture->result, &fixture->err),
		ERR_SYSTEM);
	assert_non_null(strstr(fixture->err.text, "overlay"));
}

/* A store that root made for itself alone. */
static void closed_layers_have_a_remedy(void **state)
{
	static const char *const closed[] = {"closed/layer"};
	struct fixture *fixture = *state;
	cleanup_fd int base = openat(
		store_dirfd(fixture->store), "tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (geteuid() != 0)
		skip();                      /* the builder is who we are */
	(void)mkdirat(base, "closed", 0700); /* there already, the second time */
	(void)mkdirat(base, "closed/layer", 0755);
	add_step(fixture, "true");
	fixture->sandbox.base_dirfd = base;
	fixture->sandbox.layers = closed;
	assert_int_equal(sandbox_run(&fixture->sandbox, &fixture->result, &fixture->err),
		ERR_SYSTEM);
	assert_non_null(strstr(fixture->err.remedy, "chmod o+x"));
}

static void planted_symlinks_do_not_lead_out(void **state)
{
	struct fixture *fixture = *state;
	/* What the first run leaves must not catch the second one's mounts and copies. */
	add_step(fixture, "ln -s /etc /home/build/trap; rmdir /dev /proc /tmp || true");
	run_to_end(fixture);
	fixture->binds[1] = (struct sandbox_bind){
		.fd = fixture->shell_fd, .target = "/home/build/trap/planted"};
	fixture->sandbox.bind_count = 2;
	run(fixture);
	assert_int_equal(access("/etc/planted", F_OK), -1);
}

static int fill_and_fail(void *context, struct error *err)
{
	if (geteuid() == 0)
		return error_set(err, ERR_BUG, "still root");
	if (*(int *)context == 1)
		return error_set(err, ERR_REFUSED, "as it should");
	if (*(int *)context == 2)
		_exit(9);
	return 0;
}

static void builder_functions_are_not_root(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	int mode = 0;
	assert_int_equal(sandbox_as_builder(fill_and_fail, &mode, &err), 0);
	mode = 1;
	assert_int_equal(sandbox_as_builder(fill_and_fail, &mode, &err), ERR_REFUSED);
	assert_string_equal(err.text, "as it should");
	error_clear(&err);
	mode = 2;
	assert_int_equal(sandbox_as_builder(fill_and_fail, &mode, &err), ERR_SYSTEM);
}

static off_t size_of(const struct fixture *fixture, const char *path)
{
	struct stat st = {0};
	(void)fstatat(fixture->scratch_fd, path, &st, 0); /* not there: empty */
	return st.st_size;
}

static void killed_caller_takes_all_along(void **state)
{
	struct fixture *fixture = *state;
	static const char path[] = "upper/home/build/alive";
	off_t size, before = -1;
	add_step(fixture, "while :; do echo x >>/home/build/alive; sleep 0.02; done");
	pid_t child = fork();
	if (child == 0) {
		(void)!sandbox_run(&fixture->sandbox, &fixture->result, &fixture->err);
		_exit(0);
	}
	/* a minute for each: a busy machine takes its time to begin, and to end */
	for (int i = 0; i < 3000 && size_of(fixture, path) == 0; i++)
		(void)usleep(20000);
	assert_int_equal(kill(child, SIGKILL), 0);
	(void)waitpid(child, NULL, 0);
	for (int i = 0; i < 120 && before != (size = size_of(fixture, path)); i++) {
		before = size;
		(void)usleep(500000);
	}
	assert_true(size > 0);
	assert_int_equal(before, size);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int tests(const char *directory)
{
	const struct CMUnitTest group[] = {
		TEST(steps_run_in_order),
		TEST(failing_step_stops),
		TEST(exit_and_signals_are_told),
		TEST(early_exit_zero_is_success),
		TEST(environment_is_exact),
		TEST(working_directory_is_quoted),
		TEST(input_is_empty_and_no_terminal),
		TEST(ownership_is_pretended),
		TEST(lower_layers_are_never_changed),
		TEST(binds_are_copied),
		TEST(bad_bind_targets_are_refused),
		TEST(second_run_sees_the_first),
		TEST(time_limit_kills),
		TEST(output_limit_kills),
		TEST(time_limit_kills_the_noisy),
		TEST(ignored_signals_do_not_pass),
		TEST(leftovers_die_with_their_step),
		TEST(processors_can_be_limited),
		TEST(loopback_is_there),
		TEST(missing_shell_is_127),
		TEST(missing_layer_is_an_error),
		TEST(closed_layers_have_a_remedy),
		TEST(planted_symlinks_do_not_lead_out),
		TEST(builder_functions_are_not_root),
		TEST(killed_caller_takes_all_along),
	};
	home = directory;
	return cmocka_run_group_tests_name("sandbox run", group, NULL, NULL);
}

int main(void)
{
	if (access("/usr/bin/bash", X_OK) < 0) {
		(void)printf("skip: no /usr/bin/bash to run steps with\n");
		return 77;
	}
	return test_run_as_everybody(tests);
}
