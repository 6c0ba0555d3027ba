/* SPDX-License-Identifier: Apache-2.0 */
/* What the writers of documents share: building JSON, package URLs, names of origins. */
#ifndef ATTEST_DOCUMENT_PRIVATE_H
#define ATTEST_DOCUMENT_PRIVATE_H

#include "attest/record.h"
#include "base/buffer.h"

struct json_t;

/* A new object (array) inside its parent, borrowed from it. */
MUST_USE int document_object(
	struct json_t *parent, const char *key, struct json_t **ret, struct error *err);
MUST_USE int document_array(
	struct json_t *parent, const char *key, struct json_t **ret, struct error *err);
MUST_USE int document_item(struct json_t *array, struct json_t **ret, struct error *err);
/* A string member; nothing if text is NULL or "". */
MUST_USE int document_text(
	struct json_t *object, const char *key, const char *text, struct error *err);
/* {"sha256": "…"}: an in-toto DigestSet. */
MUST_USE int document_digest(struct json_t *object, const char *key,
	const struct digest *digest, struct error *err);

/* pkg:apk/DISTRIBUTION/NAME@VERSION?arch=…&distro=…&upstream=… (purl spec). Appends. */
MUST_USE int document_purl(const struct record *record,
	const struct record_package *package, struct buffer *out, struct error *err);
/* pkg:oci/NAME@sha256%3A…, without qualifiers: the form that all scanners match. Appends.
 */
MUST_USE int document_image_purl(
	const struct record *record, struct buffer *out, struct error *err);

/* Is this where upstream publishes it (a URL), rather than a pool path or a file name? */
bool document_uri_is_upstream(const char *uri);
/*
 * The origin as a URI that says nothing of this machine or its mirror: URLs as they are,
 * "pool/main/x" → "pool:main/x", files → "recipe:path". Appends.
 */
MUST_USE int document_uri(const char *uri, struct buffer *out, struct error *err);

/* By kind, package, name, URI, digest; none twice. In the record's arena. */
MUST_USE int document_materials(const struct record *record,
	const struct record_material *const **ret_list, size_t *ret_count,
	struct error *err);

#endif
