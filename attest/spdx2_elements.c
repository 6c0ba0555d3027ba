/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/spdx2.h"
#include "attest/spdx2_private.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/map.h"

#define ID_MAX 320

/* ---- identifiers: letters, digits, "." and "-" (SPDX 2.3, section 3.2) ---- */

static int hex_of(struct slice bytes, char out[static DIGEST_TEXT_MAX], struct error *err)
{
	struct digest digest;

	if (digest_of(DIGEST_SHA256, bytes, &digest, err) < 0)
		return err->class;
	(void)digest_format_hex(&digest, out); /* returns its argument */
	return 0;
}

/* A name with other characters gets its digest behind it, so that two never become one.
 */
static int package_id(const char *name, char out[static ID_MAX], struct error *err)
{
	char clean[201], hex[DIGEST_TEXT_MAX];
	size_t len = strlen(name);
	bool changed = len >= sizeof(clean);

	if (changed)
		len = sizeof(clean) - 1;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '.' || c == '-';

		clean[i] = '-';
		if (fits)
			clean[i] = c;
		changed = changed || !fits;
	}
	clean[len] = '\0';
	if (hex_of(slice_str(name), hex, err) < 0)
		return err->class;
	(void)snprintf(out, ID_MAX, "SPDXRef-Package-%s%s%.*s", clean, changed ? "-" : "",
		changed ? 16 : 0, hex); /* fits: see the sizes */
	return 0;
}

static void source_id(const struct digest *digest, char out[static ID_MAX])
{
	char hex[DIGEST_TEXT_MAX];

	(void)snprintf(out, ID_MAX, "SPDXRef-Source-%s",
		digest_format_hex(digest, hex)); /* fits */
}

int spdx2_relate(struct spdx2 *document, const char *from, const char *type,
	const char *to, struct error *err)
{
	json_t *item;

	if (document_item(document->relationships, &item, err) < 0 ||
		document_text(item, "spdxElementId", from, err) < 0 ||
		document_text(item, "relationshipType", type, err) < 0)
		return err->class;
	return document_text(item, "relatedSpdxElement", to, err);
}

/* ---- members that all packages have ---- */

static int add_checksum(json_t *list, const struct digest *digest, struct error *err)
{
	static const struct {
		enum digest_algorithm algorithm;
		const char *name;
	} names[] = {{DIGEST_SHA1, "SHA1"}, {DIGEST_SHA256, "SHA256"},
		{DIGEST_SHA512, "SHA512"}};
	char hex[DIGEST_TEXT_MAX];
	json_t *item;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].algorithm != digest->algorithm)
			continue;
		if (document_item(list, &item, err) < 0 ||
			document_text(item, "algorithm", names[i].name, err) < 0)
			return err->class;
		return document_text(
			item, "checksumValue", digest_format_hex(digest, hex), err);
	}
	return error_set(err, ERR_BUG, "a checksum without an algorithm");
}

static int add_reference(json_t *list, const char *category, const char *type,
	const char *locator, struct error *err)
{
	json_t *item;

	if (document_item(list, &item, err) < 0 ||
		document_text(item, "referenceCategory", category, err) < 0 ||
		document_text(item, "referenceType", type, err) < 0)
		return err->class;
	return document_text(item, "referenceLocator", locator, err);
}

static int add_supplier(json_t *package, const char *supplier, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct slice name = slice_str(supplier);

	if (name.len == 0)
		return document_text(package, "supplier", "NOASSERTION", err);
	if (slice_starts_with(name, SLICE("Organization: ")) ||
		slice_starts_with(name, SLICE("Person: ")))
		return document_text(package, "supplier", supplier, err);
	if (buffer_printf(&text, err, "Organization: %s", supplier) < 0)
		return err->class;
	return document_text(package, "supplier", buffer_str(&text), err);
}

struct common {
	const char *id, *name, *version, *supplier, *license, *download;
	const struct digest *digest;
};

static int add_package_element(struct spdx2 *document, const struct common *common,
	json_t **ret_package, struct error *err)
{
	const char *license = "NOASSERTION";
	json_t *package, *checksums;

	if (license_normalize(common->license, &document->licenses, &license, err) < 0 ||
		document_item(document->packages, &package, err) < 0 ||
		document_text(package, "SPDXID", common->id, err) < 0 ||
		document_text(package, "name", common->name, err) < 0 ||
		document_text(package, "versionInfo", common->version, err) < 0 ||
		add_supplier(package, common->supplier, err) < 0 ||
		document_text(package, "downloadLocation",
			common->download ? common->download : "NOASSERTION", err) < 0 ||
		json_set(package, "filesAnalyzed", json_false(), err) < 0 ||
		document_text(package, "licenseDeclared", license, err) < 0 ||
		document_text(package, "licenseConcluded", "NOASSERTION", err) < 0 ||
		document_text(package, "copyrightText", "NOASSERTION", err) < 0 ||
		document_array(package, "checksums", &checksums, err) < 0 ||
		add_checksum(checksums, common->digest, err) < 0)
		return err->class;
	*ret_package = package;
	return 0;
}

