/* SPDX-License-Identifier: Apache-2.0 */
#include "base/archive.h"
#include "base/compress.h"
#include "base/limits.h"
#include "base/tar.h"
#include "builder/package/apk_private.h"
#include "signing/secret.h"

#define PREFIX         ".SIGN."
#define PREFIX_RSA256  ".SIGN.RSA256."
#define SIGNATURES_MAX 64

int apk_add_signature(struct buffer *out, const struct secret *secret,
	const char *key_name, int64_t mtime, struct slice bytes, struct error *err)
{
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer signature = BUFFER_INIT, tar = BUFFER_INIT,
				     path = BUFFER_INIT;
	if (!secret)
		return 0;
	if (secret_public(secret, &key, err) < 0)
		return err->class;
	if (key_get_type(key) != KEY_RSA)
		return error_set(err, ERR_INPUT,
			"packages and their indexes are signed with RSA keys, not %s",
			key_type_name(key_get_type(key)));
	if (package_check_name(slice_str(key_name), err) < 0)
		return error_wrap(err, "name of the signing key");
	if (secret_sign(secret, bytes, &signature, err) < 0 ||
		buffer_printf(&path, err, PREFIX_RSA256 "%s", key_name) < 0)
		return err->class;
	struct tar_entry entry = {.type = TAR_FILE,
		.path = buffer_str(&path),
		.mode = 0644,
		.uname = "root",
		.gname = "root",
		.mtime = mtime};
	if (tar_add_file(&tar, &entry, buffer_slice(&signature), err) < 0)
		return err->class;
	return compress_member(COMPRESSION_GZIP, buffer_slice(&tar), out, err);
}

static int add_signature(struct apk_signatures *signatures, const char *key_name,
	struct archive_reader *archive, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	if (signatures->count >= SIGNATURES_MAX)
		return error_set(
			err, ERR_INPUT, "more than %d signatures", SIGNATURES_MAX);
	if (archive_read_all(archive, LIMIT_KEY_BYTES, &bytes, err) < 0)
		return err->class;
	struct apk_signature *signature =
		arena_append(signatures->arena, &signatures->items, &signatures->count,
			&signatures->capacity, sizeof(*signatures->items));
	char *copy = arena_strndup(signatures->arena, buffer_slice(&bytes));
	char *name = arena_strdup(signatures->arena, key_name);
	if (!signature || !copy || !name)
		return error_set_memory(err);
	signature->key_name = name;
	signature->bytes = slice_from(copy, bytes.len);
	return 0;
}

static int open_member(
	struct slice tar, struct archive_reader **ret_archive, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	if (reader_from_slice(tar, &reader, err) < 0)
		return err->class;
	return archive_open(&reader, ARCHIVE_OPEN_ENDED, "signature", ret_archive, err);
}

int apk_read_signatures(struct slice tar, struct apk_signatures *signatures,
	bool *ret_is_signatures, struct error *err)
{
	cleanup_archive struct archive_reader *archive = NULL;
	const struct archive_entry_info *entry;
	/* the first bytes of a tar are a name: control data never reaches the reader here
	 */
	if (!slice_starts_with(tar, SLICE(PREFIX))) {
		*ret_is_signatures = false;
		return 0;
	}
	if (open_member(tar, &archive, err) < 0)
		return err->class;
	for (;;) {
		if (archive_next(archive, &entry, err) < 0)
			return error_wrap(err, "signature");
		if (!entry)
			break;
		if (entry->type != ARCHIVE_FILE ||
			strncmp(entry->path, PREFIX, strlen(PREFIX)) != 0)
			return error_set(err, ERR_INPUT,
				"signature: holds \"%s\", which is none", entry->path);
		if (strncmp(entry->path, PREFIX_RSA256, strlen(PREFIX_RSA256)) == 0 &&
			add_signature(signatures, entry->path + strlen(PREFIX_RSA256),
				archive, err) < 0)
			return err->class;
	}
	*ret_is_signatures = true;
	return 0;
}

int apk_verify_signatures(const struct apk_signatures *signatures,
	const struct apk_trusted_key *keys, size_t key_count, struct slice bytes,
	struct error *err)
{
	for (size_t i = 0; i < signatures->count; i++)
		for (size_t k = 0; k < key_count; k++) {
			const struct apk_signature *signature = &signatures->items[i];
			if (strcmp(signature->key_name, keys[k].name) != 0)
				continue;
			if (key_verify(keys[k].key, bytes, signature->bytes, err) < 0)
				return error_wrap(err, "signature by %s", keys[k].name);
			return 0;
		}
	if (signatures->count == 0)
		return error_set(err, ERR_REFUSED, "is not signed (RSA with SHA-256)");
	return error_set(err, ERR_REFUSED, "is signed by %s, which is not among the keys",
		signatures->items[0].key_name);
}
