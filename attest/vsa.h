/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SLSA verification summaries (slsa.dev/verification_summary/v1): what a verdict by a
 * policy was, for those who trust this verifier and do not want to look again. Only the
 * statement is made here, and not signed; slsa-verifier verify-vsa takes it in a DSSE
 * envelope of its own. verifiedLevels never has a "SLSA_" word that is not
 * SLSA_TRACK_LEVEL_N: that would make slsa-verifier refuse the whole.
 */
#ifndef ATTEST_VSA_H
#define ATTEST_VSA_H

#include "attest/policy.h"

#define PREDICATE_VSA "https://slsa.dev/verification_summary/v1"

struct vsa {
	const char *verifier_id, *verifier_version; /* who says so; version may be NULL */
	const char *resource_uri;                   /* what was asked for */
	const char *policy_uri;
	const struct digest *policy;
	int64_t time;         /* of the verification */
	const char *location; /* "HOST/NAME", for URIs of what was looked at; or NULL */
	const struct policy_outcome *outcome;
};

/* PASSED, with the SLSA build level that the policy shows, or FAILED. ERR_INPUT if there
 * is no digest that it could be about. Appends. */
MUST_USE int vsa_write(const struct vsa *vsa, struct buffer *out, struct error *err);
/* Is it a summary, whatever it says? ERR_INPUT, ERR_REFUSED. For who is to sign what a
 * process that has read hostile input made. */
MUST_USE int vsa_check(struct slice statement, struct error *err);

#endif
