/* SPDX-License-Identifier: Apache-2.0 */
/* What goes from log.c in a child to log_relay.c in its parent: one packet each. */
#ifndef BASE_LOG_PRIVATE_H
#define BASE_LOG_PRIVATE_H

#include "base/log.h"

enum log_message_kind {
	LOG_MESSAGE_LINE, /* text is ready to be shown */
	LOG_MESSAGE_BEGIN,
	LOG_MESSAGE_STEP,
	LOG_MESSAGE_PROGRESS,
	LOG_MESSAGE_DONE,
	LOG_MESSAGE_END,
};

#define LOG_MESSAGE_TEXT_MAX (ERROR_TEXT_MAX + ERROR_WHERE_MAX + 128)

/* Sent without what is behind the text's NUL. */
struct log_message {
	enum log_message_kind kind;
	uint32_t task; /* numbered from 1 in the child */
	uint64_t done, total;
	char text[LOG_MESSAGE_TEXT_MAX];
};

/* Shows a line as it is; the level was looked at by the child. */
void log_show_line(const char *text);
/* From now on everything goes to fd; only for the one thread of a forked child. */
void log_divert(int fd);

#endif
