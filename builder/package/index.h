/* SPDX-License-Identifier: Apache-2.0 */
/* APKINDEX.tar.gz (reference: recipes-packages-images.md 4.4): written and read, signed
 * and verified. */
#ifndef BUILDER_PACKAGE_INDEX_H
#define BUILDER_PACKAGE_INDEX_H

#include "builder/package/apk.h"

struct index_entry { /* text from the index's arena */
	const char *name, *version, *architecture, *description, *url, *license, *origin,
		*commit, *maintainer;
	const char *tag; /* of the repository it is in; not in the text of an index */
	uint64_t size, installed_size, provider_priority;
	int64_t build_date;
	struct digest control_sha1;
	struct package_list depends, provides, install_if;
	struct digest file; /* SHA-256 of the .apk where we know it, else unset */
};
/* Texts are never NULL. */
#define INDEX_ENTRY_INIT                                                                 \
	((struct index_entry){.name = "",                                                \
		.version = "",                                                           \
		.architecture = "",                                                      \
		.description = "",                                                       \
		.url = "",                                                               \
		.license = "",                                                           \
		.origin = "",                                                            \
		.commit = "",                                                            \
		.maintainer = "",                                                        \
		.tag = ""})

struct package_index {
	struct arena *arena;
	struct index_entry *entries;
	size_t count, capacity;
	size_t left_out; /* records that were read but cannot be used, see
			    package_index_read */
};
#define cleanup_index CLEANUP(package_index_free)
MUST_USE int package_index_new(struct package_index **ret_index, struct error *err);
void package_index_free(struct package_index **index);
/* Appends a copy of what the index says of this package. */
MUST_USE int package_index_add(
	struct package_index *index, const struct package *package, struct error *err);
/* Appends a copy of another index's entry. */
MUST_USE int package_index_add_entry(
	struct package_index *index, const struct index_entry *entry, struct error *err);
/* The .tar.gz, signed unless signer is NULL (mtimes are 0); entries sorted by name, then
 * version. Appends. */
MUST_USE int package_index_write(const struct package_index *index,
	const char *description, const struct apk_signer *signer, struct buffer *out,
	struct error *err);
/*
 * ERR_REFUSED unless signed by one of the keys (when keys are given). Malformed lines are
 * ERR_INPUT. A record whose version has no order, or with a dependency that we do not
 * understand, is left out and counted: distributions have such packages, and nobody can
 * choose them safely.
 */
MUST_USE int package_index_read(struct slice bytes, const char *name,
	const struct apk_trusted_key *keys, size_t key_count,
	struct package_index **ret_index, struct error *err);

/*
 * Version order of apk-tools (reference 4.8): -1, 0, 1; fuzzy for "~" (b is the shorter:
 *"1.2" of
 * "~1.2"). ERR_INPUT if one is malformed. Grammar:
 *	num{.num}[letter]{_suffix[num]}[~hex]{-rN}
 */
MUST_USE int version_compare(
	struct slice a, struct slice b, bool fuzzy, int *ret_order, struct error *err);
MUST_USE int version_check(struct slice version, struct error *err);

/*
 * "[!]name[@tag][op version][@tag]": reference 4.7. op is one of = == < > <= >= ~ =~ >~
 * <~
 * ("~" begins with that version, ">~" and "<~" or is above or below it; in any order).
 * The name may be "so:…", "cmd:…", "pc:…". "><", a checksum for apk-tools, is ERR_INPUT.
 */
enum atom_op { /* bits: what may come out of a comparison, and how it is made */
	ATOM_ANY = 0,
	ATOM_EQ = 1,
	ATOM_LT = 2,
	ATOM_GT = 4,
	ATOM_LE = ATOM_LT | ATOM_EQ,
	ATOM_GE = ATOM_GT | ATOM_EQ,
	ATOM_FUZZY = 8 | ATOM_EQ,
	ATOM_FUZZY_LE = ATOM_FUZZY | ATOM_LT,
	ATOM_FUZZY_GE = ATOM_FUZZY | ATOM_GT
};
struct atom {
	struct slice name, version;
	struct slice tag; /* of the repository it is pinned to, empty if none */
	enum atom_op op;
	bool conflict;
};
MUST_USE int atom_parse(struct slice text, struct atom *ret_atom, struct error *err);
/*
 * Does a package (or a provide) of this version satisfy the atom? version empty:
 * unversioned, which satisfies ATOM_ANY only; so does a malformed one. `conflict` is not
 * looked at.
 */
bool atom_matches(const struct atom *atom, struct slice version);

#endif
