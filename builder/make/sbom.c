/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "builder/make/sbom_private.h"

#define NAMESPACE_PREFIX "https://alnage.dev/spdx/package/"
#define DOCUMENT_ID      "SPDXRef-DOCUMENT"

static void sbom_done(struct sbom *sbom)
{
	json_done(&sbom->root);
	arena_free(&sbom->arena);
}

int sbom_text(json_t *object, const char *key, const char *text, struct error *err)
{
	return json_set(object, key, json_string(text), err);
}

/* A new list inside the object, borrowed from it. */
int sbom_list(json_t *object, const char *key, json_t **ret_list, struct error *err)
{
	json_t *list = json_array();
	if (json_set(object, key, list, err) < 0)
		return err->class;
	*ret_list = list;
	return 0;
}

int sbom_relate(struct sbom *sbom, const char *from, const char *type, const char *to,
	struct error *err)
{
	cleanup_json json_t *item = json_object();
	if (sbom_text(item, "spdxElementId", from, err) < 0 ||
		sbom_text(item, "relationshipType", type, err) < 0 ||
		sbom_text(item, "relatedSpdxElement", to, err) < 0)
		return err->class;
	return json_push(sbom->relationships, take_ptr(item), err);
}

int sbom_reference(json_t *element, const char *category, const char *type,
	const char *locator, struct error *err)
{
	cleanup_json json_t *item = json_object();
	json_t *list = json_object_get(element, "externalRefs");
	if (!list && sbom_list(element, "externalRefs", &list, err) < 0)
		return err->class;
	if (sbom_text(item, "referenceCategory", category, err) < 0 ||
		sbom_text(item, "referenceType", type, err) < 0 ||
		sbom_text(item, "referenceLocator", locator, err) < 0)
		return err->class;
	return json_push(list, take_ptr(item), err);
}

/* What every package element has. Belongs to the document. */
int sbom_element(struct sbom *sbom, const char *id, const char *name, const char *version,
	json_t **ret_element, struct error *err)
{
	json_t *element = json_object();
	if (json_push(sbom->packages, element, err) < 0 ||
		sbom_text(element, "SPDXID", id, err) < 0 ||
		sbom_text(element, "name", name, err) < 0 ||
		sbom_text(element, "versionInfo", version, err) < 0 ||
		sbom_text(element, "supplier", SBOM_NOT_KNOWN, err) < 0 ||
		sbom_text(element, "licenseConcluded", SBOM_NOT_KNOWN, err) < 0 ||
		json_set(element, "filesAnalyzed", json_false(), err) < 0)
		return err->class;
	*ret_element = element;
	return 0;
}

/* ---- the package ---- */

static int add_license(struct sbom *sbom, json_t *element, struct error *err)
{
	const char *expression;
	if (license_normalize(sbom->package->license, &sbom->licenses, &expression, err) <
		0)
		return err->class;
	return sbom_text(element, "licenseDeclared", expression, err);
}

/* `attestation` of the recipe's copyright entries: who holds it. */
static int add_copyright(struct sbom *sbom, json_t *element, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	for (size_t i = 0; i < sbom->recipe->copyright_count; i++) {
		struct slice said =
			slice_trim(slice_str(sbom->recipe->copyright[i].attestation));
		if (said.len == 0)
			continue;
		if ((text.len && buffer_add_byte(&text, '\n', err) < 0) ||
			buffer_add_slice(&text, said, err) < 0)
			return err->class;
	}
	return sbom_text(element, "copyrightText",
		text.len ? buffer_str(&text) : SBOM_NOT_KNOWN, err);
}

/* pkg:apk/alnage/NAME@VERSION?arch=…&upstream=… */
static int add_package_purl(struct sbom *sbom, json_t *element, struct error *err)
{
	const struct package *package = sbom->package;
	cleanup_buffer struct buffer purl = BUFFER_INIT;
	if (buffer_add_str(&purl, "pkg:apk/alnage/", err) < 0 ||
		url_quote(slice_str(package->name), &purl, err) < 0 ||
		buffer_add_byte(&purl, '@', err) < 0 ||
		url_quote(slice_str(package->version), &purl, err) < 0 ||
		buffer_printf(&purl, err, "?arch=%s", package->architecture) < 0)
		return err->class;
	if (strcmp(package->name, package->origin) != 0 &&
		(buffer_add_str(&purl, "&upstream=", err) < 0 ||
			url_quote(slice_str(package->origin), &purl, err) < 0))
		return err->class;
	return sbom_reference(element, "PACKAGE-MANAGER", "purl", buffer_str(&purl), err);
}

