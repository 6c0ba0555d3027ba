/* SPDX-License-Identifier: Apache-2.0 */
/* The rule "vulnerabilities": what scanners found, less what VEX settles and what is so
 * new that there was no time. */
#include "attest/policy_judge_private.h"
#include "attest/predicate.h"
#include "attest/vex_lookup.h"

#define RULE           "vulnerabilities"
#define DAYS_MAX       3650
#define SECONDS_OF_DAY (24 * 60 * 60)

/* ---- reading ---- */

static int parse_severity(const struct settings *settings,
	const struct yaml_node *section, struct policy_vulnerabilities *wanted,
	struct error *err)
{
	const char *text = NULL;

	if (setting_text(settings, section, "max-severity", &text, err) < 0)
		return err->class;
	if (!text)
		return yaml_error(section, settings->file, err,
			"vulnerabilities: max-severity is missing");
	wanted->max_severity = severity_parse(text);
	if (wanted->max_severity == SEVERITY_UNKNOWN ||
		strcmp(severity_name(wanted->max_severity), text) != 0)
		return yaml_error(yaml_get(section, "max-severity"), settings->file, err,
			"max-severity: '%.32s' is none of none, low, medium, high, "
			"critical",
			text);
	return 0;
}

static int parse_vex(const struct settings *settings, const struct yaml_node *section,
	struct policy_vulnerabilities *wanted, struct error *err)
{
	static const char *const known[] = {"keys", NULL};
	const struct yaml_node *vex;

	if (setting_section(settings, section, "vex", known, &vex, err) < 0)
		return err->class;
	wanted->with_vex = vex != NULL;
	return vex ? policy_parse_signers(settings, vex, TRUST_VEX, &wanted->vex, err)
		   : 0;
}

int policy_parse_vulnerabilities(const struct settings *settings,
	const struct yaml_node *node, struct policy_vulnerabilities *wanted,
	struct error *err)
{
	static const char *const known[] = {
		"max-severity", "max-age", "grace-days", "keys", "vex", NULL};
	const struct yaml_node *section;

	if (setting_section(settings, node, RULE, known, &section, err) < 0)
		return err->class;
	if (!section)
		return 0;
	wanted->wanted = true;
	if (parse_severity(settings, section, wanted, err) < 0 ||
		setting_duration(settings, section, "max-age", &wanted->max_age, err) <
			0 ||
		setting_number(settings, section, "grace-days", DAYS_MAX,
			&wanted->grace_days, err) < 0 ||
		parse_vex(settings, section, wanted, err) < 0)
		return err->class;
	if (wanted->max_age == 0) /* an old scan knows nothing of what was found since */
		return yaml_error(section, settings->file, err,
			"vulnerabilities: max-age is missing");
	return policy_parse_signers(settings, section, TRUST_SCAN, &wanted->scan, err);
}

/* ---- what there is ---- */

struct report {
	const struct claim *claim;
	uint64_t signers;
	struct scan_report *scan; /* owned; NULL: unreadable */
	struct error unreadable;
};

struct reports {
	struct report *items;
	size_t count;
	const struct statement **vex;
	size_t vex_count;
	struct tally tally;
};

static void reports_done(struct reports *reports)
{
	for (size_t i = 0; i < reports->count; i++)
		scan_report_free(&reports->items[i].scan);
	free(reports->items);
	free(reports->vex);
	policy_tally_done(&reports->tally);
}

static bool is_scan(const struct claim *claim)
{
	return policy_is_of_type(claim, PREDICATE_COSIGN_VULN) ||
	       policy_is_of_type(claim, PREDICATE_VULNS);
}

/* What is attested is there twice, as a layer and as a bundle. */
static bool is_there(const struct reports *reports, const struct report *report)
{
	for (size_t i = 0; i < reports->count; i++)
		if (reports->items[i].signers == report->signers &&
			digest_equal(&reports->items[i].claim->payload,
				&report->claim->payload))
			return true;
	return false;
}

static int add_report(struct judgement *judgement, const struct claim *claim,
	struct reports *reports, struct error *err)
{
	struct report report = {.claim = claim};

