/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/package/index.h"
#include "builder/package/scan_private.h"

static bool is_searched(const char *path)
{
	static const char *const directories[] = {"usr/lib/pkgconfig/",
		"usr/lib64/pkgconfig/", "usr/share/pkgconfig/",
		"usr/local/lib/pkgconfig/", "usr/local/share/pkgconfig/"};
	for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
		size_t len = strlen(directories[i]);
		if (strncmp(path, directories[i], len) == 0 && !strchr(path + len, '/'))
			return true;
	}
	return false;
}

static bool is_operator(struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!strchr("<>=!", word.data[i]))
			return false;
	return word.len > 0;
}

/* "a >= 1.2, b c": names between commas and blanks; an operator takes the next word. */
static int add_requirements(struct scan *scan, struct slice list, struct error *err)
{
	struct slice part, word;
	while (slice_cut(&list, ',', &part))
		while (slice_word(&part, &word)) {
			if (is_operator(word)) {
				(void)slice_word(&part, &word); /* the version, if any */
				continue;
			}
			struct error unusual = ERROR_INIT;
			struct atom atom;
			/* variables are not followed; they do not occur in names */
			if (slice_has_byte(word, '$') ||
				atom_parse(word, &atom, &unusual) < 0)
				continue;
			if (scan_depend(scan, "pc", atom.name, err) < 0)
				return err->class;
		}
	return 0;
}

static int read_requirements(struct scan *scan, struct slice text, struct error *err)
{
	static const char *const keys[] = {
		"Requires", "Requires.private", "Requires.internal"};
	struct slice line, key;
	while (slice_cut(&text, '\n', &line)) {
		if (!slice_has_byte(line, ':') || !slice_cut(&line, ':', &key))
			continue;
		key = slice_trim(key);
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (slice_equal_str(key, keys[i]) &&
				add_requirements(scan, line, err) < 0)
				return err->class;
	}
	return 0;
}

int scan_pkgconfig(struct scan *scan, const struct tree_node *node, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct error unusual = ERROR_INIT; /* a name that nobody can depend on */
	struct atom atom;
	bool searched = is_searched(node->path);
	struct slice name = slice_str(scan_base_name(node->path));
	name.len -= strlen(".pc");
	if (atom_parse(name, &atom, &unusual) == 0 && atom.op == ATOM_ANY &&
		scan_offer(scan, searched ? &scan->provides : &scan->vendored, "pc", name,
			slice_str(scan->package->version), err) < 0)
		return err->class;
	if (!searched)
		return 0;
	if (store_read_blob(scan->store, &node->content, MIB, &text, err) < 0)
		return err->class;
	return read_requirements(scan, buffer_slice(&text), err);
}
