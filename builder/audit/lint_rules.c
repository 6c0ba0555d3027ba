/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of the linters. Each looks at one node; few remember what they saw before. */
#include "builder/audit/lint_private.h"

#define DUPLICATE_BYTES 1024 /* smaller ones are often equal by nature */

/* ---- words ---- */

static bool ends_with(const char *text, const char *end)
{
	return slice_ends_with(slice_str(text), slice_str(end));
}

/* Is path below the directory? */
static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);
	return strncmp(path, directory, len) == 0 && path[len] == '/';
}

static bool is_below_any(const char *path, const char *const *directories)
{
	for (; *directories; directories++)
		if (is_below(path, *directories))
			return true;
	return false;
}

static bool ends_with_any(const char *text, const char *const *ends)
{
	for (; *ends; ends++)
		if (ends_with(text, *ends))
			return true;
	return false;
}

static bool is_among(const char *text, const char *const *names)
{
	while (*names && strcmp(*names, text) != 0)
		names++;
	return *names;
}

/* In either case, between the start, the end, or separators. */
static bool has_word(const char *text, const char *word, const char *after_it)
{
	size_t len = strlen(word);
	for (const char *at = text; *at; at++)
		if (strncasecmp(at, word, len) == 0 &&
			(at == text || strchr("/-._", at[-1])) &&
			(!at[len] || strchr(after_it, at[len])))
			return true;
	return false;
}

static bool has_any_word(const char *text, const char *const *words, const char *after_it)
{
	for (; *words; words++)
		if (has_word(text, *words, after_it))
			return true;
	return false;
}

static bool is_program(const struct elf_info *elf)
{
	return elf && (elf->kind == ELF_KIND_EXECUTABLE || elf->kind == ELF_KIND_SHARED);
}

/* ---- by path ---- */

/* A rule that only looks at a node: expression is what it objects to. */
#define NODE_RULE(name, expression)                                                      \
	static int name(struct lint *lint UNUSED, const struct lint_subject *subject,    \
		bool *ret_found, const char **ret_detail UNUSED,                         \
		struct error *err UNUSED)                                                \
	{                                                                                \
		if (subject)                                                             \
			*ret_found = (expression);                                       \
		return 0;                                                                \
	}

/* What is not only a folder on the way. */
static bool is_content_below(const struct lint_subject *subject, const char *directory)
{
	return subject->node->type != TREE_DIRECTORY &&
	       is_below(subject->path, directory);
}

static bool is_unmerged(const struct lint_subject *subject)
{
	static const char *const places[] = {"bin", "sbin", "lib", "lib64", NULL};
	if (is_below_any(subject->path, places))
		return true;
	for (size_t i = 0; places[i]; i++)
		if (strcmp(subject->path, places[i]) == 0)
			return subject->node->type != TREE_SYMLINK;
	return false;
}

static bool is_libtool(const struct lint_subject *subject)
{
	return ends_with(subject->name, ".la") &&
	       slice_find(slice_sub(subject->content, 0, 4096),
		       SLICE("libtool library")) != SIZE_MAX;
}

static bool is_misplaced_pc(const struct lint_subject *subject)
{
	static const char *const places[] = {
		"usr/lib/pkgconfig", "usr/lib64/pkgconfig", "usr/share/pkgconfig", NULL};
	return subject->node->type != TREE_DIRECTORY && ends_with(subject->name, ".pc") &&
	       !is_below_any(subject->path, places);
}

/* The libraries of the driver, "libcuda.so.1": those of the toolkit are like others. */
static bool is_cuda(const char *path)
{
	static const char *const starts[] = {
		"usr/lib/libcuda.so", "usr/lib/libnvidia-ml.so"};
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		size_t len = strlen(starts[i]);
		if (strncmp(path, starts[i], len) == 0 &&
			path[len + strspn(path + len, ".0123456789")] == '\0')
			return true;
	}
	return false;
}

