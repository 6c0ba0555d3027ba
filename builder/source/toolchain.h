/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The toolchain: pinned Debian packages that make the lower layers of a build
 * root (recipes/toolchain.yaml: names, links, files, environment;
 * recipes/toolchain.lock.json: path, size, SHA-256). No maintainer script is ever run.
 */
#ifndef BUILDER_SOURCE_TOOLCHAIN_H
#define BUILDER_SOURCE_TOOLCHAIN_H

#include "base/json.h"
#include "builder/source/source.h"

struct toolchain_deb {
	const char *name, *version, *path;
	uint64_t size;
	struct digest digest;
};

/* ---- making the lock ---- */

/* Debian's own keys, where its package debian-archive-keyring puts them. */
#define TOOLCHAIN_KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

struct toolchain_pin_options {
	const char *keyring; /* OpenPGP keys, binary or armoured */
	const char *const *mirrors;
	size_t mirror_count;
};
/*
 * What toolchain.lock.json in the directory should say: the groups' packages of the suite
 * and all that they depend on, as apt resolves it, without what is omitted, and in every
 * group but the base without what the base has. apt runs unprivileged, in folders of its
 * own below the store's, which are removed; the index is taken from the first mirror that
 * has one which a key of the keyring signed. Appends. ERR_REFUSED: such an index was
 * nowhere to be had, and somewhere another one.
 */
MUST_USE int toolchain_pin(const char *directory,
	const struct toolchain_pin_options *options, struct store *store,
	struct buffer *lock, struct error *err);
/*
 * From the text of one lock (empty: there was none) to that of another:
 *	{"groups": {NAME: {"added": [PACKAGE...], "removed": [...]}},
 *	 "packages": {NAME: {"from": VERSION or null, "to": VERSION or null}}}
 * with what is different only. "from" and "to" are the same if just the file is another.
 */
MUST_USE int toolchain_compare_locks(struct slice from, const char *from_name,
	struct slice to, struct json_t **ret_changes, struct error *err);

/* ---- using it ---- */

struct toolchain;
#define cleanup_toolchain CLEANUP(toolchain_free)
/* Reads both files from the directory (recipes/). */
MUST_USE int toolchain_load(
	const char *directory, struct toolchain **ret_toolchain, struct error *err);
/* The same from texts, for tests and fuzzing; the names are for messages. */
MUST_USE int toolchain_load_text(struct slice yaml, const char *yaml_name,
	struct slice lock, const char *lock_name, struct toolchain **ret_toolchain,
	struct error *err);
void toolchain_free(struct toolchain **toolchain);

/*
 * A name in environment.contents.packages means: what the toolchain's `provided` list
 * has (toolchain_provides), else a package that one of our recipes makes, else a group
 * (toolchain_has).
 */
bool toolchain_provides(const struct toolchain *toolchain, const char *name);
bool toolchain_has(const struct toolchain *toolchain, const char *name);
/* Environment for every build step. */
const struct recipe_variable *toolchain_environment(
	const struct toolchain *toolchain, size_t *ret_count);
/*
 * Group names (and names of the `provided` list, which add nothing) to layers: the base
 * group and those the names ask for, unique, in a stable order. ERR_INPUT for a name that
 * is neither.
 */
struct toolchain_layers {
	struct arena *arena;
	const char **groups; /* topmost first */
	size_t group_count;
	struct toolchain_deb *debs; /* all of them, sorted by name: for the provenance */
	size_t deb_count;
	struct recipe_list packages; /* ours, that the named groups want below /sysroot */
	struct digest digest; /* over all that makes up the layers: for input keys */
};
#define cleanup_toolchain_layers CLEANUP(toolchain_layers_done)
MUST_USE int toolchain_select(const struct toolchain *toolchain,
	const struct recipe_list *names, struct toolchain_layers *ret_layers,
	struct error *err);
void toolchain_layers_done(struct toolchain_layers *layers);

/*
 * Fetches and unpacks what is missing into store/roots/<digest>/ (owned by the uid that
 * sandboxes map, see sandbox_outer_ids) and gives the directories relative to
 * store_dirfd, topmost first; heap array of heap strings.
 */
MUST_USE int toolchain_prepare(const struct toolchain *toolchain,
	const struct toolchain_layers *layers, const struct source_options *options,
	struct store *store, char ***ret_directories, size_t *ret_count,
	struct error *err);

#endif
