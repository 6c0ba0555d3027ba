/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/claims_private.h"
#include "base/encode.h"
#include "base/limits.h"
#include "signing/simple.h"

struct collector {
	struct repository *repository;
	const struct digest *image;
	const struct signer *const *signers;
	size_t signer_count;
	const struct claims_wanted *wanted; /* NULL: all there is */
	bool keep_statements;
	struct claims *claims;
};

void claims_done(struct claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		statement_free(&claims->items[i].statement);
	arena_free(&claims->arena);
	*claims = (struct claims){0};
}

bool claim_is_signature(const struct claim *claim)
{
	return claim->kind == CLAIM_SIGNATURE_LAYER ||
	       (claim->kind == CLAIM_BUNDLE &&
		       strcmp(claim->predicate_type, PREDICATE_SIGN) == 0);
}

bool claim_holds(const struct claim *claim)
{
	return !claim->problem && claim->signer && claim->about;
}

bool claim_is_nearer(const struct claim *claim, const struct claim *other)
{
	return !other || (claim->refused_near && !other->refused_near);
}

void claims_tag(const struct digest *image, const char *suffix, char *out)
{
	char hex[DIGEST_TEXT_MAX];

	/* a SHA-512 loses its half, as in referrers tags */
	(void)snprintf(out, CLAIMS_TAG_MAX, "%s-%.64s%s",
		digest_algorithm_name(image->algorithm), digest_format_hex(image, hex),
		suffix); /* fits: 7 + 64 + 4 */
}

/* ---- what is still to be found ---- */

bool claims_have(const struct claims *claims, const char *type)
{
	for (size_t i = 0; i < claims->count; i++)
		if (claim_holds(&claims->items[i]) &&
			strcmp(claims->items[i].predicate_type, type) == 0)
			return true;
	return false;
}

static bool wants_signature(const struct collector *collector)
{
	if (!collector->wanted)
		return true;
	for (size_t i = 0; i < collector->claims->count; i++)
		if (claim_is_signature(&collector->claims->items[i]) &&
			claim_holds(&collector->claims->items[i]))
			return false;
	return collector->wanted->signature;
}

/* type NULL: any of them. */
static bool wants_attestation(const struct collector *collector, const char *type)
{
	const struct claims_wanted *wanted = collector->wanted;

	if (!wanted)
		return true;
	for (size_t i = 0; i < wanted->type_count; i++)
		if ((!type || strcmp(wanted->types[i], type) == 0) &&
			!claims_have(collector->claims, wanted->types[i]))
			return true;
	return false;
}

/* type: what is announced; NULL: nothing, so it has to be read. */
static bool wants(const struct collector *collector, const char *type)
{
	bool maybe_signature = !type || strcmp(type, PREDICATE_SIGN) == 0;

	return (maybe_signature && wants_signature(collector)) ||
	       wants_attestation(collector, type);
}

/* ---- claims ---- */

static struct claim *add_claim(
	struct collector *collector, enum claim_kind kind, const char *where)
{
	struct claims *claims = collector->claims;
	struct claim *claim = arena_append(claims->arena, &claims->items, &claims->count,
		&claims->capacity, sizeof(*claim));

	if (!claim)
		return NULL;
	claim->kind = kind;
	claim->predicate_type = "";
	claim->where = arena_strdup(claims->arena, where);
	return claim->where ? claim : NULL;
}

/* Broken content is the claim's problem; all other failures are the caller's. */
static int content_or_error(struct collector *collector, struct claim *claim,
	const struct error *failure, struct error *err)
{
	char text[512];

	if (failure->class != ERR_INPUT && failure->class != ERR_REFUSED) {
		*err = *failure;
		return err->class;
	}
	error_format(failure, text, sizeof(text));
	claim->problem = arena_strdup(collector->claims->arena, text);
	return claim->problem ? 0 : error_set_memory(err);
}

static int problem_at(struct collector *collector, enum claim_kind kind,
	const char *where, const struct error *failure, struct error *err)
{
	struct claim *claim = add_claim(collector, kind, where);

	if (!claim)
		return error_set_memory(err);
	return content_or_error(collector, claim, failure, err);
}

/* ---- simple signing ---- */

static int find_signers(struct collector *collector, struct claim *claim,
	const struct signed_thing *thing, struct error *err)
{
	return claim_find_signers(collector->claims, claim, thing, collector->signers,
		collector->signer_count, err);
}

