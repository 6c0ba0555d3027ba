/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev of the sandbox: a small tmpfs with the five devices that hold no state
 * of the machine, bound from the machine's /dev, checked by number. No tty, no ptmx,
 * nothing else.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "builder/sandbox/sandbox_private.h"

static const struct device {
	const char *name, *path;
	unsigned minor; /* of major 1; Linux admin-guide, devices.txt */
} devices[] = {
	{"null", "/dev/null", 3},
	{"zero", "/dev/zero", 5},
	{"full", "/dev/full", 7},
	{"random", "/dev/random", 8},
	{"urandom", "/dev/urandom", 9},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

static int bind_device(const struct device *device, int dev_fd, struct error *err)
{
	struct stat st;
	cleanup_fd int source = -1;
	cleanup_fd int target = openat(
		dev_fd, device->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (target < 0)
		return error_set_errno(err, errno, "making /dev/%s", device->name);
	if (mount_copy(AT_FDCWD, device->path, MOUNT_NO_EXEC | MOUNT_DEVICES, &source,
		    err) < 0)
		return err->class;
	if (fstat(source, &st) < 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) != 1 ||
		minor(st.st_rdev) != device->minor)
		return error_set(err, ERR_SYSTEM, "%s is not the device of that name",
			device->path);
	return mount_attach(source, dev_fd, device->name, err);
}

static int add_shared_memory(int dev_fd, struct error *err)
{
	cleanup_fd int memory = -1;
	if (mkdirat(dev_fd, "shm", 0755) < 0)
		return error_set_errno(err, errno, "making /dev/shm");
	if (mount_new("tmpfs", "1777", "1g", MOUNT_NO_EXEC, &memory, err) < 0)
		return err->class;
	return mount_attach(memory, dev_fd, "shm", err);
}

int sandbox_mount_devices(int root_fd, int *ret_devices, struct error *err)
{
	cleanup_fd int dev = -1;
	/* Read-only comes last: proc.c still makes files to bind. */
	if (mount_new("tmpfs", "0755", "1m", MOUNT_NO_EXEC | MOUNT_DEVICES, &dev, err) <
			0 ||
		mount_attach(dev, root_fd, "dev", err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(devices); i++)
		if (bind_device(&devices[i], dev, err) < 0)
			return err->class;
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0)
			return error_set_errno(
				err, errno, "making /dev/%s", links[i].name);
	if (add_shared_memory(dev, err) < 0)
		return err->class;
	*ret_devices = take_fd(&dev);
	return 0;
}
