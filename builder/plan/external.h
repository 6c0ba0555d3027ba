/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages that others built: those of the repositories that an image recipe names in
 * contents.repositories and contents.build_repositories, beside our own, or that a build
 * root is made of (reference/recipes-packages-images.md, 4.4 and 4.5).
 *
 * A repository is an https address or a folder ("./packages", from where we run), with
 * ARCH/APKINDEX.tar.gz below it. Its index has to be signed by one of the keys in
 * contents.keyring (files or https addresses; the name is the last component); without
 * keys nothing is trusted. Each package has to have the control checksum, size, name,
 * version and architecture that the signed index says, its data the digest that its
 * control part says. An index that is older than the last one seen (its newest build date
 * went back) is refused.
 *
 * A package whose name one of our recipes makes is never taken from a repository for an
 * image, whatever version it claims, and none there provides that name; of several
 * repositories with the same tag, or without one, the first that has a name-version
 * counts. What is in one with a tag ("@edge URL") has the tag in its index entry, see
 * resolve.h.
 *
 * Packages are remembered in the store by their address and checksum; what was fetched
 * once is there without the network, too.
 */
#ifndef BUILDER_PLAN_EXTERNAL_H
#define BUILDER_PLAN_EXTERNAL_H

#include "attest/trust.h"
#include "builder/package/index.h"
#include "builder/plan/catalog.h"
#include "builder/source/source.h"

struct external;
struct map; /* base/map.h */
#define cleanup_external CLEANUP(external_free)

/* Where to look, and whose signatures count. */
struct external_lists {
	const char *const *repositories; /* as image_repository_split takes them */
	const char *const *keyring;      /* files or https addresses */
	size_t repository_count, key_count;
};

struct external_options {
	const struct catalog *catalog; /* whose packages are ours; NULL: nobody's */
	const struct source_options *sources; /* offline counts */
	struct store *store;
	const char *architecture;
	bool accept_sha1; /* signatures with SHA-1 count, too */
	/* not NULL: the keys of the keyring need the role "package" there, today */
	const struct trust *trust;
};
/*
 * Reads and verifies the indexes. Without repositories *ret_external becomes an empty
 * one. The catalog, store and options are borrowed. ERR_REFUSED for a signature that does
 * not hold and an index that went back; ERR_INPUT for repositories without keys.
 */
MUST_USE int external_open(const struct external_lists *lists,
	const struct external_options *options, struct external **ret_external,
	struct error *err);
void external_free(struct external **external);

/* Over the addresses, indexes and keys: for input keys. */
const struct digest *external_digest(const struct external *external);

/*
 * Of the wanted atoms those that our recipes have to make: what they make themselves,
 * what packages of the repositories need of ours, and what nobody has (the plan says so).
 * The list lives as long as external.
 */
MUST_USE int external_split(struct external *external, const struct recipe_list *wanted,
	struct recipe_list *ret_ours, struct error *err);
/* Adds all packages of the repositories to the candidates of a resolution. */
MUST_USE int external_add(
	const struct external *external, struct package_index *index, struct error *err);
/* Does anybody there have or provide it in that version? */
bool external_provides(const struct external *external, const struct atom *atom);
/* The newest package of that very name; NULL: there is none. */
const struct index_entry *external_find(
	const struct external *external, const char *name);
/*
 * Appends a copy of an entry, without what it says of names that are in `ours` (may be
 * NULL): nothing, if its own name is there.
 */
MUST_USE int external_add_entry(const struct index_entry *entry, const struct map *ours,
	struct package_index *index, struct error *err);
/*
 * Appends in this way all entries that a resolution of the wanted atoms can choose: who
 * has or provides what is wanted, by them or by those, and who installs itself with them.
 */
MUST_USE int external_reach(struct external *external, const char *const *wanted,
	size_t count, const struct map *ours, struct package_index *index,
	struct error *err);
/* The entry itself that one of such an index is a copy of; NULL: it is from elsewhere. */
const struct index_entry *external_original(
	struct external *external, const struct index_entry *entry);

/*
 * Fetches, verifies and reads the package that an entry of such an index stands for. The
 * package and the address belong to external. ERR_INPUT if it is in no repository.
 */
MUST_USE int external_get(struct external *external, const struct index_entry *entry,
	const struct package **ret_package, const char **ret_address, struct error *err);

#endif
