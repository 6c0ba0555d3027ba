/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/retry.h"
#include "builder/source/git_private.h"

#define FORMAT "alnage-git-2"

bool git_is_commit(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("0123456789abcdef", text.data[i]) || !text.data[i])
			return false;
	return text.len == GIT_COMMIT_LEN;
}

bool git_is_reference(struct slice name)
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

/* ---- what is remembered ---- */

int git_record_read(struct slice text, struct git_record *ret_record, struct error *err)
{
	struct git_record record = {0};
	struct slice format, id, blob, tree, size;
	if (!slice_word(&text, &format) || !slice_equal_str(format, FORMAT) ||
		!slice_word(&text, &id) || !git_is_commit(id) ||
		!slice_word(&text, &blob) || !slice_word(&text, &tree) ||
		!slice_word(&text, &size) || slice_trim(text).len)
		return error_set(err, ERR_INPUT, "malformed record");
	memcpy(record.commit, id.data, GIT_COMMIT_LEN);
	if (digest_parse(blob, &record.blob, err) < 0 ||
		digest_parse(tree, &record.tree, err) < 0 ||
		slice_parse_u64(size, 10, LIMIT_SOURCE_BYTES, &record.size, err) < 0)
		return err->class;
	*ret_record = record;
	return 0;
}

int git_record_write(
	const struct git_record *record, struct buffer *out, struct error *err)
{
	char blob[DIGEST_TEXT_MAX], tree[DIGEST_TEXT_MAX];
	return buffer_printf(out, err, FORMAT " %s %s %s %llu\n", record->commit,
		digest_format(&record->blob, blob), digest_format(&record->tree, tree),
		(unsigned long long)record->size);
}

/* ---- cherry-picks ---- */

int git_pick_read(struct slice line, struct git_pick *ret_pick, struct error *err)
{
	struct slice rest = line, name;
	struct git_pick pick = {0};
	if (!slice_cut(&rest, ':', &name) || !slice_trim(rest).len)
		return error_set(err, ERR_INPUT,
			"cherry-pick '%.*s' is not \"[branch/]commit: comment\"",
			SLICE_ARG(line));
	name = slice_trim(name);
	pick.commit = name;
	if (name.len > GIT_COMMIT_LEN) {
		pick.commit = slice_sub(name, name.len - GIT_COMMIT_LEN, GIT_COMMIT_LEN);
		pick.branch = slice_sub(name, 0, name.len - GIT_COMMIT_LEN - 1);
		if (name.data[pick.branch.len] != '/' || !git_is_reference(pick.branch))
			pick.commit = SLICE_EMPTY;
	}
	if (!git_is_commit(pick.commit))
		return error_set(err, ERR_INPUT,
			"cherry-pick '%.*s' names no whole commit", SLICE_ARG(line));
	*ret_pick = pick;
	return 0;
}

bool git_pick_next(struct slice *rest, struct slice *ret_line)
{
	while (slice_cut(rest, '\n', ret_line)) {
		*ret_line = slice_trim(*ret_line);
		if (ret_line->len && ret_line->data[0] != '#')
			return true;
	}
	return false;
}

/* ---- what git says ---- */

/* "The requested URL returned error: 503" */
static bool says_status(struct slice words)
{
	static const struct slice before = SLICE("requested URL returned error: ");
	struct error ignored = ERROR_INIT;
	uint64_t status = 0;
	size_t at = slice_find(words, before);
	return at != SIZE_MAX &&
	       slice_parse_u64(slice_sub(words, at + before.len, 3), 10, 999, &status,
		       &ignored) == 0 &&
	       retry_status_is_transient((int)status); /* three digits */
}

bool git_words_are_transient(struct slice words)
{
	/* of curl with OpenSSL or GnuTLS, and of git itself */
	static const char *const known[] = {"Connection reset", "onnection timed out",
		"peration timed out", "Operation too slow", "Empty reply from server",
		"transfer closed with", "SSL_ERROR_SYSCALL", "GnuTLS recv error",
		"unexpected eof while reading", "was not closed cleanly",
		"HTTP2 framing layer", "early EOF", "unexpected disconnect",
		"the remote end hung up unexpectedly", "Recv failure", "Send failure"};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (slice_find(words, slice_str(known[i])) != SIZE_MAX)
			return true;
	return says_status(words);
}
