/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify_confine.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/confine.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/stream.h"

/* ---- this process ---- */

int confinement_parse(
	const char *text, enum confinement_mode *ret_mode, struct error *err)
{
	static const char *const names[] = {"auto", "require", "off"};

	*ret_mode = CONFINEMENT_AUTO;
	if (!text)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*ret_mode = (enum confinement_mode)i; /* in their order */
			return 0;
		}
	(void)error_set(err, ERR_USAGE, "--confinement: \"%.40s\" is not a mode", text);
	return error_remedy(err, "auto, require or off");
}

/* Asking for names and making TLS connections reads these. Not /etc/ssl and /etc/pki as a
 * whole: the machine's private keys lie there, and root may read them. */
static const char *const network_paths[] = {"/etc/resolv.conf", "/etc/hosts",
	"/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services",
	"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem",
	"/etc/ssl/openssl.cnf", "/etc/pki/ca-trust", "/etc/pki/tls/certs",
	"/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf", "/etc/crypto-policies",
	"/etc/ca-certificates", "/usr/lib/ssl", "/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates", "/var/lib/ca-certificates"};

static int confine_now(const struct repository *repository, enum confinement_mode mode,
	struct error *err)
{
	const char *paths[ARRAY_LEN(network_paths) + 2] = {NULL};
	struct repository_needs needs = {.directory = -1};
	struct confinement confinement;
	struct confine confine = {.paths = paths};

	if (repository)
		repository_get_needs(repository, &needs);
	confine.directory = needs.directory;
	confine.network = needs.network;
	if (needs.network) {
		memcpy(paths, network_paths, sizeof(network_paths));
		paths[ARRAY_LEN(network_paths)] = getenv("SSL_CERT_FILE");
		memcpy(confine.ports, needs.ports, sizeof(confine.ports));
		confine.port_count = needs.port_count;
	}
	if (confine_process(&confine, &confinement, err) < 0)
		return error_wrap(err, "confinement");
	if (confinement.landlock != 0 && confinement.filtered)
		return 0;
	if (mode == CONFINEMENT_REQUIRE) {
		(void)error_set(err, ERR_SYSTEM, "confinement: this kernel has no %s",
			confinement.filtered ? "Landlock" : "seccomp filters");
		return error_remedy(err,
			"--confinement auto verifies without: a flaw in reading what is "
			"hostile would then reach further");
	}
	log_warning("not confined: this kernel has no %s",
		confinement.filtered ? "Landlock" : "seccomp filters");
	return 0;
}

/* ---- a child ---- */

/* What the child says; it may be in other hands by then. */
struct answer {
	int32_t class;
	char text[ERROR_TEXT_MAX], remedy[ERROR_TEXT_MAX];
};

static int work_confined(
	const struct confined *confined, struct buffer *reply, struct error *err)
{
	if (confined->mode != CONFINEMENT_OFF &&
		confine_now(confined->repository, confined->mode, err) < 0)
		return err->class;
	return confined->work(confined->context, reply, err);
}

_Noreturn static void be_child(const struct confined *confined, int to)
{
	struct buffer reply = {.max = LIMIT_REPLY_BYTES};
	struct answer answer = {0};
	struct error err = ERROR_INIT, lost = ERROR_INIT;

	if (confined->forget)
		confined->forget();
	if (work_confined(confined, &reply, &err) < 0) {
		answer.class = err.class;
		error_format(&err, answer.text, sizeof(answer.text));
		(void)snprintf(answer.remedy, sizeof(answer.remedy), "%s", err.remedy);
	}
	if (fs_write_all(to, slice_from((const char *)&answer, sizeof(answer)), &lost) <
			0 ||
		fs_write_all(to, buffer_slice(&reply), &lost) < 0)
		_exit(1);
	_exit(0);
}

static int take_answer(struct slice bytes, struct buffer *reply, struct error *err)
{
	struct answer answer;

	if (bytes.len < sizeof(answer))
		return error_set(err, ERR_SYSTEM, "the verifying process said nothing");
	memcpy(&answer, bytes.data, sizeof(answer));
	answer.text[sizeof(answer.text) - 1] = '\0';
	answer.remedy[sizeof(answer.remedy) - 1] = '\0';
	if (answer.class < ERR_BUG || answer.class > ERR_NONE)
		return error_set(err, ERR_BUG, "the verifying process said nonsense");
	if (buffer_add_slice(reply, slice_sub(bytes, sizeof(answer), bytes.len), err) < 0)
		return err->class;
	if (answer.class == ERR_NONE)
		return 0;
	(void)error_set(err, (enum err)answer.class, "%s", answer.text);
	return answer.remedy[0] != '\0' ? error_remedy(err, "%s", answer.remedy)
					: err->class;
}

static int read_all(int *from, struct buffer *bytes, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;

	if (reader_from_fd(from, &reader, err) < 0)
		return err->class;
	return reader_read_all(
		reader, sizeof(struct answer) + LIMIT_REPLY_BYTES, bytes, err);
}

static int await_end(pid_t child, struct error *err)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "the verifying process");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (!WIFSIGNALED(status))
		return error_set(err, ERR_SYSTEM,
			"the verifying process could not give its whole answer");
	return error_set(err, ERR_SYSTEM,
		"the verifying process was killed by signal %d%s", WTERMSIG(status),
		WTERMSIG(status) == SIGSYS ? ": it tried what the confinement forbids"
					   : "");
}

static int run_in_child(
	const struct confined *confined, struct buffer *reply, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct error unread = ERROR_INIT;
	cleanup_fd int from = -1, to = -1;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "pipe");
	from = ends[0];
	to = ends[1];
	child = fork();
	if (child < 0)
		return error_set_errno(err, errno, "fork");
	if (child == 0)
		be_child(confined, to);
	close_fd(&to);
	if (read_all(&from, &bytes, &unread) < 0)
		close_fd(&from); /* the child is not waited for in vain */
	if (await_end(child, err) < 0)
		return err->class;
	if (error_is_set(&unread)) {
		*err = unread;
		return err->class;
	}
	return take_answer(buffer_slice(&bytes), reply, err);
}

int confined_run(const struct confined *confined, struct buffer *reply, struct error *err)
{
	if (confined->in_child && confined->mode != CONFINEMENT_OFF)
		return run_in_child(confined, reply, err);
	return work_confined(confined, reply, err);
}
