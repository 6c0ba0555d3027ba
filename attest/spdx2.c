/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/spdx2.h"
#include "attest/spdx2_private.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"

#define NAMESPACE_PREFIX "https://alnage.dev/spdx/"

static int add_namespace(const struct record *record, json_t *root, struct error *err)
{
	cleanup_buffer struct buffer uri = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];

	if (buffer_add_str(&uri, NAMESPACE_PREFIX, err) < 0 ||
		url_quote(slice_str(record->image), &uri, err) < 0 ||
		buffer_printf(&uri, err, "/%s-%s",
			digest_algorithm_name(record->manifest.algorithm),
			digest_format_hex(&record->manifest, hex)) < 0)
		return err->class;
	return document_text(root, "documentNamespace", buffer_str(&uri), err);
}

static int add_comment(const struct spdx2 *document, json_t *creation, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	size_t all = document->record->file_count, listed = document->files_listed;

	if (buffer_printf(&text, err,
		    "Generation context: build. Packages, sources and files are those "
		    "that the "
		    "build noted; %zu of %zu files are listed.",
		    listed, all) < 0)
		return err->class;
	if (listed < all && buffer_add_str(&text,
				    " Not listed: files without SHA-1 and SHA-256 "
				    "(links, directories), "
				    "names that are not UTF-8, or all of them where "
				    "there are too many.",
				    err) < 0)
		return err->class;
	return document_text(creation, "comment", buffer_str(&text), err);
}

static int add_creator(
	json_t *creators, const char *kind, const char *name, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;

	if (!slice_is_utf8(slice_str(name)))
		return error_set(err, ERR_INPUT, "a creator's name is not UTF-8");
	if (buffer_printf(&text, err, "%s: %s", kind, name) < 0)
		return err->class;
	return json_push(creators, json_string(buffer_str(&text)), err);
}

static int add_creation(const struct spdx2 *document, json_t *root, struct error *err)
{
	const struct record *record = document->record;
	const char *author =
		record->organization ? record->organization : record->distribution;
	char time[CLOCK_TEXT_MAX], tool[128];
	json_t *creation, *creators;
	int len = snprintf(tool, sizeof(tool), "alnage-%s",
		record->builder_version ? record->builder_version : "unknown");

	if (len < 0 || (size_t)len >= sizeof(tool)) /* not negative */
		return error_set(err, ERR_INPUT, "the builder's version is too long");
	if (document_object(root, "creationInfo", &creation, err) < 0 ||
		document_text(creation, "created", clock_format(record->created, time),
			err) < 0 ||
		document_text(creation, "licenseListVersion", LICENSE_LIST_VERSION, err) <
			0 ||
		document_array(creation, "creators", &creators, err) < 0 ||
		(author && add_creator(creators, "Organization", author, err) < 0) ||
		add_creator(creators, "Tool", tool, err) < 0)
		return err->class;
	return add_comment(document, creation, err);
}

static int add_license_texts(
	const struct license_refs *refs, json_t *root, struct error *err)
{
	json_t *list, *item;

	if (refs->count == 0)
		return 0;
	if (document_array(root, "hasExtractedLicensingInfos", &list, err) < 0)
		return err->class;
	for (size_t i = 0; i < refs->count; i++)
		if (document_item(list, &item, err) < 0 ||
			document_text(item, "licenseId", refs->items[i].id, err) < 0 ||
			document_text(item, "extractedText", refs->items[i].text, err) <
				0 ||
			document_text(item, "comment",
				"What the package says of its licence; not on the SPDX "
				"licence list",
				err) < 0)
			return err->class;
	return 0;
}

static int fill(struct spdx2 *document, json_t *root, struct error *err)
{
	if (document_text(root, "SPDXID", "SPDXRef-DOCUMENT", err) < 0 ||
		document_text(root, "spdxVersion", "SPDX-2.3", err) < 0 ||
		document_text(root, "dataLicense", "CC0-1.0", err) < 0 ||
		document_text(root, "name", document->record->image, err) < 0 ||
		add_namespace(document->record, root, err) < 0 ||
		document_array(root, "packages", &document->packages, err) < 0 ||
		document_array(root, "files", &document->files, err) < 0 ||
		document_array(root, "relationships", &document->relationships, err) <
			0 ||
		spdx2_add_image(document, err) < 0 ||
		spdx2_add_packages(document, err) < 0 ||
		spdx2_add_sources(document, err) < 0 ||
		spdx2_add_files(document, err) < 0 ||
		add_license_texts(&document->licenses, root, err) < 0)
		return err->class;
	return add_creation(document, root, err);
}

static int make_document(
	const struct record *record, json_t **ret_root, struct error *err)
{
	struct spdx2 document = {.record = record, .licenses.arena = record->arena};
	cleanup_json json_t *root = json_object();

	if (!record->image || !digest_is_set(&record->manifest))
		return error_set(err, ERR_BUG, "an SBOM of an unfinished record");
	if (!root)
		return error_set_memory(err);
	if (fill(&document, root, err) < 0)
		return error_wrap(err, "SPDX document");
	*ret_root = take_ptr(root);
	return 0;
}

int spdx2_write(const struct record *record, struct buffer *out, struct error *err)
{
	cleanup_json json_t *root = NULL;

	if (make_document(record, &root, err) < 0)
		return err->class;
	return json_dump(root, JSON_STYLE_PRETTY, out, err);
}

int spdx2_write_statement(
	const struct record *record, struct buffer *out, struct error *err)
{
	cleanup_json json_t *root = NULL;

	if (make_document(record, &root, err) < 0)
		return err->class;
	return statement_write(record->image, &record->manifest, PREDICATE_SPDX,
		take_ptr(root), out, err);
}
