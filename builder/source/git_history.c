/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A .git in which HEAD, the tag or branch, and what git status compares with can be asked
 * for: commits, tags, trees and symlinks as loose objects, an index, and no files. Its
 * bytes depend on nothing but these objects: the objects are not compressed (RFC 1950,
 * 1951: stored blocks), and the index (gitformat-index(5)) has no dates or inode numbers,
 * so that git looks at the files themselves.
 */
#include "base/limits.h"
#include "base/tar.h"
#include "builder/source/git_private.h"

#define OBJECTS_MAX    200000
#define OBJECTS_BYTES  (256 * MIB)
#define TAG_DEPTH      8
#define STORED_MAX     65535
#define MODE_SYMLINK   0120000
#define INDEX_EXTENDED 0x4000
#define INDEX_SKIP     0x4000 /* skip-worktree, in the extended flags */

struct history {
	struct git *git;
	struct buffer *out;
	struct buffer *ids; /* of the objects that are needed, each with a line break */
	int64_t date;
};

static int put_file(struct history *history, const char *path, struct slice content,
	struct error *err)
{
	const struct tar_entry entry = {
		.type = TAR_FILE, .path = path, .mode = 0644, .mtime = history->date};
	return tar_add_file(history->out, &entry, content, err);
}

static int put_directory(struct history *history, const char *path, struct error *err)
{
	const struct tar_entry entry = {.type = TAR_DIRECTORY,
		.path = path,
		.mode = 0755,
		.mtime = history->date,
		.directory_slash = true};
	return tar_add_header(history->out, &entry, err);
}

static int add_number(
	struct buffer *out, uint32_t number, size_t bytes, struct error *err)
{
	while (bytes--)
		if (buffer_add_byte(out, (char)(number >> (8 * bytes) & 0xff), err) < 0)
			return err->class;
	return 0;
}

/* ---- loose objects ---- */

