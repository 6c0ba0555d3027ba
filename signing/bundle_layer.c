/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/bundle_layer.h"

#include <jansson.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/limits.h"
#include "signing/pem.h"
#include "signing/proto_private.h"

#define REKOR     "annotation " LAYER_REKOR
#define TIMESTAMP "annotation " LAYER_TIMESTAMP

static int copy(struct arena *arena, struct slice bytes, struct slice *ret_copy,
	struct error *err)
{
	const char *data = arena_strndup(arena, bytes);

	if (!data)
		return error_set_memory(err);
	*ret_copy = slice_from(data, bytes.len);
	return 0;
}

/* ---- certificate ---- */

static int read_certificate(const char *text, struct bundle *bundle, struct error *err)
{
	cleanup_buffer struct buffer der = BUFFER_INIT;
	struct slice label;

	bundle->has_key = !text;
	if (!text)
		return 0;
	if (strlen(text) > LIMIT_KEY_BYTES)
		return error_set(err, ERR_INPUT, "the certificate is more than %zu bytes",
			LIMIT_KEY_BYTES);
	if (pem_decode(slice_str(text), &label, &der, err) < 0)
		return error_wrap(err, "annotation " LAYER_CERTIFICATE);
	if (!slice_equal_str(label, "CERTIFICATE"))
		return error_set(err, ERR_INPUT,
			"annotation " LAYER_CERTIFICATE ": not a certificate");
	bundle->certificates =
		arena_array(bundle->arena, 1, sizeof(*bundle->certificates));
	if (!bundle->certificates)
		return error_set_memory(err);
	bundle->certificate_count = 1;
	return copy(bundle->arena, buffer_slice(&der), &bundle->certificates[0], err);
}

/* ---- log entry ---- */

static int load_object(
	const char *text, const char *where, json_t **ret_json, struct error *err)
{
	cleanup_json json_t *json = NULL;

	if (strlen(text) > LIMIT_SIGNATURE_BYTES)
		return error_set(err, ERR_INPUT, "%s: more than %zu bytes", where,
			LIMIT_SIGNATURE_BYTES);
	if (json_load_slice(slice_str(text), where, &json, err) < 0)
		return err->class;
	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "%s: not an object", where);
	*ret_json = take_ptr(json);
	return 0;
}

/* The annotation does not tell the kind; the body, which the log signed, does. */
static int read_kind(struct log_entry *entry, struct arena *arena, struct error *err)
{
	cleanup_json json_t *body = NULL;

	if (json_load_slice(entry->body, "body of the log entry", &body, err) < 0)
		return err->class;
	if (!json_is_object(body))
		return error_set(err, ERR_INPUT, REKOR ": its body is not an object");
	if (proto_text(body, "kind", REKOR, arena, &entry->kind, err) < 0)
		return err->class;
	return proto_text(body, "apiVersion", REKOR, arena, &entry->version, err);
}

static int read_log_id(const json_t *payload, struct arena *arena, struct slice *ret_id,
	struct error *err)
{
	uint8_t id[BUNDLE_HASH_BYTES];
	const char *hex;

	if (json_get_string(payload, "logID", REKOR, &hex, err) < 0)
		return err->class;
	if (hex_decode(slice_str(hex), id, sizeof(id), err) < 0)
		return error_wrap(err, REKOR ".logID");
	return copy(arena, slice_from(id, sizeof(id)), ret_id, err);
}

static int read_payload(const json_t *payload, struct log_entry *entry,
	struct arena *arena, struct error *err)
{
	static const char *const keys[] = {
		"body", "integratedTime", "logIndex", "logID", NULL};
	uint64_t time;

