/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that are left to a confined process, each with what it is for. Any
 * other kills: nothing legitimate makes one, and an attacker gets no second try.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/confine_private.h"

#define CONDITIONS_MAX 3

struct condition { /* (argument & mask) == value; mask 0: none */
	unsigned argument;
	uint64_t mask, value;
};

struct rule {
	const char *name;
	int answer;                           /* 0: allowed; else this errno */
	struct condition all[CONDITIONS_MAX]; /* none: always */
};

#define WHEN(argument_, mask_, value_) .all = {{argument_, mask_, value_}}
/* 32-bit compare: the kernel looks at the low half only (CVE-2019-10063). */
#define LOW(argument_, value_) WHEN(argument_, 0xffffffff, value_)
/* The type without its flags; neither raw sockets, nor protocols to which Landlock's
 * rules for TCP ports do not apply (multipath TCP, SCTP). */
#define SOCKET(family, type, protocol)                                                   \
	{                                                                                \
		.name = "socket",                                                        \
		.all = { {0, 0xffffffff, family},                                        \
			{1, 0xf, type},                                                  \
			{2, 0xffffffff, protocol} }                                      \
	}
#define WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

static const struct rule local_rules[] = {
	/* files: reading (which ones is up to Landlock), and writing to what is open */
	{.name = "openat", WHEN(2, WRITES, 0)},
	{.name = "openat2"}, /* its flags are behind a pointer: Landlock refuses writing
			      */
	{.name = "close"},
	{.name = "read"},
	{.name = "pread64"},
	{.name = "readv"},
	{.name = "write"},
	{.name = "writev"},
	{.name = "lseek"},
	{.name = "fstat"},
	{.name = "newfstatat"},
	{.name = "statx"},
	{.name = "getdents64"},
	/* not F_SETOWN and F_SETSIG: a descriptor would then send signals for us */
	{.name = "fcntl", LOW(1, F_DUPFD)},
	{.name = "fcntl", LOW(1, F_DUPFD_CLOEXEC)},
	{.name = "fcntl", LOW(1, F_GETFD)},
	{.name = "fcntl", LOW(1, F_SETFD)},
	{.name = "fcntl", LOW(1, F_GETFL)},
	{.name = "fcntl", LOW(1, F_SETFL)},
	{.name = "fadvise64"},
	{.name = "faccessat", .answer = EACCES},
	{.name = "faccessat2", .answer = EACCES},
	{.name = "access", .answer = EACCES},
	{.name = "readlinkat", .answer = EACCES},
	{.name = "readlink", .answer = EACCES},
	{.name = "ioctl", LOW(1, TCGETS)}, /* is it a terminal, how wide? */
	{.name = "ioctl", LOW(1, TIOCGWINSZ)},
	/* memory, never executable: what could load code fails and goes without */
	{.name = "mmap", WHEN(2, PROT_EXEC, 0)},
	{.name = "mmap", .answer = EPERM, WHEN(2, PROT_EXEC, PROT_EXEC)},
	{.name = "mprotect", WHEN(2, PROT_EXEC, 0)},
	{.name = "mprotect", .answer = EPERM, WHEN(2, PROT_EXEC, PROT_EXEC)},
	{.name = "munmap"},
	{.name = "mremap"},
	{.name = "madvise"},
	{.name = "brk"},
	/* time and randomness */
	{.name = "clock_gettime"},
	{.name = "clock_getres"},
	{.name = "clock_nanosleep"},
	{.name = "nanosleep"},
	{.name = "gettimeofday"},
	{.name = "time"},
	{.name = "getrandom"},
	/* the process itself */
	{.name = "futex"},
	{.name = "rt_sigaction"},
	{.name = "rt_sigprocmask"},
	{.name = "rt_sigreturn"},
	{.name = "sigaltstack"},
	{.name = "restart_syscall"},
	{.name = "getpid"},
	{.name = "gettid"},
	{.name = "getuid"},
	{.name = "geteuid"},
	{.name = "getgid"},
	{.name = "getegid"},
	{.name = "sched_yield"},
	{.name = "sched_getaffinity"},
	{.name = "sysinfo"}, /* qsort asks how much memory there is */
	{.name = "uname"},
	{.name = "prlimit64", WHEN(2, UINT64_MAX, 0)}, /* asking, not setting */
	{.name = "getrlimit"},
	{.name = "prctl", .answer = EPERM},
	{.name = "tgkill", .answer = EPERM}, /* abort() goes on and traps */
	{.name = "exit"},
	{.name = "exit_group"},
};

