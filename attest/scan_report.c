/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/scan_report.h"

#include <jansson.h>

#include "attest/predicate.h"
#include "base/clock.h"

#define FINDINGS_MAX 100000

static const struct {
	const char *name;
	enum severity severity;
} severities[] = {
	{"none", SEVERITY_NONE},
	{"negligible", SEVERITY_LOW}, /* Debian's and Grype's word: not nothing */
	{"low", SEVERITY_LOW},
	{"medium", SEVERITY_MEDIUM},
	{"moderate", SEVERITY_MEDIUM},
	{"high", SEVERITY_HIGH},
	{"critical", SEVERITY_CRITICAL},
};

static bool same_word(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a >= 'A' && *a <= 'Z' ? *a - 'A' + 'a' : *a) != *b)
			return false;
	return *a == *b;
}

enum severity severity_parse(const char *text)
{
	for (size_t i = 0; text && i < ARRAY_LEN(severities); i++)
		if (same_word(text, severities[i].name))
			return severities[i].severity;
	return SEVERITY_UNKNOWN;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {
		"unknown", "none", "low", "medium", "high", "critical"};

	return names[severity];
}

void scan_report_free(struct scan_report **report)
{
	struct arena *arena;

	if (!*report)
		return;
	arena = (*report)->arena; /* the report itself lies in it */
	arena_free(&arena);
	*report = NULL;
}

static int report_new(struct scan_report **ret_report, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct scan_report *report;

	if (arena_new(&arena, err) < 0)
		return err->class;
	report = arena_alloc(arena, sizeof(*report));
	if (!report)
		return error_set_memory(err);
	report->arena = take_ptr(arena);
	*ret_report = report;
	return 0;
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* 0: not told. */
static int64_t time_at(const json_t *object, const char *key)
{
	struct error ignored = ERROR_INIT;
	int64_t time = 0;

	return clock_parse(slice_str(text_at(object, key)), &time, &ignored) == 0 ? time
										  : 0;
}

static int add(struct scan_report *report, struct scan_finding finding, struct error *err)
{
	struct scan_finding *item;

	if (finding.id[0] == '\0')
		return error_set(
			err, ERR_INPUT, "scan report: a finding that is not named");
	if (report->count == FINDINGS_MAX)
		return error_set(err, ERR_INPUT, "scan report: more than %d findings",
			FINDINGS_MAX);
	item = arena_append(report->arena, &report->items, &report->count,
		&report->capacity, sizeof(*item));
	if (!item)
		return error_set_memory(err);
	*item = finding;
	return 0;
}

/* ---- Trivy: Results[].Vulnerabilities[] ---- */

static int read_trivy_result(
	const json_t *result, struct scan_report *report, struct error *err)
{
	const json_t *list = json_object_get(result, "Vulnerabilities");

	if (!json_is_object(result) ||
		(list && !json_is_array(list) && !json_is_null(list)))
		return error_set(err, ERR_INPUT, "scan report: Results is malformed");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		struct scan_finding finding = {.id = text_at(item, "VulnerabilityID"),
			.package = text_at(item, "PkgName"),
			.purl = text_at(json_object_get(item, "PkgIdentifier"), "PURL"),
			.severity = severity_parse(text_at(item, "Severity")),
			.published = time_at(item, "PublishedDate")};

		if (add(report, finding, err) < 0)
			return err->class;
	}
	return 0;
}

static int read_trivy(
	const json_t *results, struct scan_report *report, struct error *err)
{
	for (size_t i = 0; i < json_array_size(results); i++)
		if (read_trivy_result(json_array_get(results, i), report, err) < 0)
			return err->class;
	return 0;
}

/* ---- Grype: matches[] ---- */

static int read_grype(
	const json_t *matches, struct scan_report *report, struct error *err)
{
	for (size_t i = 0; i < json_array_size(matches); i++) {
		const json_t *match = json_array_get(matches, i);
		const json_t *vulnerability = json_object_get(match, "vulnerability");
		const json_t *artifact = json_object_get(match, "artifact");
		struct scan_finding finding = {.id = text_at(vulnerability, "id"),
			.package = text_at(artifact, "name"),
			.purl = text_at(artifact, "purl"),
			.severity = severity_parse(text_at(vulnerability, "severity"))};

		if (add(report, finding, err) < 0)
			return err->class;
	}
	return 0;
}

