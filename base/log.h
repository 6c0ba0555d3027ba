/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person sees while we work, on standard error. On a terminal there is
 * one live line per task under way (name, step, bar, amount, rate, elapsed); elsewhere
 * plain lines at the beginning and the end of each. Data never goes here.
 * Control characters in texts are shown as '?'. Thread-safe. While there are
 * live lines a thread of ours keeps them going: whoever needs a process with one
 * thread (unshare) forks first, and a forked child does not call these unless it has
 * diverted them (base/log_relay.h).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"

enum log_level { LOG_QUIET = 0, LOG_NORMAL, LOG_VERBOSE };

/*
 * By main. program begins every plain line and is not copied. LOG_QUIET: warnings and
 * errors only; LOG_VERBOSE: plain lines, steps too. Live lines only if standard error is
 * a terminal and NO_COLOR/TERM allow.
 */
void log_init(const char *program, enum log_level level);

/* A plain line: "PROGRAM: warning: …". */
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_verbose(const char *format, ...) PRINTF_LIKE(1, 2);
/* "PROGRAM: where: text" and, on the next line, the remedy. */
void log_error(const struct error *err);

/*
 * What somebody else wrote, line by line below a line of our own, whatever the level:
 *	TITLE:
 *	  | a line
 */
void log_excerpt(const char *title, const char *text);

/* A task under way: "busybox  step 3/7 make  41 s". */
struct log_task;
#define cleanup_task CLEANUP(log_task_end)
struct log_task *log_task_begin(const char *format, ...)
	PRINTF_LIKE(1, 2); /* NULL is fine below */
void log_task_step(struct log_task *task, const char *format, ...) PRINTF_LIKE(2, 3);
/* done of total units (bytes); total 0: unknown. */
void log_task_progress(struct log_task *task, uint64_t done, uint64_t total);
/* Ends with a line "name: text  12.3 s"; a task only freed says "name: stopped". */
void log_task_done(struct log_task *task, const char *format, ...) PRINTF_LIKE(2, 3);
void log_task_end(struct log_task **task);

#endif
