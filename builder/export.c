/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/export.h"

#include <dirent.h>

#include "base/limits.h"
#include "builder/package/index.h"

/* ---- images ---- */

static int put_blob(struct store *store, struct repository *layout,
	const struct descriptor *descriptor, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t size;
	bool found = false;
	if (repository_has_blob(layout, descriptor, &found, err) < 0)
		return err->class;
	if (found)
		return 0;
	if (store_open_blob(store, &descriptor->digest, &fd, &size, err) < 0)
		return err->class;
	return repository_put_blob_fd(layout, fd, descriptor, err);
}

int export_image(const struct image *image, struct store *store,
	struct repository *layout, const char *tag, struct descriptor *ret_manifest,
	struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	if (put_blob(store, layout, &image->layer_descriptor, err) < 0 ||
		put_blob(store, layout, &image->config, err) < 0 ||
		store_read_blob(store, &image->manifest.digest, LIMIT_MANIFEST_BYTES,
			&bytes, err) < 0)
		return error_wrap(err, "writing the image");
	return repository_put_manifest(
		layout, buffer_slice(&bytes), OCI_MANIFEST, tag, ret_manifest, err);
}

/* ---- packages ---- */

static int write_package(const struct export_packages *export,
	const struct package *package, struct store *store, int dirfd,
	struct index_entry *entry, struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT;
	cleanup_replacement struct fs_replacement file = FS_REPLACEMENT_INIT;
	cleanup_hasher struct hasher *hasher = NULL;
	cleanup_writer struct writer *plain = NULL, *out = NULL;
	if (buffer_printf(&name, err, "%s-%s.apk", package->name, package->version) < 0 ||
		fs_replace_begin(dirfd, buffer_str(&name), 0644, &file, err) < 0 ||
		hasher_new(DIGEST_SHA256, &hasher, err) < 0 ||
		writer_to_fd(file.fd, &plain, err) < 0 ||
		writer_hash(&plain, hasher, &out, err) < 0 ||
		apk_write_signed(
			package, store, export->signer, export->mtime, out, err) < 0 ||
		writer_finish(out, err) < 0 ||
		hasher_finish(hasher, &entry->file, err) < 0)
		return error_wrap(err, "writing %s", buffer_str(&name));
	entry->size = writer_position(out);
	return fs_replace_commit(&file, false, err);
}

static bool is_exported(
	const struct export_packages *export, const struct index_entry *entry)
{
	for (size_t i = 0; i < export->count; i++)
		if (strcmp(export->packages[i]->name, entry->name) == 0 &&
			strcmp(export->packages[i]->version, entry->version) == 0)
			return true;
	return false;
}

/* What the index listed before, and whose file is still there. */
static int keep_others(const struct export_packages *export, int dirfd,
	struct package_index *index, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_index struct package_index *old = NULL;
	struct error unreadable = ERROR_INIT;
	if (!fs_exists(dirfd, "APKINDEX.tar.gz"))
		return 0;
	if (fs_read_file(dirfd, "APKINDEX.tar.gz", LIMIT_INDEX_BYTES, &bytes, err) < 0)
		return err->class;
	if (package_index_read(buffer_slice(&bytes), "APKINDEX.tar.gz", NULL, 0, &old,
		    &unreadable) < 0)
		return 0; /* a broken old index is replaced by a whole new one */
	for (size_t i = 0; i < old->count; i++) {
		const struct index_entry *entry = &old->entries[i];
		cleanup_buffer struct buffer name = BUFFER_INIT;
		if (buffer_printf(&name, err, "%s-%s.apk", entry->name, entry->version) <
			0)
			return err->class;
		if (is_exported(export, entry) || !fs_exists(dirfd, buffer_str(&name)))
			continue;
		if (package_index_add_entry(index, entry, err) < 0)
			return err->class;
	}
	return 0;
}

int export_packages(
	const struct export_packages *export, struct store *store, struct error *err)
{
	cleanup_buffer struct buffer path = BUFFER_INIT, bytes = BUFFER_INIT;
	cleanup_index struct package_index *index = NULL;
	cleanup_fd int dirfd = -1, lock = -1;
	if (buffer_printf(&path, err, "%s/%s", export->directory, export->architecture) <
			0 ||
		fs_make_dirs(AT_FDCWD, buffer_str(&path), 0755, &dirfd, err) < 0 ||
		fs_open(dirfd, ".lock", FS_OWN, O_RDWR | O_CREAT, 0644, &lock, err) < 0 ||
		fs_lock(lock, err) < 0 || package_index_new(&index, err) < 0 ||
		keep_others(export, dirfd, index, err) < 0)
		return error_wrap(err, "package repository %s", export->directory);
	fs_replace_sweep(dirfd);
	for (size_t i = 0; i < export->count; i++) {
		if (package_index_add(index, export->packages[i], err) < 0)
			return err->class;
		struct index_entry *entry = &index->entries[index->count - 1];
		if (write_package(export, export->packages[i], store, dirfd, entry, err) <
			0)
			return err->class;
		if (export->ret_files)
			export->ret_files[i] = entry->file;
	}
	if (package_index_write(index, "alnage", export->signer, &bytes, err) < 0)
		return err->class;
	return fs_write_file(dirfd, "APKINDEX.tar.gz", buffer_slice(&bytes), 0644, err);
}

/* ---- the note ---- */

static int note_directory(int parent, const char *name, const char *path, unsigned depth,
	struct buffer *out, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_names struct fs_names names = {0};
	if (depth > 8 ||
		fs_open(parent, name, FS_OWN, O_RDONLY | O_DIRECTORY, 0, &fd, err) < 0 ||
		fs_list(fd, &names, err) < 0)
		return error_set(err, ERR_INPUT, "%s nests too deep", path);
	for (size_t i = 0; i < names.count; i++) {
		cleanup_buffer struct buffer below = BUFFER_INIT;
		const char *child = names.items[i];
		struct stat st;
		if (fstatat(fd, child, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue; /* went away: then it is not noted */
		if (buffer_printf(&below, err, "%s/%s", path, child) < 0)
			return err->class;
		if (S_ISDIR(st.st_mode) && note_directory(fd, child, buffer_str(&below),
						   depth + 1, out, err) < 0)
			return err->class;
		if (S_ISREG(st.st_mode) &&
			buffer_printf(out, err, "%lld %s\n", (long long)st.st_size,
				buffer_str(&below)) < 0)
			return err->class;
	}
	return 0;
}

int export_note(const char *directory, struct buffer *out, struct error *err)
{
	return note_directory(AT_FDCWD, directory, directory, 0, out, err);
}

bool export_is_unchanged(struct slice note)
{
	struct slice line;
	if (!note.len)
		return false;
	while (slice_cut(&note, '\n', &line)) {
		struct slice size_text;
		struct error ignored = ERROR_INIT;
		uint64_t size;
		cleanup_mem char *path = NULL;
		struct stat st;
		if (!slice_cut(&line, ' ', &size_text) ||
			slice_parse_u64(size_text, 10, INT64_MAX, &size, &ignored) < 0 ||
			slice_to_str(line, &path, &ignored) < 0 || lstat(path, &st) < 0 ||
			!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size)
			return false;
	}
	return true;
}