/* ---- the image ---- */

int spdx2_add_image(struct spdx2 *document, struct error *err)
{
	const struct record *record = document->record;
	cleanup_buffer struct buffer purl = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];
	struct common common = {.id = SPDX2_IMAGE_ID,
		.name = record->image,
		.version = digest_format(&record->manifest, digest),
		.supplier = record->organization ? record->organization
						 : record->distribution,
		.digest = &record->manifest};
	json_t *package, *references;

	if (add_package_element(document, &common, &package, err) < 0 ||
		document_text(package, "primaryPackagePurpose", "CONTAINER", err) < 0 ||
		document_image_purl(record, &purl, err) < 0 ||
		document_array(package, "externalRefs", &references, err) < 0 ||
		add_reference(references, "PACKAGE-MANAGER", "purl", buffer_str(&purl),
			err) < 0)
		return err->class;
	return spdx2_relate(
		document, "SPDXRef-DOCUMENT", "DESCRIBES", SPDX2_IMAGE_ID, err);
}

/* ---- packages ---- */

static int add_identifiers(const struct record *record, const struct record_package *from,
	json_t *package, struct error *err)
{
	cleanup_buffer struct buffer purl = BUFFER_INIT;
	json_t *list;

	if (document_purl(record, from, &purl, err) < 0 ||
		document_array(package, "externalRefs", &list, err) < 0 ||
		add_reference(list, "PACKAGE-MANAGER", "purl", buffer_str(&purl), err) <
			0)
		return err->class;
	if (from->cpe && strncmp(from->cpe, "cpe:2.3:", strlen("cpe:2.3:")) == 0)
		return add_reference(list, "SECURITY", "cpe23Type", from->cpe, err);
	return 0;
}

static int add_details(
	const struct record_package *from, json_t *package, struct error *err)
{
	char time[CLOCK_TEXT_MAX];
	cleanup_buffer struct buffer file = BUFFER_INIT, info = BUFFER_INIT;

	if (buffer_printf(&file, err, "%s-%s.apk", from->name, from->version) < 0 ||
		document_text(package, "packageFileName", buffer_str(&file), err) < 0 ||
		document_text(package, "description", from->description, err) < 0)
		return err->class;
	if (from->url && document_uri_is_upstream(from->url) &&
		document_text(package, "homepage", from->url, err) < 0)
		return err->class;
	if (from->build_date > 0 &&
		document_text(package, "builtDate", clock_format(from->build_date, time),
			err) < 0)
		return err->class;
	if (!from->input_key)
		return 0;
	if (buffer_printf(&info, err, "Built from the recipe %s; input key %s",
		    from->origin ? from->origin : from->name, from->input_key) < 0)
		return err->class;
	return document_text(package, "sourceInfo", buffer_str(&info), err);
}

/* Only to packages that are there: a dangling reference makes a document invalid. */
static int add_needs(struct spdx2 *document, const struct record_package *from,
	const struct map *known, const char *id, struct error *err)
{
	char other[ID_MAX];
	size_t count = 0;

	for (size_t i = 0; i < from->depend_count; i++) {
		if (!map_get_str(known, from->depends[i]))
			return error_set(err, ERR_BUG,
				"%s depends on %s, which is not recorded", from->name,
				from->depends[i]);
		if (package_id(from->depends[i], other, err) < 0 ||
			spdx2_relate(document, id, "DEPENDS_ON", other, err) < 0)
			return err->class;
		count++;
	}
	return count == 0 ? spdx2_relate(document, id, "DEPENDS_ON", "NONE", err) : 0;
}

static int add_package(struct spdx2 *document, const struct record_package *from,
	const struct map *known, struct error *err)
{
	char id[ID_MAX];
	struct common common = {.id = id,
		.name = from->name,
		.version = from->version,
		.supplier = from->supplier,
		.license = from->license,
		.download = from->download,
		.digest = &from->file};
	json_t *package;

	if (package_id(from->name, id, err) < 0 ||
		add_package_element(document, &common, &package, err) < 0 ||
		add_identifiers(document->record, from, package, err) < 0 ||
		add_details(from, package, err) < 0 ||
		spdx2_relate(document, SPDX2_IMAGE_ID, "CONTAINS", id, err) < 0)
		return error_wrap(err, "package %s", from->name);
	return add_needs(document, from, known, id, err);
}

int spdx2_add_packages(struct spdx2 *document, struct error *err)
{
	const struct record *record = document->record;
	cleanup_map struct map *known = NULL;

	if (map_new(&known, err) < 0)
		return err->class;
	for (size_t i = 0; i < record->package_count; i++)
		if (map_put(known, slice_str(record->packages[i].name),
			    &record->packages[i], err) < 0)
			return err->class;
	if (map_len(known) != record->package_count)
		return error_set(err, ERR_BUG, "two packages of one name");
	for (size_t i = 0; i < record->package_count; i++)
		if (add_package(document, &record->packages[i], known, err) < 0)
			return err->class;
	return 0;
}

/* ---- sources ---- */

