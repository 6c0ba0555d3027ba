/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/license.h"

#include "base/limits.h"

#define LICENSE_FOLDER "usr/share/licenses"
#define REUSE_FOLDER   "LICENSES"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Does it begin with the word, in either case? */
static bool begins_with(const char *name, const char *word)
{
	for (; *word; word++, name++)
		if (lower(*name) != *word)
			return false;
	return true;
}

/* "license.c" of a program that deals with licences */
static bool is_code(const char *name)
{
	static const char *const endings[] = {".c", ".h", ".cc", ".cpp", ".o", ".py",
		".pl", ".rb", ".sh", ".go", ".rs", ".js", ".java", ".in"};
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends_with(slice_str(name), slice_str(endings[i])))
			return true;
	return false;
}

/* "LICENSE", "License.txt", "COPYING.LIB" */
static bool is_license_name(const char *name)
{
	static const char *const words[] = {
		"license", "licence", "copying", "copyright", "notice"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (begins_with(name, words[i]))
			return !is_code(name);
	return false;
}

const struct license_text *license_texts_get(
	const struct license_texts *texts, const char *path)
{
	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i].path, path) == 0)
			return &texts->items[i];
	return NULL;
}

/* ---- reading ---- */

static int add_text(struct license_texts *texts, int *fd, const char *path, size_t size,
	struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	if (size > LICENSE_TEXT_BYTES)
		return error_set(
			err, ERR_INPUT, "%s: licence text of %zu bytes", path, size);
	if (texts->count == LICENSE_TEXTS)
		return error_set(
			err, ERR_INPUT, "more than %d licence texts", LICENSE_TEXTS);
	if (reader_from_fd(fd, &reader, err) < 0 ||
		reader_read_all(reader, LICENSE_TEXT_BYTES, &bytes, err) < 0)
		return error_wrap(err, "%s", path);
	struct license_text *text = arena_append(texts->arena, &texts->items,
		&texts->count, &texts->capacity, sizeof(*text));
	if (!text)
		return error_set_memory(err);
	text->path = arena_strdup(texts->arena, path);
	const char *copy = arena_strndup(texts->arena, buffer_slice(&bytes));
	if (!text->path || !copy)
		return error_set_memory(err);
	text->bytes = slice_from(copy, bytes.len);
	return 0;
}

/* What is no regular file is passed over, unless the recipe wants it. */
static int add_file(struct license_texts *texts, int dirfd, const char *path, bool wanted,
	struct error *err)
{
	cleanup_fd int fd = -1;
	struct stat st;
	if (license_texts_get(texts, path))
		return 0;
	/* a symbolic link: its target has a name, too */
	if (!wanted && fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		!S_ISREG(st.st_mode))
		return 0;
	if (fs_open(dirfd, path, FS_BENEATH, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd,
		    err) < 0)
		return err->class;
	if (fstat(fd, &st) < 0)
		return error_set_errno(err, errno, "%s: fstat", path);
	if (S_ISREG(st.st_mode))
		return add_text(texts, &fd, path, (size_t)st.st_size, err); /* >= 0 */
	return wanted ? error_set(err, ERR_INPUT, "%s is no regular file", path) : 0;
}

static int add_folder(struct license_texts *texts, int workspace, const char *folder,
	bool all, struct error *err)
{
	cleanup_names struct fs_names names = {0};
	cleanup_fd int fd = -1;
	if (fs_open(workspace, folder, FS_BENEATH, O_RDONLY | O_DIRECTORY, 0, &fd, err) <
		0) {
		if (err->class != ERR_INPUT && err->sys != ENOENT && err->sys != ENOTDIR)
			return err->class;
		error_clear(err); /* not there: nothing to find in it */
		return 0;
	}
	if (fs_list(fd, &names, err) < 0)
		return err->class;
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		const char *path =
			strcmp(folder, ".") == 0
				? arena_strdup(texts->arena, name)
				: arena_printf(texts->arena, "%s/%s", folder, name);
		if (!path)
			return error_set_memory(err);
		if ((all || is_license_name(name)) &&
			add_file(texts, workspace, path, false, err) < 0)
			return err->class;
		if (!all && strcmp(name, REUSE_FOLDER) == 0 &&
			add_folder(texts, workspace, path, true, err) < 0)
			return err->class;
	}
	return 0;
}

/* "./a//b/" → "a/b": only what can be the path of a node. "." for nothing. */
static int clean_path(
	struct arena *arena, const char *path, const char **ret_path, struct error *err)
{
	struct slice rest = slice_str(path), part;
	const char *clean = "";
	if (*path == '/')
		return error_set(err, ERR_INPUT, "%s: is absolute", path);
	while (slice_cut(&rest, '/', &part)) {
		if (part.len == 0 || slice_equal_str(part, "."))
			continue;
		clean = arena_printf(
			arena, "%s%s%.*s", clean, *clean ? "/" : "", SLICE_ARG(part));
		if (!clean)
			return error_set_memory(err);
	}
	*ret_path = *clean ? clean : ".";
	return *clean ? tree_check_path(slice_str(clean), err) : 0;
}

static int add_named(struct license_texts *texts, int workspace,
	const struct recipe *recipe, struct error *err)
{
	for (size_t i = 0; i < recipe->copyright_count; i++) {
		const char *named = recipe->copyright[i].license_path, *path;
		if (!*named)
			continue;
		if (clean_path(texts->arena, named, &path, err) < 0 ||
			add_file(texts, workspace, path, true, err) < 0) {
			error_wrap(err, "%s: license-path", recipe->path);
			return error_remedy(err,
				"name a file that is below /home/build when the steps "
				"are done");
		}
	}
	return 0;
}

static int by_path(const void *left, const void *right)
{
	const struct license_text *a = left, *b = right;
	return strcmp(a->path, b->path);
}

int license_texts_find(int workspace, const struct recipe *recipe,
	struct license_texts *texts, struct error *err)
{
	if (add_named(texts, workspace, recipe, err) < 0 ||
		add_folder(texts, workspace, ".", false, err) < 0)
		return err->class;
	for (size_t i = 0; texts->count == 0 && i < recipe->source_count; i++) {
		struct error ignored = ERROR_INIT; /* outside: not looked at */
		const char *path;
		const struct recipe_source *source = &recipe->sources[i];
		if (source->for_test || !*source->destination ||
			clean_path(texts->arena, source->destination, &path, &ignored) <
				0)
			continue;
		if (add_folder(texts, workspace, path, false, err) < 0)
			return err->class;
	}
	if (texts->count)
		qsort(texts->items, texts->count, sizeof(*texts->items), by_path);
	return 0;
}

/* ---- into a package ---- */

static int has_files(const struct package *package, bool *ret_has, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (tree_nodes(package->tree, &nodes, &count, err) < 0)
		return err->class;
	*ret_has = false;
	for (size_t i = 0; i < count && !*ret_has; i++)
		*ret_has = nodes[i]->type == TREE_FILE;
	return 0;
}

int license_texts_add(const struct license_texts *texts, struct package *package,
	struct store *store, struct error *err)
{
	bool has = false;
	if (has_files(package, &has, err) < 0)
		return err->class;
	for (size_t i = 0; has && i < texts->count; i++) {
		const struct license_text *text = &texts->items[i];
		const char *path = arena_printf(
			texts->arena, LICENSE_FOLDER "/%s/%s", package->name, text->path);
		if (!path)
			return error_set_memory(err);
		if (!tree_find(package->tree, path) &&
			package_add_file(package, store, path, text->bytes, err) < 0)
			return error_wrap(err, "licence text");
	}
	return 0;
}
