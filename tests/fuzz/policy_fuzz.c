/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No accepted policy accepts everything: each scope asks for something, of keys by name
 * or role, and can be reached.
 */
#include "attest/policy_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_signers(const struct policy_signers *signers)
{
	if (signers->threshold == 0 || signers->threshold > TRUST_ENTRIES_MAX ||
		(signers->roles == 0 && signers->names.count == 0))
		abort();
}

static void check_vulnerabilities(const struct policy_vulnerabilities *wanted)
{
	if (wanted->max_age <= 0 || wanted->max_severity == SEVERITY_UNKNOWN)
		abort();
	check_signers(&wanted->scan);
	if (wanted->with_vex)
		check_signers(&wanted->vex);
}

static void check_scope(const struct policy_scope *scope)
{
	if (!scope->name || scope->images.count == 0 ||
		(!scope->wants_signature && scope->attestation_count == 0 &&
			scope->operators == 0 && !scope->vulnerabilities.wanted))
		abort();
	if (scope->vulnerabilities.wanted)
		check_vulnerabilities(&scope->vulnerabilities);
	if (scope->wants_signature)
		check_signers(&scope->signature);
	if (scope->operators)
		check_signers(&scope->rebuild);
	for (size_t i = 0; i < scope->attestation_count; i++) {
		const struct policy_attestation *wanted = &scope->attestations[i];

		check_signers(&wanted->signers);
		if (!wanted->uri || !strchr(wanted->uri, ':') || wanted->max_age < 0)
			abort();
		(void)policy_license_check("MIT OR (X AND Y WITH Z)", wanted);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_policy struct policy *policy = NULL;

	if (policy_parse(slice_from(data, size), "fuzz", &policy, &err) < 0) {
		if (!error_is_set(&err) || policy)
			abort();
		return 0;
	}
	if (error_is_set(&err) || policy->scope_count == 0 ||
		!digest_is_set(policy_digest(policy)))
		abort();
	for (size_t i = 0; i < policy->scope_count; i++)
		check_scope(&policy->scopes[i]);
	return 0;
}
