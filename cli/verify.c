/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/verify.h"
#include "attest/statement.h"
#include "base/limits.h"
#include "cli/common.h"

struct verify_flags {
	struct registry_options registry;
	struct cli_list keys, types;
	bool check_blobs, signature_only, json;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct verify_flags, keys, "key", CLI_LIST, "FILE",
		"public key; given several times, any one of them counts"),
	CLI_OPTION(struct verify_flags, types, "require", CLI_LIST, "TYPE",
		"predicate type that must be attested (default: SLSA provenance and "
		"SPDX)"),
	CLI_OPTION(struct verify_flags, signature_only, "signature-only", CLI_FLAG, NULL,
		"require no attestation"),
	CLI_OPTION(struct verify_flags, check_blobs, "check-blobs", CLI_FLAG, NULL,
		"read and hash every layer of a registry image, too (always done for "
		"layouts)"),
	CLI_OPTION(
		struct verify_flags, json, "json", CLI_FLAG, NULL, "the verdict as JSON"),
	REGISTRY_OPTIONS(struct verify_flags),
};

#define VERIFY_KEYS_MAX 64

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
		error_set(err, ERR_USAGE, "--key is missing");
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

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	static const char *const standard[] = {PREDICATE_SLSA_PROVENANCE, PREDICATE_SPDX};
	const struct verify_flags *flags = given;
	CLEANUP(keys_done) struct keys keys = {.count = 0};
	cleanup_opened struct opened opened = {0};
	cleanup_verdict struct verdict *verdict = NULL;
	if (flags->signature_only && flags->types.count)
		return error_set(err, ERR_USAGE,
			"--signature-only and --require exclude each other");
	if (load_keys(&flags->keys, &keys, err) < 0 ||
		open_reference(arguments->items[0], &flags->registry, false, false,
			&opened, err) < 0)
		return err->class;
	struct verify_options verify = {.keys = (const struct key *const *)keys.items,
		.key_count = keys.count,
		.predicate_types = flags->types.count ? flags->types.items : standard,
		.predicate_type_count = flags->signature_only ? 0
					: flags->types.count  ? flags->types.count
							      : ARRAY_LEN(standard),
		.check_blobs = flags->check_blobs ||
			       opened.reference->kind != REFERENCE_REGISTRY};
	if (verify_image(opened.repository, reference_wanted(opened.reference), &verify,
		    &verdict, err) < 0 ||
		print(verdict, flags->json, err) < 0)
		return err->class;
	return verdict_passed(verdict) ? 0 : refuse(verdict, err);
}

const struct cli_command verify_command = {
	.name = "verify",
	.arguments = "IMAGE",
	.summary = "verify an image's signature and attestations before deployment",
	.description = "IMAGE is oci:DIR[:TAG], oci-archive:FILE or "
		       "HOST/NAME[:TAG|@DIGEST]. A tag is resolved\n"
		       "once; deploy the digest that is printed. Exit status 0: "
		       "everything passed. 3: refused,\n"
		       "with the reason. 1: the check could not be made, so nothing is "
		       "known to be good.",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct verify_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
