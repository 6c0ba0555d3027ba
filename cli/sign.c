/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/predicate.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/common.h"
#include "cli/signers.h"
#include "signing/detached.h"

struct sign_flags {
	struct registry_options registry;
	struct signer_options signer;
	const char *identity, *type, *predicate;
};

static const struct cli_option sign_options[] = {
	SIGNER_OPTIONS(struct sign_flags),
	CLI_OPTION(struct sign_flags, identity, "identity", CLI_TEXT, "NAME",
		"docker-reference in the signature (default: the image's reference)"),
	REGISTRY_OPTIONS(struct sign_flags),
};
static const struct cli_option attest_options[] = {
	SIGNER_OPTIONS(struct sign_flags),
	CLI_OPTION(struct sign_flags, type, "type", CLI_TEXT, "TYPE",
		"predicate type: slsaprovenance1, spdxjson, cyclonedx, openvex, csaf, "
		"vuln, or "
		"a URI"),
	CLI_OPTION(struct sign_flags, predicate, "predicate", CLI_TEXT, "FILE",
		"the predicate, JSON"),
	REGISTRY_OPTIONS(struct sign_flags),
};

/*
 * What containers/image compares with the name that it pulls by: that has a tag or a
 * digest, and never both (signature/policy_reference_match.go, matchRepoDigestOrExact).
 */
static int identity_of(
	const struct reference *reference, struct buffer *identity, struct error *err)
{
	if (reference->kind != REFERENCE_REGISTRY)
		return buffer_add_str(identity, "localhost/image:latest", err);
	if (!reference->tag && reference->has_digest)
		return buffer_add_str(identity, reference->text, err);
	return buffer_printf(identity, err, "%s/%s:%s", reference->registry,
		reference->repository, reference->tag ? reference->tag : "latest");
}

/* One that is no reference would be a signature that is never accepted. */
static int choose_identity(const char *given, const struct reference *image,
	struct buffer *identity, struct error *err)
{
	cleanup_reference struct reference *reference = NULL;

	if (!given)
		return identity_of(image, identity, err);
	if (reference_parse(slice_str(given), &reference, err) < 0)
		return error_wrap(err, "--identity");
	if (reference->kind != REFERENCE_REGISTRY)
		return error_set(err, ERR_USAGE,
			"--identity is a registry's reference, not '%.200s'", given);
	return buffer_add_str(identity, reference->text, err);
}

struct signing {
	const struct sign_flags *flags;
	struct signers signers;
	struct opened opened;
	struct descriptor image;
	struct attach_options options;
	struct buffer identity, statement; /* the latter of attest; empty for sign */
};

static void signing_done(struct signing *signing)
{
	signers_done(&signing->signers);
	opened_done(&signing->opened);
	buffer_done(&signing->identity);
	buffer_done(&signing->statement);
}

static int prepare(const struct sign_flags *flags, const char *text,
	struct signing *signing, struct error *err)
{
	bool writable = !flags->signer.payload_only;

	signing->flags = flags;
	if (signers_check(&flags->signer, err) < 0 ||
		signers_load(&flags->signer, &signing->signers, err) < 0 ||
		open_reference(text, &flags->registry, false, writable, &signing->opened,
			err) < 0 ||
		choose_identity(flags->identity, signing->opened.reference,
			&signing->identity, err) < 0 ||
		resolve_reference(&signing->opened, &signing->image, err) < 0 ||
		clock_source_date(clock_now(), &signing->options.created, err) < 0)
		return err->class;
	signing->options.docker_reference = buffer_str(&signing->identity);
	signing->options.stamper = signing->signers.stamper;
	signing->options.certificate = signing->signers.certificate;
	return 0;
}

/* ---- here ---- */

static int sign_with(
	struct signing *signing, const struct secret *secret, struct error *err)
{
	struct repository *repository = signing->opened.repository;

	if (signing->statement.len > 0)
		return attach_statement(repository, &signing->image,
			buffer_slice(&signing->statement), secret, &signing->options,
			err);
	return attach_signature(
		repository, &signing->image, secret, &signing->options, err);
}

static int give_payloads(struct signing *signing, attach_payload *payload, void *context,
	struct error *err)
{
	if (signing->statement.len > 0)
		return attach_statement_payload(&signing->image,
			buffer_slice(&signing->statement), payload, context, err);
	return attach_signature_payloads(signing->opened.repository, &signing->image,
		&signing->options, payload, context, err);
}

