/* SPDX-License-Identifier: Apache-2.0 */
#include "base/archive.h"
#include "base/compress.h"
#include "base/limits.h"
#include "base/tar.h"
#include "builder/package/apk_private.h"
#include "builder/package/index_private.h"

/* ---- writing ---- */

static int add_file(
	struct buffer *tar, const char *path, struct slice content, struct error *err)
{
	struct tar_entry entry = {.type = TAR_FILE,
		.path = path,
		.mode = 0644,
		.uname = "root",
		.gname = "root"};
	return tar_add_file(tar, &entry, content, err);
}

int package_index_write(const struct package_index *index, const char *description,
	const struct apk_signer *signer, struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer text = {.max = LIMIT_INDEX_BYTES}, tar = BUFFER_INIT,
				     packed = BUFFER_INIT;
	if (index_text_write(index, &text, err) < 0 ||
		add_file(&tar, "APKINDEX", buffer_slice(&text), err) < 0 ||
		add_file(&tar, "DESCRIPTION", slice_str(description), err) < 0 ||
		tar_add_end(&tar, err) < 0 ||
		compress_member(COMPRESSION_GZIP, buffer_slice(&tar), &packed, err) < 0 ||
		apk_add_signature(out, signer, 0, buffer_slice(&packed), err) < 0)
		return err->class;
	return buffer_add_slice(out, buffer_slice(&packed), err);
}

/* ---- reading ---- */

/*
 * The signed bytes are all behind the signature member. *ret_content is what they are:
 * without a signature, the whole file.
 */
static int take_signatures(struct slice file, struct apk_signatures *signatures,
	struct slice *ret_content, struct error *err)
{
	cleanup_buffer struct buffer tar = BUFFER_INIT;
	struct error unsure = ERROR_INIT;
	size_t len;
	bool is_signatures = false;
	*ret_content = file;
	/* an index without signature has a large first member: that is no failure yet */
	if (gzip_decompress_member(file, LIMIT_KEY_BYTES * 4, &tar, &len, &unsure) < 0)
		return unsure.class == ERR_MEMORY ? error_set_memory(err) : 0;
	if (apk_read_signatures(buffer_slice(&tar), signatures, &is_signatures, err) < 0)
		return err->class;
	if (is_signatures)
		*ret_content = slice_sub(file, len, file.len);
	return 0;
}

static int read_content(
	struct slice content, struct package_index *index, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_archive struct archive_reader *archive = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	const struct archive_entry_info *entry;
	bool found = false;
	if (reader_from_slice(content, &reader, err) < 0 ||
		archive_open(&reader, ARCHIVE_GZIP, "index", &archive, err) < 0)
		return err->class;
	for (;;) {
		if (archive_next(archive, &entry, err) < 0)
			return err->class;
		if (!entry)
			break;
		if (strcmp(entry->path, "APKINDEX") != 0)
			continue;
		found = true;
		if (archive_read_all(archive, LIMIT_INDEX_BYTES, &text, err) < 0)
			return err->class;
	}
	if (!found)
		return error_set(err, ERR_INPUT, "has no APKINDEX");
	return index_text_read(buffer_slice(&text), index, err);
}

static void signatures_done(struct apk_signatures *signatures)
{
	arena_free(&signatures->arena);
}

static int read_index(struct slice bytes, const struct apk_trusted_key *keys,
	size_t key_count, struct package_index *index, struct error *err)
{
	CLEANUP(signatures_done) struct apk_signatures signatures = {0};
	struct slice content;
	if (arena_new(&signatures.arena, err) < 0 ||
		take_signatures(bytes, &signatures, &content, err) < 0)
		return err->class;
	if (key_count > 0 &&
		apk_verify_signatures(&signatures, keys, key_count, content, err) < 0)
		return err->class;
	return read_content(content, index, err);
}

int package_index_read(struct slice bytes, const char *name,
	const struct apk_trusted_key *keys, size_t key_count,
	struct package_index **ret_index, struct error *err)
{
	cleanup_index struct package_index *index = NULL;
	if (package_index_new(&index, err) < 0)
		return err->class;
	if (read_index(bytes, keys, key_count, index, err) < 0)
		return error_wrap(err, "%s", name);
	*ret_index = take_ptr(index);
	return 0;
}
