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

/* "linux-i386.tar" has the word "i386"; "mips16e" and "arm_sdei.h" have no such word. */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = text; (at = strstr(at, word)); at++) {
		char before = at > text ? at[-1] : '/', after = at[len];
		if (strchr("/-.", before) && (!after || strchr("/-.", after)))
			return true;
	}
	return false;
}

static bool has_any_word(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (has_word(text, *words))
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

static bool is_in_temporary(const char *path)
{
	static const char *const places[] = {"tmp", "run", "var/tmp", "var/run", NULL};
	return is_below_any(path, places);
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

static bool is_cuda(const char *name)
{
	static const char *const libraries[] = {"libcudart", "libcublas", "libcudnn",
		"libcufft", "libcurand", "libcusolver", "libcusparse", "libnccl",
		"libnvrtc", "libnvJitLink", NULL};
	for (size_t i = 0; libraries[i]; i++) {
		size_t len = strlen(libraries[i]);
		if (strncmp(name, libraries[i], len) == 0 && strstr(name + len, ".so"))
			return true;
	}
	return false;
}

static bool is_other_system(const char *path)
{
	static const char *const words[] = {"windows", "win32", "win64", "darwin",
		"macos", "macosx", "osx", "freebsd", "netbsd", "openbsd", NULL};
	return has_any_word(path, words);
}

static bool is_other_architecture(const char *path)
{
	static const char *const words[] = {"i386", "i486", "i586", "i686", "arm",
		"armhf", "armv5", "armv6", "armv6l", "armv7", "armv7l", "ppc", "ppc64",
		"ppc64le", "powerpc", "powerpc64", "powerpc64le", "s390", "s390x", "mips",
		"mipsel", "mips64", "mips64le", "riscv32", "riscv64", "loong64",
		"loongarch64", "sparc", "sparc64", "ia64", "alpha", "m68k", NULL};
	return has_any_word(path, words);
}

#define SPECIAL_BITS 07000

NODE_RULE(rule_dev, is_below(subject->path, "dev"))
NODE_RULE(rule_infodir, strcmp(subject->path, "usr/share/info/dir") == 0)
NODE_RULE(rule_libtool, is_libtool(subject))
NODE_RULE(rule_setuidgid,
	subject->node->type != TREE_SYMLINK && (subject->node->mode & SPECIAL_BITS))
NODE_RULE(rule_tempdir, is_in_temporary(subject->path))
NODE_RULE(rule_usrmerge, is_unmerged(subject))
NODE_RULE(rule_varempty, is_below(subject->path, "var/empty"))
NODE_RULE(rule_worldwrite,
	subject->node->type != TREE_SYMLINK && (subject->node->mode & 0002))
NODE_RULE(rule_cuda, is_cuda(subject->name))
NODE_RULE(rule_dll, ends_with(subject->name, ".dll"))
NODE_RULE(rule_dylib, ends_with(subject->name, ".dylib"))
NODE_RULE(rule_nonlinux, is_other_system(subject->path))
NODE_RULE(rule_object, ends_with(subject->name, ".o") && subject->elf &&
			       subject->elf->kind == ELF_KIND_RELOCATABLE)
NODE_RULE(rule_opt, is_below(subject->path, "opt"))
NODE_RULE(rule_pkgconf, is_misplaced_pc(subject))
NODE_RULE(rule_srv, is_below(subject->path, "srv"))
NODE_RULE(rule_unsupportedarch, is_other_architecture(subject->path))
NODE_RULE(rule_usrlocal, is_below(subject->path, "usr/local"))

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
	static const char *const places[] = {
		"usr/share/man", "usr/share/info", "usr/man", "usr/info", NULL};
	return subject->node->type != TREE_DIRECTORY &&
	       is_below_any(subject->path, places);
}

static bool is_document(const struct lint_subject *subject)
{
	static const char *const places[] = {
		"usr/share/doc", "usr/share/gtk-doc", "usr/doc", NULL};
	return subject->node->type != TREE_DIRECTORY &&
	       is_below_any(subject->path, places);
}

static bool is_unstripped(const struct lint *lint, const struct lint_subject *subject)
{
	return is_program(subject->elf) &&
	       (!subject->elf->stripped || subject->elf->has_debug) &&
	       !is_below(subject->path, "usr/lib/debug") &&
	       !ends_with(lint->package->name, "-dbg") &&
	       !ends_with(lint->package->name, "-debug");
}

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

static int rule_duplicate(struct lint *lint, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail, struct error *err)
{
	char hex[DIGEST_TEXT_MAX];
	if (!subject || subject->node->type != TREE_FILE ||
		subject->node->size < DUPLICATE_BYTES)
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
	for (; rest && *names; names++)
		if (strcmp(rest, *names) == 0)
			return true;
	return false;
}

static int rule_python_docs(struct lint *lint UNUSED, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail UNUSED, struct error *err UNUSED)
{
	static const char *const names[] = {"doc", "docs", NULL};
	*ret_found = is_top_level(subject, names);
	return 0;
}

static int rule_python_test(struct lint *lint UNUSED, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail UNUSED, struct error *err UNUSED)
{
	static const char *const names[] = {"test", "tests", NULL};
	*ret_found = is_top_level(subject, names);
	return 0;
}

/* A module has no dot in its name (metadata has), and no underscore before it. */
static int rule_python_multiple(struct lint *lint, const struct lint_subject *subject,
	bool *ret_found, const char **ret_detail, struct error *err)
{
	const char *rest = subject ? below_site_packages(subject->path) : NULL;
	if (!rest || !*rest || *rest == '_' || strchr(rest, '/') || strchr(rest, '.') ||
		subject->node->type != TREE_DIRECTORY)
		return 0;
	if (!lint->module) {
		lint->module = arena_strdup(lint->arena, rest);
		return lint->module ? 0 : error_set_memory(err);
	}
	*ret_found = true;
	*ret_detail = arena_printf(
		lint->arena, "is a second Python module beside %s", lint->module);
	return *ret_detail ? 0 : error_set_memory(err);
}

/* ---- the tables ---- */

#define MOVE_TO_DOC "move it to a -doc subpackage (split/alldocs)"

const struct lint_linter lint_linters[LINT_COUNT] = {
	{"binaryarch", LINT_WARNING, "is for another architecture",
		"build it for this architecture, or leave it out"},
	{"cudaruntimelib", LINT_WARNING, "is a library of the CUDA runtime",
		"depend on the package that has it"},
	{"dev", LINT_ERROR, "is in /dev, which the container's runtime makes",
		"remove it after installing"},
	{"dll", LINT_WARNING, "is a library for Windows", "remove it after installing"},
	{"documentation", LINT_OFF, "is documentation", MOVE_TO_DOC},
	{"duplicate", LINT_WARNING, "is there twice", "make one of them a link"},
	{"dylib", LINT_WARNING, "is a library for macOS", "remove it after installing"},
	{"empty", LINT_OFF, "has no files",
		"remove the subpackage, or correct its pipeline"},
	{"infodir", LINT_ERROR, "is an index that every package with manuals would bring",
		"remove usr/share/info/dir, or use split/infodir"},
	{"lddcheck", LINT_WARNING, "needs a library that no package brings",
		"add the package with the library to the environment, or leave it out"},
	{"libtool", LINT_ERROR,
		"is of use to libtool alone, and names folders of the build",
		"remove *.la after installing (autoconf/make-install does)"},
	{"maninfo", LINT_WARNING, "is a manual page",
		"move it to a -doc subpackage (split/manpages)"},
	{"nonlinux", LINT_WARNING, "is for another operating system",
		"remove it after installing"},
	{"object", LINT_WARNING, "is an object file", "remove it after installing"},
	{"opt", LINT_WARNING, "is in /opt, which belongs to who runs the image",
		"install it below /usr"},
	{"pkgconf", LINT_WARNING, "is not where pkg-config looks",
		"move it to usr/lib/pkgconfig (split/dev)"},
	{"python/docs", LINT_WARNING, "is a module 'docs' for all of Python",
		"remove it from site-packages"},
	{"python/multiple", LINT_WARNING, "is a second Python module",
		"split the modules into packages of their own"},
	{"python/test", LINT_WARNING, "is a module 'tests' for all of Python",
		"remove it from site-packages"},
	{"sbom", LINT_WARNING, "is where bills of materials of other tools are",
		"leave bills of materials to the build"},
	{"setuidgid", LINT_ERROR, "has a set-id or sticky bit",
		"take it off, or declare capabilities with setcap"},
	{"srv", LINT_WARNING, "is in /srv, which belongs to who runs the image",
		"install it below /usr/share"},
	{"staticarchive", LINT_WARNING, "is a static library",
		"move it to a -dev or -static subpackage (split/static)"},
	{"strip", LINT_WARNING, "is not stripped", "add `uses: strip`"},
	{"tempdir", LINT_ERROR, "is in a folder for what does not last",
		"remove it, or have the program make it when it starts"},
	{"unsupportedarch", LINT_WARNING, "is for an architecture that is not built",
		"remove it after installing"},
	{"usrlocal", LINT_WARNING,
		"is in /usr/local, which belongs to who runs the image",
		"configure with --prefix=/usr"},
	{"usrmerge", LINT_ERROR, "is in a folder that is a link to one below /usr",
		"install it below /usr: usr/bin, usr/sbin, usr/lib"},
	{"varempty", LINT_ERROR, "is in /var/empty, which has to stay empty",
		"remove it after installing"},
	{"worldwrite", LINT_ERROR, "is writable for everybody",
		"chmod o-w it after installing"},
};

lint_rule *const lint_rules[LINT_COUNT] = {rule_binaryarch, rule_cuda, rule_dev, rule_dll,
	rule_documentation, rule_duplicate, rule_dylib, rule_empty, rule_infodir,
	rule_lddcheck, rule_libtool, rule_maninfo, rule_nonlinux, rule_object, rule_opt,
	rule_pkgconf, rule_python_docs, rule_python_multiple, rule_python_test, rule_sbom,
	rule_setuidgid, rule_srv, rule_staticarchive, rule_strip, rule_tempdir,
	rule_unsupportedarch, rule_usrlocal, rule_usrmerge, rule_varempty,
	rule_worldwrite};
