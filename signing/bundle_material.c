/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "signing/bundle_private.h"
#include "signing/proto_private.h"

#define MATERIAL          "bundle.verificationMaterial"
#define PROMISE_BYTES_MAX 1024
#define ID_BYTES_MAX      64
#define CHECKPOINT_MAX    (64 * KIB)

static int new_list(const json_t *list, struct arena *arena, size_t item_size,
	void *pointer_to_items, size_t *ret_count, struct error *err)
{
	void **items = pointer_to_items;

	*items = arena_array(arena, json_array_size(list), item_size);
	if (!*items)
		return error_set_memory(err);
	*ret_count = json_array_size(list);
	return 0;
}

/* ---- who signed ---- */

static int read_public_key(
	const json_t *public_key, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"hint", NULL};
	const char *where = MATERIAL ".publicKey", *hint = "";

	if (json_only_keys(public_key, keys, where, err) < 0 ||
		json_opt_string(public_key, "hint", where, &hint, err) < 0)
		return err->class;
	bundle->has_key = true;
	bundle->key_hint = arena_strdup(bundle->arena, hint);
	return bundle->key_hint ? 0 : error_set_memory(err);
}

static int read_certificate(
	const json_t *certificate, struct bundle *bundle, struct error *err)
{
	if (bundle->version < 3)
		return error_set(err, ERR_INPUT,
			MATERIAL ".certificate: only from version 0.3 on");
	bundle->certificates =
		arena_array(bundle->arena, 1, sizeof(*bundle->certificates));
	if (!bundle->certificates)
		return error_set_memory(err);
	bundle->certificate_count = 1;
	return proto_raw_bytes(certificate, MATERIAL ".certificate", LIMIT_KEY_BYTES,
		bundle->arena, &bundle->certificates[0], err);
}

static int read_chain(const json_t *chain, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"certificates", NULL};
	const char *where = MATERIAL ".x509CertificateChain";
	json_t *list;

	if (bundle->version >= 3)
		return error_set(err, ERR_INPUT, "%s: only up to version 0.2", where);
	if (json_only_keys(chain, keys, where, err) < 0 ||
		json_get_array(
			chain, "certificates", where, BUNDLE_ITEMS_MAX, &list, err) < 0)
		return err->class;
	if (json_array_size(list) == 0)
		return error_set(err, ERR_INPUT, "%s: no certificate in it", where);
	if (new_list(list, bundle->arena, sizeof(*bundle->certificates),
		    &bundle->certificates, &bundle->certificate_count, err) < 0)
		return err->class;
	for (size_t i = 0; i < bundle->certificate_count; i++)
		if (proto_raw_bytes(json_array_get(list, i), where, LIMIT_KEY_BYTES,
			    bundle->arena, &bundle->certificates[i], err) < 0)
			return err->class;
	return 0;
}

static int read_signer(const json_t *material, struct bundle *bundle, struct error *err)
{
	json_t *key = NULL, *certificate = NULL, *chain = NULL;

	if (json_opt_object(material, "publicKey", MATERIAL, &key, err) < 0 ||
		json_opt_object(material, "certificate", MATERIAL, &certificate, err) <
			0 ||
		json_opt_object(material, "x509CertificateChain", MATERIAL, &chain, err) <
			0)
		return err->class;
	if (!!key + !!certificate + !!chain != 1)
		return error_set(err, ERR_INPUT,
			MATERIAL ": exactly one of publicKey, certificate, "
				 "x509CertificateChain is needed");
	if (key)
		return read_public_key(key, bundle, err);
	return certificate ? read_certificate(certificate, bundle, err)
			   : read_chain(chain, bundle, err);
}

/* ---- log entries ---- */

static int read_hashes(const json_t *json, const char *where, struct arena *arena,
	struct inclusion_proof *proof, struct error *err)
{
	cleanup_json json_t *one = NULL;
	json_t *list = NULL;

