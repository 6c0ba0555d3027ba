/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/attach.h"
#include "attest/attach_layer.h"
#include "attest/claims.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/limits.h"
#include "signing/bundle.h"
#include "signing/sign.h"
#include "signing/simple.h"

struct attaching {
	struct repository *repository;
	const struct descriptor *image;
	const struct secret *secret;
	const struct attach_options *options;
	struct key *key;
	struct signer signer;
	struct claims claims; /* what is there already */
};

static void attaching_done(struct attaching *attaching)
{
	key_free(&attaching->key);
	claims_done(&attaching->claims);
}

static int prepare(struct attaching *attaching, struct error *err)
{
	const struct signer *signers[1] = {&attaching->signer};

	if (secret_public(attaching->secret, &attaching->key, err) < 0)
		return err->class;
	attaching->signer = (struct signer){.key = attaching->key};
	return claims_collect(attaching->repository, &attaching->image->digest, signers,
		1, &attaching->claims, err);
}

/* ---- bundles ---- */

static int put_bundle_blob(struct attaching *attaching, const struct envelope *envelope,
	struct descriptor *ret_layer, struct error *err)
{
	cleanup_buffer struct buffer bundle = BUFFER_INIT;
	struct descriptor layer = {.media_type = BUNDLE_MEDIA_TYPE};

	if (bundle_write(envelope, attaching->key, &bundle, err) < 0 ||
		repository_put_blob(
			attaching->repository, buffer_slice(&bundle), &layer, err) < 0)
		return err->class;
	*ret_layer = layer;
	return 0;
}

/* cosign's referrer (reference: cosign 3 as it writes), and Trivy's annotation beside
 * cosign's. */
static int put_bundle(struct attaching *attaching, const struct envelope *envelope,
	const char *predicate_type, struct error *err)
{
	const struct descriptor *image = attaching->image;
	char created[CLOCK_TEXT_MAX];
	const struct annotation annotations[] = {
		{"dev.sigstore.bundle.content", "dsse-envelope"},
		{BUNDLE_TYPE_ANNOTATION, predicate_type},
		{"in-toto.io/predicate-type", predicate_type},
		{"org.opencontainers.image.created",
			clock_format(attaching->options->created, created)},
	};
	struct descriptor layer, stored;
	struct manifest manifest = {.media_type = OCI_MANIFEST,
		.artifact_type = BUNDLE_MEDIA_TYPE,
		.config = {.media_type = OCI_EMPTY},
		.items = &layer,
		.count = 1,
		.has_subject = true,
		.subject = {.media_type = image->media_type,
			.digest = image->digest,
			.size = image->size},
		.annotations = annotations,
		.annotation_count = ARRAY_LEN(annotations)};
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	if (put_bundle_blob(attaching, envelope, &layer, err) < 0 ||
		repository_put_blob(
			attaching->repository, SLICE("{}"), &manifest.config, err) < 0 ||
		manifest_write(&manifest, &bytes, err) < 0)
		return err->class;
	return repository_put_manifest(attaching->repository, buffer_slice(&bytes),
		OCI_MANIFEST, NULL, &stored, err);
}

/* ---- signatures ---- */

static bool has_own_signature_bundle(const struct claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		if (claims->items[i].kind == CLAIM_BUNDLE &&
			claim_holds(&claims->items[i]) &&
			claim_is_signature(&claims->items[i]))
			return true;
	return false;
}

static int add_signature_bundle(struct attaching *attaching, struct error *err)
{
	cleanup_buffer struct buffer statement = BUFFER_INIT;
	cleanup_envelope struct envelope *envelope = NULL;

	if (has_own_signature_bundle(&attaching->claims))
		return 0;
	if (statement_write("", &attaching->image->digest, PREDICATE_SIGN, json_object(),
		    &statement, err) < 0 ||
		sign_envelope(PAYLOAD_IN_TOTO, buffer_slice(&statement),
			attaching->secret, &envelope, err) < 0)
		return err->class;
	return put_bundle(attaching, envelope, PREDICATE_SIGN, err);
}

static int add_signature_layer(struct attaching *attaching, struct error *err)
{
	struct simple_payload payload = {
		.docker_reference = attaching->options->docker_reference,
		.manifest = attaching->image->digest};
	cleanup_buffer struct buffer bytes = BUFFER_INIT, signature = BUFFER_INIT,
				     text = BUFFER_INIT;
	struct annotation annotation = {SIMPLE_ANNOTATION, NULL};
	struct attach_layer layer = {.repository = attaching->repository,
		.key = attaching->key,
		.image = &attaching->image->digest,
		.suffix = ".sig",
		.descriptor = {.media_type = SIMPLE_MEDIA_TYPE,
			.annotations = &annotation,
			.annotation_count = 1}};

	if (simple_write(&payload, &bytes, err) < 0 ||
		secret_sign(attaching->secret, buffer_slice(&bytes), &signature, err) <
			0 ||
		base64_encode(buffer_slice(&signature), &text, err) < 0 ||
		repository_put_blob(attaching->repository, buffer_slice(&bytes),
			&layer.descriptor, err) < 0)
		return err->class;
	annotation.value = buffer_str(&text);
	return attach_layer_add(&layer, err);
}

static int sign_one(struct repository *repository, const struct descriptor *image,
	const struct secret *secret, const struct attach_options *options,
	struct error *err)
{
	CLEANUP(attaching_done)
	struct attaching attaching = {.repository = repository,
		.image = image,
		.secret = secret,
		.options = options};

