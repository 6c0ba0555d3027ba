/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/process.h"
#include "builder/source/git_private.h"
#include "builder/source/source_private.h"

#define RECORDS         "git"
#define FORMAT          "alnage-git-1"
#define COMMIT_LEN      40
#define TIMEOUT_SECONDS 3600
#define PICKS_MAX       256
#define EARLIEST_DATE   315532800 /* 1980-01-01: what zip files can tell */

/* ---- the request ---- */

int git_request(const struct recipe_source *source, char *out, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct digest digest;
	if (buffer_printf(&text, err, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n", source->uri,
		    source->tag, source->branch, source->commit,
		    source->recurse_submodules ? "true" : "false", source->sparse_paths,
		    source->cherry_picks) < 0 ||
		digest_of(DIGEST_SHA256, buffer_slice(&text), &digest, err) < 0)
		return err->class;
	(void)digest_format_hex(&digest, out);
	return 0;
}

static bool is_commit(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("0123456789abcdef", text.data[i]) || !text.data[i])
			return false;
	return text.len == COMMIT_LEN;
}

/* git-check-ref-format(1), and nothing that git could take for an option. */
static bool is_reference(struct slice name)
{
	if (!name.len || name.len > LIMIT_NAME_BYTES || !slice_is_printable(name) ||
		strchr("-/.", name.data[0]) || name.data[name.len - 1] == '/' ||
		name.data[name.len - 1] == '.' || slice_ends_with(name, SLICE(".lock")) ||
		slice_find(name, SLICE("..")) != SIZE_MAX ||
		slice_find(name, SLICE("//")) != SIZE_MAX ||
		slice_find(name, SLICE("@{")) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (strchr(" ~^:?*[\\", name.data[i]))
			return false;
	return true;
}

static int check_reference(const char *kind, const char *name, struct error *err)
{
	if (*name && !is_reference(slice_str(name)))
		return error_set(
			err, ERR_INPUT, "%s '%.128s' is no name of git's", kind, name);
	return 0;
}

static bool is_local(const struct recipe_source *source)
{
	return strncmp(source->uri, "file:///", 8) == 0;
}

static int check_request(const struct recipe_source *source,
	const struct source_options *options, struct error *err)
{
	struct slice uri = slice_str(source->uri);
	if (!slice_starts_with(uri, SLICE("https://")) && !is_local(source)) {
		error_set(err, ERR_INPUT, "repositories are fetched by https");
		return error_remedy(err, "write https:// instead");
	}
	if (!*source->commit && !options->allow_unpinned) {
		error_set(err, ERR_REFUSED, "no expected-commit: tags and branches move");
		return error_remedy(err, "add expected-commit, or --allow-unpinned");
	}
	if (*source->commit && !is_commit(slice_str(source->commit)))
		return error_set(err, ERR_INPUT,
			"expected-commit is not 40 lower-case hexadecimal digits");
	if (check_reference("tag", source->tag, err) < 0)
		return err->class;
	return check_reference("branch", source->branch, err);
}

/* ---- what was fetched before ---- */

static int read_record(
	struct slice text, struct source_result *result, char *commit, struct error *err)
{
	struct slice format, id, blob, size;
	if (!slice_word(&text, &format) || !slice_equal_str(format, FORMAT) ||
		!slice_word(&text, &id) || !is_commit(id) || !slice_word(&text, &blob) ||
		!slice_word(&text, &size))
		return error_set(err, ERR_INPUT, "malformed record");
	memcpy(commit, id.data, COMMIT_LEN);
	commit[COMMIT_LEN] = '\0';
	if (digest_parse(blob, &result->blob, err) < 0)
		return err->class;
	return slice_parse_u64(size, 10, LIMIT_SOURCE_BYTES, &result->size, err);
}

static int find_known(const char *request, struct store *store,
	struct source_result *result, char *commit, bool *ret_found, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	if (store_get_record(store, RECORDS, request, 4096, &text, ret_found, err) < 0)
		return err->class;
	if (!*ret_found)
		return 0;
	struct error damage = ERROR_INIT; /* as if it were not there */
	*ret_found = read_record(buffer_slice(&text), result, commit, &damage) == 0 &&
		     store_has_blob(store, &result->blob);
	return 0;
}

static int save_known(const char *request, struct store *store,
	const struct source_result *result, const char *commit, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];
	if (buffer_printf(&text, err, FORMAT " %s %s %llu\n", commit,
		    digest_format(&result->blob, digest),
		    (unsigned long long)result->size) < 0)
		return err->class;
	return store_put_record(store, RECORDS, request, buffer_slice(&text), err);
}