static const struct rule network_rules[] = {
	SOCKET(AF_INET, SOCK_STREAM, 0),
	SOCKET(AF_INET, SOCK_STREAM, IPPROTO_TCP),
	SOCKET(AF_INET6, SOCK_STREAM, 0),
	SOCKET(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
	SOCKET(AF_INET, SOCK_DGRAM, 0),
	SOCKET(AF_INET, SOCK_DGRAM, IPPROTO_UDP),
	SOCKET(AF_INET6, SOCK_DGRAM, 0),
	SOCKET(AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
	/* daemons of this machine (nscd, docker.sock) are not for us; asking for names
	 * goes on without them */
	{.name = "socket", .answer = EAFNOSUPPORT, LOW(0, AF_UNIX)},
	{.name = "socket", .answer = EAFNOSUPPORT, LOW(0, AF_NETLINK)},
	{.name = "connect"},
	{.name = "getsockname"},
	{.name = "getpeername"},
	{.name = "getsockopt"},
	{.name = "setsockopt"},
	/* not MSG_FASTOPEN: it connects past Landlock's rule for connect(2) */
	{.name = "sendto", WHEN(3, MSG_FASTOPEN, 0)},
	{.name = "sendmsg", WHEN(2, MSG_FASTOPEN, 0)},
	{.name = "sendmmsg", WHEN(3, MSG_FASTOPEN, 0)},
	{.name = "recvfrom"},
	{.name = "recvmsg"},
	{.name = "recvmmsg"},
	{.name = "shutdown"},
	{.name = "poll"},
	{.name = "ppoll"},
	{.name = "select"},
	{.name = "pselect6"},
	{.name = "ioctl", LOW(1, FIONREAD)},
	/* libcurl asks for names in a thread, which wakes it through one of these */
	{.name = "socketpair"},
	{.name = "pipe2"},
	{.name = "eventfd2"},
	{.name = "clone", WHEN(0, CLONE_THREAD, CLONE_THREAD)},
	{.name = "clone3",
		.answer = ENOSYS}, /* its flags are behind a pointer: use clone */
	{.name = "set_robust_list"},
	{.name = "rseq"},
};

static int fail(struct error *err, int code, const char *doing)
{
	return error_set_errno(err, -code, "system call filter: %s", doing);
}

static int add_rule(scmp_filter_ctx context, const struct rule *rule, struct error *err)
{
	struct scmp_arg_cmp compare[CONDITIONS_MAX];
	uint32_t action = rule->answer == 0 ? SCMP_ACT_ALLOW
					    : SCMP_ACT_ERRNO((unsigned)rule->answer);
	int number = seccomp_syscall_resolve_name(rule->name);
	unsigned count = 0;
	int code;

	if (number == __NR_SCMP_ERROR)
		return error_set(err, ERR_BUG, "system call filter: no call is named %s",
			rule->name);
	if (number < 0)
		return 0; /* exists, but not on this architecture */
	for (; count < CONDITIONS_MAX && rule->all[count].mask != 0; count++)
		compare[count] = (struct scmp_arg_cmp){.arg = rule->all[count].argument,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = rule->all[count].mask,
			.datum_b = rule->all[count].value};
	code = seccomp_rule_add_array(context, action, number, count, compare);
	return code < 0 ? fail(err, code, rule->name) : 0;
}

static int add_rules(scmp_filter_ctx context, const struct rule *rules, size_t count,
	struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (add_rule(context, &rules[i], err) < 0)
			return err->class;
	return 0;
}

static int fill(scmp_filter_ctx context, bool network, struct error *err)
{
	int code =
		seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (code == 0)
		code = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0); /* is set */
	if (code < 0)
		return fail(err, code, "configuring");
	if (add_rules(context, local_rules, ARRAY_LEN(local_rules), err) < 0)
		return err->class;
	return network ? add_rules(context, network_rules, ARRAY_LEN(network_rules), err)
		       : 0;
}

int confine_filter(bool network, bool *ret_loaded, struct error *err)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int code = 0;

	*ret_loaded = false;
	if (!context)
		return error_set_memory(err);
	if (fill(context, network, err) == 0)
		code = seccomp_load(context);
	seccomp_release(context);
	if (error_is_set(err))
		return err->class;
	/* a kernel without filters: EINVAL of prctl(2), ENOSYS of seccomp(2) */
	if (code < 0 && code != -EINVAL && code != -ENOSYS && code != -ECANCELED)
		return fail(err, code, "loading");
	*ret_loaded = code == 0;
	return 0;
}
