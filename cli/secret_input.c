/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/secret_input.h"

#include <sys/resource.h>
#include <sys/ttydefaults.h>
#include <termios.h>

#include "base/fs.h"

#define PASSPHRASE_MAX 1024

/* Byte by byte, so that Ctrl-C comes here and never leaves a terminal without echo.
 * False: given up, or too long. */
static bool read_hidden(int tty, char line[static PASSPHRASE_MAX])
{
	size_t len = 0;
	char c;
	while (read(tty, &c, 1) == 1) {
		if (c == '\n' || c == '\r')
			return true;
		if (c == CTRL('C') || c == CTRL('D') || c == CTRL('\\'))
			return false;
		if (c == 0x7f || c == '\b')
			len -= len > 0;
		else if (c == CTRL('U'))
			len = 0;
		else if (len + 1 == PASSPHRASE_MAX)
			return false;
		else
			line[len++] = c;
		line[len] = '\0';
	}
	return false;
}

static char *read_line_hidden(int tty)
{
	struct termios saved, hidden;
	char *line = calloc(1, PASSPHRASE_MAX);
	bool done = false;
	if (!line || tcgetattr(tty, &saved) < 0) {
		free(line);
		return NULL;
	}
	hidden = saved;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	/* a terminal that would show it is not asked */
	if (tcsetattr(tty, TCSAFLUSH, &hidden) == 0)
		done = read_hidden(tty, line);
	(void)tcsetattr(tty, TCSAFLUSH, &saved); /* nothing better can be done */
	(void)!write(tty, "\n", 1);
	if (done)
		return line;
	explicit_bzero(line, PASSPHRASE_MAX);
	free(line);
	return NULL;
}

static const char *const variables[] = {
	"ALNAGE_PASSWORD", "COSIGN_PASSWORD", "ALNAGE_PIN"};

static const char *from_environment(enum passphrase_kind kind)
{
	const char *given = getenv(kind == SECRET_PIN ? "ALNAGE_PIN" : "ALNAGE_PASSWORD");
	return given || kind == SECRET_PIN ? given : getenv("COSIGN_PASSWORD");
}

void forget_passphrases(void)
{
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		char *value = getenv(variables[i]);
		if (!value)
			continue;
		explicit_bzero(value, strlen(value));
		(void)unsetenv(variables[i]); /* fails for malformed names only */
	}
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

/* One byte: the kernel then writes no file, and starts no handler of core dumps either,
 * which it would with none (core(5)). */
static int leave_no_core(struct error *err)
{
	const struct rlimit limit = {1, 1};
	if (setrlimit(RLIMIT_CORE, &limit) < 0)
		return error_set_errno(err, errno, "forbidding core files");
	return 0;
}

struct pin_input {
	const char *file;
	struct error err; /* of reading it */
};

static char *ask_or_read(void *context, enum passphrase_kind kind, const char *prompt)
{
	struct pin_input *input = context;
	char *pin = NULL;
	if (kind != SECRET_PIN || !input->file)
		return ask_passphrase(NULL, kind, prompt);
	return secret_read_line(input->file, &pin, &input->err) < 0 ? NULL : pin;
}

int load_secret_with_pin(const char *key, const char *pin_file,
	struct secret **ret_secret, struct error *err)
{
	struct pin_input input = {.file = pin_file, .err = ERROR_INIT};
	if (leave_no_core(err) < 0)
		return err->class;
	int status = secret_load(key, ask_or_read, &input, ret_secret, err);
	if (status < 0 && error_is_set(&input.err)) /* says more than "no PIN" */
		*err = input.err;
	return status < 0 ? (int)err->class : 0;
}

int load_secret(const char *key, struct secret **ret_secret, struct error *err)
{
	return load_secret_with_pin(key, NULL, ret_secret, err);
}
