/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/secret_input.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/ttydefaults.h>
#include <termios.h>

#include "base/fs.h"
#include "signing/wipe.h"

#define PASSPHRASE_MAX 1024

/* One byte: the kernel then writes no file, and starts no handler of core dumps either,
 * which it would with none (core(5)). */
int forbid_core(struct error *err)
{
	const struct rlimit limit = {1, 1};
	if (setrlimit(RLIMIT_CORE, &limit) < 0)
		return error_set_errno(err, errno, "forbidding core files");
	return 0;
}

/* ---- the terminal ---- */

/* False: there is nothing more to read, or a signal has come. */
static bool next_byte(int tty, int signals, char *ret_byte)
{
	struct pollfd files[] = {
		{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	while (poll(files, ARRAY_LEN(files), -1) < 0)
		if (errno != EINTR)
			return false;
	return files[1].revents == 0 && read(tty, ret_byte, 1) == 1;
}

/* A character of UTF-8 is several bytes, of which all but the first are 10xxxxxx. */
static size_t without_last(const char *line, size_t len)
{
	while (len > 0 && ((unsigned char)line[len - 1] & 0xc0) == 0x80)
		len--;
	return len - (len > 0);
}

/* Byte by byte, so that Ctrl-C comes here and never leaves a terminal without echo.
 * False: given up, or too long. */
static bool read_hidden(int tty, int signals, char line[static PASSPHRASE_MAX])
{
	size_t len = 0;
	char c;
	while (next_byte(tty, signals, &c)) {
		if (c == '\n' || c == '\r')
			return true;
		if (c == CTRL('C') || c == CTRL('D') || c == CTRL('\\') || c == CTRL('Z'))
			return false;
		if (c == 0x7f || c == '\b')
			len = without_last(line, len);
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

static bool read_without_echo(int tty, int signals, char line[static PASSPHRASE_MAX])
{
	struct termios saved, hidden;
	bool done = false;
	if (tcgetattr(tty, &saved) < 0)
		return false;
	hidden = saved;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	/* a terminal that would show it is not asked */
	if (tcsetattr(tty, TCSAFLUSH, &hidden) == 0)
		done = read_hidden(tty, signals, line);
	(void)tcsetattr(tty, TCSAFLUSH, &saved); /* nothing better can be done */
	(void)!write(tty, "\n", 1);
	return done;
}

/* What ends the program waits until the terminal shows what is typed again. */
static char *read_line_hidden(int tty)
{
	static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	char *line = calloc(1, PASSPHRASE_MAX);
	bool done = false;
	sigset_t set, before;
	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(ending); i++)
		(void)sigaddset(&set, ending[i]); /* valid, all of them */
	if (!line || sigprocmask(SIG_BLOCK, &set, &before) < 0) {
		free(line);
		return NULL;
	}
	cleanup_fd int signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals >= 0)
		done = read_without_echo(tty, signals, line);
	if (!done) {
		explicit_bzero(line, PASSPHRASE_MAX);
		free_ptr(&line);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL); /* as it was */
	return line;
}

/* ---- the environment ---- */

static const char *const variables[] = {
	"ALNAGE_PASSWORD", "COSIGN_PASSWORD", "ALNAGE_PIN"};

static const char *from_environment(enum passphrase_kind kind)
{
	const char *given = getenv(kind == SECRET_PIN ? "ALNAGE_PIN" : "ALNAGE_PASSWORD");
	return given || kind == SECRET_PIN ? given : getenv("COSIGN_PASSWORD");
}

bool passphrase_is_given(void)
{
	const char *given = from_environment(SECRET_PASSPHRASE);
	return given && *given;
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

int ask_new_passphrase(const char *prompt, char **ret_passphrase, struct error *err)
{
	cleanup_buffer struct buffer again = BUFFER_INIT;
	cleanup_secret_str char *first = NULL, *second = NULL;
	if (forbid_core(err) < 0 || buffer_printf(&again, err, "%s, again", prompt) < 0)
		return err->class;
	first = ask_passphrase(NULL, SECRET_PASSPHRASE, prompt);
	if (!first || !*first)
		return error_set(err, ERR_USAGE, "no passphrase was given");
	/* nobody sees what is typed: a slip would lock the key for ever */
	if (!from_environment(SECRET_PASSPHRASE)) {
		second = ask_passphrase(NULL, SECRET_PASSPHRASE, buffer_str(&again));
		if (!second || strcmp(first, second) != 0)
			return error_set(err, ERR_USAGE,
				"the passphrase was not the same the second time");
	}
	*ret_passphrase = take_ptr(first);
	return 0;
}

/* ---- loading keys ---- */

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
	if (forbid_core(err) < 0)
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
