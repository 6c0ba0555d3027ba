/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CSAF 2.0, profile VEX (section 4.5): vulnerabilities[] say of product_ids what their
 * status is; product_tree says by purl which products those are, and which of them is
 * part of which. Documents of other profiles, and drafts, settle nothing; that something
 * is affected counts in them, too.
 */
#include <jansson.h>

#include "attest/vex_lookup_private.h"

#define BRANCHES_DEEP 32
#define PRODUCTS_MAX  64 /* of a document that mean the same thing: more are confusing */

struct products {
	const char *ids[PRODUCTS_MAX];
	size_t count;
};

/* What the finding is in, by the document's names for it. */
struct subject {
	const struct digest *image;
	const char *purl;
	struct products packages, images, parts; /* parts: the package in the image */
	bool is_confused;
};

static void add(struct subject *subject, struct products *products, const char *id)
{
	if (products->count == PRODUCTS_MAX)
		subject->is_confused = true;
	else if (id[0])
		products->ids[products->count++] = id;
}

static bool has(const struct products *products, const char *id)
{
	for (size_t i = 0; i < products->count; i++)
		if (strcmp(products->ids[i], id) == 0)
			return true;
	return false;
}

/* ---- product_tree ---- */

static void look_at_product(struct subject *subject, const json_t *product)
{
	const json_t *helper = json_object_get(product, "product_identification_helper");
	const char *purl = vex_text(helper, "purl");

	if (vex_purl_is_image(purl, subject->image))
		add(subject, &subject->images, vex_text(product, "product_id"));
	else if (vex_purl_matches(purl, subject->purl))
		add(subject, &subject->packages, vex_text(product, "product_id"));
}

static void look_at_branches(
	struct subject *subject, const json_t *branches, unsigned depth)
{
	size_t count = json_array_size(branches);

	if (depth > BRANCHES_DEEP && count > 0) {
		subject->is_confused = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const json_t *branch = json_array_get(branches, i);

		look_at_product(subject, json_object_get(branch, "product"));
		look_at_branches(subject, json_object_get(branch, "branches"), depth + 1);
	}
}

/* Whatever the relationship is called: one is in the other. */
static void look_at_relationship(struct subject *subject, const json_t *relationship)
{
	if (has(&subject->packages, vex_text(relationship, "product_reference")) &&
		has(&subject->images,
			vex_text(relationship, "relates_to_product_reference")))
		add(subject, &subject->parts,
			vex_text(json_object_get(relationship, "full_product_name"),
				"product_id"));
}

static void find_subject(const json_t *document, struct subject *subject)
{
	const json_t *tree = json_object_get(document, "product_tree");
	const json_t *names = json_object_get(tree, "full_product_names");
	const json_t *relationships = json_object_get(tree, "relationships");

	look_at_branches(subject, json_object_get(tree, "branches"), 0);
	for (size_t i = 0; i < json_array_size(names); i++)
		look_at_product(subject, json_array_get(names, i));
	for (size_t i = 0; i < json_array_size(relationships); i++)
		look_at_relationship(subject, json_array_get(relationships, i));
}

static bool is_subject(const struct subject *subject, const char *id)
{
	return has(&subject->packages, id) || has(&subject->images, id) ||
	       has(&subject->parts, id);
}

/* ---- what is said of it ---- */

static bool lists(const json_t *array, const char *id)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *item = json_string_value(json_array_get(array, i));

		if (item && strcmp(item, id) == 0)
			return true;
	}
	return false;
}

/* By itself, or with a group of the product_tree. */
static bool names_product(const json_t *document, const json_t *note, const char *id)
{
	const json_t *groups = json_object_get(
		json_object_get(document, "product_tree"), "product_groups");

	if (lists(json_object_get(note, "product_ids"), id))
		return true;
	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *group = json_array_get(groups, i);

		if (lists(json_object_get(note, "group_ids"),
			    vex_text(group, "group_id")) &&
			lists(json_object_get(group, "product_ids"), id))
			return true;
	}
	return false;
}

