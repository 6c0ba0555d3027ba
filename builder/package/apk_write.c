/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compress.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/tar.h"
#include "builder/package/apk_private.h"
#include "builder/package/fragment_private.h"

/* A data tar that is expected to be larger is written to a file and mapped. */
#define IN_MEMORY_MAX (64 * MIB)
#define RECORDS_MAX   65 /* a tree allows 64 xattrs */

/* ---- control ---- */

static int script_order(const void *a, const void *b)
{
	const struct package_script *left = a, *right = b;
	return strcmp(left->name, right->name);
}

static int add_control_file(struct buffer *tar, const char *path, uint32_t mode,
	int64_t mtime, struct slice content, struct error *err)
{
	struct tar_entry entry = {.type = TAR_FILE,
		.path = path,
		.mode = mode,
		.uname = "root",
		.gname = "root",
		.mtime = mtime};
	return tar_add_file(tar, &entry, content, err);
}

static int add_scripts(struct buffer *tar, const struct package *package, int64_t mtime,
	struct error *err)
{
	size_t count = package->script_count;
	cleanup_mem struct package_script *scripts = calloc(count + 1, sizeof(*scripts));
	if (!scripts)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		scripts[i] = package->scripts[i];
	qsort(scripts, count, sizeof(*scripts), script_order);
	for (size_t i = 0; i < count; i++) {
		if (!apk_is_script(scripts[i].name))
			return error_set(
				err, ERR_INPUT, "no such script: %s", scripts[i].name);
		if (i > 0 && strcmp(scripts[i - 1].name, scripts[i].name) == 0)
			return error_set(
				err, ERR_INPUT, "script %s twice", scripts[i].name);
		if (add_control_file(tar, scripts[i].name, 0755, mtime,
			    slice_str(scripts[i].text), err) < 0)
			return err->class;
	}
	return 0;
}

int apk_write_control(const struct package *package, struct slice build_config,
	int64_t mtime, struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer info = BUFFER_INIT,
				     tar = {.max = LIMIT_PACKAGE_CONTROL};
	if (pkginfo_write(package, &info, err) < 0 ||
		add_control_file(
			&tar, ".PKGINFO", 0644, mtime, buffer_slice(&info), err) < 0 ||
		(build_config.len > 0 && add_control_file(&tar, ".melange.yaml", 0644,
						 mtime, build_config, err) < 0) ||
		add_scripts(&tar, package, mtime, err) < 0)
		return err->class;
	/* no end of the archive: control and data read as one tar */
	return compress_member(COMPRESSION_GZIP, buffer_slice(&tar), out, err);
}

/* ---- data ---- */

static int content_sha1(struct store *store, const struct tree_node *node,
	struct digest *ret_sha1, struct error *err)
{
	cleanup_reader struct reader *content = NULL;
	cleanup_hasher struct hasher *hasher = NULL;
	cleanup_writer struct writer *writer = NULL;
	struct writer *nothing = NULL;
	if (digest_is_set(&node->sha1)) {
		*ret_sha1 = node->sha1;
		return 0;
	}
	if (store_blob_reader(store, &node->content, &content, err) < 0 ||
		hasher_new(DIGEST_SHA1, &hasher, err) < 0 ||
		writer_hash(&nothing, hasher, &writer, err) < 0 ||
		stream_copy(content, writer, LIMIT_ARCHIVE_BYTES, NULL, err) < 0)
		return err->class;
	return hasher_finish(hasher, ret_sha1, err);
}

/* What the APK-TOOLS.checksum.SHA1 record says: of the content, or of a symlink's target.
 */
static int node_checksum(
	struct store *store, const struct tree_node *node, char *hex, struct error *err)
{
	struct digest sha1;
	if (node->type == TREE_SYMLINK
			? digest_of(DIGEST_SHA1, slice_str(node->target), &sha1, err) < 0
			: content_sha1(store, node, &sha1, err) < 0)
		return err->class;
	digest_format_hex(&sha1, hex);
	return 0;
}

static int make_records(struct store *store, const struct tree_node *node, char *hex,
	struct arena *arena, struct tar_record *records, size_t *ret_count,
	struct error *err)
{
	size_t count = 0;
	if (node->type == TREE_FILE || node->type == TREE_SYMLINK) {
		if (node_checksum(store, node, hex, err) < 0)
			return err->class;
		records[count++] =
			(struct tar_record){"APK-TOOLS.checksum.SHA1", slice_str(hex)};
	}
	for (size_t i = 0; node->type != TREE_HARDLINK && i < node->xattr_count; i++) {
		const char *key =
			arena_printf(arena, "SCHILY.xattr.%s", node->xattrs[i].name);
		if (!key)
			return error_set_memory(err);
		records[count++] = (struct tar_record){key, node->xattrs[i].value};
	}
	*ret_count = count;
	return 0;
}

static int add_header(struct store *store, const struct tree_node *node, int64_t mtime,
	struct buffer *out, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct tar_record records[RECORDS_MAX];
	char hex[DIGEST_TEXT_MAX];
	size_t count = 0;
	if (arena_new(&arena, err) < 0 ||
		make_records(store, node, hex, arena, records, &count, err) < 0)
		return err->class;
	struct tar_entry entry = {.type = fragment_tar_type(node),
		.path = node->path,
		.link = node->target,
		.mode = node->mode,
		.uid = node->uid,
		.gid = node->gid,
		.uname = node->uid == 0 ? "root" : NULL,
		.gname = node->gid == 0 ? "root" : NULL,
		.mtime = mtime,
		.size = node->size,
		.records = records,
		.record_count = count};
	return tar_add_header(out, &entry, err);
}

