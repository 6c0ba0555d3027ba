/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "signing/bundle.h"
#include "signing/envelope_private.h"

#define MATERIAL_ITEMS_MAX 32 /* log entries, certificates: as sigstore's own readers */

void bundle_free(struct bundle **bundle)
{
	struct arena *arena;

	if (!*bundle)
		return;
	envelope_free(&(*bundle)->envelope);
	json_done(&(*bundle)->material);
	arena = (*bundle)->arena; /* the bundle itself lies in it */
	arena_free(&arena);
	*bundle = NULL;
}

static int bundle_new(struct bundle **ret_bundle, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct bundle *bundle;

	if (arena_new(&arena, err) < 0)
		return err->class;
	bundle = arena_alloc(arena, sizeof(*bundle));
	if (!bundle)
		return error_set_memory(err);
	bundle->key_hint = "";
	bundle->arena = take_ptr(arena);
	*ret_bundle = bundle;
	return 0;
}

/* ---- reading ---- */

static bool media_type_is_known(const char *text)
{
	static const char *const known[] = {BUNDLE_MEDIA_TYPE,
		"application/vnd.dev.sigstore.bundle+json;version=0.1",
		"application/vnd.dev.sigstore.bundle+json;version=0.2",
		"application/vnd.dev.sigstore.bundle+json;version=0.3"};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i], text) == 0)
			return true;
	return false;
}

static int parse_media_type(const json_t *root, struct bundle *bundle, struct error *err)
{
	const char *media_type;

	if (json_get_string(root, "mediaType", "bundle", &media_type, err) < 0)
		return err->class;
	if (!media_type_is_known(media_type))
		return error_set(err, ERR_INPUT,
			"bundle: media type \"%.128s\" is not known", media_type);
	bundle->media_type = arena_strdup(bundle->arena, media_type);
	return bundle->media_type ? 0 : error_set_memory(err);
}

static int parse_public_key(
	const json_t *public_key, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"hint", NULL};
	const char *where = "bundle.verificationMaterial.publicKey", *hint = "";

	if (json_only_keys(public_key, keys, where, err) < 0 ||
		json_opt_string(public_key, "hint", where, &hint, err) < 0)
		return err->class;
	bundle->has_key = true;
	bundle->key_hint = arena_strdup(bundle->arena, hint);
	return bundle->key_hint ? 0 : error_set_memory(err);
}

static int parse_material(const json_t *root, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"publicKey", "certificate",
		"x509CertificateChain", "tlogEntries", "timestampVerificationData", NULL};
	const char *where = "bundle.verificationMaterial";
	json_t *material, *key = NULL, *certificate = NULL, *chain = NULL,
			  *ignored = NULL;

	if (json_get_object(root, "verificationMaterial", "bundle", &material, err) < 0 ||
		json_only_keys(material, keys, where, err) < 0 ||
		json_opt_object(material, "publicKey", where, &key, err) < 0 ||
		json_opt_object(material, "certificate", where, &certificate, err) < 0 ||
		json_opt_object(material, "x509CertificateChain", where, &chain, err) <
			0 ||
		json_opt_array(material, "tlogEntries", where, MATERIAL_ITEMS_MAX,
			&ignored, err) < 0 ||
		json_opt_object(
			material, "timestampVerificationData", where, &ignored, err) < 0)
		return err->class;
	if (!!key + !!certificate + !!chain != 1)
		return error_set(err, ERR_INPUT,
			"%s: exactly one of publicKey, certificate, x509CertificateChain "
			"is "
			"needed",
			where);
	bundle->material = json_incref(material);
	return key ? parse_public_key(key, bundle, err) : 0;
}

static int parse_content(const json_t *root, struct bundle *bundle, struct error *err)
{
	json_t *envelope = NULL, *message = NULL;

	if (json_opt_object(root, "dsseEnvelope", "bundle", &envelope, err) < 0 ||
		json_opt_object(root, "messageSignature", "bundle", &message, err) < 0)
		return err->class;
	if (!envelope || message)
		return error_set(err, ERR_INPUT,
			"bundle: it must hold a DSSE envelope and no other signature");
	if (envelope_from_json(envelope, &bundle->envelope, err) < 0)
		return error_wrap(err, "bundle");
	if (bundle->envelope->signature_count != 1)
		return error_set(err, ERR_INPUT,
			"bundle: %zu signatures in the envelope, exactly one is allowed",
			bundle->envelope->signature_count);
	return 0;
}

int bundle_parse(struct slice json, struct bundle **ret_bundle, struct error *err)
{
	static const char *const keys[] = {"mediaType", "verificationMaterial",
		"dsseEnvelope", "messageSignature", NULL};
	cleanup_bundle struct bundle *bundle = NULL;
	cleanup_json json_t *root = NULL;

	if (json.len > LIMIT_ENVELOPE_BYTES)
		return error_set(err, ERR_INPUT, "bundle: more than %zu bytes",
			(size_t)LIMIT_ENVELOPE_BYTES);
	if (json_load_slice(json, "bundle", &root, err) < 0)
		return err->class;
	if (!json_is_object(root))
		return error_set(err, ERR_INPUT, "bundle: not an object");
	if (json_only_keys(root, keys, "bundle", err) < 0 ||
		bundle_new(&bundle, err) < 0 || parse_media_type(root, bundle, err) < 0 ||
		parse_material(root, bundle, err) < 0 ||
		parse_content(root, bundle, err) < 0)
		return err->class;
	*ret_bundle = take_ptr(bundle);
	return 0;
}

/* ---- writing ---- */

int bundle_write(const struct envelope *envelope, const struct key *key,
	struct buffer *out, struct error *err)
{
	if (envelope->signature_count != 1 || envelope->signatures[0].keyid[0] != '\0')
		return error_set(err, ERR_BUG,
			"a bundle's envelope has one signature and no keyid");
	if (buffer_add_str(out, "{\"dsseEnvelope\":", err) < 0 ||
		envelope_write(envelope, out, err) < 0 ||
		buffer_add_str(out,
			",\"mediaType\":\"" BUNDLE_MEDIA_TYPE
			"\",\"verificationMaterial\":{\"publicKey\":{\"hint\":\"",
			err) < 0 ||
		key_hint(key, out, err) < 0)
		return err->class;
	return buffer_add_str(out, "\"}}}", err);
}
