/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confinement of this process, for good, once everything it needs is open: what reads
 * hostile input afterwards can neither change anything, nor run anything, nor read what
 * is not named here, even if a flaw lets the input take over.
 *
 *	Landlock	files: only those named, only for reading. TCP: no listening;
 *			connecting only to the ports named (kernel 6.7 and newer). No
 *			signals to and no abstract sockets of other processes (6.12 and
 *			newer)
 *	seccomp		an allow-list of system calls; any other kills the process. No
 *memory becomes executable, no socket but (with a network) IPv4 and IPv6
 *
 * Only the calling thread and those it starts later are confined: call it before there
 * are others. A kernel may lack one or both; the caller decides what that means.
 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include "base/error.h"

#define CONFINE_PORTS_MAX 16

struct confine {
	int directory; /* descriptor: readable with all that is below it; -1: none */
	/* NULL-terminated: files, and directories with all that is below, that may be
	 * read; what is not there is passed over. May be NULL. */
	const char *const *paths;
	bool network;                      /* to be a client: TCP, and UDP for names */
	uint16_t ports[CONFINE_PORTS_MAX]; /* TCP ports to connect to */
	size_t port_count;
};

/* What the kernel has taken. */
struct confinement {
	unsigned landlock; /* ABI version; 0: the kernel has no Landlock */
	bool filtered;     /* by seccomp */
};

/* ERR_SYSTEM: half of it may be in force. In builds with AddressSanitizer nothing is. */
MUST_USE int confine_process(const struct confine *confine,
	struct confinement *ret_confinement, struct error *err);

/*
 * Landlock's half for another program, see process_options.rules: below
 * confine->directory it may do everything, what confine->paths name it may read and run,
 * and it may write to /dev/null. It may be any client of a network, but listen nowhere.
 * *ret_rules is a descriptor above 2, or -1: this kernel cannot (before 5.19, where
 * moving files between directories could not be allowed).
 */
MUST_USE int confine_program(
	const struct confine *confine, int *ret_rules, struct error *err);
/*
 * The same for a client of a network that is installed on this machine (git, apt): it
 * reads and runs what is installed, reads what names and certificates are looked up in,
 * and `more` if that is not NULL, and writes below the directory alone: nothing of the
 * person's, whatever a server makes of it.
 */
MUST_USE int confine_client(
	int directory, const char *more, int *ret_rules, struct error *err);

#endif
