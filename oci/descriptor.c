/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "oci/descriptor_private.h"

#define MEDIA_TYPE_MAX  255
#define ANNOTATIONS_MAX 1000

bool descriptor_is_manifest(const struct descriptor *descriptor)
{
	return strcmp(descriptor->media_type, OCI_MANIFEST) == 0 ||
	       strcmp(descriptor->media_type, DOCKER_MANIFEST) == 0;
}

bool descriptor_is_index(const struct descriptor *descriptor)
{
	return strcmp(descriptor->media_type, OCI_INDEX) == 0 ||
	       strcmp(descriptor->media_type, DOCKER_LIST) == 0;
}

const char *annotation_find(
	const struct annotation *annotations, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(annotations[i].key, key) == 0)
			return annotations[i].value;
	return NULL;
}

const char *descriptor_annotation(const struct descriptor *descriptor, const char *key)
{
	return annotation_find(
		descriptor->annotations, descriptor->annotation_count, key);
}

/* RFC 6838, 4.2: restricted-name-chars. */
static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("!#$&-^_.+", c) != NULL);
}

static bool take_name(struct slice *s)
{
	size_t len = 0;

	while (len < s->len && is_name_char(s->data[len]))
		len++;
	*s = slice_sub(*s, len, s->len);
	return len != 0;
}

/* Parameters (";version=0.3") are not looked into: sigstore used such types before v0.3.
 */
bool media_type_is_valid(struct slice s)
{
	struct slice slash;

	if (s.len > MEDIA_TYPE_MAX || !take_name(&s))
		return false;
	if (!slice_take(&s, 1, &slash) || slash.data[0] != '/' || !take_name(&s))
		return false;
	return s.len == 0 ||
	       (s.data[0] == ';' && slice_is_printable(s) && slice_is_utf8(s));
}

/*
 * Go's JSON decoder takes "Layers" for "layers". A document that reads differently to
 * such a client than to us is refused, or it could carry one image for the signature
 * check and another to run (the same class as CVE-2021-41190).
 */
int json_refuse_variants(const struct json_t *object, const char *const *known,
	const char *where, struct error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		for (size_t i = 0; known[i]; i++)
			if (strcasecmp(key, known[i]) == 0 && strcmp(key, known[i]) != 0)
				return error_set(err, ERR_INPUT,
					"%s: \"%s\" differs from \"%s\" only in case",
					where, key, known[i]);
	}
	return 0;
}

int annotations_from_json(const struct json_t *object, const char *member,
	const char *where, struct arena *arena, const struct annotation **ret_annotations,
	size_t *ret_count, struct error *err)
{
	struct json_t *map = NULL;
	struct annotation *list;
	const char *key;
	json_t *value;
	size_t count = 0;

	if (json_opt_object(object, member, where, &map, err) < 0)
		return err->class;
	if (!map)
		return 0;
	if (json_object_size(map) > ANNOTATIONS_MAX)
		return error_set(err, ERR_INPUT, "%s.%s: more than %d entries", where,
			member, ANNOTATIONS_MAX);
	list = arena_array(arena, json_object_size(map), sizeof(*list));
	if (!list)
		return error_set_memory(err);
	json_object_foreach (map, key, value) {
		if (!json_is_string(value))
			return error_set(err, ERR_INPUT, "%s.%s: \"%s\" is not a text",
				where, member, key);
		list[count].key = arena_strdup(arena, key);
		list[count].value = arena_strdup(arena, json_string_value(value));
		if (!list[count].key || !list[count].value)
			return error_set_memory(err);
		count++;
	}
	*ret_annotations = list;
	*ret_count = count;
	return 0;
}

int json_copy_string(const struct json_t *object, const char *key, const char *where,
	struct arena *arena, const char **ret_text, struct error *err)
{
	const char *text = NULL;

	if (json_opt_string(object, key, where, &text, err) < 0)
		return err->class;
	if (!text)
		return 0;
	*ret_text = arena_strdup(arena, text);
	return *ret_text ? 0 : error_set_memory(err);
}

int json_copy_media_type(const struct json_t *object, const char *key, const char *where,
	struct arena *arena, const char **ret_type, struct error *err)
{
	const char *text = NULL;

	if (json_opt_string(object, key, where, &text, err) < 0)
		return err->class;
	if (!text)
		return 0;
	if (!media_type_is_valid(slice_str(text)))
		return error_set(err, ERR_INPUT, "%s.%s: \"%.*s\" is not a media type",
			where, key, SLICE_ARG(slice_sub(slice_str(text), 0, 80)));
	*ret_type = arena_strdup(arena, text);
	return *ret_type ? 0 : error_set_memory(err);
}

static int platform_from_json(const struct json_t *json, const char *where,
	struct arena *arena, struct platform *ret_platform, struct error *err)
{
	static const char *const known[] = {"os", "architecture", "variant", NULL};
	struct json_t *platform = NULL;

	if (json_opt_object(json, "platform", where, &platform, err) < 0)
		return err->class;
	if (!platform)
		return 0;
	if (json_refuse_variants(platform, known, where, err) < 0)
		return err->class;
	if (json_copy_string(platform, "os", where, arena, &ret_platform->os, err) < 0 ||
		json_copy_string(platform, "architecture", where, arena,
			&ret_platform->architecture, err) < 0 ||
		json_copy_string(platform, "variant", where, arena,
			&ret_platform->variant, err) < 0)
		return err->class;
	if (!ret_platform->os || !ret_platform->architecture)
		return error_set(err, ERR_INPUT,
			"%s.platform: os and architecture are required", where);
	return 0;
}

