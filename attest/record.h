/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a build: what was used and what came out, noted while it happened. The
 * one source of SBOM and provenance: neither may say what is not here. Texts belong to
 * the arena; NULL means unknown, and is said to be unknown.
 */
#ifndef ATTEST_RECORD_H
#define ATTEST_RECORD_H

#include "base/arena.h"
#include "base/digest.h"

enum record_material_kind {
	RECORD_SOURCE = 1, /* a source archive that a package was built from */
	RECORD_TOOLCHAIN,  /* a binary package of the build root */
	RECORD_RECIPE,     /* package recipe, image recipe, pipeline, toolchain file */
	RECORD_PACKAGE,    /* an .apk of ours or another's */
};

struct record_material {
	enum record_material_kind kind;
	const char *name, *version; /* version may be NULL */
	const char *uri; /* upstream URI, pool path ("pool/main/…") or file name in the
			    recipe folder */
	const char *download; /* where it was fetched, or NULL */
	struct digest digest; /* SHA-256 */
	const char *commit; /* of a git checkout, whose content digest is of; else NULL */
	const char *package; /* which package's build used it; NULL: the image */
};

struct record_package {
	const char *name, *version, *architecture, *license, *description, *url, *origin,
		*supplier, *cpe;
	const char
		*download;  /* where it was fetched; NULL: made here, or from a folder */
	struct digest file; /* SHA-256 of the .apk */
	uint64_t installed_size;
	int64_t build_date;
	const char **depends; /* names of packages in this record that it depends on */
	size_t depend_count;
	size_t files_kept, files_removed;
	const char *input_key; /* hex */
	const char *sandbox_tier;
	double build_seconds;
};

struct record_file {                /* what the image holds */
	const char *path, *package; /* package "" or NULL: the image itself brings it */
	struct digest content, sha1;
	uint64_t size;
};

struct record {
	struct arena *arena;
	const char *image;             /* name */
	const char *os, *architecture; /* as in OCI: "linux", "amd64" */
	struct digest manifest;        /* of the image */
	uint64_t manifest_size;
	int64_t created;         /* SOURCE_DATE_EPOCH */
	const char *flavour;     /* "base", "app" */
	const char *recipe_path; /* image recipe, relative to where recipes live */
	struct digest recipe;
	const char *builder_id, *builder_version;
	const char *sandbox_tier, *compressor; /* tier "none": nothing was isolated */
	const char *distribution,
		*distribution_version; /* os-release ID, VERSION_ID: for purls */
	const char *organization; /* author of the documents, "Name (mail)"; NULL: the
				     distribution */
	int64_t started, finished;
	struct record_material *materials;
	size_t material_count, material_capacity;
	struct record_package *packages; /* sorted by name */
	size_t package_count, package_capacity;
	struct record_file *files; /* canonical order */
	size_t file_count, file_capacity;
};
#define cleanup_record CLEANUP(record_free)
MUST_USE int record_new(struct record **ret_record, struct error *err);
void record_free(struct record **record);
/* A zeroed new item at the end, or NULL when memory is out. */
struct record_material *record_add_material(struct record *record);
struct record_package *record_add_package(struct record *record);
struct record_file *record_add_file(struct record *record);

#endif