	reports->tally.seen++;
	if (!claim_holds(claim)) {
		policy_tally_reason(&reports->tally, claim);
		return 0;
	}
	if (policy_eligible(judgement, &judgement->scope->vulnerabilities.scan, claim,
		    &reports->tally, &report.signers, err) < 0)
		return err->class;
	if (!report.signers)
		return 0;
	if (is_there(reports, &report))
		return policy_note_input(judgement, claim, err);
	if (scan_report_read(claim->statement, &report.scan, &report.unreadable) < 0 &&
		report.unreadable.class != ERR_INPUT) {
		*err = report.unreadable;
		return err->class;
	}
	reports->items[reports->count++] = report;
	return policy_note_input(judgement, claim, err);
}

/* Documents that do not count are none. */
static int add_vex(struct judgement *judgement, const struct claim *claim,
	struct reports *reports, struct error *err)
{
	CLEANUP(policy_tally_done)
	struct tally ignored = {.claims = reports->tally.claims};
	uint64_t signers = 0;

	if (!vex_type_is_known(claim->predicate_type) || !claim_holds(claim) ||
		!judgement->scope->vulnerabilities.with_vex)
		return 0;
	if (policy_eligible(judgement, &judgement->scope->vulnerabilities.vex, claim,
		    &ignored, &signers, err) < 0)
		return err->class;
	if (!signers)
		return 0;
	reports->vex[reports->vex_count++] = claim->statement;
	return policy_note_input(judgement, claim, err);
}

