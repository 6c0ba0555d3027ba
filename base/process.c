/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"

#define READ_BLOCK     (4 * KIB)
#define PIPE_BYTES_MAX (1 * MIB) /* /proc/sys/fs/pipe-max-size */
/* The signals that exist; 32 and 33 belong to the C library. */
#define SIGNALS 64

extern char **environ;

struct pipe_end {
	int read_fd, write_fd;
};
#define PIPE_INIT ((struct pipe_end){-1, -1})

struct run {
	const struct process_options *options;
	char *program; /* path to execute */
	int input_fd;
	struct pipe_end output, messages, failure;
	pid_t child;
	int child_fd; /* pidfd; also tells that the child is not yet waited for */
};

static void pipe_done(struct pipe_end *pipe_end)
{
	close_fd(&pipe_end->read_fd);
	close_fd(&pipe_end->write_fd);
}

static void kill_group(const struct run *run)
{
	int saved = errno;
	(void)kill(-run->child, SIGKILL); /* it may have no group yet, */
	(void)kill(run->child, SIGKILL);  /* or be dead: both are fine */
	errno = saved;
}

static void run_done(struct run *run)
{
	if (run->child > 0) {
		kill_group(run);
		while (waitpid(run->child, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	close_fd(&run->child_fd);
	close_fd(&run->input_fd);
	pipe_done(&run->output);
	pipe_done(&run->messages);
	pipe_done(&run->failure);
	free_ptr(&run->program);
}
#define cleanup_run CLEANUP(run_done)

static const char *name_of(const struct run *run)
{
	return run->options->argv[0];
}

/* ---- before the fork: all that needs memory ---- */

static const char *search_path(const struct process_options *options)
{
	const char *path = NULL;
	if (!options->environment)
		path = getenv("PATH");
	for (const char *const *entry = options->environment; entry && *entry; entry++) {
		if (strncmp(*entry, "PATH=", 5) == 0) {
			path = *entry + 5;
			break;
		}
	}
	return path ? path : "/usr/local/bin:/usr/bin:/bin";
}

static bool is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static int find_program(struct run *run, struct error *err)
{
	const char *name = name_of(run);
	struct slice rest, directory;
	if (strchr(name, '/'))
		return slice_to_str(slice_str(name), &run->program, err);
	rest = slice_str(search_path(run->options));
	while (*name && slice_cut(&rest, ':', &directory)) {
		cleanup_buffer struct buffer path = BUFFER_INIT;
		/* An empty or relative entry would run what lies in the directory. */
		if (directory.len == 0 || directory.data[0] != '/')
			continue;
		if (buffer_add_slice(&path, directory, err) < 0 ||
			buffer_printf(&path, err, "/%s", name) < 0)
			return err->class;
		if (is_program(buffer_str(&path)))
			return buffer_take_str(&path, &run->program, err);
	}
	return error_set_errno(err, ENOENT, "starting '%s'", name);
}

static int make_pipe(struct pipe_end *ret_pipe, struct error *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "making a pipe");
	*ret_pipe = (struct pipe_end){fds[0], fds[1]};
	return 0;
}

/* A file in memory: nobody has to feed a pipe while the program runs. */
static int make_input(struct run *run, struct error *err)
{
	if (run->options->input.len == 0)
		return fs_open(
			AT_FDCWD, "/dev/null", FS_OWN, O_RDONLY, 0, &run->input_fd, err);
	run->input_fd = memfd_create("input", MFD_CLOEXEC);
	if (run->input_fd < 0)
		return error_set_errno(
			err, errno, "making the input of '%s'", name_of(run));
	if (fs_write_all(run->input_fd, run->options->input, err) < 0)
		return err->class;
	if (lseek(run->input_fd, 0, SEEK_SET) < 0)
		return error_set_errno(
			err, errno, "making the input of '%s'", name_of(run));
	return 0;
}

static int prepare(struct run *run, struct error *err)
{
	if (find_program(run, err) < 0 || make_input(run, err) < 0 ||
		make_pipe(&run->failure, err) < 0)
		return err->class;
	if (run->options->output && make_pipe(&run->output, err) < 0)
		return err->class;
	if (run->options->messages && make_pipe(&run->messages, err) < 0)
		return err->class;
	return 0;
}

/* ---- the child: only what is safe after a fork in a program with threads ---- */

static void reset_signals(void)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;
	for (int i = 1; i <= SIGNALS; i++)
		(void)sigaction(i, &standard, NULL); /* not all may be set */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Above 2, so that putting one in place cannot overwrite another. */
static bool lift(int *fd)
{
	if (*fd >= 0 && *fd <= 2)
		*fd = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	return *fd >= 0;
}

static bool place_descriptors(const struct run *run)
{
	int input = run->input_fd, output = run->output.write_fd,
	    messages = run->messages.write_fd;
	if (!lift(&input) || (output >= 0 && !lift(&output)) ||
		(messages >= 0 && !lift(&messages)))
		return false;
	return dup2(input, 0) >= 0 && (output < 0 || dup2(output, 1) >= 0) &&
	       (messages < 0 || dup2(messages, 2) >= 0);
}

/* Also those that a library has opened without O_CLOEXEC. */
static bool close_others(void)
{
	const unsigned cloexec = 1U << 2; /* CLOSE_RANGE_CLOEXEC, Linux 5.11 */
	if (syscall(SYS_close_range, 3U, ~0U, cloexec) == 0)
		return true;
	/* Linux 5.6 to 5.10; the limit of descriptors is what bounds them. */
	long limit = sysconf(_SC_OPEN_MAX);
	for (int fd = 3; fd < limit && fd < 1048576; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* most are not open */
	return true;
}

static void tell_failure(int fd)
{
	int sys = errno;
	/* Without it the parent sees status 127. */
	ssize_t written = write(fd, &sys, sizeof(sys));
	_exit(written == (ssize_t)sizeof(sys) ? 127 : 126);
}

static bool obey(int rules)
{
	return rules < 3 || (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
				    syscall(SYS_landlock_restrict_self, rules, 0) == 0);
}

static void become(struct run *run, pid_t parent)
{
	const struct process_options *options = run->options;
	char *const *environment = environ;
	if (options->environment) /* execve changes nothing, whatever its type says */
		environment = (char *const *)(uintptr_t)options->environment;
	if (!lift(&run->failure.write_fd))
		_exit(126);
	/* When we are interrupted the program must not go on without us. */
	if (setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		tell_failure(run->failure.write_fd);
	if (getppid() != parent)
		_exit(126);
	if (!place_descriptors(run) || !obey(options->rules) || !close_others() ||
		(options->cwd_fd >= 0 && fchdir(options->cwd_fd) < 0))
		tell_failure(run->failure.write_fd);
	reset_signals();
	(void)execve(run->program, (char *const *)(uintptr_t)options->argv, environment);
	tell_failure(run->failure.write_fd);
}

static int start(struct run *run, struct error *err)
{
	int sys = 0;
	pid_t parent = getpid();
	run->child = fork();
	if (run->child == 0)
		become(run, parent);
	if (run->child < 0)
		return error_set_errno(err, errno, "starting '%s'", name_of(run));
	close_fd(&run->output.write_fd);
	close_fd(&run->messages.write_fd);
	close_fd(&run->failure.write_fd);
	ssize_t got;
	do
		got = read(run->failure.read_fd, &sys, sizeof(sys));
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof(sys))
		return error_set_errno(err, sys, "starting '%s'", name_of(run));
	run->child_fd = (int)syscall(SYS_pidfd_open, run->child, 0U);
	if (run->child_fd < 0)
		return error_set_errno(err, errno, "watching '%s'", name_of(run));
	return 0;
}

/* ---- while it runs ---- */

/* What is there now; closes *fd at the end of the stream. */
static int read_piece(int *fd, struct buffer *out, struct error *err)
{
	char block[READ_BLOCK];
	ssize_t got = read(*fd, block, sizeof(block));
	if (got < 0)
		return errno == EINTR || errno == EAGAIN
			       ? 0
			       : error_set_errno(err, errno, "reading its output");
	if (got == 0)
		close_fd(fd);
	return buffer_add(out, block, (size_t)got, err);
}

static int milliseconds_left(double deadline)
{
	if (deadline <= 0)
		return -1;
	double left = (deadline - clock_monotonic()) * 1000;
	if (left <= 0)
		return 0;
	return left > 1e6 ? 1000000 : (int)left + 1;
}

/* One round; *ret_ended when the child is dead. */
static int watch(struct run *run, double deadline, bool *ret_ended, struct error *err)
{
	struct pollfd fds[3] = {{.fd = run->child_fd, .events = POLLIN},
		{.fd = run->output.read_fd, .events = POLLIN},
		{.fd = run->messages.read_fd, .events = POLLIN}};
	int ready = poll(fds, ARRAY_LEN(fds), milliseconds_left(deadline));
	if (ready < 0 && errno != EINTR)
		return error_set_errno(err, errno, "waiting");
	if (milliseconds_left(deadline) == 0 && !(ready > 0 && fds[0].revents))
		return error_set(err, ERR_INPUT,
			"it took longer than %u s and was stopped",
			run->options->timeout_seconds);
	if (ready <= 0)
		return 0;
	if (fds[1].revents &&
		read_piece(&run->output.read_fd, run->options->output, err) < 0)
		return err->class;
	if (fds[2].revents &&
		read_piece(&run->messages.read_fd, run->options->messages, err) < 0)
		return err->class;
	*ret_ended = fds[0].revents != 0;
	return 0;
}

/*
 * What the dead child has left in the pipe: not to its end, which a background
 * process that it started may hold open for ever.
 */
static int drain(int *fd, struct buffer *out, struct error *err)
{
	for (size_t read = 0; read < PIPE_BYTES_MAX; read += READ_BLOCK) {
		struct pollfd poll_fd = {.fd = *fd, .events = POLLIN};
		if (*fd < 0 || poll(&poll_fd, 1, 0) <= 0)
			return 0;
		if (read_piece(fd, out, err) < 0)
			return err->class;
	}
	return 0;
}

static int follow(struct run *run, struct error *err)
{
	unsigned seconds = run->options->timeout_seconds;
	double deadline = seconds > 0 ? clock_monotonic() + seconds : 0;
	bool ended = false;
	while (!ended) {
		if (watch(run, deadline, &ended, err) < 0)
			return err->class;
	}
	if (drain(&run->output.read_fd, run->options->output, err) < 0)
		return err->class;
	return drain(&run->messages.read_fd, run->options->messages, err);
}

static int reap(struct run *run, int *ret_status, struct error *err)
{
	int status = 0;
	pid_t reaped;
	do
		reaped = waitpid(run->child, &status, 0);
	while (reaped < 0 && errno == EINTR);
	if (reaped < 0)
		return error_set_errno(err, errno, "waiting for '%s'", name_of(run));
	run->child = 0;
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

int process_run(const struct process_options *options, int *ret_status, struct error *err)
{
	cleanup_run struct run run = {.options = options,
		.input_fd = -1,
		.output = PIPE_INIT,
		.messages = PIPE_INIT,
		.failure = PIPE_INIT,
		.child_fd = -1};
	if (prepare(&run, err) < 0 || start(&run, err) < 0)
		return err->class;
	if (follow(&run, err) < 0)
		return error_wrap(err, "running '%s'", name_of(&run));
	return reap(&run, ret_status, err);
}
