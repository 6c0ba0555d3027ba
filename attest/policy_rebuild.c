/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_judge_private.h"

static int tally_rebuilds(struct judgement *judgement, const struct claims *claims,
	struct tally *tally, struct error *err)
{
	tally->claims = claims;
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		uint64_t keys = 0;

		if (!policy_is_of_type(claim, PREDICATE_SLSA_PROVENANCE))
			continue;
		tally->seen++;
		if (!claim_holds(claim)) {
			policy_tally_reason(tally, claim);
			continue;
		}
		if (policy_eligible(judgement, &judgement->scope->rebuild, claim, tally,
			    &keys, err) < 0 ||
			(keys && policy_note_input(judgement, claim, err) < 0))
			return err->class;
		tally->signers |= keys;
	}
	return 0;
}

static bool are_enough(const struct judgement *judgement, const struct tally *tally)
{
	return policy_count_operators(judgement->trust, tally->signers) >=
	       judgement->scope->operators;
}

/* The first part that has too few decides. */
static int tally_children(
	struct judgement *judgement, struct tally *tally, struct error *err)
{
	for (size_t i = 0; i < judgement->child_count; i++) {
		policy_tally_done(tally);
		*tally = (struct tally){0};
		if (tally_rebuilds(
			    judgement, &judgement->children[i].claims, tally, err) < 0)
			return err->class;
		if (!are_enough(judgement, tally))
			return 0;
	}
	return 0;
}

/* As for attestations: ours of an index decide, those of others hide nothing. */
static int tally_all(struct judgement *judgement, struct tally *tally, struct error *err)
{
	CLEANUP(policy_tally_done) struct tally parts = {0};

	if (tally_rebuilds(judgement, &judgement->own.claims, tally, err) < 0)
		return err->class;
	if (tally->signers != 0 || judgement->child_count == 0)
		return 0;
	if (tally_children(judgement, &parts, err) < 0)
		return err->class;
	if (are_enough(judgement, &parts) || tally->seen == 0) {
		struct tally own = *tally;

		*tally = parts;
		parts = own;
	}
	return 0;
}

int policy_check_rebuild(struct judgement *judgement, struct error *err)
{
	CLEANUP(policy_tally_done) struct tally tally = {0};
	cleanup_buffer struct buffer names = BUFFER_INIT;
	uint64_t wanted = judgement->scope->operators;
	size_t count;
	bool enough;

	if (wanted == 0)
		return 0;
	if (tally_all(judgement, &tally, err) < 0)
		return err->class;
	count = policy_count_operators(judgement->trust, tally.signers);
	if (count == 0)
		return policy_add_failure(
			judgement, "rebuild", "provenance", &tally, err);
	enough = count >= wanted;
	if (policy_list_signers(judgement->trust, tally.signers, &names, err) < 0)
		return err->class;
	return verdict_add(verdict_of(judgement),
		enough ? FINDING_PASSED : FINDING_FAILED, "rebuild", err,
		"%s%zu of %llu operators (%s)%s%s", enough ? "" : "too few: ", count,
		(unsigned long long)wanted, buffer_str(&names),
		!enough && tally.untrusted.len > 0 ? "; " : "",
		enough ? "" : buffer_str(&tally.untrusted));
}
