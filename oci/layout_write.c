/* SPDX-License-Identifier: Apache-2.0 */
/* What changes a layout. */
#include "base/fs.h"
#include "base/limits.h"
#include "oci/layout_archive.h"
#include "oci/layout_private.h"

#define BLOB_MODE 0644

/* ---- blobs ---- */

/* Copies into the new file and checks what passes. */
static int fill_blob(const struct blob_source *source,
	const struct descriptor *descriptor, int fd, struct error *err)
{
	cleanup_reader struct reader *plain = NULL, *checked = NULL;
	cleanup_writer struct writer *writer = NULL;

	if (blob_source_reader(source, 0, descriptor->size, &plain, err) < 0 ||
		reader_verify(
			&plain, &descriptor->digest, descriptor->size, &checked, err) < 0)
		return err->class;
	if (writer_to_fd(fd, &writer, err) < 0 ||
		stream_copy(checked, writer, UINT64_MAX, NULL, err) < 0)
		return err->class;
	return writer_finish(writer, err);
}

static int begin_blob(struct layout *layout, const struct digest *digest,
	struct fs_replacement *ret_file, struct error *err)
{
	char folder[64], hex[DIGEST_TEXT_MAX];
	cleanup_fd int dirfd = -1;

	(void)snprintf(folder, sizeof(folder), "blobs/%s",
		digest_algorithm_name(digest->algorithm)); /* a short constant */
	if (fs_make_dirs_beneath(layout->dirfd, folder, 0755, &dirfd, err) < 0)
		return err->class;
	return fs_replace_begin(
		dirfd, digest_format_hex(digest, hex), BLOB_MODE, ret_file, err);
}

static int layout_put_blob(struct repository *repository,
	const struct blob_source *source, const struct descriptor *descriptor,
	struct error *err)
{
	cleanup_replacement struct fs_replacement file = FS_REPLACEMENT_INIT;
	struct layout *layout = layout_of(repository);
	bool found;

	if (layout_has_blob(repository, descriptor, &found, err) < 0)
		return err->class;
	if (found)
		return 0;
	if (begin_blob(layout, &descriptor->digest, &file, err) < 0 ||
		fill_blob(source, descriptor, file.fd, err) < 0)
		return err->class;
	return fs_replace_commit(&file, true, err);
}

static int layout_receive_blob(struct repository *repository, struct repository *from,
	const struct descriptor *descriptor, const struct blob_watch *watch,
	struct error *err)
{
	cleanup_replacement struct fs_replacement file = FS_REPLACEMENT_INIT;
	struct layout *layout = layout_of(repository);
	cleanup_writer struct writer *writer = NULL;

	if (begin_blob(layout, &descriptor->digest, &file, err) < 0)
		return err->class;
	if (writer_to_fd(file.fd, &writer, err) < 0 ||
		repository_watch_blob_to(from, descriptor, watch, writer, err) < 0 ||
		writer_finish(writer, err) < 0)
		return err->class;
	return fs_replace_commit(&file, true, err);
}

/* ---- index.json ---- */

static int save_index(
	const struct layout *layout, struct layout_index *index, struct error *err)
{
	cleanup_buffer struct buffer bytes = {.max = LIMIT_MANIFEST_BYTES};

	if (layout_index_write(index, &bytes, err) < 0)
		return error_wrap(err, "index.json");
	return fs_write_file(
		layout->dirfd, "index.json", buffer_slice(&bytes), BLOB_MODE, err);
}

static int layout_lock(struct repository *repository, struct error *err)
{
	struct layout *layout = layout_of(repository);

	if (layout->locks == 0 &&
		fs_lock_byte(layout->lock_fd, LAYOUT_LOCK_INDEX, FS_EXCLUSIVE, err) < 0)
		return err->class;
	layout->locks++;
	return 0;
}

static void layout_unlock(struct repository *repository)
{
	struct layout *layout = layout_of(repository);

	if (--layout->locks == 0)
		(void)fs_try_lock_byte(layout->lock_fd, LAYOUT_LOCK_INDEX,
			FS_UNLOCKED); /* of what is held: cannot fail */
}

/* What a tag named before must stay findable if it has a subject. False: nothing to keep.
 */
