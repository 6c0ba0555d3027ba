/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of the sandbox. Three processes take part:
 *
 *	caller      calls sandbox_run, forks the supervisor, reads its events
 *	supervisor  enters a user namespace with one uid, then the other namespaces; forks
 *init, passes the log on, watches the clock, ends only after the last process has init
 *pid 1: makes the root, goes into a second user namespace, drops everything, loads the
 *filter, runs the steps one after the other
 *
 * Events travel as whole structs through pipes (each write is atomic: smaller than
 *PIPE_BUF).
 */
#ifndef BUILDER_SANDBOX_SANDBOX_PRIVATE_H
#define BUILDER_SANDBOX_SANDBOX_PRIVATE_H

#include <limits.h>

#include "base/arena.h"
#include "builder/sandbox/sandbox.h"

#define SANDBOX_INNER_UID     1000 /* "build" in the toolchain's /etc/passwd */
#define SANDBOX_HOST_NAME     "alnage"
#define SANDBOX_DEFAULT_TIME  (4U * 60 * 60)
#define SANDBOX_DEFAULT_FILE  (8ULL << 30)
#define SANDBOX_DEFAULT_LOG   (256ULL << 20)
#define SANDBOX_DEFAULT_TASKS 4096U

/* Names below the scratch directory. */
#define SCRATCH_UPPER "upper"
#define SCRATCH_WORK  "work"
#define SCRATCH_ROOT  "root" /* where the overlay is mounted */
#define SCRATCH_BASE                                                                     \
	"base" /* where base_dirfd is mounted, so that overlay names are relative */
#define SCRATCH_GIVEN "given" /* copies of the binds: one more lower layer */

enum sandbox_event_kind {
	SANDBOX_EVENT_STEP = 1,
	SANDBOX_EVENT_END,
	SANDBOX_EVENT_ERROR
};

struct sandbox_event {
	enum sandbox_event_kind kind;
	size_t step;
	int status;
	bool timed_out, log_exceeded;
	double seconds;
	struct error error;
};
_Static_assert(
	sizeof(struct sandbox_event) <= PIPE_BUF, "events must be written at once");

/* All that the children need, made before the first fork. */
struct sandbox_plan {
	const struct sandbox *sandbox;
	struct arena *arena;
	char ***step_argv, ***step_environment; /* per step, NULL-terminated */
	const char *overlay_options;
	pid_t caller;
	int events_fd; /* supervisor to caller */
};

/* plan.c */
MUST_USE int sandbox_plan_make(
	const struct sandbox *sandbox, struct sandbox_plan *ret_plan, struct error *err);
/* Copies the binds to SCRATCH_GIVEN, owned by the outer ids. */
MUST_USE int sandbox_give(const struct sandbox *sandbox, struct error *err);

/* process_state.c: what a forked child has to shake off */
void sandbox_reset_signals(void);
/* Killed when the parent ends; ERR_SYSTEM if it has ended already. */
MUST_USE int sandbox_die_with(pid_t parent, struct error *err);
/* Closes all descriptors but these and 0, 1, 2. */
void sandbox_close_others(const int *keep, size_t count);
MUST_USE int sandbox_drop_capabilities(struct error *err);
/* 0, or -1 if nobody reads */
int sandbox_send_event(int fd, const struct sandbox_event *event);
void sandbox_send_error(int fd, const struct error *err);

/* identity.c */
/* A user namespace in which the outer uid is 0, with all capabilities there. */
MUST_USE int sandbox_enter_user_namespace(struct error *err);
/* A user namespace below it in which 0 is `uid`. */
MUST_USE int sandbox_enter_inner_user_namespace(unsigned uid, struct error *err);
/* As root: becomes SANDBOX_ROOT_UID for good, without a namespace. */
MUST_USE int sandbox_become_outer(struct error *err);

/* supervise.c, in the supervisor; returns its exit status */
int sandbox_supervise(const struct sandbox_plan *plan);

/* init.c, in pid 1; returns its exit status */
int sandbox_init(
	const struct sandbox_plan *plan, int base_tree, int report_fd, int log_fd);

/* root.c: in init, cwd is the scratch directory */
/* A detached copy of the mount at the working directory, in *ret_tree. */
MUST_USE int sandbox_clone_working_directory(int *ret_tree, struct error *err);
/* Mounts all and pivots. *ret_user_limits: writable /proc/sys/user. */
MUST_USE int sandbox_make_root(const struct sandbox_plan *plan, int base_tree,
	int *ret_user_limits, struct error *err);

/* mount.c: the kernel's newer mount calls */
enum { MOUNT_READ_ONLY = 1, MOUNT_NO_EXEC = 2, MOUNT_DEVICES = 4 };
/* A detached mount of a new tmpfs or proc. mode, size: texts, NULL for none. */
MUST_USE int mount_new(const char *type, const char *mode, const char *size,
	unsigned flags, int *ret_fd, struct error *err);
/* A detached copy of what is at dirfd/name. */
MUST_USE int mount_copy(
	int dirfd, const char *name, unsigned flags, int *ret_fd, struct error *err);
/* Changes the flags of a mount. */
MUST_USE int mount_change(int fd, unsigned flags, struct error *err);
/* Puts a detached mount on dirfd/name, which must be there and no symlink. */
MUST_USE int mount_attach(int fd, int dirfd, const char *name, struct error *err);

/* devices.c, proc.c: dirfd is the new root */
MUST_USE int sandbox_mount_devices(int root_fd, int *ret_devices, struct error *err);
MUST_USE int sandbox_mount_proc(
	int root_fd, int devices, unsigned cpus, int *ret_user_limits, struct error *err);

#endif