	if (json_only_keys(payload, keys, REKOR ".Payload", err) < 0 ||
		proto_bytes(payload, "body", REKOR, LIMIT_SIGNATURE_BYTES, arena,
			&entry->body, err) < 0 ||
		proto_u63(payload, "integratedTime", REKOR, &time, err) < 0 ||
		proto_u63(payload, "logIndex", REKOR, &entry->log_index, err) < 0 ||
		read_log_id(payload, arena, &entry->log_id, err) < 0)
		return err->class;
	entry->integrated_time = (int64_t)time; /* at most INT64_MAX */
	return read_kind(entry, arena, err);
}

static int read_rekor(const char *text, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"SignedEntryTimestamp", "Payload", NULL};
	cleanup_json json_t *json = NULL;
	json_t *payload;

	if (!text)
		return 0;
	bundle->entries = arena_array(bundle->arena, 1, sizeof(*bundle->entries));
	if (!bundle->entries)
		return error_set_memory(err);
	bundle->entry_count = 1;
	if (load_object(text, REKOR, &json, err) < 0 ||
		json_only_keys(json, keys, REKOR, err) < 0 ||
		proto_bytes(json, "SignedEntryTimestamp", REKOR, LIMIT_KEY_BYTES,
			bundle->arena, &bundle->entries[0].promise, err) < 0 ||
		json_get_object(json, "Payload", REKOR, &payload, err) < 0)
		return err->class;
	return read_payload(payload, &bundle->entries[0], bundle->arena, err);
}

/* ---- time stamp ---- */

static int read_timestamp(const char *text, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"SignedRFC3161Timestamp", NULL};
	cleanup_json json_t *json = NULL;

	if (!text)
		return 0;
	bundle->timestamps = arena_array(bundle->arena, 1, sizeof(*bundle->timestamps));
	if (!bundle->timestamps)
		return error_set_memory(err);
	bundle->timestamp_count = 1;
	if (load_object(text, TIMESTAMP, &json, err) < 0 ||
		json_only_keys(json, keys, TIMESTAMP, err) < 0)
		return err->class;
	return proto_bytes(json, "SignedRFC3161Timestamp", TIMESTAMP, LIMIT_KEY_BYTES,
		bundle->arena, &bundle->timestamps[0], err);
}

/* ---- the whole ---- */

static int read_annotations(const struct layer_annotations *annotations,
	struct bundle *bundle, struct error *err)
{
	if (read_certificate(annotations->certificate, bundle, err) < 0 ||
		read_rekor(annotations->rekor, bundle, err) < 0)
		return err->class;
	return read_timestamp(annotations->timestamp, bundle, err);
}

int bundle_from_signature(struct slice signature,
	const struct layer_annotations *annotations, struct bundle **ret_bundle,
	struct error *err)
{
	cleanup_bundle struct bundle *bundle = NULL;

	if (signature.len == 0 || signature.len > LIMIT_KEY_BYTES)
		return error_set(
			err, ERR_INPUT, "a signature of %zu bytes", signature.len);
	if (bundle_new(&bundle, err) < 0 ||
		copy(bundle->arena, signature, &bundle->message_signature, err) < 0 ||
		read_annotations(annotations, bundle, err) < 0)
		return err->class;
	*ret_bundle = take_ptr(bundle);
	return 0;
}

int bundle_from_envelope(struct slice envelope_text,
	const struct layer_annotations *annotations, struct bundle **ret_bundle,
	struct error *err)
{
	cleanup_bundle struct bundle *bundle = NULL;

	if (bundle_new(&bundle, err) < 0 ||
		envelope_parse(envelope_text, &bundle->envelope, err) < 0)
		return err->class;
	if (bundle->envelope->signature_count != 1)
		return error_set(err, ERR_INPUT,
			"%zu signatures in the envelope, beside a certificate exactly "
			"one is allowed",
			bundle->envelope->signature_count);
	if (copy(bundle->arena, envelope_text, &bundle->envelope_text, err) < 0 ||
		read_annotations(annotations, bundle, err) < 0)
		return err->class;
	*ret_bundle = take_ptr(bundle);
	return 0;
}
