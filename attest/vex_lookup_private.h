/* SPDX-License-Identifier: Apache-2.0 */
/* Between vex_lookup.c (OpenVEX, and which statement decides) and the other formats. */
#ifndef ATTEST_VEX_LOOKUP_PRIVATE_H
#define ATTEST_VEX_LOOKUP_PRIVATE_H

#include "attest/vex_lookup.h"

struct json_t;

/* "" if it is not there, or no text. */
const char *vex_text(const struct json_t *object, const char *key);
/* INT64_MIN if it is not there, or no time. */
int64_t vex_time(const struct json_t *object, const char *key);
/* "pkg:oci/name@sha256:…", the colon perhaps as %3A. */
bool vex_purl_is_image(const char *text, const struct digest *image);

/* Of one of a document's vulnerabilities. */
bool vex_cyclonedx_is_about(const struct json_t *document,
	const struct json_t *vulnerability, const struct digest *image,
	const struct scan_finding *finding);
bool vex_cyclonedx_settles(const struct json_t *document,
	const struct json_t *vulnerability, const struct digest *image,
	const struct scan_finding *finding);
int64_t vex_cyclonedx_time(
	const struct json_t *document, const struct json_t *vulnerability);

bool vex_csaf_is_about(const struct json_t *document, const struct json_t *vulnerability,
	const struct digest *image, const struct scan_finding *finding);
bool vex_csaf_settles(const struct json_t *document, const struct json_t *vulnerability,
	const struct digest *image, const struct scan_finding *finding);
int64_t vex_csaf_time(const struct json_t *document, const struct json_t *vulnerability);

#endif
