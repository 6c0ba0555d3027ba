/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a forked child of ours logs, shown by its parent: the child has no screen, and
 * the lock of base/log may have been held while it was forked.
 *
 *	log_relay_new(&relay, err);
 *	fork
 *	   child:  log_relay_divert(relay);  … log as always … _exit
 *	   parent: log_relay_read(relay) whenever log_relay_fd is readable, until it says
 *	           false: the child is gone
 *
 * Tasks of the child become tasks here, at most 16 at a time; those that the child leaves
 * unfinished end as stopped. Not for more than one thread.
 */
#ifndef BASE_LOG_RELAY_H
#define BASE_LOG_RELAY_H

#include "base/log.h"

struct log_relay;
#define cleanup_relay CLEANUP(log_relay_free)

MUST_USE int log_relay_new(struct log_relay **ret_relay, struct error *err);
void log_relay_free(struct log_relay **relay);

/* In the child, once, before anything is logged. */
void log_relay_divert(struct log_relay *relay);
/* In the parent, once, after the fork. */
void log_relay_follow(struct log_relay *relay);
int log_relay_fd(const struct log_relay *relay); /* borrowed, for poll */
/* Shows one message; waits for it. False when the child has ended. */
bool log_relay_read(struct log_relay *relay);

#endif
