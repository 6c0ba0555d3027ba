/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_judge_private.h"

void policy_outcome_done(struct policy_outcome *outcome)
{
	verdict_free(&outcome->verdict);
	*outcome = (struct policy_outcome){0};
}

static int collect(struct judgement *judgement, const struct digest *digest,
	struct target *target, struct error *err)
{
	target->digest = *digest;
	return claims_collect_statements(judgement->verification.repository, digest,
		judgement->signers, judgement->trust->count, &target->claims, err);
}

static int collect_children(struct judgement *judgement, struct error *err)
{
	const struct manifest *manifest = judgement->verification.manifest;

	if (!manifest || !manifest->is_index || manifest->count == 0)
		return 0;
	judgement->children = calloc(manifest->count, sizeof(*judgement->children));
	if (!judgement->children)
		return error_set_memory(err);
	for (size_t i = 0; i < manifest->count; i++) {
		if (!descriptor_is_manifest(&manifest->items[i]))
			continue;
		if (collect(judgement, &manifest->items[i].digest,
			    &judgement->children[judgement->child_count], err) < 0)
			return err->class;
		judgement->child_count++;
	}
	return 0;
}

static void judgement_done(struct judgement *judgement)
{
	claims_done(&judgement->own.claims);
	for (size_t i = 0; i < judgement->child_count; i++)
		claims_done(&judgement->children[i].claims);
	free(judgement->children);
	verification_done(&judgement->verification);
}

static int find_scope(struct judgement *judgement, struct error *err)
{
	const char *name = repository_name(judgement->verification.repository);
	const struct policy *policy = judgement->options->policy;
	char digest[DIGEST_TEXT_MAX];

	judgement->scope = policy_find_scope(policy, name);
	if (judgement->scope)
		return verdict_add(verdict_of(judgement), FINDING_PASSED, "scope", err,
			"%s of policy %s", judgement->scope->name,
			digest_format(&policy->digest, digest));
	return verdict_add(verdict_of(judgement), FINDING_FAILED, "scope", err,
		"not in the policy: no scope has a pattern for %s", name);
}

static int judge(struct judgement *judgement, struct error *err)
{
	const struct policy_scope *scope;

	if (find_scope(judgement, err) < 0)
		return err->class;
	scope = judgement->scope;
	if (!scope)
		return 0; /* refused */
	for (size_t i = 0; i < judgement->trust->count; i++)
		judgement->signers[i] = &judgement->trust->entries[i].signer;
	if (collect(judgement, &judgement->verification.image.digest, &judgement->own,
		    err) < 0 ||
		collect_children(judgement, err) < 0 ||
		policy_check_signature(judgement, err) < 0)
		return err->class;
	for (size_t i = 0; i < scope->attestation_count; i++)
		if (policy_check_attestation(judgement, &scope->attestations[i], err) < 0)
			return err->class;
	if (policy_check_vulnerabilities(judgement, err) < 0 ||
		policy_check_rebuild(judgement, err) < 0)
		return err->class;
	return policy_check_image_age(judgement, err);
}

int policy_verify(struct repository *repository, const char *tag_or_digest,
	const struct policy_options *options, struct policy_outcome *ret_outcome,
	struct error *err)
{
	struct policy_outcome outcome = {0};
	CLEANUP(judgement_done)
	struct judgement judgement = {.options = options,
		.trust = options->policy->trust,
		.verification = {.repository = repository,
			.check_blobs = options->check_blobs},
		.outcome = &outcome};

	if (!judgement.trust)
		return error_set(err, ERR_BUG, "a policy without its keys");
	if (verification_open(&judgement.verification, tag_or_digest, err) < 0 ||
		(judgement.verification.resolved && judge(&judgement, err) < 0))
		return error_wrap(err, "verifying %s",
			verdict_of(&judgement) ? verdict_of(&judgement)->image
					       : "an image");
	outcome.verdict = take_ptr(judgement.verification.verdict);
	*ret_outcome = outcome;
	return 0;
}
