/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What VEX documents about an image say of a finding: OpenVEX (v0.2.0, openvex.dev/ns),
 * CycloneDX with vulnerabilities (1.4 and later), CSAF (2.0, section 4.5). A statement is
 * about it if it names the vulnerability and a product that is the image (by digest, and
 * by subcomponent if it has any) or the package itself. Package URLs are compared as
 * go-vex does: type, namespace and name; the version, if the document gives one; every
 * qualifier that the document gives.
 */
#ifndef ATTEST_VEX_LOOKUP_H
#define ATTEST_VEX_LOOKUP_H

#include "attest/scan_report.h"

/* Is that the predicate type of one of these formats? */
bool vex_type_is_known(const char *predicate_type);

/* Does the document's purl mean the found one? */
bool vex_purl_matches(const char *wanted, const char *found);

/*
 * The latest statement about the finding in all the documents decides; of several at that
 * time, all must say not_affected or fixed. One from after `at` settles nothing.
 * Statements of other types are passed over.
 */
bool vex_settles(const struct statement *const *documents, size_t count,
	const struct digest *image, const struct scan_finding *finding, int64_t at);

#endif
