/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

#include "attest/predicate.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/limits.h"

#define VERIFY_KEYS_MAX  64
#define VERIFY_TYPES_MAX 64

/* ---- with keys, or an identity ---- */

struct signers {
	struct key *keys[VERIFY_KEYS_MAX];
	struct loaded_signer loaded; /* of an identity, and the root of keys */
	struct signer of_keys[VERIFY_KEYS_MAX];
	const struct signer *items[VERIFY_KEYS_MAX];
	size_t count;
};

static void signers_done(struct signers *signers)
{
	for (size_t i = 0; i < VERIFY_KEYS_MAX; i++)
		key_free(&signers->keys[i]);
	loaded_signer_done(&signers->loaded);
}

static int load_identity(
	const struct verify_flags *flags, struct signers *signers, struct error *err)
{
	if (!signer_flags_given(&flags->signer)) {
		error_set(err, ERR_USAGE,
			"--key, --certificate-identity or --policy is "
			"missing");
		return error_remedy(
			err, "name the public key (FILE.pub) that must have signed");
	}
	if (load_signer(&flags->signer, NULL, &signers->loaded, err) < 0)
		return err->class;
	signers->items[signers->count++] = &signers->loaded.signer;
	return 0;
}

/* All with the same trusted root, if one is given. */
static int load_keys(
	const struct verify_flags *flags, struct signers *signers, struct error *err)
{
	const struct cli_list *paths = &flags->keys;

	if (paths->count > VERIFY_KEYS_MAX)
		return error_set(err, ERR_USAGE, "more than %d keys", VERIFY_KEYS_MAX);
	for (size_t i = 0; i < paths->count; i++)
		if (key_load(paths->items[i], &signers->keys[i], err) < 0)
			return err->class;
	if (load_signer(&flags->signer, signers->keys[0], &signers->loaded, err) < 0)
		return err->class;
	for (size_t i = 0; i < paths->count; i++) {
		signers->of_keys[i] = signers->loaded.signer;
		signers->of_keys[i].key = signers->keys[i];
		signers->items[i] = &signers->of_keys[i];
	}
	signers->count = paths->count;
	return 0;
}

static int load_signers(
	const struct verify_flags *flags, struct signers *signers, struct error *err)
{
	if (!flags->keys.count)
		return load_identity(flags, signers, err);
	if (check_signer_flags(&flags->signer, true, err) < 0)
		return err->class;
	return load_keys(flags, signers, err);
}

struct types {
	const char *items[VERIFY_TYPES_MAX];
	size_t count;
};

static int name_types(
	const struct verify_flags *flags, struct types *types, struct error *err)
{
	const struct cli_list *given = &flags->types;

	if (flags->signature_only)
		return given->count == 0
			       ? 0
			       : error_set(err, ERR_USAGE,
					 "--signature-only and --require exclude each "
					 "other");
	if (given->count == 0) {
		types->items[types->count++] = PREDICATE_SLSA_PROVENANCE;
		types->items[types->count++] = PREDICATE_SPDX;
	}
	if (given->count > VERIFY_TYPES_MAX)
		return error_set(err, ERR_USAGE, "more than %d types", VERIFY_TYPES_MAX);
	for (size_t i = 0; i < given->count; i++) {
		if (predicate_type_uri(given->items[i], &types->items[i], err) < 0) {
			err->class = ERR_USAGE;
			return error_wrap(err, "--require");
		}
		types->count++;
	}
	return 0;
}

static bool reads_blobs(const struct verify_flags *flags, const struct opened *opened)
{
	return flags->check_blobs || opened->reference->kind != REFERENCE_REGISTRY;
}

static int verify_by_signers(const struct verify_flags *flags, struct opened *opened,
	const struct signers *signers, const struct types *types,
	struct verdict **ret_verdict, struct error *err)
{
	struct verify_options verify = {.signers = signers->items,
		.signer_count = signers->count,
		.predicate_types = types->items,
		.predicate_type_count = types->count,
		.check_blobs = reads_blobs(flags, opened)};

	return verify_image(opened->repository, reference_wanted(opened->reference),
		&verify, ret_verdict, err);
}

/* ---- the answer ---- */

static int print(const struct verdict *verdict, bool json, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	int status = json ? verdict_to_json(verdict, &out, err)
			  : verdict_print(verdict, &out, err);
	return status < 0 ? status : cli_print(buffer_slice(&out), err);
}

