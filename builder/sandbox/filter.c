/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that includes libseccomp. Two filters, of which the kernel
 * takes the stricter answer (seccomp(2)): one allows the numbers that exist here and now,
 * so a call that a later kernel adds answers ENOSYS until somebody has looked at it; the
 * other refuses what the table below names.
 */
#include <fcntl.h>
#include <linux/tiocl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "builder/sandbox/filter.h"

/* set_mempolicy_home_node; the table below was made with the calls up to here in view. */
#define LAST_NUMBER 450

/* Answer for a refused call; 0 means: pretend that it was done. */
#define PRETEND  0
#define COMPARES 2

struct comparison {
	unsigned argument;
	uint64_t mask, value; /* refused if (argument & mask) == value … */
	bool greater;         /* … or if the argument is greater than value */
};

struct rule {
	const char *name;
	int answer;
	const char *reason;
	struct comparison compare[COMPARES]; /* mask 0 and not greater: unused */
};

#define BIT(argument_, bit)                                                              \
	{                                                                                \
		.argument = (argument_), .mask = (bit), .value = (bit)                   \
	}
/* 32-bit compare: the kernel looks at the low half only (CVE-2019-10063). */
#define LOW(argument_, value_)                                                           \
	{                                                                                \
		.argument = (argument_), .mask = 0xffffffff, .value = (value_)           \
	}
#define ABOVE(argument_, value_)                                                         \
	{                                                                                \
		.argument = (argument_), .value = (value_), .greater = true              \
	}

#define SETID   "a set-id file would be a way to another identity outside"
#define NAMED   "namespaces give capabilities over kernel code that a build never needs"
#define MOUNTS  "the mount table is ours"
#define OWNERS  "ownership is declared in the recipe, not taken from the build"
#define XATTRS  "extended attributes are declared in the recipe, not taken from the build"
#define KEYS    "keys outlive the sandbox and are shared by uid"
#define MACHINE "concerns the whole machine"
#define LARGE   "kernel code with a long list of holes that no build needs"
#define OTHERS  "reaches into other processes' memory or descriptors"
#define HANDLE  "opens files by number, past all path checks"
#define FAMILY  "only local, IPv4, IPv6 and route sockets"
#define UNSEEN  "its flags are behind a pointer; callers fall back to the older call"
#define OLD     "obsolete; nothing built today calls it"
#define TTY     "injects into or takes over a terminal"

#define O_CREAT_BIT ((uint64_t)O_CREAT)
/* O_TMPFILE without O_DIRECTORY, which it contains. */
#define O_TMP_BIT ((uint64_t)(O_TMPFILE & ~O_DIRECTORY))

#define NO_SETID(call, argument)                                                         \
	{call, EPERM, SETID, {BIT(argument, S_ISUID)}},                                  \
	{                                                                                \
		call, EPERM, SETID,                                                      \
		{                                                                        \
			BIT(argument, S_ISGID)                                           \
		}                                                                        \
	}
#define NO_SETID_OPEN(call, flags, mode)                                                 \
	{call, EPERM, SETID, {BIT(flags, O_CREAT_BIT), BIT(mode, S_ISUID)}},             \
		{call, EPERM, SETID, {BIT(flags, O_CREAT_BIT), BIT(mode, S_ISGID)}},     \
		{call, EPERM, SETID, {BIT(flags, O_TMP_BIT), BIT(mode, S_ISUID)}},       \
	{                                                                                \
		call, EPERM, SETID,                                                      \
		{                                                                        \
			BIT(flags, O_TMP_BIT), BIT(mode, S_ISGID)                        \
		}                                                                        \
	}
#define NO_NAMESPACES(call)                                                              \
	{call, EPERM, NAMED, {BIT(0, CLONE_NEWUSER)}},                                   \
		{call, EPERM, NAMED, {BIT(0, CLONE_NEWNS)}},                             \
		{call, EPERM, NAMED, {BIT(0, CLONE_NEWPID)}},                            \
		{call, EPERM, NAMED, {BIT(0, CLONE_NEWNET)}},                            \
		{call, EPERM, NAMED, {BIT(0, CLONE_NEWIPC)}},                            \
		{call, EPERM, NAMED, {BIT(0, CLONE_NEWUTS)}},                            \
	{                                                                                \
		call, EPERM, NAMED,                                                      \
		{                                                                        \
			BIT(0, CLONE_NEWCGROUP)                                          \
		}                                                                        \
	}

