/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verify.h"

#include "attest/predicate.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/limits.h"

#define VERIFY_KEYS_MAX  64
#define VERIFY_TYPES_MAX 64

/* ---- with keys ---- */

struct keys {
	struct key *items[VERIFY_KEYS_MAX];
	size_t count;
};

static void keys_done(struct keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		key_free(&keys->items[i]);
}

static int load_keys(const struct cli_list *paths, struct keys *keys, struct error *err)
{
	if (!paths->count) {
		error_set(err, ERR_USAGE, "--key or --policy is missing");
		return error_remedy(
			err, "name the public key (FILE.pub) that must have signed");
	}
	if (paths->count > VERIFY_KEYS_MAX)
		return error_set(err, ERR_USAGE, "more than %d keys", VERIFY_KEYS_MAX);
	for (size_t i = 0; i < paths->count; i++) {
		if (key_load(paths->items[i], &keys->items[i], err) < 0)
			return err->class;
		keys->count++;
	}
	return 0;
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

static int verify_by_keys(const struct verify_flags *flags, struct opened *opened,
	const struct keys *keys, const struct types *types, struct verdict **ret_verdict,
	struct error *err)
{
	struct verify_options verify = {.keys = (const struct key *const *)keys->items,
		.key_count = keys->count,
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

static int run_with_keys(const struct verify_flags *flags,
	const struct registry_options *registry, const char *image, struct error *err)
{
	CLEANUP(keys_done) struct keys keys = {.count = 0};
	struct types types = {.count = 0};
	cleanup_opened struct opened opened = {0};
	cleanup_verdict struct verdict *verdict = NULL;

	if (flags->trust || flags->at)
		return error_set(err, ERR_USAGE, "%s goes only with --policy",
			flags->trust ? "--trust" : "--at");
	if (name_types(flags, &types, err) < 0 ||
		load_keys(&flags->keys, &keys, err) < 0 ||
		open_reference_to_read(image, registry, &opened, err) < 0 ||
		verify_by_keys(flags, &opened, &keys, &types, &verdict, err) < 0)
		return err->class;
	return answer(verdict, flags, err);
}

/* ---- with a policy ---- */

static int check_policy_flags(
	const struct verify_flags *flags, int64_t *ret_at, struct error *err)
{
	*ret_at = clock_now();
	if (flags->keys.count || flags->types.count || flags->signature_only)
		return error_set(err, ERR_USAGE,
			"with --policy, the policy says which keys and attestations: %s "
			"does not go with it",
			flags->keys.count    ? "--key"
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
		open_reference_to_read(image, registry, &opened, err) < 0)
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
	return run_with_keys(flags, registry, image, err);
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
