/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/limits.h"
#include "base/map.h"
#include "builder/package/elf.h"
#include "builder/package/index.h"
#include "builder/package/scan_private.h"

#define SCRIPT_LINE_MAX 256

const char *scan_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

struct slice scan_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slice_from(path, slash ? (size_t)(slash - path) : 0);
}

bool scan_is_in(const char *path, const char *const *directories, size_t count)
{
	struct slice directory = scan_directory(path);
	for (size_t i = 0; i < count; i++)
		if (slice_equal_str(directory, directories[i]))
			return true;
	return false;
}

/* ---- the lists ---- */

int scan_add(
	struct scan *scan, struct scan_list *list, const char *text, struct error *err)
{
	const char **item = text ? arena_append(scan->package->arena, &list->items,
					   &list->count, &list->capacity, sizeof(*item))
				 : NULL;
	if (!item)
		return error_set_memory(err);
	*item = text;
	return 0;
}

int scan_depend(struct scan *scan, const char *kind, struct slice name, struct error *err)
{
	struct atom atom;
	char *text = arena_printf(scan->package->arena, "%s:%.*s", kind, SLICE_ARG(name));
	if (!text)
		return error_set_memory(err);
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	if (atom.op != ATOM_ANY)
		return error_set(err, ERR_INPUT, "\"%s\" is no name to depend on", text);
	return scan_add(scan, &scan->depends, text, err);
}

int scan_offer(struct scan *scan, struct scan_list *list, const char *kind,
	struct slice name, struct slice version, struct error *err)
{
	struct atom atom;
	char *text = arena_printf(scan->package->arena, "%s:%.*s=%.*s", kind,
		SLICE_ARG(name), SLICE_ARG(version));
	if (!text)
		return error_set_memory(err);
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	return scan_add(scan, list, text, err);
}

/* ---- all files ---- */

/* The file's first bytes; the rest is not read. */
static int read_start(struct scan *scan, const struct tree_node *node, char *start,
	size_t size, size_t *ret_len, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t blob_size;
	if (store_open_blob(scan->store, &node->content, &fd, &blob_size, err) < 0)
		return err->class;
	ssize_t len = pread(fd, start, size, 0);
	if (len < 0)
		return error_set_errno(err, errno, "reading");
	*ret_len = (size_t)len; /* not negative */
	return 0;
}

static int scan_file(struct scan *scan, const struct tree_node *node, struct error *err)
{
	char start[SCRIPT_LINE_MAX];
	size_t len;
	if (scan_command(scan, node, err) < 0 ||
		read_start(scan, node, start, sizeof(start), &len, err) < 0)
		return err->class;
	struct slice bytes = slice_from(start, len);
	if (elf_is(bytes))
		return scan_elf(scan, node, err);
	if (slice_starts_with(bytes, SLICE("#!")))
		return scan_script(scan, node, bytes, err);
	if (slice_ends_with(slice_str(node->path), SLICE(".pc")))
		return scan_pkgconfig(scan, node, err);
	return 0;
}

static int scan_node(struct scan *scan, const struct tree_node *node, struct error *err)
{
	int result = scan_language(scan, node, err);
	if (result < 0)
		return result;
	switch (node->type) {
	case TREE_FILE:
		result = scan_file(scan, node, err);
		break;
	case TREE_HARDLINK: /* the file has been looked at; the name may be a command */
		result = scan_command(scan, node, err);
		break;
	case TREE_SYMLINK:
		result = scan_library_link(scan, node, err);
		break;
	case TREE_DIRECTORY:
		break;
	}
	return result < 0 ? error_wrap(err, "/%s", node->path) : 0;
}

/* a file in etc/ld.so.conf.d: directories, one per line. */
static int read_library_dirs(
	struct scan *scan, const struct tree_node *node, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct slice rest, line;
	if (store_read_blob(scan->store, &node->content, MIB, &text, err) < 0)
		return err->class;
	rest = buffer_slice(&text);
	while (slice_cut(&rest, '\n', &line)) {
		line = slice_trim(line);
		while (slice_ends_with(line, SLICE("/")))
			line.len--;
		if (line.len < 2 || line.data[0] != '/')
			continue;
		char *path =
			arena_strndup(scan->package->arena, slice_sub(line, 1, line.len));
		if (scan_add(scan, &scan->library_dirs, path, err) < 0)
			return err->class;
	}
	return 0;
}

static int find_configured(
	struct scan *scan, const struct package *package, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (!tree_find(package->tree, "etc/ld.so.conf.d"))
		return 0;
	if (tree_nodes(package->tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (nodes[i]->type == TREE_FILE &&
			slice_equal_str(
				scan_directory(nodes[i]->path), "etc/ld.so.conf.d") &&
			slice_ends_with(slice_str(nodes[i]->path), SLICE(".conf")) &&
			read_library_dirs(scan, nodes[i], err) < 0)
			return error_wrap(err, "/%s", nodes[i]->path);
	return 0;
}

/* The usual ones, and those that this package or another of the recipe configures. */
static int find_library_dirs(struct scan *scan, struct error *err)
{
	static const char *const usual[] = {"lib", "lib64", "usr/lib", "usr/lib64"};
	const struct package_scan_options *options = scan->options;
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (scan_add(scan, &scan->library_dirs, usual[i], err) < 0)
			return err->class;
	if (find_configured(scan, scan->package, err) < 0)
		return err->class;
	for (size_t i = 0; i < options->sibling_count; i++)
		if (options->siblings[i] != scan->package &&
			find_configured(scan, options->siblings[i], err) < 0)
			return err->class;
	return 0;
}

int package_scan(struct package *package, struct store *store,
	const struct package_scan_options *options, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	struct scan scan = {.package = package, .store = store, .options = options};
	if (tree_nodes(package->tree, &nodes, &count, err) < 0 ||
		find_library_dirs(&scan, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (scan_node(&scan, nodes[i], err) < 0)
			return err->class;
	return scan_finish(&scan, err);
}
