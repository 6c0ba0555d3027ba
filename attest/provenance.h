/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SLSA provenance v1 (slsa.dev/provenance/v1) from a record, as an in-toto Statement.
 * Times of this run are in runDetails only: the rest is the same for every build of the
 * same inputs. No level is claimed: which one holds is decided by who operates the
 * builder of that id.
 *
 * buildType https://alnage.dev/image-build/v1:
 *   externalParameters  image (name), recipe (its URI below the recipes, sha256),
 * architecture, flavour internalParameters  compressor, network ("none", or "not
 * isolated"), sandbox (tier), sourceDateEpoch resolvedDependencies  every source,
 * toolchain package, recipe file and package, with annotations kind (source, toolchain,
 * recipe, package), usedBy (package), inputKey, sandbox; URIs: where upstream publishes
 * it, "pool:" a path in a Debian pool, "recipe:" a file of the recipes, "pkg:" a package
 */
#ifndef ATTEST_PROVENANCE_H
#define ATTEST_PROVENANCE_H

#include "attest/record.h"
#include "base/buffer.h"

#define PROVENANCE_BUILD_TYPE "https://alnage.dev/image-build/v1"

/* The record needs image, manifest, builder_id. Appends. */
MUST_USE int provenance_write(
	const struct record *record, struct buffer *out, struct error *err);

#endif
