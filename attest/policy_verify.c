/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy.h"

#include <limits.h>

#include "attest/policy_private.h"
#include "attest/verify_private.h"
#include "base/limits.h"

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
	const struct key *keys[TRUST_KEYS_MAX];
	struct target own;
	struct target *children; /* the parts of an index */
	size_t child_count;
};

static struct verdict *verdict_of(const struct judgement *judgement)
{
	return judgement->verification.verdict;
}

void policy_outcome_done(struct policy_outcome *outcome)
{
	verdict_free(&outcome->verdict);
	*outcome = (struct policy_outcome){0};
}

/* ---- keys that count ---- */

static size_t key_index(const struct trust *trust, const struct key *key)
{
	return (size_t)(trust_find_key(trust, key) - trust->keys); /* always found */
}

/* A key that would count but for its window tells more than one that never would. */
static int note_reason(struct buffer *reason, const struct trust_key *key,
	const char *window, struct error *err)
{
	if (!window && reason->len > 0)
		return 0;
	buffer_clear(reason);
	return buffer_printf(reason, err, "key '%s' %s", key->name,
		window ? window : "is not one of those for this");
}

/* Which keys of a claim count for the rule, and why others do not. */
static int eligible_keys(const struct judgement *judgement,
	const struct policy_signers *signers, const struct claim *claim,
	struct buffer *reason, uint64_t *ret_set, struct error *err)
{
	const struct trust *trust = judgement->trust;
	char window[TRUST_REASON_MAX];
	uint64_t set = 0;

	for (size_t i = 0; i < claim->key_count; i++) {
		size_t index = key_index(trust, claim->keys[i]);
		const struct trust_key *key = &trust->keys[index];
		bool wanted = signers->eligible >> index & 1;

		if (wanted && trust_key_is_valid(key, judgement->options->at, window))
			set |= UINT64_C(1) << index;
		else if (note_reason(reason, key, wanted ? window : NULL, err) < 0)
			return err->class;
	}
	*ret_set = set;
	return 0;
}

static size_t count_keys(uint64_t set)
{
	size_t count = 0;

	for (; set; set &= set - 1)
		count++;
	return count;
}

static int list_keys(
	const struct trust *trust, uint64_t set, struct buffer *out, struct error *err)
{
	const char *separator = "";

	for (size_t i = 0; i < trust->count; i++) {
		if (!(set >> i & 1))
			continue;
		if (buffer_printf(out, err, "%s%s", separator, trust->keys[i].name) < 0)
			return err->class;
		separator = ", ";
	}
	return 0;
}

static size_t count_operators(const struct trust *trust, uint64_t set)
{
	size_t count = 0;

	for (size_t i = 0; i < trust->count; i++) {
		bool known = !(set >> i & 1);

		for (size_t j = 0; j < i && !known; j++)
			known = (set >> j & 1) &&
				strcmp(trust->keys[i].operator_name,
					trust->keys[j].operator_name) == 0;
		count += !known;
	}
	return count;
}

static int note_input(
	struct judgement *judgement, const struct claim *claim, struct error *err)
{
	struct policy_outcome *outcome = judgement->outcome;
	struct arena *arena = verdict_of(judgement)->arena;
	struct policy_input *input;

	for (size_t i = 0; i < outcome->input_count; i++)
		if (digest_equal(&outcome->inputs[i].blob, &claim->blob))
			return 0;
	input = arena_append(arena, &outcome->inputs, &outcome->input_count,
		&outcome->input_capacity, sizeof(*input));
	if (!input)
		return error_set_memory(err);
	input->blob = claim->blob;
	input->type = arena_strdup(arena, claim->predicate_type);
	return input->type ? 0 : error_set_memory(err);
}

/* ---- why nothing counts ---- */

struct tally {
	uint64_t keys;
	const struct claim *misnamed, *mismatch, *certificate, *foreign, *broken;
	size_t seen;
	struct buffer untrusted; /* why a key of ours does not count */
};

static void tally_done(struct tally *tally)
{
	buffer_done(&tally->untrusted);
}

static void first(const struct claim **slot, const struct claim *claim)
{
	if (!*slot)
		*slot = claim;
}

