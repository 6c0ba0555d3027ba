/* SPDX-License-Identifier: Apache-2.0 */
/* Work on disk with the builder's identity, before and after a sandbox. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "builder/sandbox/sandbox_private.h"

int sandbox_make_scratch(struct store *store, char *ret_name, size_t name_size,
	int *ret_dirfd, struct error *err)
{
	uid_t uid;
	gid_t gid;
	cleanup_fd int fd = -1;
	sandbox_outer_ids(&uid, &gid);
	if (store_make_temp_dir(store, ret_name, name_size, &fd, err) < 0)
		return err->class;
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, 0700) < 0)
		return error_set_errno(err, errno, "handing %s to the builder", ret_name);
	*ret_dirfd = take_fd(&fd);
	return 0;
}

int sandbox_remove_scratch(struct store *store, const char *name, struct error *err)
{
	return fs_remove_tree(store_dirfd(store), name, err);
}

/* The child's answer: its error, which is unset if all went well. */
_Noreturn static void run_function(int (*function)(void *context, struct error *err),
	void *context, int answer_fd, pid_t parent)
{
	struct error err = ERROR_INIT;
	sandbox_reset_signals();
	(void)umask(022);
	/* The second call because a change of uid clears the first. */
	if (sandbox_die_with(parent, &err) == 0 && sandbox_become_outer(&err) == 0 &&
		sandbox_die_with(parent, &err) == 0)
		(void)function(context, &err);      /* told by err */
	(void)!write(answer_fd, &err, sizeof(err)); /* nobody to tell */
	_exit(0);
}

static int take_answer(int fd, pid_t child, struct error *err)
{
	struct error answer;
	ssize_t got;
	int status = 0;
	do
		got = read(fd, &answer, sizeof(answer));
	while (got < 0 && errno == EINTR);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "waiting for the builder");
	if (got != (ssize_t)sizeof(answer))
		return error_set(err, ERR_SYSTEM, "the builder was killed by signal %d",
			WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	if (error_is_set(&answer))
		*err = answer;
	return answer.class;
}

int sandbox_as_builder(int (*function)(void *context, struct error *err), void *context,
	struct error *err)
{
	int ends[2];
	pid_t self = getpid();
	_Static_assert(
		sizeof(struct error) <= PIPE_BUF, "answers must be written at once");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "making a pipe");
	cleanup_fd int read_end = ends[0];
	cleanup_fd int write_end = ends[1];
	pid_t child = fork();
	if (child < 0)
		return error_set_errno(err, errno, "starting a process");
	if (child == 0)
		run_function(function, context, write_end, self);
	close_fd(&write_end);
	return take_answer(read_end, child, err);
}
