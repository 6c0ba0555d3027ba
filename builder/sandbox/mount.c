/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts by descriptor: nothing here looks a target up by a path that
 * somebody else could change. Called by number, because not every C library
 * that we build with has these calls, and its <sys/mount.h> clashes with the kernel's
 * header.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>

#include "builder/sandbox/sandbox_private.h"

static uint64_t attributes(unsigned flags)
{
	return MOUNT_ATTR_NOSUID | ((flags & MOUNT_READ_ONLY) ? MOUNT_ATTR_RDONLY : 0U) |
	       ((flags & MOUNT_NO_EXEC) ? MOUNT_ATTR_NOEXEC : 0U) |
	       ((flags & MOUNT_DEVICES) ? 0U : MOUNT_ATTR_NODEV);
}

static int set_option(int context, const char *name, const char *value, const char *type,
	struct error *err)
{
	if (value &&
		syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, name, value, 0) < 0)
		return error_set_errno(
			err, errno, "%s: setting %s=%s", type, name, value);
	return 0;
}

int mount_new(const char *type, const char *mode, const char *size, unsigned flags,
	int *ret_fd, struct error *err)
{
	cleanup_fd int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	if (context < 0)
		return error_set_errno(err, errno, "opening a %s file system", type);
	if (set_option(context, "mode", mode, type, err) < 0 ||
		set_option(context, "size", size, type, err) < 0)
		return err->class;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_set_errno(err, errno, "creating a %s file system", type);
	int fd = (int)syscall(
		SYS_fsmount, context, FSMOUNT_CLOEXEC, (unsigned)attributes(flags));
	if (fd < 0)
		return error_set_errno(err, errno, "mounting a %s file system", type);
	*ret_fd = fd;
	return 0;
}

int mount_change(int fd, unsigned flags, struct error *err)
{
	struct mount_attr change;
	memset(&change, 0, sizeof(change));
	change.attr_set = attributes(flags);
	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &change, sizeof(change)) <
		0)
		return error_set_errno(err, errno, "changing a mount");
	return 0;
}

int mount_copy(
	int dirfd, const char *name, unsigned flags, int *ret_fd, struct error *err)
{
	cleanup_fd int fd = (int)syscall(SYS_open_tree, dirfd, name,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (fd < 0)
		return error_set_errno(err, errno, "taking %s", name);
	if (mount_change(fd, flags, err) < 0)
		return error_wrap(err, "%s", name);
	*ret_fd = take_fd(&fd);
	return 0;
}

int mount_attach(int fd, int dirfd, const char *name, struct error *err)
{
	cleanup_fd int target = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return error_set_errno(err, errno, "opening %s to mount on it", name);
	if (syscall(SYS_move_mount, fd, "", target, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return error_set_errno(err, errno, "mounting on %s", name);
	return 0;
}
