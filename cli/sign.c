/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/attach.h"
#include "attest/predicate.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/common.h"
#include "cli/secret_input.h"

struct sign_flags {
	struct registry_options registry;
	const char *key, *identity, *type, *predicate;
};

static const struct cli_option sign_options[] = {
	CLI_OPTION(struct sign_flags, key, "key", CLI_TEXT, "FILE", "the private key"),
	CLI_OPTION(struct sign_flags, identity, "identity", CLI_TEXT, "NAME",
		"docker-reference in the signature (default: the image's reference)"),
	REGISTRY_OPTIONS(struct sign_flags),
};
static const struct cli_option attest_options[] = {
	CLI_OPTION(struct sign_flags, key, "key", CLI_TEXT, "FILE", "the private key"),
	CLI_OPTION(struct sign_flags, type, "type", CLI_TEXT, "TYPE",
		"predicate type: slsaprovenance1, spdxjson, cyclonedx, openvex, vuln, or "
		"a URI"),
	CLI_OPTION(struct sign_flags, predicate, "predicate", CLI_TEXT, "FILE",
		"the predicate, JSON"),
	REGISTRY_OPTIONS(struct sign_flags),
};

static const char *identity_of(
	const struct sign_flags *flags, const struct reference *reference)
{
	if (flags->identity)
		return flags->identity;
	return reference->kind == REFERENCE_REGISTRY ? reference->text
						     : "localhost/image:latest";
}

struct signing {
	struct secret *secret;
	struct opened opened;
	struct descriptor image;
	struct attach_options options;
};

static void signing_done(struct signing *signing)
{
	secret_free(&signing->secret);
	opened_done(&signing->opened);
}

static int prepare(const struct sign_flags *flags, const char *text,
	struct signing *signing, struct error *err)
{
	if (!flags->key)
		return error_set(err, ERR_USAGE, "--key is missing");
	if (load_secret(flags->key, &signing->secret, err) < 0 ||
		open_reference(
			text, &flags->registry, false, true, &signing->opened, err) < 0 ||
		resolve_reference(&signing->opened, &signing->image, err) < 0 ||
		clock_source_date(clock_now(), &signing->options.created, err) < 0)
		return err->class;
	signing->options.docker_reference = identity_of(flags, signing->opened.reference);
	return 0;
}

static int finish(struct signing *signing, const char *what, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];
	if (repository_commit(signing->opened.repository, err) < 0 ||
		buffer_printf(&out, err, "%s %s@%s\n", what,
			repository_name(signing->opened.repository),
			digest_format(&signing->image.digest, digest)) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

static int run_sign(
	const void *given, const struct cli_list *arguments, struct error *err)
{
	CLEANUP(signing_done) struct signing signing = {0};
	if (prepare(given, arguments->items[0], &signing, err) < 0 ||
		attach_signature(signing.opened.repository, &signing.image,
			signing.secret, &signing.options, err) < 0)
		return err->class;
	return finish(&signing, "signed", err);
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
	CLEANUP(signing_done) struct signing signing = {0};
	cleanup_json json_t *predicate = NULL;
	cleanup_buffer struct buffer statement = BUFFER_INIT;
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
			&signing.image.digest, type, take_ptr(predicate), &statement,
			err) < 0 ||
		attach_statement(signing.opened.repository, &signing.image,
			buffer_slice(&statement), signing.secret, &signing.options,
			err) < 0)
		return err->class;
	return finish(&signing, "attested", err);
}

const struct cli_command sign_command = {
	.name = "sign",
	.arguments = "IMAGE",
	.summary = "sign an image in a layout or registry",
	.description = "Writes both forms that verifiers read: cosign's tag .sig and a "
		       "Sigstore bundle.\n"
		       "An index is signed with every image in it.",
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
	.options = attest_options,
	.option_count = ARRAY_LEN(attest_options),
	.options_size = sizeof(struct sign_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run_attest,
};