/* A claim that does not hold. */
static void tally_reason(struct tally *tally, const struct claim *claim)
{
	if (claim->problem)
		first(&tally->broken, claim);
	else if (claim->key)
		first(&tally->mismatch, claim);
	else if (claim->with_certificate)
		first(&tally->certificate, claim);
	else
		first(&tally->foreign, claim);
}

/* Nearest to acceptance first. what: "signature", "attestation". */
static int add_failure(struct judgement *judgement, const char *rule, const char *what,
	const struct tally *tally, struct error *err)
{
	struct verdict *verdict = verdict_of(judgement);

	if (tally->misnamed)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"not allowed: the signature in %s is for the name %s",
			tally->misnamed->where, tally->misnamed->identity);
	if (tally->untrusted.len > 0)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"untrusted key: %s", buffer_str(&tally->untrusted));
	if (tally->mismatch)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"digest mismatch: the %s in %s is about another image", what,
			tally->mismatch->where);
	if (tally->certificate && !tally->foreign)
		return verdict_add(verdict, FINDING_UNCHECKED, rule, err,
			"the %s in %s is by a certificate, not by a key: not checked",
			what, tally->certificate->where);
	if (tally->foreign)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"foreign key: none of the trusted keys made the %s in %s", what,
			tally->foreign->where);
	if (tally->broken)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"malformed: %s: %s", tally->broken->where,
			tally->broken->problem);
	return verdict_add(
		verdict, FINDING_FAILED, rule, err, "missing %s: there is none", what);
}

/* Enough of them, or not; none at all has a reason of its own. */
static int add_count(struct judgement *judgement, const char *rule, const char *what,
	const struct tally *tally, uint64_t threshold, struct error *err)
{
	cleanup_buffer struct buffer names = BUFFER_INIT;
	size_t count = count_keys(tally->keys);

	if (count == 0)
		return add_failure(judgement, rule, what, tally, err);
	if (list_keys(judgement->trust, tally->keys, &names, err) < 0)
		return err->class;
	if (count < threshold)
		return verdict_add(verdict_of(judgement), FINDING_FAILED, rule, err,
			"too few keys: %zu of %llu (%s)%s%s", count,
			(unsigned long long)threshold, buffer_str(&names),
			tally->untrusted.len > 0 ? "; " : "",
			buffer_str(&tally->untrusted));
	return verdict_add(verdict_of(judgement), FINDING_PASSED, rule, err, "by %s",
		buffer_str(&names));
}

/* ---- the signature ---- */

/* Bundles do not say under which name the image was signed. */
static bool identity_fits(const struct policy_scope *scope, const struct claim *claim)
{
	if (scope->identities.count == 0)
		return true;
	for (size_t i = 0; claim->identity && i < scope->identities.count; i++)
		if (policy_pattern_matches(scope->identities.items[i], claim->identity))
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
		tally_reason(tally, claim);
		return 0;
	}
	if (eligible_keys(judgement, &scope->signature, claim, &tally->untrusted, &keys,
		    err) < 0)
		return err->class;
	if (!identity_fits(scope, claim)) {
		if (keys && claim->identity)
			first(&tally->misnamed, claim);
		return 0;
	}
	tally->keys |= keys;
	return keys ? note_input(judgement, claim, err) : 0;
}