static int add_source(
	struct spdx2 *document, const struct record_material *source, struct error *err)
{
	cleanup_buffer struct buffer info = BUFFER_INIT;
	bool upstream = source->uri && document_uri_is_upstream(source->uri);
	char id[ID_MAX];
	struct common common = {.id = id,
		.name = source->name,
		.version = source->version,
		.download = upstream ? source->uri : NULL,
		.digest = &source->digest};
	json_t *package;

	source_id(&source->digest, id);
	if (add_package_element(document, &common, &package, err) < 0 ||
		document_text(package, "primaryPackagePurpose", "SOURCE", err) < 0)
		return error_wrap(err, "source %s", source->name);
	if (!source->uri || upstream)
		return 0;
	if (buffer_add_str(&info, "Origin: ", err) < 0 ||
		document_uri(source->uri, &info, err) < 0 ||
		(source->commit && buffer_printf(&info, err, "@%s", source->commit) < 0))
		return err->class;
	return document_text(package, "sourceInfo", buffer_str(&info), err);
}

static bool was_built_with(
	const struct record_package *package, const struct record_material *source)
{
	return source->package &&
	       (strcmp(source->package, package->name) == 0 ||
		       (package->origin &&
			       strcmp(source->package, package->origin) == 0));
}

static int relate_source(
	struct spdx2 *document, const struct record_material *source, struct error *err)
{
	const struct record *record = document->record;
	char from[ID_MAX], to[ID_MAX];

	source_id(&source->digest, to);
	for (size_t i = 0; i < record->package_count; i++) {
		if (!was_built_with(&record->packages[i], source))
			continue;
		if (package_id(record->packages[i].name, from, err) < 0 ||
			spdx2_relate(document, from, "GENERATED_FROM", to, err) < 0)
			return err->class;
	}
	return 0;
}

/* The same bytes are one source, however many packages used them; list is sorted. */
static int add_source_once(struct spdx2 *document, struct map *seen,
	const struct record_material *source, struct error *err)
{
	struct slice bytes = slice_from(source->digest.bytes, source->digest.len);

	if (map_get(seen, bytes))
		return 0;
	/* any pointer will do: the map is used as a set */
	if (map_put(seen, bytes, document, err) < 0)
		return err->class;
	return add_source(document, source, err);
}

int spdx2_add_sources(struct spdx2 *document, struct error *err)
{
	const struct record_material *const *list = NULL;
	cleanup_map struct map *seen = NULL;
	size_t count = 0;

	if (map_new(&seen, err) < 0 ||
		document_materials(document->record, &list, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++) {
		if (list[i]->kind != RECORD_SOURCE)
			continue;
		if (add_source_once(document, seen, list[i], err) < 0 ||
			relate_source(document, list[i], err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- files ---- */

/* What the image itself brings (accounts, paths of its recipe) has no package. */
static bool is_owned(const struct record_file *file)
{
	return file->package && file->package[0] != '\0';
}

static int add_file(
	struct spdx2 *document, const struct record_file *file, struct error *err)
{
	const char *path = file->path[0] == '/' ? file->path + 1 : file->path;
	cleanup_buffer struct buffer name = BUFFER_INIT;
	char id[ID_MAX], owner[ID_MAX] = SPDX2_IMAGE_ID, hex[DIGEST_TEXT_MAX];
	json_t *element, *checksums;

	if (hex_of(slice_str(path), hex, err) < 0 ||
		(is_owned(file) && package_id(file->package, owner, err) < 0))
		return err->class;
	(void)snprintf(id, sizeof(id), "SPDXRef-File-%.32s", hex); /* fits */
	if (buffer_printf(&name, err, "./%s", path) < 0 ||
		document_item(document->files, &element, err) < 0 ||
		document_text(element, "SPDXID", id, err) < 0 ||
		document_text(element, "fileName", buffer_str(&name), err) < 0 ||
		document_array(element, "checksums", &checksums, err) < 0 ||
		add_checksum(checksums, &file->sha1, err) < 0 ||
		add_checksum(checksums, &file->content, err) < 0)
		return err->class;
	document->files_listed++;
	return spdx2_relate(document, owner, "CONTAINS", id, err);
}

static bool owner_is_recorded(const struct record *record, const struct record_file *file)
{
	for (size_t i = 0; i < record->package_count; i++)
		if (is_owned(file) &&
			strcmp(record->packages[i].name, file->package) == 0)
			return true;
	return !is_owned(file);
}

int spdx2_add_files(struct spdx2 *document, struct error *err)
{
	const struct record *record = document->record;

	if (record->file_count > SPDX2_FILES_MAX)
		return 0;
	for (size_t i = 0; i < record->file_count; i++) {
		const struct record_file *file = &record->files[i];

		if (!digest_is_set(&file->sha1) || !digest_is_set(&file->content) ||
			!slice_is_utf8(slice_str(file->path)))
			continue;
		if (!owner_is_recorded(record, file))
			return error_set(err, ERR_BUG,
				"%s belongs to %s, which is not recorded", file->path,
				file->package);
		if (add_file(document, file, err) < 0)
			return error_wrap(err, "file %s", file->path);
	}
	return 0;
}
