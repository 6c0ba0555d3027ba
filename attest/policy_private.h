/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between policy.c (reading), policy_attestation.c (what it asks of an attestation),
 * policy_bind.c (against the trust file), policy_verify.c
 * (rules), policy_check.c (what one statement says), policy_license.c, policy_pattern.c.
 */
#ifndef ATTEST_POLICY_PRIVATE_H
#define ATTEST_POLICY_PRIVATE_H

#include "attest/claims.h"
#include "attest/policy.h"
#include "attest/scan_report.h"
#include "attest/settings_private.h"
#include "attest/trust.h"

/* Who must have signed. Certificates would be another member beside the names. */
struct policy_signers {
	struct setting_texts names; /* none: all keys with a role */
	unsigned roles;             /* any of these will do; 0: named keys only */
	uint64_t threshold;
	uint64_t eligible; /* bit i: key i of the trust file; set by policy_bind */
};

struct policy_builder {
	const char *id;
	uint64_t level;
};

struct policy_source { /* one of them */
	const char *uri;
	struct digest digest;
};

struct policy_sources {
	struct policy_source *items;
	size_t count;
};

struct policy_attestation {
	const char *uri;
	struct policy_signers signers;
	int64_t max_age; /* 0: any */
	struct policy_builder *builders;
	size_t builder_count;
	struct setting_texts build_types, sandboxes;
	struct policy_sources recipes, sources;
	bool dependency_digests;
	struct setting_texts licenses_allowed, licenses_denied;
	struct setting_texts hardening; /* names of the audit's checks */
};

/* Of a scan report; wanted: the policy has the rule. */
struct policy_vulnerabilities {
	bool wanted;
	enum severity max_severity;
	uint64_t grace_days;
	int64_t max_age;
	struct policy_signers scan;
	bool with_vex;
	struct policy_signers vex;
};

struct policy_scope {
	const char *name;
	struct setting_texts images;
	int64_t max_age;
	bool wants_signature;
	struct policy_signers signature;
	struct setting_texts identities;
	struct policy_attestation *attestations;
	size_t attestation_count;
	struct policy_vulnerabilities vulnerabilities;
	uint64_t operators; /* 0: no quorum */
	struct policy_signers rebuild;
};

struct policy {
	struct arena *arena;
	struct digest digest;
	const char *trust_file; /* NULL: not named */
	struct trust *trust;    /* owned; NULL before policy_load */
	struct policy_scope *scopes;
	size_t scope_count;
};

_Static_assert(TRUST_ENTRIES_MAX <= 64, "sets of keys are bits of a uint64_t");

MUST_USE int policy_parse_signers(const struct settings *settings,
	const struct yaml_node *node, unsigned roles, struct policy_signers *signers,
	struct error *err);
MUST_USE int policy_parse_attestations(const struct settings *settings,
	const struct yaml_node *node, struct policy_scope *scope, struct error *err);
MUST_USE int policy_parse_vulnerabilities(const struct settings *settings,
	const struct yaml_node *node, struct policy_vulnerabilities *vulnerabilities,
	struct error *err);
/* Fills every `eligible`. ERR_INPUT for names and thresholds that cannot be. */
MUST_USE int policy_bind(struct policy *policy, const char *file, struct error *err);

#define POLICY_CLOCK_SKEW  300 /* seconds that clocks may differ */
#define POLICY_PATTERN_MAX 256
bool policy_pattern_matches(const char *pattern, const char *text);
/* The first that has a pattern for "HOST[:PORT]/NAME" or "oci:DIR"; or NULL. */
const struct policy_scope *policy_find_scope(
	const struct policy *policy, const char *name);
/* A URI prefix, at the border of a component, of a URI without dot segments. */
bool policy_prefix_matches(const char *prefix, const char *uri);

/* ---- checks of one statement ---- */

struct check_input {
	const struct policy_attestation *wanted;
	const struct statement *statement;
	int64_t at;
};
/* Appends what was seen, or the reason. */
typedef int policy_checker(const struct check_input *input,
	enum finding_result *ret_result, struct buffer *text, struct error *err);
struct check {
	const char *name;
	bool (*is_wanted)(const struct policy_attestation *wanted);
	policy_checker *run;
};
extern const struct check policy_checks[];
extern const size_t policy_check_count;
policy_checker policy_check_hardening; /* of an audit of the ELF files */
/* Of the builder in a provenance; 0: not in the list. */
unsigned policy_builder_level(const struct check_input *input);
/* How old something of that time is, against the limit. Appends the text. */
MUST_USE int policy_check_age(int64_t time, int64_t max_age, int64_t at,
	enum finding_result *ret_result, struct buffer *text, struct error *err);

/*
 * Is the expression acceptable? FINDING_UNCHECKED for what is no expression, NOASSERTION
 * and NONE (unless they are allowed by name).
 */
enum finding_result policy_license_check(
	const char *expression, const struct policy_attestation *wanted);

#endif
