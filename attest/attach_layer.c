/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/attach_layer.h"
#include "attest/claims.h"
#include "attest/document_private.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/limits.h"
#include "signing/envelope.h"
#include "signing/simple.h"

/* ---- what is there ---- */

enum fate { LAYER_KEPT, LAYER_REPLACED, LAYER_SAYS_THE_SAME };

/* Broken layers of others are none of our business: they stay. */
static int forget_content(struct error *failure, struct error *err)
{
	if (failure->class == ERR_INPUT || failure->class == ERR_REFUSED)
		return 0;
	*err = *failure;
	return err->class;
}

/* Does it bring a time stamp and a certificate, if the new one does? */
static bool vouched_as_well(
	const struct attach_layer *layer, const struct descriptor *present)
{
	static const char *const names[] = {
		CERTIFICATE_ANNOTATION, CHAIN_ANNOTATION, TIMESTAMP_ANNOTATION};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (descriptor_annotation(&layer->descriptor, names[i]) &&
			!descriptor_annotation(present, names[i]))
			return false;
	return true;
}

static int judge_signature(const struct attach_layer *layer,
	const struct descriptor *present, enum fate *ret_fate, struct error *err)
{
	const char *text = descriptor_annotation(present, SIMPLE_ANNOTATION);
	cleanup_buffer struct buffer payload = BUFFER_INIT, signature = BUFFER_INIT;

	if (!text || !digest_equal(&present->digest, &layer->descriptor.digest))
		return 0;
	if (base64_decode_lenient(slice_str(text), &signature, err) < 0 ||
		repository_read_blob(layer->repository, present, LIMIT_SIGNATURE_BYTES,
			&payload, err) < 0 ||
		key_verify(layer->key, buffer_slice(&payload), buffer_slice(&signature),
			err) < 0)
		return err->class;
	*ret_fate =
		vouched_as_well(layer, present) ? LAYER_SAYS_THE_SAME : LAYER_REPLACED;
	return 0;
}

static int judge_attestation(const struct attach_layer *layer,
	const struct descriptor *present, enum fate *ret_fate, struct error *err)
{
	const char *type = descriptor_annotation(present, PREDICATE_TYPE_ANNOTATION);
	cleanup_envelope struct envelope *envelope = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct digest payload;

	if (!type || strcmp(type, layer->predicate_type) != 0)
		return 0;
	if (repository_read_blob(
		    layer->repository, present, LIMIT_ENVELOPE_BYTES, &bytes, err) < 0 ||
		envelope_parse(buffer_slice(&bytes), &envelope, err) < 0 ||
		envelope_verify(envelope, layer->key, err) < 0 ||
		digest_of(DIGEST_SHA256, envelope->payload, &payload, err) < 0)
		return err->class;
	*ret_fate =
		digest_equal(&payload, &layer->payload) && vouched_as_well(layer, present)
			? LAYER_SAYS_THE_SAME
			: LAYER_REPLACED;
	return 0;
}

static int judge(const struct attach_layer *layer, const struct descriptor *present,
	enum fate *ret_fate, struct error *err)
{
	struct error failure = ERROR_INIT;
	int status;

	*ret_fate = LAYER_KEPT;
	if (strcmp(present->media_type, layer->descriptor.media_type) != 0)
		return 0;
	status = layer->predicate_type
			 ? judge_attestation(layer, present, ret_fate, &failure)
			 : judge_signature(layer, present, ret_fate, &failure);
	return status < 0 ? forget_content(&failure, err) : 0;
}

/* ---- the new manifest ---- */

/* As skopeo writes it; diff_ids run parallel to the layers. */
static int put_config(
	struct repository *repository, struct manifest *manifest, struct error *err)
{
	cleanup_json json_t *root = json_object();
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	json_t *config, *rootfs, *list;
	char digest[DIGEST_TEXT_MAX];

	if (json_set(root, "architecture", json_string(""), err) < 0 ||
		json_set(root, "os", json_string(""), err) < 0 ||
		document_object(root, "config", &config, err) < 0 ||
		document_object(root, "rootfs", &rootfs, err) < 0 ||
		document_text(rootfs, "type", "layers", err) < 0 ||
		document_array(rootfs, "diff_ids", &list, err) < 0)
		return err->class;
	for (size_t i = 0; i < manifest->count; i++)
		if (json_push(list,
			    json_string(
				    digest_format(&manifest->items[i].digest, digest)),
			    err) < 0)
			return err->class;
	if (json_dump(root, JSON_STYLE_COMPACT, &bytes, err) < 0)
		return err->class;
	manifest->config = (struct descriptor){.media_type = OCI_CONFIG};
	return repository_put_blob(
		repository, buffer_slice(&bytes), &manifest->config, err);
}

/* Leaves `changed` empty if the same is said already. */
static int rewrite(const struct attach_layer *layer, struct manifest *manifest,
	struct buffer *changed, struct error *err)
{
	cleanup_mem struct descriptor *items = NULL;
	enum fate fate = LAYER_KEPT;
	size_t count = 0;

	if (manifest->count >= LIMIT_LAYERS)
		return error_set(
			err, ERR_INPUT, "there are %zu layers already", manifest->count);
	items = calloc(manifest->count + 1, sizeof(*items));
	if (!items)
		return error_set_memory(err);
	for (size_t i = 0; i < manifest->count; i++) {
		if (judge(layer, &manifest->items[i], &fate, err) < 0)
			return err->class;
		if (fate == LAYER_SAYS_THE_SAME)
			return 0;
		if (fate == LAYER_KEPT)
			items[count++] = manifest->items[i];
	}
	items[count++] = layer->descriptor;
	manifest->items = items;
	manifest->count = count;
	if (put_config(layer->repository, manifest, err) < 0)
		return err->class;
	return manifest_write(manifest, changed, err);
}

static int change(
	void *context, struct slice present, struct buffer *changed, struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	struct manifest fresh = {.media_type = OCI_MANIFEST};

	if (present.len == 0)
		return rewrite(context, &fresh, changed, err);
	if (manifest_parse(present, NULL, &manifest, err) < 0)
		return err->class;
	if (manifest->is_index)
		return error_set(err, ERR_INPUT, "an index, where signatures should be");
	return rewrite(context, manifest, changed, err);
}

int attach_layer_add(struct attach_layer *layer, struct error *err)
{
	struct descriptor stored;
	char tag[CLAIMS_TAG_MAX];

	claims_tag(layer->image, layer->suffix, tag);
	if (repository_update_manifest(layer->repository, tag, OCI_MANIFEST, change,
		    layer, &stored, err) < 0)
		return error_wrap(err, "tag %s", tag);
	return 0;
}
