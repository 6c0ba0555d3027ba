/* SPDX-License-Identifier: Apache-2.0 */
/* CycloneDX (1.4 to 1.7): vulnerabilities[] with an analysis, of what `affects` names. */
#include <jansson.h>

#include "attest/vex_lookup_private.h"

#define REF_MAX 512

/* What is behind the "#" of a BOM-Link is percent-encoded. False: too long, or malformed.
 */
static bool decode(const char *text, char *out)
{
	size_t length = 0;

	for (; *text; text++) {
		uint64_t byte = (unsigned char)*text;
		struct error ignored = ERROR_INIT;

		if (*text == '%') {
			if (!text[1] || !text[2] ||
				slice_parse_u64(slice_from(text + 1, 2), 16, UINT8_MAX,
					&byte, &ignored) < 0 ||
				byte == 0)
				return false;
			text += 2;
		}
		if (length == REF_MAX - 1)
			return false;
		out[length++] = (char)byte; /* at most UINT8_MAX */
	}
	out[length] = '\0';
	return true;
}

/* The component of this document, or NULL. */
static const json_t *find_component(const json_t *document, const char *ref)
{
	const json_t *list = json_object_get(document, "components");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(vex_text(json_array_get(list, i), "bom-ref"), ref) == 0)
			return json_array_get(list, i);
	return NULL;
}

/* A component, by its purl; or the image, by its digest. A reference to another
 * document's part means that part if it is a purl itself. */
static bool ref_fits(const json_t *document, const char *ref, const struct digest *image,
	const char *purl)
{
	const json_t *whole =
		json_object_get(json_object_get(document, "metadata"), "component");
	const json_t *component = find_component(document, ref);
	const char *part = strchr(ref, '#');
	char decoded[REF_MAX];

	if (component)
		return purl[0] && vex_purl_matches(vex_text(component, "purl"), purl);
	if (ref[0] && strcmp(vex_text(whole, "bom-ref"), ref) == 0)
		return vex_purl_is_image(vex_text(whole, "purl"), image);
	if (strncmp(ref, "urn:cdx:", 8) == 0) {
		if (!part || !decode(part + 1, decoded))
			return false;
		ref = decoded;
	}
	return vex_purl_is_image(ref, image) || (purl[0] && vex_purl_matches(ref, purl));
}

bool vex_cyclonedx_is_about(const json_t *document, const json_t *vulnerability,
	const struct digest *image, const struct scan_finding *finding)
{
	const json_t *list = json_object_get(vulnerability, "affects");

	if (strcmp(vex_text(vulnerability, "id"), finding->id) != 0)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (ref_fits(document, vex_text(json_array_get(list, i), "ref"), image,
			    finding->purl))
			return true;
	return false;
}

/* Of some versions only: which ones that are is not looked at. */
static bool names_versions(const json_t *vulnerability)
{
	const json_t *list = json_object_get(vulnerability, "affects");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_object_get(json_array_get(list, i), "versions"))
			return true;
	return false;
}

bool vex_cyclonedx_settles(const json_t *document, const json_t *vulnerability,
	const struct digest *image, const struct scan_finding *finding)
{
	const json_t *analysis = json_object_get(vulnerability, "analysis");
	const char *state = vex_text(analysis, "state");
	bool explained = vex_text(analysis, "justification")[0] != '\0' ||
			 vex_text(analysis, "detail")[0] != '\0';

	(void)document, (void)image, (void)finding; /* the analysis is one for all */
	if (names_versions(vulnerability))
		return false;
	if (strcmp(state, "resolved") == 0 ||
		strcmp(state, "resolved_with_pedigree") == 0)
		return true;
	return explained && (strcmp(state, "not_affected") == 0 ||
				    strcmp(state, "false_positive") == 0);
}

int64_t vex_cyclonedx_time(const json_t *document, const json_t *vulnerability)
{
	const json_t *analysis = json_object_get(vulnerability, "analysis");
	const json_t *metadata = json_object_get(document, "metadata");
	int64_t time = vex_time(analysis, "lastUpdated");

	if (time == INT64_MIN)
		time = vex_time(vulnerability, "updated");
	return time != INT64_MIN ? time : vex_time(metadata, "timestamp");
}
