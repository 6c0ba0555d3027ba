/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are, outside and inside. An ordinary user maps itself; root has a
 * helper map SANDBOX_ROOT_UID, so no step and no unpacker ever runs as the
 * machine's root, and restrictions on unprivileged user namespaces do not matter to root.
 */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/fs.h"
#include "builder/sandbox/probe.h"
#include "builder/sandbox/sandbox_private.h"

void sandbox_outer_ids(uid_t *ret_uid, gid_t *ret_gid)
{
	bool root = geteuid() == 0;
	*ret_uid = root ? SANDBOX_ROOT_UID : geteuid();
	*ret_gid = root ? SANDBOX_ROOT_UID : getegid();
}

static int write_proc(
	const char *process, const char *name, const char *text, struct error *err)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%s/%s", process, name);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "opening %s", path);
	/* One write: the kernel takes these files only whole. */
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return error_set_errno(err, errno, "writing %s to %s", text, path);
	return 0;
}

static int write_map(const char *process, const char *name, unsigned inside,
	unsigned outside, struct error *err)
{
	char line[48];
	(void)snprintf(line, sizeof(line), "%u %u 1\n", inside, outside);
	return write_proc(process, name, line, err);
}

static int map_self(unsigned inside, unsigned uid, unsigned gid, struct error *err)
{
	/* user_namespaces(7): a gid map without privilege needs this first. */
	if (write_proc("self", "setgroups", "deny", err) < 0 ||
		write_map("self", "uid_map", inside, uid, err) < 0)
		return err->class;
	return write_map("self", "gid_map", inside, gid, err);
}

static int unshare_user(struct error *err)
{
	if (unshare(CLONE_NEWUSER) == 0)
		return 0;
	int sys = errno;
	error_set_errno(err, sys, "making a user namespace");
	return sandbox_explain_namespaces(sys, err);
}

/* In the helper: still the real root. Its exit status is the errno of what failed. */
_Noreturn static void map_parent(int go_fd, pid_t parent)
{
	char go, process[24];
	struct error err = ERROR_INIT;
	(void)snprintf(process, sizeof(process), "%d", (int)parent);
	if (read(go_fd, &go, 1) != 1)
		_exit(ECANCELED);
	if (write_map(process, "uid_map", 0, SANDBOX_ROOT_UID, &err) < 0 ||
		write_map(process, "gid_map", 0, SANDBOX_ROOT_UID, &err) < 0)
		_exit(err.sys ? err.sys : EIO);
	_exit(0);
}

static int wait_mapper(pid_t helper, struct error *err)
{
	int status = 0;
	while (waitpid(helper, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "waiting for the uid map");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	error_set_errno(err, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR,
		"mapping uid %d", SANDBOX_ROOT_UID);
	return error_remedy(err, "root here seems to be confined to a container without "
				 "that uid: run as an ordinary user");
}

static int enter_as_root(struct error *err)
{
	int ends[2];
	pid_t self = getpid();
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "making a pipe");
	cleanup_fd int read_end = ends[0];
	cleanup_fd int write_end = ends[1];
	pid_t helper = fork();
	if (helper < 0)
		return error_set_errno(err, errno, "starting a process");
	if (helper == 0) {
		(void)close(write_end); /* else it would never see the end */
		map_parent(read_end, self);
	}
	if (unshare_user(err) < 0 || write(write_end, "m", 1) != 1) {
		close_fd(&write_end);
		(void)waitpid(helper, NULL, 0); /* it gives up by itself */
		return error_set(err, ERR_SYSTEM, "asking for the uid map");
	}
	if (wait_mapper(helper, err) < 0)
		return err->class;
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return error_set_errno(err, errno, "becoming uid %d", SANDBOX_ROOT_UID);
	return 0;
}

/* After a change of uid /proc/self belongs to root, but the maps are written there. */
static int own_proc_self(struct error *err)
{
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "owning /proc/self again");
	return 0;
}

int sandbox_enter_user_namespace(struct error *err)
{
	unsigned uid = geteuid(), gid = getegid();
	if (uid == 0) {
		if (enter_as_root(err) < 0)
			return err->class;
		return own_proc_self(err); /* for the inner namespace */
	}
	if (own_proc_self(err) < 0 || unshare_user(err) < 0)
		return err->class;
	return map_self(0, uid, gid, err);
}

int sandbox_enter_inner_user_namespace(unsigned uid, struct error *err)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return error_set_errno(err, errno, "making the inner user namespace");
	return map_self(uid, 0, 0, err);
}

int sandbox_become_outer(struct error *err)
{
	uid_t uid;
	gid_t gid;
	if (geteuid() != 0)
		return 0;
	sandbox_outer_ids(&uid, &gid);
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
		setresuid(uid, uid, uid) < 0)
		return error_set_errno(err, errno, "becoming uid %u", uid);
	return 0;
}
