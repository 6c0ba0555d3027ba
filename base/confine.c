/* SPDX-License-Identifier: Apache-2.0 */
#include "base/confine.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine_private.h"

/*
 * Landlock, as the kernel's userspace-api/landlock.rst has it; the headers of Debian 12
 * are older than some of it.
 */
#define CREATE_RULESET_VERSION 1U
#define RULE_PATH_BENEATH      1
#define RULE_NET_PORT          2
#define FS_EXECUTE             (UINT64_C(1) << 0)
#define FS_WRITE_FILE          (UINT64_C(1) << 1)
#define FS_READ_FILE           (UINT64_C(1) << 2)
#define FS_READ_DIR            (UINT64_C(1) << 3)
#define NET_BIND_TCP           (UINT64_C(1) << 0)
#define NET_CONNECT_TCP        (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX    (UINT64_C(1) << 0)
#define SCOPE_SIGNAL           (UINT64_C(1) << 1)

struct ruleset {
	uint64_t handled_fs, handled_net, scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

struct port_rule {
	uint64_t allowed, port;
};

/* 0: the kernel has none, or it is switched off. */
static unsigned landlock_version(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	return version > 0 ? (unsigned)version : 0; /* a small number */
}

/* All file rights that this version knows are ours to give, and hardly any is given. */
static uint64_t file_rights(unsigned version)
{
	unsigned count = version >= 5   ? 16 /* with ioctls of devices */
			 : version >= 3 ? 15 /* with truncating */
			 : version >= 2 ? 14 /* with moving between directories */
					: 13;

	return (UINT64_C(1) << count) - 1;
}

static int create_ruleset(unsigned version, uint64_t net, int *ret_fd, struct error *err)
{
	struct ruleset ruleset = {.handled_fs = file_rights(version),
		.handled_net = net,
		.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL};
	/* what an older kernel does not know it must not be shown */
	size_t size = version >= 6   ? sizeof(ruleset)
		      : version >= 4 ? offsetof(struct ruleset, scoped)
				     : offsetof(struct ruleset, handled_net);
	long fd = syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);

	if (fd < 0)
		return error_set_errno(err, errno, "Landlock: making a set of rules");
	*ret_fd = (int)fd; /* a descriptor */
	return 0;
}

/* A right to list is none of a file's. */
static int allow_descriptor(int ruleset, int fd, uint64_t rights, struct error *err)
{
	struct path_rule rule = {.allowed = rights, .parent_fd = fd};
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "Landlock");
	if (!S_ISDIR(status.st_mode))
		rule.allowed &= ~FS_READ_DIR;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0)
		return error_set_errno(err, errno, "Landlock: allowing a file");
	return 0;
}

/* Symlinks are followed: the rule is about what the path means now. */
static int allow_path(int ruleset, const char *path, uint64_t rights, struct error *err)
{
	cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? 0 : allow_descriptor(ruleset, fd, rights, err);
}

static int allow_port(int ruleset, uint16_t port, struct error *err)
{
	const struct port_rule rule = {.allowed = NET_CONNECT_TCP, .port = port};

	if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) < 0)
		return error_set_errno(err, errno, "Landlock: allowing port %u", port);
	return 0;
}

static int add_rules(
	const struct confine *confine, int ruleset, unsigned version, struct error *err)
{
	if (confine->directory >= 0 && allow_descriptor(ruleset, confine->directory,
					       FS_READ_FILE | FS_READ_DIR, err) < 0)
		return err->class;
	for (const char *const *path = confine->paths; path && *path; path++)
		if (allow_path(ruleset, *path, FS_READ_FILE | FS_READ_DIR, err) < 0)
			return err->class;
	for (size_t i = 0; version >= 4 && confine->network && i < confine->port_count;
		i++)
		if (allow_port(ruleset, confine->ports[i], err) < 0)
			return err->class;
	return 0;
}

static int restrict_files(
	const struct confine *confine, unsigned *ret_version, struct error *err)
{
	unsigned version = landlock_version();
	cleanup_fd int ruleset = -1;

	*ret_version = version;
	if (version == 0)
		return 0;
	if (create_ruleset(version, NET_BIND_TCP | NET_CONNECT_TCP, &ruleset, err) < 0 ||
		add_rules(confine, ruleset, version, err) < 0)
		return err->class;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return error_set_errno(err, errno, "Landlock: taking effect");
	return 0;
}

int confine_program(const struct confine *confine, int *ret_rules, struct error *err)
{
	unsigned version = landlock_version();
	cleanup_fd int ruleset = -1;
	int rules = -1;

	if (version < 2) {
		*ret_rules = -1;
		return 0;
	}
	if (create_ruleset(version, NET_BIND_TCP, &ruleset, err) < 0 ||
		allow_path(ruleset, "/dev/null", FS_READ_FILE | FS_WRITE_FILE, err) < 0)
		return err->class;
	if (confine->directory >= 0 && allow_descriptor(ruleset, confine->directory,
					       file_rights(version), err) < 0)
		return err->class;
	for (const char *const *path = confine->paths; path && *path; path++)
		if (allow_path(ruleset, *path, FS_EXECUTE | FS_READ_FILE | FS_READ_DIR,
			    err) < 0)
			return err->class;
	rules = fcntl(ruleset, F_DUPFD_CLOEXEC, 3);
	if (rules < 0)
		return error_set_errno(err, errno, "Landlock");
	*ret_rules = rules;
	return 0;
}

int confine_client(int directory, const char *more, int *ret_rules, struct error *err)
{
	const char *const paths[] = {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt",
		"/nix", "/gnu", "/etc/alternatives", "/etc/ca-certificates",
		"/etc/gai.conf", "/etc/group", "/etc/host.conf", "/etc/hosts",
		"/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd",
		"/etc/pki", "/etc/resolv.conf", "/etc/services", "/etc/ssl",
		"/dev/urandom", "/dev/zero", more, NULL};
	const struct confine confine = {.directory = directory, .paths = paths};
	return confine_program(&confine, ret_rules, err);
}

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

int confine_process(const struct confine *confine, struct confinement *ret_confinement,
	struct error *err)
{
	struct confinement confinement = {0};

	*ret_confinement = confinement;
	if (IS_SANITIZED) /* it reads /proc and traces itself at the end */
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set_errno(err, errno, "no_new_privs");
	if (restrict_files(confine, &confinement.landlock, err) < 0 ||
		confine_filter(confine->network, &confinement.filtered, err) < 0)
		return err->class;
	*ret_confinement = confinement;
	return 0;
}