/* Unknown names are skipped only if libseccomp knows them for another architecture. */
static const struct rule rules[] = {
	NO_SETID("chmod", 1),
	NO_SETID("fchmod", 1),
	NO_SETID("fchmodat", 2),
	NO_SETID("creat", 1),
	NO_SETID("mknod", 1),
	NO_SETID("mknodat", 2),
	NO_SETID_OPEN("open", 1, 2),
	NO_SETID_OPEN("openat", 2, 3),
	{"openat2", ENOSYS, UNSEEN, {{0}}},
	{"chown", PRETEND, OWNERS, {{0}}},
	{"fchown", PRETEND, OWNERS, {{0}}},
	{"lchown", PRETEND, OWNERS, {{0}}},
	{"fchownat", PRETEND, OWNERS, {{0}}},
	{"setxattr", ENOTSUP, XATTRS, {{0}}},
	{"lsetxattr", ENOTSUP, XATTRS, {{0}}},
	{"fsetxattr", ENOTSUP, XATTRS, {{0}}},
	{"removexattr", ENOTSUP, XATTRS, {{0}}},
	{"lremovexattr", ENOTSUP, XATTRS, {{0}}},
	{"fremovexattr", ENOTSUP, XATTRS, {{0}}},
	NO_NAMESPACES("clone"),
	NO_NAMESPACES("unshare"),
	{"unshare", EPERM, NAMED,
		{BIT(0, 0x80)}}, /* CLONE_NEWTIME; part of the signal in clone */
	{"clone3", ENOSYS, UNSEEN, {{0}}},
	{"setns", EPERM, NAMED, {{0}}},
	{"mount", EPERM, MOUNTS, {{0}}},
	{"umount2", EPERM, MOUNTS, {{0}}},
	{"pivot_root", EPERM, MOUNTS, {{0}}},
	{"chroot", EPERM, MOUNTS, {{0}}},
	{"open_tree", ENOSYS, MOUNTS, {{0}}},
	{"move_mount", ENOSYS, MOUNTS, {{0}}},
	{"fsopen", ENOSYS, MOUNTS, {{0}}},
	{"fsconfig", ENOSYS, MOUNTS, {{0}}},
	{"fsmount", ENOSYS, MOUNTS, {{0}}},
	{"fspick", ENOSYS, MOUNTS, {{0}}},
	{"mount_setattr", ENOSYS, MOUNTS, {{0}}},
	{"swapon", EPERM, MACHINE, {{0}}},
	{"swapoff", EPERM, MACHINE, {{0}}},
	{"reboot", EPERM, MACHINE, {{0}}},
	{"kexec_load", EPERM, MACHINE, {{0}}},
	{"kexec_file_load", EPERM, MACHINE, {{0}}},
	{"init_module", EPERM, MACHINE, {{0}}},
	{"finit_module", EPERM, MACHINE, {{0}}},
	{"delete_module", EPERM, MACHINE, {{0}}},
	{"acct", EPERM, MACHINE, {{0}}},
	{"quotactl", EPERM, MACHINE, {{0}}},
	{"quotactl_fd", EPERM, MACHINE, {{0}}},
	{"syslog", EPERM, MACHINE, {{0}}},
	{"vhangup", EPERM, MACHINE, {{0}}},
	{"settimeofday", EPERM, MACHINE, {{0}}},
	{"clock_settime", EPERM, MACHINE, {{0}}},
	{"clock_adjtime", EPERM, MACHINE, {{0}}},
	{"adjtimex", EPERM, MACHINE, {{0}}},
	{"sethostname", EPERM, MACHINE, {{0}}},
	{"setdomainname", EPERM, MACHINE, {{0}}},
	{"iopl", EPERM, MACHINE, {{0}}},
	{"ioperm", EPERM, MACHINE, {{0}}},
	{"add_key", EPERM, KEYS, {{0}}},
	{"request_key", EPERM, KEYS, {{0}}},
	{"keyctl", EPERM, KEYS, {{0}}},
	{"bpf", EPERM, LARGE, {{0}}},
	{"perf_event_open", EPERM, LARGE, {{0}}},
	{"userfaultfd", EPERM, LARGE, {{0}}},
	{"io_uring_setup", ENOSYS, LARGE, {{0}}},
	{"io_uring_enter", ENOSYS, LARGE, {{0}}},
	{"io_uring_register", ENOSYS, LARGE, {{0}}},
	{"fanotify_init", EPERM, LARGE, {{0}}},
	{"fanotify_mark", EPERM, LARGE, {{0}}},
	{"modify_ldt", ENOSYS, LARGE, {{0}}},
	{"memfd_secret", ENOSYS, LARGE, {{0}}},
	{"name_to_handle_at", EPERM, HANDLE, {{0}}},
	{"open_by_handle_at", EPERM, HANDLE, {{0}}},
	{"pidfd_getfd", EPERM, OTHERS, {{0}}},
	{"kcmp", EPERM, OTHERS, {{0}}},
	{"move_pages", EPERM, OTHERS, {{0}}},
	{"migrate_pages", EPERM, OTHERS, {{0}}},
	{"uselib", ENOSYS, OLD, {{0}}},
	{"ustat", ENOSYS, OLD, {{0}}},
	{"sysfs", ENOSYS, OLD, {{0}}},
	{"_sysctl", ENOSYS, OLD, {{0}}},
	{"nfsservctl", ENOSYS, OLD, {{0}}},
	{"lookup_dcookie", ENOSYS, OLD, {{0}}},
	{"ioctl", EPERM, TTY, {LOW(1, TIOCSTI)}},
	{"ioctl", EPERM, TTY, {LOW(1, TIOCLINUX)}},
	{"ioctl", EPERM, TTY, {LOW(1, TIOCSETD)}},
	{"ioctl", EPERM, TTY, {LOW(1, TIOCCONS)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, AF_UNSPEC)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 3)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 4)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 5)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 6)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 7)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 8)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 9)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 11)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 12)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 13)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 14)}},
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, 15)}},
	{"socket", EAFNOSUPPORT, FAMILY, {ABOVE(0, AF_NETLINK)}},
	/* NETLINK_ROUTE is 0: getifaddrs. */
	{"socket", EAFNOSUPPORT, FAMILY, {LOW(0, AF_NETLINK), ABOVE(2, 0)}},
};

