/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "builder/package/elf.h"
#include "builder/package/index.h"
#include "builder/package/scan_private.h"

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

/*
 * Libraries of graphics drivers come from the host, which has the right version; packages
 * neither need nor offer them.
 */
static bool is_of_host(const char *name)
{
	static const char *const names[] = {"libEGL_nvidia.so.1",
		"libGLESv1_CM_nvidia.so.1", "libGLESv2_nvidia.so.1", "libGLX_nvidia.so.1",
		"libcuda.so.1", "libcudadebugger.so.1", "libnvcuvid.so.1",
		"libnvoptix.so.1"};
	static const char *const parts[] = {"allocator", "cfg", "eglcore", "encode",
		"fbc", "glcore", "glsi", "glvkspirv", "gpucomp", "ml", "ngx", "nvvm",
		"opencl", "opticalflow", "pkcs11-openssl3", "pkcs11", "ptxjitcompiler",
		"rtcore", "tls"};
	struct slice rest = slice_str(name), prefix = SLICE("libnvidia-");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	if (!slice_starts_with(rest, prefix) || !slice_ends_with(rest, SLICE(".so.1")))
		return false;
	rest = slice_sub(rest, prefix.len, rest.len - prefix.len - strlen(".so.1"));
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_equal_str(rest, parts[i]))
			return true;
	return false;
}

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
	const char *name = scan_base_name(path);
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

/* A program may have a soname by mistake: then its file is not called like a library. */
static bool is_library(const struct tree_node *node, const struct elf_info *info)
{
	const char *name = scan_base_name(node->path);
	return *info->soname && !is_of_host(info->soname) &&
	       (!*info->interpreter || strstr(name, ".so.") ||
		       slice_ends_with(slice_str(name), SLICE(".so")));
}

/* Where the loader does not look it is for the package alone. */
static int offer_library(struct scan *scan, const struct tree_node *node,
	const struct elf_info *info, struct error *err)
{
	struct slice soname = slice_str(info->soname);
	bool found = scan_is_in(
		node->path, scan->library_dirs.items, scan->library_dirs.count);
	struct scan_list *list = found ? &scan->provides : &scan->vendored;
	if (!is_library(node, info))
		return 0;
	if (scan_offer(scan, list, "so", soname, library_version(soname), err) < 0)
		return err->class;
	return scan_offer(
		scan, list, "so-ver", soname, slice_str(scan->package->version), err);
}

int scan_elf(struct scan *scan, const struct tree_node *node, struct error *err)
{
	struct elf_info info;
	bool matters = (node->mode & 0111) || strstr(scan_base_name(node->path), ".so");
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
		if (strstr(info.needed[i], ".so.") && !is_of_host(info.needed[i]) &&
			scan_depend(scan, "so", slice_str(info.needed[i]), err) < 0)
			return err->class;
	return offer_library(scan, node, &info, err);
}

/* The soname of the file with that name in the sibling's library folders; "" if none. */
static int find_soname(struct scan *scan, const struct package *sibling, const char *name,
	const char **ret_soname, struct error *err)
{
	*ret_soname = "";
	for (size_t i = 0; i < scan->library_dirs.count && !**ret_soname; i++) {
		struct elf_info info;
		char *path = arena_printf(
			scan->package->arena, "%s/%s", scan->library_dirs.items[i], name);
		if (!path)
			return error_set_memory(err);
		const struct tree_node *file =
			tree_resolve(sibling->tree, path, NULL, NULL);
		if (!file || file->type != TREE_FILE)
			continue;
		if (read_elf(scan, file, &info, err) == 0)
			*ret_soname = info.soname;
		else if (err->class != ERR_INPUT)
			return err->class;
		error_clear(err); /* told when the sibling is scanned */
	}
	return 0;
}

int scan_library_link(struct scan *scan, const struct tree_node *node, struct error *err)
{
	const struct package_scan_options *options = scan->options;
	const char *soname = "";
	if (!strstr(scan_base_name(node->path), ".so"))
		return 0;
	for (size_t i = 0; i < options->sibling_count && !*soname; i++)
		if (options->siblings[i] != scan->package &&
			find_soname(scan, options->siblings[i],
				scan_base_name(node->target), &soname, err) < 0)
			return err->class;
	if (!*soname || is_of_host(soname))
		return 0;
	return scan_depend(scan, "so", slice_str(soname), err);
}