bool sbom_is_url(const char *text)
{
	return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

static int describe(struct sbom *sbom, struct error *err)
{
	const struct package *package = sbom->package;
	json_t *element;
	if (sbom_element(sbom, SBOM_PACKAGE_ID, package->name, package->version, &element,
		    err) < 0 ||
		sbom_text(element, "downloadLocation", SBOM_NOT_KNOWN, err) < 0 ||
		add_license(sbom, element, err) < 0 ||
		add_copyright(sbom, element, err) < 0 ||
		add_package_purl(sbom, element, err) < 0)
		return err->class;
	if (strncmp(sbom->recipe->cpe, "cpe:2.3:", 8) == 0 &&
		sbom_reference(element, "SECURITY", "cpe23Type", sbom->recipe->cpe, err) <
			0)
		return err->class;
	if (*package->description &&
		sbom_text(element, "description", package->description, err) < 0)
		return err->class;
	if (sbom_is_url(package->url) &&
		sbom_text(element, "homepage", package->url, err) < 0)
		return err->class;
	return sbom_relate(sbom, DOCUMENT_ID, "DESCRIBES", SBOM_PACKAGE_ID, err);
}

/* ---- the document ---- */

/* The text that goes with a licence of the recipe's own: that of its license-path. */
static struct slice license_text(const struct sbom *sbom, const char *said)
{
	for (size_t i = 0; i < sbom->recipe->copyright_count; i++) {
		const struct recipe_copyright *entry = &sbom->recipe->copyright[i];
		if (strcmp(entry->license, said) != 0)
			continue;
		const struct license_text *text =
			license_texts_get(sbom->facts->texts, entry->license_path);
		if (text && slice_is_utf8(text->bytes))
			return text->bytes;
	}
	return slice_str(said);
}

static int add_license_texts(struct sbom *sbom, struct error *err)
{
	json_t *list;
	if (sbom->licenses.count == 0)
		return 0;
	if (sbom_list(sbom->root, "hasExtractedLicensingInfos", &list, err) < 0)
		return err->class;
	for (size_t i = 0; i < sbom->licenses.count; i++) {
		const struct license_ref *ref = &sbom->licenses.items[i];
		struct slice text = license_text(sbom, ref->text);
		cleanup_json json_t *item = json_object();
		if (sbom_text(item, "licenseId", ref->id, err) < 0 ||
			json_set(item, "extractedText", json_stringn(text.data, text.len),
				err) < 0 ||
			json_push(list, take_ptr(item), err) < 0)
			return err->class;
	}
	return 0;
}

static int add_creation(struct sbom *sbom, struct error *err)
{
	char time[CLOCK_TEXT_MAX];
	cleanup_json json_t *creation = json_object();
	json_t *creators;
	if (sbom_text(creation, "created", clock_format(sbom->facts->mtime, time), err) <
			0 ||
		sbom_text(creation, "licenseListVersion", LICENSE_LIST_VERSION, err) <
			0 ||
		sbom_text(creation, "comment",
			"Generation context: build. Files are not listed here: the "
			"package itself and the package database list them.",
			err) < 0 ||
		sbom_list(creation, "creators", &creators, err) < 0 ||
		json_push(creators, json_string("Tool: " PACK_FORMAT), err) < 0)
		return err->class;
	return json_set(sbom->root, "creationInfo", take_ptr(creation), err);
}

/* Over the document so far and every file of the package. */
static int add_namespace(struct sbom *sbom, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char hex[DIGEST_TEXT_MAX];
	struct digest digest;
	size_t count;
	if (json_dump(sbom->root, JSON_STYLE_COMPACT, &text, err) < 0 ||
		tree_nodes(sbom->package->tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (buffer_printf(&text, err, "\n%s %s %s", nodes[i]->path,
			    digest_is_set(&nodes[i]->content)
				    ? digest_format_hex(&nodes[i]->content, hex)
				    : "-",
			    nodes[i]->target ? nodes[i]->target : "") < 0)
			return err->class;
	if (digest_of(DIGEST_SHA256, buffer_slice(&text), &digest, err) < 0)
		return err->class;
	char *uri = arena_printf(sbom->arena, NAMESPACE_PREFIX "%s-%s-%s",
		sbom->package->name, sbom->package->version,
		digest_format_hex(&digest, hex));
	if (!uri)
		return error_set_memory(err);
	return sbom_text(sbom->root, "documentNamespace", uri, err);
}

static int fill(struct sbom *sbom, struct error *err)
{
	const struct made *made = sbom->facts->made;
	const char *name = arena_printf(
		sbom->arena, "%s-%s", sbom->package->name, sbom->package->version);
	sbom->root = json_object();
	if (!name || !sbom->root)
		return error_set_memory(err);
	if (sbom_text(sbom->root, "SPDXID", DOCUMENT_ID, err) < 0 ||
		sbom_text(sbom->root, "spdxVersion", "SPDX-2.3", err) < 0 ||
		sbom_text(sbom->root, "dataLicense", "CC0-1.0", err) < 0 ||
		sbom_text(sbom->root, "name", name, err) < 0 ||
		sbom_list(sbom->root, "packages", &sbom->packages, err) < 0 ||
		sbom_list(sbom->root, "relationships", &sbom->relationships, err) < 0 ||
		describe(sbom, err) < 0)
		return err->class;
	for (size_t i = 0; i < made->source_count; i++)
		if (sbom_source(sbom, &made->sources[i], i, err) < 0)
			return err->class;
	if (add_license_texts(sbom, err) < 0 || add_creation(sbom, err) < 0)
		return err->class;
	return add_namespace(sbom, err);
}

int sbom_add(const struct sbom_facts *facts, struct package *package, struct store *store,
	struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	CLEANUP(sbom_done)
	struct sbom sbom = {.facts = facts,
		.recipe = facts->made->item->recipe,
		.package = package,
		.store = store};
	if (arena_new(&sbom.arena, err) < 0)
		return err->class;
	const char *path = package_sbom_path(package, sbom.arena);
	if (!path)
		return error_set_memory(err);
	if (tree_find(package->tree, path)) {
		error_set(err, ERR_INPUT, "/%s: made by the recipe's steps", path);
		return error_remedy(err, "leave bills of materials to the build");
	}
	sbom.licenses.arena = sbom.arena;
	if (fill(&sbom, err) < 0 ||
		json_dump(sbom.root, JSON_STYLE_PRETTY, &text, err) < 0 ||
		package_add_file(package, store, path, buffer_slice(&text), err) < 0)
		return error_wrap(err, "bill of materials");
	return 0;
}
