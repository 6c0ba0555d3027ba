/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "oci/descriptor_private.h"
#include "oci/manifest.h"

#define INDEX_ITEMS_MAX 20000

void manifest_free(struct manifest **manifest)
{
	struct arena *arena;

	if (!*manifest)
		return;
	arena = (*manifest)->arena; /* which holds the manifest itself */
	*manifest = NULL;
	arena_free(&arena);
}

/* "application/json; charset=utf-8" → "application/json" */
static struct slice without_parameters(struct slice type)
{
	struct slice bare = SLICE_EMPTY;

	(void)slice_cut(&type, ';', &bare); /* false: empty, and stays so */
	return slice_trim(bare);
}

static bool type_is_known(struct slice type, bool *ret_is_index, bool *ret_is_docker)
{
	static const struct {
		const char *name;
		bool is_index, is_docker;
	} types[] = {
		{OCI_MANIFEST, false, false},
		{OCI_INDEX, true, false},
		{DOCKER_MANIFEST, false, true},
		{DOCKER_LIST, true, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (!slice_equal_str(type, types[i].name))
			continue;
		*ret_is_index = types[i].is_index;
		*ret_is_docker = types[i].is_docker;
		return true;
	}
	return false;
}

/* What kind of document it is: by its type if it has one, by its members otherwise. */
static int decide_kind(const json_t *json, const char *said, struct manifest *manifest,
	struct error *err)
{
	struct slice given = without_parameters(slice_str(said));

	if (manifest->media_type && given.len != 0 &&
		!slice_equal_str(given, manifest->media_type))
		return error_set(err, ERR_INPUT,
			"manifest: it says it is %s, but was announced as %.*s",
			manifest->media_type, SLICE_ARG(slice_sub(given, 0, 80)));
	if (!manifest->media_type && given.len != 0) {
		manifest->media_type = arena_strndup(manifest->arena, given);
		if (!manifest->media_type)
			return error_set_memory(err);
	}
	if (!manifest->media_type) {
		manifest->is_index = json_object_get(json, "manifests") != NULL;
		manifest->media_type = manifest->is_index ? OCI_INDEX : OCI_MANIFEST;
	} else if (!type_is_known(slice_str(manifest->media_type), &manifest->is_index,
			   &manifest->is_docker)) {
		return error_set(err, ERR_INPUT,
			"manifest: %s is neither an image manifest nor an index",
			manifest->media_type);
	}
	return 0;
}

/* image-spec v1.1, manifest.md, "Image Manifest Property Descriptions"; CVE-2021-41190.
 */
static int refuse_ambiguity(
	const json_t *json, const struct manifest *manifest, struct error *err)
{
	static const char *const of_index[] = {"manifests", NULL};
	static const char *const of_image[] = {"layers", "config", "fsLayers", NULL};
	const char *const *foreign = manifest->is_index ? of_image : of_index;

	for (size_t i = 0; foreign[i]; i++)
		if (json_object_get(json, foreign[i]))
			return error_set(err, ERR_INPUT,
				"manifest: an %s must not have \"%s\"",
				manifest->is_index ? "index" : "image manifest",
				foreign[i]);
	return 0;
}

static int read_items(const json_t *json, struct manifest *manifest, struct error *err)
{
	const char *member = manifest->is_index ? "manifests" : "layers";
	struct json_t *array;
	char where[48];

	if (json_get_array(json, member, "manifest",
		    manifest->is_index ? INDEX_ITEMS_MAX : LIMIT_LAYERS, &array, err) < 0)
		return err->class;
	manifest->items = arena_array(
		manifest->arena, json_array_size(array), sizeof(*manifest->items));
	if (!manifest->items)
		return error_set_memory(err);
	for (size_t i = 0; i < json_array_size(array); i++) {
		(void)snprintf(where, sizeof(where), "manifest.%s[%zu]", member,
			i); /* fits: 18 + 20 + 1 */
		if (descriptor_from_json(json_array_get(array, i), where, manifest->arena,
			    &manifest->items[i], err) < 0)
			return err->class;
	}
	manifest->count = json_array_size(array);
	return 0;
}

static int read_members(const json_t *json, struct manifest *manifest, struct error *err)
{
	struct json_t *object = NULL;

	if (!manifest->is_index) {
		if (json_get_object(json, "config", "manifest", &object, err) < 0 ||
			descriptor_from_json(object, "manifest.config", manifest->arena,
				&manifest->config, err) < 0)
			return err->class;
	}
	if (read_items(json, manifest, err) < 0)
		return err->class;
	object = NULL;
	if (json_opt_object(json, "subject", "manifest", &object, err) < 0)
		return err->class;
	if (object) {
		if (descriptor_from_json(object, "manifest.subject", manifest->arena,
			    &manifest->subject, err) < 0)
			return err->class;
		manifest->has_subject = true;
	}
	if (json_copy_media_type(json, "artifactType", "manifest", manifest->arena,
		    &manifest->artifact_type, err) < 0 ||
		annotations_from_json(json, "annotations", "manifest", manifest->arena,
			&manifest->annotations, &manifest->annotation_count, err) < 0)
		return err->class;
	return 0;
}

static int read_document(const json_t *json, const char *said, struct manifest *manifest,
	struct error *err)
{
	static const char *const known[] = {"schemaVersion", "mediaType", "config",
		"layers", "manifests", "subject", "annotations", "artifactType",
		"fsLayers", NULL};
	uint64_t version;

	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "manifest: not an object");
	if (json_refuse_variants(json, known, "manifest", err) < 0)
		return err->class;
	if (json_get_u64(json, "schemaVersion", "manifest", &version, err) < 0)
		return err->class;
	if (version != 2)
		return error_set(err, ERR_INPUT,
			"manifest: schemaVersion is %llu, only 2 is known",
			(unsigned long long)version);
	if (json_copy_media_type(json, "mediaType", "manifest", manifest->arena,
		    &manifest->media_type, err) < 0)
		return err->class;
	if (decide_kind(json, said, manifest, err) < 0 ||
		refuse_ambiguity(json, manifest, err) < 0)
		return err->class;
	return read_members(json, manifest, err);
}

