/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attacks themselves. Each runs in a process of its own and says whether
 * it got through; it changes nothing that outlives the process but files below /tmp or
 * the directory it is told.
 */
#ifndef BUILDER_SANDBOX_ATTACK_H
#define BUILDER_SANDBOX_ATTACK_H

#include "builder/sandbox/check.h"

/* What the attacker knows about the outside. */
struct attack_target {
	uint16_t tcp_port;        /* a listener on 127.0.0.1 of the machine */
	const char *socket_name;  /* an abstract one, without the leading NUL */
	const char *outside_path; /* a file of the machine */
	const char *directory;    /* where the attacker may write; "/tmp" inside */
	unsigned process_limit;   /* that is claimed */
	uint64_t file_limit;
};

struct attack_result {
	enum sandbox_outcome outcome;
	char detail[200];
};

struct attack {
	const char *claim, *text;
	void (*run)(const struct attack_target *target, struct attack_result *result);
};

size_t attack_count(void);
const struct attack *attack_at(size_t i);

#endif