/* "x_Windows.go", "mac-os/x"; "windowsill" is no such word. */
static bool is_other_system(const char *path)
{
	static const char *const words[] = {"windows", "win32", "win64", "darwin",
		"macos", "mac_os", "mac-os", "macosx", "osx", "os_x", "os-x", "freebsd",
		"netbsd", "openbsd", NULL};
	return has_any_word(path, words, "/-._");
}

/* "linux-i386.tar"; "mips16e" and "arm_sdei.h" have no such word. */
static bool is_other_architecture(const char *path)
{
	static const char *const words[] = {"i386", "i486", "i586", "i686", "x86_32",
		"x86-32", "arm", "armhf", "armv5", "armv6", "armv6l", "armv7", "armv7l",
		"ppc", "ppc64", "ppc64le", "powerpc", "powerpc64", "powerpc64le", "s390",
		"s390x", "mips", "mipsel", "mips64", "mips64le", "riscv", "riscv32",
		"riscv64", "loong64", "loongarch64", "sparc", "sparc64", "ia64", "m68k",
		NULL};
	return has_any_word(path, words, "/-.");
}

#define SPECIAL_BITS 07000

/* What is sticky or sets the group of a folder's files grants nobody anything. */
static bool is_set_id(const struct tree_node *node)
{
	return (node->type == TREE_FILE || node->type == TREE_HARDLINK) &&
	       (node->mode & SPECIAL_BITS);
}

/* In a sticky folder nobody removes what is another's. */
static bool is_writable_for_all(const struct tree_node *node)
{
	return node->type != TREE_SYMLINK && (node->mode & 0002) &&
	       !(node->type == TREE_DIRECTORY && (node->mode & 01000));
}

NODE_RULE(rule_dev, is_content_below(subject, "dev"))
NODE_RULE(rule_infodir, strcmp(subject->path, "usr/share/info/dir") == 0)
NODE_RULE(rule_libtool, is_libtool(subject))
NODE_RULE(rule_setuidgid, is_set_id(subject->node))
NODE_RULE(rule_usrmerge, is_unmerged(subject))
NODE_RULE(rule_varempty, is_content_below(subject, "var/empty"))
NODE_RULE(rule_worldwrite, is_writable_for_all(subject->node))
NODE_RULE(rule_cuda, is_cuda(subject->path))
NODE_RULE(rule_nonlinux,
	subject->node->type != TREE_DIRECTORY && is_other_system(subject->path))
NODE_RULE(rule_object, ends_with(subject->name, ".o") && subject->elf &&
			       subject->elf->kind == ELF_KIND_RELOCATABLE)
NODE_RULE(rule_pkgconf, is_misplaced_pc(subject))
NODE_RULE(rule_unsupportedarch,
	subject->node->type != TREE_DIRECTORY && is_other_architecture(subject->path))

/* ---- by path and package name ---- */

static bool is_documentation(const struct lint *lint)
{
	return ends_with(lint->package->name, "-doc") ||
	       ends_with(lint->package->name, "-docs");
}

static bool is_for_developers(const struct lint *lint)
{
	return ends_with(lint->package->name, "-dev") ||
	       ends_with(lint->package->name, "-static");
}

/* It puts things where the images of others have them. */
static bool is_compatible(const struct lint *lint)
{
	return ends_with(lint->package->name, "-compat");
}

/* Folders may be there if something makes them again when the container starts. */
static bool is_temporary(const struct lint *lint, const struct lint_subject *subject)
{
	return is_content_below(subject, "tmp") || is_content_below(subject, "var/tmp") ||
	       is_below(subject->path, "var/run") || is_content_below(subject, "run") ||
	       (is_below(subject->path, "run") &&
		       !tree_find(lint->package->tree, "usr/lib/tmpfiles.d"));
}

#define PACKAGE_RULE(name, expression)                                                   \
	static int name(struct lint *lint, const struct lint_subject *subject,           \
		bool *ret_found, const char **ret_detail UNUSED,                         \
		struct error *err UNUSED)                                                \
	{                                                                                \
		if (subject)                                                             \
			*ret_found = (expression);                                       \
		return 0;                                                                \
	}

