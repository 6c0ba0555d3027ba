/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bill of materials inside each package, /var/lib/db/sbom/NAME-VERSION.spdx.json:
 * SPDX 2.3, as melange writes them and scanners look for them.
 *
 *	the document DESCRIBES the package, which is GENERATED_FROM the recipe's sources
 *
 * Licences and copyright are those that the recipe declares; a licence that is not on the
 * SPDX list is told with the text of its license-path. Files are not listed: the package
 * database and the .apk have them. Who distributes the package is not known here; the
 * image's bill of materials says that.
 *
 * The same package gives the same bytes: `created` is SOURCE_DATE_EPOCH, the namespace
 * holds a digest over the document and all files of the package.
 */
#ifndef BUILDER_MAKE_SBOM_H
#define BUILDER_MAKE_SBOM_H

#include "builder/make/license.h"
#include "builder/make/make.h"

struct sbom_facts {
	const struct made *made; /* with its sources */
	const struct license_texts *texts;
	int64_t mtime;
};

/* Adds the file. ERR_INPUT if the recipe's steps made it themselves. */
MUST_USE int sbom_add(const struct sbom_facts *facts, struct package *package,
	struct store *store, struct error *err);

#endif
