/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_private.h"

static uint64_t key_bit(const struct trust *trust, const struct trust_entry *key)
{
	return UINT64_C(1) << (key - trust->entries); /* below TRUST_ENTRIES_MAX */
}

static int bind_names(const struct trust *trust, struct policy_signers *signers,
	const char *what, struct error *err)
{
	for (size_t i = 0; i < signers->names.count; i++) {
		const char *name = signers->names.items[i];
		const struct trust_entry *key = trust_find(trust, name);

		if (!key)
			return error_set(err, ERR_INPUT,
				"%s: the trust file has no signer '%s'", what, name);
		if (signers->roles != 0 && (key->roles & signers->roles) == 0)
			return error_set(err, ERR_INPUT,
				"%s: '%s' is not trusted for that (its roles are "
				"others)",
				what, name);
		signers->eligible |= key_bit(trust, key);
	}
	return 0;
}

static int bind_signers(const struct trust *trust, struct policy_signers *signers,
	const char *what, struct error *err)
{
	size_t count = 0;

	signers->eligible = 0;
	if (bind_names(trust, signers, what, err) < 0)
		return err->class;
	for (size_t i = 0; signers->names.count == 0 && i < trust->count; i++)
		if (trust->entries[i].roles & signers->roles)
			signers->eligible |= key_bit(trust, &trust->entries[i]);
	for (uint64_t left = signers->eligible; left; left &= left - 1)
		count++;
	if (count < signers->threshold)
		return error_set(err, ERR_INPUT,
			"%s: %llu distinct signers are asked for, and the trust file has "
			"%zu "
			"for that",
			what, (unsigned long long)signers->threshold, count);
	return 0;
}

static int bind_operators(
	const struct trust *trust, const struct policy_scope *scope, struct error *err)
{
	size_t count = 0;

	for (size_t i = 0; i < trust->count; i++) {
		bool known = !(scope->rebuild.eligible >> i & 1);

		for (size_t j = 0; j < i && !known; j++)
			known = (scope->rebuild.eligible >> j & 1) &&
				strcmp(trust->entries[i].operator_name,
					trust->entries[j].operator_name) == 0;
		count += !known;
	}
	if (count < scope->operators)
		return error_set(err, ERR_INPUT,
			"rebuild: %llu operators are asked for, and the trust file has "
			"%zu for that",
			(unsigned long long)scope->operators, count);
	return 0;
}

static int bind_vulnerabilities(const struct trust *trust,
	struct policy_vulnerabilities *vulnerabilities, struct error *err)
{
	if (!vulnerabilities->wanted)
		return 0;
	if (bind_signers(trust, &vulnerabilities->scan, "vulnerabilities", err) < 0)
		return err->class;
	return vulnerabilities->with_vex ? bind_signers(trust, &vulnerabilities->vex,
						   "vulnerabilities: vex", err)
					 : 0;
}

static int bind_scope(
	const struct trust *trust, struct policy_scope *scope, struct error *err)
{
	if (scope->wants_signature &&
		bind_signers(trust, &scope->signature, "signature", err) < 0)
		return err->class;
	for (size_t i = 0; i < scope->attestation_count; i++)
		if (bind_signers(trust, &scope->attestations[i].signers,
			    scope->attestations[i].uri, err) < 0)
			return err->class;
	if (bind_vulnerabilities(trust, &scope->vulnerabilities, err) < 0)
		return err->class;
	if (scope->operators == 0)
		return 0;
	if (bind_signers(trust, &scope->rebuild, "rebuild", err) < 0)
		return err->class;
	return bind_operators(trust, scope, err);
}

int policy_bind(struct policy *policy, const char *file, struct error *err)
{
	for (size_t i = 0; i < policy->scope_count; i++)
		if (bind_scope(policy->trust, &policy->scopes[i], err) < 0)
			return error_wrap(
				err, "%s: scope '%s'", file, policy->scopes[i].name);
	return 0;
}
