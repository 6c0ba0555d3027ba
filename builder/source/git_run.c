/* SPDX-License-Identifier: Apache-2.0 */
#include "base/confine.h"
#include "base/limits.h"
#include "base/process.h"
#include "builder/source/git_private.h"

#define TIMEOUT_SECONDS 3600

void git_done(struct git *git)
{
	close_fd(&git->fd);
	close_fd(&git->home_fd);
	close_fd(&git->rules);
	if (*git->folder) {
		struct error ignored = ERROR_INIT;
		/* what stays behind is swept from tmp/ later */
		(void)!fs_remove_tree(store_dirfd(git->store), git->folder, &ignored);
	}
}

static int set_variable(
	struct git *git, struct error *err, const char *name, const char *value)
{
	if (!value)
		return 0;
	const char *text = arena_printf(git->arena, "%s=%s", name, value);
	if (!text)
		return error_set_memory(err);
	git->environment[git->environment_count++] = text;
	return 0;
}

/* Settings go by the environment: they win over those of the repository itself. */
static const struct {
	const char *key, *value;
} settings[] = {
	{"core.hooksPath", "/dev/null"},
	{"core.fsmonitor", "false"},
	{"core.autocrlf", "false"},
	{"core.attributesFile", "/dev/null"},
	{"core.excludesFile", "/dev/null"},
	{"core.fileMode", "true"},
	{"core.symlinks", "true"},
	{"advice.detachedHead", "false"},
	{"init.defaultBranch", "main"},
	{"init.templateDir", ""},
	{"gc.auto", "0"},
	{"maintenance.auto", "false"},
	{"http.followRedirects", "initial"},
	/* a server may say little while it computes: keep-alives, now and then */
	{"http.lowSpeedLimit", "1"},
	{"http.lowSpeedTime", "120"},
	{"credential.helper", ""},
	{"commit.gpgSign", "false"},
	{"user.name", "alnage"},
	{"user.email", "alnage@localhost"},
	{"submodule.recurse", "false"},
	/* cherry-picks must not depend on what the machine's git likes better */
	{"merge.renames", "true"},
	{"rerere.enabled", "false"},
};

static int set_setting(
	struct git *git, size_t at, const char *key, const char *value, struct error *err)
{
	char name[64];
	(void)snprintf(name, sizeof(name), "GIT_CONFIG_KEY_%zu", at); /* fits */
	if (set_variable(git, err, name, key) < 0)
		return err->class;
	(void)snprintf(name, sizeof(name), "GIT_CONFIG_VALUE_%zu", at); /* fits */
	return set_variable(git, err, name, value);
}

/*
 * A mirror stands for all of the network, submodules included. It may be a folder, but
 * what names a folder itself, as a submodule can, must lead nowhere: git rewrites once.
 */
static int set_mirror(struct git *git, size_t *at, struct error *err)
{
	static const char nowhere[] = "url.nowhere://.insteadOf";
	static const char *const replaced[] = {"https://", "http://", "git://"};
	const char *key = arena_printf(git->arena, "url.%s.insteadOf", git->mirror);
	if (!key)
		return error_set_memory(err);
	for (size_t i = 0; i < ARRAY_LEN(replaced); i++)
		if (set_setting(git, (*at)++, key, replaced[i], err) < 0)
			return err->class;
	if (set_setting(git, (*at)++, nowhere, "file:", err) < 0)
		return err->class;
	return set_setting(git, (*at)++, nowhere, "/", err);
}

static int set_settings(struct git *git, struct error *err)
{
	char number[32];
	size_t at = 0;
	for (; at < ARRAY_LEN(settings); at++)
		if (set_setting(git, at, settings[at].key, settings[at].value, err) < 0)
			return err->class;
	if (git->mirror && set_mirror(git, &at, err) < 0)
		return err->class;
	(void)snprintf(number, sizeof(number), "%zu", at); /* fits */
	return set_variable(git, err, "GIT_CONFIG_COUNT", number);
}

/*
 * What of this machine git may read to fetch. A mirror is a folder of the person's, and
 * its symlinks lead where the person wants. A recipe's own repository is read alone: what
 * its .git, alternates or symlinks point to elsewhere is not; with submodules, what lies
 * beside it.
 */
static const char *readable(struct git *git)
{
	cleanup_mem char *path = NULL;
	if (git->mirror)
		return *git->mirror == '/' ? "/" : NULL;
	if (!git_is_local(git->source) ||
		!(path = realpath(git->source->uri + strlen("file://"), NULL)))
		return NULL; /* git says that there is none */
	char *slash = strrchr(path, '/');
	if (git->source->recurse_submodules)
		slash[slash == path] = '\0'; /* there is one: the path is absolute */
	return arena_strdup(git->arena, path);
}

static bool is_on_machine(const struct git *git)
{
	return git_is_local(git->source) || (git->mirror && *git->mirror == '/');
}