static int check_signature(struct judgement *judgement, struct error *err)
{
	CLEANUP(tally_done) struct tally tally = {0};
	const struct claims *claims = &judgement->own.claims;

	if (!judgement->scope->wants_signature)
		return 0;
	for (size_t i = 0; i < claims->count; i++)
		if (tally_signature(judgement, &tally, &claims->items[i], err) < 0)
			return err->class;
	return add_count(judgement, "signature", "signature", &tally,
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

	if (eligible_keys(judgement, &wanted->signers, claim,
		    &assessment->tally.untrusted, &candidate.keys, err) < 0)
		return err->class;
	if (candidate.keys == 0)
		return 0;
	struct check_input input = {.wanted = wanted,
		.statement = claim->statement,
		.at = judgement->options->at};
	if (run_checks(&input, &candidate, err) < 0)
		return err->class;
	assessment->tally.keys |= candidate.keys;
	if (candidate.good) {
		assessment->good_keys |= candidate.keys;
		if (!ret_good->claim)
			*ret_good = candidate;
	}
	if (is_better(&candidate, &assessment->best))
		assessment->best = candidate;
	return 0;
}

static bool is_of_type(const struct claim *claim, const char *type)
{
	if (claim->kind == CLAIM_SIGNATURE_LAYER)
		return false;
	if (claim->problem && claim->predicate_type[0] == '\0')
		return true; /* unreadable: could have been one */
	return strcmp(claim->predicate_type, type) == 0;
}

static int assess(struct judgement *judgement, const struct policy_attestation *wanted,
	const struct claims *claims, struct assessment *assessment, struct error *err)
{
	struct candidate good = {0};

	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];

		if (!is_of_type(claim, wanted->uri))
			continue;
		assessment->tally.seen++;
		if (!claim_holds(claim))
			tally_reason(&assessment->tally, claim);
		else if (assess_claim(judgement, wanted, claim, assessment, &good, err) <
			 0)
			return err->class;
	}
	assessment->enough =
		count_keys(assessment->good_keys) >= wanted->signers.threshold;
	if (!assessment->enough)
		return 0;
	assessment->best = good;
	assessment->tally.keys = assessment->good_keys;
	struct check_input input = {.wanted = wanted, .statement = good.claim->statement};
	assessment->level = policy_builder_level(&input);
	return note_input(judgement, good.claim, err);
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
	if (add_count(judgement, rule, "attestation", &assessment->tally,
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
	tally_done(&assessment->tally);
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

static int check_attestation(struct judgement *judgement,
	const struct policy_attestation *wanted, struct error *err)
{
	CLEANUP(assessment_done) struct assessment assessment = {0};

	if (assess(judgement, wanted, &judgement->own.claims, &assessment, err) < 0 ||
		(assessment.tally.seen == 0 &&
			assess_children(judgement, wanted, &assessment, err) < 0))
		return err->class;
	return tell(judgement, wanted, &assessment, err);
}

/* ---- rebuild quorum ---- */

static int tally_rebuilds(struct judgement *judgement, const struct claims *claims,
	struct tally *tally, struct error *err)
{
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		uint64_t keys = 0;

		if (!is_of_type(claim, PREDICATE_SLSA_PROVENANCE))
			continue;
		tally->seen++;
		if (!claim_holds(claim)) {
			tally_reason(tally, claim);
			continue;
		}
		if (eligible_keys(judgement, &judgement->scope->rebuild, claim,
			    &tally->untrusted, &keys, err) < 0 ||
			(keys && note_input(judgement, claim, err) < 0))
			return err->class;
		tally->keys |= keys;
	}
	return 0;
}

/* The first part that has too few decides. */
static int tally_children(
	struct judgement *judgement, struct tally *tally, struct error *err)
{
	for (size_t i = 0; i < judgement->child_count; i++) {
		tally_done(tally);
		*tally = (struct tally){0};
		if (tally_rebuilds(
			    judgement, &judgement->children[i].claims, tally, err) < 0)
			return err->class;
		if (count_operators(judgement->trust, tally->keys) <
			judgement->scope->operators)
			return 0;
	}
	return 0;
}

static int check_rebuild(struct judgement *judgement, struct error *err)
{
	CLEANUP(tally_done) struct tally tally = {0};
	cleanup_buffer struct buffer names = BUFFER_INIT;
	uint64_t wanted = judgement->scope->operators;
	size_t count;
	bool enough;

	if (wanted == 0)
		return 0;
	if (tally_rebuilds(judgement, &judgement->own.claims, &tally, err) < 0 ||
		(tally.seen == 0 && tally_children(judgement, &tally, err) < 0))
		return err->class;
	count = count_operators(judgement->trust, tally.keys);
	if (count == 0)
		return add_failure(judgement, "rebuild", "provenance", &tally, err);
	enough = count >= wanted;
	if (list_keys(judgement->trust, tally.keys, &names, err) < 0)
		return err->class;
	return verdict_add(verdict_of(judgement),
		enough ? FINDING_PASSED : FINDING_FAILED, "rebuild", err,
		"%s%zu of %llu operators (keys %s)%s%s", enough ? "" : "too few: ", count,
		(unsigned long long)wanted, buffer_str(&names),
		!enough && tally.untrusted.len > 0 ? "; " : "",
		enough ? "" : buffer_str(&tally.untrusted));
}

/* ---- the image's own age ---- */

static int read_created(struct judgement *judgement, const struct manifest *manifest,
	int64_t *ret_created, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_image_config struct image_config *config = NULL;

	if (repository_read_blob(judgement->verification.repository, &manifest->config,
		    LIMIT_CONFIG_BYTES, &bytes, err) < 0 ||
		image_config_parse(buffer_slice(&bytes), &config, err) < 0)
		return err->class;
	*ret_created = config->created;
	return 0;
}

static int tell_age(
	struct judgement *judgement, const struct manifest *manifest, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	enum finding_result result = FINDING_UNCHECKED;
	struct error failure = ERROR_INIT;
	int64_t created = 0;

	if (read_created(judgement, manifest, &created, &failure) < 0) {
		if (failure.class != ERR_INPUT && failure.class != ERR_REFUSED) {
			*err = failure;
			return err->class;
		}
		return verdict_add(verdict_of(judgement), FINDING_FAILED, "image age",
			err, "malformed: %s", failure.text);
	}
	if (created == 0)
		return verdict_add(verdict_of(judgement), FINDING_UNCHECKED, "image age",
			err, "the image does not tell when it was created");
	if (policy_check_age(created, judgement->scope->max_age, judgement->options->at,
		    &result, &text, err) < 0)
		return err->class;
	return verdict_add(
		verdict_of(judgement), result, "image age", err, "%s", buffer_str(&text));
}

static int tell_child_age(struct judgement *judgement,
	const struct descriptor *descriptor, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_manifest struct manifest *manifest = NULL;
	struct error failure = ERROR_INIT;

	if (repository_read_manifest(judgement->verification.repository, descriptor,
		    &bytes, &failure) < 0 ||
		manifest_parse(buffer_slice(&bytes), descriptor->media_type, &manifest,
			&failure) < 0) {
		if (failure.class != ERR_INPUT && failure.class != ERR_REFUSED) {
			*err = failure;
			return err->class;
		}
		return verdict_add(verdict_of(judgement), FINDING_FAILED, "image age",
			err, "malformed: %s", failure.text);
	}
	if (manifest->is_index)
		return verdict_add(verdict_of(judgement), FINDING_UNCHECKED, "image age",
			err, "an index within an index is not looked into");
	return tell_age(judgement, manifest, err);
}

static int check_image_age(struct judgement *judgement, struct error *err)
{
	const struct manifest *manifest = judgement->verification.manifest;
	size_t count = 0;

	if (judgement->scope->max_age == 0)
		return 0;
	if (manifest && !manifest->is_index)
		return tell_age(judgement, manifest, err);
	for (size_t i = 0; manifest && i < manifest->count; i++) {
		if (!descriptor_is_manifest(&manifest->items[i]))
			continue;
		count++;
		if (tell_child_age(judgement, &manifest->items[i], err) < 0)
			return err->class;
	}
	return count > 0 ? 0
			 : verdict_add(verdict_of(judgement), FINDING_UNCHECKED,
				   "image age", err, "there is no image to look at");
}

/* ---- all of it ---- */

static int collect(struct judgement *judgement, const struct digest *digest,
	struct target *target, struct error *err)
{
	target->digest = *digest;
	return claims_collect_statements(judgement->verification.repository, digest,
		judgement->keys, judgement->trust->count, &target->claims, err);
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

	for (size_t i = 0; i < policy->scope_count; i++) {
		const struct policy_scope *scope = &policy->scopes[i];

		for (size_t j = 0; j < scope->images.count; j++) {
			if (!policy_pattern_matches(scope->images.items[j], name))
				continue;
			judgement->scope = scope;
			return verdict_add(verdict_of(judgement), FINDING_PASSED, "scope",
				err, "%s of policy %s", scope->name,
				digest_format(&policy->digest, digest));
		}
	}
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
		judgement->keys[i] = judgement->trust->keys[i].key;
	if (collect(judgement, &judgement->verification.image.digest, &judgement->own,
		    err) < 0 ||
		collect_children(judgement, err) < 0 ||
		check_signature(judgement, err) < 0)
		return err->class;
	for (size_t i = 0; i < scope->attestation_count; i++)
		if (check_attestation(judgement, &scope->attestations[i], err) < 0)
			return err->class;
	if (check_rebuild(judgement, err) < 0)
		return err->class;
	return check_image_age(judgement, err);
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
