/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX 2.3 documents (JSON) from a record; valid against the official schema. */
#ifndef ATTEST_SPDX2_H
#define ATTEST_SPDX2_H

#include "attest/record.h"
#include "base/buffer.h"

/* The bare document, and the same as the predicate of a Statement. Both append; deterministic. */
MUST_USE int spdx2_write(const struct record *record, struct buffer *out, struct error *err);
MUST_USE int spdx2_write_statement(const struct record *record, struct buffer *out,
	struct error *err);

#endif
