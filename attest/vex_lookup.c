/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/vex_lookup.h"

#include <jansson.h>

#include "base/clock.h"

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* ---- package URLs ---- */

struct purl {
	struct slice name, version, qualifiers; /* name: with type and namespace */
};

static struct purl purl_split(const char *text)
{
	struct slice rest = slice_str(text), whole = SLICE_EMPTY, name = SLICE_EMPTY;
	struct purl purl = {.name = SLICE_EMPTY};

	(void)slice_cut(&rest, '#', &whole); /* without the subpath */
	(void)slice_cut(&whole, '?', &name);
	purl.qualifiers = whole;
	(void)slice_cut(&name, '@', &purl.name);
	purl.version = name;
	return purl;
}

static bool has_qualifier(struct slice qualifiers, struct slice wanted)
{
	struct slice one;

	while (slice_cut(&qualifiers, '&', &one))
		if (slice_equal(one, wanted))
			return true;
	return false;
}

bool vex_purl_matches(const char *wanted, const char *found)
{
	struct purl a = purl_split(wanted), b = purl_split(found);
	struct slice one;

	if (!slice_starts_with(a.name, SLICE("pkg:")) || !slice_equal(a.name, b.name) ||
		(a.version.len > 0 && !slice_equal(a.version, b.version)))
		return false;
	while (slice_cut(&a.qualifiers, '&', &one))
		if (!has_qualifier(b.qualifiers, one))
			return false;
	return true;
}

/* "pkg:oci/name@sha256:…", the colon perhaps as %3A. */
static bool purl_is_image(const char *text, const struct digest *image)
{
	struct slice version = purl_split(text).version;
	char hex[DIGEST_TEXT_MAX];

	return slice_starts_with(slice_str(text), SLICE("pkg:oci/")) &&
	       (slice_starts_with(version, SLICE("sha256:")) ||
		       slice_starts_with(version, SLICE("sha256%3A")) ||
		       slice_starts_with(version, SLICE("sha256%3a"))) &&
	       image->algorithm == DIGEST_SHA256 &&
	       slice_ends_with(version, slice_str(digest_format_hex(image, hex))) &&
	       (version.len == 64 + 7 || version.len == 64 + 9);
}

/* ---- what a statement is about ---- */

static const char *purl_of(const json_t *component)
{
	return text_at(json_object_get(component, "identifiers"), "purl");
}

static bool is_image(const json_t *product, const struct digest *image)
{
	const char *hash = text_at(json_object_get(product, "hashes"), "sha-256");
	char hex[DIGEST_TEXT_MAX];

	return (image->algorithm == DIGEST_SHA256 &&
		       strcmp(hash, digest_format_hex(image, hex)) == 0) ||
	       purl_is_image(text_at(product, "@id"), image) ||
	       purl_is_image(purl_of(product), image);
}

static bool is_package(const json_t *component, const char *purl)
{
	return purl[0] && (vex_purl_matches(text_at(component, "@id"), purl) ||
				  vex_purl_matches(purl_of(component), purl));
}

static bool product_fits(
	const json_t *product, const struct digest *image, const char *purl)
{
	const json_t *parts = json_object_get(product, "subcomponents");

	if (is_package(product, purl))
		return true;
	if (!is_image(product, image))
		return false;
	for (size_t i = 0; i < json_array_size(parts); i++)
		if (is_package(json_array_get(parts, i), purl))
			return true;
	return json_array_size(parts) == 0;
}

static bool names(const json_t *vulnerability, const char *id)
{
	const json_t *aliases = json_object_get(vulnerability, "aliases");

	if (strcmp(text_at(vulnerability, "name"), id) == 0)
		return true;
	for (size_t i = 0; i < json_array_size(aliases); i++) {
		const char *alias = json_string_value(json_array_get(aliases, i));

		if (alias && strcmp(alias, id) == 0)
			return true;
	}
	return false;
}

static bool is_about(const json_t *statement, const struct digest *image,
	const struct scan_finding *finding)
{
	const json_t *products = json_object_get(statement, "products");

	if (!names(json_object_get(statement, "vulnerability"), finding->id))
		return false;
	for (size_t i = 0; i < json_array_size(products); i++)
		if (product_fits(json_array_get(products, i), image, finding->purl))
			return true;
	return false;
}

/* ---- which one decides ---- */

static bool settles(const json_t *statement)
{
	const char *status = text_at(statement, "status");

	if (strcmp(status, "fixed") == 0)
		return true;
	/* OpenVEX asks for a reason: a bare claim is none */
	return strcmp(status, "not_affected") == 0 &&
	       (text_at(statement, "justification")[0] ||
		       text_at(statement, "impact_statement")[0]);
}

/* A statement's own time, else the document's; INT64_MIN: not told. */
static int64_t time_of(const json_t *statement, const json_t *document)
{
	static const char *const keys[] = {"last_updated", "timestamp"};
	const json_t *places[] = {statement, document};
	struct error ignored = ERROR_INIT;
	int64_t time;

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		for (size_t j = 0; j < ARRAY_LEN(keys); j++)
			if (clock_parse(slice_str(text_at(places[i], keys[j])), &time,
				    &ignored) == 0)
				return time;
			else
				error_clear(&ignored);
	return INT64_MIN;
}

struct decision {
	bool any, settled;
	int64_t time;
};

static void decide(struct decision *decision, const json_t *statement, int64_t time)
{
	if (decision->any && time < decision->time)
		return;
	decision->settled =
		settles(statement) &&
		(!decision->any || time > decision->time || decision->settled);
	decision->any = true;
	decision->time = time;
}

bool vex_settles(const struct statement *const *documents, size_t count,
	const struct digest *image, const struct scan_finding *finding, int64_t at)
{
	struct decision decision = {.any = false};

	for (size_t i = 0; i < count; i++) {
		const json_t *document = documents[i]->predicate;
		const json_t *list = json_object_get(document, "statements");

		for (size_t j = 0; j < json_array_size(list); j++) {
			const json_t *statement = json_array_get(list, j);
			int64_t time = time_of(statement, document);
			bool early = time > at && settles(statement);

			if (!early && is_about(statement, image, finding))
				decide(&decision, statement, time);
		}
	}
	return decision.settled;
}