	if (json_opt_array(json, "hashes", where, BUNDLE_HASHES_MAX, &list, err) < 0)
		return err->class;
	if (!list)
		return 0;
	if (new_list(list, arena, sizeof(*proof->hashes), &proof->hashes,
		    &proof->hash_count, err) < 0)
		return err->class;
	one = json_object();
	for (size_t i = 0; i < proof->hash_count; i++) {
		if (json_set(one, "hash", json_incref(json_array_get(list, i)), err) <
				0 ||
			proto_bytes(one, "hash", where, BUNDLE_HASH_BYTES, arena,
				&proof->hashes[i], err) < 0)
			return err->class;
		if (proof->hashes[i].len != BUNDLE_HASH_BYTES)
			return error_set(err, ERR_INPUT, "%s.hashes[%zu]: not %d bytes",
				where, i, BUNDLE_HASH_BYTES);
	}
	return 0;
}

static int read_checkpoint(const json_t *json, const char *where, struct arena *arena,
	struct inclusion_proof *proof, struct error *err)
{
	static const char *const keys[] = {"envelope", NULL};
	const char *text = "";
	json_t *checkpoint = NULL;

	if (json_opt_object(json, "checkpoint", where, &checkpoint, err) < 0)
		return err->class;
	if (!checkpoint)
		return 0;
	if (json_only_keys(checkpoint, keys, where, err) < 0 ||
		json_opt_string(checkpoint, "envelope", where, &text, err) < 0)
		return err->class;
	if (strlen(text) > CHECKPOINT_MAX)
		return error_set(err, ERR_INPUT, "%s.checkpoint: more than %zu bytes",
			where, CHECKPOINT_MAX);
	text = arena_strdup(arena, text);
	if (!text)
		return error_set_memory(err);
	proof->checkpoint = slice_str(text);
	return 0;
}

static int read_proof(const json_t *json, struct arena *arena,
	struct inclusion_proof **ret_proof, struct error *err)
{
	static const char *const keys[] = {
		"logIndex", "rootHash", "treeSize", "hashes", "checkpoint", NULL};
	const char *where = "bundle.tlogEntries.inclusionProof";
	struct inclusion_proof *proof = arena_alloc(arena, sizeof(*proof));

	if (!proof)
		return error_set_memory(err);
	if (json_only_keys(json, keys, where, err) < 0 ||
		proto_u63(json, "logIndex", where, &proof->log_index, err) < 0 ||
		proto_u63(json, "treeSize", where, &proof->tree_size, err) < 0 ||
		proto_bytes(json, "rootHash", where, BUNDLE_HASH_BYTES, arena,
			&proof->root, err) < 0 ||
		read_hashes(json, where, arena, proof, err) < 0 ||
		read_checkpoint(json, where, arena, proof, err) < 0)
		return err->class;
	if (proof->root.len != BUNDLE_HASH_BYTES)
		return error_set(err, ERR_INPUT, "%s.rootHash: not %d bytes", where,
			BUNDLE_HASH_BYTES);
	*ret_proof = proof;
	return 0;
}

static int read_promise(const json_t *json, const char *where, struct arena *arena,
	struct log_entry *entry, struct error *err)
{
	static const char *const keys[] = {"signedEntryTimestamp", NULL};
	json_t *promise = NULL;

	if (json_opt_object(json, "inclusionPromise", where, &promise, err) < 0)
		return err->class;
	if (!promise)
		return 0;
	if (json_only_keys(promise, keys, where, err) < 0)
		return err->class;
	return proto_opt_bytes(promise, "signedEntryTimestamp", where, PROMISE_BYTES_MAX,
		arena, &entry->promise, err);
}

static int read_names(const json_t *json, const char *where, struct arena *arena,
	struct log_entry *entry, struct error *err)
{
	static const char *const id_keys[] = {"keyId", NULL};
	static const char *const kind_keys[] = {"kind", "version", NULL};
	json_t *id, *kind;

	if (json_get_object(json, "logId", where, &id, err) < 0 ||
		json_only_keys(id, id_keys, where, err) < 0 ||
		proto_bytes(id, "keyId", where, ID_BYTES_MAX, arena, &entry->log_id,
			err) < 0 ||
		json_get_object(json, "kindVersion", where, &kind, err) < 0 ||
		json_only_keys(kind, kind_keys, where, err) < 0 ||
		proto_text(kind, "kind", where, arena, &entry->kind, err) < 0)
		return err->class;
	return proto_text(kind, "version", where, arena, &entry->version, err);
}