static uint32_t adler32_of(struct slice bytes)
{
	uint32_t a = 1, b = 0;
	for (size_t i = 0; i < bytes.len; i++) {
		a = (a + (uint8_t)bytes.data[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

/* A zlib stream of stored blocks. */
static int add_stored(struct buffer *out, struct slice bytes, struct error *err)
{
	struct slice rest = bytes;
	if (buffer_add(out, "\x78\x01", 2, err) < 0)
		return err->class;
	do {
		uint32_t len = rest.len < STORED_MAX ? (uint32_t)rest.len : STORED_MAX;
		struct slice block = slice_sub(rest, 0, len);
		const uint8_t header[] = {len == rest.len, len & 0xff, len >> 8 & 0xff,
			~len & 0xff, ~len >> 8 & 0xff};
		rest = slice_sub(rest, len, rest.len - len);
		if (buffer_add(out, header, sizeof(header), err) < 0 ||
			buffer_add_slice(out, block, err) < 0)
			return err->class;
	} while (rest.len);
	return add_number(out, adler32_of(bytes), 4, err);
}

static int put_object(struct history *history, struct slice id, struct slice type,
	struct slice content, struct error *err)
{
	cleanup_buffer struct buffer plain = BUFFER_INIT, stored = BUFFER_INIT,
				     path = BUFFER_INIT;
	if (buffer_printf(&plain, err, "%.*s %zu", SLICE_ARG(type), content.len) < 0 ||
		buffer_add_byte(&plain, '\0', err) < 0 ||
		buffer_add_slice(&plain, content, err) < 0 ||
		add_stored(&stored, buffer_slice(&plain), err) < 0 ||
		buffer_printf(
			&path, err, ".git/objects/%.2s/%.38s", id.data, id.data + 2) < 0)
		return err->class;
	return put_file(history, buffer_str(&path), buffer_slice(&stored), err);
}

/* "<id> <type> <size>\n<content>\n", of `git cat-file --batch` */
static bool take_object(struct slice *batch, struct slice *ret_id, struct slice *ret_type,
	struct slice *ret_content)
{
	struct error ignored = ERROR_INIT;
	struct slice line, end;
	uint64_t size = 0;
	return slice_cut(batch, '\n', &line) && slice_word(&line, ret_id) &&
	       git_is_commit(*ret_id) && slice_word(&line, ret_type) &&
	       slice_parse_u64(slice_trim(line), 10, OBJECTS_BYTES, &size, &ignored) ==
		       0 &&
	       slice_take(batch, (size_t)size, ret_content) && slice_take(batch, 1, &end);
}

static int put_objects(struct history *history, struct slice batch, struct error *err)
{
	struct slice id, type, content;
	while (batch.len) {
		if (!take_object(&batch, &id, &type, &content))
			return error_set(
				err, ERR_INPUT, "git cat-file: an object is missing");
		if (put_object(history, id, type, content, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- which objects ---- */

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, GIT_COMMIT_LEN + 1);
}

/* One "<id>\n" each, in order, and only once. */
static int sort_ids(struct buffer *ids, struct error *err)
{
	const size_t width = GIT_COMMIT_LEN + 1;
	size_t count = ids->len / width, kept = 0;
	if (count > OBJECTS_MAX)
		return error_set(err, ERR_INPUT, "more than %d folders", OBJECTS_MAX);
	qsort(ids->data, count, width, compare_ids);
	for (size_t i = 0; i < count; i++) {
		const char *id = ids->data + i * width;
		if (!git_is_commit(slice_from(id, GIT_COMMIT_LEN)))
			return error_set(err, ERR_BUG, "git: an object has no name");
		if (kept && memcmp(ids->data + (kept - 1) * width, id, width) == 0)
			continue;
		memmove(ids->data + kept++ * width, id, width);
	}
	ids->len = kept * width;
	return 0;
}

static int add_id(struct buffer *ids, const char *id, struct error *err)
{
	if (buffer_add(ids, id, GIT_COMMIT_LEN, err) < 0)
		return err->class;
	return buffer_add_byte(ids, '\n', err);
}

/* An annotated tag, and the tags that it may be a tag of. */
static int add_tag(struct git *git, struct buffer *ids, struct error *err)
{
	const char *name = arena_printf(git->arena, "refs/tags/%s", git->source->tag);
	char id[GIT_COMMIT_LEN + 1];
	for (int depth = 0; name && depth < TAG_DEPTH; depth++) {
		cleanup_buffer struct buffer type = {.max = 64}, text = {.max = MIB};
		if (git_need_object(git, name, id, err) < 0 ||
			GIT_READ(git, &type, err, "cat-file", "-t", id) < 0)
			return err->class;
		if (!slice_equal_str(slice_trim(buffer_slice(&type)), "tag"))
			return 0;
		if (add_id(ids, id, err) < 0 ||
			GIT_READ(git, &text, err, "cat-file", "tag", id) < 0)
			return err->class;
		struct slice object = slice_sub(buffer_slice(&text), 7, GIT_COMMIT_LEN);
		if (!slice_starts_with(buffer_slice(&text), SLICE("object ")) ||
			!git_is_commit(object))
			return error_set(err, ERR_INPUT, "tag %s is malformed", id);
		name = arena_strndup(git->arena, object);
	}
	return name ? error_set(err, ERR_INPUT, "a tag of tags of tags")
		    : error_set_memory(err);
}

/* The folders of HEAD, but not submodules: these are commits of other repositories. */
static int add_folders(struct git *git, struct buffer *ids, struct error *err)
{
	cleanup_buffer struct buffer list = {.max = OBJECTS_BYTES};
	struct slice rest, line, type, id;
	char root[GIT_COMMIT_LEN + 1];
	if (git_need_object(git, "HEAD^{tree}", root, err) < 0 ||
		add_id(ids, root, err) < 0 ||
		GIT_READ(git, &list, err, "ls-tree", "-r", "-d",
			"--format=%(objecttype) %(objectname)", "HEAD") < 0)
		return err->class;
	rest = buffer_slice(&list);
	while (slice_cut(&rest, '\n', &line)) {
		if (!slice_word(&line, &type) || !slice_word(&line, &id) ||
			!git_is_commit(id) || !slice_equal_str(type, "tree"))
			continue;
		if (add_id(ids, id.data, err) < 0)
			return err->class;
	}
	return 0;
}

/* The base, what was picked onto it, the folders and the tag. */
static int list_ids(
	struct git *git, const char *base, struct buffer *ids, struct error *err)
{
	const char *without = arena_printf(git->arena, "^%s", base);
	if (!without)
		return error_set_memory(err);
	if (add_id(ids, base, err) < 0 ||
		GIT_READ(git, ids, err, "rev-list", "HEAD", without) < 0 ||
		add_folders(git, ids, err) < 0 ||
		(*git->source->tag && add_tag(git, ids, err) < 0))
		return err->class;
	return sort_ids(ids, err);
}

static int put_all_objects(struct history *history, const char *base, struct error *err)
{
	static const char *const arguments[] = {"cat-file", "--batch", NULL};
	cleanup_buffer struct buffer batch = {.max = OBJECTS_BYTES};
	if (list_ids(history->git, base, history->ids, err) < 0 ||
		git_run(history->git, arguments, buffer_slice(history->ids), &batch, NULL,
			err) < 0)
		return err->class;
	return put_objects(history, buffer_slice(&batch), err);
}

/* ---- the index ---- */

/*
 * "<H or S> <mode> <id> 0\t<path>", of `git ls-files -t --stage -z`. Git compares the
 * content of a symlink itself, not its digest: it is needed, too.
 */
static int add_index_entry(struct history *history, struct buffer *index,
	struct slice line, struct error *err)
{
	struct slice status, mode_text, id;
	struct digest digest;
	uint64_t mode = 0;
	struct error ignored = ERROR_INIT;
	if (!slice_word(&line, &status) || !slice_word(&line, &mode_text) ||
		slice_parse_u64(mode_text, 8, 0177777, &mode, &ignored) < 0 ||
		!slice_word(&line, &id) || !git_is_commit(id) ||
		digest_parse_hex(DIGEST_SHA1, id, &digest, &ignored) < 0 ||
		!slice_starts_with(line, SLICE(" 0\t")))
		return error_set(err, ERR_INPUT, "git ls-files: unexpected entry");
	if (mode == MODE_SYMLINK && add_id(history->ids, id.data, err) < 0)
		return err->class;
	struct slice path = slice_sub(line, 3, line.len);
	bool skip = slice_equal_str(status, "S");
	uint32_t flags = path.len < 0xfff ? (uint32_t)path.len : 0xfff;
	size_t len = (skip ? 64U : 62U) + path.len;
	if (buffer_add_zeros(index, 24, err) < 0 || /* times, device, inode */
		add_number(index, (uint32_t)mode, 4, err) < 0 ||
		buffer_add_zeros(index, 12, err) < 0 || /* owner, group, size */
		buffer_add(index, digest.bytes, digest.len, err) < 0 ||
		add_number(index, flags | (skip ? INDEX_EXTENDED : 0), 2, err) < 0 ||
		(skip && add_number(index, INDEX_SKIP, 2, err) < 0) ||
		buffer_add_slice(index, path, err) < 0)
		return err->class;
	return buffer_add_zeros(index, 8 - len % 8, err); /* at least one */
}

static int put_index(struct history *history, struct error *err)
{
	cleanup_buffer struct buffer list = {.max = OBJECTS_BYTES}, entries = BUFFER_INIT,
				     index = BUFFER_INIT;
	struct slice rest, line;
	struct digest digest;
	uint32_t count = 0;
	bool sparse = false;
	if (GIT_READ(history->git, &list, err, "ls-files", "-t", "--stage", "-z") < 0)
		return err->class;
	rest = buffer_slice(&list);
	while (slice_cut(&rest, '\0', &line)) {
		if (!line.len)
			continue;
		sparse = sparse || line.data[0] == 'S';
		if (++count > LIMIT_ARCHIVE_ENTRIES)
			return error_set(err, ERR_INPUT, "more than %d files",
				LIMIT_ARCHIVE_ENTRIES);
		if (add_index_entry(history, &entries, line, err) < 0)
			return err->class;
	}
	if (buffer_add(&index, "DIRC", 4, err) < 0 ||
		add_number(&index, sparse ? 3 : 2, 4, err) < 0 ||
		add_number(&index, count, 4, err) < 0 ||
		buffer_add_slice(&index, buffer_slice(&entries), err) < 0 ||
		digest_of(DIGEST_SHA1, buffer_slice(&index), &digest, err) < 0 ||
		buffer_add(&index, digest.bytes, digest.len, err) < 0)
		return err->class;
	return put_file(history, ".git/index", buffer_slice(&index), err);
}

/* ---- names ---- */

/* The repository is named as the recipe does, and not at all if it is this machine's. */
static int put_config(struct history *history, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	const struct recipe_source *source = history->git->source;
	if (buffer_add_str(&text,
		    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n"
		    "\tbare = false\n",
		    err) < 0)
		return err->class;
	if (!git_is_local(source) && !strpbrk(source->uri, "\"\\") &&
		buffer_printf(&text, err,
			"[remote \"origin\"]\n\turl = \"%s\"\n"
			"\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
			source->uri) < 0)
		return err->class;
	return put_file(history, ".git/config", buffer_slice(&text), err);
}

static int put_reference(
	struct history *history, const char *name, const char *object, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	if (buffer_printf(&text, err, "%s %s\n", object, name) < 0)
		return err->class;
	return put_file(history, ".git/packed-refs", buffer_slice(&text), err);
}

static int put_names(struct history *history, const char *base, struct error *err)
{
	const struct recipe_source *source = history->git->source;
	struct arena *arena = history->git->arena;
	char head[GIT_COMMIT_LEN + 1], tag[GIT_COMMIT_LEN + 1];
	const char *tag_name = arena_printf(arena, "refs/tags/%s", source->tag);
	const char *branch_name = arena_printf(arena, "refs/heads/%s", source->branch);
	cleanup_buffer struct buffer text = BUFFER_INIT, boundary = BUFFER_INIT;
	if (!tag_name || !branch_name)
		return error_set_memory(err);
	if (git_need_object(history->git, "HEAD^{commit}", head, err) < 0 ||
		(*source->tag && git_need_object(history->git, tag_name, tag, err) < 0) ||
		buffer_printf(&boundary, err, "%s\n", base) < 0 ||
		buffer_printf(&text, err, "%s%s\n", *source->branch ? "ref: " : "",
			*source->branch ? branch_name : head) < 0 ||
		put_file(history, ".git/HEAD", buffer_slice(&text), err) < 0 ||
		put_file(history, ".git/shallow", buffer_slice(&boundary), err) < 0)
		return err->class;
	if (*source->tag)
		return put_reference(history, tag_name, tag, err);
	return *source->branch ? put_reference(history, branch_name, head, err) : 0;
}

int git_history(struct git *git, const char *base, int64_t date, struct buffer *out,
	struct error *err)
{
	cleanup_buffer struct buffer ids = {.max = 16 * MIB};
	struct history history = {.git = git, .out = out, .ids = &ids, .date = date};
	if (put_directory(&history, ".git", err) < 0 ||
		put_directory(&history, ".git/objects", err) < 0 ||
		put_directory(&history, ".git/refs", err) < 0 ||
		put_names(&history, base, err) < 0 || put_config(&history, err) < 0 ||
		put_index(&history, err) < 0 || put_all_objects(&history, base, err) < 0)
		return error_wrap(err, "history of %s", base);
	return 0;
}