static int check_payload(
	void *context, const char *what, struct slice payload, struct error *err)
{
	cleanup_buffer struct buffer signature = BUFFER_INIT;

	if (secret_sign(context, payload, &signature, err) < 0)
		return error_wrap(err, "%s", what);
	return 0;
}

/* All signatures that are to come from elsewhere, before the first one is attached. */
static int check_attached(struct signing *signing, struct error *err)
{
	if (!signing->flags->signer.attach)
		return 0;
	return give_payloads(signing, check_payload, signing->signers.secrets[0], err);
}

static int sign_here(struct signing *signing, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];

	if (check_attached(signing, err) < 0)
		return err->class;
	for (size_t i = 0; i < signing->signers.count; i++)
		if (sign_with(signing, signing->signers.secrets[i], err) < 0)
			return err->class;
	if (repository_commit(signing->opened.repository, err) < 0 ||
		buffer_printf(&out, err, "%s %s@%s\n",
			signing->statement.len > 0 ? "attested" : "signed",
			repository_name(signing->opened.repository),
			digest_format(&signing->image.digest, digest)) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

/* ---- elsewhere ---- */

static int write_payload(
	void *context, const char *what, struct slice payload, struct error *err)
{
	const char *folder = context;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	char name[DETACHED_NAME_MAX];

	if (detached_write(folder, payload, name, err) < 0 ||
		buffer_printf(&out, err, "%s/%s: %s\n", folder, name, what) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

static int write_payloads(struct signing *signing, struct error *err)
{
	/* the interface has no const; the text is only read */
	void *folder = (void *)(uintptr_t)signing->flags->signer.payload_only;

	return give_payloads(signing, write_payload, folder, err);
}

static int sign(struct signing *signing, struct error *err)
{
	return signing->flags->signer.payload_only ? write_payloads(signing, err)
						   : sign_here(signing, err);
}

/* ---- the commands ---- */

static int run_sign(
	const void *given, const struct cli_list *arguments, struct error *err)
{
	CLEANUP(signing_done) struct signing signing = {.flags = NULL};
	if (prepare(given, arguments->items[0], &signing, err) < 0)
		return err->class;
	return sign(&signing, err);
}

static int read_predicate(const char *path, json_t **ret_json, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	if (fs_read_file(AT_FDCWD, path, LIMIT_ENVELOPE_BYTES, &bytes, err) < 0)
		return err->class;
	return json_load_slice(buffer_slice(&bytes), path, ret_json, err);
}

static int run_attest(
	const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct sign_flags *flags = given;
	CLEANUP(signing_done) struct signing signing = {.flags = NULL};
	cleanup_json json_t *predicate = NULL;
	const char *type;
	if (!flags->type || !flags->predicate)
		return error_set(err, ERR_USAGE, "--type and --predicate are needed");
	if (predicate_type_uri(flags->type, &type, err) < 0) {
		err->class = ERR_USAGE;
		return error_wrap(err, "--type");
	}
	if (read_predicate(flags->predicate, &predicate, err) < 0 ||
		prepare(flags, arguments->items[0], &signing, err) < 0 ||
		statement_write(repository_name(signing.opened.repository),
			&signing.image.digest, type, take_ptr(predicate),
			&signing.statement, err) < 0)
		return err->class;
	return sign(&signing, err);
}

#define ELSEWHERE                                                                        \
	"\n\nFor signing on another machine, --payload-only DIR writes the bytes to "    \
	"sign as\n"                                                                      \
	"DIR/SHA256.payload; put each signature beside it as SHA256.payload.sig (DER "   \
	"or base64)\n"                                                                   \
	"and give the same command with --attach DIR --key PUBLIC-KEY instead."

const struct cli_command sign_command = {
	.name = "sign",
	.arguments = "IMAGE",
	.summary = "sign an image in a layout or registry",
	.description = "Writes both forms that verifiers read: cosign's tag .sig and a "
		       "Sigstore bundle.\n"
		       "An index is signed with every image in it. Signatures of "
		       "others stay. " IMAGE_IS ELSEWHERE,
	.options = sign_options,
	.option_count = ARRAY_LEN(sign_options),
	.options_size = sizeof(struct sign_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run_sign,
};

const struct cli_command attest_command = {
	.name = "attest",
	.arguments = "IMAGE",
	.summary = "sign a statement about an image and attach it",
	.description = "Writes both forms that verifiers read: cosign's tag .att and a "
		       "Sigstore bundle. " IMAGE_IS ELSEWHERE,
	.options = attest_options,
	.option_count = ARRAY_LEN(attest_options),
	.options_size = sizeof(struct sign_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run_attest,
};