/* ---- the program ---- */

struct git {
	const struct recipe_source *source;
	const char *mirror; /* instead of https://; NULL: as the recipe says */
	struct store *store;
	struct arena *arena;
	const char **environment;
	char folder[128]; /* relative to the store */
	int home_fd, fd;  /* of the folder and of the checkout in it */
	bool whole;       /* the history was fetched to its end */
};

static void git_done(struct git *git)
{
	close_fd(&git->fd);
	close_fd(&git->home_fd);
	if (*git->folder) {
		struct error ignored = ERROR_INIT;
		/* what stays behind is swept from tmp/ later */
		(void)!fs_remove_tree(store_dirfd(git->store), git->folder, &ignored);
	}
}

static int set_variable(struct git *git, size_t *count, struct error *err,
	const char *name, const char *value)
{
	if (!value)
		return 0;
	const char *text = arena_printf(git->arena, "%s=%s", name, value);
	if (!text)
		return error_set_memory(err);
	git->environment[(*count)++] = text;
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
	{"credential.helper", ""},
	{"commit.gpgSign", "false"},
	{"user.name", "alnage"},
	{"user.email", "alnage@localhost"},
	{"submodule.recurse", "false"},
	/* cherry-picks must not depend on what the machine's git likes better */
	{"merge.renames", "true"},
	{"rerere.enabled", "false"},
};

static int set_setting(struct git *git, size_t *count, size_t at, const char *key,
	const char *value, struct error *err)
{
	char name[64];
	(void)snprintf(name, sizeof(name), "GIT_CONFIG_KEY_%zu", at); /* fits */
	if (set_variable(git, count, err, name, key) < 0)
		return err->class;
	(void)snprintf(name, sizeof(name), "GIT_CONFIG_VALUE_%zu", at); /* fits */
	return set_variable(git, count, err, name, value);
}

/*
 * A mirror stands for all of https, submodules included. It may be a folder, but what
 * names a folder itself, as a submodule can, must lead nowhere: git rewrites once.
 */
static int set_mirror(struct git *git, size_t *count, size_t *at, struct error *err)
{
	static const char nowhere[] = "url.nowhere://.insteadOf";
	const char *key = arena_printf(git->arena, "url.%s.insteadOf", git->mirror);
	if (!key)
		return error_set_memory(err);
	if (set_setting(git, count, (*at)++, key, "https://", err) < 0 ||
		set_setting(git, count, (*at)++, nowhere, "file:", err) < 0)
		return err->class;
	return set_setting(git, count, (*at)++, nowhere, "/", err);
}

static int set_settings(struct git *git, size_t *count, struct error *err)
{
	char number[32];
	size_t at = 0;
	for (; at < ARRAY_LEN(settings); at++)
		if (set_setting(git, count, at, settings[at].key, settings[at].value,
			    err) < 0)
			return err->class;
	if (git->mirror && set_mirror(git, count, &at, err) < 0)
		return err->class;
	(void)snprintf(number, sizeof(number), "%zu", at); /* fits */
	return set_variable(git, count, err, "GIT_CONFIG_COUNT", number);
}

static int set_environment(struct git *git, struct error *err)
{
	/* what the person says of the way to the network, and nothing else */
	static const char *const passed[] = {"PATH", "HTTPS_PROXY", "https_proxy",
		"ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"};
	size_t count = 0;
	const char *home =
		arena_printf(git->arena, "%s/%s", store_path(git->store), git->folder);
	git->environment =
		arena_array(git->arena, ARRAY_LEN(passed) + 2 * ARRAY_LEN(settings) + 24,
			sizeof(*git->environment));
	if (!git->environment || !home)
		return error_set_memory(err);
	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		if (set_variable(git, &count, err, passed[i], getenv(passed[i])) < 0)
			return err->class;
	if (set_variable(git, &count, err, "GIT_SSL_CAINFO", getenv("SSL_CERT_FILE")) <
			0 ||
		set_variable(git, &count, err, "HOME", home) < 0 ||
		set_variable(git, &count, err, "LC_ALL", "C") < 0 ||
		set_variable(git, &count, err, "TZ", "UTC") < 0 ||
		set_variable(git, &count, err, "GIT_CONFIG_NOSYSTEM", "1") < 0 ||
		set_variable(git, &count, err, "GIT_CONFIG_GLOBAL", "/dev/null") < 0 ||
		set_variable(git, &count, err, "GIT_ATTR_NOSYSTEM", "1") < 0 ||
		set_variable(git, &count, err, "GIT_TERMINAL_PROMPT", "0") < 0 ||
		set_variable(git, &count, err, "GIT_ASKPASS", "/bin/false") < 0 ||
		set_variable(git, &count, err, "GIT_LFS_SKIP_SMUDGE", "1") < 0 ||
		set_variable(git, &count, err, "GIT_ALLOW_PROTOCOL",
			is_local(git->source) || (git->mirror && *git->mirror == '/')
				? "https:file"
				: "https") < 0)
		return err->class;
	return set_settings(git, &count, err);
}

