/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log_relay.h"

#include <string.h>
#include <sys/socket.h>

#include "base/log_private.h"

#define TASKS_MAX 16

struct log_relay {
	int parent_fd, child_fd; /* packets, so that no message is ever seen in part */
	struct {
		uint32_t number; /* 0: free */
		struct log_task *task;
	} tasks[TASKS_MAX];
};

int log_relay_new(struct log_relay **ret_relay, struct error *err)
{
	int fds[2];
	struct log_relay *relay = calloc(1, sizeof(*relay));
	if (!relay)
		return error_set_memory(err);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		int saved = errno;
		free(relay);
		return error_set_errno(err, saved, "making a socket pair");
	}
	relay->parent_fd = fds[0];
	relay->child_fd = fds[1];
	*ret_relay = relay;
	return 0;
}

void log_relay_free(struct log_relay **relay)
{
	if (*relay) {
		for (size_t i = 0; i < TASKS_MAX; i++)
			log_task_end(&(*relay)->tasks[i].task);
		close_fd(&(*relay)->parent_fd);
		close_fd(&(*relay)->child_fd);
		free(*relay);
	}
	*relay = NULL;
}

void log_relay_divert(struct log_relay *relay)
{
	close_fd(&relay->parent_fd);
	log_divert(relay->child_fd);
}

void log_relay_follow(struct log_relay *relay)
{
	close_fd(&relay->child_fd);
}

int log_relay_fd(const struct log_relay *relay)
{
	return relay->parent_fd;
}

/* The slot of that number; 0 finds a free one. */
static size_t find_slot(const struct log_relay *relay, uint32_t number)
{
	size_t i = 0;
	while (i < TASKS_MAX && relay->tasks[i].number != number)
		i++;
	return i;
}

static void begin_task(struct log_relay *relay, const struct log_message *message)
{
	size_t slot = find_slot(relay, 0);
	if (slot == TASKS_MAX || message->task == 0)
		return; /* one line less to see */
	relay->tasks[slot].number = message->task;
	relay->tasks[slot].task = log_task_begin("%s", message->text);
}

static void show_task(struct log_relay *relay, const struct log_message *message)
{
	size_t slot = find_slot(relay, message->task);
	if (slot == TASKS_MAX || message->task == 0)
		return;
	struct log_task *task = relay->tasks[slot].task;
	if (message->kind == LOG_MESSAGE_STEP) {
		log_task_step(task, "%s", message->text);
	} else if (message->kind == LOG_MESSAGE_PROGRESS) {
		log_task_progress(task, message->done, message->total);
	} else if (message->kind == LOG_MESSAGE_DONE) {
		log_task_done(task, "%s", message->text);
	} else {
		log_task_end(&relay->tasks[slot].task);
		relay->tasks[slot].number = 0;
	}
}

bool log_relay_read(struct log_relay *relay)
{
	struct log_message message;
	ssize_t len;
	do
		len = recv(relay->parent_fd, &message, sizeof(message), 0);
	while (len < 0 && errno == EINTR);
	if (len <= 0)
		return false;
	if ((size_t)len <= offsetof(struct log_message, text))
		return true; /* cut short: nothing to show */
	((char *)&message)[(size_t)len - 1] = '\0';
	if (message.kind == LOG_MESSAGE_LINE)
		log_show_line(message.text);
	else if (message.kind == LOG_MESSAGE_BEGIN)
		begin_task(relay, &message);
	else
		show_task(relay, &message);
	return true;
}
