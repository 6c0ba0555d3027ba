/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A .PKGINFO, an empty line, then the paths of files: what the installed database says of
 * such a package. Properties: it is one record; every line has its letter, a value and
 * its place; name, version, dependencies, folders and files come out as they went in.
 */
#include <string.h>

#include "builder/package/apk_private.h"
#include "builder/package/installed.h"

#define FILES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static int add_node(struct tree *tree, const struct package *package, struct slice path,
	enum tree_type type, struct error *err)
{
	const char *text = arena_strndup(package->arena, path);
	struct tree_node node = {.path = text,
		.type = type,
		.mode = type == TREE_DIRECTORY ? 0755 : 0644,
		.package = package->name};
	require(text != NULL);
	if (type == TREE_FILE &&
		(digest_of(DIGEST_SHA256, path, &node.content, err) < 0 ||
			digest_of(DIGEST_SHA1, path, &node.sha1, err) < 0))
		return err->class;
	return tree_find(tree, text) ? 0 : tree_add(tree, &node, err);
}

/* The file and the folders above it. */
static int add_file(struct tree *tree, const struct package *package, struct slice path,
	struct error *err)
{
	if (tree_check_path(path, err) < 0)
		return err->class;
	for (size_t i = 0; i < path.len; i++)
		if (path.data[i] == '/' &&
			add_node(tree, package, slice_from(path.data, i), TREE_DIRECTORY,
				err) < 0)
			return err->class;
	return add_node(tree, package, path, TREE_FILE, err);
}

static void check_list(struct slice value, const struct package_list *list)
{
	struct slice item;
	size_t count = 0;
	while (slice_cut(&value, ' ', &item)) {
		require(count < list->count);
		require(slice_equal_str(item, list->items[count++]));
	}
	require(count == list->count);
}

/* How many files and folders it lists. */
static size_t check_record(struct slice text, const struct package *package)
{
	struct slice line, folder = SLICE_EMPTY;
	char last = 'C';
	size_t listed = 0, depends = 0;
	while (slice_cut(&text, '\n', &line) && line.len) {
		require(line.len >= 2 && line.data[1] == ':');
		char letter = (char)line.data[0];
		struct slice value = slice_from(line.data + 2, line.len - 2);
		require(strchr("CPVASITULomtckDpirqFMRaZ", letter) != NULL);
		require(slice_is_printable(value));
		if (letter == 'P')
			require(slice_equal_str(value, package->name));
		if (letter == 'V')
			require(slice_equal_str(value, package->version));
		if (letter == 'D' && ++depends)
			check_list(value, &package->depends);
		if (letter == 'M')
			require(last == 'F');
		if (letter == 'a' || letter == 'Z')
			require(last == 'R' || last == 'a');
		if (letter == 'F') {
			char *path = NULL;
			struct error err = ERROR_INIT;
			folder = value;
			require(slice_to_str(folder, &path, &err) == 0);
			const struct tree_node *node = tree_find(package->tree, path);
			require(!folder.len || (node && node->type == TREE_DIRECTORY));
			listed += folder.len > 0;
			free(path);
		}
		if (letter == 'R') {
			cleanup_buffer struct buffer path = BUFFER_INIT;
			struct error err = ERROR_INIT;
			require(buffer_printf(&path, &err, "%.*s%s%.*s",
					SLICE_ARG(folder), folder.len ? "/" : "",
					SLICE_ARG(value)) == 0);
			require(tree_find(package->tree, buffer_str(&path)) != NULL);
			listed++;
		}
		last = letter;
	}
	require(text.len == 0); /* one record, and the empty line that ends it */
	require(depends == (package->depends.count > 0));
	return listed;
}

static int read_package(struct slice text, struct package *package, struct error *err)
{
	struct slice path;
	size_t end = slice_find(text, SLICE("\n\n"));
	struct slice info = slice_from(text.data, end == SIZE_MAX ? text.len : end + 1);
	struct slice paths =
		end == SIZE_MAX ? SLICE_EMPTY
				: slice_from(text.data + end + 2, text.len - end - 2);
	if (pkginfo_read(info, package, &package->data, err) < 0 ||
		digest_of(DIGEST_SHA1, info, &package->control_sha1, err) < 0)
		return err->class;
	for (size_t i = 0; i < FILES_MAX && slice_cut(&paths, '\n', &path); i++)
		if (add_file(package->tree, package, path, err) < 0)
			return err->class;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_package struct package *package = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_mem const struct tree_node **nodes = NULL;
	struct error err = ERROR_INIT;
	size_t count = 0;
	require(package_new(&package, &err) == 0);
	if (!package->tree)
		require(tree_new(&package->tree, &err) == 0);
	if (read_package(slice_from(data, size), package, &err) < 0)
		return 0;
	const struct package *const packages[] = {package};
	if (installed_db_write(packages, 1, package->tree, &out, &err) < 0)
		return 0; /* what it cannot say, it refuses */
	require(tree_nodes(package->tree, &nodes, &count, &err) == 0);
	require(check_record(buffer_slice(&out), package) == count);
	return 0;
}