static struct layer_annotations annotations_of(const struct descriptor *layer)
{
	return (struct layer_annotations){
		.certificate = descriptor_annotation(layer, LAYER_CERTIFICATE),
		.rekor = descriptor_annotation(layer, LAYER_REKOR),
		.timestamp = descriptor_annotation(layer, LAYER_TIMESTAMP)};
}

static int read_signature_layer(struct collector *collector, struct claim *claim,
	const struct descriptor *layer, struct error *err)
{
	const char *text = descriptor_annotation(layer, SIMPLE_ANNOTATION);
	cleanup_buffer struct buffer payload = BUFFER_INIT, signature = BUFFER_INIT;
	struct simple_payload simple;

	if (!text)
		return error_set(err, ERR_INPUT, "the layer has no signature annotation");
	if (base64_decode_lenient(slice_str(text), &signature, err) < 0 ||
		repository_read_blob(collector->repository, layer, LIMIT_SIGNATURE_BYTES,
			&payload, err) < 0)
		return err->class;
	struct signed_thing thing = {.message = buffer_slice(&payload),
		.signature = buffer_slice(&signature),
		.annotations = annotations_of(layer)};
	if (find_signers(collector, claim, &thing, err) < 0 ||
		digest_of(DIGEST_SHA256, buffer_slice(&payload), &claim->payload, err) <
			0 ||
		simple_parse(buffer_slice(&payload), collector->claims->arena, &simple,
			err) < 0)
		return err->class;
	claim->about = digest_equal(&simple.manifest, collector->image);
	claim->reference =
		arena_strdup(collector->claims->arena, simple.docker_reference);
	return claim->reference ? 0 : error_set_memory(err);
}

/* ---- statements in envelopes ---- */

static int read_envelope(struct collector *collector, struct claim *claim,
	const struct signed_thing *thing, struct error *err)
{
	const struct envelope *envelope = thing->envelope;
	cleanup_statement struct statement *statement = NULL;

	if (strcmp(envelope->payload_type, PAYLOAD_IN_TOTO) != 0)
		return error_set(err, ERR_INPUT, "payload type \"%.64s\" is not \"%s\"",
			envelope->payload_type, PAYLOAD_IN_TOTO);
	if (find_signers(collector, claim, thing, err) < 0 ||
		digest_of(DIGEST_SHA256, envelope->payload, &claim->payload, err) < 0 ||
		statement_parse(envelope->payload, &statement, err) < 0)
		return err->class;
	claim->about = statement_is_about(statement, collector->image);
	claim->predicate_type =
		arena_strdup(collector->claims->arena, statement->predicate_type);
	if (!claim->predicate_type)
		return error_set_memory(err);
	if (collector->keep_statements && claim_holds(claim))
		claim->statement = take_ptr(statement);
	return 0;
}

static int read_attestation_layer(struct collector *collector, struct claim *claim,
	const struct descriptor *layer, struct error *err)
{
	const char *type = descriptor_annotation(layer, PREDICATE_TYPE_ANNOTATION);
	cleanup_envelope struct envelope *envelope = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	if (type) { /* what it says of itself, should it turn out to be unreadable */
		claim->predicate_type = arena_strdup(collector->claims->arena, type);
		if (!claim->predicate_type)
			return error_set_memory(err);
	}
	if (repository_read_blob(collector->repository, layer, LIMIT_ENVELOPE_BYTES,
		    &bytes, err) < 0 ||
		envelope_parse(buffer_slice(&bytes), &envelope, err) < 0)
		return err->class;
	struct signed_thing thing = {.envelope = envelope,
		.envelope_text = buffer_slice(&bytes),
		.annotations = annotations_of(layer)};
	return read_envelope(collector, claim, &thing, err);
}

/* ---- tags .sig and .att ---- */

