/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "builder/sandbox/attack.h"

#define FCHMODAT2 452 /* newer than our headers */
#define FUTURE    470 /* a call that nobody has reviewed */
#define X32_BIT   0x40000000L

static void held(struct attack_result *result, const char *format, ...) PRINTF_LIKE(2, 3);
static void broken(struct attack_result *result, const char *format, ...)
	PRINTF_LIKE(2, 3);

static void held(struct attack_result *result, const char *format, ...)
{
	va_list args;
	if (result->outcome == SANDBOX_BROKEN)
		return;
	va_start(args, format);
	result->outcome = SANDBOX_HELD;
	(void)vsnprintf(result->detail, sizeof(result->detail), format, args);
	va_end(args);
}

/* The first break is the one that is told. */
static void broken(struct attack_result *result, const char *format, ...)
{
	va_list args;
	if (result->outcome == SANDBOX_BROKEN)
		return;
	va_start(args, format);
	result->outcome = SANDBOX_BROKEN;
	(void)vsnprintf(result->detail, sizeof(result->detail), format, args);
	va_end(args);
}

/* ---- network ---- */

static void reach_listener(
	const struct attack_target *target, struct attack_result *result)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(target->tcp_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		broken(result, "connected to a server of the machine");
	else
		held(result, "%s", strerror(errno));
}

static void reach_outside(
	const struct attack_target *target, struct attack_result *result)
{
	(void)target;
	/* RFC 5737, TEST-NET-1: connecting a datagram socket only asks for a route. */
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(53),
		.sin_addr.s_addr = htonl(0xc0000201)};
	cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		broken(result, "there is a route to 192.0.2.1");
	else
		held(result, "%s", strerror(errno));
}

static void reach_socket(const struct attack_target *target, struct attack_result *result)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(target->socket_name);
	memcpy(address.sun_path + 1, target->socket_name, len);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					   len)) == 0)
		broken(result, "connected to a process of the machine");
	else
		held(result, "%s", strerror(errno));
}

static void open_families(
	const struct attack_target *target, struct attack_result *result)
{
	static const int families[] = {AF_PACKET, AF_VSOCK, AF_ALG, AF_BLUETOOTH, AF_CAN};
	(void)target;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		cleanup_fd int fd = socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 && families[i] == AF_ALG) /* knows one type only */
			fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		if (fd >= 0 || errno != EAFNOSUPPORT)
			broken(result, "the kernel considered a socket of family %d",
				families[i]);
	}
	held(result, "5 families refused");
}

/* ---- privilege ---- */

static void make_namespaces(
	const struct attack_target *target, struct attack_result *result)
{
	(void)target;
	if (unshare(CLONE_NEWUSER) == 0)
		broken(result, "unshare made a user namespace");
	else
		held(result, "%s", strerror(errno));
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (child == 0)
		_exit(0);
	if (child > 0) {
		(void)waitpid(child, NULL, 0);
		broken(result, "clone made a user namespace");
	}
}

/* The second wall behind the filter. */
static void read_namespace_limit(
	const struct attack_target *target, struct attack_result *result)
{
	char text[32] = "";
	(void)target;
	cleanup_fd int fd =
		open("/proc/sys/user/max_user_namespaces", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		broken(result, "the limit can be written");
	fd = open("/proc/sys/user/max_user_namespaces", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (got > 0 && strcmp(text, "0\n") == 0)
		held(result, "0, read-only");
	else
		broken(result, "the limit is %.20s", text);
}

static void hold_privilege(
	const struct attack_target *target, struct attack_result *result)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2];
	(void)target;
	memset(caps, 0xff, sizeof(caps));
	(void)syscall(SYS_capget, &header, caps); /* stays 0xff: broken */
	if (caps[0].permitted | caps[1].permitted | caps[0].inheritable |
		caps[1].inheritable)
		broken(result, "capabilities are left");
	for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++)
		if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)
			broken(result, "the bounding set has capability %lu", capability);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		broken(result, "no_new_privs is off");
	if (getuid() == 0 || setuid(0) == 0)
		broken(result, "uid 0");
	held(result, "uid %u, no capabilities, no_new_privs", getuid());
}

