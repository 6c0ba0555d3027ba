/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Licence expressions as SPDX 2.3 (annex D) wants them. Recipes say what upstream says;
 * what is not on the SPDX licence list becomes a LicenseRef, whose text is to be told in
 * the document.
 */
#ifndef ATTEST_LICENSE_H
#define ATTEST_LICENSE_H

#include "base/arena.h"

/* The version of the licence list behind license_find. */
#define LICENSE_LIST_VERSION "3.28"

/* The list's own spelling of an identifier of a licence or an exception; NULL if it is
 * not there. */
const char *license_find(struct slice identifier);

struct license_ref {
	const char *id;   /* "LicenseRef-…" */
	const char *text; /* what the recipe said */
};

struct license_refs {
	struct arena *arena; /* of the caller; holds all texts */
	struct license_ref *items;
	size_t count, capacity;
};

/*
 * A valid expression, or "NOASSERTION" for NULL and "". Unknown identifiers become
 * LicenseRef-IDENTIFIER, a text that is no expression at all LicenseRef-DIGEST; each is
 * added to refs once.
 */
MUST_USE int license_normalize(const char *text, struct license_refs *refs,
	const char **ret_expression, struct error *err);

#endif
