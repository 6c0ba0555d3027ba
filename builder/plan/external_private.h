/* SPDX-License-Identifier: Apache-2.0 */
/* What reading repositories and walking through them share. */
#ifndef BUILDER_PLAN_EXTERNAL_PRIVATE_H
#define BUILDER_PLAN_EXTERNAL_PRIVATE_H

#include "base/map.h"
#include "builder/plan/external.h"
#include "builder/plan/external_fetch.h"

/* One package of a repository. */
struct external_entry {
	const struct index_entry *entry;
	const char *folder; /* REPOSITORY/ARCH */
	unsigned seen;      /* in which walk; see struct external */
	struct package *package;
	const char *address;
};

/* Who provides a name, one after the other. */
struct provider {
	struct external_entry *entry;
	struct provider *next;
};

struct external {
	struct arena *arena;
	struct external_options options;
	struct external_places places;
	struct key **keys;
	struct apk_trusted_key *trusted;
	size_t key_count;
	struct package_index **indexes;
	size_t index_count;
	struct map *by_version;            /* "name version tag" → external_entry */
	struct map *by_name;               /* what it provides → provider */
	struct external_entry **following; /* with install_if */
	size_t following_count, following_capacity;
	unsigned walk;        /* number of the last one: of external_split or _reach */
	struct buffer inputs; /* what digest is over */
	struct digest digest;
};

/* By which an entry is known in by_version; NULL when memory is out. */
const char *external_version_key(struct arena *arena, const struct index_entry *entry);
/* NULL: it is in no repository (or memory is out, which whoever goes on notices). */
struct external_entry *external_find_entry(
	struct external *external, const struct index_entry *entry);

#endif