static bool has_set_id(int dirfd, const char *name)
{
	struct stat st;
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & (S_ISUID | S_ISGID)) != 0;
}

struct open_how_words {
	uint64_t flags, mode, resolve;
};

/* One way to a set-id file each; what they return does not matter, the file does. */
static void create_set_id(int dirfd, unsigned way)
{
	const char *name = "set-id";
	struct open_how_words how = {O_CREAT | O_WRONLY, 04755, 0};
	int fd = -1;
	(void)unlinkat(dirfd, name, 0);
	if (way >= 6)
		fd = openat(dirfd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	switch (way) {
	case 0:
		fd = openat(dirfd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 04755);
		break;
	case 1:
		fd = openat(dirfd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 02755);
		break;
	case 2:
		fd = (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
		break;
	case 3:
		(void)!mknodat(dirfd, name, S_IFREG | 04755, 0);
		break;
	case 4:
		(void)!mknodat(dirfd, name, S_IFREG | 02755, 0);
		break;
	case 5: /* a file without a name that gets one afterwards */
		fd = openat(dirfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 04755);
		if (fd >= 0)
			(void)!linkat(fd, "", dirfd, name, AT_EMPTY_PATH);
		break;
	case 6:
		(void)!fchmodat(dirfd, name, 04755, 0);
		break;
	case 7:
		(void)!fchmod(fd, 02755);
		break;
	case 8:
		(void)syscall(FCHMODAT2, dirfd, name, 04755, 0);
		break;
#ifdef SYS_chmod
	case 9:
		(void)!fchdir(dirfd);
		(void)syscall(SYS_chmod, name, 04755);
		break;
	case 10: /* bits that the kernel ignores must not hide those that it takes */
		(void)syscall(SYS_chmod, name, 0xffff000000000000UL | 04755);
		break;
#endif
	default:
		break;
	}
	if (fd >= 0)
		(void)close(fd);
}

static void make_set_id(const struct attack_target *target, struct attack_result *result)
{
	cleanup_fd int dirfd =
		open(target->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned way = 0; way <= 10; way++) {
		create_set_id(dirfd, way);
		if (has_set_id(dirfd, "set-id"))
			broken(result, "way %u made a set-id file", way);
	}
	(void)unlinkat(dirfd, "set-id", 0);
	held(result, "11 ways refused");
}

static void use_large_interfaces(
	const struct attack_target *target, struct attack_result *result)
{
	static const struct {
		long number;
		const char *name;
	} calls[] = {{SYS_bpf, "bpf"}, {SYS_perf_event_open, "perf_event_open"},
		{SYS_userfaultfd, "userfaultfd"}, {SYS_io_uring_setup, "io_uring_setup"},
		{SYS_keyctl, "keyctl"}, {SYS_add_key, "add_key"}, {SYS_setns, "setns"},
		{SYS_open_by_handle_at, "open_by_handle_at"}, {SYS_fsopen, "fsopen"},
		{SYS_clone3, "clone3"}, {FUTURE, "a call of the future"}};
	(void)target;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		/* Arguments that the calls themselves answer with EINVAL, EFAULT, EBADF,
		 * … */
		long got = syscall(calls[i].number, -1L, -1L, -1L, -1L, -1L);
		if (got >= 0 || (errno != EPERM && errno != ENOSYS))
			broken(result, "the kernel considered %s", calls[i].name);
	}
	held(result, "%zu calls refused", ARRAY_LEN(calls));
}

/* True if a child that makes this call survives it. */
static bool survives(void (*call)(void))
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		struct rlimit none = {0, 0};
		(void)setrlimit(RLIMIT_CORE, &none); /* dying is what we hope for */
		call();
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return true;
	return !(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

#ifdef __x86_64__
static void call_i386(void)
{
	long number = 20; /* getpid there */
	__asm__ volatile("int $0x80" : "+a"(number) : : "memory");
	if (number == -ENOSYS)
		(void)raise(SIGSYS); /* the kernel has no such calls: nothing to get
					through */
}

static void call_x32(void)
{
	(void)syscall(
		X32_BIT |
		39); /* getpid there; unknown to most kernels, but then not SIGSYS */
}
#endif

static void use_foreign_calls(
	const struct attack_target *target, struct attack_result *result)
{
	(void)target;
#ifdef __x86_64__
	if (survives(call_i386))
		broken(result, "an i386 call was answered");
	if (survives(call_x32))
		broken(result, "an x32 call was answered");
	held(result, "killed by SIGSYS");
#else
	result->outcome = SANDBOX_UNTESTED;
	(void)snprintf(
		result->detail, sizeof(result->detail), "no other convention here");
#endif
}

static void mount_something(
	const struct attack_target *target, struct attack_result *result)
{
	if (syscall(SYS_mount, "none", target->directory, "tmpfs", 0, NULL) == 0)
		broken(result, "mounted a tmpfs");
	if (syscall(SYS_chroot, "/") == 0)
		broken(result, "chroot worked");
	held(result, "%s", strerror(errno));
}

/* ---- what can be seen and touched ---- */

static void inherit_descriptors(
	const struct attack_target *target, struct attack_result *result)
{
	(void)target;
	for (int fd = 3; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			broken(result, "descriptor %d is open", fd);
	held(result, "only 0, 1, 2");
}

static bool file_mentions(const char *path, const char *text)
{
	char chunk[12000];
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, chunk, sizeof(chunk));
	return got > 0 &&
	       slice_find(slice_from(chunk, (size_t)got), slice_str(text)) != SIZE_MAX;
}

static void see_machine(const struct attack_target *target, struct attack_result *result)
{
	struct stat st;
	char up[512];
	if (stat(target->outside_path, &st) == 0)
		broken(result, "%s is visible", target->outside_path);
	(void)snprintf(up, sizeof(up), "/../../../..%s", target->outside_path);
	if (stat(up, &st) == 0)
		broken(result, "%s is visible through ..", target->outside_path);
	(void)snprintf(up, sizeof(up), "/proc/1/root%s", target->outside_path);
	if (stat(up, &st) == 0)
		broken(result, "%s is visible through pid 1", target->outside_path);
	if (file_mentions("/proc/self/mountinfo", target->outside_path))
		broken(result, "the mount table names %s", target->outside_path);
	if (file_mentions("/proc/cmdline", "=") ||
		!file_mentions("/proc/cpuinfo", "generic"))
		broken(result, "/proc tells which machine this is");
	held(result, "%s does not exist", target->outside_path);
}

static void open_devices(const struct attack_target *target, struct attack_result *result)
{
	static const char *const devices[] = {"/dev/tty", "/dev/ptmx", "/dev/mem",
		"/dev/kmsg", "/dev/fuse", "/dev/net/tun", "/dev/loop-control", "/dev/kvm",
		"/dev/vsock"};
	char path[512];
	struct stat st;
	for (size_t i = 0; i < ARRAY_LEN(devices); i++)
		if (lstat(devices[i], &st) == 0)
			broken(result, "%s is there", devices[i]);
	(void)snprintf(path, sizeof(path), "%s/device", target->directory);
	if (mknod(path, S_IFCHR | 0600, makedev(1, 1)) == 0)
		broken(result, "mknod made /dev/mem");
	(void)unlink(path);
	cleanup_fd int fd = open("/dev/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		broken(result, "/dev is writable");
	held(result, "only null, zero, full, random, urandom");
}

static void inject_input(const struct attack_target *target, struct attack_result *result)
{
	char byte = 'x';
	(void)target;
	/* EPERM is the filter's answer; on /dev/null the kernel's own would be ENOTTY. */
	if (ioctl(0, TIOCSTI, &byte) == 0 || errno != EPERM)
		broken(result, "the kernel considered TIOCSTI");
	if (syscall(SYS_ioctl, 0, 0xdead000000000000UL | TIOCSTI, &byte) == 0 ||
		errno != EPERM)
		broken(result, "the kernel considered TIOCSTI with high bits");
	if (isatty(0) || isatty(1) || isatty(2))
		broken(result, "a terminal is open");
	held(result, "%s, and no terminal", strerror(EPERM));
}

static void change_kernel(
	const struct attack_target *target, struct attack_result *result)
{
	static const char *const files[] = {"/proc/sys/net/ipv4/ip_forward",
		"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger",
		"/proc/sys/vm/drop_caches",
		"/proc/sys/net/ipv4/ip_unprivileged_port_start"};
	(void)target;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		cleanup_fd int fd = open(files[i], O_WRONLY | O_CLOEXEC);
		if (fd >= 0)
			broken(result, "%s can be written", files[i]);
	}
	if (sethostname("x", 1) == 0)
		broken(result, "the host name was changed");
	held(result, "%zu settings refused", ARRAY_LEN(files) + 1);
}

static void attack_init(const struct attack_target *target, struct attack_result *result)
{
	static const char *const files[] = {
		"/proc/1/mem", "/proc/1/environ", "/proc/1/maps"};
	(void)target;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char byte;
		cleanup_fd int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		/* mem opens but reads nothing at 0: opening is enough */
		if (fd >= 0 && (i == 0 || read(fd, &byte, 1) >= 0))
			broken(result, "%s can be opened", files[i]);
	}
	DIR *directory = opendir("/proc/1/fd");
	if (directory) {
		(void)closedir(directory);
		broken(result, "/proc/1/fd can be listed");
	}
	if (ptrace(PTRACE_ATTACH, 1, NULL, NULL) == 0)
		broken(result, "pid 1 can be traced");
	held(result, "%s", strerror(errno));
}

/* ---- resources ---- */

static void fork_bomb(const struct attack_target *target, struct attack_result *result)
{
	pid_t children[512];
	unsigned count = 0, most = target->process_limit + 32;
	int sys = 0;
	if (most > ARRAY_LEN(children))
		most = ARRAY_LEN(children);
	while (count < most) {
		pid_t child = fork();
		if (child == 0) {
			(void)pause();
			_exit(0);
		}
		if (child < 0) {
			sys = errno;
			break;
		}
		children[count++] = child;
	}
	for (unsigned i = 0; i < count; i++) {
		(void)kill(children[i], SIGKILL);
		(void)waitpid(children[i], NULL, 0);
	}
	if (count >= target->process_limit)
		broken(result, "%u processes", count);
	else
		held(result, "%s after %u processes", strerror(sys), count);
}

static void fill_disk(const struct attack_target *target, struct attack_result *result)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/big", target->directory);
	(void)signal(SIGXFSZ, SIG_IGN);
	cleanup_fd int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0 && pwrite(fd, "x", 1, (off_t)target->file_limit) == 1)
		broken(result, "wrote beyond %llu bytes",
			(unsigned long long)target->file_limit);
	else
		held(result, "%s", strerror(errno));
	(void)unlink(path);
}

