/* SPDX-License-Identifier: Apache-2.0 */
/* "alnage verify": what alnage-verify has, and signed summaries of it. */
#include "attest/vsa.h"
#include "base/fs.h"
#include "cli/secret_input.h"
#include "cli/verify.h"
#include "signing/sign.h"

struct summary_flags {
	struct registry_options registry;
	struct verify_flags verify;
	const char *vsa, *vsa_key, *verifier_id, *resource_uri, *policy_uri;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct summary_flags, vsa, "vsa", CLI_TEXT, "FILE",
		"write a signed SLSA verification summary, passed or failed"),
	CLI_OPTION(struct summary_flags, vsa_key, "vsa-key", CLI_TEXT, "FILE",
		"private key for it"),
	CLI_OPTION(struct summary_flags, verifier_id, "verifier-id", CLI_TEXT, "URI",
		"who verified, in the summary"),
	CLI_OPTION(struct summary_flags, resource_uri, "resource-uri", CLI_TEXT, "URI",
		"what was verified, in the summary (default: the image's repository)"),
	CLI_OPTION(struct summary_flags, policy_uri, "policy-uri", CLI_TEXT, "URI",
		"the policy, in the summary (default: its file name)"),
	VERIFY_OPTIONS(struct summary_flags),
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int make_summary(const void *context, const struct verify_report *report,
	struct buffer *out, struct error *err)
{
	const struct summary_flags *flags = context;
	const char *name = repository_name(report->opened->repository);
	bool remote = repository_is_registry(report->opened->repository);
	struct vsa vsa = {.verifier_id = flags->verifier_id,
		.verifier_version = ALNAGE_VERSION,
		.resource_uri = flags->resource_uri ? flags->resource_uri : name,
		.policy_uri = flags->policy_uri ? flags->policy_uri
						: base_name(flags->verify.policy),
		.policy = policy_digest(report->policy),
		.time = report->at,
		.location = remote ? name : NULL,
		.outcome = report->outcome};

	if (!remote && !flags->resource_uri)
		return error_set(err, ERR_USAGE,
			"--resource-uri is missing: a layout's path says nothing "
			"elsewhere");
	return vsa_write(&vsa, out, err);
}

static int keep_summary(const void *context, struct slice statement, struct error *err)
{
	const struct summary_flags *flags = context;
	cleanup_envelope struct envelope *envelope = NULL;
	cleanup_secret struct secret *secret = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	/* who read what is hostile may be in its hands: it gets nothing else signed */
	if (vsa_check(statement, err) < 0)
		return error_wrap(err, "the verifying process");
	if (load_secret(flags->vsa_key, &secret, err) < 0 ||
		sign_envelope(PAYLOAD_IN_TOTO, statement, secret, &envelope, err) < 0 ||
		envelope_write(envelope, &bytes, err) < 0)
		return err->class;
	return fs_write_file(AT_FDCWD, flags->vsa, buffer_slice(&bytes), 0644, err);
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct summary_flags *flags = given;
	const struct verify_summary summary = {.make = make_summary,
		.keep = keep_summary,
		.forget = forget_passphrases,
		.context = flags};
	bool any = flags->vsa || flags->vsa_key || flags->verifier_id ||
		   flags->resource_uri || flags->policy_uri;

	if (any && (!flags->vsa || !flags->vsa_key || !flags->verifier_id))
		return error_set(err, ERR_USAGE,
			"a summary needs --vsa, --vsa-key and --verifier-id");
	return verify_run(&flags->verify, &flags->registry, arguments->items[0],
		any ? &summary : NULL, err);
}

const struct cli_command verify_command = {
	.name = "verify",
	.arguments = "IMAGE",
	.summary = VERIFY_SUMMARY,
	.description = VERIFY_DESCRIPTION,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct summary_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
