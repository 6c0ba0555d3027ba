/* SPDX-License-Identifier: Apache-2.0 */
/* Between spdx2.c (the document) and spdx2_elements.c (packages, sources, files). */
#ifndef ATTEST_SPDX2_PRIVATE_H
#define ATTEST_SPDX2_PRIVATE_H

#include "attest/document_private.h"
#include "attest/license.h"

#define SPDX2_IMAGE_ID "SPDXRef-Image"

struct spdx2 {
	const struct record *record;
	struct json_t *packages, *files, *relationships; /* borrowed from the document */
	struct license_refs licenses;
	size_t files_listed;
};

MUST_USE int spdx2_add_image(struct spdx2 *document, struct error *err);
MUST_USE int spdx2_add_packages(struct spdx2 *document, struct error *err);
MUST_USE int spdx2_add_sources(struct spdx2 *document, struct error *err);
MUST_USE int spdx2_add_files(struct spdx2 *document, struct error *err);
MUST_USE int spdx2_relate(struct spdx2 *document, const char *from, const char *type,
	const char *to, struct error *err);

#endif
