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

/* ---- the answer ---- */

static int print(const struct verdict *verdict, bool json, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	int status = json ? verdict_to_json(verdict, &out, err)
			  : verdict_print(verdict, &out, err);
	return status < 0 ? status : cli_print(buffer_slice(&out), err);
}

/* The reason goes into the error, too, so that a log that has only that is enough. A no
 * is told before what is not known: it is the answer, whatever else would come out. */
static int refuse(const struct verdict *verdict, struct error *err)
{
	enum finding_result result = verdict_result(verdict);
	bool failed = result == FINDING_FAILED;

	for (size_t i = 0; i < verdict->count; i++)
		if (verdict->findings[i].result == result)
			return error_set(err, failed ? ERR_REFUSED : ERR_INPUT,
				"%s %s: %s: %s", verdict->image,
				failed ? "is refused" : "could not be checked",
				verdict->findings[i].rule, verdict->findings[i].text);
	return error_set(err, ERR_INPUT, "%s could not be checked: no rule was applied",
		verdict->image);
}

static int answer(const struct verdict *verdict, const struct verify_flags *flags,
	struct error *err)
{
	if (print(verdict, flags->json, err) < 0)
		return err->class;
	return verdict_passed(verdict) ? 0 : refuse(verdict, err);
}

/* ---- the work: everything is open; nothing hostile was read so far, but an archive was
 * unpacked ---- */

struct work {
	const struct verify_flags *flags;
	struct opened opened;
	struct signers signers;
	struct types types;
	struct policy *policy; /* NULL: by signers */
	int64_t at;
	const struct verify_summary *summary; /* may be NULL */
};

static void work_done(struct work *work)
{
	signers_done(&work->signers);
	policy_free(&work->policy);
	opened_done(&work->opened);
}

static int verify_by_signers(const struct work *work, struct error *err)
{
	const struct opened *opened = &work->opened;
	cleanup_verdict struct verdict *verdict = NULL;
	struct verify_options options = {.signers = work->signers.items,
		.signer_count = work->signers.count,
		.predicate_types = work->types.items,
		.predicate_type_count = work->types.count,
		.check_blobs = reads_blobs(work->flags, opened)};

	if (verify_image(opened->repository, reference_wanted(opened->reference),
		    &options, &verdict, err) < 0)
		return err->class;
	return answer(verdict, work->flags, err);
}

/* A verdict about another time must not pass for one of today. */
static int tell_time(const struct work *work, struct verdict *verdict, struct error *err)
{
	char text[CLOCK_TEXT_MAX];

	if (!work->flags->at)
		return 0;
	verdict->as_of = arena_strdup(verdict->arena, clock_format(work->at, text));
	return verdict->as_of ? 0 : error_set_memory(err);
}

static int verify_by_policy(
	const struct work *work, struct buffer *reply, struct error *err)
{
	const struct opened *opened = &work->opened;
	CLEANUP(policy_outcome_done) struct policy_outcome outcome = {0};
	struct policy_options options = {.policy = work->policy,
		.at = work->at,
		.check_blobs = reads_blobs(work->flags, opened)};
	struct verify_report report = {.policy = work->policy,
		.outcome = &outcome,
		.opened = opened,
		.at = work->at};

	if (policy_verify(opened->repository, reference_wanted(opened->reference),
		    &options, &outcome, err) < 0 ||
		tell_time(work, outcome.verdict, err) < 0)
		return err->class;
	if (work->summary &&
		work->summary->make(work->summary->context, &report, reply, err) < 0)
		return err->class;
	return answer(outcome.verdict, work->flags, err);
}

static int do_work(const void *context, struct buffer *reply, struct error *err)
{
	const struct work *work = context;

	return work->policy ? verify_by_policy(work, reply, err)
			    : verify_by_signers(work, err);
}

/* ---- opening ---- */

static int prepare_signers(struct work *work, struct error *err)
{
	const struct verify_flags *flags = work->flags;

	if (flags->trust || flags->at)
		return error_set(err, ERR_USAGE, "%s goes only with --policy",
			flags->trust ? "--trust" : "--at");
	if (work->summary)
		return error_set(err, ERR_USAGE, "a summary needs --policy");
	if (name_types(flags, &work->types, err) < 0)
		return err->class;
	return load_signers(flags, &work->signers, err);
}

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

static int prepare_policy(struct work *work, struct error *err)
{
	const struct verify_flags *flags = work->flags;

	if (work->summary && flags->at)
		return error_set(err, ERR_USAGE,
			"--vsa and --at exclude each other: a summary tells when an "
			"image was verified, which is now");
	if (check_policy_flags(flags, &work->at, err) < 0)
		return err->class;
	return policy_load(flags->policy, flags->trust, &work->policy, err);
}

/* An archive's private copy is removed afterwards, a summary is written: both by us. */
static bool needs_child(const struct work *work)
{
	return work->summary || work->opened.reference->kind == REFERENCE_ARCHIVE;
}

int verify_run(const struct verify_flags *flags, const struct registry_options *registry,
	const char *image, const struct verify_summary *summary, struct error *err)
{
	CLEANUP(work_done) struct work work = {.flags = flags, .summary = summary};
	struct confined confined = {.work = do_work, .context = &work};
	cleanup_buffer struct buffer reply = BUFFER_INIT;
	struct error failure = ERROR_INIT;
	int status;

	if (confinement_parse(flags->confinement, &confined.mode, err) < 0 ||
		(flags->policy ? prepare_policy(&work, err)
			       : prepare_signers(&work, err)) < 0 ||
		open_reference_to_verify(
			image, registry, flags->check_blobs, &work.opened, err) < 0)
		return err->class;
	confined.repository = work.opened.repository;
	confined.in_child = needs_child(&work);
	confined.forget = summary ? summary->forget : NULL;
	status = confined_run(&confined, &reply, &failure);
	/* a refusal is summed up, too */
	if (reply.len != 0 &&
		summary->keep(summary->context, buffer_slice(&reply), err) < 0)
		return err->class;
	if (status < 0)
		*err = failure;
	return status;
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
		&flags->verify, &flags->registry, arguments->items[0], NULL, err);
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
