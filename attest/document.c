/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/document_private.h"
#include "base/encode.h"
#include "base/json.h"

int document_object(
	struct json_t *parent, const char *key, struct json_t **ret, struct error *err)
{
	json_t *object = json_object();

	if (json_set(parent, key, object, err) < 0)
		return err->class;
	*ret = object;
	return 0;
}

int document_array(
	struct json_t *parent, const char *key, struct json_t **ret, struct error *err)
{
	json_t *array = json_array();

	if (json_set(parent, key, array, err) < 0)
		return err->class;
	*ret = array;
	return 0;
}

int document_item(struct json_t *array, struct json_t **ret, struct error *err)
{
	json_t *object = json_object();

	if (json_push(array, object, err) < 0)
		return err->class;
	*ret = object;
	return 0;
}

int document_text(
	struct json_t *object, const char *key, const char *text, struct error *err)
{
	if (!text || text[0] == '\0')
		return 0;
	if (!slice_is_utf8(slice_str(text)))
		return error_set(err, ERR_INPUT, "%s is not UTF-8", key);
	return json_set(object, key, json_string(text), err);
}

int document_digest(struct json_t *object, const char *key, const struct digest *digest,
	struct error *err)
{
	char hex[DIGEST_TEXT_MAX];
	json_t *set = NULL;

	if (document_object(object, key, &set, err) < 0)
		return err->class;
	return json_set(set, digest_algorithm_name(digest->algorithm),
		json_string(digest_format_hex(digest, hex)), err);
}

/* ---- package URLs ---- */

static int add_qualifier(char separator, const char *key, const char *value,
	struct buffer *out, struct error *err)
{
	if (buffer_printf(out, err, "%c%s=", separator, key) < 0)
		return err->class;
	return url_quote(slice_str(value), out, err);
}

static int add_qualifiers(const struct record *record,
	const struct record_package *package, struct buffer *out, struct error *err)
{
	const char *origin = package->origin;
	char separator = '?'; /* keys in alphabetical order */

	if (package->architecture) {
		if (add_qualifier(separator, "arch", package->architecture, out, err) < 0)
			return err->class;
		separator = '&';
	}
	if (record->distribution && record->distribution_version) {
		if (add_qualifier(separator, "distro", record->distribution, out, err) <
				0 ||
			buffer_add_byte(out, '-', err) < 0 ||
			url_quote(slice_str(record->distribution_version), out, err) < 0)
			return err->class;
		separator = '&';
	}
	if (origin && origin[0] != '\0' && strcmp(origin, package->name) != 0)
		return add_qualifier(separator, "upstream", origin, out, err);
	return 0;
}

int document_purl(const struct record *record, const struct record_package *package,
	struct buffer *out, struct error *err)
{
	const char *namespace = record->distribution ? record->distribution : "alnage";

	if (buffer_add_str(out, "pkg:apk/", err) < 0 ||
		url_quote(slice_str(namespace), out, err) < 0 ||
		buffer_add_byte(out, '/', err) < 0 ||
		url_quote(slice_str(package->name), out, err) < 0 ||
		buffer_add_byte(out, '@', err) < 0 ||
		url_quote(slice_str(package->version), out, err) < 0)
		return err->class;
	return add_qualifiers(record, package, out, err);
}

int document_image_purl(
	const struct record *record, struct buffer *out, struct error *err)
{
	const char *slash = strrchr(record->image, '/');
	const char *name = slash ? slash + 1 : record->image;
	char hex[DIGEST_TEXT_MAX];

	if (buffer_add_str(out, "pkg:oci/", err) < 0)
		return err->class;
	for (; *name; name++) {
		char lower = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;

		if (url_quote(slice_from(&lower, 1), out, err) < 0)
			return err->class;
	}
	return buffer_printf(out, err, "@%s%%3A%s",
		digest_algorithm_name(record->manifest.algorithm),
		digest_format_hex(&record->manifest, hex));
}

/* ---- where things come from ---- */

bool document_uri_is_upstream(const char *uri)
{
	static const char *const schemes[] = {
		"https://", "http://", "ftp://", "git+https://", "git://"};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (strncmp(uri, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

static int add_path(const char *path, struct buffer *out, struct error *err)
{
	struct slice rest = slice_str(path), part;

	for (bool first = true; slice_cut(&rest, '/', &part); first = false) {
		if (!first && buffer_add_byte(out, '/', err) < 0)
			return err->class;
		if (url_quote(part, out, err) < 0)
			return err->class;
	}
	return 0;
}

int document_uri(const char *uri, struct buffer *out, struct error *err)
{
	struct slice text = slice_str(uri);
	const char *slash = strrchr(uri, '/');

	if (document_uri_is_upstream(uri) || slice_starts_with(text, SLICE("pkg:")) ||
		slice_starts_with(text, SLICE("git+")))
		return buffer_add_str(out, uri, err);
	if (slice_starts_with(text, SLICE("pool:")) ||
		slice_starts_with(text, SLICE("pool/"))) {
		/* "pool:pool/x" and "pool/x" name the same */
		uri += sizeof("pool:") - 1;
		if (strncmp(uri, "pool/", strlen("pool/")) == 0)
			uri += strlen("pool/");
		if (buffer_add_str(out, "pool:", err) < 0)
			return err->class;
		return add_path(uri, out, err);
	}
	if (buffer_add_str(out, "recipe:", err) < 0)
		return err->class;
	/* an absolute path is this machine's business: only the name counts */
	return add_path(uri[0] == '/' && slash ? slash + 1 : uri, out, err);
}

/* ---- what went in: in one order, each once, however the build ran ---- */

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare_materials(const void *left, const void *right)
{
	const struct record_material *a = *(const struct record_material *const *)left;
	const struct record_material *b = *(const struct record_material *const *)right;
	int order = (int)a->kind - (int)b->kind;

	if (order == 0)
		order = compare_text(a->package, b->package);
	if (order == 0)
		order = compare_text(a->name, b->name);
	if (order == 0)
		order = compare_text(a->uri, b->uri);
	if (order == 0)
		order = digest_compare(&a->digest, &b->digest);
	return order;
}

int document_materials(const struct record *record,
	const struct record_material *const **ret_list, size_t *ret_count,
	struct error *err)
{
	const struct record_material **list;
	size_t count = record->material_count, unique = 0;

	list = arena_array(record->arena, count, sizeof(*list));
	if (!list)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		list[i] = &record->materials[i];
	if (count > 1)
		qsort(list, count, sizeof(*list), compare_materials);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || compare_materials(&list[unique - 1], &list[i]) != 0)
			list[unique++] = list[i];
	*ret_list = list;
	*ret_count = unique;
	return 0;
}