	if (prepare(&attaching, err) < 0 || add_signature_layer(&attaching, err) < 0)
		return err->class;
	return add_signature_bundle(&attaching, err);
}

int attach_signature(struct repository *repository, const struct descriptor *image,
	const struct secret *secret, const struct attach_options *options,
	struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	if (!options->docker_reference || options->docker_reference[0] == '\0')
		return error_set(err, ERR_USAGE, "a signature needs an identity");
	if (repository_read_manifest(repository, image, &bytes, err) < 0 ||
		manifest_parse(buffer_slice(&bytes), image->media_type, &manifest, err) <
			0)
		return error_wrap(err, "signing");
	for (size_t i = 0; manifest->is_index && i < manifest->count; i++) {
		const struct descriptor *child = &manifest->items[i];

		if ((descriptor_is_manifest(child) || descriptor_is_index(child)) &&
			sign_one(repository, child, secret, options, err) < 0)
			return error_wrap(err, "signing");
	}
	if (sign_one(repository, image, secret, options, err) < 0)
		return error_wrap(err, "signing");
	return 0;
}

/* ---- statements ---- */

/* See the header: a bundle must not put the signatures of the old layout out of sight. */
static int check_signed_as_bundle(const struct claims *claims, struct error *err)
{
	bool old = false;

	for (size_t i = 0; i < claims->count; i++) {
		if (claims->items[i].kind == CLAIM_SIGNATURE_LAYER)
			old = true;
		else if (claim_is_signature(&claims->items[i]))
			return 0;
	}
	if (!old)
		return 0;
	(void)error_set(err, ERR_INPUT, /* returned below */
		"the image is signed in cosign's old layout only, which cosign 3 ignores "
		"as soon "
		"as there is a bundle");
	return error_remedy(err, "sign the image in both layouts first: alnage sign");
}

static int check_statement(struct slice bytes, const struct digest *image,
	char **ret_type, struct error *err)
{
	cleanup_statement struct statement *statement = NULL;
	char digest[DIGEST_TEXT_MAX];
	char *type;

	if (statement_parse(bytes, &statement, err) < 0)
		return err->class;
	if (!statement_is_about(statement, image))
		return error_set(err, ERR_INPUT, "the statement is not about %s",
			digest_format(image, digest));
	if (strcmp(statement->predicate_type, PREDICATE_SIGN) == 0)
		return error_set(
			err, ERR_INPUT, "a signature is not attached as an attestation");
	type = strdup(statement->predicate_type);
	if (!type)
		return error_set_memory(err);
	*ret_type = type;
	return 0;
}

static bool has_own_bundle_of(const struct claims *claims, const struct digest *payload)
{
	for (size_t i = 0; i < claims->count; i++)
		if (claims->items[i].kind == CLAIM_BUNDLE &&
			claim_holds(&claims->items[i]) &&
			digest_equal(&claims->items[i].payload, payload))
			return true;
	return false;
}

static int add_attestation_layer(struct attaching *attaching,
	const struct envelope *envelope, const char *predicate_type, struct error *err)
{
	/* in the order of their names, as they will be read */
	const struct annotation annotations[] = {
		{SIMPLE_ANNOTATION, ""}, {PREDICATE_TYPE_ANNOTATION, predicate_type}};
	struct attach_layer layer = {.repository = attaching->repository,
		.key = attaching->key,
		.image = &attaching->image->digest,
		.suffix = ".att",
		.predicate_type = predicate_type,
		.descriptor = {.media_type = DSSE_MEDIA_TYPE,
			.annotations = annotations,
			.annotation_count = ARRAY_LEN(annotations)}};
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	if (digest_of(DIGEST_SHA256, envelope->payload, &layer.payload, err) < 0 ||
		envelope_write(envelope, &bytes, err) < 0 ||
		repository_put_blob(attaching->repository, buffer_slice(&bytes),
			&layer.descriptor, err) < 0)
		return err->class;
	return attach_layer_add(&layer, err);
}

static int attach_signed(struct attaching *attaching, struct slice statement,
	const char *predicate_type, struct error *err)
{
	cleanup_envelope struct envelope *envelope = NULL;
	struct digest payload;

	if (prepare(attaching, err) < 0 ||
		check_signed_as_bundle(&attaching->claims, err) < 0 ||
		digest_of(DIGEST_SHA256, statement, &payload, err) < 0 ||
		sign_envelope(PAYLOAD_IN_TOTO, statement, attaching->secret, &envelope,
			err) < 0 ||
		add_attestation_layer(attaching, envelope, predicate_type, err) < 0)
		return err->class;
	if (has_own_bundle_of(&attaching->claims, &payload))
		return 0;
	return put_bundle(attaching, envelope, predicate_type, err);
}

int attach_statement(struct repository *repository, const struct descriptor *image,
	struct slice statement, const struct secret *secret,
	const struct attach_options *options, struct error *err)
{
	CLEANUP(attaching_done)
	struct attaching attaching = {.repository = repository,
		.image = image,
		.secret = secret,
		.options = options};
	cleanup_mem char *type = NULL;

	if (statement.len > LIMIT_ENVELOPE_BYTES / 2)
		return error_set(err, ERR_INPUT, "the statement has more than %zu bytes",
			(size_t)LIMIT_ENVELOPE_BYTES / 2);
	if (check_statement(statement, &image->digest, &type, err) < 0 ||
		attach_signed(&attaching, statement, type, err) < 0)
		return error_wrap(err, "attaching a statement");
	return 0;
}
