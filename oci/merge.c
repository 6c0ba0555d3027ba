/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "oci/copy_private.h"
#include "oci/manifest.h"

#define SIGNATURE "dev.cosignproject.cosign/signature"

struct merge {
	struct repository *to;
	struct slice bytes;
	const struct manifest *ours;
};

/* One payload may be signed twice: the layers then differ in the annotation only. */
static bool is_same_layer(const struct descriptor *a, const struct descriptor *b)
{
	const char *left = descriptor_annotation(a, SIGNATURE);
	const char *right = descriptor_annotation(b, SIGNATURE);

	return digest_equal(&a->digest, &b->digest) &&
	       strcmp(left ? left : "", right ? right : "") == 0;
}

static bool has_layer(const struct manifest *manifest, const struct descriptor *layer)
{
	for (size_t i = 0; i < manifest->count; i++)
		if (is_same_layer(&manifest->items[i], layer))
			return true;
	return false;
}

static bool has_all(const struct manifest *manifest, const struct manifest *of)
{
	for (size_t i = 0; i < of->count; i++)
		if (!has_layer(manifest, &of->items[i]))
			return false;
	return true;
}

/* As skopeo writes it: diff_ids in the order of the layers. */
static int put_config(struct repository *to, struct manifest *manifest, struct error *err)
{
	cleanup_json struct json_t *json = json_object();
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	json_t *rootfs = json_object(), *ids;
	char text[DIGEST_TEXT_MAX];

	if (!json) {
		json_decref(rootfs);
		return error_set_memory(err);
	}
	if (json_set(json, "rootfs", rootfs, err) < 0 ||
		json_set(json, "architecture", json_string(""), err) < 0 ||
		json_set(json, "os", json_string(""), err) < 0 ||
		json_set(json, "config", json_object(), err) < 0 ||
		json_set(rootfs, "type", json_string("layers"), err) < 0)
		return err->class;
	ids = json_array();
	if (json_set(rootfs, "diff_ids", ids, err) < 0)
		return err->class;
	for (size_t i = 0; i < manifest->count; i++)
		if (json_push(ids,
			    json_string(digest_format(&manifest->items[i].digest, text)),
			    err) < 0)
			return err->class;
	manifest->config = (struct descriptor){.media_type = OCI_CONFIG};
	if (json_dump(json, JSON_STYLE_COMPACT, &bytes, err) < 0)
		return err->class;
	return repository_put_blob(to, buffer_slice(&bytes), &manifest->config, err);
}

static int join(struct repository *to, const struct manifest *ours,
	struct manifest *theirs, struct buffer *out, struct error *err)
{
	size_t capacity = theirs->count;

	for (size_t i = 0; i < ours->count; i++) {
		struct descriptor *layer;

		if (has_layer(theirs, &ours->items[i]))
			continue;
		layer = arena_append(theirs->arena, &theirs->items, &theirs->count,
			&capacity, sizeof(*layer));
		if (!layer)
			return error_set_memory(err);
		*layer = ours->items[i];
	}
	if (theirs->count > LIMIT_LAYERS)
		return error_set(err, ERR_INPUT, "more than %d signatures", LIMIT_LAYERS);
	if (put_config(to, theirs, err) < 0)
		return err->class;
	return manifest_write(theirs, out, err);
}

int merge_unite(struct repository *to, struct slice bytes, const struct manifest *ours,
	struct slice present, struct buffer *changed, struct error *err)
{
	cleanup_manifest struct manifest *theirs = NULL;

	if (present.len == 0)
		return buffer_add_slice(changed, bytes, err);
	if (manifest_parse(present, NULL, &theirs, err) < 0)
		return err->class;
	if (theirs->is_index || ours->is_index)
		return error_set(
			err, ERR_INPUT, "an index where signatures are expected");
	if (has_all(theirs, ours))
		return 0;
	if (has_all(ours, theirs))
		return buffer_add_slice(changed, bytes, err);
	return join(to, ours, theirs, changed, err);
}

static int change(
	void *context, struct slice present, struct buffer *changed, struct error *err)
{
	const struct merge *merge = context;

	return merge_unite(merge->to, merge->bytes, merge->ours, present, changed, err);
}

static bool is_joinable(struct slice tag)
{
	return slice_ends_with(tag, SLICE(".sig")) || slice_ends_with(tag, SLICE(".att"));
}

int merge_signatures(struct repository *to, const char *tag, struct slice bytes,
	const char *media_type, struct error *err)
{
	cleanup_manifest struct manifest *ours = NULL;
	struct merge merge = {.to = to, .bytes = bytes};
	struct descriptor ignored;

	if (!is_joinable(slice_str(tag)))
		return repository_put_manifest(to, bytes, media_type, tag, &ignored, err);
	if (manifest_parse(bytes, media_type, &ours, err) < 0)
		return error_wrap(err, "%s", tag);
	merge.ours = ours;
	return repository_update_manifest(
		to, tag, media_type, change, &merge, &ignored, err);
}
