/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scanner found in an image, as attested: cosign's predicate vuln/v1, whose
 * scanner.result is a report of Trivy or Grype, and in-toto's vulns/v0.2. Severities are
 * the scanner's words; of in-toto's scores the highest counts (CVSS v3.1, section 5).
 *
 * Limit: 100000 findings.
 */
#ifndef ATTEST_SCAN_REPORT_H
#define ATTEST_SCAN_REPORT_H

#include "attest/statement.h"

enum severity {
	SEVERITY_UNKNOWN = 0, /* not told, or not in a way that we understand */
	SEVERITY_NONE,
	SEVERITY_LOW,
	SEVERITY_MEDIUM,
	SEVERITY_HIGH,
	SEVERITY_CRITICAL,
};
/* "none" … "critical", in any case; also "negligible". SEVERITY_UNKNOWN for all else. */
enum severity severity_parse(const char *text);
const char *severity_name(enum severity severity);

struct scan_finding {
	const char *id;             /* CVE-…, GHSA-…, … */
	const char *package, *purl; /* "" if not told */
	enum severity severity;
	int64_t published; /* of the advisory, seconds; 0: not told */
};

struct scan_report {
	struct arena *arena;
	struct scan_finding *items; /* all texts borrow from the statement */
	size_t count, capacity;
	int64_t finished;     /* seconds; 0: not told */
	int64_t database;     /* when what it knows was last updated; 0: not told */
	const char *format;   /* "Trivy", "Grype", "in-toto" */
	struct slice scanner; /* its URI without version; empty: not told */
};
#define cleanup_scan_report CLEANUP(scan_report_free)
void scan_report_free(struct scan_report **report);
/* By the same program? */
bool scan_report_is_alike(const struct scan_report *a, const struct scan_report *b);
/* ERR_INPUT for a report of another kind, or a finding without an id. */
MUST_USE int scan_report_read(const struct statement *statement,
	struct scan_report **ret_report, struct error *err);

#endif
