/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>

#include "base/fs.h"
#include "builder/sandbox/probe.h"

/* The number in a file of /proc/sys; absent if it is not there. */
static uint64_t read_number(const char *path, uint64_t absent)
{
	struct error err = ERROR_INIT;
	uint64_t value = absent;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	if (fs_read_file(AT_FDCWD, path, 64, &text, &err) < 0 ||
		slice_parse_u64(slice_trim(buffer_slice(&text)), 10, UINT64_MAX, &value,
			&err) < 0)
		return absent;
	return value;
}

/* Container runtimes filter the calls of what they run; a plain shell has mode 0. */
static bool filtered(void)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	if (fs_read_file(AT_FDCWD, "/proc/self/status", 64 * 1024, &text, &err) < 0)
		return false;
	return slice_find(buffer_slice(&text), SLICE("\nSeccomp:\t2\n")) != SIZE_MAX;
}

int sandbox_explain_namespaces(int sys, struct error *err)
{
	if (read_number("/proc/sys/kernel/unprivileged_userns_clone", 1) == 0)
		return error_remedy(err, "sysctl -w kernel.unprivileged_userns_clone=1");
	if (read_number("/proc/sys/user/max_user_namespaces", 1) == 0)
		return error_remedy(err, "sysctl -w user.max_user_namespaces=15000");
	if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0) == 1)
		return error_remedy(err,
			"AppArmor restricts user namespaces here: run as root, or give "
			"the program a "
			"profile with \"userns,\", or sysctl -w "
			"kernel.apparmor_restrict_unprivileged_userns=0");
	if (sys == EINVAL)
		return error_remedy(err,
			"the kernel lacks one of the namespaces: it needs "
			"CONFIG_USER_NS, PID_NS, NET_NS, IPC_NS, UTS_NS, CGROUPS");
	if (sys == ENOSPC)
		return error_remedy(err,
			"sysctl -w user.max_user_namespaces=15000 (and the same "
			"for the other user.max_*_namespaces)");
	if (filtered())
		return error_remedy(err, "a system call filter is in force, as in most "
					 "containers: start the container "
					 "with --security-opt seccomp=unconfined "
					 "--security-opt systempaths=unconfined");
	return error_remedy(err, "see user_namespaces(7)");
}
