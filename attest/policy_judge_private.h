/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One image under one scope of a policy: what policy_verify.c (the flow) and the rules
 * (policy_rules.c, policy_vulnerabilities.c, policy_rebuild.c,
 * policy_age.c) work on, and policy_signers.c, which
 * counts signers and says why none counts. A rule adds its findings to the verdict.
 */
#ifndef ATTEST_POLICY_JUDGE_PRIVATE_H
#define ATTEST_POLICY_JUDGE_PRIVATE_H

#include "attest/policy_private.h"
#include "attest/verify_private.h"

/* An image (or index), and what is said about it. */
struct target {
	struct digest digest;
	struct claims claims;
};

struct judgement {
	const struct policy_options *options;
	const struct trust *trust;
	const struct policy_scope *scope;
	struct verification verification;
	struct policy_outcome *outcome;
	const struct signer *signers[TRUST_ENTRIES_MAX];
	struct target own;
	struct target *children; /* the parts of an index */
	size_t child_count;
};

static inline struct verdict *verdict_of(const struct judgement *judgement)
{
	return judgement->verification.verdict;
}

/* ---- rules: nothing to do if the scope does not ask for it ---- */

MUST_USE int policy_check_signature(struct judgement *judgement, struct error *err);
MUST_USE int policy_check_attestation(struct judgement *judgement,
	const struct policy_attestation *wanted, struct error *err);
MUST_USE int policy_check_vulnerabilities(struct judgement *judgement, struct error *err);
MUST_USE int policy_check_rebuild(struct judgement *judgement, struct error *err);
MUST_USE int policy_check_image_age(struct judgement *judgement, struct error *err);

/* ---- signers that count ---- */

/* What was seen for one rule. Sets of entries of the trust file are bits. */
struct tally {
	const struct claims *claims; /* all that lies beside the image */
	uint64_t signers;
	const struct claim *misnamed, *mismatch, *unproven, *certificate, *foreign,
		*broken; /* the first of each */
	size_t seen;
	struct buffer untrusted; /* why a signer of ours does not count */
};
void policy_tally_done(struct tally *tally);
/* A claim that does not hold. */
void policy_tally_reason(struct tally *tally, const struct claim *claim);

/*
 * Which signers of a claim count for a rule; why others do not, is noted. A signature
 * never counts twice: not for a key and an identity, nor for two identities. Neither do
 * the names in a certificate: whichever entries their claims fit, all count for one.
 */
MUST_USE int policy_eligible(const struct judgement *judgement,
	const struct policy_signers *signers, const struct claim *claim,
	struct tally *tally, uint64_t *ret_set, struct error *err);
size_t policy_count_signers(uint64_t set);
size_t policy_count_operators(const struct trust *trust, uint64_t set);
/* Their names; appends. */
MUST_USE int policy_list_signers(
	const struct trust *trust, uint64_t set, struct buffer *out, struct error *err);
/* The claim was relied on. */
MUST_USE int policy_note_input(
	struct judgement *judgement, const struct claim *claim, struct error *err);

/* The finding for nothing at all; what: "signature", "attestation". */
MUST_USE int policy_add_failure(struct judgement *judgement, const char *rule,
	const char *what, const struct tally *tally, struct error *err);
/* The finding for these many. */
MUST_USE int policy_add_count(struct judgement *judgement, const char *rule,
	const char *what, const struct tally *tally, uint64_t threshold,
	struct error *err);

/* An attestation of that type, or one that could be, were it readable. */
bool policy_is_of_type(const struct claim *claim, const char *type);

#endif
