/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of git sources: git.c (what is asked for and remembered), git_lines.c
 * (what git's words look like), git_run.c (the program), git_checkout.c (fetching and
 * checking out), git_history.c (the little history that goes along), git_tar.c (the
 * result).
 */
#ifndef BUILDER_SOURCE_GIT_PRIVATE_H
#define BUILDER_SOURCE_GIT_PRIVATE_H

#include "base/fs.h"
#include "builder/source/git.h"

#define GIT_COMMIT_LEN 40

/* ---- git_lines.c ---- */

/* 40 lower-case hexadecimal digits */
bool git_is_commit(struct slice text);
/* git-check-ref-format(1), and nothing that git could take for an option. */
bool git_is_reference(struct slice name);

/* "alnage-git-2 <commit> <blob> <tree> <size>\n": a checkout that was fetched before. */
struct git_record {
	char commit[GIT_COMMIT_LEN + 1];
	struct digest blob; /* the tar with its .git */
	struct digest tree; /* the tar without */
	uint64_t size;      /* of the blob */
};
MUST_USE int git_record_read(
	struct slice text, struct git_record *ret_record, struct error *err);
MUST_USE int git_record_write(
	const struct git_record *record, struct buffer *out, struct error *err);

/* "[branch/]commit: comment" */
struct git_pick {
	struct slice branch; /* empty if not given */
	struct slice commit;
};
MUST_USE int git_pick_read(
	struct slice line, struct git_pick *ret_pick, struct error *err);
/* The next line that is neither empty nor a comment; false at the end. */
bool git_pick_next(struct slice *rest, struct slice *ret_line);

/* Does what git said of a failure tell of one that may pass: a server that is busy, a
 * connection that broke off? */
bool git_words_are_transient(struct slice words);

/* ---- git_run.c ---- */

struct git {
	const struct recipe_source *source;
	const char *mirror; /* instead of https://; NULL: as the recipe says */
	struct store *store;
	struct arena *arena;
	const char **environment;
	size_t environment_count;
	char folder[128]; /* relative to the store */
	int home_fd, fd;  /* of the folder and of the checkout in it */
	int rules;        /* what the program may do */
	bool whole;       /* the history was fetched to its end */
};
/* An empty repository with the remote "origin". */
MUST_USE int git_begin(struct git *git, struct error *err);
void git_done(struct git *git);
/* Commits that are made from now on have this date. */
MUST_USE int git_set_date(struct git *git, int64_t date, struct error *err);
/*
 * output may be NULL. *ret_status as in process_run; if ret_status is NULL, any status
 * but 0 is an ERR_NETWORK with git's own words, and with a sys unless it may pass.
 */
MUST_USE int git_run(struct git *git, const char *const *arguments, struct slice input,
	struct buffer *output, int *ret_status, struct error *err);
#define GIT(git, err, ...)                                                               \
	git_run((git), (const char *const[]){__VA_ARGS__, NULL}, SLICE_EMPTY, NULL,      \
		NULL, (err))
#define GIT_TRY(git, ret_status, err, ...)                                               \
	git_run((git), (const char *const[]){__VA_ARGS__, NULL}, SLICE_EMPTY, NULL,      \
		(ret_status), (err))
#define GIT_READ(git, output, err, ...)                                                  \
	git_run((git), (const char *const[]){__VA_ARGS__, NULL}, SLICE_EMPTY, (output),  \
		NULL, (err))
/* The object that the expression names; *ret_found false if there is none. */
MUST_USE int git_find_object(struct git *git, const char *expression, char *ret_commit,
	bool *ret_found, struct error *err);
MUST_USE int git_need_object(
	struct git *git, const char *expression, char *ret_commit, struct error *err);

/* Only file:///, and then its submodules may be local, too. */
bool git_is_local(const struct recipe_source *source);

/* ---- git_checkout.c ---- */

/* ret_record->commit is what was asked for, before cherry-picks. */
MUST_USE int git_check_out(
	struct git *git, struct git_record *ret_record, struct error *err);

/* ---- git_history.c ---- */

/*
 * Tar entries of a .git for the checkout of `base`, on which nothing but cherry-picks
 * was committed: see git.h. Appends.
 */
MUST_USE int git_history(struct git *git, const char *base, int64_t date,
	struct buffer *out, struct error *err);

/* ---- git_tar.c ---- */

/* All below dirfd but .git at any depth, as a canonical tar in the store, with `extra`
 * entries at its end. *ret_tree is what the digest would be without these. */
MUST_USE int git_tar(int dirfd, int64_t mtime, struct slice extra, struct store *store,
	struct git_record *ret_record, struct error *err);

#endif
