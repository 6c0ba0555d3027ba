/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "base/buffer.h"
#include "base/log.h"

/* How long something took is the machine's business: "12.3 s" becomes "#.# s". */
static void mask_times(struct buffer *out)
{
	size_t to = 0;
	for (size_t at = 0; at < out->len;) {
		size_t len = strspn(out->data + at, "0123456789.");
		bool masked = len && strncmp(out->data + at + len, " s", 2) == 0;
		for (size_t end = at + (len ? len : 1); at < end; at++)
			if (!masked || out->data[at] == '.')
				out->data[to++] = out->data[at];
			else if (at + 1 == end || out->data[at + 1] == '.')
				out->data[to++] = '#';
	}
	out->len = to;
	out->data[to] = '\0';
}

/* What `function` writes to a standard error that is `fd`, in a child. */
static void capture(
	int read_fd, int *write_fd, void (*function)(void), struct buffer *out)
{
	char block[4096];
	int status = 0;
	struct error err = ERROR_INIT;
	pid_t child = fork();
	if (child == 0) {
		if (dup2(*write_fd, STDERR_FILENO) < 0)
			_exit(1);
		function();
		_exit(0);
	}
	assert_true(child > 0);
	close_fd(write_fd);
	/* A terminal without writers gives EIO, a pipe 0. */
	for (ssize_t len; (len = read(read_fd, block, sizeof(block))) > 0;)
		assert_int_equal(buffer_add(out, block, (size_t)len, &err), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	mask_times(out);
}

static void capture_plain(void (*function)(void), struct buffer *out)
{
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	capture(fds[0], &fds[1], function, out);
	close_fd(&fds[0]);
}

static void capture_terminal(
	void (*function)(void), unsigned short columns, struct buffer *out)
{
	cleanup_fd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	const struct winsize size = {.ws_row = 10, .ws_col = columns};
	char name[64];
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) {
		print_message("no terminal possible here\n");
		skip();
	}
	assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
	int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
	capture(master, &slave, function, out);
}

static void assert_has(const struct buffer *out, const char *text)
{
	if (!strstr(buffer_str(out), text))
		fail_msg("'%s' lacks '%s'", buffer_str(out), text);
}

static void assert_lacks(const struct buffer *out, const char *text)
{
	if (strstr(buffer_str(out), text))
		fail_msg("'%s' has '%s'", buffer_str(out), text);
}

static void say_everything(void)
{
	struct error err = ERROR_INIT;
	(void)error_set_at(&err, ERR_INPUT, "r.yaml", 3, 4, "bad\033[2Jkey");
	(void)error_remedy(&err, "do this");
	log_warning("careful %d", 1);
	log_info("info");
	log_verbose("detail");
	log_error(&err);
	struct log_task *task = log_task_begin("busybox");
	log_task_step(task, "step %d/%d make", 3, 7);
	log_task_progress(task, 5, 10);
	log_task_done(task, "built");
	log_task_done(task, "twice");
	log_task_end(&task);
	task = log_task_begin("lost");
	log_task_end(&task);
	log_task_end(&task);
}

static void say_quiet(void)
{
	log_init("alnage-verify", LOG_QUIET);
	say_everything();
}

static void say_normal(void)
{
	log_init("alnage", LOG_NORMAL);
	say_everything();
}

static void say_verbose(void)
{
	log_init("alnage", LOG_VERBOSE);
	say_everything();
}

static void say_excerpt(void)
{
	log_init("alnage", LOG_QUIET);
	log_excerpt("b.log", "one\n\ttwo\033[2J\n\nalnage: accepted");
	log_excerpt("empty.log", "");
}

static void excerpts_keep_their_lines(void **state)
{
	(void)state;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	capture_plain(say_excerpt, &out);
	assert_string_equal(buffer_str(&out), "b.log:\n"
					      "  | one\n"
					      "  |  two?[2J\n"
					      "  | \n"
					      "  | alnage: accepted\n"
					      "empty.log:\n");
}

static void plain_lines(void **state)
{
	(void)state;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	capture_plain(say_normal, &out);
	assert_string_equal(buffer_str(&out), "alnage: warning: careful 1\n"
					      "alnage: info\n"
					      "alnage: r.yaml:3:4: bad?[2Jkey\n"
					      "  do this\n"
					      "busybox\n"
					      "busybox: built  #.# s\n"
					      "lost\n"
					      "lost: stopped\n");
}

