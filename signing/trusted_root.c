/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/trusted_root.h"

#include <jansson.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "signing/key_private.h"
#include "signing/proto_private.h"

#define ID_BYTES_MAX 64

bool time_window_holds(const struct time_window *window, int64_t time)
{
	return time >= window->start && time <= window->end;
}

const struct trusted_log *trusted_log_find(
	const struct trusted_log *logs, size_t count, struct slice id)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(logs[i].id, id))
			return &logs[i];
	return NULL;
}

static void free_keys(struct trusted_log *logs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		key_free(&logs[i].key);
}

void trusted_root_free(struct trusted_root **root)
{
	struct arena *arena;

	if (!*root)
		return;
	free_keys((*root)->logs, (*root)->log_count);
	free_keys((*root)->ct_logs, (*root)->ct_log_count);
	arena = (*root)->arena; /* the root itself lies in it */
	arena_free(&arena);
	*root = NULL;
}

static int root_new(struct trusted_root **ret_root, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct trusted_root *root;

	if (arena_new(&arena, err) < 0)
		return err->class;
	root = arena_alloc(arena, sizeof(*root));
	if (!root)
		return error_set_memory(err);
	root->arena = take_ptr(arena);
	*ret_root = root;
	return 0;
}

/* ---- parts ---- */

static int read_window(const json_t *object, const char *where,
	struct time_window *window, struct error *err)
{
	static const char *const keys[] = {"start", "end", NULL};
	const char *start, *end = NULL;
	json_t *range;

	window->end = INT64_MAX;
	if (json_get_object(object, "validFor", where, &range, err) < 0 ||
		json_only_keys(range, keys, where, err) < 0 ||
		json_get_string(range, "start", where, &start, err) < 0 ||
		json_opt_string(range, "end", where, &end, err) < 0)
		return err->class;
	if (clock_parse(slice_str(start), &window->start, err) < 0 ||
		(end && clock_parse(slice_str(end), &window->end, err) < 0))
		return error_wrap(err, "%s.validFor", where);
	if (window->end < window->start)
		return error_set(
			err, ERR_INPUT, "%s.validFor: ends before it starts", where);
	return 0;
}

/* sigstore_common.proto, PublicKeyDetails; of those that are not named here we cannot
 * check signatures. */
static const struct {
	const char *name;
	enum key_type type;
	bool pkcs1;
} details[] = {
	{"PKIX_ECDSA_P256_SHA_256", KEY_ECDSA_P256, false},
	{"PKIX_ECDSA_P384_SHA_384", KEY_ECDSA_P384, false},
	{"PKIX_ECDSA_P521_SHA_512", KEY_ECDSA_P521, false},
	{"PKIX_ED25519", KEY_ED25519, false},
	{"PKCS1_RSA_PKCS1V5", KEY_RSA, true},
	{"PKIX_RSA_PKCS1V5", KEY_RSA, false},
	{"PKIX_RSA_PKCS1V15_2048_SHA256", KEY_RSA, false},
	{"PKIX_RSA_PKCS1V15_3072_SHA256", KEY_RSA, false},
	{"PKIX_RSA_PKCS1V15_4096_SHA256", KEY_RSA, false},
};

static int make_key(const char *detail, struct slice bytes, const char *where,
	struct key **ret_key, struct error *err)
{
	cleanup_key struct key *key = NULL;

	for (size_t i = 0; i < ARRAY_LEN(details); i++) {
		if (strcmp(details[i].name, detail) != 0)
			continue;
		if ((details[i].pkcs1 ? key_from_pkcs1(bytes, &key, err)
				      : key_from_der(bytes, &key, err)) < 0)
			return error_wrap(err, "%s", where);
		if (key_get_type(key) != details[i].type)
			return error_set(err, ERR_INPUT, "%s: the key is %s, not %s",
				where, key_type_name(key_get_type(key)), detail);
		*ret_key = take_ptr(key);
	}
	return 0;
}

static int read_key(const json_t *object, const char *where, struct arena *arena,
	struct trusted_log *log, struct error *err)
{
	static const char *const keys[] = {"rawBytes", "keyDetails", "validFor", NULL};
	const char *detail;
	struct slice bytes;
	json_t *key;