static const struct attack attacks[] = {
	{"no network", "connect to a server on the machine's loopback", reach_listener},
	{"no network", "find a route to 192.0.2.1", reach_outside},
	{"no network", "connect to an abstract socket of the machine", reach_socket},
	{"no network", "open sockets that namespaces do not contain (vsock, alg, …)",
		open_families},
	{"no further namespaces", "unshare and clone a user namespace", make_namespaces},
	{"no further namespaces", "raise the limit behind the filter",
		read_namespace_limit},
	{"no privilege", "find a capability, become root", hold_privilege},
	{"no set-id files", "create them by chmod, open, mknod and their relatives",
		make_set_id},
	{"small kernel surface",
		"bpf, perf, keys, io_uring, userfaultfd, calls not reviewed",
		use_large_interfaces},
	{"small kernel surface", "i386 and x32 calls", use_foreign_calls},
	{"own root", "mount, chroot", mount_something},
	{"own root", "look for a file of the machine, read /proc", see_machine},
	{"own root", "open and make devices", open_devices},
	{"nothing inherited", "find open descriptors", inherit_descriptors},
	{"no terminal", "inject input by TIOCSTI", inject_input},
	{"no kernel settings", "write below /proc/sys, change the host name",
		change_kernel},
	{"supervision", "trace and read the sandbox's first process", attack_init},
	{"limits", "start processes without end", fork_bomb},
	{"limits", "write a file beyond the limit", fill_disk},
};

size_t attack_count(void)
{
	return ARRAY_LEN(attacks);
}

const struct attack *attack_at(size_t i)
{
	return &attacks[i];
}
