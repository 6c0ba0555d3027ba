/* SPDX-License-Identifier: Apache-2.0 */
/* SLSA provenance v1 (slsa.dev/provenance/v1) from a record, as an in-toto Statement. */
#ifndef ATTEST_PROVENANCE_H
#define ATTEST_PROVENANCE_H

#include "attest/record.h"
#include "base/buffer.h"

#define PROVENANCE_BUILD_TYPE "https://alnage.dev/image-build/v1"

MUST_USE int provenance_write(const struct record *record, struct buffer *out,
	struct error *err);

#endif
