/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "attest/document_private.h"
#include "attest/provenance.h"
#include "attest/statement.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"

/* ---- what went in ---- */

static const char *kind_name(enum record_material_kind kind)
{
	switch (kind) {
	case RECORD_SOURCE:
		return "source";
	case RECORD_TOOLCHAIN:
		return "toolchain";
	case RECORD_RECIPE:
		return "recipe";
	case RECORD_PACKAGE:
		return "package";
	}
	return "unknown";
}

/* It is told with the packages of the image already. */
static bool is_of_image(
	const struct record *record, const struct record_material *material)
{
	if (material->kind != RECORD_PACKAGE)
		return false;
	for (size_t i = 0; i < record->package_count; i++)
		if (digest_equal(&record->packages[i].file, &material->digest))
			return true;
	return false;
}

static int add_uri(json_t *object, const char *uri, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;

	if (document_uri(uri, &text, err) < 0)
		return err->class;
	return document_text(object, "uri", buffer_str(&text), err);
}

/*
 * What a commit names is told by gitCommit (in-toto attestation spec, digest_set.md); the
 * digest of the tar that we made of it is ours alone.
 */
static int add_material_digest(
	json_t *object, const struct record_material *material, struct error *err)
{
	json_t *set;

	if (!material->commit)
		return document_digest(object, "digest", &material->digest, err);
	if (document_object(object, "digest", &set, err) < 0)
		return err->class;
	return document_text(set, "gitCommit", material->commit, err);
}

static int add_checkout(
	json_t *annotations, const struct record_material *material, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];

	if (!material->commit)
		return 0;
	return document_text(annotations, "checkoutDigest",
		digest_format(&material->digest, digest), err);
}

static int add_material(
	json_t *list, const struct record_material *material, struct error *err)
{
	json_t *object, *annotations;
	const char *uri = material->uri;

	if (document_item(list, &object, err) < 0 ||
		document_text(object, "name", material->name, err) < 0 ||
		add_material_digest(object, material, err) < 0 ||
		(uri && add_uri(object, uri, err) < 0))
		return err->class;
	/* a mirror's name is nobody's business, and different on every machine */
	if (uri && document_uri_is_upstream(uri) && material->download &&
		strcmp(material->download, uri) == 0 &&
		document_text(object, "downloadLocation", uri, err) < 0)
		return err->class;
	if (document_object(object, "annotations", &annotations, err) < 0 ||
		document_text(annotations, "kind", kind_name(material->kind), err) < 0 ||
		document_text(annotations, "version", material->version, err) < 0 ||
		add_checkout(annotations, material, err) < 0)
		return err->class;
	return document_text(annotations, "usedBy", material->package, err);
}

static int add_package(const struct record *record, json_t *list,
	const struct record_package *package, struct error *err)
{
	cleanup_buffer struct buffer purl = BUFFER_INIT;
	json_t *object, *annotations;

	if (document_purl(record, package, &purl, err) < 0 ||
		document_item(list, &object, err) < 0 ||
		document_text(object, "name", package->name, err) < 0 ||
		document_text(object, "uri", buffer_str(&purl), err) < 0 ||
		document_digest(object, "digest", &package->file, err) < 0 ||
		document_text(object, "downloadLocation", package->download, err) < 0 ||
		document_object(object, "annotations", &annotations, err) < 0 ||
		document_text(annotations, "kind", "package", err) < 0 ||
		document_text(annotations, "version", package->version, err) < 0 ||
		document_text(annotations, "inputKey", package->input_key, err) < 0)
		return err->class;
	return document_text(annotations, "sandbox", package->sandbox_tier, err);
}

static int add_dependencies(
	const struct record *record, json_t *definition, struct error *err)
{
	const struct record_material *const *sorted = NULL;
	json_t *list;
	size_t count = 0;

	if (document_array(definition, "resolvedDependencies", &list, err) < 0 ||
		document_materials(record, &sorted, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++) {
		if (is_of_image(record, sorted[i]))
			continue;
		if (add_material(list, sorted[i], err) < 0)
			return err->class;
	}
	for (size_t i = 0; i < record->package_count; i++)
		if (add_package(record, list, &record->packages[i], err) < 0)
			return err->class;
	return 0;
}

/* ---- the parts of the predicate ---- */

static int add_external(
	const struct record *record, json_t *definition, struct error *err)
{
	json_t *external, *recipe;

	if (document_object(definition, "externalParameters", &external, err) < 0 ||
		document_text(external, "image", record->image, err) < 0 ||
		document_text(external, "architecture", record->architecture, err) < 0 ||
		document_text(external, "flavour", record->flavour, err) < 0)
		return err->class;
	if (!record->recipe_path)
		return 0;
	if (document_object(external, "recipe", &recipe, err) < 0 ||
		add_uri(recipe, record->recipe_path, err) < 0)
		return err->class;
	return digest_is_set(&record->recipe)
		       ? document_digest(recipe, "digest", &record->recipe, err)
		       : 0;
}

static int add_internal(
	const struct record *record, json_t *definition, struct error *err)
{
	const char *tier = record->sandbox_tier;
	json_t *internal;

	if (document_object(definition, "internalParameters", &internal, err) < 0 ||
		document_text(internal, "compressor", record->compressor, err) < 0 ||
		document_text(internal, "sandbox", tier, err) < 0)
		return err->class;
	/* tier "none" leaves the network open, and unknown is not "none" */
	if (tier && document_text(internal, "network",
			    strcmp(tier, "none") == 0 ? "not isolated" : "none", err) < 0)
		return err->class;
	return json_set(internal, "sourceDateEpoch", json_integer(record->created), err);
}

static int add_definition(
	const struct record *record, json_t *predicate, struct error *err)
{
	json_t *definition;

	if (document_object(predicate, "buildDefinition", &definition, err) < 0 ||
		document_text(definition, "buildType", PROVENANCE_BUILD_TYPE, err) < 0 ||
		add_external(record, definition, err) < 0 ||
		add_internal(record, definition, err) < 0)
		return err->class;
	return add_dependencies(record, definition, err);
}

static int add_time(json_t *object, const char *key, int64_t time, struct error *err)
{
	char text[CLOCK_TEXT_MAX];

	return time > 0 ? document_text(object, key, clock_format(time, text), err) : 0;
}

static int add_run(const struct record *record, json_t *predicate, struct error *err)
{
	json_t *run, *builder, *version, *metadata;

	if (document_object(predicate, "runDetails", &run, err) < 0 ||
		document_object(run, "builder", &builder, err) < 0 ||
		document_text(builder, "id", record->builder_id, err) < 0 ||
		document_object(builder, "version", &version, err) < 0 ||
		document_text(version, "alnage", record->builder_version, err) < 0 ||
		document_object(run, "metadata", &metadata, err) < 0 ||
		add_time(metadata, "startedOn", record->started, err) < 0)
		return err->class;
	return add_time(metadata, "finishedOn", record->finished, err);
}

int provenance_write(const struct record *record, struct buffer *out, struct error *err)
{
	cleanup_json json_t *predicate = json_object();

	if (!record->image || !record->builder_id || !digest_is_set(&record->manifest))
		return error_set(err, ERR_BUG, "provenance of an unfinished record");
	if (!predicate)
		return error_set_memory(err);
	if (add_definition(record, predicate, err) < 0 ||
		add_run(record, predicate, err) < 0)
		return err->class;
	return statement_write(record->image, &record->manifest,
		PREDICATE_SLSA_PROVENANCE, take_ptr(predicate), out, err);
}