static int collect_layer(struct collector *collector, enum claim_kind kind,
	const char *where, const struct descriptor *layer, struct error *err)
{
	struct error failure = ERROR_INIT;
	bool is_signature = kind == CLAIM_SIGNATURE_LAYER;
	struct claim *claim;

	if (strcmp(layer->media_type,
		    is_signature ? SIMPLE_MEDIA_TYPE : DSSE_MEDIA_TYPE) != 0)
		return 0;
	if (is_signature ? !wants_signature(collector)
			 : !wants_attestation(
				   collector, descriptor_annotation(layer,
						      PREDICATE_TYPE_ANNOTATION))) {
		collector->claims->passed_over += !is_signature;
		return 0;
	}
	claim = add_claim(collector, kind, where);
	if (!claim)
		return error_set_memory(err);
	claim->blob = layer->digest;
	if (is_signature)
		(void)read_signature_layer(collector, claim, layer, &failure);
	else
		(void)read_attestation_layer(collector, claim, layer, &failure);
	return error_is_set(&failure) ? content_or_error(collector, claim, &failure, err)
				      : 0;
}

/* An empty *ret_manifest: there is no such tag. */
static int load_tag(struct repository *repository, const char *tag,
	struct manifest **ret_manifest, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct descriptor descriptor;
	bool found = false;

	if (repository_resolve(repository, tag, &descriptor, &found, err) < 0)
		return err->class;
	if (!found)
		return 0;
	if (repository_read_manifest(repository, &descriptor, &bytes, err) < 0 ||
		manifest_parse(buffer_slice(&bytes), descriptor.media_type, ret_manifest,
			err) < 0)
		return err->class;
	if ((*ret_manifest)->is_index) {
		manifest_free(ret_manifest);
		return error_set(err, ERR_INPUT, "tag %s is an index", tag);
	}
	return 0;
}