int descriptor_from_json(const struct json_t *json, const char *where,
	struct arena *arena, struct descriptor *ret_descriptor, struct error *err)
{
	static const char *const known[] = {"mediaType", "digest", "size", "artifactType",
		"annotations", "platform", "data", "urls", NULL};
	struct descriptor result = {0};
	const char *digest;

	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "%s: not an object", where);
	if (json_refuse_variants(json, known, where, err) < 0)
		return err->class;
	if (json_copy_media_type(
		    json, "mediaType", where, arena, &result.media_type, err) < 0)
		return err->class;
	if (!result.media_type)
		return error_set(err, ERR_INPUT, "%s: mediaType is missing", where);
	if (json_get_string(json, "digest", where, &digest, err) < 0)
		return err->class;
	if (digest_parse(slice_str(digest), &result.digest, err) < 0)
		return error_wrap(err, "%s", where);
	if (json_get_u64(json, "size", where, &result.size, err) < 0)
		return err->class;
	if (result.size > INT64_MAX)
		return error_set(err, ERR_INPUT, "%s.size: out of range", where);
	if (json_copy_media_type(
		    json, "artifactType", where, arena, &result.artifact_type, err) < 0 ||
		platform_from_json(json, where, arena, &result.platform, err) < 0 ||
		annotations_from_json(json, "annotations", where, arena,
			&result.annotations, &result.annotation_count, err) < 0)
		return err->class;
	*ret_descriptor = result;
	return 0;
}

int annotations_to_json(struct json_t *object, const char *member,
	const struct annotation *annotations, size_t count, struct error *err)
{
	json_t *map;

	if (count == 0)
		return 0;
	map = json_object();
	if (json_set(object, member, map, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (json_set(map, annotations[i].key, json_string(annotations[i].value),
			    err) < 0)
			return err->class;
	return 0;
}

int json_set_string(
	struct json_t *object, const char *key, const char *text, struct error *err)
{
	return text ? json_set(object, key, json_string(text), err) : 0;
}

static int platform_to_json(
	struct json_t *object, const struct platform *platform, struct error *err)
{
	json_t *map;

	if (!platform->os)
		return 0;
	map = json_object();
	if (json_set(object, "platform", map, err) < 0 ||
		json_set_string(map, "os", platform->os, err) < 0 ||
		json_set_string(map, "architecture", platform->architecture, err) < 0 ||
		json_set_string(map, "variant", platform->variant, err) < 0)
		return err->class;
	return 0;
}

int descriptor_to_json(
	const struct descriptor *descriptor, struct json_t **ret_json, struct error *err)
{
	cleanup_json struct json_t *json = json_object();
	char digest[DIGEST_TEXT_MAX];

	if (!json)
		return error_set_memory(err);
	if (descriptor->size > INT64_MAX)
		return error_set(err, ERR_BUG, "descriptor size out of range");
	if (json_set_string(json, "mediaType", descriptor->media_type, err) < 0 ||
		json_set_string(json, "digest",
			digest_format(&descriptor->digest, digest), err) < 0 ||
		json_set(json, "size", json_integer((json_int_t)descriptor->size), err) <
			0 ||
		json_set_string(json, "artifactType", descriptor->artifact_type, err) <
			0 ||
		platform_to_json(json, &descriptor->platform, err) < 0 ||
		annotations_to_json(json, "annotations", descriptor->annotations,
			descriptor->annotation_count, err) < 0)
		return err->class;
	*ret_json = take_ptr(json);
	return 0;
}

static const char *copy_text(struct arena *arena, const char *text, bool *ok)
{
	const char *copy = text ? arena_strdup(arena, text) : NULL;

	*ok = *ok && (!text || copy);
	return copy;
}

static int compare_digests(const void *a, const void *b)
{
	const struct descriptor *left = a, *right = b;

	return digest_compare(&left->digest, &right->digest);
}

void descriptor_list_sort(struct descriptor_list *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), compare_digests);
}

int descriptor_copy(struct arena *arena, const struct descriptor *from,
	struct descriptor *ret_descriptor, struct error *err)
{
	struct descriptor copy = *from;
	struct annotation *list = NULL;
	bool ok = true;

	copy.media_type = copy_text(arena, from->media_type, &ok);
	copy.artifact_type = copy_text(arena, from->artifact_type, &ok);
	copy.platform.os = copy_text(arena, from->platform.os, &ok);
	copy.platform.architecture = copy_text(arena, from->platform.architecture, &ok);
	copy.platform.variant = copy_text(arena, from->platform.variant, &ok);
	if (from->annotation_count != 0) {
		list = arena_array(arena, from->annotation_count, sizeof(*list));
		if (!list)
			return error_set_memory(err);
	}
	for (size_t i = 0; i < from->annotation_count; i++) {
		list[i].key = copy_text(arena, from->annotations[i].key, &ok);
		list[i].value = copy_text(arena, from->annotations[i].value, &ok);
	}
	if (!ok)
		return error_set_memory(err);
	copy.annotations = list;
	*ret_descriptor = copy;
	return 0;
}

struct descriptor *descriptor_list_find(
	const struct descriptor_list *list, const struct digest *digest)
{
	for (size_t i = 0; i < list->count; i++)
		if (digest_equal(&list->items[i].digest, digest))
			return &list->items[i];
	return NULL;
}

int descriptor_list_add(struct arena *arena, struct descriptor_list *list,
	const struct descriptor *descriptor, struct error *err)
{
	struct descriptor copy, *item;

	if (descriptor_list_find(list, &descriptor->digest))
		return 0;
	if (descriptor_copy(arena, descriptor, &copy, err) < 0)
		return err->class;
	item = arena_append(
		arena, &list->items, &list->count, &list->capacity, sizeof(*item));
	if (!item)
		return error_set_memory(err);
	*item = copy;
	return 0;
}
