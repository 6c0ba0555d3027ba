/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include "attest/policy_judge_private.h"

/* ---- the signature ---- */

/* Bundles do not say under which name the image was signed. */
static bool identity_fits(const struct policy_scope *scope, const struct claim *claim)
{
	if (scope->identities.count == 0)
		return true;
	for (size_t i = 0; claim->reference && i < scope->identities.count; i++)
		if (policy_pattern_matches(scope->identities.items[i], claim->reference))
			return true;
	return false;
}

static int tally_signature(struct judgement *judgement, struct tally *tally,
	const struct claim *claim, struct error *err)
{
	const struct policy_scope *scope = judgement->scope;
	uint64_t keys = 0;

	if (!claim_is_signature(claim) &&
		!(claim->kind == CLAIM_BUNDLE && claim->problem))
		return 0;
	if (!claim_holds(claim)) {
		policy_tally_reason(tally, claim);
		return 0;
	}
	if (policy_eligible(judgement, &scope->signature, claim, tally, &keys, err) < 0)
		return err->class;
	if (!identity_fits(scope, claim)) {
		if (keys && claim->reference && !tally->misnamed)
			tally->misnamed = claim;
		return 0;
	}
	tally->signers |= keys;
	return keys ? policy_note_input(judgement, claim, err) : 0;
}

int policy_check_signature(struct judgement *judgement, struct error *err)
{
	const struct claims *claims = &judgement->own.claims;
	CLEANUP(policy_tally_done) struct tally tally = {.claims = claims};

	if (!judgement->scope->wants_signature)
		return 0;
	for (size_t i = 0; i < claims->count; i++)
		if (tally_signature(judgement, &tally, &claims->items[i], err) < 0)
			return err->class;
	return policy_add_count(judgement, "signature", "signature", &tally,
		judgement->scope->signature.threshold, err);
}

/* ---- attestations ---- */

/* One of the right type by keys that count. */
struct candidate {
	const struct claim *claim;
	uint64_t keys;
	size_t passed;
	bool good;
};

/* Of one target, for one entry of the policy. */
struct assessment {
	struct tally tally;
	struct candidate best; /* the one to tell about */
	uint64_t good_keys;    /* of those that satisfy all checks */
	unsigned level;        /* of its builder, by the policy */
	bool enough;
};

static int run_checks(
	const struct check_input *input, struct candidate *candidate, struct error *err)
{
	candidate->good = true;
	for (size_t i = 0; i < policy_check_count; i++) {
		cleanup_buffer struct buffer text = BUFFER_INIT;
		enum finding_result result = FINDING_UNCHECKED;

		if (!policy_checks[i].is_wanted(input->wanted))
			continue;
		if (policy_checks[i].run(input, &result, &text, err) < 0)
			return err->class;
		if (result == FINDING_PASSED)
			candidate->passed++;
		else
			candidate->good = false;
	}
	return 0;
}

/* A bad one is told about first: it may be what keeps the threshold from being reached.
 */
static bool is_better(const struct candidate *one, const struct candidate *other)
{
	if (!other->claim)
		return true;
	if (one->good != other->good)
		return other->good;
	return one->passed > other->passed;
}

static int assess_claim(struct judgement *judgement,
	const struct policy_attestation *wanted, const struct claim *claim,
	struct assessment *assessment, struct candidate *ret_good, struct error *err)
{
	struct candidate candidate = {.claim = claim};

	if (policy_eligible(judgement, &wanted->signers, claim, &assessment->tally,
		    &candidate.keys, err) < 0)
		return err->class;
	if (candidate.keys == 0)
		return 0;
	struct check_input input = {.wanted = wanted,
		.statement = claim->statement,
		.at = judgement->options->at};
	if (run_checks(&input, &candidate, err) < 0)
		return err->class;
	assessment->tally.signers |= candidate.keys;
	if (candidate.good) {
		assessment->good_keys |= candidate.keys;
		if (!ret_good->claim)
			*ret_good = candidate;
	}
	if (is_better(&candidate, &assessment->best))
		assessment->best = candidate;
	return 0;
}

