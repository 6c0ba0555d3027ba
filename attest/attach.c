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

/* Nothing unless time stamps are wanted. */
static int stamp(const struct attaching *attaching, struct slice bytes,
	struct buffer *ret_response, struct error *err)
{
	struct stamper *stamper = attaching->options->stamper;

	return stamper ? stamper_stamp(stamper, bytes, ret_response, err) : 0;
}

static int put_bundle_blob(struct attaching *attaching, const struct envelope *envelope,
	struct descriptor *ret_layer, struct error *err)
{
	const struct own_certificate *certificate = attaching->options->certificate;
	cleanup_buffer struct buffer bundle = BUFFER_INIT, response = BUFFER_INIT;
	struct descriptor layer = {.media_type = BUNDLE_MEDIA_TYPE};
	struct bundle_material material = {.key = attaching->key,
		.certificate = certificate ? certificate->der : SLICE_EMPTY};

	if (stamp(attaching, envelope->signatures[0].signature, &response, err) < 0)
		return err->class;
	material.timestamp = buffer_slice(&response);
	if (bundle_write_with(envelope, &material, &bundle, err) < 0 ||
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

/* By this key, with all that is to go with it. */
static bool is_own_bundle(const struct attaching *attaching, const struct claim *claim)
{
	const struct attach_options *options = attaching->options;

	return claim->kind == CLAIM_BUNDLE && claim_holds(claim) &&
	       (!options->stamper || claim->with_timestamp) &&
	       (!options->certificate || claim->with_certificate);
}

static bool has_own_signature_bundle(const struct attaching *attaching)
{
	const struct claims *claims = &attaching->claims;

	for (size_t i = 0; i < claims->count; i++)
		if (is_own_bundle(attaching, &claims->items[i]) &&
			claim_is_signature(&claims->items[i]))
			return true;
	return false;
}

static int signature_statement(
	const struct digest *image, struct buffer *out, struct error *err)
{
	return statement_write("", image, PREDICATE_SIGN, json_object(), out, err);
}

static int signature_payload(const struct digest *image,
	const struct attach_options *options, struct buffer *out, struct error *err)
{
	struct simple_payload payload = {
		.docker_reference = options->docker_reference, .manifest = *image};

	return simple_write(&payload, out, err);
}

static int add_signature_bundle(struct attaching *attaching, struct error *err)
{
	cleanup_buffer struct buffer statement = BUFFER_INIT;
	cleanup_envelope struct envelope *envelope = NULL;

	if (has_own_signature_bundle(attaching))
		return 0;
	if (signature_statement(&attaching->image->digest, &statement, err) < 0 ||
		sign_envelope(PAYLOAD_IN_TOTO, buffer_slice(&statement),
			attaching->secret, &envelope, err) < 0)
		return err->class;
	return put_bundle(attaching, envelope, PREDICATE_SIGN, err);
}

/* What cosign's layers tell beside the signature: {"SignedRFC3161Timestamp":"…"}. */
static int write_timestamp(const struct attaching *attaching, struct slice bytes,
	struct buffer *json, struct error *err)
{
	cleanup_buffer struct buffer response = BUFFER_INIT;

	if (stamp(attaching, bytes, &response, err) < 0)
		return err->class;
	if (response.len == 0)
		return 0;
	if (buffer_add_str(json, "{\"SignedRFC3161Timestamp\":\"", err) < 0 ||
		base64_encode(buffer_slice(&response), json, err) < 0)
		return err->class;
	return buffer_add_str(json, "\"}", err);
}

/* In the order of their names, as they will be read; empty ones are left out. */
struct signature_annotations {
	struct annotation items[5];
	size_t count;
};

static void annotate(
	struct signature_annotations *annotations, const char *name, const char *value)
{
	if (value && value[0] != '\0')
		annotations->items[annotations->count++] =
			(struct annotation){name, value};
}

static int put_signature_layer(struct attaching *attaching, struct attach_layer *layer,
	struct slice payload, struct slice signature, struct error *err)
{
	const struct own_certificate *certificate = attaching->options->certificate;
	cleanup_buffer struct buffer text = BUFFER_INIT, timestamp = BUFFER_INIT;
	struct signature_annotations annotations = {.count = 0};

	if (base64_encode(signature, &text, err) < 0 ||
		write_timestamp(attaching, signature, &timestamp, err) < 0 ||
		repository_put_blob(
			attaching->repository, payload, &layer->descriptor, err) < 0)
		return err->class;
	annotate(&annotations, SIMPLE_ANNOTATION, buffer_str(&text));
	annotate(&annotations, CERTIFICATE_ANNOTATION,
		certificate ? certificate->pem : NULL);
	annotate(&annotations, CHAIN_ANNOTATION,
		certificate ? certificate->issuers_pem : NULL);
	annotate(&annotations, TIMESTAMP_ANNOTATION, buffer_str(&timestamp));
	layer->descriptor.annotations = annotations.items;
	layer->descriptor.annotation_count = annotations.count;
	return attach_layer_add(layer, err);
}

static int add_signature_layer(struct attaching *attaching, struct error *err)
{
	cleanup_buffer struct buffer payload = BUFFER_INIT, signature = BUFFER_INIT;
	struct attach_layer layer = {.repository = attaching->repository,
		.key = attaching->key,
		.image = &attaching->image->digest,
		.suffix = ".sig",
		.descriptor = {.media_type = SIMPLE_MEDIA_TYPE}};

	if (signature_payload(
		    &attaching->image->digest, attaching->options, &payload, err) < 0 ||
		secret_sign(attaching->secret, buffer_slice(&payload), &signature, err) <
			0)
		return err->class;
	return put_signature_layer(
		attaching, &layer, buffer_slice(&payload), buffer_slice(&signature), err);
}

static int sign_one(void *context, const struct descriptor *image, struct error *err)
{
	const struct attaching *all = context;
	CLEANUP(attaching_done)
	struct attaching attaching = {.repository = all->repository,
		.image = image,
		.secret = all->secret,
		.options = all->options};

	if (prepare(&attaching, err) < 0 || add_signature_layer(&attaching, err) < 0)
		return err->class;
	return add_signature_bundle(&attaching, err);
}

/* The image, or every image of an index and then the index. */
typedef int for_one(void *context, const struct descriptor *image, struct error *err);

static int for_each(struct repository *repository, const struct descriptor *image,
	const struct attach_options *options, for_one *one, void *context,
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
			one(context, child, err) < 0)
			return error_wrap(err, "signing");
	}
	if (one(context, image, err) < 0)
		return error_wrap(err, "signing");
	return 0;
}