/* What git says, made a line of an error's text. */
static const char *last_words(const struct buffer *messages)
{
	struct slice text = slice_trim(buffer_slice(messages));
	size_t from = text.len > 600 ? text.len - 600 : 0;
	return text.len ? text.data + from : "no message";
}

/* output may be NULL. *ret_status as in process_run; failed, if wanted NULL: an error. */
static int run_git(struct git *git, const char *const *arguments, struct slice input,
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
	if (status != 0)
		return error_set(err, ERR_NETWORK, "git %s failed with status %d: %s",
			arguments[0], status, last_words(&said));
	return 0;
}

#define GIT(git, err, ...)                                                               \
	run_git((git), (const char *const[]){__VA_ARGS__, NULL}, SLICE_EMPTY, NULL,      \
		NULL, (err))
#define GIT_TRY(git, ret_status, err, ...)                                               \
	run_git((git), (const char *const[]){__VA_ARGS__, NULL}, SLICE_EMPTY, NULL,      \
		(ret_status), (err))

/* The object that the expression names; *ret_found false if there is none. */
static int find_object(struct git *git, const char *expression, char *ret_commit,
	bool *ret_found, struct error *err)
{
	cleanup_buffer struct buffer output = {.max = 4096};
	int status = 0;
	const char *const arguments[] = {
		"rev-parse", "--verify", "--quiet", "--end-of-options", expression, NULL};
	if (run_git(git, arguments, SLICE_EMPTY, &output, &status, err) < 0)
		return err->class;
	struct slice id = slice_trim(buffer_slice(&output));
	*ret_found = status == 0 && is_commit(id);
	if (*ret_found) {
		memcpy(ret_commit, id.data, COMMIT_LEN);
		ret_commit[COMMIT_LEN] = '\0';
	}
	return 0;
}

static int need_object(
	struct git *git, const char *expression, char *ret_commit, struct error *err)
{
	bool found = false;
	if (find_object(git, expression, ret_commit, &found, err) < 0)
		return err->class;
	return found ? 0
		     : error_set(err, ERR_INPUT, "the repository has no %s", expression);
}

/* ---- fetching ---- */

static int begin(struct git *git, struct error *err)
{
	if (store_make_temp_dir(git->store, git->folder, sizeof(git->folder),
		    &git->home_fd, err) < 0 ||
		fs_make_dirs(git->home_fd, "checkout", 0755, &git->fd, err) < 0 ||
		set_environment(git, err) < 0 || GIT(git, err, "init", "--quiet") < 0)
		return err->class;
	return GIT(git, err, "remote", "add", "--", "origin", git->source->uri);
}

/* "--depth=…" as asked for, or 1. */
static int first_depth(struct git *git, const char **ret_option, struct error *err)
{
	struct error ignored = ERROR_INIT;
	uint64_t depth = 1;
	const char *text = git->source->depth;
	if (*text && strcmp(text, "unset") != 0 && strcmp(text, "-1") != 0 &&
		(slice_parse_u64(slice_str(text), 10, INT32_MAX, &depth, &ignored) < 0 ||
			depth == 0))
		return error_set(err, ERR_INPUT, "depth '%.32s' is no number", text);
	git->whole = strcmp(text, "-1") == 0;
	*ret_option = git->whole ? "--no-tags"
				 : arena_printf(git->arena, "--depth=%llu",
					   (unsigned long long)depth);
	return *ret_option ? 0 : error_set_memory(err);
}

static int fetch_reference(struct git *git, const char *from, const char *to,
	const char *depth, struct error *err)
{
	const char *both = arena_printf(git->arena, "+%s:%s", from, to);
	if (!both)
		return error_set_memory(err);
	return GIT(git, err, "fetch", "--quiet", "--no-tags", depth,
		"--no-recurse-submodules", "origin", both);
}