static int fail(struct error *err, int code, const char *what)
{
	return error_set_errno(err, -code, "system call filter: %s", what);
}

static unsigned fill_comparisons(const struct rule *rule, struct scmp_arg_cmp *out)
{
	unsigned count = 0;
	for (unsigned i = 0; i < COMPARES; i++) {
		const struct comparison *compare = &rule->compare[i];
		if (compare->greater)
			out[count++] = (struct scmp_arg_cmp){
				compare->argument, SCMP_CMP_GT, compare->value, 0};
		else if (compare->mask)
			out[count++] = (struct scmp_arg_cmp){compare->argument,
				SCMP_CMP_MASKED_EQ, compare->mask, compare->value};
	}
	return count;
}

static int add_rule(scmp_filter_ctx context, const struct rule *rule, struct error *err)
{
	struct scmp_arg_cmp compare[COMPARES];
	int number = seccomp_syscall_resolve_name(rule->name);
	if (number == __NR_SCMP_ERROR)
		return error_set(err, ERR_BUG, "system call filter: no call is named %s",
			rule->name);
	if (number < 0)
		return 0; /* exists, but not on this architecture */
	unsigned count = fill_comparisons(rule, compare);
	int code = seccomp_rule_add_array(
		context, SCMP_ACT_ERRNO((unsigned)rule->answer), number, count, compare);
	return code < 0 ? fail(err, code, rule->name) : 0;
}

static int configure(scmp_filter_ctx context, struct error *err)
{
	int code =
		seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (code == 0)
		code = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 1);
	if (code == 0) /* binary tree: every call passes through here */
		code = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return code < 0 ? fail(err, code, "configuring") : 0;
}

static int load(scmp_filter_ctx context, struct error *err)
{
	int code = seccomp_load(context);
	return code < 0 ? fail(err, code, "loading") : 0;
}

static int fill_denied(scmp_filter_ctx context, struct error *err)
{
	if (configure(context, err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (add_rule(context, &rules[i], err) < 0)
			return err->class;
	return load(context, err);
}

static int fill_known(scmp_filter_ctx context, struct error *err)
{
	if (configure(context, err) < 0)
		return err->class;
	for (int number = 0; number <= LAST_NUMBER; number++) {
		char *name =
			seccomp_syscall_resolve_num_arch(seccomp_arch_native(), number);
		bool known = name != NULL;
		free(name);
		int code =
			known ? seccomp_rule_add(context, SCMP_ACT_ALLOW, number, 0) : 0;
		if (code < 0)
			return fail(err, code, "allowing a number");
	}
	return load(context, err);
}

static int make_and_load(uint32_t otherwise,
	int (*fill)(scmp_filter_ctx context, struct error *err), struct error *err)
{
	scmp_filter_ctx context = seccomp_init(otherwise);
	if (!context)
		return error_set_memory(err);
	int result = fill(context, err);
	seccomp_release(context);
	return result;
}

int filter_load(struct error *err)
{
	/* The denying one first: loading the second needs only seccomp(2), which it
	 * leaves alone. */
	if (make_and_load(SCMP_ACT_ALLOW, fill_denied, err) < 0)
		return err->class;
	return make_and_load(SCMP_ACT_ERRNO(ENOSYS), fill_known, err);
}

int filter_describe(struct buffer *out, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct rule *rule = &rules[i];
		if (i > 0 && strcmp(rules[i - 1].name, rule->name) == 0)
			continue;
		if (buffer_printf(out, err, "%s: %s: %s\n", rule->name,
			    rule->answer ? strerrorname_np(rule->answer) : "pretended",
			    rule->reason) < 0)
			return err->class;
	}
	return buffer_printf(
		out, err, "numbers above %d: ENOSYS: not looked at yet\n", LAST_NUMBER);
}
