/* SPDX-License-Identifier: Apache-2.0 */
#include "base/archive.h"
#include "base/compress.h"
#include "base/limits.h"
#include "base/tar.h"
#include "builder/package/apk_private.h"
#include "signing/secret.h"

#define PREFIX         ".SIGN."
#define PREFIX_RSA256  ".SIGN.RSA256."
#define PREFIX_RSA     ".SIGN.RSA." /* with SHA-1 */
#define SIGNATURES_MAX 64

static int add_entry(struct buffer *tar, const char *prefix, const char *key_name,
	int64_t mtime, struct slice signature, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT;
	if (buffer_printf(&path, err, "%s%s", prefix, key_name) < 0)
		return err->class;
	struct tar_entry entry = {.type = TAR_FILE,
		.path = buffer_str(&path),
		.mode = 0644,
		.uname = "root",
		.gname = "root",
		.mtime = mtime};
	return tar_add_file(tar, &entry, signature, err);
}

static int check_signer(const struct apk_signer *signer, struct error *err)
{
	cleanup_key struct key *key = NULL;
	if (secret_public(signer->secret, &key, err) < 0)
		return err->class;
	if (key_get_type(key) != KEY_RSA)
		return error_set(err, ERR_INPUT,
			"packages and their indexes are signed with RSA keys, not %s",
			key_type_name(key_get_type(key)));
	if (package_check_name(slice_str(signer->key_name), err) < 0)
		return error_wrap(err, "name of the signing key");
	return 0;
}

int apk_add_signature(struct buffer *out, const struct apk_signer *signer, int64_t mtime,
	struct slice bytes, struct error *err)
{
	cleanup_buffer struct buffer signature = BUFFER_INIT, old = BUFFER_INIT,
				     tar = BUFFER_INIT;
	if (!signer)
		return 0;
	if (check_signer(signer, err) < 0)
		return err->class;
	if (signer->sha1 && (secret_sign_sha1(signer->secret, bytes, &old, err) < 0 ||
				    add_entry(&tar, PREFIX_RSA, signer->key_name, mtime,
					    buffer_slice(&old), err) < 0))
		return err->class;
	if (secret_sign(signer->secret, bytes, &signature, err) < 0 ||
		add_entry(&tar, PREFIX_RSA256, signer->key_name, mtime,
			buffer_slice(&signature), err) < 0)
		return err->class;
	return compress_member(COMPRESSION_GZIP, buffer_slice(&tar), out, err);
}

/* path: of the entry; of other kinds than those two nothing is kept. */
static int add_signature(struct apk_signatures *signatures, const char *path,
	struct archive_reader *archive, struct error *err)
{
	bool sha1 = strncmp(path, PREFIX_RSA, strlen(PREFIX_RSA)) == 0;
	const char *key_name = path + strlen(sha1 ? PREFIX_RSA : PREFIX_RSA256);
	if (!sha1 && strncmp(path, PREFIX_RSA256, strlen(PREFIX_RSA256)) != 0)
		return 0;
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
	signature->sha1 = sha1;
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
		if (add_signature(signatures, entry->path, archive, err) < 0)
			return err->class;
	}
	*ret_is_signatures = true;
	return 0;
}

/* *ret_found: there is one of that kind by one of the keys. It holds, else ERR_REFUSED.
 */
static int verify_kind(const struct apk_signatures *signatures, bool sha1,
	const struct apk_trusted_key *keys, size_t key_count, struct slice bytes,
	bool *ret_found, struct error *err)
{
	for (size_t i = 0; i < signatures->count; i++)
		for (size_t k = 0; k < key_count; k++) {
			const struct apk_signature *signature = &signatures->items[i];
			if (signature->sha1 != sha1 || (sha1 && !keys[k].sha1) ||
				strcmp(signature->key_name, keys[k].name) != 0)
				continue;
			*ret_found = true;
			if ((sha1 ? key_verify_sha1(
					    keys[k].key, bytes, signature->bytes, err)
				  : key_verify(keys[k].key, bytes, signature->bytes,
					    err)) < 0)
				return error_wrap(err, "signature by %s", keys[k].name);
			return 0;
		}
	return 0;
}

int apk_verify_signatures(const struct apk_signatures *signatures,
	const struct apk_trusted_key *keys, size_t key_count, struct slice bytes,
	struct error *err)
{
	bool found = false, better = false;
	if (verify_kind(signatures, false, keys, key_count, bytes, &found, err) < 0)
		return err->class;
	if (!found &&
		verify_kind(signatures, true, keys, key_count, bytes, &found, err) < 0)
		return err->class;
	if (found)
		return 0;
	for (size_t i = 0; i < signatures->count; i++)
		better = better || !signatures->items[i].sha1;
	if (better || (signatures->count && key_count && keys[0].sha1))
		return error_set(err, ERR_REFUSED,
			"is signed by %s, which is not among the keys",
			signatures->items[0].key_name);
	if (signatures->count == 0)
		return error_set(err, ERR_REFUSED, "is not signed (RSA with SHA-256)");
	error_set(err, ERR_REFUSED, "is signed with SHA-1 only (by %s)",
		signatures->items[0].key_name);
	return error_remedy(err, "SHA-1 is broken; --accept-sha1 takes it all the same");
}
