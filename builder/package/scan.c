/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/limits.h"
#include "base/map.h"
#include "builder/package/elf.h"
#include "builder/package/index.h"
#include "builder/package/scan_private.h"

#define SCRIPT_LINE_MAX 256

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static struct slice directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slice_from(path, slash ? (size_t)(slash - path) : 0);
}

static bool is_in(const char *path, const char *const *directories, size_t count)
{
	struct slice directory = directory_of(path);
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

int scan_provide(struct scan *scan, const char *kind, struct slice name,
	struct slice version, struct error *err)
{
	struct atom atom;
	char *text = arena_printf(scan->package->arena, "%s:%.*s=%.*s", kind,
		SLICE_ARG(name), SLICE_ARG(version));
	if (!text)
		return error_set_memory(err);
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	return scan_add(scan, &scan->provides, text, err);
}

/* ---- content ---- */

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

static int read_elf(struct scan *scan, const struct tree_node *node,
	struct elf_info *ret_info, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_mapping struct fs_mapping mapping = {0};
	uint64_t size;
	if (store_open_blob(scan->store, &node->content, &fd, &size, err) < 0 ||
		fs_map(fd, &mapping, err) < 0)
		return err->class;
	return elf_read(mapping.bytes, scan->package->arena, ret_info, err);
}

/* ---- so: ---- */

/* The text after ".so." if it is a version, else "0". */
static struct slice library_version(struct slice soname)
{
	struct error ignored = ERROR_INIT; /* not a version: 0 */
	size_t at = slice_find(soname, SLICE(".so."));
	if (at == SIZE_MAX)
		return SLICE("0");
	struct slice version = slice_sub(soname, at + 4, soname.len);
	for (size_t i = 0; i < version.len; i++)
		if (version.data[i] != '.' &&
			(version.data[i] < '0' || version.data[i] > '9'))
			return SLICE("0");
	return version_check(version, &ignored) < 0 ? SLICE("0") : version;
}

static int depend_on_interpreter(struct scan *scan, const char *path, struct error *err)
{
	const char *name = base_name(path);
	struct slice architecture = slice_str(name);
	if (!*name)
		return 0;
	/* musl: ld-musl-ARCH.so.1 is the same file as libc.musl-ARCH.so.1 */
	if (slice_starts_with(architecture, SLICE("ld-musl-")) &&
		slice_ends_with(architecture, SLICE(".so.1"))) {
		char *libc = arena_printf(scan->package->arena, "libc.musl-%s", name + 8);
		if (!libc)
			return error_set_memory(err);
		name = libc;
	}
	return scan_depend(scan, "so", slice_str(name), err);
}

static int provide_library(struct scan *scan, const struct tree_node *node,
	const struct elf_info *info, struct error *err)
{
	struct slice soname = slice_str(info->soname);
	if (info->kind != ELF_KIND_SHARED || soname.len == 0 ||
		!is_in(node->path, scan->library_dirs.items, scan->library_dirs.count))
		return 0;
	if (scan_provide(scan, "so", soname, library_version(soname), err) < 0)
		return err->class;
	return scan_provide(
		scan, "so-ver", soname, slice_str(scan->package->version), err);
}

static int scan_elf(struct scan *scan, const struct tree_node *node, struct error *err)
{
	struct elf_info info;
	bool matters = (node->mode & 0111) || strstr(base_name(node->path), ".so");
	if (read_elf(scan, node, &info, err) < 0) {
		if (matters || err->class != ERR_INPUT)
			return err->class;
		error_clear(err); /* a test's sample, or something of another system */
		return 0;
	}
	if (info.kind != ELF_KIND_EXECUTABLE && info.kind != ELF_KIND_SHARED)
		return 0;
	if (depend_on_interpreter(scan, info.interpreter, err) < 0)
		return err->class;
	for (size_t i = 0; i < info.needed_count; i++)
		if (strstr(info.needed[i], ".so.") &&
			scan_depend(scan, "so", slice_str(info.needed[i]), err) < 0)
			return err->class;
	return provide_library(scan, node, &info, err);
}

/* libx.so → libx.so.1, which another package of the recipe has */
static int scan_symlink(
	struct scan *scan, const struct tree_node *node, struct error *err)
{
	const struct package_scan_options *options = scan->options;
	struct slice directory = directory_of(node->path);
	if (!slice_ends_with(slice_str(node->path), SLICE(".so")))
		return 0;
	char *path = node->target[0] == '/'
			     ? arena_strdup(scan->package->arena, node->target)
			     : arena_printf(scan->package->arena, "%.*s/%s",
				       SLICE_ARG(directory), node->target);
	if (!path)
		return error_set_memory(err);
	for (size_t i = 0; i < options->sibling_count; i++) {
		struct elf_info info;
		const struct package *sibling = options->siblings[i];
		const struct tree_node *file =
			sibling == scan->package
				? NULL
				: tree_resolve(sibling->tree, path, NULL, NULL);
		if (!file || file->type != TREE_FILE)
			continue;
		struct error damage = ERROR_INIT;
		if (read_elf(scan, file, &info, &damage) == 0 && *info.soname)
			return scan_depend(scan, "so", slice_str(info.soname), err);
	}
	return 0;
}

/* ---- cmd: ---- */

static int provide_command(
	struct scan *scan, const struct tree_node *node, struct error *err)
{
	static const char *const directories[] = {"bin", "sbin", "usr/bin", "usr/sbin"};
	struct error unusual = ERROR_INIT; /* "[": a file name that is no dependency */
	struct atom atom;
	const char *name = base_name(node->path);
	if (scan->options->no_commands || (node->mode & 0555) != 0555 ||
		!is_in(node->path, directories, ARRAY_LEN(directories)) ||
		atom_parse(slice_str(name), &atom, &unusual) < 0 || atom.op != ATOM_ANY)
		return 0;
	return scan_provide(
		scan, "cmd", slice_str(name), slice_str(scan->package->version), err);
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

static int scan_script(struct scan *scan, const struct tree_node *node,
	struct slice start, struct error *err)
{
	static const char *const directories[] = {
		"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin"};
	struct error unusual = ERROR_INIT;
	struct atom atom;
	struct slice line;
	if (!(node->mode & 0111) ||
		!is_in(node->path, directories, ARRAY_LEN(directories)) ||
		!slice_cut(&start, '\n', &line))
		return 0;
	struct slice name = script_interpreter(slice_sub(line, 2, line.len));
	if (is_ignored_interpreter(name) || atom_parse(name, &atom, &unusual) < 0 ||
		atom.op != ATOM_ANY)
		return 0;
	return scan_depend(scan, "cmd", name, err);
}

/* ---- all files ---- */

static int scan_file(struct scan *scan, const struct tree_node *node, struct error *err)
{
	char start[SCRIPT_LINE_MAX];
	size_t len;
	if (provide_command(scan, node, err) < 0 ||
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
	int result = 0;
	switch (node->type) {
	case TREE_FILE:
		result = scan_file(scan, node, err);
		break;
	case TREE_HARDLINK: /* the file has been looked at; the name may be a command */
		result = provide_command(scan, node, err);
		break;
	case TREE_SYMLINK:
		result = scan_symlink(scan, node, err);
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

static int find_library_dirs(struct scan *scan, const struct tree_node *const *nodes,
	size_t count, struct error *err)
{
	static const char *const usual[] = {"lib", "lib64", "usr/lib", "usr/lib64"};
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		if (scan_add(scan, &scan->library_dirs, usual[i], err) < 0)
			return err->class;
	for (size_t i = 0; i < count; i++)
		if (nodes[i]->type == TREE_FILE &&
			slice_equal_str(
				directory_of(nodes[i]->path), "etc/ld.so.conf.d") &&
			read_library_dirs(scan, nodes[i], err) < 0)
			return error_wrap(err, "/%s", nodes[i]->path);
	return 0;
}

static int add_given(struct scan *scan, struct scan_list *list,
	const struct package_list *given, struct error *err)
{
	struct atom atom;
	for (size_t i = 0; i < given->count; i++)
		if (atom_parse(slice_str(given->items[i]), &atom, err) < 0 ||
			scan_add(scan, list, given->items[i], err) < 0)
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
		find_library_dirs(&scan, nodes, count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (scan_node(&scan, nodes[i], err) < 0)
			return err->class;
	if (options->no_depends)
		scan.depends.count = 0;
	if (options->no_provides)
		scan.provides.count = 0;
	if (add_given(&scan, &scan.depends, &package->depends, err) < 0 ||
		add_given(&scan, &scan.provides, &package->provides, err) < 0)
		return err->class;
	return scan_finish(&scan, err);
}