	if (json_get_object(object, "publicKey", where, &key, err) < 0 ||
		json_only_keys(key, keys, where, err) < 0 ||
		proto_bytes(key, "rawBytes", where, LIMIT_KEY_BYTES, arena, &bytes, err) <
			0 ||
		json_get_string(key, "keyDetails", where, &detail, err) < 0 ||
		read_window(key, where, &log->window, err) < 0)
		return err->class;
	return make_key(detail, bytes, where, &log->key, err);
}

static int read_id(const json_t *id, const char *where, struct arena *arena,
	struct slice *ret_id, struct error *err)
{
	static const char *const keys[] = {"keyId", NULL};

	if (json_only_keys(id, keys, where, err) < 0 ||
		proto_bytes(id, "keyId", where, ID_BYTES_MAX, arena, ret_id, err) < 0)
		return err->class;
	if (ret_id->len < 4)
		return error_set(err, ERR_INPUT, "%s.keyId: too short", where);
	return 0;
}

static int read_log(const json_t *json, const char *where, struct arena *arena,
	void *item, struct error *err)
{
	static const char *const keys[] = {"baseUrl", "hashAlgorithm", "publicKey",
		"logId", "checkpointKeyId", "operator", NULL};
	const char *algorithm = "SHA2_256", *base_url = "";
	json_t *id, *checkpoint_id = NULL;
	struct trusted_log *log = item;

	if (json_only_keys(json, keys, where, err) < 0 ||
		json_opt_string(json, "baseUrl", where, &base_url, err) < 0 ||
		json_opt_string(json, "hashAlgorithm", where, &algorithm, err) < 0 ||
		json_get_object(json, "logId", where, &id, err) < 0 ||
		read_id(id, where, arena, &log->id, err) < 0 ||
		json_opt_object(json, "checkpointKeyId", where, &checkpoint_id, err) < 0)
		return err->class;
	if (strcmp(algorithm, "SHA2_256") != 0)
		return error_set(err, ERR_INPUT,
			"%s.hashAlgorithm: \"%.32s\" is not SHA2_256", where, algorithm);
	log->checkpoint_id = log->id;
	if (checkpoint_id &&
		read_id(checkpoint_id, where, arena, &log->checkpoint_id, err) < 0)
		return err->class;
	log->base_url = arena_strdup(arena, base_url);
	if (!log->base_url)
		return error_set_memory(err);
	return read_key(json, where, arena, log, err);
}

static int read_chain(const json_t *json, const char *where, struct arena *arena,
	struct trusted_authority *authority, struct error *err)
{
	static const char *const keys[] = {"certificates", NULL};
	json_t *chain, *list;

	if (json_get_object(json, "certChain", where, &chain, err) < 0 ||
		json_only_keys(chain, keys, where, err) < 0 ||
		json_get_array(
			chain, "certificates", where, TRUSTED_CHAIN_MAX, &list, err) < 0)
		return err->class;
	authority->certificate_count = json_array_size(list);
	if (authority->certificate_count == 0)
		return error_set(err, ERR_INPUT, "%s: no certificate in it", where);
	authority->certificates = arena_array(
		arena, authority->certificate_count, sizeof(*authority->certificates));
	if (!authority->certificates)
		return error_set_memory(err);
	for (size_t i = 0; i < authority->certificate_count; i++)
		if (proto_raw_bytes(json_array_get(list, i), where, LIMIT_KEY_BYTES,
			    arena, &authority->certificates[i], err) < 0)
			return err->class;
	return 0;
}

static int read_authority(const json_t *json, const char *where, struct arena *arena,
	void *item, struct error *err)
{
	static const char *const keys[] = {
		"subject", "uri", "certChain", "validFor", "operator", NULL};
	struct trusted_authority *authority = item;
	const char *uri = "";

	if (json_only_keys(json, keys, where, err) < 0 ||
		json_opt_string(json, "uri", where, &uri, err) < 0 ||
		read_window(json, where, &authority->window, err) < 0 ||
		read_chain(json, where, arena, authority, err) < 0)
		return err->class;
	authority->uri = arena_strdup(arena, uri);
	return authority->uri ? 0 : error_set_memory(err);
}

