/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/limits.h"
#include "signing/bundle_private.h"
#include "signing/envelope_private.h"
#include "signing/proto_private.h"

void bundle_free(struct bundle **bundle)
{
	struct arena *arena;

	if (!*bundle)
		return;
	envelope_free(&(*bundle)->envelope);
	arena = (*bundle)->arena; /* the bundle itself lies in it */
	arena_free(&arena);
	*bundle = NULL;
}

int bundle_new(struct bundle **ret_bundle, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct bundle *bundle;

	if (arena_new(&arena, err) < 0)
		return err->class;
	bundle = arena_alloc(arena, sizeof(*bundle));
	if (!bundle)
		return error_set_memory(err);
	bundle->version = 1;
	bundle->key_hint = "";
	bundle->arena = take_ptr(arena);
	*ret_bundle = bundle;
	return 0;
}

/* ---- reading ---- */

static const struct {
	const char *media_type;
	unsigned version;
} versions[] = {
	{"application/vnd.dev.sigstore.bundle+json;version=0.1", 1},
	{"application/vnd.dev.sigstore.bundle+json;version=0.2", 2},
	{"application/vnd.dev.sigstore.bundle+json;version=0.3", 3},
	{BUNDLE_MEDIA_TYPE, 3},
};

static int parse_media_type(const json_t *root, struct bundle *bundle, struct error *err)
{
	const char *media_type;

	if (json_get_string(root, "mediaType", "bundle", &media_type, err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (strcmp(versions[i].media_type, media_type) == 0) {
			bundle->media_type = versions[i].media_type;
			bundle->version = versions[i].version;
			return 0;
		}
	return error_set(
		err, ERR_INPUT, "bundle: media type \"%.128s\" is not known", media_type);
}

static int parse_message_digest(
	const json_t *json, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"algorithm", "digest", NULL};
	const char *where = "bundle.messageSignature.messageDigest", *algorithm;
	struct digest digest = {.len = 0};
	struct slice bytes;

	if (json_only_keys(json, keys, where, err) < 0 ||
		json_get_string(json, "algorithm", where, &algorithm, err) < 0 ||
		proto_bytes(json, "digest", where, DIGEST_BYTES_MAX, bundle->arena,
			&bytes, err) < 0)
		return err->class;
	if (strcmp(algorithm, "SHA2_256") == 0)
		digest.algorithm = DIGEST_SHA256;
	else if (strcmp(algorithm, "SHA2_512") == 0)
		digest.algorithm = DIGEST_SHA512;
	else
		return error_set(err, ERR_INPUT, "%s: \"%.32s\" is not supported", where,
			algorithm);
	digest.len = digest_algorithm_len(digest.algorithm);
	if (bytes.len != digest.len)
		return error_set(err, ERR_INPUT, "%s: %zu bytes are not %s", where,
			bytes.len, algorithm);
	memcpy(digest.bytes, bytes.data, bytes.len);
	bundle->message_digest = digest;
	return 0;
}

static int parse_message(const json_t *json, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"messageDigest", "signature", NULL};
	const char *where = "bundle.messageSignature";
	json_t *digest = NULL;

	if (json_only_keys(json, keys, where, err) < 0 ||
		json_opt_object(json, "messageDigest", where, &digest, err) < 0 ||
		(digest && parse_message_digest(digest, bundle, err) < 0))
		return err->class;
	return proto_bytes(json, "signature", where, LIMIT_KEY_BYTES, bundle->arena,
		&bundle->message_signature, err);
}

static int parse_content(const json_t *root, struct bundle *bundle, struct error *err)
{
	json_t *envelope = NULL, *message = NULL;

	if (json_opt_object(root, "dsseEnvelope", "bundle", &envelope, err) < 0 ||
		json_opt_object(root, "messageSignature", "bundle", &message, err) < 0)
		return err->class;
	if (!envelope == !message)
		return error_set(err, ERR_INPUT,
			"bundle: it must hold a DSSE envelope or a message "
			"signature, and no other signature");
	if (message)
		return parse_message(message, bundle, err);
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
		bundle_read_material(root, bundle, err) < 0 ||
		parse_content(root, bundle, err) < 0)
		return err->class;
	*ret_bundle = take_ptr(bundle);
	return 0;
}

/* ---- writing ---- */

static int add_base64(
	const char *before, struct slice bytes, struct buffer *out, struct error *err)
{
	if (buffer_add_str(out, before, err) < 0 || base64_encode(bytes, out, err) < 0)
		return err->class;
	return buffer_add_str(out, "\"}", err);
}

static int write_material(
	const struct bundle_material *material, struct buffer *out, struct error *err)
{
	const struct digest *id = key_id(material->key);
	struct slice certificate = material->certificate;

	if (certificate.len > 0 ? add_base64("\"certificate\":{\"rawBytes\":\"",
					  certificate, out, err) < 0
				: add_base64("\"publicKey\":{\"hint\":\"",
					  slice_from(id->bytes, id->len), out, err) < 0)
		return err->class;
	if (material->timestamp.len == 0)
		return 0;
	if (add_base64(",\"timestampVerificationData\":{\"rfc3161Timestamps\":["
		       "{\"signedTimestamp\":\"",
		    material->timestamp, out, err) < 0)
		return err->class;
	return buffer_add_str(out, "]}", err);
}

int bundle_write(const struct envelope *envelope, const struct key *key,
	struct buffer *out, struct error *err)
{
	struct bundle_material material = {.key = key};

	return bundle_write_with(envelope, &material, out, err);
}

int bundle_write_with(const struct envelope *envelope,
	const struct bundle_material *material, struct buffer *out, struct error *err)
{
	if (envelope->signature_count != 1 || envelope->signatures[0].keyid[0] != '\0')
		return error_set(err, ERR_BUG,
			"a bundle's envelope has one signature and no keyid");
	if (buffer_add_str(out, "{\"dsseEnvelope\":", err) < 0 ||
		envelope_write(envelope, out, err) < 0 ||
		buffer_add_str(out,
			",\"mediaType\":\"" BUNDLE_MEDIA_TYPE
			"\",\"verificationMaterial\":{",
			err) < 0 ||
		write_material(material, out, err) < 0)
		return err->class;
	return buffer_add_str(out, "}}", err);
}
