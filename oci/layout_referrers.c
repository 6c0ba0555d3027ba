/* SPDX-License-Identifier: Apache-2.0 */
/* Referrers in a layout: those of index.json, and what `cosign save` leaves unlisted. */
#include "base/fs.h"
#include "base/limits.h"
#include "oci/layout_private.h"

#define SCAN_FILES 10000
#define SCAN_BYTES (256 * KIB)

/* A manifest that is damaged or missing cannot be used as a referrer, so it is none. */
static int add_if_referrer(struct repository *repository, const struct descriptor *entry,
	const struct digest *subject, struct arena *arena, struct descriptor_list *list,
	struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	struct error ignored = ERROR_INIT;
	struct descriptor described;
	bool found;

	if (repository_load_manifest(repository, entry, &manifest, &found, &ignored) <
			0 ||
		!found || !manifest->has_subject ||
		!digest_equal(&manifest->subject.digest, subject))
		return 0;
	described = *entry;
	described.media_type = manifest->media_type;
	described = referrers_entry(&described, manifest);
	return descriptor_list_add(arena, list, &described, err);
}

static bool is_cosign_save(const struct layout_index *index)
{
	for (size_t i = 0; i < index->document->count; i++) {
		const char *kind =
			descriptor_annotation(&index->document->items[i], "kind");

		if (kind && strncmp(kind, "dev.cosignproject.cosign/",
				    strlen("dev.cosignproject.cosign/")) == 0)
			return true;
	}
	return false;
}

/* *ret_entry size 0: not the name of a small blob. */
static void entry_of_file(int dirfd, const char *name, struct descriptor *ret_entry)
{
	struct error ignored = ERROR_INIT;
	struct stat status;

	*ret_entry = (struct descriptor){0};
	if (digest_parse_hex(
		    DIGEST_SHA256, slice_str(name), &ret_entry->digest, &ignored) < 0 ||
		fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(status.st_mode) || (uint64_t)status.st_size > SCAN_BYTES)
		return;
	ret_entry->size = (uint64_t)status.st_size;
}

/* `cosign save` leaves referrers among the blobs without listing them. */
static int scan_blobs(struct repository *repository, const struct digest *subject,
	struct arena *arena, struct descriptor_list *list, struct error *err)
{
	cleanup_fd int dirfd = -1;
	cleanup_names struct fs_names names = {0};

	if (fs_open(layout_of(repository)->dirfd, "blobs/sha256", FS_BENEATH,
		    O_RDONLY | O_DIRECTORY, 0, &dirfd, err) < 0 ||
		fs_list(dirfd, &names, err) < 0)
		return err->class;
	if (names.count > SCAN_FILES)
		return error_set(err, ERR_INPUT, "more than %d blobs", SCAN_FILES);
	for (size_t i = 0; i < names.count; i++) {
		struct descriptor entry;

		entry_of_file(dirfd, names.items[i], &entry);
		if (entry.size != 0 && add_if_referrer(repository, &entry, subject, arena,
					       list, err) < 0)
			return err->class;
	}
	return 0;
}

int layout_referrers(struct repository *repository, const struct digest *subject,
	struct arena *arena, struct descriptor_list *list, struct error *err)
{
	cleanup_layout_index struct layout_index index = {0};

	if (layout_load_index(layout_of(repository), &index, err) < 0)
		return err->class;
	for (size_t i = 0; i < index.document->count; i++)
		if (add_if_referrer(repository, &index.document->items[i], subject, arena,
			    list, err) < 0)
			return err->class;
	if (is_cosign_save(&index))
		return scan_blobs(repository, subject, arena, list, err);
	return 0;
}
