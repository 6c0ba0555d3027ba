/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/limits.h"
#include "signing/envelope_private.h"

int envelope_new(struct envelope **ret_envelope, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct envelope *envelope;

	if (arena_new(&arena, err) < 0)
		return err->class;
	envelope = arena_alloc(arena, sizeof(*envelope));
	if (!envelope)
		return error_set_memory(err);
	envelope->payload_type = "";
	envelope->arena = take_ptr(arena);
	*ret_envelope = envelope;
	return 0;
}

void envelope_free(struct envelope **envelope)
{
	struct arena *arena;

	if (!*envelope)
		return;
	arena = (*envelope)->arena; /* the envelope itself lies in it */
	arena_free(&arena);
	*envelope = NULL;
}

/* ---- reading ---- */

static int decode_into(struct arena *arena, struct slice text, const char *what,
	struct slice *ret_bytes, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	char *copy;

	if (base64_decode_lenient(text, &bytes, err) < 0)
		return error_wrap(err, "envelope: %s", what);
	copy = arena_strndup(arena, buffer_slice(&bytes));
	if (!copy)
		return error_set_memory(err);
	*ret_bytes = slice_from(copy, bytes.len);
	return 0;
}

static int parse_signature(const json_t *json, struct arena *arena,
	struct envelope_signature *signature, struct error *err)
{
	static const char *const keys[] = {"keyid", "sig", NULL};
	const char *keyid = "", *sig;

	if (!json_is_object(json))
		return error_set(
			err, ERR_INPUT, "envelope: a signature is not an object");
	if (json_only_keys(json, keys, "envelope.signatures", err) < 0 ||
		json_opt_string(json, "keyid", "envelope.signatures", &keyid, err) < 0 ||
		json_get_string(json, "sig", "envelope.signatures", &sig, err) < 0 ||
		decode_into(arena, slice_str(sig), "sig", &signature->signature, err) < 0)
		return err->class;
	if (signature->signature.len == 0)
		return error_set(err, ERR_INPUT, "envelope: a signature is empty");
	signature->keyid = arena_strdup(arena, keyid);
	return signature->keyid ? 0 : error_set_memory(err);
}

static int parse_signatures(
	const json_t *root, struct envelope *envelope, struct error *err)
{
	json_t *list;
	size_t count;

	if (json_get_array(root, "signatures", "envelope", LIMIT_SIGNATURES, &list, err) <
		0)
		return err->class;
	count = json_array_size(list);
	if (count == 0)
		return error_set(err, ERR_INPUT, "envelope: no signature in it");
	envelope->signatures =
		arena_array(envelope->arena, count, sizeof(*envelope->signatures));
	if (!envelope->signatures)
		return error_set_memory(err);
	envelope->signature_count = count;
	for (size_t i = 0; i < count; i++)
		if (parse_signature(json_array_get(list, i), envelope->arena,
			    &envelope->signatures[i], err) < 0)
			return err->class;
	return 0;
}

/* cut: the payload, if it is not in the tree; else NULL. */
static int parse_members(const json_t *root, const struct slice *cut,
	struct envelope *envelope, struct error *err)
{
	static const char *const keys[] = {"payload", "payloadType", "signatures", NULL};
	const char *type, *payload;

	if (!json_is_object(root))
		return error_set(err, ERR_INPUT, "envelope: not an object");
	if (json_only_keys(root, keys, "envelope", err) < 0 ||
		json_get_string(root, "payloadType", "envelope", &type, err) < 0 ||
		json_get_string(root, "payload", "envelope", &payload, err) < 0 ||
		decode_into(envelope->arena, cut ? *cut : slice_str(payload), "payload",
			&envelope->payload, err) < 0)
		return err->class;
	envelope->payload_type = arena_strdup(envelope->arena, type);
	if (!envelope->payload_type)
		return error_set_memory(err);
	return parse_signatures(root, envelope, err);
}

static int from_json(const json_t *json, const struct slice *cut,
	struct envelope **ret_envelope, struct error *err)
{
	cleanup_envelope struct envelope *envelope = NULL;

	if (envelope_new(&envelope, err) < 0 ||
		parse_members(json, cut, envelope, err) < 0)
		return err->class;
	*ret_envelope = take_ptr(envelope);
	return 0;
}

int envelope_from_json(
	const json_t *json, struct envelope **ret_envelope, struct error *err)
{
	return from_json(json, NULL, ret_envelope, err);
}

/*
 * The payload is nearly all of an envelope, and the JSON parser would copy it byte by
 * byte to look for escapes. Only members with plain texts may be before it, so that there
 * is no doubt where it is; what is in it is left to base64, which is stricter than JSON.
 * The parser gets the rest, with an empty payload. False: it gets all.
 */
