/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/index.h"
#include "builder/package/scan_private.h"

int scan_command(struct scan *scan, const struct tree_node *node, struct error *err)
{
	static const char *const directories[] = {"bin", "sbin", "usr/bin", "usr/sbin"};
	struct error unusual = ERROR_INIT; /* "[": a file name that is no dependency */
	struct atom atom;
	const char *name = scan_base_name(node->path);
	if ((node->mode & 0555) != 0555 ||
		!scan_is_in(node->path, directories, ARRAY_LEN(directories)) ||
		atom_parse(slice_str(name), &atom, &unusual) < 0 || atom.op != ATOM_ANY)
		return 0;
	return scan_offer(scan, &scan->provides, "cmd", slice_str(name),
		slice_str(scan->package->version), err);
}

/* What always is there, or comes with the language's own package. */
static bool is_ignored_interpreter(struct slice name)
{
	static const char *const ignored[] = {
		"sh", "python", "python3", "awk", "luajit", "env"};
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		if (slice_equal_str(name, ignored[i]))
			return true;
	return name.len == 0;
}

/* "/usr/bin/env -S perl -w" → "perl"; "/bin/bash" → "bash" */
static struct slice script_interpreter(struct slice line)
{
	struct slice word = SLICE_EMPTY, slash;
	(void)slice_word(&line, &word); /* none: stays empty */
	struct slice rest = word, name = SLICE_EMPTY;
	while (slice_cut(&rest, '/', &slash))
		name = slash;
	if (!slice_equal_str(name, "env"))
		return name;
	while (slice_word(&line, &word))
		if (word.data[0] != '-' && !slice_has_byte(word, '='))
			return word;
	return SLICE_EMPTY;
}

int scan_script(struct scan *scan, const struct tree_node *node, struct slice start,
	struct error *err)
{
	static const char *const directories[] = {
		"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"};
	struct error unusual = ERROR_INIT;
	struct atom atom;
	struct slice line;
	if (!(node->mode & 0111) ||
		!scan_is_in(node->path, directories, ARRAY_LEN(directories)) ||
		!slice_cut(&start, '\n', &line))
		return 0;
	struct slice name = script_interpreter(slice_sub(line, 2, line.len));
	if (is_ignored_interpreter(name) || atom_parse(name, &atom, &unusual) < 0 ||
		atom.op != ATOM_ANY)
		return 0;
	return scan_depend(scan, "cmd", name, err);
}
