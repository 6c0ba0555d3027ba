/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary package: what its control data says, and the tree of its files,
 * whose contents lie in the store. Written to and read from .apk files (apk.h).
 */
#ifndef BUILDER_PACKAGE_PACKAGE_H
#define BUILDER_PACKAGE_PACKAGE_H

#include "base/store.h"
#include "builder/tree/tree.h"

struct package_list {
	const char **items;
	size_t count;
};

struct package_script {
	const char *name; /* ".post-install", … */
	const char *text;
};

struct package {
	struct arena *arena;
	const char *name, *version, *architecture; /* version with -rN */
	const char *description, *url, *license, *origin, *commit, *maintainer;
	uint64_t installed_size;
	int64_t build_date;
	struct package_list depends, provides, replaces, install_if;
	/* offers for the package alone, since nothing looks where they lie; a comment */
	struct package_list vendored;
	uint64_t provider_priority, replaces_priority;
	const char *triggers; /* "/a /b" or "" */
	struct package_script *scripts;
	size_t script_count;
	struct tree *tree;

	/* Of the .apk file, set by apk_write and apk_read: */
	struct digest file; /* SHA-256 of the whole file, a blob of the store */
	uint64_t file_size;
	struct digest control_sha1; /* of the compressed control member: the index's C: */
	struct digest control_sha256;
	struct digest data; /* datahash: SHA-256 of the compressed data member */
};

#define cleanup_package CLEANUP(package_free)
/* Empty: all texts "", lists empty, a tree without nodes. */
MUST_USE int package_new(struct package **ret_package, struct error *err);
void package_free(struct package **package);

/*
 * What a recipe declares of a path in its output, beyond what an unprivileged sandbox can
 * leave there. value is the raw value of the xattr (capability.h makes it from names).
 */
struct package_declared {
	const char *path;
	bool set_mode, set_owner;
	uint32_t mode, uid, gid;
	const char *xattr; /* name, or NULL */
	struct slice value;
};

struct package_collect_options {
	const struct package_declared *declared;
	size_t declared_count;
};

/*
 * Takes the files below dirfd (an output directory of a dead sandbox) into the store and
 * package->tree, and sets installed_size: by descriptor, no symlink followed, hard links
 * found by inode; owners become 0:0. Set-id bits (and sticky files) whose mode is not
 * declared, and xattrs that are not declared for the path, are ERR_INPUT; devices, fifos,
 * sockets too; and what is declared for a path that is not there. Files that their owner
 * cannot read are made readable there (their mode in the tree is what they had). options
 * may be NULL.
 */
MUST_USE int package_collect(struct package *package, int dirfd, struct store *store,
	const struct package_collect_options *options, struct error *err);

/*
 * A file that the builder itself puts into the package: 0644 0:0, its content into the
 * store, its size into installed_size. ERR_INPUT if the path is there already.
 */
MUST_USE int package_add_file(struct package *package, struct store *store,
	const char *path, struct slice bytes, struct error *err);

/*
 * The package's own bill of materials, where melange puts it: "var/lib/db/sbom/" and
 * NAME-VERSION.spdx.json. NULL only when memory is out.
 */
char *package_sbom_path(const struct package *package, struct arena *arena);

/*
 * Fills depends, provides and vendored from the files, as melange does (reference:
 * recipes-packages-images.md 3.4): so:, so-ver:, cmd:, pc:, #! lines, modules of Perl,
 * Python and Ruby, pages of -doc packages. Merged with what is declared, sorted, unique,
 * minus what the package provides itself. The flags switch parts of what is found off. A
 * malformed ELF file is ERR_INPUT if it is executable or named like a library, else it is
 * data.
 *
 * Dependencies on libraries are never versioned ("so-ver:"), so the option
 * no-versioned-shlib-deps has nothing to switch off (melange makes them on an environment
 * variable only). Kernels and their modules are not looked at: containers have the
 * host's.
 *
 * siblings: the packages of the same recipe, collected already: a symlink lib*.so to a
 * library in one of them becomes a dependency on it, and where one of them has the loader
 * look, libraries are looked for. May hold the package itself.
 */
struct package_scan_options {
	bool no_provides, no_depends, no_commands;
	const struct package *const *siblings;
	size_t sibling_count;
};
MUST_USE int package_scan(struct package *package, struct store *store,
	const struct package_scan_options *options, struct error *err);

/*
 * A text as control data holds it, on one line: its words with one blank between them.
 * Recipes have descriptions of several lines. NULL only when memory is out.
 */
char *package_one_line(struct arena *arena, const char *text);

/* Names that control data may hold: package names and versions as apk tools take them. */
MUST_USE int package_check_name(struct slice name, struct error *err);

#endif
