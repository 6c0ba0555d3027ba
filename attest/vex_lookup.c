/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/vex_lookup_private.h"

#include <jansson.h>

#include "attest/predicate.h"
#include "base/clock.h"

const char *vex_text(const json_t *object, const char *key)
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

bool vex_purl_is_image(const char *text, const struct digest *image)
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
	return vex_text(json_object_get(component, "identifiers"), "purl");
}

static bool is_image(const json_t *product, const struct digest *image)
{
	const char *hash = vex_text(json_object_get(product, "hashes"), "sha-256");
	char hex[DIGEST_TEXT_MAX];

	return (image->algorithm == DIGEST_SHA256 &&
		       strcmp(hash, digest_format_hex(image, hex)) == 0) ||
	       vex_purl_is_image(vex_text(product, "@id"), image) ||
	       vex_purl_is_image(purl_of(product), image);
}

static bool is_package(const json_t *component, const char *purl)
{
	return purl[0] && (vex_purl_matches(vex_text(component, "@id"), purl) ||
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

	if (strcmp(vex_text(vulnerability, "name"), id) == 0)
		return true;
	for (size_t i = 0; i < json_array_size(aliases); i++) {
		const char *alias = json_string_value(json_array_get(aliases, i));

		if (alias && strcmp(alias, id) == 0)
			return true;
	}
	return false;
}

static bool is_about(const json_t *document, const json_t *statement,
	const struct digest *image, const struct scan_finding *finding)
{
	const json_t *products = json_object_get(statement, "products");

	(void)document; /* a statement says all itself */
	if (!names(json_object_get(statement, "vulnerability"), finding->id))
		return false;
	for (size_t i = 0; i < json_array_size(products); i++)
		if (product_fits(json_array_get(products, i), image, finding->purl))
			return true;
	return false;
}

/* ---- which one decides ---- */

static bool settles(const json_t *document, const json_t *statement,
	const struct digest *image, const struct scan_finding *finding)
{
	const char *status = vex_text(statement, "status");

	(void)document, (void)image, (void)finding; /* the status is one for all */
	if (strcmp(status, "fixed") == 0)
		return true;
	/* OpenVEX asks for a reason: a bare claim is none */
	return strcmp(status, "not_affected") == 0 &&
	       (vex_text(statement, "justification")[0] ||
		       vex_text(statement, "impact_statement")[0]);
}

int64_t vex_time(const json_t *object, const char *key)
{
	struct error ignored = ERROR_INIT;
	int64_t time;

	return clock_parse(slice_str(vex_text(object, key)), &time, &ignored) == 0
		       ? time
		       : INT64_MIN;
}

/* A statement's own time, else the document's; INT64_MIN: not told. */
static int64_t time_of(const json_t *document, const json_t *statement)
{
	static const char *const keys[] = {"last_updated", "timestamp"};
	const json_t *places[] = {statement, document};

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		for (size_t j = 0; j < ARRAY_LEN(keys); j++)
			if (vex_time(places[i], keys[j]) != INT64_MIN)
				return vex_time(places[i], keys[j]);
	return INT64_MIN;
}

struct decision {
	bool any, settled;
	int64_t time;
};

/* One from the future settles nothing yet. */
static void decide(struct decision *decision, bool settled, int64_t time, int64_t at)
{
	if ((settled && time > at) || (decision->any && time < decision->time))
		return;
	decision->settled =
		settled && (!decision->any || time > decision->time || decision->settled);
	decision->any = true;
	decision->time = time;
}

static const struct format {
	const char *type, *list; /* where its statements are */
	bool (*is_about)(const json_t *document, const json_t *statement,
		const struct digest *image, const struct scan_finding *finding);
	bool (*settles)(const json_t *document, const json_t *statement,
		const struct digest *image, const struct scan_finding *finding);
	int64_t (*time)(const json_t *document, const json_t *statement);
} formats[] = {
	{PREDICATE_OPENVEX, "statements", is_about, settles, time_of},
	{PREDICATE_CYCLONEDX, "vulnerabilities", vex_cyclonedx_is_about,
		vex_cyclonedx_settles, vex_cyclonedx_time},
	{PREDICATE_CSAF, "vulnerabilities", vex_csaf_is_about, vex_csaf_settles,
		vex_csaf_time},
};

static const struct format *format_of(const char *predicate_type)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].type, predicate_type) == 0)
			return &formats[i];
	return NULL;
}

bool vex_type_is_known(const char *predicate_type)
{
	return format_of(predicate_type) != NULL;
}

static void consider(struct decision *decision, const json_t *document,
	const struct format *format, const struct digest *image,
	const struct scan_finding *finding, int64_t at)
{
	const json_t *list = json_object_get(document, format->list);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (format->is_about(document, one, image, finding))
			decide(decision, format->settles(document, one, image, finding),
				format->time(document, one), at);
	}
}

bool vex_settles(const struct statement *const *documents, size_t count,
	const struct digest *image, const struct scan_finding *finding, int64_t at)
{
	struct decision decision = {.any = false};

	for (size_t i = 0; i < count; i++) {
		const struct format *format = format_of(documents[i]->predicate_type);

		if (format)
			consider(&decision, documents[i]->predicate, format, image,
				finding, at);
	}
	return decision.settled;
}
