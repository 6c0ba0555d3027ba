/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/confine.h"
#include "base/fs.h"
#include "base/process.h"

static const char *const environment[] = {
	"PATH=relative::/usr/bin:/bin", "GREETING=hi", NULL};

/* sh -c script. */
static int run(const char *script, struct slice input, struct buffer *output,
	struct buffer *messages, int *ret_status, struct error *err)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	return process_run(&(struct process_options){.argv = argv,
				   .environment = environment,
				   .cwd_fd = -1,
				   .input = input,
				   .output = output,
				   .messages = messages},
		ret_status, err);
}

static void input_output_status(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT, messages = BUFFER_INIT;
	int status = -1;
	assert_int_equal(run("cat; echo \"$GREETING\"; echo oops >&2; exit 7",
				 SLICE("in\n"), &out, &messages, &status, &err),
		0);
	assert_int_equal(status, 7);
	assert_string_equal(buffer_str(&out), "in\nhi\n");
	assert_string_equal(buffer_str(&messages), "oops\n");
	assert_int_equal(
		run("kill -TERM $$", SLICE_EMPTY, &out, &messages, &status, &err), 0);
	assert_int_equal(status, 128 + SIGTERM);
}

static void large_input_and_output(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer in = BUFFER_INIT, out = BUFFER_INIT;
	int status = -1;
	assert_int_equal(buffer_add_zeros(&in, 3000000, &err), 0);
	assert_int_equal(run("cat", buffer_slice(&in), &out, NULL, &status, &err), 0);
	assert_int_equal(status, 0);
	assert_true(slice_equal(buffer_slice(&in), buffer_slice(&out)));
}

static void no_input_is_the_end(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	int status = -1;
	assert_int_equal(run("wc -c", SLICE_EMPTY, &out, NULL, &status, &err), 0);
	assert_string_equal(buffer_str(&out), "0\n");
}

static void arguments_are_exact(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	const char *const argv[] = {"printf", "%s|", "a b", "$(id)", "'", "", NULL};
	int status = -1;
	assert_int_equal(process_run(
				 &(struct process_options){
					 .argv = argv, .cwd_fd = -1, .output = &out},
				 &status, &err),
		0);
	assert_string_equal(buffer_str(&out), "a b|$(id)|'||");
}

static void too_much_output_is_stopped(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = {.max = 10000};
	int status = -1;
	assert_int_equal(run("yes", SLICE_EMPTY, &out, NULL, &status, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "running 'sh': more than the allowed"));
	assert_int_equal(status, -1);
}

/* Of scripts that end by themselves after 100 s, if at all. */
static void expect_timeout(const char *script, unsigned seconds)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	int status = -1;
	double before = clock_monotonic();
	assert_int_equal(process_run(&(struct process_options){.argv = argv,
					     .cwd_fd = -1,
					     .output = &out,
					     .timeout_seconds = seconds},
				 &status, &err),
		ERR_INPUT);
	assert_non_null(strstr(err.text, "it took longer than"));
	assert_true(clock_monotonic() - before < 60);
}

static void timeout_kills_the_group(void **state)
{
	(void)state;
	char path[] = "/tmp/alnage-process-XXXXXX", script[128];
	assert_non_null(mkdtemp(path));
	(void)snprintf(script, sizeof(script), "%s/fifo", path);
	assert_int_equal(mkfifo(script, 0600), 0);
	cleanup_fd int fd = open(script, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	/* the end of the stream shows when whoever could write to it is dead */
	(void)snprintf(
		script, sizeof(script), "exec sleep 100 >%s/fifo & sleep 100", path);
	expect_timeout(script, 3);
	struct pollfd ended = {.fd = fd};
	assert_int_equal(poll(&ended, 1, 60000), 1);
	assert_true(ended.revents & POLLHUP);
	struct error err = ERROR_INIT;
	assert_int_equal(fs_remove_tree(AT_FDCWD, path, &err), 0);
}

static void timeout_despite_output(void **state)
{
	(void)state;
	expect_timeout("while :; do echo x; done", 1);
}

static void background_process_is_not_waited_for(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	int status = -1;
	double before = clock_monotonic();
	assert_int_equal(
		run("sleep 20 & echo done", SLICE_EMPTY, &out, NULL, &status, &err), 0);
	assert_string_equal(buffer_str(&out), "done\n");
	assert_true(clock_monotonic() - before < 15);
}

static void cannot_be_started(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int sys;
	} cases[] = {{"alnage-no-such-program", ENOENT}, {"/no/such/program", ENOENT},
		{"/etc/passwd", EACCES}, {"/tmp", EACCES}, {"", ENOENT}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const argv[] = {cases[i].name, NULL};
		struct error err = ERROR_INIT;
		int status = -1;
		assert_int_equal(
			process_run(&(struct process_options){.argv = argv, .cwd_fd = -1},
				&status, &err),
			ERR_SYSTEM);
		assert_int_equal(err.sys, cases[i].sys);
		assert_non_null(strstr(err.text, cases[i].name));
		assert_int_equal(status, -1);
	}
}

static void no_descriptor_is_inherited(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	int status = -1;
	int leak = open("/etc/passwd", O_RDONLY); /* without O_CLOEXEC */
	assert_true(leak > 2);
	/* ls itself opens one */
	assert_int_equal(
		run("exec ls /proc/self/fd", SLICE_EMPTY, &out, NULL, &status, &err), 0);
	assert_string_equal(buffer_str(&out), "0\n1\n2\n3\n");
	close_fd(&leak);
}