int manifest_parse(struct slice bytes, const char *media_type,
	struct manifest **ret_manifest, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_json struct json_t *json = NULL;
	struct manifest *manifest;

	if (bytes.len > LIMIT_MANIFEST_BYTES)
		return error_set(err, ERR_INPUT, "manifest: more than %zu bytes",
			LIMIT_MANIFEST_BYTES);
	if (arena_new(&arena, err) < 0)
		return err->class;
	manifest = arena_alloc(arena, sizeof(*manifest));
	if (!manifest)
		return error_set_memory(err);
	manifest->arena = arena;
	if (json_load_slice(bytes, "manifest", &json, err) < 0 ||
		read_document(json, media_type, manifest, err) < 0)
		return err->class;
	arena = NULL; /* the manifest's now */
	*ret_manifest = manifest;
	return 0;
}

static int add_descriptor(json_t *object, const char *key,
	const struct descriptor *descriptor, struct error *err)
{
	struct json_t *json;

	if (descriptor_to_json(descriptor, &json, err) < 0)
		return err->class;
	return key ? json_set(object, key, json, err) : json_push(object, json, err);
}

int manifest_write(const struct manifest *manifest, struct buffer *out, struct error *err)
{
	const char *type = manifest->media_type;
	cleanup_json struct json_t *json = json_object();
	json_t *items = json_array();

	if (!type)
		type = manifest->is_index ? OCI_INDEX : OCI_MANIFEST;
	if (!json) {
		json_decref(items);
		return error_set_memory(err);
	}
	if (json_set(json, manifest->is_index ? "manifests" : "layers", items, err) < 0)
		return err->class;
	if (json_set(json, "schemaVersion", json_integer(2), err) < 0 ||
		json_set_string(json, "mediaType", type, err) < 0 ||
		json_set_string(json, "artifactType", manifest->artifact_type, err) < 0)
		return err->class;
	if (!manifest->is_index &&
		add_descriptor(json, "config", &manifest->config, err) < 0)
		return err->class;
	for (size_t i = 0; i < manifest->count; i++)
		if (add_descriptor(items, NULL, &manifest->items[i], err) < 0)
			return err->class;
	if (manifest->has_subject &&
		add_descriptor(json, "subject", &manifest->subject, err) < 0)
		return err->class;
	if (annotations_to_json(json, "annotations", manifest->annotations,
		    manifest->annotation_count, err) < 0)
		return err->class;
	return json_dump(json, JSON_STYLE_COMPACT, out, err);
}