static int collect_tag(struct collector *collector, enum claim_kind kind,
	const char *suffix, struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	struct error failure = ERROR_INIT;
	char tag[CLAIMS_TAG_MAX], where[CLAIMS_TAG_MAX + 48];

	if (kind == CLAIM_SIGNATURE_LAYER ? !wants_signature(collector)
					  : !wants_attestation(collector, NULL))
		return 0;
	claims_tag(collector->image, suffix, tag);
	if (load_tag(collector->repository, tag, &manifest, &failure) < 0)
		return problem_at(collector, kind, tag, &failure, err);
	for (size_t i = 0; manifest && i < manifest->count; i++) {
		(void)snprintf(
			where, sizeof(where), "tag %s, layer %zu", tag, i); /* fits */
		if (collect_layer(collector, kind, where, &manifest->items[i], err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- bundles ---- */

/* False: something else that refers to the image, which is none of our business. */
static bool is_bundle(const struct manifest *manifest)
{
	return !manifest->is_index && manifest->count == 1 &&
	       slice_starts_with(slice_str(manifest->items[0].media_type),
		       SLICE(BUNDLE_MEDIA_TYPE_PREFIX));
}

/* Certificates and trust stores of its own kind (Notary Project, signature
 * specification). */
static bool is_notation(const struct manifest *manifest)
{
	return !manifest->is_index &&
	       strcmp(manifest->config.media_type,
		       "application/vnd.cncf.notary.signature") == 0;
}

static int read_bundle(struct collector *collector, struct claim *claim,
	const struct descriptor *layer, struct error *err)
{
	cleanup_bundle struct bundle *bundle = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	if (repository_read_blob(collector->repository, layer, LIMIT_ENVELOPE_BYTES,
		    &bytes, err) < 0 ||
		bundle_parse(buffer_slice(&bytes), &bundle, err) < 0)
		return err->class;
	if (!bundle->envelope)
		return error_set(err, ERR_INPUT,
			"the bundle holds a message signature, no DSSE envelope");
	struct signed_thing thing = {.bundle = bundle, .envelope = bundle->envelope};
	claim->with_timestamp = bundle->timestamp_count > 0;
	return read_envelope(collector, claim, &thing, err);
}

static int load_referrer(struct collector *collector, const struct descriptor *descriptor,
	struct manifest **ret_manifest, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	if (repository_read_manifest(collector->repository, descriptor, &bytes, err) < 0)
		return err->class;
	return manifest_parse(
		buffer_slice(&bytes), descriptor->media_type, ret_manifest, err);
}

static int collect_referrer(struct collector *collector,
	const struct descriptor *descriptor, struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	struct error failure = ERROR_INIT;
	char where[DIGEST_TEXT_MAX + 16], digest[DIGEST_TEXT_MAX];
	struct claim *claim;

	(void)snprintf(where, sizeof(where), "bundle %s",
		digest_format(&descriptor->digest, digest)); /* fits */
	if (!descriptor_is_manifest(descriptor))
		return 0;
	if (load_referrer(collector, descriptor, &manifest, &failure) < 0)
		return problem_at(collector, CLAIM_BUNDLE, where, &failure, err);
	if (!is_bundle(manifest)) {
		collector->claims->notation_count += is_notation(manifest);
		return 0;
	}
	claim = add_claim(collector, CLAIM_BUNDLE, where);
	if (!claim)
		return error_set_memory(err);
	claim->blob = manifest->items[0].digest;
	if (read_bundle(collector, claim, &manifest->items[0], &failure) < 0)
		return content_or_error(collector, claim, &failure, err);
	return 0;
}

/* Is it announced as something that nobody wants? */
static bool is_passed_over(
	struct collector *collector, const struct descriptor *descriptor)
{
	const char *type = descriptor_annotation(descriptor, BUNDLE_TYPE_ANNOTATION);

	if (wants(collector, type))
		return false;
	collector->claims->passed_over += type && strcmp(type, PREDICATE_SIGN) != 0;
	return true;
}

/* read: those that were looked at before. */
static int collect_listed(struct collector *collector, enum referrers_source source,
	struct descriptor_list *read, struct error *err)
{
	struct arena *arena = collector->claims->arena;
	struct error failure = ERROR_INIT;
	struct descriptor_list list = {0};

	if (repository_referrers_of(collector->repository, source, collector->image,
		    arena, &list, &failure) < 0)
		return problem_at(collector, CLAIM_BUNDLE, "referrers", &failure, err);
	for (size_t i = 0; i < list.count; i++) {
		const struct descriptor *item = &list.items[i];

		if (descriptor_list_find(read, &item->digest) ||
			is_passed_over(collector, item))
			continue;
		if (read->count == LIMIT_REFERRERS) {
			(void)error_set(&failure, ERR_INPUT, "more than %d of them",
				LIMIT_REFERRERS);
			return problem_at(
				collector, CLAIM_BUNDLE, "referrers", &failure, err);
		}
		if (collect_referrer(collector, item, err) < 0 ||
			descriptor_list_add(arena, read, item, err) < 0)
			return err->class;
	}
	return 0;
}

static int collect_referrers(struct collector *collector, struct error *err)
{
	struct descriptor_list read = {0};

	if (wants(collector, NULL) &&
		collect_listed(collector, REFERRERS_LISTED, &read, err) < 0)
		return err->class;
	if (wants(collector, NULL) &&
		collect_listed(collector, REFERRERS_FALLBACK, &read, err) < 0)
		return err->class;
	return 0;
}

static int collect(
	struct collector *collector, struct claims *ret_claims, struct error *err)
{
	cleanup_claims struct claims claims = {0};

	collector->claims = &claims;
	if (arena_new(&claims.arena, err) < 0 ||
		collect_tag(collector, CLAIM_SIGNATURE_LAYER, ".sig", err) < 0 ||
		collect_tag(collector, CLAIM_ATTESTATION_LAYER, ".att", err) < 0 ||
		collect_referrers(collector, err) < 0)
		return err->class;
	*ret_claims = claims;
	claims = (struct claims){0};
	return 0;
}

int claims_collect(struct repository *repository, const struct digest *image,
	const struct signer *const *signers, size_t signer_count,
	struct claims *ret_claims, struct error *err)
{
	struct collector collector = {.repository = repository,
		.image = image,
		.signers = signers,
		.signer_count = signer_count};

	return collect(&collector, ret_claims, err);
}

int claims_find(struct repository *repository, const struct digest *image,
	const struct signer *const *signers, size_t signer_count,
	const struct claims_wanted *wanted, struct claims *ret_claims, struct error *err)
{
	struct collector collector = {.repository = repository,
		.image = image,
		.signers = signers,
		.signer_count = signer_count,
		.wanted = wanted};

	return collect(&collector, ret_claims, err);
}

int claims_collect_statements(struct repository *repository, const struct digest *image,
	const struct signer *const *signers, size_t signer_count,
	struct claims *ret_claims, struct error *err)
{
	struct collector collector = {.repository = repository,
		.image = image,
		.signers = signers,
		.signer_count = signer_count,
		.keep_statements = true};

	return collect(&collector, ret_claims, err);
}
