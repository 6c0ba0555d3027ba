/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the package index share. */
#ifndef BUILDER_PACKAGE_INDEX_PRIVATE_H
#define BUILDER_PACKAGE_INDEX_PRIVATE_H

#include "builder/package/index.h"

/* A new entry at the end, all texts "". Moves the entries. */
MUST_USE int package_index_append(
	struct package_index *index, struct index_entry **ret_entry, struct error *err);

/* The text of APKINDEX, sorted; and its entries again. Appends. */
MUST_USE int index_text_write(
	const struct package_index *index, struct buffer *out, struct error *err);
MUST_USE int index_text_read(
	struct slice text, struct package_index *index, struct error *err);

#endif
