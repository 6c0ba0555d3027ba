/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apt with folders of its own and nothing installed: it fetches the index of a suite, has
 * gpgv check it, and says which packages some others need. It sees nothing of this
 * machine's apt, and may write in its folders alone.
 */
#include "base/confine.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/process.h"
#include "builder/source/toolchain_pin_private.h"

#define UPDATE_SECONDS  1800
#define ANSWER_SECONDS  300
#define ANSWER_BYTES    (8 * MIB)
#define MESSAGES_BYTES  (1 * MIB)
#define ARGUMENTS_FIXED 8

void apt_done(struct apt *apt)
{
	close_fd(&apt->fd);
	close_fd(&apt->rules);
	if (*apt->folder) {
		struct error ignored = ERROR_INIT;
		/* what stays behind is swept from tmp/ later */
		(void)!fs_remove_tree(store_dirfd(apt->store), apt->folder, &ignored);
	}
}

/* ---- its folders ---- */

/* APT_CONFIG is read before the folder of settings is looked for: that is ours, too. */
static const char settings[] =
	"Dir \"%s\";\n"
	"Dir::State \"state\";\n"
	"Dir::State::status \"status\";\n"
	"Dir::Cache \"cache\";\n"
	"Dir::Etc \"etc\";\n"
	"Dir::Log \"log\";\n"
	"APT::Architecture \"%s\";\n"
	"APT::Architectures { \"%s\"; };\n"
	"APT::Install-Recommends \"false\";\n"
	"APT::Sandbox::User \"\";\n"
	"APT::Update::Error-Mode \"any\";\n"
	"APT::Get::AllowUnauthenticated \"false\";\n"
	"Acquire::AllowInsecureRepositories \"false\";\n"
	"Acquire::AllowDowngradeToInsecureRepositories \"false\";\n"
	"Acquire::AllowWeakRepositories \"false\";\n"
	"Acquire::ForceHash \"SHA256\";\n"
	"Acquire::Languages \"none\";\n"
	"Acquire::Retries \"3\";\n";

static int write_text(
	struct apt *apt, const char *path, struct slice text, struct error *err)
{
	return fs_write_file(apt->fd, path, text, 0644, err);
}

/* apt wants an absolute path; the store's may be relative, or lead through a link. */
static int set_root(struct apt *apt, struct error *err)
{
	const char *path =
		arena_printf(apt->arena, "%s/%s", store_path(apt->store), apt->folder);
	cleanup_mem char *root = path ? realpath(path, NULL) : NULL;
	if (path && !root)
		return error_set_errno(err, errno, "%s", path);
	if (!root || !(apt->root = arena_strdup(apt->arena, root)))
		return error_set_memory(err);
	return 0;
}

static int make_folders(struct apt *apt, struct error *err)
{
	static const char *const folders[] = {"state/lists/partial",
		"cache/archives/partial", "log", "tmp", "etc/apt.conf.d",
		"etc/preferences.d", "etc/auth.conf.d", "etc/trusted.gpg.d",
		"etc/sources.list.d"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		cleanup_fd int fd = -1;
		if (fs_make_dirs(apt->fd, folders[i], 0755, &fd, err) < 0)
			return err->class;
	}
	return write_text(apt, "state/status", SLICE_EMPTY, err);
}

static int write_settings(
	struct apt *apt, const struct toolchain *toolchain, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT, sources = BUFFER_INIT;
	const char *authorities = getenv("SSL_CERT_FILE");
	if (strpbrk(apt->root, "\"\\\n") ||
		(authorities && strpbrk(authorities, "\"\\\n")))
		return error_set(err, ERR_INPUT,
			"apt cannot be told of '%s': it has a quote or a backslash",
			strpbrk(apt->root, "\"\\\n") ? apt->root : authorities);
	if (buffer_printf(&text, err, settings, apt->root, toolchain->architecture,
		    toolchain->architecture) < 0 ||
		(authorities &&
			buffer_printf(&text, err, "Acquire::https::CaInfo \"%s\";\n",
				authorities) < 0) ||
		buffer_printf(&sources, err,
			"Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\n", apt->mirror,
			toolchain->suite, toolchain->component) < 0 ||
		write_text(apt, "apt.conf", buffer_slice(&text), err) < 0)
		return err->class;
	return write_text(
		apt, "etc/sources.list.d/toolchain.sources", buffer_slice(&sources), err);
}

/* A copy: there are no other keys, and its name has nothing that apt would read. */
static int write_keyring(struct apt *apt, struct slice keyring, struct error *err)
{
	bool armoured = slice_starts_with(keyring, SLICE("-----BEGIN "));
	return write_text(apt,
		armoured ? "etc/trusted.gpg.d/keyring.asc"
			 : "etc/trusted.gpg.d/keyring.gpg",
		keyring, err);
}

/* ---- running it ---- */

static int set_variable(
	struct apt *apt, const char *name, const char *value, struct error *err)
{
	if (!value)
		return 0;
	if (!(apt->environment[apt->environment_count++] =
			    arena_printf(apt->arena, "%s=%s", name, value)))
		return error_set_memory(err);
	return 0;
}