/* All that leads to what was fetched; nothing happens the second time. */
static int fetch_whole(
	struct git *git, const char *from, const char *to, struct error *err)
{
	bool shallow = fs_exists(git->fd, ".git/shallow");
	if (git->whole && !shallow)
		return 0;
	git->whole = true;
	return fetch_reference(git, from, to, shallow ? "--unshallow" : "--no-tags", err);
}

static int fetch_tag(struct git *git, char *ret_commit, struct error *err)
{
	const struct recipe_source *source = git->source;
	const char *name = arena_printf(git->arena, "refs/tags/%s", source->tag);
	const char *peeled =
		arena_printf(git->arena, "refs/tags/%s^{commit}", source->tag);
	char object[COMMIT_LEN + 1];
	const char *depth;
	if (!name || !peeled)
		return error_set_memory(err);
	if (first_depth(git, &depth, err) < 0 ||
		fetch_reference(git, name, name, depth, err) < 0 ||
		need_object(git, name, object, err) < 0 ||
		need_object(git, peeled, ret_commit, err) < 0)
		return err->class;
	if (!*source->commit || strcmp(source->commit, ret_commit) == 0)
		return 0;
	if (strcmp(source->commit, object) == 0) {
		log_warning("%s: %s is the annotated tag %s, not its commit %s",
			source->uri, source->commit, source->tag, ret_commit);
		return 0;
	}
	error_set(err, ERR_INPUT, "tag %s is commit %s, not %s", source->tag, ret_commit,
		source->commit);
	return error_remedy(err, "find out who moved the tag before changing the recipe");
}

static int fetch_branch(struct git *git, char *ret_commit, struct error *err)
{
	const struct recipe_source *source = git->source;
	const char *from = arena_printf(git->arena, "refs/heads/%s", source->branch);
	static const char to[] = "refs/remotes/origin/wanted";
	const char *depth;
	int status = 0;
	if (!from)
		return error_set_memory(err);
	if (first_depth(git, &depth, err) < 0 ||
		fetch_reference(git, from, to, depth, err) < 0 ||
		need_object(git, to, ret_commit, err) < 0)
		return err->class;
	if (!*source->commit || strcmp(source->commit, ret_commit) == 0)
		return 0;
	if (fetch_whole(git, from, to, err) < 0 ||
		GIT_TRY(git, &status, err, "merge-base", "--is-ancestor", source->commit,
			to) < 0)
		return err->class;
	if (status != 0)
		return error_set(err, ERR_INPUT, "branch %s does not lead to commit %s",
			source->branch, source->commit);
	memcpy(ret_commit, source->commit, COMMIT_LEN + 1);
	return 0;
}

/* By its name alone: from servers that hand out any commit, else through the default
 * branch. */
static int fetch_commit(struct git *git, char *ret_commit, struct error *err)
{
	const struct recipe_source *source = git->source;
	const char *wanted = *source->commit ? source->commit : "HEAD";
	static const char to[] = "refs/remotes/origin/wanted";
	const char *depth, *peeled;
	struct error first = ERROR_INIT;
	if (first_depth(git, &depth, err) < 0)
		return err->class;
	if (fetch_reference(git, wanted, to, depth, &first) == 0)
		return need_object(
			git, "refs/remotes/origin/wanted^{commit}", ret_commit, err);
	if (!*source->commit || fetch_reference(git, "refs/heads/*",
					"refs/remotes/origin/*", "--no-tags", err) < 0) {
		if (!error_is_set(err))
			*err = first;
		return err->class;
	}
	git->whole = true;
	peeled = arena_printf(git->arena, "%s^{commit}", source->commit);
	return peeled ? need_object(git, peeled, ret_commit, err) : error_set_memory(err);
}

/* ---- on top of it ---- */

static int set_sparse(struct git *git, struct error *err)
{
	cleanup_buffer struct buffer list = BUFFER_INIT;
	struct slice rest = slice_str(git->source->sparse_paths), path;
	static const char *const arguments[] = {
		"sparse-checkout", "set", "--cone", "--stdin", NULL};
	while (slice_word(&rest, &path))
		if (buffer_add_slice(&list, path, err) < 0 ||
			buffer_add_byte(&list, '\n', err) < 0)
			return err->class;
	if (!list.len)
		return 0;
	return run_git(git, arguments, buffer_slice(&list), NULL, NULL, err);
}