static void signals_are_as_at_birth(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	sigset_t set, before;
	int status = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
	assert_int_equal(run("exec grep -E 'Sig(Ign|Blk)' /proc/self/status", SLICE_EMPTY,
				 &out, NULL, &status, &err),
		0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	(void)signal(SIGPIPE, SIG_DFL);
	/* 32 and 33 belong to the C library: whoever started us may have them ignored,
	 * and nobody can change that through sigaction */
	unsigned long long ignored;
	assert_true(slice_starts_with(
		buffer_slice(&out), SLICE("SigBlk:\t0000000000000000\nSigIgn:\t")));
	ignored = strtoull(strrchr(buffer_str(&out), '\t'), NULL, 16);
	assert_int_equal(ignored & ~0x180000000ULL, 0);
}

static void working_directory(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	const char *const argv[] = {"pwd", NULL};
	int status = -1;
	cleanup_fd int fd = open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(process_run(&(struct process_options){.argv = argv,
					     .cwd_fd = fd,
					     .environment = environment,
					     .output = &out},
				 &status, &err),
		0);
	assert_string_equal(buffer_str(&out), "/usr\n");
}

/* In a child, whose own 0, 1 and 2 are closed: pipes get those numbers. */
static void closed_standard_descriptors(void **state)
{
	(void)state;
	int child_status = 0;
	pid_t child = fork();
	if (child == 0) {
		struct error err = ERROR_INIT;
		struct buffer out = BUFFER_INIT, messages = BUFFER_INIT;
		int status = -1;
		(void)close(0);
		(void)close(1);
		(void)close(2);
		if (run("cat; echo m >&2", SLICE("in"), &out, &messages, &status, &err) <
			0)
			_exit(1);
		_exit(strcmp(buffer_str(&out), "in") == 0 &&
					strcmp(buffer_str(&messages), "m\n") == 0
				? 0
				: 2);
	}
	assert_int_equal(waitpid(child, &child_status, 0), child);
	assert_int_equal(child_status, 0);
}

static void place_file(const char *folder, const char *name, mode_t mode)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name); /* fits */
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
}

/* Of Landlock: first without, to see that each is possible here. */
static void obeys_rules(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	char inside[] = "/tmp/alnage-rules-XXXXXX",
	     outside[] = "/tmp/alnage-rules-XXXXXX";
	static const char *const paths[] = {"/usr", "/bin", "/lib", "/lib64", NULL};
	static const char *const scripts[] = {"mkdir a b && echo x >a/x && mv a/x b/ && "
					      "cat b/x >/dev/null && rm -r a b",
		"cat \"$OUTSIDE/file\"", "echo x >\"$OUTSIDE/new\"", "ls \"$OUTSIDE\"",
		"rm \"$OUTSIDE/file\"", "\"$OUTSIDE/program\""};
	assert_non_null(mkdtemp(inside));
	assert_non_null(mkdtemp(outside));
	cleanup_fd int dir = open(inside, O_PATH | O_CLOEXEC);
	cleanup_buffer struct buffer variable = BUFFER_INIT;
	assert_int_equal(buffer_printf(&variable, &err, "OUTSIDE=%s", outside), 0);
	const char *const given[] = {"PATH=/usr/bin:/bin", buffer_str(&variable), NULL};
	const struct confine confine = {.directory = dir, .paths = paths};
	int rules = -1;
	assert_int_equal(confine_program(&confine, &rules, &err), 0);
	for (size_t i = 0; i < 2 * ARRAY_LEN(scripts); i++) {
		bool is_held = i >= ARRAY_LEN(scripts);
		cleanup_buffer struct buffer out = BUFFER_INIT, said = BUFFER_INIT;
		const char *const argv[] = {
			"sh", "-c", scripts[i % ARRAY_LEN(scripts)], NULL};
		int status = -1;
		place_file(outside, "file", 0644);
		place_file(outside, "program", 0755);
		assert_int_equal(process_run(&(struct process_options){.argv = argv,
						     .environment = given,
						     .cwd_fd = dir,
						     .output = &out,
						     .messages = &said,
						     .rules = is_held ? rules : -1},
					 &status, &err),
			0);
		assert_true((status == 0) ==
			    (!is_held || rules < 0 || i == ARRAY_LEN(scripts)));
	}
	close_fd(&rules);
	assert_int_equal(fs_remove_tree(AT_FDCWD, inside, &err), 0);
	assert_int_equal(fs_remove_tree(AT_FDCWD, outside, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_output_status),
		cmocka_unit_test(large_input_and_output),
		cmocka_unit_test(no_input_is_the_end),
		cmocka_unit_test(arguments_are_exact),
		cmocka_unit_test(too_much_output_is_stopped),
		cmocka_unit_test(timeout_kills_the_group),
		cmocka_unit_test(timeout_despite_output),
		cmocka_unit_test(background_process_is_not_waited_for),
		cmocka_unit_test(cannot_be_started),
		cmocka_unit_test(no_descriptor_is_inherited),
		cmocka_unit_test(signals_are_as_at_birth),
		cmocka_unit_test(working_directory),
		cmocka_unit_test(closed_standard_descriptors),
		cmocka_unit_test(obeys_rules),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
