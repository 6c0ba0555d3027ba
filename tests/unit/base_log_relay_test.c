/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/buffer.h"
#include "base/log_relay.h"

static void say(void)
{
	struct error err = ERROR_INIT;
	(void)error_set(&err, ERR_INPUT, "broken");
	log_warning("careful\033");
	log_verbose("not shown");
	log_error(&err);
	struct log_task *outer = log_task_begin("outer"),
			*inner = log_task_begin("inner");
	log_task_step(outer, "step");
	for (uint64_t i = 0; i < 100000; i++)
		log_task_progress(inner, i, 100000);
	log_task_done(inner, "%s", "done with %d");
	log_task_end(&inner);
	log_task_end(&outer);
	(void)log_task_begin("left");
}

static void say_much(void)
{
	for (int i = 0; i < 40; i++)
		(void)log_task_begin("task %d", i);
}

static void crash(void)
{
	log_info("before");
	(void)raise(SIGKILL);
}

/* What a parent with standard error `fd` shows of a child that runs `function`. */
static void follow(int fd, void (*function)(void))
{
	struct error err = ERROR_INIT;
	struct log_relay *relay = NULL;
	if (dup2(fd, STDERR_FILENO) < 0 || log_relay_new(&relay, &err) < 0)
		_exit(1);
	pid_t child = fork();
	if (child == 0) {
		(void)close(STDERR_FILENO); /* nothing may go there */
		log_relay_divert(relay);
		function();
		_exit(0);
	}
	log_relay_follow(relay);
	while (log_relay_read(relay))
		;
	log_relay_free(&relay);
	log_relay_free(&relay);
	_exit(waitpid(child, NULL, 0) != child);
}

static void expect_shown(void (*function)(void), struct buffer *out)
{
	char block[4096];
	int fds[2], status = 0;
	struct error err = ERROR_INIT;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t parent = fork();
	if (parent == 0)
		follow(fds[1], function);
	close_fd(&fds[1]);
	for (ssize_t len; (len = read(fds[0], block, sizeof(block))) > 0;)
		assert_int_equal(buffer_add(out, block, (size_t)len, &err), 0);
	close_fd(&fds[0]);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(status, 0);
}

static void the_parent_shows_it(void **state)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	(void)state;
	expect_shown(say, &out);
	assert_string_equal(buffer_str(&out), "alnage: warning: careful?\n"
					      "alnage: broken\n"
					      "outer\n"
					      "inner\n"
					      "inner: done with %d  0.0 s\n"
					      "outer: stopped\n"
					      "left\n"
					      "left: stopped\n");
}

static void more_tasks_than_lines(void **state)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	(void)state;
	expect_shown(say_much, &out);
	assert_non_null(strstr(buffer_str(&out), "task 15\n"));
	assert_null(strstr(buffer_str(&out), "task 16\n"));
}

static void a_crash_is_an_end(void **state)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	(void)state;
	expect_shown(crash, &out);
	assert_string_equal(buffer_str(&out), "alnage: before\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parent_shows_it),
		cmocka_unit_test(more_tasks_than_lines),
		cmocka_unit_test(a_crash_is_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