static int set_environment(struct apt *apt, struct error *err)
{
	/* apt knows these names in small letters only */
	static const char *const proxies[][2] = {{"http_proxy", "HTTP_PROXY"},
		{"https_proxy", "HTTPS_PROXY"}, {"no_proxy", "NO_PROXY"}};
	const char *conf = arena_printf(apt->arena, "%s/apt.conf", apt->root);
	const char *tmp = arena_printf(apt->arena, "%s/tmp", apt->root);
	if (!conf || !tmp)
		return error_set_memory(err);
	for (size_t i = 0; i < ARRAY_LEN(proxies); i++) {
		const char *value = getenv(proxies[i][0]);
		if (set_variable(apt, proxies[i][0],
			    value ? value : getenv(proxies[i][1]), err) < 0)
			return err->class;
	}
	if (set_variable(apt, "PATH", getenv("PATH"), err) < 0 ||
		set_variable(apt, "HOME", apt->root, err) < 0 ||
		set_variable(apt, "TMPDIR", tmp, err) < 0 ||
		set_variable(apt, "LC_ALL", "C", err) < 0 ||
		set_variable(apt, "APT_CONFIG", conf, err) < 0)
		return err->class;
	return 0;
}

static bool says(const struct buffer *messages, const char *words)
{
	return slice_find(buffer_slice(messages), slice_str(words)) != SIZE_MAX;
}

/* apt has one exit status for everything. */
static bool is_refusal(const struct buffer *messages)
{
	static const char *const words[] = {"is not signed", "signature",
		"Hash Sum mismatch", "unexpected size", "Insufficient information",
		"not valid yet", "is expired"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (says(messages, words[i]))
			return true;
	return false;
}

static int fail(const struct apt *apt, const struct buffer *messages, int status,
	struct error *err)
{
	struct slice text = slice_trim(buffer_slice(messages));
	(void)error_set(err, is_refusal(messages) ? ERR_REFUSED : ERR_NETWORK,
		"%s: apt-get ended with status %d: %.*s", apt->mirror, status,
		SLICE_ARG(text));
	return err->class;
}

static int run(struct apt *apt, const char *const *argv, unsigned seconds,
	struct buffer *output, struct error *err)
{
	cleanup_buffer struct buffer messages = {.max = MESSAGES_BYTES};
	int status = 0;
	struct process_options options = {.argv = argv,
		.environment = apt->environment,
		.cwd_fd = apt->fd,
		.rules = apt->rules,
		.output = output,
		.messages = &messages,
		.timeout_seconds = seconds};
	if (process_run(&options, &status, err) < 0) {
		error_remedy(
			err, "install apt, or make the lock on a machine that has it");
		return error_wrap(err, "%s", apt->mirror);
	}
	return status ? fail(apt, &messages, status, err) : 0;
}

/* apt only warns of a suite that was signed for another name. */
static int check_suite(
	struct apt *apt, const struct toolchain *toolchain, struct error *err)
{
	static const char *const argv[] = {"apt-get", "indextargets", "--format",
		"$(CODENAME) $(SUITE)", "Created-By: Packages", NULL};
	cleanup_buffer struct buffer output = {.max = MESSAGES_BYTES};
	if (run(apt, argv, ANSWER_SECONDS, &output, err) < 0)
		return err->class;
	struct slice words = buffer_slice(&output), word;
	while (slice_word(&words, &word))
		if (slice_equal_str(word, toolchain->suite))
			return 0;
	words = slice_trim(buffer_slice(&output));
	return error_set(err, ERR_REFUSED, "%s: what is signed there for %s is %.*s",
		apt->mirror, toolchain->suite, SLICE_ARG(words));
}

int apt_begin(struct apt *apt, const struct toolchain *toolchain, struct slice keyring,
	struct error *err)
{
	static const char *const update[] = {"apt-get", "-qq", "update", NULL};
	cleanup_buffer struct buffer output = {.max = MESSAGES_BYTES};
	if (store_make_temp_dir(
		    apt->store, apt->folder, sizeof(apt->folder), &apt->fd, err) < 0)
		return err->class;
	if (set_root(apt, err) < 0 || make_folders(apt, err) < 0 ||
		write_settings(apt, toolchain, err) < 0 ||
		write_keyring(apt, keyring, err) < 0 || set_environment(apt, err) < 0 ||
		confine_client(apt->fd, getenv("SSL_CERT_FILE"), &apt->rules, err) < 0 ||
		run(apt, update, UPDATE_SECONDS, &output, err) < 0)
		return err->class;
	return check_suite(apt, toolchain, err);
}

int apt_resolve(struct apt *apt, const struct recipe_list *names,
	struct toolchain_deb **ret_debs, size_t *ret_count, struct error *err)
{
	static const char *const fixed[ARGUMENTS_FIXED] = {
		"apt-get", "-qq", "--print-uris", "install", "--"};
	cleanup_buffer struct buffer output = {.max = ANSWER_BYTES};
	cleanup_mem const char **argv =
		calloc(ARGUMENTS_FIXED + names->count, sizeof(*argv));
	size_t count = 0;
	if (!argv)
		return error_set_memory(err);
	while (fixed[count]) {
		argv[count] = fixed[count];
		count++;
	}
	for (size_t i = 0; i < names->count; i++)
		argv[count++] = names->items[i];
	if (run(apt, argv, ANSWER_SECONDS, &output, err) < 0)
		return err->class;
	return toolchain_parse_uris(
		buffer_slice(&output), apt->mirror, apt->arena, ret_debs, ret_count, err);
}
