/* SPDX-License-Identifier: Apache-2.0 */
/* What toolchain.yaml and toolchain.lock.json say, checked. All memory from the arena. */
#ifndef BUILDER_SOURCE_TOOLCHAIN_PRIVATE_H
#define BUILDER_SOURCE_TOOLCHAIN_PRIVATE_H

#include "base/map.h"
#include "builder/source/toolchain.h"

#define LIMIT_TOOLCHAIN_NAMES 4096 /* of each kind */

struct toolchain_group {
	const char *name;
	struct recipe_list debian;         /* as toolchain.yaml asks */
	struct recipe_list packages;       /* ours */
	const struct toolchain_deb **debs; /* as the lock resolves */
	size_t deb_count;
};

struct toolchain_file {
	const char *path; /* relative: "usr/bin/sh" */
	const char *text; /* content, or the target of a link */
	uint32_t mode;    /* of a file */
};

struct toolchain_files {
	struct toolchain_file *items;
	size_t count, capacity;
};

struct toolchain {
	struct arena *arena;
	const char *suite, *component, *architecture;
	struct toolchain_group *base;
	struct toolchain_group *groups;
	size_t group_count;
	struct recipe_list provided, omit;
	struct toolchain_files directories, links, files;
	struct recipe_variable *environment;
	size_t environment_count;
	struct toolchain_deb *debs;
	size_t deb_count;
	struct map *group_by_name, *deb_by_name;
};

/* What toolchain.yaml alone says: fills all but debs; group->debs stay empty. */
MUST_USE int toolchain_load_yaml(struct slice text, const char *name,
	struct toolchain **ret_toolchain, struct error *err);
/* Fills all but debs; group->debs stay empty. */
MUST_USE int toolchain_read_yaml(struct slice text, const char *name,
	struct toolchain *toolchain, struct error *err);
/* Fills debs and group->debs; every group that asks for Debian packages has to be there.
 */
MUST_USE int toolchain_read_lock(struct slice text, const char *name,
	struct toolchain *toolchain, struct error *err);

/* pool/main/g/gawk/gawk_1_amd64.deb */
bool toolchain_is_pool_path(struct slice path);

struct toolchain_group *toolchain_find_group(
	const struct toolchain *toolchain, const char *name);

/* ---- toolchain_select.c: what a layer is made of, as text whose digest names it ---- */

/* Debs of a group that the base does not have. arena-allocated, sorted by name. */
MUST_USE int toolchain_group_debs(const struct toolchain *toolchain,
	const struct toolchain_group *group, struct arena *arena,
	const struct toolchain_deb ***ret_debs, size_t *ret_count, struct error *err);
MUST_USE int toolchain_group_digest(const struct toolchain *toolchain,
	const struct toolchain_group *group, struct digest *ret_digest,
	struct error *err);
/* Of directories, links and files. */
MUST_USE int toolchain_declared_digest(
	const struct toolchain *toolchain, struct digest *ret_digest, struct error *err);

/* ---- toolchain_fetch.c ---- */

/* All that are not in the store, over several connections. */
MUST_USE int toolchain_fetch(const struct toolchain_deb *const *debs, size_t count,
	const struct source_options *options, struct store *store, struct error *err);

/* ---- toolchain_unpack.c: below dirfd, in this process, which is the builder's ---- */

MUST_USE int toolchain_unpack_debs(const struct toolchain_deb *const *debs, size_t count,
	struct store *store, int dirfd, struct error *err);
MUST_USE int toolchain_write_declared(
	const struct toolchain *toolchain, int dirfd, struct error *err);

#endif