/* Trivy leaves Results out, or empty, where it looked at nothing that it knows: that is
 * no scan. */
static int read_cosign(
	const json_t *scanner, struct scan_report *report, struct error *err)
{
	const json_t *result = json_object_get(scanner, "result");
	const json_t *results = json_object_get(result, "Results");
	const json_t *matches = json_object_get(result, "matches");

	if (json_is_array(results) && json_array_size(results) == 0)
		return error_set(err, ERR_INPUT,
			"scan report: Trivy knew nothing to look at in the image");
	if (json_is_array(results) && !matches) {
		report->format = "Trivy";
		return read_trivy(results, report, err);
	}
	if (json_is_array(matches) && !results) {
		report->format = "Grype";
		return read_grype(matches, report, err);
	}
	return error_set(err, ERR_INPUT,
		"scan report: scanner.result is neither Trivy's nor Grype's");
}

/* ---- in-toto vulns ---- */

/* "7.5": the qualitative rating of a CVSS score. */
static enum severity score_severity(const char *text)
{
	struct slice rest = slice_str(text), whole;
	struct error ignored = ERROR_INIT;
	uint64_t number, fraction = 0;

	if (!slice_cut(&rest, '.', &whole) ||
		slice_parse_u64(whole, 10, 10, &number, &ignored) < 0 ||
		(rest.len > 0 && slice_parse_u64(slice_sub(rest, 0, 1), 10, 9, &fraction,
					 &ignored) < 0))
		return severity_parse(text);
	number = 10 * number + fraction;
	return number == 0     ? SEVERITY_NONE
	       : number < 40   ? SEVERITY_LOW
	       : number < 70   ? SEVERITY_MEDIUM
	       : number < 90   ? SEVERITY_HIGH
	       : number <= 100 ? SEVERITY_CRITICAL
			       : SEVERITY_UNKNOWN;
}

static enum severity highest(const json_t *list)
{
	enum severity found = SEVERITY_UNKNOWN;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		enum severity one = score_severity(text_at(item, "score"));

		found = one > found ? one : found;
	}
	return found;
}

static int read_in_toto(
	const json_t *scanner, struct scan_report *report, struct error *err)
{
	const json_t *list = json_object_get(scanner, "result");

	report->format = "in-toto";
	if (!json_is_array(list))
		return error_set(
			err, ERR_INPUT, "scan report: scanner.result is not an array");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		struct scan_finding finding = {.id = text_at(item, "id"),
			.package = "",
			.purl = "",
			.severity = highest(json_object_get(item, "severity"))};

		if (add(report, finding, err) < 0)
			return err->class;
	}
	return 0;
}

/* in-toto's place for it, or Grype's own (its database of version 5, and of version 6) */
static int64_t database_time(const json_t *scanner)
{
	const json_t *result = json_object_get(scanner, "result");
	const json_t *db = json_object_get(json_object_get(result, "descriptor"), "db");
	int64_t time = time_at(json_object_get(scanner, "db"), "lastUpdate");

	if (time == 0)
		time = time_at(db, "built");
	return time != 0 ? time : time_at(json_object_get(db, "status"), "built");
}

/* ---- the whole ---- */

bool scan_report_is_alike(const struct scan_report *a, const struct scan_report *b)
{
	return strcmp(a->format, b->format) == 0 && slice_equal(a->scanner, b->scanner);
}

int scan_report_read(const struct statement *statement, struct scan_report **ret_report,
	struct error *err)
{
	const json_t *scanner = json_object_get(statement->predicate, "scanner");
	const json_t *metadata = json_object_get(statement->predicate, "metadata");
	cleanup_scan_report struct scan_report *report = NULL;
	bool in_toto = strcmp(statement->predicate_type, PREDICATE_VULNS) == 0;
	struct slice uri = slice_str(text_at(scanner, "uri"));

	if (report_new(&report, err) < 0 ||
		(in_toto ? read_in_toto(scanner, report, err)
			 : read_cosign(scanner, report, err)) < 0)
		return err->class;
	report->finished = time_at(metadata, "scanFinishedOn");
	report->database = database_time(scanner);
	(void)slice_cut(&uri, '@', &report->scanner); /* pkg:…@version; or none */
	*ret_report = take_ptr(report);
	return 0;
}