static int set_submodules(struct git *git, struct error *err)
{
	int status = 0;
	if (!git->source->recurse_submodules)
		return 0;
	if (GIT_TRY(git, &status, err, "submodule", "--quiet", "update", "--init",
		    "--recursive", "--depth=1") < 0 ||
		status == 0)
		return err->class;
	/* a server may not hand out single commits */
	return GIT(git, err, "submodule", "--quiet", "update", "--init", "--recursive");
}

/* The commit and its parent have to be there. */
static int fetch_pick(
	struct git *git, struct slice branch, const char *commit, struct error *err)
{
	static const char to[] = "refs/remotes/origin/picked";
	struct error first = ERROR_INIT;
	if (fetch_reference(git, commit, to, "--depth=2", &first) == 0)
		return 0;
	if (!branch.len) {
		*err = first;
		return err->class;
	}
	const char *from = arena_printf(git->arena, "refs/heads/%.*s", SLICE_ARG(branch));
	if (!from)
		return error_set_memory(err);
	/* the rest of a history that was cut must come, too */
	return fetch_reference(git, from, to,
		fs_exists(git->fd, ".git/shallow") ? "--unshallow" : "--no-tags", err);
}

/* "[branch/]commit: comment" */
static int pick(struct git *git, struct slice line, struct error *err)
{
	struct slice rest = line, name, branch = SLICE_EMPTY;
	if (!slice_cut(&rest, ':', &name) || !slice_trim(rest).len)
		return error_set(err, ERR_INPUT,
			"cherry-pick '%.*s' is not \"[branch/]commit: comment\"",
			SLICE_ARG(line));
	name = slice_trim(name);
	struct slice id = name;
	if (name.len > COMMIT_LEN) {
		id = slice_sub(name, name.len - COMMIT_LEN, COMMIT_LEN);
		branch = slice_sub(name, 0, name.len - COMMIT_LEN - 1);
		if (name.data[branch.len] != '/' || !is_reference(branch))
			id = SLICE_EMPTY;
	}
	if (!is_commit(id))
		return error_set(err, ERR_INPUT,
			"cherry-pick '%.*s' names no whole commit", SLICE_ARG(line));
	const char *commit = arena_strndup(git->arena, id);
	if (!commit)
		return error_set_memory(err);
	if (fetch_pick(git, branch, commit, err) < 0 ||
		GIT(git, err, "cherry-pick", "--no-commit", commit) < 0)
		return error_wrap(err, "cherry-pick %s", commit);
	return 0;
}

static int pick_all(struct git *git, struct error *err)
{
	struct slice rest = slice_str(git->source->cherry_picks), line;
	for (size_t count = 0; slice_cut(&rest, '\n', &line);) {
		line = slice_trim(line);
		if (!line.len || line.data[0] == '#')
			continue;
		if (++count > PICKS_MAX)
			return error_set(
				err, ERR_INPUT, "more than %d cherry-picks", PICKS_MAX);
		if (pick(git, line, err) < 0)
			return err->class;
	}
	return 0;
}

static int read_date(
	struct git *git, const char *commit, int64_t *ret_date, struct error *err)
{
	cleanup_buffer struct buffer output = {.max = 4096};
	const char *const arguments[] = {"show", "--no-patch", "--no-show-signature",
		"--format=%ct", commit, NULL};
	uint64_t date = 0;
	if (run_git(git, arguments, SLICE_EMPTY, &output, NULL, err) < 0 ||
		slice_parse_u64(
			slice_trim(buffer_slice(&output)), 10, INT32_MAX, &date, err) < 0)
		return error_wrap(err, "date of commit %s", commit);
	*ret_date = date > EARLIEST_DATE ? (int64_t)date : EARLIEST_DATE; /* 31 bits */
	return 0;
}

static int check_out(struct git *git, struct source_result *result, char *ret_commit,
	struct error *err)
{
	const struct recipe_source *source = git->source;
	char head[COMMIT_LEN + 1];
	int64_t date = 0;
	if (begin(git, err) < 0)
		return err->class;
	int status = *source->tag      ? fetch_tag(git, ret_commit, err)
		     : *source->branch ? fetch_branch(git, ret_commit, err)
				       : fetch_commit(git, ret_commit, err);
	if (status < 0 || set_sparse(git, err) < 0 ||
		GIT(git, err, "checkout", "--quiet", "--detach", ret_commit) < 0 ||
		need_object(git, "HEAD^{commit}", head, err) < 0)
		return err->class;
	if (strcmp(head, ret_commit) != 0)
		return error_set(
			err, ERR_INPUT, "git checked %s out, not %s", head, ret_commit);
	if (set_submodules(git, err) < 0 || pick_all(git, err) < 0 ||
		read_date(git, ret_commit, &date, err) < 0)
		return err->class;
	return git_tar(git->fd, date, git->store, &result->blob, &result->size, err);
}