static int set_environment(struct git *git, struct error *err)
{
	/* what the person says of the way to the network, and nothing else */
	static const char *const passed[] = {"PATH", "HTTPS_PROXY", "https_proxy",
		"ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"};
	const char *home =
		arena_printf(git->arena, "%s/%s", store_path(git->store), git->folder);
	git->environment =
		arena_array(git->arena, ARRAY_LEN(passed) + 2 * ARRAY_LEN(settings) + 32,
			sizeof(*git->environment));
	if (!git->environment || !home)
		return error_set_memory(err);
	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		if (set_variable(git, err, passed[i], getenv(passed[i])) < 0)
			return err->class;
	if (set_variable(git, err, "GIT_SSL_CAINFO", getenv("SSL_CERT_FILE")) < 0 ||
		set_variable(git, err, "HOME", home) < 0 ||
		set_variable(git, err, "LC_ALL", "C") < 0 ||
		set_variable(git, err, "TZ", "UTC") < 0 ||
		set_variable(git, err, "GIT_CONFIG_NOSYSTEM", "1") < 0 ||
		set_variable(git, err, "GIT_CONFIG_GLOBAL", "/dev/null") < 0 ||
		set_variable(git, err, "GIT_ATTR_NOSYSTEM", "1") < 0 ||
		set_variable(git, err, "GIT_TERMINAL_PROMPT", "0") < 0 ||
		set_variable(git, err, "GIT_ASKPASS", "/bin/false") < 0 ||
		set_variable(git, err, "GIT_LFS_SKIP_SMUDGE", "1") < 0 ||
		set_variable(git, err, "GIT_ALLOW_PROTOCOL",
			is_on_machine(git) ? "https:file" : "https") < 0)
		return err->class;
	return set_settings(git, err);
}

int git_set_date(struct git *git, int64_t date, struct error *err)
{
	const char *text = arena_printf(git->arena, "%lld +0000", (long long)date);
	return text ? set_variable(git, err, "GIT_COMMITTER_DATE", text)
		    : error_set_memory(err);
}

/* What git says, made a line of an error's text. */
static const char *last_words(const struct buffer *messages)
{
	struct slice text = slice_trim(buffer_slice(messages));
	size_t from = text.len > 600 ? text.len - 600 : 0;
	return text.len ? text.data + from : "no message";
}

static bool says(const struct buffer *said, const char *words)
{
	return slice_find(buffer_slice(said), slice_str(words)) != SIZE_MAX;
}

static int fail(struct git *git, const char *command, int status,
	const struct buffer *said, struct error *err)
{
	(void)error_set(err, ERR_NETWORK, "git %s failed with status %d: %s", command,
		status, last_words(said));
	if (is_on_machine(git) || !git_words_are_transient(buffer_slice(said)))
		err->sys = EREMOTEIO;
	if (git_is_local(git->source) &&
		(says(said, "Permission denied") || says(said, "not a git repository")))
		(void)error_remedy(err,
			"a repository of this machine is read alone, without what its "
			".git, alternates or links lead to: make a whole one with "
			"'git clone --bare --no-local'");
	return err->class;
}

/* output may be NULL. *ret_status as in process_run; failed, if wanted NULL: an error. */
int git_run(struct git *git, const char *const *arguments, struct slice input,
	struct buffer *output, int *ret_status, struct error *err)
{
	const char *argv[32] = {"git"};
	cleanup_buffer struct buffer said = {.max = MIB}, dropped = {.max = MIB};
	int status = 0;
	for (size_t i = 0; arguments[i]; i++) {
		if (i + 2 >= ARRAY_LEN(argv))
			return error_set(err, ERR_BUG, "git: too many arguments");
		argv[i + 1] = arguments[i];
	}
	struct process_options options = {.argv = argv,
		.environment = git->environment,
		.cwd_fd = git->fd,
		.rules = git->rules,
		.input = input,
		.output = output ? output : &dropped,
		.messages = &said,
		.timeout_seconds = TIMEOUT_SECONDS};
	if (process_run(&options, &status, err) < 0) {
		error_remedy(err, "install git");
		return error_wrap(err, "git %s", arguments[0]);
	}
	if (ret_status) {
		*ret_status = status;
		return 0;
	}
	return status ? fail(git, arguments[0], status, &said, err) : 0;
}

/* The object that the expression names; *ret_found false if there is none. */
int git_find_object(struct git *git, const char *expression, char *ret_commit,
	bool *ret_found, struct error *err)
{
	cleanup_buffer struct buffer output = {.max = 4096};
	int status = 0;
	const char *const arguments[] = {
		"rev-parse", "--verify", "--quiet", "--end-of-options", expression, NULL};
	if (git_run(git, arguments, SLICE_EMPTY, &output, &status, err) < 0)
		return err->class;
	struct slice id = slice_trim(buffer_slice(&output));
	*ret_found = status == 0 && git_is_commit(id);
	if (*ret_found) {
		memcpy(ret_commit, id.data, GIT_COMMIT_LEN);
		ret_commit[GIT_COMMIT_LEN] = '\0';
	}
	return 0;
}

int git_need_object(
	struct git *git, const char *expression, char *ret_commit, struct error *err)
{
	bool found = false;
	if (git_find_object(git, expression, ret_commit, &found, err) < 0)
		return err->class;
	return found ? 0
		     : error_set(err, ERR_INPUT, "the repository has no %s", expression);
}

/* Nothing of the person's, but the repository itself if it is on this machine. */
static int set_rules(struct git *git, struct error *err)
{
	return confine_client(git->home_fd,
		is_on_machine(git) ? readable(git) : getenv("SSL_CERT_FILE"), &git->rules,
		err);
}

int git_begin(struct git *git, struct error *err)
{
	if (store_make_temp_dir(git->store, git->folder, sizeof(git->folder),
		    &git->home_fd, err) < 0 ||
		fs_make_dirs(git->home_fd, "checkout", 0755, &git->fd, err) < 0 ||
		set_environment(git, err) < 0 || set_rules(git, err) < 0 ||
		GIT(git, err, "init", "--quiet") < 0)
		return err->class;
	return GIT(git, err, "remote", "add", "--", "origin", git->source->uri);
}
