/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/secret_input.h"

#include <termios.h>

#include "base/fs.h"

#define PASSPHRASE_MAX 1024

static char *read_line_hidden(int tty)
{
	struct termios saved, hidden;
	char *line = calloc(1, PASSPHRASE_MAX);
	size_t len = 0;
	if (!line || tcgetattr(tty, &saved) < 0) {
		free(line);
		return NULL;
	}
	hidden = saved;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	(void)tcsetattr(tty, TCSAFLUSH, &hidden); /* worst case the text is seen */
	while (len + 1 < PASSPHRASE_MAX && read(tty, line + len, 1) == 1 &&
		line[len] != '\n')
		len++;
	line[len] = '\0';
	(void)tcsetattr(tty, TCSAFLUSH, &saved);
	(void)!write(tty, "\n", 1);
	return line;
}

static const char *from_environment(enum passphrase_kind kind)
{
	const char *given = getenv(kind == SECRET_PIN ? "ALNAGE_PIN" : "ALNAGE_PASSWORD");
	return given || kind == SECRET_PIN ? given : getenv("COSIGN_PASSWORD");
}

char *ask_passphrase(void *context, enum passphrase_kind kind, const char *prompt)
{
	(void)context; /* it needs none */
	const char *given = from_environment(kind);
	if (given)
		return strdup(given);
	cleanup_fd int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return NULL;
	(void)dprintf(tty, "%s: ", prompt);
	return read_line_hidden(tty);
}

int load_secret(const char *path, struct secret **ret_secret, struct error *err)
{
	return secret_load(path, ask_passphrase, NULL, ret_secret, err);
}