/* ---- places ---- */

/* "https://mirror/" or "/folder/": what stands for "https://". */
static int mirror_base(
	struct arena *arena, const char *mirror, const char **ret_base, struct error *err)
{
	struct slice prefix = slice_str(mirror);
	cleanup_mem char *path = NULL;
	if (!source_is_url(mirror)) {
		path = realpath(mirror, NULL);
		if (!path)
			return error_set_errno(err, errno, "source mirror %s", mirror);
		prefix = slice_str(path);
	}
	while (prefix.len && prefix.data[prefix.len - 1] == '/')
		prefix.len--;
	*ret_base = arena_printf(arena, "%.*s/", SLICE_ARG(prefix));
	return *ret_base ? 0 : error_set_memory(err);
}

/* mirror NULL: the repository that the recipe names. */
static int fetch_from(const char *mirror, const struct recipe_source *source,
	struct store *store, struct source_result *result, char *ret_commit,
	struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	if (arena_new(&arena, err) < 0)
		return err->class;
	CLEANUP(git_done)
	struct git git = {.source = source,
		.store = store,
		.arena = arena,
		.home_fd = -1,
		.fd = -1};
	if ((mirror && mirror_base(arena, mirror, &git.mirror, err) < 0) ||
		check_out(&git, result, ret_commit, err) < 0)
		return err->class;
	return 0;
}

/* The i-th place to try; NULL: the repository that the recipe names. */
static const char *place(const struct source_options *options, size_t mirrors, size_t i)
{
	if (options->upstream_last)
		return i < mirrors ? options->source_mirrors[i] : NULL;
	return i ? options->source_mirrors[i - 1] : NULL;
}

/* Mirrors are believed for what has a commit. A place that did not answer, or has no such
 * thing, is followed by the next. */
static int fetch_new(const struct recipe_source *source,
	const struct source_options *options, struct store *store,
	struct source_result *result, char *ret_commit, struct error *err)
{
	cleanup_task struct log_task *task = log_task_begin("git %s", source->file_name);
	cleanup_buffer struct buffer reasons = BUFFER_INIT;
	size_t mirrors =
		*source->commit && !is_local(source) ? options->source_mirror_count : 0;
	for (size_t i = 0; i <= mirrors; i++) {
		struct error why = ERROR_INIT;
		const char *mirror = place(options, mirrors, i);
		log_task_step(task, "%s", mirror ? mirror : source->uri);
		if (fetch_from(mirror, source, store, result, ret_commit, &why) == 0) {
			log_task_done(task, "%.12s, %llu bytes", ret_commit,
				(unsigned long long)result->size);
			return 0;
		}
		if (why.class != ERR_NETWORK || mirrors == 0) {
			*err = why;
			return mirror ? error_wrap(err, "source mirror %s", mirror)
				      : err->class;
		}
		if (buffer_printf(&reasons, err, "%s%s: %s", reasons.len ? "; " : "",
			    mirror ? mirror : source->uri, why.text) < 0)
			return err->class;
	}
	return error_set(err, ERR_NETWORK, "%s", buffer_str(&reasons));
}

int git_fetch(const struct recipe_source *source, const struct source_options *options,
	struct store *store, struct source_result *ret_result, char *ret_commit,
	struct error *err)
{
	struct source_result result = {0};
	char request[DIGEST_TEXT_MAX], commit[COMMIT_LEN + 1] = "";
	bool found = false;
	if (check_request(source, options, err) < 0 ||
		git_request(source, request, err) < 0 ||
		(*source->commit &&
			find_known(request, store, &result, commit, &found, err) < 0))
		return error_wrap(err, "%s", source->uri);
	if (!found && options->offline) {
		error_set(err, ERR_NETWORK, "%s (%s) is not in the store", source->uri,
			*source->commit ? source->commit : "no commit");
		return error_remedy(err, "run once without --offline");
	}
	if (!found) {
		if (fetch_new(source, options, store, &result, commit, err) < 0)
			return error_wrap(err, "%s", source->uri);
		if (*source->commit &&
			save_known(request, store, &result, commit, err) < 0)
			return err->class;
		result.url = strdup(source->uri);
		if (!result.url)
			return error_set_memory(err);
	}
	*ret_result = result;
	memcpy(ret_commit, commit, sizeof(commit));
	return 0;
}
