/* SPDX-License-Identifier: Apache-2.0 */
/* The verificationMaterial of a bundle, for bundle.c. */
#ifndef SIGNING_BUNDLE_PRIVATE_H
#define SIGNING_BUNDLE_PRIVATE_H

#include "signing/bundle.h"

/* Fills what comes from verificationMaterial; the version is known already. */
MUST_USE int bundle_read_material(
	const struct json_t *root, struct bundle *bundle, struct error *err);

#endif
