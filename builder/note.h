/* SPDX-License-Identifier: Apache-2.0 */
/* What a build used and made, noted as a record: the source of SBOM and provenance. */
#ifndef BUILDER_NOTE_H
#define BUILDER_NOTE_H

#include "attest/record.h"
#include "builder/build.h"

struct note {
	const struct image_recipe *recipe;
	const struct image *image;
	struct made *const *made; /* everything that was built for it */
	size_t made_count;
	const struct package *const *installed;
	const struct digest
		*installed_files;     /* SHA-256 of their .apk files as exported */
	const char *const *addresses; /* where each is from; NULL: made here */
	size_t installed_count;
	const char *recipes_directory, *builder_id, *architecture;
	const char *organization; /* NULL: not said */
	enum compression compression;
	int64_t mtime, started, finished;
};
MUST_USE int note_build(
	const struct note *note, struct record **ret_record, struct error *err);

#endif