static void levels(void **state)
{
	(void)state;
	cleanup_buffer struct buffer quiet = BUFFER_INIT, verbose = BUFFER_INIT;
	capture_plain(say_quiet, &quiet);
	assert_string_equal(buffer_str(&quiet), "alnage-verify: warning: careful 1\n"
						"alnage-verify: r.yaml:3:4: bad?[2Jkey\n"
						"  do this\n");
	capture_plain(say_verbose, &verbose);
	assert_has(&verbose, "alnage: detail\n");
	assert_has(&verbose, "busybox: step 3/7 make\n");
}

static void say_live(void)
{
	(void)setenv("TERM", "xterm", 1);
	(void)unsetenv("NO_COLOR");
	log_init("alnage", LOG_NORMAL);
	struct log_task *first = log_task_begin("first");
	struct log_task *second =
		log_task_begin("second-%s", "0123456789012345678901234567890123");
	log_task_step(first, "compile");
	log_task_progress(first, 1500000, 3000000);
	(void)usleep(600000); /* at least one tick */
	log_info("between");
	log_task_done(first, "built");
	log_task_end(&first);
	log_task_end(&second);
}

static void live_lines(void **state)
{
	(void)state;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	capture_terminal(say_live, 40, &out);
	assert_has(&out, "first  compile  # s");
	assert_has(&out, "first  compile  1.5 MB of 3.0 MB  ");
	assert_has(&out, "\033[2A\r\033[J");
	assert_has(&out, "alnage: between\r\n");
	assert_has(&out, "first: built  #.# s\r\n");
	/* cut to the width of 40 */
	assert_has(&out, "second-01234567890123456789012345678901\r\n");
	struct slice all = buffer_slice(&out);
	assert_true(slice_ends_with(all, SLICE(": stopped\r\n")));
}

/* Where there is room, the amount is drawn, too. */
static void bars(void **state)
{
	(void)state;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	capture_terminal(say_live, 100, &out);
	assert_has(&out, "first  compile  [########        ]  1.5 MB of 3.0 MB  ");
	assert_has(&out, "B/s  ");
}

static void say_no_color(void)
{
	(void)setenv("TERM", "xterm", 1);
	(void)setenv("NO_COLOR", "1", 1);
	say_normal();
}

static void say_dumb(void)
{
	(void)setenv("TERM", "dumb", 1);
	say_normal();
}

static void environment_forbids_live_lines(void **state)
{
	(void)state;
	cleanup_buffer struct buffer no_color = BUFFER_INIT, dumb = BUFFER_INIT;
	capture_terminal(say_no_color, 40, &no_color);
	assert_lacks(&no_color, "\033");
	assert_has(&no_color, "busybox: built");
	capture_terminal(say_dumb, 40, &dumb);
	assert_lacks(&dumb, "\033");
}

static void *work(void *context)
{
	const int *number = context;
	for (int i = 0; i < 20; i++) {
		struct log_task *task = log_task_begin("task %d.%d", *number, i);
		log_task_step(task, "step");
		log_task_progress(task, 1, 2);
		log_info("line %d.%d", *number, i);
		log_task_done(task, "done");
		log_task_end(&task);
	}
	return NULL;
}

static void say_from_threads(void)
{
	pthread_t threads[4];
	int numbers[4];
	(void)setenv("TERM", "xterm", 1);
	(void)unsetenv("NO_COLOR");
	log_init("alnage", LOG_NORMAL);
	for (int i = 0; i < 4; i++) {
		numbers[i] = i;
		if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0)
			_exit(2);
	}
	for (int i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
}

static void threads_do_not_mix_lines(void **state)
{
	(void)state;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	capture_terminal(say_from_threads, 40, &out);
	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < 20; j++) {
			char line[64];
			(void)snprintf(
				line, sizeof(line), "alnage: line %d.%d\r\n", i, j);
			assert_has(&out, line);
			(void)snprintf(line, sizeof(line), "task %d.%d: done  ", i, j);
			assert_has(&out, line);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(excerpts_keep_their_lines),
		cmocka_unit_test(plain_lines),
		cmocka_unit_test(levels),
		cmocka_unit_test(live_lines),
		cmocka_unit_test(bars),
		cmocka_unit_test(environment_forbids_live_lines),
		cmocka_unit_test(threads_do_not_mix_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
