/* SPDX-License-Identifier: Apache-2.0 */
/* What the store remembers of packages made: record packages/<input key>, and listings as
 * blobs. */
#ifndef BUILDER_MAKE_RECORD_H
#define BUILDER_MAKE_RECORD_H

#include "base/limits.h"
#include "builder/make/make.h"

#define RECORD_FOLDER "packages"
#define RECORD_MAX    (4 * MIB)

/* *ret_made NULL if nothing is remembered, or something that it names is gone. */
MUST_USE int make_record_load(const struct plan_item *item, struct store *store,
	struct made **ret_made, struct error *err);
/* The record's bytes, and the digests of the listings that it names, one per package,
 * from the arena: for sharing both. ERR_INPUT if they are gone. */
MUST_USE int make_record_read(const struct made *made, struct store *store,
	struct arena *arena, struct buffer *out, struct digest **ret_listings,
	struct error *err);
/* Listings of the packages and the record. */
MUST_USE int make_record_save(
	const struct made *made, struct store *store, struct error *err);

#endif