static bool old_referrer(struct repository *repository, const struct layout_index *index,
	const struct manifest_put *put, struct descriptor *ret_entry)
{
	const struct descriptor *old = layout_index_find(index, put->tag);
	cleanup_manifest struct manifest *manifest = NULL;
	struct error ignored = ERROR_INIT; /* an old manifest that is damaged is let go */
	struct descriptor entry;
	bool found;

	if (!old || digest_equal(&old->digest, &put->descriptor->digest) ||
		referrers_tag_is(slice_str(put->tag)))
		return false;
	if (repository_load_manifest(repository, old, &manifest, &found, &ignored) < 0 ||
		!found || !manifest->has_subject)
		return false;
	entry = referrers_entry(old, manifest);
	return descriptor_copy(index->document->arena, &entry, ret_entry, &ignored) == 0;
}

static int change_index(
	struct repository *repository, const struct manifest_put *put, struct error *err)
{
	cleanup_layout_index struct layout_index index = {0};
	struct descriptor entry = *put->descriptor, old;
	bool keep;

	if (layout_load_index(layout_of(repository), &index, err) < 0)
		return err->class;
	if (put->manifest->has_subject)
		entry = referrers_entry(put->descriptor, put->manifest);
	if (put->tag) {
		keep = old_referrer(repository, &index, put, &old);
		if (layout_index_set_tag(&index, put->tag, &entry, err) < 0 ||
			(keep && layout_index_list(&index, &old, err) < 0))
			return err->class;
	} else if (layout_index_list(&index, &entry, err) < 0) {
		return err->class;
	}
	return save_index(layout_of(repository), &index, err);
}

static int layout_put_manifest(
	struct repository *repository, struct manifest_put *put, struct error *err)
{
	struct blob_source source = {.fd = -1, .bytes = put->bytes};
	int result;

	if (layout_put_blob(repository, &source, put->descriptor, err) < 0)
		return err->class;
	if (!put->tag && !put->list && !put->manifest->has_subject)
		return 0;
	if (layout_lock(repository, err) < 0)
		return err->class;
	result = change_index(repository, put, err);
	layout_unlock(repository);
	return result;
}

/* ---- opening ---- */

/* Somebody else's files must not become part of an image's folder. */
static int check_empty(int dirfd, struct error *err)
{
	static const char *const ours[] = {"blobs", "index.json", "oci-layout"};
	cleanup_names struct fs_names names = {0};

	if (fs_list(dirfd, &names, err) < 0)
		return err->class;
	for (size_t i = 0; i < names.count; i++) {
		bool known = names.items[i][0] == '.';

		for (size_t j = 0; j < ARRAY_LEN(ours); j++)
			known = known || strcmp(names.items[i], ours[j]) == 0;
		if (!known)
			return error_set(err, ERR_INPUT,
				"neither an OCI layout nor empty: it contains \"%.100s\"",
				names.items[i]);
	}
	return 0;
}

/* Two processes may do this at once: who comes second finds the file and is content. */
static int write_first(int dirfd, const char *name, struct slice bytes, struct error *err)
{
	struct error reason = ERROR_INIT;

	if (fs_write_new_file(dirfd, name, bytes, BLOB_MODE, &reason) < 0 &&
		!fs_exists(dirfd, name)) {
		*err = reason;
		return err->class;
	}
	return 0;
}

static int create_layout(int dirfd, struct error *err)
{
	static const struct slice index = SLICE(
		"{\"manifests\":[],\"mediaType\":\"" OCI_INDEX "\",\"schemaVersion\":2}");
	static const struct slice version =
		SLICE("{\"imageLayoutVersion\":\"" LAYOUT_VERSION "\"}");
	cleanup_fd int blobs = -1;

	if (check_empty(dirfd, err) < 0 ||
		fs_make_dirs_beneath(dirfd, "blobs/sha256", 0755, &blobs, err) < 0)
		return err->class;
	if (write_first(dirfd, "index.json", index, err) < 0)
		return err->class;
	return write_first(dirfd, "oci-layout", version, err);
}

/* ---- sweeping ---- */

static bool layout_begin_sweep(struct repository *repository)
{
	return fs_try_lock_byte(
		layout_of(repository)->lock_fd, LAYOUT_LOCK_USERS, FS_EXCLUSIVE);
}

