/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc of the sandbox: a new instance of its own pid namespace, in which
 * what tells about the machine (or could change from one machine to the next) is
 * covered. What is left shows the sandbox itself, and memory and load.
 */
#include <fcntl.h>

#include "base/fs.h"
#include "builder/sandbox/sandbox_private.h"

#define CANNED "canned" /* name in /dev of a file while it is bound */

/* Files that read as this text. Those that this kernel does not have are skipped. */
static const struct {
	const char *path, *text;
} canned[] = {
	{"proc/cmdline", "\n"}, /* the machine's boot parameters, with its disks */
	{"proc/diskstats", ""},
	{"proc/interrupts", ""},
	{"proc/iomem", ""},
	{"proc/ioports", ""},
	{"proc/kallsyms", ""},
	{"proc/kcore", ""},
	{"proc/key-users", ""},
	{"proc/keys", ""},
	{"proc/latency_stats", ""},
	{"proc/mdstat", ""},
	{"proc/modules", ""},
	{"proc/partitions", ""},
	{"proc/sched_debug", ""},
	{"proc/softirqs", ""},
	{"proc/swaps", ""},
	{"proc/sysrq-trigger", ""},
	{"proc/timer_list", ""},
	{"proc/vmallocinfo", ""},
	{"proc/zoneinfo", ""},
	{"proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000000\n"},
};

static const char *const emptied[] = {"proc/acpi", "proc/asound", "proc/bus",
	"proc/driver", "proc/fs", "proc/irq", "proc/scsi", "proc/tty"};

static int bind_text(
	int root_fd, int devices, const char *path, struct slice text, struct error *err)
{
	cleanup_fd int copy = -1;
	struct stat st;
	if (fstatat(root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : error_set_errno(err, errno, "reading %s", path);
	cleanup_fd int file =
		openat(devices, CANNED, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
	if (file < 0)
		return error_set_errno(err, errno, "making a cover for %s", path);
	if (fs_write_all(file, text, err) < 0 ||
		mount_copy(devices, CANNED, MOUNT_READ_ONLY | MOUNT_NO_EXEC, &copy, err) <
			0 ||
		mount_attach(copy, root_fd, path, err) < 0)
		return error_wrap(err, "covering %s", path);
	/* The mount holds it. */
	if (unlinkat(devices, CANNED, 0) < 0)
		return error_set_errno(err, errno, "removing a cover");
	return 0;
}

static int empty_directory(int root_fd, const char *path, struct error *err)
{
	cleanup_fd int empty = -1;
	struct stat st;
	if (fstatat(root_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (mount_new("tmpfs", "0555", "4k", MOUNT_READ_ONLY | MOUNT_NO_EXEC, &empty,
		    err) < 0)
		return err->class;
	return mount_attach(empty, root_fd, path, err);
}

/* The number of processors is real, their make is not: packages must not be built for
 * ours. */
static int bind_processors(int root_fd, int devices, unsigned cpus, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	for (unsigned i = 0; i < cpus; i++)
		if (buffer_printf(&text, err,
#ifdef __x86_64__
			    "processor\t: %u\nvendor_id\t: alnage\ncpu family\t: 6\n"
			    "model\t\t: 0\nmodel name\t: generic\nstepping\t: 0\n"
			    "cpu cores\t: %u\nflags\t\t: fpu tsc cx8 cmov mmx fxsr sse "
			    "sse2 "
			    "syscall nx lm\n\n",
			    i, cpus
#else
			    "processor\t: %u\nFeatures\t: fp asimd\n\n", i
#endif
			    ) < 0)
			return err->class;
	return bind_text(root_fd, devices, "proc/cpuinfo", buffer_slice(&text), err);
}

static int protect(int root_fd, const char *path, struct error *err)
{
	cleanup_fd int copy = -1;
	if (mount_copy(root_fd, path, MOUNT_READ_ONLY | MOUNT_NO_EXEC, &copy, err) < 0)
		return err->class;
	return mount_attach(copy, root_fd, path, err);
}

int sandbox_mount_proc(
	int root_fd, int devices, unsigned cpus, int *ret_user_limits, struct error *err)
{
	cleanup_fd int proc = -1;
	cleanup_fd int limits = -1;
	if (mount_new("proc", NULL, NULL, MOUNT_NO_EXEC, &proc, err) < 0)
		return error_remedy(err, "the kernel refuses a new /proc where parts of "
					 "the old one are covered, as in "
					 "most containers: start the container with "
					 "--security-opt systempaths=unconfined");
	if (mount_attach(proc, root_fd, "proc", err) < 0)
		return err->class;
	/* Taken before /proc/sys becomes read-only; init writes its last limit through
	 * it. */
	limits = openat(root_fd, "proc/sys/user", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (limits < 0)
		return error_set_errno(err, errno, "opening /proc/sys/user");
	if (protect(root_fd, "proc/sys", err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(canned); i++)
		if (bind_text(root_fd, devices, canned[i].path, slice_str(canned[i].text),
			    err) < 0)
			return err->class;
	for (size_t i = 0; i < ARRAY_LEN(emptied); i++)
		if (empty_directory(root_fd, emptied[i], err) < 0)
			return err->class;
	if (bind_processors(root_fd, devices, cpus, err) < 0)
		return err->class;
	*ret_user_limits = take_fd(&limits);
	return 0;
}
