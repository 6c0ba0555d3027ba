/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_judge_private.h"

/* ---- keys that count ---- */

static size_t signer_index(const struct trust *trust, const struct signer *signer)
{
	return (size_t)(trust_find_signer(trust, signer) -
			trust->entries); /* always found */
}

/* One that would count but for its window tells more than one that never would. */
static int note_reason(struct buffer *reason, const struct trust_entry *entry,
	const char *window, struct error *err)
{
	if (!window && reason->len > 0)
		return 0;
	buffer_clear(reason);
	return buffer_printf(reason, err, "%s '%s' %s", entry->key ? "key" : "identity",
		entry->name, window ? window : "is not one of those for this");
}

/* The first entry for the names in a claim's certificate; TRUST_ENTRIES_MAX: none. */
static size_t first_identity(const struct judgement *judgement,
	const struct policy_signers *signers, const struct claim *claim)
{
	const struct trust *trust = judgement->trust;
	size_t first = TRUST_ENTRIES_MAX;
	char window[TRUST_REASON_MAX];

	for (size_t i = 0; i < claim->signer_count; i++) {
		size_t index = signer_index(trust, claim->signers[i]);

		if (index < first && !trust->entries[index].key &&
			(signers->eligible >> index & 1) &&
			trust_entry_is_valid(
				&trust->entries[index], judgement->options->at, window))
			first = index;
	}
	return first;
}

/*
 * The first entry that any claim with these names counts for. One claim may bring more
 * evidence than another, and so fit an entry that the other does not: that makes two
 * claims of it, not two signers.
 */
static uint64_t identity_bit(const struct judgement *judgement,
	const struct policy_signers *signers, const struct claims *claims,
	const struct claim *claim)
{
	size_t first = first_identity(judgement, signers, claim);

	if (first == TRUST_ENTRIES_MAX)
		return 0;
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *other = &claims->items[i];
		size_t index;

		if (!claim_holds(other) || !other->identity ||
			strcmp(other->identity, claim->identity) != 0)
			continue;
		index = first_identity(judgement, signers, other);
		first = index < first ? index : first;
	}
	return UINT64_C(1) << first;
}

int policy_eligible(const struct judgement *judgement,
	const struct policy_signers *signers, const struct claim *claim,
	struct tally *tally, uint64_t *ret_set, struct error *err)
{
	const struct trust *trust = judgement->trust;
	char window[TRUST_REASON_MAX];
	uint64_t keys = 0;

	for (size_t i = 0; i < claim->signer_count; i++) {
		size_t index = signer_index(trust, claim->signers[i]);
		const struct trust_entry *entry = &trust->entries[index];
		bool wanted = signers->eligible >> index & 1;

		if (!wanted ||
			!trust_entry_is_valid(entry, judgement->options->at, window)) {
			if (note_reason(&tally->untrusted, entry, wanted ? window : NULL,
				    err) < 0)
				return err->class;
		} else if (entry->key) {
			keys |= UINT64_C(1) << index;
		}
	}
	*ret_set = keys ? keys : identity_bit(judgement, signers, tally->claims, claim);
	return 0;
}

size_t policy_count_signers(uint64_t set)
{
	size_t count = 0;

	for (; set; set &= set - 1)
		count++;
	return count;
}

int policy_list_signers(
	const struct trust *trust, uint64_t set, struct buffer *out, struct error *err)
{
	const char *separator = "";

	for (size_t i = 0; i < trust->count; i++) {
		if (!(set >> i & 1))
			continue;
		if (buffer_printf(out, err, "%s%s", separator, trust->entries[i].name) <
			0)
			return err->class;
		separator = ", ";
	}
	return 0;
}

size_t policy_count_operators(const struct trust *trust, uint64_t set)
{
	size_t count = 0;

	for (size_t i = 0; i < trust->count; i++) {
		bool known = !(set >> i & 1);

		for (size_t j = 0; j < i && !known; j++)
			known = (set >> j & 1) &&
				strcmp(trust->entries[i].operator_name,
					trust->entries[j].operator_name) == 0;
		count += !known;
	}
	return count;
}

int policy_note_input(
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

void policy_tally_done(struct tally *tally)
{
	buffer_done(&tally->untrusted);
}

static void first(const struct claim **slot, const struct claim *claim)
{
	if (!*slot)
		*slot = claim;
}

/* A claim that does not hold. */
void policy_tally_reason(struct tally *tally, const struct claim *claim)
{
	if (claim->problem)
		first(&tally->broken, claim);
	else if (claim->signer)
		first(&tally->mismatch, claim);
	else if (claim->refusal)
		tally->unproven =
			claim_is_nearer(claim, tally->unproven) ? claim : tally->unproven;
	else if (claim->with_certificate)
		first(&tally->certificate, claim);
	else
		first(&tally->foreign, claim);
}

/* Nearest to acceptance first. what: "signature", "attestation". */
int policy_add_failure(struct judgement *judgement, const char *rule, const char *what,
	const struct tally *tally, struct error *err)
{
	struct verdict *verdict = verdict_of(judgement);

	if (tally->misnamed)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"not allowed: the signature in %s is for the name %s",
			tally->misnamed->where, tally->misnamed->reference);
	if (tally->untrusted.len > 0)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"untrusted signer: %s", buffer_str(&tally->untrusted));
	if (tally->mismatch)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"digest mismatch: the %s in %s is about another image", what,
			tally->mismatch->where);
	if (tally->unproven)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"not proven: the %s in %s: %s", what, tally->unproven->where,
			tally->unproven->refusal);
	if (tally->certificate && !tally->foreign)
		return verdict_add(verdict, FINDING_UNCHECKED, rule, err,
			"the %s in %s is by a certificate, not by a key: not checked",
			what, tally->certificate->where);
	if (tally->foreign)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"foreign key: none of the trusted signers made the %s in %s",
			what, tally->foreign->where);
	if (tally->broken)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"malformed: %s: %s", tally->broken->where,
			tally->broken->problem);
	return verdict_add(
		verdict, FINDING_FAILED, rule, err, "missing %s: there is none", what);
}

/* Enough of them, or not; none at all has a reason of its own. */
int policy_add_count(struct judgement *judgement, const char *rule, const char *what,
	const struct tally *tally, uint64_t threshold, struct error *err)
{
	cleanup_buffer struct buffer names = BUFFER_INIT;
	size_t count = policy_count_signers(tally->signers);

	if (count == 0)
		return policy_add_failure(judgement, rule, what, tally, err);
	if (policy_list_signers(judgement->trust, tally->signers, &names, err) < 0)
		return err->class;
	if (count < threshold)
		return verdict_add(verdict_of(judgement), FINDING_FAILED, rule, err,
			"too few signers: %zu of %llu (%s)%s%s", count,
			(unsigned long long)threshold, buffer_str(&names),
			tally->untrusted.len > 0 ? "; " : "",
			buffer_str(&tally->untrusted));
	return verdict_add(verdict_of(judgement), FINDING_PASSED, rule, err, "by %s",
		buffer_str(&names));
}

bool policy_is_of_type(const struct claim *claim, const char *type)
{
	if (claim->kind == CLAIM_SIGNATURE_LAYER)
		return false;
	if (claim->problem && claim->predicate_type[0] == '\0')
		return true; /* unreadable: could have been one */
	return strcmp(claim->predicate_type, type) == 0;
}