static int assess(struct judgement *judgement, const struct policy_attestation *wanted,
	const struct claims *claims, struct assessment *assessment, struct error *err)
{
	struct candidate good = {0};

	assessment->tally.claims = claims;
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];

		if (!policy_is_of_type(claim, wanted->uri))
			continue;
		assessment->tally.seen++;
		if (!claim_holds(claim))
			policy_tally_reason(&assessment->tally, claim);
		else if (assess_claim(judgement, wanted, claim, assessment, &good, err) <
			 0)
			return err->class;
	}
	assessment->enough =
		policy_count_signers(assessment->good_keys) >= wanted->signers.threshold;
	if (!assessment->enough)
		return 0;
	assessment->best = good;
	assessment->tally.signers = assessment->good_keys;
	struct check_input input = {.wanted = wanted, .statement = good.claim->statement};
	assessment->level = policy_builder_level(&input);
	return policy_note_input(judgement, good.claim, err);
}

static int tell_checks(struct judgement *judgement, const char *rule,
	const struct check_input *input, struct error *err)
{
	for (size_t i = 0; i < policy_check_count; i++) {
		cleanup_buffer struct buffer text = BUFFER_INIT;
		enum finding_result result = FINDING_UNCHECKED;
		char name[400];

		if (!policy_checks[i].is_wanted(input->wanted))
			continue;
		(void)snprintf(name, sizeof(name), "%s: %s", rule,
			policy_checks[i].name); /* fits */
		if (policy_checks[i].run(input, &result, &text, err) < 0 ||
			verdict_add(verdict_of(judgement), result, name, err, "%s",
				buffer_str(&text)) < 0)
			return err->class;
	}
	return 0;
}

static int tell(struct judgement *judgement, const struct policy_attestation *wanted,
	const struct assessment *assessment, struct error *err)
{
	char rule[320];

	(void)snprintf(rule, sizeof(rule), "attestation %.256s", wanted->uri); /* fits */
	if (policy_add_count(judgement, rule, "attestation", &assessment->tally,
		    wanted->signers.threshold, err) < 0)
		return err->class;
	if (!assessment->best.claim)
		return 0;
	struct check_input input = {.wanted = wanted,
		.statement = assessment->best.claim->statement,
		.at = judgement->options->at};
	if (tell_checks(judgement, rule, &input, err) < 0)
		return err->class;
	if (assessment->enough && assessment->level > judgement->outcome->build_level)
		judgement->outcome->build_level = assessment->level;
	return 0;
}

static void assessment_done(struct assessment *assessment)
{
	policy_tally_done(&assessment->tally);
}

/* What is said of all parts of an index is said of the index, with the lowest of their
 * levels; the first that lacks it is told about. */
static int assess_children(struct judgement *judgement,
	const struct policy_attestation *wanted, struct assessment *assessment,
	struct error *err)
{
	unsigned lowest = UINT_MAX;

	for (size_t i = 0; i < judgement->child_count; i++) {
		assessment_done(assessment);
		*assessment = (struct assessment){0};
		if (assess(judgement, wanted, &judgement->children[i].claims, assessment,
			    err) < 0)
			return err->class;
		if (!assessment->enough)
			return 0;
		lowest = assessment->level < lowest ? assessment->level : lowest;
		assessment->level = lowest;
	}
	return 0;
}

/* What ours say of an index decides; what others say of it does not hide what is said of
 * its parts. */
static int assess_all(struct judgement *judgement,
	const struct policy_attestation *wanted, struct assessment *assessment,
	struct error *err)
{
	CLEANUP(assessment_done) struct assessment parts = {0};

	if (assess(judgement, wanted, &judgement->own.claims, assessment, err) < 0)
		return err->class;
	if (assessment->tally.signers != 0 || judgement->child_count == 0)
		return 0;
	if (assess_children(judgement, wanted, &parts, err) < 0)
		return err->class;
	if (parts.enough || assessment->tally.seen == 0) {
		struct assessment own = *assessment;

		*assessment = parts;
		parts = own;
	}
	return 0;
}

int policy_check_attestation(struct judgement *judgement,
	const struct policy_attestation *wanted, struct error *err)
{
	CLEANUP(assessment_done) struct assessment assessment = {0};

	if (assess_all(judgement, wanted, &assessment, err) < 0)
		return err->class;
	return tell(judgement, wanted, &assessment, err);
}