static bool is_page(const struct lint_subject *subject)
{
	static const char *const places[] = {"usr/share/man", "usr/share/info",
		"usr/local/share/man", "usr/local/share/info", "usr/man", "usr/info",
		NULL};
	return subject->node->type != TREE_DIRECTORY &&
	       is_below_any(subject->path, places);
}

static bool is_document(const struct lint_subject *subject)
{
	static const char *const places[] = {
		"usr/share/doc", "usr/share/gtk-doc", "usr/doc", NULL};
	static const char *const ends[] = {
		"README", "READ.ME", "CREDITS", ".md", ".rst", ".doc", ".docx", NULL};
	return subject->node->type != TREE_DIRECTORY &&
	       (is_below_any(subject->path, places) ||
		       ends_with_any(subject->name, ends));
}

static bool is_unstripped(const struct lint *lint, const struct lint_subject *subject)
{
	return is_program(subject->elf) &&
	       (!subject->elf->stripped || subject->elf->has_debug) &&
	       !is_below(subject->path, "usr/lib/debug") &&
	       !ends_with(lint->package->name, "-dbg") &&
	       !ends_with(lint->package->name, "-debug");
}

PACKAGE_RULE(rule_tempdir, is_temporary(lint, subject))
PACKAGE_RULE(rule_opt, is_content_below(subject, "opt") && !is_compatible(lint))
PACKAGE_RULE(rule_srv, is_content_below(subject, "srv") && !is_compatible(lint))
PACKAGE_RULE(
	rule_usrlocal, is_content_below(subject, "usr/local") && !is_compatible(lint))
PACKAGE_RULE(rule_dll, ends_with(subject->name, ".dll") && !is_for_developers(lint))
PACKAGE_RULE(rule_dylib, ends_with(subject->name, ".dylib") && !is_for_developers(lint))
PACKAGE_RULE(rule_maninfo, is_page(subject) && !is_documentation(lint))
PACKAGE_RULE(rule_documentation, is_document(subject) && !is_documentation(lint))
PACKAGE_RULE(rule_sbom, is_below(subject->path, "var/lib/db/sbom") &&
				strcmp(subject->path, lint->sbom_path) != 0)
PACKAGE_RULE(rule_staticarchive,
	ends_with(subject->name, ".a") &&
		slice_starts_with(subject->content, SLICE("!<arch>\n")) &&
		!is_for_developers(lint))
PACKAGE_RULE(rule_strip, is_unstripped(lint, subject))

/* ---- ELF ---- */

static int rule_binaryarch(struct lint *lint, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail, struct error *err)
{
	if (!subject || !subject->elf ||
		strcmp(subject->elf->machine, lint->package->architecture) == 0)
		return 0;
	*ret_found = true;
	*ret_detail = arena_printf(lint->arena, "is for the architecture %s, not %s",
		subject->elf->machine, lint->package->architecture);
	return *ret_detail ? 0 : error_set_memory(err);
}

static int rule_lddcheck(struct lint *lint, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail, struct error *err)
{
	if (!subject || !is_program(subject->elf))
		return 0;
	for (size_t i = 0; i < subject->elf->needed_count && !*ret_found; i++) {
		const char *needed = subject->elf->needed[i];
		if (map_get_str(lint->libraries, needed))
			continue;
		*ret_found = true;
		*ret_detail = arena_printf(
			lint->arena, "needs %s, which no package brings", needed);
		if (!*ret_detail)
			return error_set_memory(err);
	}
	return 0;
}

/* ---- the whole package ---- */

/* Texts that have to be with every copy. */
static bool is_license(const struct lint_subject *subject)
{
	static const char *const starts[] = {"licen", "copying", "copyright", "notice"};
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (strncasecmp(subject->name, starts[i], strlen(starts[i])) == 0)
			return true;
	return is_below(subject->path, "usr/share/licenses");
}