/* The reason goes into the error, too, so that a log that has only that is enough. */
static int refuse(const struct verdict *verdict, struct error *err)
{
	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->findings[i].result != FINDING_PASSED)
			return error_set(err, ERR_REFUSED, "%s is refused: %s: %s",
				verdict->image, verdict->findings[i].rule,
				verdict->findings[i].text);
	return error_set(
		err, ERR_REFUSED, "%s is refused: nothing was checked", verdict->image);
}

static int answer(const struct verdict *verdict, const struct verify_flags *flags,
	struct error *err)
{
	if (print(verdict, flags->json, err) < 0)
		return err->class;
	return verdict_passed(verdict) ? 0 : refuse(verdict, err);
}

static int run_with_signers(const struct verify_flags *flags,
	const struct registry_options *registry, const char *image, struct error *err)
{
	CLEANUP(signers_done) struct signers signers = {.count = 0};
	struct types types = {.count = 0};
	cleanup_opened struct opened opened = {0};
	cleanup_verdict struct verdict *verdict = NULL;

	if (flags->trust || flags->at)
		return error_set(err, ERR_USAGE, "%s goes only with --policy",
			flags->trust ? "--trust" : "--at");
	if (name_types(flags, &types, err) < 0 ||
		load_signers(flags, &signers, err) < 0 ||
		open_reference(image, registry, false, false, &opened, err) < 0 ||
		verify_by_signers(flags, &opened, &signers, &types, &verdict, err) < 0)
		return err->class;
	return answer(verdict, flags, err);
}

/* ---- with a policy ---- */

static int check_policy_flags(
	const struct verify_flags *flags, int64_t *ret_at, struct error *err)
{
	*ret_at = clock_now();
	if (flags->keys.count || flags->types.count || flags->signature_only ||
		signer_flags_given(&flags->signer))
		return error_set(err, ERR_USAGE,
			"with --policy, the policy says which signers and attestations: "
			"%s does not go with it",
			flags->keys.count ? "--key"
			: signer_flags_given(&flags->signer)
				? "a certificate's identity or root"
			: flags->types.count ? "--require"
					     : "--signature-only");
	if (!flags->at)
		return 0;
	if (clock_parse(slice_str(flags->at), ret_at, err) < 0) {
		err->class = ERR_USAGE;
		return error_wrap(err, "--at");
	}
	return 0;
}

static int run_with_policy(const struct verify_flags *flags,
	const struct registry_options *registry, const char *image,
	verify_reporter *reporter, const void *context, struct error *err)
{
	cleanup_policy struct policy *policy = NULL;
	cleanup_opened struct opened opened = {0};
	CLEANUP(policy_outcome_done) struct policy_outcome outcome = {0};
	struct policy_options options = {0};

	if (check_policy_flags(flags, &options.at, err) < 0 ||
		policy_load(flags->policy, flags->trust, &policy, err) < 0 ||
		open_reference(image, registry, false, false, &opened, err) < 0)
		return err->class;
	options.policy = policy;
	options.check_blobs = reads_blobs(flags, &opened);
	if (policy_verify(opened.repository, reference_wanted(opened.reference), &options,
		    &outcome, err) < 0)
		return err->class;
	struct verify_report report = {.policy = policy,
		.outcome = &outcome,
		.opened = &opened,
		.at = options.at};
	if (reporter && reporter(context, &report, err) < 0)
		return err->class;
	return answer(outcome.verdict, flags, err);
}

int verify_run(const struct verify_flags *flags, const struct registry_options *registry,
	const char *image, verify_reporter *reporter, const void *context,
	struct error *err)
{
	if (flags->policy)
		return run_with_policy(flags, registry, image, reporter, context, err);
	if (reporter)
		return error_set(err, ERR_USAGE, "a summary needs --policy");
	return run_with_signers(flags, registry, image, err);
}

/* ---- the command of alnage-verify ---- */

struct verify_only_flags {
	struct registry_options registry;
	struct verify_flags verify;
};

static const struct cli_option options[] = {VERIFY_OPTIONS(struct verify_only_flags)};

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct verify_only_flags *flags = given;

	return verify_run(
		&flags->verify, &flags->registry, arguments->items[0], NULL, NULL, err);
}

const struct cli_command verify_only_command = {
	.name = "verify",
	.arguments = "IMAGE",
	.summary = VERIFY_SUMMARY,
	.description = VERIFY_DESCRIPTION,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct verify_only_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