int attach_signature(struct repository *repository, const struct descriptor *image,
	const struct secret *secret, const struct attach_options *options,
	struct error *err)
{
	struct attaching each = {
		.repository = repository, .secret = secret, .options = options};

	return for_each(repository, image, options, sign_one, &each, err);
}

struct payloads {
	const struct attach_options *options;
	attach_payload *payload;
	void *context;
};

/* The pre-authentication encoding of a statement. */
static int give_statement(const struct payloads *payloads, const char *what,
	struct slice statement, struct error *err)
{
	cleanup_buffer struct buffer pae = BUFFER_INIT;

	if (envelope_pae(PAYLOAD_IN_TOTO, statement, &pae, err) < 0)
		return err->class;
	return payloads->payload(payloads->context, what, buffer_slice(&pae), err);
}

static int give_signature_payloads(
	void *context, const struct descriptor *image, struct error *err)
{
	const struct payloads *payloads = context;
	cleanup_buffer struct buffer simple = BUFFER_INIT, statement = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX], what[DIGEST_TEXT_MAX + 32];

	(void)snprintf(what, sizeof(what), "signature of %s",
		digest_format(&image->digest, digest)); /* fits */
	if (signature_payload(&image->digest, payloads->options, &simple, err) < 0 ||
		payloads->payload(payloads->context, what, buffer_slice(&simple), err) <
			0 ||
		signature_statement(&image->digest, &statement, err) < 0)
		return err->class;
	(void)snprintf(what, sizeof(what), "bundle of %s", digest); /* fits */
	return give_statement(payloads, what, buffer_slice(&statement), err);
}

int attach_signature_payloads(struct repository *repository,
	const struct descriptor *image, const struct attach_options *options,
	attach_payload *payload, void *context, struct error *err)
{
	struct payloads payloads = {options, payload, context};

	return for_each(
		repository, image, options, give_signature_payloads, &payloads, err);
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

static bool has_own_bundle_of(
	const struct attaching *attaching, const struct digest *payload)
{
	const struct claims *claims = &attaching->claims;

	for (size_t i = 0; i < claims->count; i++)
		if (is_own_bundle(attaching, &claims->items[i]) &&
			digest_equal(&claims->items[i].payload, payload))
			return true;
	return false;
}

static int add_attestation_layer(struct attaching *attaching,
	const struct envelope *envelope, const char *predicate_type, struct error *err)
{
	const struct own_certificate *certificate = attaching->options->certificate;
	/* here, as an exception, cosign wants an empty one */
	struct signature_annotations annotations = {
		.items = {{SIMPLE_ANNOTATION, ""}}, .count = 1};
	struct attach_layer layer = {.repository = attaching->repository,
		.key = attaching->key,
		.image = &attaching->image->digest,
		.suffix = ".att",
		.predicate_type = predicate_type,
		.descriptor = {.media_type = DSSE_MEDIA_TYPE}};
	cleanup_buffer struct buffer bytes = BUFFER_INIT, timestamp = BUFFER_INIT;

	if (digest_of(DIGEST_SHA256, envelope->payload, &layer.payload, err) < 0 ||
		envelope_write(envelope, &bytes, err) < 0 ||
		repository_put_blob(attaching->repository, buffer_slice(&bytes),
			&layer.descriptor, err) < 0)
		return err->class;
	/* over all of the envelope, which is made just now: no file can be for that */
	if (attaching->options->stamper &&
		stamper_is_online(attaching->options->stamper) &&
		write_timestamp(attaching, buffer_slice(&bytes), &timestamp, err) < 0)
		return err->class;
	annotate(&annotations, CERTIFICATE_ANNOTATION,
		certificate ? certificate->pem : NULL);
	annotate(&annotations, CHAIN_ANNOTATION,
		certificate ? certificate->issuers_pem : NULL);
	annotate(&annotations, TIMESTAMP_ANNOTATION, buffer_str(&timestamp));
	annotate(&annotations, PREDICATE_TYPE_ANNOTATION, predicate_type);
	layer.descriptor.annotations = annotations.items;
	layer.descriptor.annotation_count = annotations.count;
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
	if (has_own_bundle_of(attaching, &payload))
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

int attach_statement_payload(const struct descriptor *image, struct slice statement,
	attach_payload *payload, void *context, struct error *err)
{
	struct payloads payloads = {NULL, payload, context};
	cleanup_mem char *type = NULL;
	char what[256];

	if (check_statement(statement, &image->digest, &type, err) < 0)
		return err->class;
	(void)snprintf(
		what, sizeof(what), "statement %.200s", type); /* cut: for people */
	return give_statement(&payloads, what, statement, err);
}