static int rule_duplicate(struct lint *lint, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail, struct error *err)
{
	char hex[DIGEST_TEXT_MAX];
	if (!subject || subject->node->type != TREE_FILE ||
		subject->node->size < DUPLICATE_BYTES || is_license(subject))
		return 0;
	char *key = arena_printf(lint->arena, "%s %s", subject->name,
		digest_format_hex(&subject->node->content, hex));
	char *path = arena_strdup(lint->arena, subject->path);
	if (!key || !path)
		return error_set_memory(err);
	const char *first = map_get_str(lint->contents, key);
	if (!first)
		return map_put(lint->contents, slice_str(key), path, err);
	*ret_found = true;
	*ret_detail = arena_printf(lint->arena, "is the same as /%s", first);
	return *ret_detail ? 0 : error_set_memory(err);
}

static int rule_empty(struct lint *lint, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail, struct error *err)
{
	(void)ret_detail;
	(void)err;
	*ret_found = !subject && lint->files == 0;
	return 0;
}

/* ---- Python ---- */

/* "usr/lib/python3.13/site-packages/x/y" → "x/y"; NULL for other paths */
static const char *below_site_packages(const char *path)
{
	static const char start[] = "usr/lib/python", place[] = "site-packages/";
	if (strncmp(path, start, sizeof(start) - 1) != 0)
		return NULL;
	const char *slash = strchr(path + sizeof(start) - 1, '/');
	if (!slash || strncmp(slash + 1, place, sizeof(place) - 1) != 0)
		return NULL;
	return slash + sizeof(place);
}

static bool is_top_level(const struct lint_subject *subject, const char *const *names)
{
	const char *rest = subject ? below_site_packages(subject->path) : NULL;
	return rest && is_among(rest, names);
}

static const char *const docs[] = {"doc", "docs", NULL};
static const char *const tests[] = {"test", "tests", NULL};

static int rule_python_docs(struct lint *lint UNUSED, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail UNUSED, struct error *err UNUSED)
{
	*ret_found = is_top_level(subject, docs);
	return 0;
}

static int rule_python_test(struct lint *lint UNUSED, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail UNUSED, struct error *err UNUSED)
{
	*ret_found = is_top_level(subject, tests);
	return 0;
}

/*
 * "x" for the folder "x" and for "x.py" and "x.cpython-313.so"; empty for metadata, for
 * what begins with an underscore, and for what has linters of its own.
 */
static struct slice python_module(const struct lint_subject *subject)
{
	static const char *const ends[] = {".py", ".so", NULL};
	const char *rest = below_site_packages(subject->path);
	if (!rest || *rest == '_' || strchr(rest, '/'))
		return SLICE_EMPTY;
	struct slice name = slice_from(rest, strcspn(rest, "."));
	bool is_module = subject->node->type == TREE_DIRECTORY
				 ? name.len == strlen(rest)
				 : ends_with_any(rest, ends);
	if (!is_module || is_among(rest, docs) || is_among(rest, tests))
		return SLICE_EMPTY;
	return name;
}

static int rule_python_multiple(struct lint *lint, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail, struct error *err)
{
	struct slice name = subject ? python_module(subject) : SLICE_EMPTY;
	if (!name.len || (lint->module && slice_equal_str(name, lint->module)))
		return 0;
	if (!lint->module) {
		lint->module = arena_strndup(lint->arena, name);
		return lint->module ? 0 : error_set_memory(err);
	}
	*ret_found = true;
	*ret_detail = arena_printf(
		lint->arena, "is a second Python module beside %s", lint->module);
	return *ret_detail ? 0 : error_set_memory(err);
}

/* ---- the table ---- */

lint_rule *const lint_rules[LINT_COUNT] = {rule_binaryarch, rule_cuda, rule_dev, rule_dll,
	rule_documentation, rule_duplicate, rule_dylib, rule_empty, rule_infodir,
	rule_lddcheck, rule_libtool, rule_maninfo, rule_nonlinux, rule_object, rule_opt,
	rule_pkgconf, rule_python_docs, rule_python_multiple, rule_python_test, rule_sbom,
	rule_setuidgid, rule_srv, rule_staticarchive, rule_strip, rule_tempdir,
	rule_unsupportedarch, rule_usrlocal, rule_usrmerge, rule_varempty,
	rule_worldwrite};
