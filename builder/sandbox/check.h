/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof by attack: for each thing that the sandbox claims, something inside
 * tries to break it. `alnage sandbox check` shows the table; the unit tests
 * demand that every attack fails inside and that it would have worked outside.
 */
#ifndef BUILDER_SANDBOX_CHECK_H
#define BUILDER_SANDBOX_CHECK_H

#include "builder/sandbox/sandbox.h"

enum sandbox_outcome { SANDBOX_HELD = 0, SANDBOX_BROKEN, SANDBOX_UNTESTED };
const char *sandbox_outcome_name(
	enum sandbox_outcome outcome); /* "held" "broken" "not tested" */

#define SANDBOX_FINDINGS_MAX 32

struct sandbox_finding {
	const char *claim, *attack; /* static storage */
	enum sandbox_outcome outcome;
	char detail[200]; /* what the attack saw */
};

struct sandbox_report {
	enum sandbox_tier
		tier; /* SANDBOX_NONE: `unavailable` says why, with the remedy */
	struct error unavailable;
	uid_t uid; /* outside, of what runs inside */
	struct sandbox_finding findings[SANDBOX_FINDINGS_MAX];
	size_t count;
};

/*
 * Attacks a few sandboxes, in well under ten seconds. A machine that refuses sandboxes,
 * and a wall that does not hold, are findings, not errors of this function.
 */
MUST_USE int sandbox_check(
	struct store *store, struct sandbox_report *ret_report, struct error *err);
/* Available, and nothing is broken. */
bool sandbox_report_good(const struct sandbox_report *report);
/* For people: tier, table, remedy. Appends. */
MUST_USE int sandbox_report_text(
	const struct sandbox_report *report, struct buffer *out, struct error *err);
struct json_t;
/* {"tier", "uid", "good", "unavailable", "remedy", "findings": [{claim, attack, outcome,
 * detail}]} */
MUST_USE int sandbox_report_json(
	const struct sandbox_report *report, struct json_t **ret_json, struct error *err);

#endif