static bool find_payload(struct slice json, size_t *ret_start, size_t *ret_len)
{
	static const struct slice key = SLICE("\"payload\":\"");
	size_t at = slice_find(json, key), quotes = 0, braces = 0;
	const char *end;

	if (at == SIZE_MAX)
		return false;
	for (size_t i = 0; i < at; i++) {
		quotes += json.data[i] == '"';
		braces += json.data[i] == '{';
		if (strchr("\\[]}", json.data[i])) /* NUL, too */
			return false;
	}
	at += key.len;
	end = memchr(json.data + at, '"', json.len - at);
	if (quotes % 2 != 0 || braces != 1 || !end)
		return false;
	*ret_start = at;
	*ret_len = (size_t)(end - json.data) - at;
	/* base64 would skip line breaks, which no JSON text has */
	return !memchr(json.data + at, '\n', *ret_len) &&
	       !memchr(json.data + at, '\r', *ret_len);
}

static int parse_cut(struct slice json, size_t start, size_t len,
	struct envelope **ret_envelope, struct error *err)
{
	const struct slice payload = slice_sub(json, start, len);
	cleanup_buffer struct buffer rest = BUFFER_INIT;
	cleanup_json json_t *root = NULL;

	if (buffer_add_slice(&rest, slice_sub(json, 0, start), err) < 0 ||
		buffer_add_slice(&rest, slice_sub(json, start + len, json.len), err) <
			0 ||
		json_load_slice(buffer_slice(&rest), "envelope", &root, err) < 0)
		return err->class;
	return from_json(root, &payload, ret_envelope, err);
}

int envelope_parse(struct slice json, struct envelope **ret_envelope, struct error *err)
{
	cleanup_json json_t *root = NULL;
	size_t start, len;

	if (json.len > LIMIT_ENVELOPE_BYTES)
		return error_set(err, ERR_INPUT, "envelope: more than %zu bytes",
			(size_t)LIMIT_ENVELOPE_BYTES);
	if (find_payload(json, &start, &len))
		return parse_cut(json, start, len, ret_envelope, err);
	if (json_load_slice(json, "envelope", &root, err) < 0)
		return err->class;
	return envelope_from_json(root, ret_envelope, err);
}

/* ---- writing ---- */

static int write_signature(
	const struct envelope_signature *signature, struct buffer *out, struct error *err)
{
	if (buffer_add_str(out, "{", err) < 0)
		return err->class;
	if (signature->keyid[0] != '\0' &&
		(buffer_add_str(out, "\"keyid\":", err) < 0 ||
			json_quote(slice_str(signature->keyid), out, err) < 0 ||
			buffer_add_str(out, ",", err) < 0))
		return err->class;
	if (buffer_add_str(out, "\"sig\":\"", err) < 0 ||
		base64_encode(signature->signature, out, err) < 0)
		return err->class;
	return buffer_add_str(out, "\"}", err);
}

int envelope_write(const struct envelope *envelope, struct buffer *out, struct error *err)
{
	if (buffer_add_str(out, "{\"payload\":\"", err) < 0 ||
		base64_encode(envelope->payload, out, err) < 0 ||
		buffer_add_str(out, "\",\"payloadType\":", err) < 0 ||
		json_quote(slice_str(envelope->payload_type), out, err) < 0 ||
		buffer_add_str(out, ",\"signatures\":[", err) < 0)
		return err->class;
	for (size_t i = 0; i < envelope->signature_count; i++)
		if ((i > 0 && buffer_add_str(out, ",", err) < 0) ||
			write_signature(&envelope->signatures[i], out, err) < 0)
			return err->class;
	return buffer_add_str(out, "]}", err);
}

/* ---- what is signed ---- */

/* DSSE protocol v1.0, "Signature Definition": lengths are of bytes, in decimal. */
int envelope_pae(const char *payload_type, struct slice payload, struct buffer *out,
	struct error *err)
{
	if (buffer_printf(out, err, "DSSEv1 %zu ", strlen(payload_type)) < 0 ||
		buffer_add_str(out, payload_type, err) < 0 ||
		buffer_printf(out, err, " %zu ", payload.len) < 0)
		return err->class;
	return buffer_add_slice(out, payload, err);
}

int envelope_verify(
	const struct envelope *envelope, const struct key *key, struct error *err)
{
	cleanup_buffer struct buffer pae = BUFFER_INIT;

	if (envelope_pae(envelope->payload_type, envelope->payload, &pae, err) < 0)
		return err->class;
	for (size_t i = 0; i < envelope->signature_count; i++) {
		struct error one = ERROR_INIT;

		if (key_verify(key, buffer_slice(&pae), envelope->signatures[i].signature,
			    &one) == 0)
			return 0;
		if (one.class != ERR_REFUSED) { /* could not be checked */
			*err = one;
			return err->class;
		}
	}
	return error_set(err, ERR_REFUSED,
		"none of the envelope's %zu signatures is by the given key",
		envelope->signature_count);
}
