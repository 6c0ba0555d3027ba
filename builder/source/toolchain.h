/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The toolchain: pinned Debian packages that make the lower layers of a build
 * root (recipes/toolchain.yaml: names, links, files, environment;
 * recipes/toolchain.lock.json: path, size, SHA-256). No maintainer script is ever run.
 */
#ifndef BUILDER_SOURCE_TOOLCHAIN_H
#define BUILDER_SOURCE_TOOLCHAIN_H

#include "builder/source/source.h"

struct toolchain_deb {
	const char *name, *version, *path;
	uint64_t size;
	struct digest digest;
};

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
