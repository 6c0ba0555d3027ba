/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures and attestations of an image by certificates of the Sigstore of our own
 * (signing_mock.h), in the three forms that lie beside images. For tests only. */
#ifndef TESTS_UNIT_KEYLESS_MOCK_H
#define TESTS_UNIT_KEYLESS_MOCK_H

#include "oci/repository.h"
#include "signing/bundle.h"
#include "signing/simple.h"
#include "tests/unit/signing_mock.h"

enum keyless_form {
	KEYLESS_SIG = 1, /* a layer of the tag .sig */
	KEYLESS_ATT,     /* a layer of the tag .att */
	KEYLESS_BUNDLE, /* a referrer; cosign's predicate type of signatures by default */
};

static const char *keyless_payload(const struct descriptor *image)
{
	struct buffer text = BUFFER_INIT;
	struct error err = ERROR_INIT;
	struct simple_payload payload = {
		.docker_reference = "registry.example/base", .manifest = image->digest};

	MUST(simple_write(&payload, &text, &err) == 0 &&
		buffer_add(&text, "", 1, &err) == 0);
	return mock_leak(&text).data;
}

static void keyless_put(
	struct repository *repository, struct manifest *manifest, const char *tag)
{
	struct buffer bytes = BUFFER_INIT;
	struct descriptor stored;
	struct error err = ERROR_INIT;

	MUST(repository_put_blob(repository, SLICE("{}"), &manifest->config, &err) == 0 &&
		manifest_write(manifest, &bytes, &err) == 0 &&
		repository_put_manifest(repository, buffer_slice(&bytes), OCI_MANIFEST,
			tag, &stored, &err) == 0);
	buffer_done(&bytes);
}

/* The only layer of the tag: what was there is replaced. */
static void keyless_put_layer(struct repository *repository,
	const struct descriptor *image, const char *suffix, const char *media_type,
	struct slice blob, json_t *annotations)
{
	struct descriptor layer = {.media_type = media_type};
	struct manifest manifest = {.media_type = OCI_MANIFEST,
		.config = {.media_type = OCI_CONFIG},
		.items = &layer,
		.count = 1};
	struct annotation pairs[8];
	char tag[128], hex[DIGEST_TEXT_MAX];
	struct error err = ERROR_INIT;
	const char *key;
	json_t *value;

	json_object_foreach (annotations, key, value) {
		MUST(layer.annotation_count < ARRAY_LEN(pairs));
		pairs[layer.annotation_count++] =
			(struct annotation){key, json_string_value(value)};
	}
	layer.annotations = pairs;
	(void)snprintf(tag, sizeof(tag), "sha256-%s%s",
		digest_format_hex(&image->digest, hex), suffix); /* fits */
	MUST(repository_put_blob(repository, blob, &layer, &err) == 0);
	keyless_put(repository, &manifest, tag);
}

static void keyless_put_bundle(struct repository *repository,
	const struct descriptor *image, struct slice bundle)
{
	struct error err = ERROR_INIT;
	struct descriptor layer = {.media_type = BUNDLE_MEDIA_TYPE};
	struct manifest manifest = {.media_type = OCI_MANIFEST,
		.artifact_type = BUNDLE_MEDIA_TYPE,
		.config = {.media_type = OCI_EMPTY},
		.items = &layer,
		.count = 1,
		.has_subject = true,
		.subject = {.media_type = image->media_type,
			.digest = image->digest,
			.size = image->size}};

	MUST(repository_put_blob(repository, bundle, &layer, &err) == 0);
	keyless_put(repository, &manifest, NULL);
}

/* edit, or NULL: changes the layer's annotations, or the bundle, before it is put. */
typedef void keyless_edit(json_t *json, const void *context);

__attribute__((noinline)) static void keyless_attach(struct repository *repository,
	const struct descriptor *image, struct mock *mock, enum keyless_form form,
	const struct mock_options *options, keyless_edit *edit, const void *context)
{
	struct mock_options all = *options;
	struct slice blob = SLICE_EMPTY;
	json_t *json = NULL;
	char hex[DIGEST_TEXT_MAX];

	all.dsse = form != KEYLESS_SIG;
	if (!all.subject)
		all.subject = digest_format_hex(&image->digest, hex);
	if (!all.message)
		all.message = keyless_payload(image);
	if (form == KEYLESS_BUNDLE && !all.predicate_type)
		all.predicate_type = PREDICATE_SIGN;
	if (form == KEYLESS_BUNDLE)
		json = mock_bundle(mock, &all);
	else
		blob = mock_layer(mock, &all, &json);
	if (edit)
		edit(json, context);
	if (form == KEYLESS_BUNDLE)
		keyless_put_bundle(repository, image, mock_text(json));
	else
		keyless_put_layer(repository, image,
			form == KEYLESS_SIG ? ".sig" : ".att",
			form == KEYLESS_SIG ? SIMPLE_MEDIA_TYPE
					    : "application/vnd.dsse.envelope.v1+json",
			blob, json);
	json_decref(json);
}

#endif
