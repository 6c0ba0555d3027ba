/* SPDX-License-Identifier: Apache-2.0 */
/* Between sbom.c (the document, the package) and sbom_source.c (sources). */
#ifndef BUILDER_MAKE_SBOM_PRIVATE_H
#define BUILDER_MAKE_SBOM_PRIVATE_H

#include "attest/license.h"
#include "builder/make/sbom.h"

#define SBOM_PACKAGE_ID "SPDXRef-Package"
#define SBOM_NOT_KNOWN  "NOASSERTION"

struct json_t;

struct sbom {
	const struct sbom_facts *facts;
	const struct recipe *recipe;
	const struct package *package;
	struct store *store;
	struct arena *arena;
	struct license_refs licenses;
	struct json_t *root, *packages, *relationships; /* the last two are the root's */
};

/* ---- members; what is returned belongs to the document ---- */

MUST_USE int sbom_text(
	struct json_t *object, const char *key, const char *text, struct error *err);
MUST_USE int sbom_list(struct json_t *object, const char *key, struct json_t **ret_list,
	struct error *err);
MUST_USE int sbom_relate(struct sbom *sbom, const char *from, const char *type,
	const char *to, struct error *err);
MUST_USE int sbom_reference(struct json_t *element, const char *category,
	const char *type, const char *locator, struct error *err);
/* What every package element has. */
MUST_USE int sbom_element(struct sbom *sbom, const char *id, const char *name,
	const char *version, struct json_t **ret_element, struct error *err);
/* https or http */
bool sbom_is_url(const char *text);

/* One source, number `at`, that the package was GENERATED_FROM. */
MUST_USE int sbom_source(struct sbom *sbom, const struct made_source *source, size_t at,
	struct error *err);

#endif