static int write_node(struct store *store, const struct tree_node *node, int64_t mtime,
	struct writer *to, struct error *err)
{
	static const char zeros[TAR_BLOCK];
	cleanup_buffer struct buffer header = BUFFER_INIT;
	cleanup_reader struct reader *content = NULL;
	uint64_t copied;
	/* apk takes such files for control data wherever they are */
	if (node->path[0] == '.' && !strchr(node->path, '/'))
		return error_set(
			err, ERR_INPUT, "a package cannot hold a dot file in the root");
	if (add_header(store, node, mtime, &header, err) < 0 ||
		writer_write_slice(to, buffer_slice(&header), err) < 0)
		return err->class;
	if (node->type != TREE_FILE || node->size == 0)
		return 0;
	if (store_blob_reader(store, &node->content, &content, err) < 0 ||
		stream_copy(content, to, node->size, &copied, err) < 0)
		return err->class;
	if (copied != node->size)
		return error_set(err, ERR_INPUT, "the store holds another size");
	return writer_write(to, zeros, tar_padding(node->size), err);
}

static int write_tar(const struct package *package, struct store *store, int64_t mtime,
	struct writer *to, struct error *err)
{
	static const char zeros[2 * TAR_BLOCK];
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (tree_nodes(package->tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (write_node(store, nodes[i], mtime, to, err) < 0)
			return error_wrap(err, "/%s", nodes[i]->path);
	if (writer_write(to, zeros, sizeof(zeros), err) < 0)
		return err->class;
	return writer_finish(to, err);
}

static int write_in_memory(const struct package *package, struct store *store,
	int64_t mtime, struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer tar = BUFFER_INIT;
	cleanup_writer struct writer *writer = NULL;
	if (writer_to_buffer(&tar, &writer, err) < 0 ||
		write_tar(package, store, mtime, writer, err) < 0)
		return err->class;
	return compress_member(COMPRESSION_GZIP, buffer_slice(&tar), out, err);
}

/* A file without a name, so that nothing stays behind whatever happens. */
static int open_temporary(struct store *store, int *ret_fd, struct error *err)
{
	char name[LIMIT_NAME_BYTES + 1];
	cleanup_fd int dirfd = -1, fd = -1;
	if (store_make_temp_dir(store, name, sizeof(name), &dirfd, err) < 0)
		return err->class;
	int opened = fs_open(
		dirfd, "data.tar", FS_OWN, O_RDWR | O_CREAT | O_EXCL, 0600, &fd, err);
	if (fs_remove_tree(store_dirfd(store), name, err) < 0 || opened < 0)
		return err->class;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int write_by_file(const struct package *package, struct store *store,
	int64_t mtime, struct buffer *out, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_writer struct writer *writer = NULL;
	cleanup_mapping struct fs_mapping tar = {0};
	if (open_temporary(store, &fd, err) < 0 || writer_to_fd(fd, &writer, err) < 0 ||
		write_tar(package, store, mtime, writer, err) < 0 ||
		fs_map(fd, &tar, err) < 0)
		return err->class;
	return compress_member(COMPRESSION_GZIP, tar.bytes, out, err);
}

int apk_write_data(const struct package *package, struct store *store, int64_t mtime,
	struct buffer *out, struct error *err)
{
	/* how it is written does not show in what is written */
	if (package->installed_size <= IN_MEMORY_MAX)
		return write_in_memory(package, store, mtime, out, err);
	return write_by_file(package, store, mtime, out, err);
}

/* ---- the file ---- */

static int hash_members(struct package *package, struct slice control, struct error *err)
{
	if (digest_of(DIGEST_SHA1, control, &package->control_sha1, err) < 0)
		return err->class;
	return digest_of(DIGEST_SHA256, control, &package->control_sha256, err);
}

static int store_file(struct package *package, struct store *store,
	const struct buffer *members, size_t count, struct error *err)
{
	cleanup_store_writer struct store_writer *writer = NULL;
	if (store_writer_new(store, &writer, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (members[i].len > 0 && store_writer_write(writer, members[i].data,
						  members[i].len, err) < 0)
			return err->class;
	return store_writer_commit(writer, &package->file, &package->file_size, err);
}

static int write_members(struct package *package, struct store *store,
	struct slice build_config, const struct apk_signer *signer, int64_t mtime,
	struct buffer members[3], struct error *err)
{
	if (apk_write_data(package, store, mtime, &members[2], err) < 0 ||
		digest_of(DIGEST_SHA256, buffer_slice(&members[2]), &package->data, err) <
			0 ||
		apk_write_control(package, build_config, mtime, &members[1], err) < 0 ||
		hash_members(package, buffer_slice(&members[1]), err) < 0 ||
		apk_add_signature(
			&members[0], signer, mtime, buffer_slice(&members[1]), err) < 0)
		return err->class;
	return store_file(package, store, members, 3, err);
}

int apk_write(struct package *package, struct store *store, struct slice build_config,
	const struct apk_signer *signer, int64_t mtime, struct error *err)
{
	struct buffer members[3] = {BUFFER_INIT, BUFFER_INIT, BUFFER_INIT};
	int result =
		write_members(package, store, build_config, signer, mtime, members, err);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		buffer_done(&members[i]);
	return result < 0
		       ? error_wrap(err, "packing %s-%s", package->name, package->version)
		       : 0;
}