/* ---- the whole ---- */

typedef int item_reader(const json_t *json, const char *where, struct arena *arena,
	void *item, struct error *err);

/* An array of objects, which may be absent. */
static int read_list(const json_t *root_json, const char *key, item_reader *read_item,
	size_t item_size, struct arena *arena, void *pointer_to_items, size_t *count,
	struct error *err)
{
	char **items = pointer_to_items, where[64];
	json_t *list = NULL;

	if (json_opt_array(
		    root_json, key, "trusted root", TRUSTED_ITEMS_MAX, &list, err) < 0)
		return err->class;
	if (!list)
		return 0;
	*items = arena_array(arena, json_array_size(list), item_size);
	if (!*items)
		return error_set_memory(err);
	*count = json_array_size(list);
	for (size_t i = 0; i < *count; i++) {
		(void)snprintf(
			where, sizeof(where), "trusted root: %s[%zu]", key, i); /* fits */
		if (!json_is_object(json_array_get(list, i)))
			return error_set(err, ERR_INPUT, "%s: not an object", where);
		if (read_item(json_array_get(list, i), where, arena,
			    *items + i * item_size, err) < 0)
			return err->class;
	}
	return 0;
}

static int read_logs(const json_t *root_json, const char *key, struct arena *arena,
	struct trusted_log **logs, size_t *count, struct error *err)
{
	return read_list(
		root_json, key, read_log, sizeof(**logs), arena, logs, count, err);
}

static int read_authorities(const json_t *root_json, const char *key, struct arena *arena,
	struct trusted_authority **authorities, size_t *count, struct error *err)
{
	return read_list(root_json, key, read_authority, sizeof(**authorities), arena,
		authorities, count, err);
}

static int check_media_type(const json_t *json, struct error *err)
{
	static const char *const known[] = {
		"application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		"application/vnd.dev.sigstore.trustedroot.v0.1+json",
		"application/vnd.dev.sigstore.trustedroot.v0.2+json"};
	const char *media_type;

	if (json_get_string(json, "mediaType", "trusted root", &media_type, err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i], media_type) == 0)
			return 0;
	return error_set(err, ERR_INPUT,
		"trusted root: media type \"%.128s\" is not known", media_type);
}

int trusted_root_parse(
	struct slice json, struct trusted_root **ret_root, struct error *err)
{
	static const char *const keys[] = {"mediaType", "tlogs", "certificateAuthorities",
		"ctlogs", "timestampAuthorities", NULL};
	cleanup_trusted_root struct trusted_root *root = NULL;
	cleanup_json json_t *tree = NULL;

	if (json.len > TRUSTED_ROOT_BYTES_MAX)
		return error_set(err, ERR_INPUT, "trusted root: more than %zu bytes",
			TRUSTED_ROOT_BYTES_MAX);
	if (json_load_slice(json, "trusted root", &tree, err) < 0)
		return err->class;
	if (!json_is_object(tree))
		return error_set(err, ERR_INPUT, "trusted root: not an object");
	if (json_only_keys(tree, keys, "trusted root", err) < 0 ||
		check_media_type(tree, err) < 0 || root_new(&root, err) < 0 ||
		read_logs(tree, "tlogs", root->arena, &root->logs, &root->log_count,
			err) < 0 ||
		read_logs(tree, "ctlogs", root->arena, &root->ct_logs,
			&root->ct_log_count, err) < 0 ||
		read_authorities(tree, "certificateAuthorities", root->arena,
			&root->authorities, &root->authority_count, err) < 0 ||
		read_authorities(tree, "timestampAuthorities", root->arena,
			&root->timestamp_authorities, &root->timestamp_authority_count,
			err) < 0)
		return err->class;
	*ret_root = take_ptr(root);
	return 0;
}

int trusted_root_load(const char *path, struct trusted_root **ret_root, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;

	if (fs_read_file(AT_FDCWD, path, TRUSTED_ROOT_BYTES_MAX, &text, err) < 0)
		return error_wrap(err, "reading a trusted root");
	if (trusted_root_parse(buffer_slice(&text), ret_root, err) < 0)
		return error_wrap(err, "%s", path);
	return 0;
}
