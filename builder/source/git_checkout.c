/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/retry.h"
#include "builder/source/git_private.h"

#define PICKS_MAX     256
#define EARLIEST_DATE 315532800 /* 1980-01-01: what zip files can tell */

/* ---- fetching ---- */

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
	char object[GIT_COMMIT_LEN + 1];
	const char *depth;
	if (!name || !peeled)
		return error_set_memory(err);
	if (first_depth(git, &depth, err) < 0 ||
		fetch_reference(git, name, name, depth, err) < 0 ||
		git_need_object(git, name, object, err) < 0 ||
		git_need_object(git, peeled, ret_commit, err) < 0)
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
		git_need_object(git, to, ret_commit, err) < 0)
		return err->class;
	if (!*source->commit || strcmp(source->commit, ret_commit) == 0)
		return 0;
	if (source->branch_tip)
		return error_set(err, ERR_INPUT, "branch %s ends in commit %s, not %s",
			source->branch, ret_commit, source->commit);
	if (fetch_whole(git, from, to, err) < 0 ||
		GIT_TRY(git, &status, err, "merge-base", "--is-ancestor", source->commit,
			to) < 0)
		return err->class;
	if (status != 0)
		return error_set(err, ERR_INPUT, "branch %s does not lead to commit %s",
			source->branch, source->commit);
	memcpy(ret_commit, source->commit, GIT_COMMIT_LEN + 1);
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
		return git_need_object(
			git, "refs/remotes/origin/wanted^{commit}", ret_commit, err);
	/* a busy server is not asked for everything instead */
	if (!*source->commit || retry_error_is_transient(&first) ||
		fetch_reference(git, "refs/heads/*", "refs/remotes/origin/*", "--no-tags",
			err) < 0) {
		if (!error_is_set(err))
			*err = first;
		return err->class;
	}
	git->whole = true;
	peeled = arena_printf(git->arena, "%s^{commit}", source->commit);
	return peeled ? git_need_object(git, peeled, ret_commit, err)
		      : error_set_memory(err);
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
	return git_run(git, arguments, buffer_slice(&list), NULL, NULL, err);
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

static int pick(struct git *git, struct slice line, struct error *err)
{
	struct git_pick pick;
	if (git_pick_read(line, &pick, err) < 0)
		return err->class;
	const char *commit = arena_strndup(git->arena, pick.commit);
	if (!commit)
		return error_set_memory(err);
	if (fetch_pick(git, pick.branch, commit, err) < 0 ||
		GIT(git, err, "cherry-pick", "-x", "--allow-empty-message", commit) < 0)
		return error_wrap(err, "cherry-pick %s", commit);
	return 0;
}

static int pick_all(struct git *git, struct error *err)
{
	struct slice rest = slice_str(git->source->cherry_picks), line;
	for (size_t count = 0; git_pick_next(&rest, &line);) {
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
	if (git_run(git, arguments, SLICE_EMPTY, &output, NULL, err) < 0 ||
		slice_parse_u64(
			slice_trim(buffer_slice(&output)), 10, INT32_MAX, &date, err) < 0)
		return error_wrap(err, "date of commit %s", commit);
	*ret_date = date > EARLIEST_DATE ? (int64_t)date : EARLIEST_DATE; /* 31 bits */
	return 0;
}

static int check_out_commit(struct git *git, const char *commit, struct error *err)
{
	char head[GIT_COMMIT_LEN + 1];
	if (set_sparse(git, err) < 0 ||
		GIT(git, err, "checkout", "--quiet", "--detach", commit) < 0 ||
		git_need_object(git, "HEAD^{commit}", head, err) < 0)
		return err->class;
	if (strcmp(head, commit) != 0)
		return error_set(
			err, ERR_INPUT, "git checked %s out, not %s", head, commit);
	return 0;
}

int git_check_out(struct git *git, struct git_record *ret_record, struct error *err)
{
	const struct recipe_source *source = git->source;
	cleanup_buffer struct buffer history = BUFFER_INIT;
	struct git_record record = {0};
	int64_t date = 0;
	if (git_begin(git, err) < 0)
		return err->class;
	int status = *source->tag      ? fetch_tag(git, record.commit, err)
		     : *source->branch ? fetch_branch(git, record.commit, err)
				       : fetch_commit(git, record.commit, err);
	if (status < 0 || check_out_commit(git, record.commit, err) < 0 ||
		read_date(git, record.commit, &date, err) < 0 ||
		git_set_date(git, date, err) < 0 || set_submodules(git, err) < 0 ||
		pick_all(git, err) < 0 ||
		git_history(git, record.commit, date, &history, err) < 0 ||
		git_tar(git->fd, date, buffer_slice(&history), git->store, &record, err) <
			0)
		return err->class;
	*ret_record = record;
	return 0;
}
