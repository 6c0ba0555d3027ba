/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scan reports and VEX documents, as statements. Of a report: findings are named, and
 * what is read is the same a second time. Of VEX: it settles only findings that it
 * names, nothing where there is no document, and a document that says the contrary at
 * the same time settles nothing any more.
 */
#include <jansson.h>

#include "attest/predicate.h"
#include "attest/vex_lookup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_report(const struct statement *statement)
{
	struct error err = ERROR_INIT;
	cleanup_scan_report struct scan_report *one = NULL, *two = NULL;

	if (scan_report_read(statement, &one, &err) < 0) {
		if (!error_is_set(&err) || one)
			abort();
		return;
	}
	if (scan_report_read(statement, &two, &err) < 0 || one->count != two->count ||
		one->finished != two->finished || !scan_report_is_alike(one, two))
		abort();
	for (size_t i = 0; i < one->count; i++)
		if (one->items[i].id[0] == '\0' ||
			severity_parse(severity_name(one->items[i].severity)) !=
				one->items[i].severity)
			abort();
}

/* CSAF: what is listed as good is affected. */
static void affect(json_t *status)
{
	static const char *const good[] = {"known_not_affected", "fixed", "first_fixed"};
	json_t *affected = json_array();

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		json_t *list = json_object_get(status, good[i]);

		if (json_is_array(list) && json_array_extend(affected, list) < 0)
			abort();
	}
	if (json_object_set_new(status, "known_affected", affected) < 0)
		abort();
}

static json_t *contrary(const json_t *statement)
{
	json_t *copy = json_deep_copy(statement);

	if (!copy || json_object_set_new(copy, "status", json_string("affected")) < 0 ||
		(json_is_object(json_object_get(copy, "analysis")) &&
			json_object_set_new(json_object_get(copy, "analysis"), "state",
				json_string("exploitable")) < 0))
		abort();
	if (json_is_object(json_object_get(copy, "product_status")))
		affect(json_object_get(copy, "product_status"));
	return copy;
}

static void check_vex(struct statement *statement)
{
	const struct statement *documents[] = {statement};
	const struct scan_finding finding = {.id = "CVE-1",
		.package = "zlib",
		.purl = "pkg:apk/x/zlib@1.3-r0?arch=x86_64",
		.severity = SEVERITY_HIGH};
	const struct scan_finding unnamed = {
		.id = "CVE-0", .package = "", .purl = finding.purl};
	const struct digest image = {.algorithm = DIGEST_SHA256, .len = 32};
	bool openvex = strcmp(statement->predicate_type, PREDICATE_OPENVEX) == 0;
	json_t *list = json_object_get(
		statement->predicate, openvex ? "statements" : "vulnerabilities");
	size_t count = json_array_size(list);
	bool settled = vex_settles(documents, 1, &image, &finding, INT64_MAX);

	if (vex_settles(documents, 0, &image, &finding, INT64_MAX) ||
		settled != vex_settles(documents, 1, &image, &finding, INT64_MAX))
		abort();
	if (settled && count > 1000)
		return;
	for (size_t i = 0; settled && i < count; i++)
		if (json_is_object(json_array_get(list, i)) &&
			json_array_append_new(list, contrary(json_array_get(list, i))) <
				0)
			abort();
	if (settled && vex_settles(documents, 1, &image, &finding, INT64_MAX))
		abort();
	(void)vex_settles(documents, 1, &image, &unnamed, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_statement struct statement *statement = NULL;

	if (statement_parse(slice_from(data, size), &statement, &err) < 0)
		return 0;
	if (vex_type_is_known(statement->predicate_type))
		check_vex(statement);
	else
		check_report(statement);
	return 0;
}
