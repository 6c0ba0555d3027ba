/* SPDX-License-Identifier: Apache-2.0 */
#include "base/archive.h"
#include "base/compress.h"
#include "base/fs.h"
#include "base/limits.h"
#include "builder/package/apk_private.h"

bool apk_is_script(const char *name)
{
	static const char *const names[] = {".pre-install", ".post-install",
		".pre-upgrade", ".post-upgrade", ".pre-deinstall", ".post-deinstall",
		".trigger"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* ---- control ---- */

struct control {
	struct package *package;
	struct digest data;
	bool has_info;
	size_t script_room;
};

static int add_script(
	struct control *control, const char *name, struct slice text, struct error *err)
{
	struct package *package = control->package;
	if (memchr(text.data ? text.data : "", 0, text.len))
		return error_set(err, ERR_INPUT, "%s has a NUL byte", name);
	struct package_script *script = arena_append(package->arena, &package->scripts,
		&package->script_count, &control->script_room, sizeof(*package->scripts));
	char *copy = arena_strndup(package->arena, text);
	char *kept_name = arena_strdup(package->arena, name);
	if (!script || !copy || !kept_name)
		return error_set_memory(err);
	script->name = kept_name;
	script->text = copy;
	return 0;
}

static int read_control_file(struct control *control, struct archive_reader *archive,
	const struct archive_entry_info *entry, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	const char *name = entry->path; /* stays until the next entry */
	if (entry->path[0] != '.' || entry->type != ARCHIVE_FILE)
		return error_set(
			err, ERR_INPUT, "control data holds \"%s\"", entry->path);
	if (archive_read_all(archive, LIMIT_PACKAGE_CONTROL, &text, err) < 0)
		return err->class;
	if (strcmp(name, ".PKGINFO") == 0) {
		control->has_info = true;
		return pkginfo_read(
			buffer_slice(&text), control->package, &control->data, err);
	}
	if (apk_is_script(name))
		return add_script(control, name, buffer_slice(&text), err);
	return 0; /* ".melange.yaml" and what others may put there */
}

static int read_control(struct control *control, struct slice tar, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_archive struct archive_reader *archive = NULL;
	const struct archive_entry_info *entry;
	if (reader_from_slice(tar, &reader, err) < 0 ||
		archive_open(&reader, ARCHIVE_OPEN_ENDED, "control data", &archive, err) <
			0)
		return err->class;
	for (;;) {
		if (archive_next(archive, &entry, err) < 0)
			return err->class;
		if (!entry)
			break;
		if (read_control_file(control, archive, entry, err) < 0)
			return err->class;
	}
	if (!control->has_info)
		return error_set(err, ERR_INPUT, "control data without .PKGINFO");
	return 0;
}

/* ---- data ---- */

static int content_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	return archive_read(context, data, len, ret_len, err);
}

static void content_free(void *context)
{
	(void)context; /* the archive reader belongs to apk_read_data */
}

static int store_content(struct store *store, struct archive_reader *archive,
	struct tree_node *node, struct error *err)
{
	static const struct reader_ops ops = {.read = content_read, .free = content_free};
	cleanup_reader struct reader *content = NULL, *hashed = NULL;
	cleanup_hasher struct hasher *sha1 = NULL;
	if (reader_new(&ops, archive, &content, err) < 0 ||
		hasher_new(DIGEST_SHA1, &sha1, err) < 0 ||
		reader_hash(&content, sha1, &hashed, err) < 0 ||
		store_put_stream(store, hashed, LIMIT_ARCHIVE_BYTES, &node->content,
			&node->size, err) < 0)
		return err->class;
	return hasher_finish(sha1, &node->sha1, err);
}

static int find_checksum(const struct archive_entry_info *entry, struct digest *ret_sha1,
	struct error *err)
{
	*ret_sha1 = (struct digest){0};
	for (size_t i = 0; i < entry->record_count; i++)
		if (strcmp(entry->records[i].name, "APK-TOOLS.checksum.SHA1") == 0)
			return digest_parse_hex(
				DIGEST_SHA1, entry->records[i].value, ret_sha1, err);
	return 0;
}

static int check_checksum(
	const struct tree_node *node, const struct digest *expected, struct error *err)
{
	struct digest sha1 = node->sha1;
	if (!digest_is_set(expected) || node->type == TREE_DIRECTORY ||
		node->type == TREE_HARDLINK)
		return 0;
	if (node->type == TREE_SYMLINK &&
		digest_of(DIGEST_SHA1, slice_str(node->target), &sha1, err) < 0)
		return err->class;
	if (!digest_equal(&sha1, expected))
		return error_set(err, ERR_REFUSED,
			"the content does not have the SHA-1 that the package names");
	return 0;
}

static int copy_xattrs(struct package *package, const struct archive_entry_info *entry,
	struct tree_node *node, struct error *err)
{
	node->xattr_count = entry->xattr_count;
	node->xattrs =
		arena_array(package->arena, entry->xattr_count, sizeof(*node->xattrs));
	if (!node->xattrs)
		return error_set_memory(err);
	for (size_t i = 0; i < entry->xattr_count; i++)
		node->xattrs[i] = (struct tree_xattr){
			entry->xattrs[i].name, entry->xattrs[i].value};
	return 0;
}

static enum tree_type tree_type_of(const struct archive_entry_info *entry)
{
	switch (entry->type) {
	case ARCHIVE_DIRECTORY:
		return TREE_DIRECTORY;
	case ARCHIVE_SYMLINK:
		return TREE_SYMLINK;
	case ARCHIVE_HARDLINK:
		return TREE_HARDLINK;
	case ARCHIVE_FILE:
		break;
	}
	return TREE_FILE;
}

static int read_entry(struct package *package, struct store *store,
	struct archive_reader *archive, const struct archive_entry_info *entry,
	struct error *err)
{
	struct digest expected;
	struct tree_node node = {.type = tree_type_of(entry),
		.path = entry->path,
		.mode = entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.target = entry->link,
		.package = package->name};
	if (node.type == TREE_DIRECTORY || node.type == TREE_FILE)
		node.target = NULL;
	/* apk takes such files for control data wherever they are */
	if (node.path[0] == '.' && !strchr(node.path, '/'))
		return error_set(err, ERR_INPUT, "a dot file in the root");
	if (find_checksum(entry, &expected, err) < 0 ||
		copy_xattrs(package, entry, &node, err) < 0 ||
		(node.type == TREE_FILE &&
			store_content(store, archive, &node, err) < 0) ||
		check_checksum(&node, &expected, err) < 0)
		return err->class;
	return tree_add(package->tree, &node, err);
}

int apk_read_data(struct package *package, struct store *store, struct slice packed,
	struct error *err)
{
	cleanup_reader struct reader *compressed = NULL, *plain = NULL;
	cleanup_archive struct archive_reader *archive = NULL;
	const struct archive_entry_info *entry;
	if (reader_from_slice(packed, &compressed, err) < 0 ||
		reader_decompress(COMPRESSION_GZIP, &compressed, &plain, err) < 0 ||
		archive_open(&plain, ARCHIVE_PLAIN, "data", &archive, err) < 0)
		return err->class;
	for (;;) {
		if (archive_next(archive, &entry, err) < 0)
			return err->class;
		if (!entry)
			return 0;
		if (read_entry(package, store, archive, entry, err) < 0)
			return error_wrap(err, "/%s", entry->path);
	}
}

/* ---- the file ---- */

/* The members of a file: slices of it. */
struct members {
	struct slice control, data;
	struct buffer control_tar;
	struct apk_signatures signatures;
};

static void members_done(struct members *members)
{
	buffer_done(&members->control_tar);
	arena_free(&members->signatures.arena);
}

static int take_member(struct slice *rest, struct buffer *tar, struct slice *ret_member,
	struct error *err)
{
	size_t len;
	buffer_clear(tar);
	if (gzip_decompress_member(*rest, LIMIT_PACKAGE_CONTROL, tar, &len, err) < 0)
		return err->class;
	if (!slice_take(rest, len, ret_member))
		return error_set(err, ERR_BUG, "member is longer than its file");
	return 0;
}

static int split(struct slice file, struct members *members, struct error *err)
{
	struct slice rest = file;
	bool is_signatures;
	if (arena_new(&members->signatures.arena, err) < 0 ||
		take_member(&rest, &members->control_tar, &members->control, err) < 0 ||
		apk_read_signatures(buffer_slice(&members->control_tar),
			&members->signatures, &is_signatures, err) < 0)
		return err->class;
	if (is_signatures &&
		take_member(&rest, &members->control_tar, &members->control, err) < 0)
		return err->class;
	members->data = rest;
	return 0;
}

static bool is_by_known_key(
	const struct members *members, const struct apk_read_options *options)
{
	for (size_t i = 0; i < members->signatures.count; i++)
		for (size_t k = 0; k < options->key_count; k++)
			if (strcmp(members->signatures.items[i].key_name,
				    options->keys[k].name) == 0)
				return true;
	return false;
}

/* An unknown signer is as good as none; one that is known must have signed this. */
static int check_control(struct package *package, const struct members *members,
	const struct apk_read_options *options, struct error *err)
{
	if (digest_of(DIGEST_SHA1, members->control, &package->control_sha1, err) < 0 ||
		digest_of(DIGEST_SHA256, members->control, &package->control_sha256,
			err) < 0)
		return err->class;
	if (options->control_sha1 &&
		!digest_equal(options->control_sha1, &package->control_sha1))
		return error_set(err, ERR_REFUSED,
			"is not the package that the index names (checksum of control "
			"data)");
	if (options->require_signature || is_by_known_key(members, options))
		return apk_verify_signatures(&members->signatures, options->keys,
			options->key_count, members->control, err);
	return 0;
}

static int check_data(struct package *package, const struct members *members,
	const struct digest *expected, struct error *err)
{
	if (digest_of(DIGEST_SHA256, members->data, &package->data, err) < 0)
		return err->class;
	if (!digest_is_set(expected))
		return error_set(
			err, ERR_REFUSED, ".PKGINFO does not name its data's digest");
	if (!digest_equal(expected, &package->data))
		return error_set(err, ERR_REFUSED,
			"data does not have the digest that .PKGINFO names");
	return 0;
}

static int read_package(struct package *package, struct store *store, struct slice file,
	const struct apk_read_options *options, struct error *err)
{
	CLEANUP(members_done)
	struct members members = {.control_tar = BUFFER_INIT};
	struct control control = {.package = package};
	/* what was not signed is not parsed further than to find the signature */
	if (split(file, &members, err) < 0 ||
		check_control(package, &members, options, err) < 0 ||
		read_control(&control, buffer_slice(&members.control_tar), err) < 0 ||
		check_data(package, &members, &control.data, err) < 0)
		return err->class;
	return apk_read_data(package, store, members.data, err);
}

int apk_read(struct store *store, const struct digest *file,
	const struct apk_read_options *options, struct package **ret_package,
	struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_mapping struct fs_mapping mapping = {0};
	cleanup_package struct package *package = NULL;
	char text[DIGEST_TEXT_MAX];
	if (store_open_blob(store, file, &fd, &(uint64_t){0}, err) < 0 ||
		fs_map(fd, &mapping, err) < 0 || package_new(&package, err) < 0 ||
		digest_of(DIGEST_SHA256, mapping.bytes, &package->file, err) < 0)
		return err->class;
	if (!digest_equal(file, &package->file))
		return error_set(err, ERR_INPUT, "the store's blob %s is damaged",
			digest_format(file, text));
	package->file_size = mapping.bytes.len;
	if (read_package(package, store, mapping.bytes, options, err) < 0)
		return error_wrap(err, "package %s",
			*package->name ? package->name : digest_format(file, text));
	*ret_package = take_ptr(package);
	return 0;
}