static void layout_end_sweep(struct repository *repository)
{
	(void)fs_try_lock_byte(layout_of(repository)->lock_fd, LAYOUT_LOCK_USERS,
		FS_SHARED); /* of what is held: cannot fail */
}

static int remove_unlisted(int dirfd, const char *name,
	const struct descriptor_list *blobs, struct error *err)
{
	struct digest digest;
	struct error ignored = ERROR_INIT;

	if (digest_parse_hex(DIGEST_SHA256, slice_str(name), &digest, &ignored) < 0 ||
		descriptor_list_find(blobs, &digest))
		return 0; /* a name of another kind is not ours to remove */
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return error_set_errno(err, errno, "removing blob %s", name);
	return 0;
}

static int layout_keep_only(struct repository *repository,
	const struct descriptor_list *blobs, struct error *err)
{
	cleanup_fd int dirfd = -1;
	cleanup_names struct fs_names names = {0};

	if (fs_open(layout_of(repository)->dirfd, "blobs/sha256", FS_BENEATH,
		    O_RDONLY | O_DIRECTORY, 0, &dirfd, err) < 0 ||
		fs_list(dirfd, &names, err) < 0)
		return err->class;
	for (size_t i = 0; i < names.count; i++)
		if (remove_unlisted(dirfd, names.items[i], blobs, err) < 0)
			return err->class;
	return 0;
}

static int layout_commit(struct repository *repository, struct error *err)
{
	struct layout *layout = layout_of(repository);

	if (!layout->archive)
		return 0;
	if (layout_archive_write(layout->archive, layout->dirfd, err) < 0)
		return error_wrap(err, "%s", repository->name);
	return 0;
}

static const struct repository_write_ops layout_write_ops = {
	.put_blob = layout_put_blob,
	.put_manifest = layout_put_manifest,
	.lock = layout_lock,
	.unlock = layout_unlock,
	.receive_blob = layout_receive_blob,
	.begin_sweep = layout_begin_sweep,
	.end_sweep = layout_end_sweep,
	.keep_only = layout_keep_only,
	.commit = layout_commit,
};

static int open_directory(const struct reference *reference, bool create,
	struct layout *layout, struct error *err)
{
	if (reference->kind == REFERENCE_ARCHIVE) {
		if (layout_archive_open(reference->path, create, &layout->archive, err) <
			0)
			return err->class;
		return fs_open_dir(AT_FDCWD, layout_archive_directory(layout->archive),
			&layout->dirfd, err);
	}
	if (create)
		return fs_make_dirs(AT_FDCWD, reference->path, 0755, &layout->dirfd, err);
	return fs_open_dir(AT_FDCWD, reference->path, &layout->dirfd, err);
}

/* Of a pull that was interrupted, as large as its blobs. */
static void sweep_temporary(const struct layout *layout)
{
	struct error ignored = ERROR_INIT; /* there is nothing to sweep */
	cleanup_fd int dirfd = -1;

	if (fs_open(layout->dirfd, "blobs/sha256", FS_BENEATH, O_RDONLY | O_DIRECTORY, 0,
		    &dirfd, &ignored) == 0)
		fs_replace_sweep(dirfd);
}

static int open_or_create(const struct reference *reference, bool create,
	struct layout *layout, struct error *err)
{
	if (open_directory(reference, create, layout, err) < 0)
		return err->class;
	if (create && !fs_exists(layout->dirfd, "oci-layout") &&
		create_layout(layout->dirfd, err) < 0)
		return err->class;
	if (layout_check_version(layout->dirfd, err) < 0 ||
		fs_open(layout->dirfd, "oci-layout", FS_BENEATH, O_RDWR, 0,
			&layout->lock_fd, err) < 0 ||
		fs_lock_byte(layout->lock_fd, LAYOUT_LOCK_USERS, FS_SHARED, err) < 0)
		return err->class;
	sweep_temporary(layout);
	return 0;
}

int layout_open_to_write(const struct reference *reference, struct repository *repository,
	struct error *err)
{
	if (layout_new(reference, repository, err) < 0)
		return err->class;
	repository->write = &layout_write_ops;
	if (open_or_create(reference, repository->options.create, layout_of(repository),
		    err) < 0)
		return error_wrap(err, "%s", repository->name);
	return 0;
}
