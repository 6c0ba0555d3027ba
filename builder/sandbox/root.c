/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root directory of the sandbox. A descriptor that was opened outside
 * belongs to the outer mount namespace and cannot be mounted inside; only the
 * working directory moves into a new one. So a helper that shares our
 * descriptors goes into a mount namespace of its own from base_dirfd and leaves
 * us a detached copy, and we ourselves come in by the scratch directory. All names of the
 * overlay are then relative to it: no parent has to be searchable for the builder, and
 * the mount table inside shows no path of the machine.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "builder/sandbox/sandbox_private.h"

#define DETACH 2 /* MNT_DETACH of <sys/mount.h>, which clashes with <linux/mount.h> */

static int make_private(struct error *err)
{
	if (syscall(SYS_mount, NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return error_set_errno(err, errno, "making the mounts private");
	return 0;
}

/* In the helper; its exit status is the errno of what failed. */
_Noreturn static void leave_tree(int slot)
{
	struct error err = ERROR_INIT;
	if (unshare(CLONE_NEWNS) < 0)
		_exit(errno);
	if (make_private(&err) < 0)
		_exit(err.sys);
	/* Recursive: mounts below came from a more privileged namespace and stay where
	 * they are. */
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "",
		AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || dup3(tree, slot, O_CLOEXEC) < 0)
		_exit(errno);
	(void)close(tree); /* the descriptor table is shared: do not leave it behind */
	_exit(0);
}

int sandbox_clone_working_directory(int *ret_tree, struct error *err)
{
	int status = 0;
	cleanup_fd int slot = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (slot < 0)
		return error_set_errno(err, errno, "opening /dev/null");
	pid_t helper = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (helper < 0)
		return error_set_errno(err, errno, "starting a process");
	if (helper == 0)
		leave_tree(slot);
	while (waitpid(helper, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "waiting for the layers");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set_errno(err,
			WIFEXITED(status) ? WEXITSTATUS(status) : EINTR,
			"taking the directory of the layers into a mount namespace");
	*ret_tree = take_fd(&slot);
	return 0;
}

static int mount_overlay(
	const struct sandbox_plan *plan, int base_tree, int *ret_root, struct error *err)
{
	if (mount_attach(base_tree, AT_FDCWD, SCRATCH_BASE, err) < 0)
		return error_wrap(err, "taking the layers in");
	if (syscall(SYS_mount, "overlay", SCRATCH_ROOT, "overlay", MS_NOSUID | MS_NODEV,
		    plan->overlay_options) < 0) {
		error_set_errno(
			err, errno, "mounting the overlay (%s)", plan->overlay_options);
		return error_remedy(err,
			err->sys == EACCES
				? "let the builder's identity into the store: chmod o+x"
				: "overlay mounts by users need Linux 5.11 and the "
				  "overlay module: modprobe overlay");
	}
	*ret_root = open(SCRATCH_ROOT, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_root < 0)
		return error_set_errno(err, errno, "opening the new root");
	return 0;
}

static int pivot(int root_fd, struct error *err)
{
	/* pivot_root(2), "pivot_root(".", ".")": the old root lands on the new one, then
	 * goes. */
	if (fchdir(root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return error_set_errno(err, errno, "changing the root");
	if (syscall(SYS_umount2, ".", DETACH) < 0)
		return error_set_errno(err, errno, "detaching the old root");
	if (chdir("/") < 0)
		return error_set_errno(err, errno, "entering the new root");
	return 0;
}

/* Many test suites talk to 127.0.0.1; a machine that refuses this still builds. */
static void raise_loopback(void)
{
	struct ifreq request;
	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, "lo", sizeof("lo"));
	cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return;
	request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
	(void)ioctl(fd, SIOCSIFFLAGS, &request); /* best effort, see above */
}

static unsigned count_cpus(const struct sandbox_plan *plan)
{
	cpu_set_t set;
	if (plan->sandbox->cpus)
		return plan->sandbox->cpus;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

int sandbox_make_root(const struct sandbox_plan *plan, int base_tree,
	int *ret_user_limits, struct error *err)
{
	cleanup_fd int root = -1;
	cleanup_fd int devices = -1;
	cleanup_fd int limits = -1;
	if (make_private(err) < 0 || mount_overlay(plan, base_tree, &root, err) < 0 ||
		sandbox_mount_devices(root, &devices, err) < 0 ||
		sandbox_mount_proc(root, devices, count_cpus(plan), &limits, err) < 0 ||
		mount_change(devices, MOUNT_READ_ONLY | MOUNT_NO_EXEC | MOUNT_DEVICES,
			err) < 0)
		return err->class;
	if (sethostname(SANDBOX_HOST_NAME, sizeof(SANDBOX_HOST_NAME) - 1) < 0 ||
		setdomainname("", 0) < 0)
		return error_set_errno(err, errno, "setting the host name");
	raise_loopback();
	if (pivot(root, err) < 0)
		return err->class;
	*ret_user_limits = take_fd(&limits);
	return 0;
}