/* "known_not_affected" needs a machine's or a person's reason for each product (4.5). */
static bool is_explained(
	const json_t *document, const json_t *vulnerability, const char *id)
{
	const json_t *flags = json_object_get(vulnerability, "flags");
	const json_t *threats = json_object_get(vulnerability, "threats");

	for (size_t i = 0; i < json_array_size(flags); i++) {
		const json_t *flag = json_array_get(flags, i);

		if (vex_text(flag, "label")[0] && names_product(document, flag, id))
			return true;
	}
	for (size_t i = 0; i < json_array_size(threats); i++) {
		const json_t *threat = json_array_get(threats, i);

		if (strcmp(vex_text(threat, "category"), "impact") == 0 &&
			vex_text(threat, "details")[0] &&
			names_product(document, threat, id))
			return true;
	}
	return false;
}

static bool is_final_vex(const json_t *document)
{
	const json_t *head = json_object_get(document, "document");
	const char *status = vex_text(json_object_get(head, "tracking"), "status");

	return strcmp(vex_text(head, "category"), "csaf_vex") == 0 &&
	       strcmp(vex_text(head, "csaf_version"), "2.0") == 0 &&
	       (strcmp(status, "final") == 0 || strcmp(status, "interim") == 0);
}

struct said {
	bool any, contrary; /* settled: any and not contrary */
};

static void read_status(const json_t *document, const json_t *vulnerability,
	const char *status, const struct subject *subject, struct said *said)
{
	const json_t *list =
		json_object_get(json_object_get(vulnerability, "product_status"), status);
	bool is_good = strcmp(status, "fixed") == 0 || strcmp(status, "first_fixed") == 0;
	bool is_not_affected = strcmp(status, "known_not_affected") == 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *id = json_string_value(json_array_get(list, i));

		if (!id || !is_subject(subject, id))
			continue;
		said->any = true;
		if (!is_good &&
			!(is_not_affected && is_explained(document, vulnerability, id)))
			said->contrary = true;
	}
}

static struct said read_vulnerability(const json_t *document, const json_t *vulnerability,
	const struct digest *image, const struct scan_finding *finding)
{
	/* "recommended" says what to install, not what something is */
	static const char *const statuses[] = {"known_not_affected", "fixed",
		"first_fixed", "known_affected", "first_affected", "last_affected",
		"under_investigation"};
	struct subject subject = {.image = image, .purl = finding->purl};
	struct said said = {.any = false};

	find_subject(document, &subject);
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		read_status(document, vulnerability, statuses[i], &subject, &said);
	said.any = said.any || subject.is_confused;
	said.contrary = said.contrary || subject.is_confused || !is_final_vex(document);
	return said;
}

static bool is_named(const json_t *vulnerability, const char *id)
{
	const json_t *ids = json_object_get(vulnerability, "ids");

	if (strcmp(vex_text(vulnerability, "cve"), id) == 0)
		return true;
	for (size_t i = 0; i < json_array_size(ids); i++)
		if (strcmp(vex_text(json_array_get(ids, i), "text"), id) == 0)
			return true;
	return false;
}

bool vex_csaf_is_about(const json_t *document, const json_t *vulnerability,
	const struct digest *image, const struct scan_finding *finding)
{
	return is_named(vulnerability, finding->id) &&
	       read_vulnerability(document, vulnerability, image, finding).any;
}

bool vex_csaf_settles(const json_t *document, const json_t *vulnerability,
	const struct digest *image, const struct scan_finding *finding)
{
	return !read_vulnerability(document, vulnerability, image, finding).contrary;
}

int64_t vex_csaf_time(const json_t *document, const json_t *vulnerability)
{
	const json_t *head = json_object_get(document, "document");

	(void)vulnerability; /* its dates tell when it was found */
	return vex_time(json_object_get(head, "tracking"), "current_release_date");
}
