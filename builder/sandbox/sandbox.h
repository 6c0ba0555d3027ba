/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox in which recipes' steps run. Tier T0: user, mount, pid, net,
 * ipc, uts and cgroup namespaces with one uid mapped, a root of its own (overlay of
 * read-only layers and a private upper directory, pivot_root), minimal /dev, fresh /proc,
 * no network but a loopback of its own, seccomp, no_new_privs, no capabilities, no
 * inherited descriptors, rlimits, a wall-clock limit and a fixed environment. Needs no
 * privilege; as root the outer uid is SANDBOX_ROOT_UID, never 0.
 */
#ifndef BUILDER_SANDBOX_SANDBOX_H
#define BUILDER_SANDBOX_SANDBOX_H

#include "base/store.h"

#define SANDBOX_ROOT_UID 64999 /* who builds when root asks */

enum sandbox_tier { SANDBOX_T0 = 0, SANDBOX_T1, SANDBOX_NONE };
const char *sandbox_tier_name(enum sandbox_tier tier); /* "T0 namespaces+seccomp", … */

/* The uid and gid, outside, of all that a sandbox makes. */
void sandbox_outer_ids(uid_t *ret_uid, gid_t *ret_gid);

struct sandbox_step {
	const char *label, *script, *working_directory;
	const char *const *
		environment; /* "NAME=value", NULL-terminated, added to the common ones */
};

/*
 * A file or directory of ours that the steps find at the target. It is copied (same
 * bytes, symlinks as they are, files read-only unless they are for changing) into a layer
 * of its own above the others: a mount would show our paths in the sandbox's mount table,
 * and needs every parent to be searchable for the builder.
 */
struct sandbox_bind {
	int fd;             /* borrowed; O_PATH is enough */
	const char *target; /* absolute, without "." and ".."; made if absent */
	bool writable;      /* files 0644 or 0755, not 0444 or 0555 */
};

struct sandbox {
	int base_dirfd;            /* layers are relative to it; borrowed */
	const char *const *layers; /* topmost first; at least one */
	size_t layer_count;
	int scratch_dirfd; /* private directory; gets upper/ and work/; borrowed */
	const struct sandbox_bind *binds;
	size_t bind_count;
	const char *const *environment; /* common; NULL-terminated */
	const struct sandbox_step *steps;
	size_t step_count;
	int log_fd;               /* stdout and stderr of the steps; borrowed */
	unsigned timeout_seconds; /* all steps together; 0: 4 hours */
	uint64_t file_size_limit; /* RLIMIT_FSIZE; 0: 8 GiB */
	uint64_t log_limit;       /* bytes of output, all steps together; 0: 256 MiB */
	unsigned processes;       /* RLIMIT_NPROC, of this sandbox alone; 0: 4096 */
	unsigned cpus;            /* 0: all */
	unsigned uid; /* and gid, as the steps see it; 0: 1000, "build". Never root */
	/* Called as a step begins; may be NULL. */
	void (*on_step)(void *context, size_t step);
	void *context;
	/*
	 * For our own probes: called in the step's process, behind all walls, instead of
	 * /bin/sh; what it returns is the exit status. NULL for real steps.
	 */
	int (*probe)(void *context, size_t step);
};

struct sandbox_result {
	enum sandbox_tier tier;
	int status; /* 0, or the exit status of the step that failed (128 + signal) */
	size_t failed_step; /* valid if status != 0 */
	bool timed_out;     /* status is 137 */
	bool log_exceeded;  /* the same */
	double seconds;
};

/*
 * Runs the steps in order until one fails; when it returns no process of the sandbox is
 * alive. A failing step is not an error of this function. ERR_SYSTEM with a remedy if the
 * machine refuses namespaces.
 */
MUST_USE int sandbox_run(const struct sandbox *sandbox, struct sandbox_result *ret_result,
	struct error *err);

/*
 * Runs a function in a child with the identity of sandboxes (outer uid as root, else
 * ours), for unpacking roots. Its error comes back in err; whatever else it changes in
 * memory is lost. It must not log: another thread may have held the log's lock while we
 * forked.
 */
MUST_USE int sandbox_as_builder(int (*function)(void *context, struct error *err),
	void *context, struct error *err);
/* A directory for sandboxes to write below: made, owned by the outer ids, 0700. */
MUST_USE int sandbox_make_scratch(struct store *store, char *ret_name, size_t name_size,
	int *ret_dirfd, struct error *err);
/* Removes it whatever is in it. */
MUST_USE int sandbox_remove_scratch(
	struct store *store, const char *name, struct error *err);

#endif
