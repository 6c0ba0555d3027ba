/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SPDX 2.3 documents (JSON) from a record; valid against the official schema, with the
 * NTIA minimum elements. Deterministic: the namespace comes from the manifest's digest,
 * `created` is the record's SOURCE_DATE_EPOCH, arrays follow the record's order.
 *
 *   the image CONTAINS packages; a package CONTAINS its files, DEPENDS_ON packages (or
 * NONE) and is GENERATED_FROM sources
 *
 * What is not known is said to be NOASSERTION; a comment says how many files are not
 * listed and why.
 */
#ifndef ATTEST_SPDX2_H
#define ATTEST_SPDX2_H

#include "attest/record.h"
#include "base/buffer.h"

/* Images with more files have none of them listed. */
#define SPDX2_FILES_MAX 10000

/* The bare document, and the same as the predicate of a Statement. Both append;
 * deterministic. */
MUST_USE int spdx2_write(
	const struct record *record, struct buffer *out, struct error *err);
MUST_USE int spdx2_write_statement(
	const struct record *record, struct buffer *out, struct error *err);

#endif