static int collect(struct judgement *judgement, const struct claims *claims,
	struct reports *reports, struct error *err)
{
	reports->tally.claims = claims;
	reports->items = calloc(claims->count + 1, sizeof(*reports->items));
	reports->vex = calloc(claims->count + 1, sizeof(*reports->vex));
	if (!reports->items || !reports->vex)
		return error_set_memory(err);
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];

		if ((is_scan(claim) && add_report(judgement, claim, reports, err) < 0) ||
			add_vex(judgement, claim, reports, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- judging one report ---- */

struct count {
	size_t bad, unknown, settled, in_grace;
	const struct scan_finding *worst, *first_unknown;
};

static bool is_in_grace(
	const struct judgement *judgement, const struct scan_finding *finding)
{
	int64_t grace = (int64_t)judgement->scope->vulnerabilities.grace_days *
			SECONDS_OF_DAY; /* at most ten years */
	int64_t at = judgement->options->at;

	return finding->published != 0 && finding->published <= at &&
	       at - finding->published < grace;
}

static void count_finding(const struct judgement *judgement,
	const struct reports *reports, const struct digest *image,
	const struct scan_finding *finding, struct count *count)
{
	bool known = finding->severity != SEVERITY_UNKNOWN;

	if (known && finding->severity <= judgement->scope->vulnerabilities.max_severity)
		return;
	if (vex_settles(reports->vex, reports->vex_count, image, finding,
		    judgement->options->at + POLICY_CLOCK_SKEW)) {
		count->settled++;
	} else if (is_in_grace(judgement, finding)) {
		count->in_grace++;
	} else if (!known) {
		if (count->unknown++ == 0)
			count->first_unknown = finding;
	} else if (count->bad++ == 0 || finding->severity > count->worst->severity) {
		count->worst = finding;
	}
}

static int tell_count(struct judgement *judgement, const struct report *report,
	const struct count *count, struct error *err)
{
	struct verdict *verdict = verdict_of(judgement);
	const struct scan_finding *worst = count->worst;
	const char *limit = severity_name(judgement->scope->vulnerabilities.max_severity);

	if (count->bad > 0)
		return verdict_add(verdict, FINDING_FAILED, RULE, err,
			"not allowed: %s in %s is %s, above %s (%zu such of %zu findings "
			"in %s)",
			worst->id, worst->package[0] ? worst->package : "the image",
			severity_name(worst->severity), limit, count->bad,
			report->scan->count, report->claim->where);
	if (count->unknown > 0)
		return verdict_add(verdict, FINDING_UNCHECKED, RULE, err,
			"not known: how severe %s is (%zu such of %zu findings in %s)",
			count->first_unknown->id, count->unknown, report->scan->count,
			report->claim->where);
	return verdict_add(verdict, FINDING_PASSED, RULE, err,
		"%zu findings, none above %s but %zu settled by VEX and %zu in their "
		"first %llu days (%s)",
		report->scan->count, limit, count->settled, count->in_grace,
		(unsigned long long)judgement->scope->vulnerabilities.grace_days,
		report->claim->where);
}

/* A scan of today with what was known last year is one of last year. */
static int check_ages(const struct judgement *judgement, const struct scan_report *scan,
	enum finding_result *ret_result, struct buffer *text, struct error *err)
{
	int64_t max_age = judgement->scope->vulnerabilities.max_age;
	int64_t at = judgement->options->at;

	if (policy_check_age(scan->finished, max_age, at, ret_result, text, err) < 0)
		return err->class;
	if (*ret_result != FINDING_PASSED || scan->database == 0)
		return 0;
	buffer_clear(text);
	if (buffer_add_str(text, "the scanner's database is ", err) < 0)
		return err->class;
	return policy_check_age(scan->database, max_age, at, ret_result, text, err);
}

static int judge_report(struct judgement *judgement, const struct digest *image,
	const struct reports *reports, const struct report *report, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	enum finding_result result = FINDING_UNCHECKED;
	struct count count = {.bad = 0};

	if (!report->scan)
		return verdict_add(verdict_of(judgement), FINDING_UNCHECKED, RULE, err,
			"malformed: %s: %s", report->claim->where,
			report->unreadable.text);
	if (report->scan->finished == 0)
		return verdict_add(verdict_of(judgement), FINDING_UNCHECKED, RULE, err,
			"the scan report in %s does not tell its time",
			report->claim->where);
	if (check_ages(judgement, report->scan, &result, &text, err) < 0)
		return err->class;
	if (result != FINDING_PASSED)
		return verdict_add(verdict_of(judgement), result, RULE, err, "%s",
			buffer_str(&text));
	for (size_t i = 0; i < report->scan->count; i++)
		count_finding(judgement, reports, image, &report->scan->items[i], &count);
	return tell_count(judgement, report, &count, err);
}

/* One by the same signer is newer, and of the same scanner; another's fresh findings it
 * does not take back. */
static bool is_superseded(const struct judgement *judgement,
	const struct reports *reports, const struct report *report)
{
	const struct scan_report *scan = report->scan;
	bool is_stale = scan && judgement->options->at - scan->finished >
					judgement->scope->vulnerabilities.max_age;

	for (size_t i = 0; scan && i < reports->count; i++) {
		const struct scan_report *other = reports->items[i].scan;

		if (reports->items[i].signers == report->signers && other &&
			other->finished > scan->finished &&
			(is_stale || scan_report_is_alike(other, scan)))
			return true;
	}
	return false;
}

/* ---- the image, or every part of an index ---- */

static int add_missing(struct judgement *judgement, struct error *err)
{
	return verdict_add(verdict_of(judgement), FINDING_UNCHECKED, RULE, err,
		"missing scan report: there is none");
}

/* *ret_has: there are reports that count. If not, that is told only where there is
 * nothing else to look at. */
static int judge_target(struct judgement *judgement, const struct target *target,
	bool is_last, bool *ret_has, struct error *err)
{
	CLEANUP(reports_done) struct reports reports = {.count = 0};

	if (collect(judgement, &target->claims, &reports, err) < 0)
		return err->class;
	*ret_has = reports.count > 0;
	if (!*ret_has && is_last)
		return reports.tally.seen > 0
			       ? policy_add_failure(judgement, RULE, "scan report",
					 &reports.tally, err)
			       : add_missing(judgement, err);
	for (size_t i = 0; i < reports.count; i++)
		if (!is_superseded(judgement, &reports, &reports.items[i]) &&
			judge_report(judgement, &target->digest, &reports,
				&reports.items[i], err) < 0)
			return err->class;
	return 0;
}

int policy_check_vulnerabilities(struct judgement *judgement, struct error *err)
{
	bool has = false;

	if (!judgement->scope->vulnerabilities.wanted)
		return 0;
	if (judge_target(judgement, &judgement->own, judgement->child_count == 0, &has,
		    err) < 0)
		return err->class;
	/* reports of the index are enough, and hide none of its parts' */
	for (size_t i = 0; i < judgement->child_count; i++) {
		bool part_has = false;

		if (judge_target(
			    judgement, &judgement->children[i], !has, &part_has, err) < 0)
			return err->class;
	}
	return 0;
}