static int read_entry(const json_t *json, struct arena *arena, struct log_entry *entry,
	struct error *err)
{
	static const char *const keys[] = {"logIndex", "logId", "kindVersion",
		"integratedTime", "inclusionPromise", "inclusionProof",
		"canonicalizedBody", NULL};
	const char *where = "bundle.tlogEntries";
	json_t *proof = NULL;
	uint64_t time;

	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "%s: not an object", where);
	if (json_only_keys(json, keys, where, err) < 0 ||
		proto_u63(json, "logIndex", where, &entry->log_index, err) < 0 ||
		read_names(json, where, arena, entry, err) < 0 ||
		proto_u63(json, "integratedTime", where, &time, err) < 0 ||
		read_promise(json, where, arena, entry, err) < 0 ||
		json_opt_object(json, "inclusionProof", where, &proof, err) < 0 ||
		(proof && read_proof(proof, arena, &entry->proof, err) < 0))
		return err->class;
	entry->integrated_time = (int64_t)time; /* below 2^63 */
	return proto_bytes(json, "canonicalizedBody", where, LIMIT_ENVELOPE_BYTES, arena,
		&entry->body, err);
}

static int read_entries(const json_t *material, struct bundle *bundle, struct error *err)
{
	json_t *list = NULL;

	if (json_opt_array(
		    material, "tlogEntries", MATERIAL, BUNDLE_ITEMS_MAX, &list, err) < 0)
		return err->class;
	if (!list)
		return 0;
	if (new_list(list, bundle->arena, sizeof(*bundle->entries), &bundle->entries,
		    &bundle->entry_count, err) < 0)
		return err->class;
	for (size_t i = 0; i < bundle->entry_count; i++)
		if (read_entry(json_array_get(list, i), bundle->arena,
			    &bundle->entries[i], err) < 0)
			return err->class;
	return 0;
}

/* ---- time stamps ---- */

static int read_timestamp(const json_t *json, const char *where, struct bundle *bundle,
	size_t at, struct error *err)
{
	static const char *const keys[] = {"signedTimestamp", NULL};

	if (!json_is_object(json))
		return error_set(
			err, ERR_INPUT, "%s: a time stamp is not an object", where);
	if (json_only_keys(json, keys, where, err) < 0)
		return err->class;
	return proto_bytes(json, "signedTimestamp", where, LIMIT_KEY_BYTES, bundle->arena,
		&bundle->timestamps[at], err);
}

static int read_timestamps(
	const json_t *material, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"rfc3161Timestamps", NULL};
	const char *where = MATERIAL ".timestampVerificationData";
	json_t *data = NULL, *list = NULL;

	if (json_opt_object(material, "timestampVerificationData", MATERIAL, &data, err) <
		0)
		return err->class;
	if (!data)
		return 0;
	if (json_only_keys(data, keys, where, err) < 0 ||
		json_opt_array(data, "rfc3161Timestamps", where, BUNDLE_ITEMS_MAX, &list,
			err) < 0)
		return err->class;
	if (!list)
		return 0;
	if (new_list(list, bundle->arena, sizeof(*bundle->timestamps),
		    &bundle->timestamps, &bundle->timestamp_count, err) < 0)
		return err->class;
	for (size_t i = 0; i < bundle->timestamp_count; i++)
		if (read_timestamp(json_array_get(list, i), where, bundle, i, err) < 0)
			return err->class;
	return 0;
}

int bundle_read_material(const json_t *root, struct bundle *bundle, struct error *err)
{
	static const char *const keys[] = {"publicKey", "certificate",
		"x509CertificateChain", "tlogEntries", "timestampVerificationData", NULL};
	json_t *material;

	if (json_get_object(root, "verificationMaterial", "bundle", &material, err) < 0 ||
		json_only_keys(material, keys, MATERIAL, err) < 0 ||
		read_signer(material, bundle, err) < 0 ||
		read_entries(material, bundle, err) < 0)
		return err->class;
	return read_timestamps(material, bundle, err);
}
