/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/layout_archive.h"
#include "oci/layout_index.h"
#include "oci/repository_private.h"

#define BLOB_PATH_MAX (sizeof("blobs/sha256/") + DIGEST_TEXT_MAX)
#define BLOB_MODE     0644
#define SCAN_FILES    10000
#define SCAN_BYTES    (256 * KIB)

struct layout {
	int dirfd;
	int lock_fd; /* the file oci-layout, which is never replaced; -1: not locked */
	unsigned locks;
	bool writable;
	struct layout_archive *archive; /* NULL: a directory */
};

static struct layout *layout_of(const struct repository *repository)
{
	return repository->context;
}

static void layout_close(void *context)
{
	struct layout *layout = context;

	close_fd(&layout->lock_fd);
	close_fd(&layout->dirfd);
	layout_archive_free(&layout->archive);
	free(layout);
}

/* ---- blobs ---- */

/* The digest's grammar was checked when it was parsed: only hexadecimal digits get here.
 */
static void blob_path(const struct digest *digest, char path[BLOB_PATH_MAX])
{
	char hex[DIGEST_TEXT_MAX];

	(void)snprintf(path, BLOB_PATH_MAX, "blobs/%s/%s",
		digest_algorithm_name(digest->algorithm),
		digest_format_hex(digest, hex)); /* fits by definition */
}

/* *ret_fd -1: absent. */
static int open_blob(struct layout *layout, const struct digest *digest, int *ret_fd,
	uint64_t *ret_size, struct error *err)
{
	struct error reason = ERROR_INIT;
	char path[BLOB_PATH_MAX];
	cleanup_fd int fd = -1;
	struct stat status;

	blob_path(digest, path);
	if (fs_open(layout->dirfd, path, FS_BENEATH, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0,
		    &fd, &reason) < 0) {
		if (reason.sys != ENOENT) {
			*err = reason;
			return err->class;
		}
		*ret_fd = -1;
		return 0;
	}
	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "%s", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERR_INPUT, "%s: not a regular file", path);
	*ret_size = (uint64_t)status.st_size; /* of a regular file: not negative */
	*ret_fd = take_fd(&fd);
	return 0;
}

static int layout_has_blob(struct repository *repository,
	const struct descriptor *descriptor, bool *ret_found, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t size = 0;

	if (open_blob(layout_of(repository), &descriptor->digest, &fd, &size, err) < 0)
		return err->class;
	*ret_found = fd >= 0 && size == descriptor->size;
	return 0;
}

static int layout_read_blob(struct repository *repository,
	const struct descriptor *descriptor, struct writer *out, bool *ret_found,
	struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_fd int fd = -1;
	uint64_t size = 0;

	if (open_blob(layout_of(repository), &descriptor->digest, &fd, &size, err) < 0)
		return err->class;
	*ret_found = fd >= 0;
	if (fd < 0)
		return 0;
	if (reader_from_fd(&fd, &reader, err) < 0)
		return err->class;
	return stream_copy(reader, out, UINT64_MAX, NULL, err);
}

static int need_writable(const struct layout *layout, struct error *err)
{
	if (!layout->writable)
		return error_set(err, ERR_BUG, "opened for reading, but written to");
	return 0;
}

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

	if (need_writable(layout, err) < 0 ||
		layout_has_blob(repository, descriptor, &found, err) < 0)
		return err->class;
	if (found)
		return 0;
	if (begin_blob(layout, &descriptor->digest, &file, err) < 0 ||
		fill_blob(source, descriptor, file.fd, err) < 0)
		return err->class;
	return fs_replace_commit(&file, true, err);
}

static int layout_receive_blob(struct repository *repository, struct repository *from,
	const struct descriptor *descriptor, struct error *err)
{
	cleanup_replacement struct fs_replacement file = FS_REPLACEMENT_INIT;
	struct layout *layout = layout_of(repository);
	cleanup_writer struct writer *writer = NULL;

	if (need_writable(layout, err) < 0 ||
		begin_blob(layout, &descriptor->digest, &file, err) < 0)
		return err->class;
	if (writer_to_fd(file.fd, &writer, err) < 0 ||
		repository_copy_blob_to(from, descriptor, writer, err) < 0 ||
		writer_finish(writer, err) < 0)
		return err->class;
	return fs_replace_commit(&file, true, err);
}

static int layout_open_blob(struct repository *repository,
	const struct descriptor *descriptor, int *ret_fd, struct error *err)
{
	cleanup_fd int fd = -1;
	uint64_t size = 0;

	if (open_blob(layout_of(repository), &descriptor->digest, &fd, &size, err) < 0)
		return err->class;
	if (fd < 0)
		return error_set(err, ERR_INPUT, "it is not there");
	if (size != descriptor->size)
		return error_set(err, ERR_INPUT, "it has %llu bytes instead of %llu",
			(unsigned long long)size, (unsigned long long)descriptor->size);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* ---- index.json ---- */

static int load_index(
	const struct layout *layout, struct layout_index *ret_index, struct error *err)
{
	cleanup_buffer struct buffer bytes = {.max = LIMIT_MANIFEST_BYTES};

	if (fs_read_file(layout->dirfd, "index.json", LIMIT_MANIFEST_BYTES, &bytes, err) <
		0)
		return err->class;
	if (bytes.len == 0)
		return error_set(err, ERR_INPUT, "index.json: empty");
	return layout_index_parse(buffer_slice(&bytes), ret_index, err);
}

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
	cleanup_fd int fd = -1;

	if (need_writable(layout, err) < 0)
		return err->class;
	if (layout->locks == 0) {
		if (fs_open(layout->dirfd, "oci-layout", FS_BENEATH, O_RDWR, 0, &fd,
			    err) < 0 ||
			fs_lock(fd, err) < 0)
			return err->class;
		layout->lock_fd = take_fd(&fd);
	}
	layout->locks++;
	return 0;
}

static void layout_unlock(struct repository *repository)
{
	struct layout *layout = layout_of(repository);

	if (--layout->locks == 0)
		close_fd(&layout->lock_fd);
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

	if (load_index(layout_of(repository), &index, err) < 0)
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

/* ---- finding ---- */

/* `cosign save` writes no tags: the signatures of its one image go by the entry's kind.
 */
static const struct descriptor *find_cosign_extra(
	const struct layout_index *index, const char *tag)
{
	static const char prefix[] = "dev.cosignproject.cosign/";
	const struct manifest *document = index->document;
	const struct descriptor *image = NULL, *found = NULL;
	bool is_sig = slice_ends_with(slice_str(tag), SLICE(".sig"));
	char expected[REFERRERS_TAG_MAX];

	for (size_t i = 0; i < document->count; i++) {
		const char *kind = descriptor_annotation(&document->items[i], "kind");

		if (!kind || strncmp(kind, prefix, sizeof(prefix) - 1) != 0)
			continue;
		kind += sizeof(prefix) - 1;
		if (strncmp(kind, "image", strlen("image")) == 0)
			image = &document->items[i];
		else if (strcmp(kind, is_sig ? "sigs" : "atts") == 0)
			found = &document->items[i];
	}
	if (!image)
		return NULL;
	referrers_tag(&image->digest, is_sig ? ".sig" : ".att", expected);
	return strcmp(tag, expected) == 0 ? found : NULL;
}

/* An entry without tag that has a subject is a referrer, whatever index.json says of it.
 */
static bool is_image(struct repository *repository, const struct descriptor *entry)
{
	cleanup_manifest struct manifest *manifest = NULL;
	struct error ignored = ERROR_INIT;
	bool found;

	if (!layout_entry_may_be_image(entry))
		return false;
	if (layout_entry_tag(entry))
		return true;
	return repository_load_manifest(repository, entry, &manifest, &found, &ignored) ==
		       0 &&
	       found && !manifest->has_subject;
}

static int find_only_image(struct repository *repository,
	const struct layout_index *index, const struct descriptor **ret_entry,
	struct error *err)
{
	cleanup_buffer struct buffer names = {.max = 512};
	const struct descriptor *only = NULL;
	struct error full = ERROR_INIT;
	bool several = false;

	for (size_t i = 0; i < index->document->count; i++) {
		const struct descriptor *entry = &index->document->items[i];
		const char *tag = layout_entry_tag(entry);

		if (!is_image(repository, entry))
			continue;
		several =
			several || (only && !digest_equal(&only->digest, &entry->digest));
		only = entry;
		if (tag && buffer_printf(&names, &full, " %s", tag) < 0)
			break; /* enough to choose from */
	}
	if (several) {
		(void)error_set(err, ERR_INPUT, "there are several images, name one");
		return error_remedy(err, "tags:%s", buffer_str(&names));
	}
	*ret_entry = only;
	return 0;
}

static int find_tag(struct repository *repository, const char *tag,
	const struct layout_index *index, const struct descriptor **ret_entry,
	struct error *err)
{
	const struct descriptor *entry;

	if (!tag)
		return find_only_image(repository, index, ret_entry, err);
	entry = layout_index_find(index, tag);
	*ret_entry = entry ? entry : find_cosign_extra(index, tag);
	return 0;
}

static int read_blob_whole(struct layout *layout, const struct digest *digest,
	struct buffer *out, bool *ret_found, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_fd int fd = -1;
	uint64_t size = 0;

	if (open_blob(layout, digest, &fd, &size, err) < 0)
		return err->class;
	*ret_found = fd >= 0;
	if (fd < 0)
		return 0;
	if (size > LIMIT_MANIFEST_BYTES)
		return error_set(
			err, ERR_INPUT, "more than %zu bytes", LIMIT_MANIFEST_BYTES);
	if (reader_from_fd(&fd, &reader, err) < 0)
		return err->class;
	return reader_read_all(reader, LIMIT_MANIFEST_BYTES, out, err);
}

/* By tag the bytes are checked here, since only the entry knows their digest. */
static int read_tagged(struct repository *repository, const char *tag, struct buffer *out,
	struct tag_answer *ret_answer, struct error *err)
{
	cleanup_layout_index struct layout_index index = {0};
	const struct descriptor *entry = NULL;
	char text[DIGEST_TEXT_MAX];
	struct slice bytes;
	bool found;

	if (load_index(layout_of(repository), &index, err) < 0 ||
		find_tag(repository, tag, &index, &entry, err) < 0)
		return err->class;
	if (!entry)
		return 0;
	if (repository_manifest_bytes(repository, entry, &bytes, &found, err) < 0)
		return err->class;
	if (!found)
		return error_set(err, ERR_INPUT,
			"index.json lists %s, but it is not there",
			digest_format(&entry->digest, text));
	if (strlen(entry->media_type) >= sizeof(ret_answer->media_type))
		return error_set(err, ERR_INPUT, "index.json: media type too long");
	(void)snprintf(ret_answer->media_type, sizeof(ret_answer->media_type), "%s",
		entry->media_type); /* tested the line before */
	ret_answer->found = true;
	return buffer_add_slice(out, bytes, err);
}

static int layout_read_manifest(struct repository *repository, const char *tag,
	const struct digest *digest, struct buffer *out, struct tag_answer *ret_answer,
	struct error *err)
{
	if (!digest)
		return read_tagged(repository, tag, out, ret_answer, err);
	return read_blob_whole(
		layout_of(repository), digest, out, &ret_answer->found, err);
}

static int layout_tags(struct repository *repository, struct arena *arena,
	const char ***ret_tags, size_t *ret_count, struct error *err)
{
	cleanup_layout_index struct layout_index index = {0};
	const char **tags;
	size_t count = 0;

	if (load_index(layout_of(repository), &index, err) < 0)
		return err->class;
	tags = arena_array(arena, index.document->count, sizeof(*tags));
	if (!tags)
		return error_set_memory(err);
	for (size_t i = 0; i < index.document->count; i++) {
		const char *tag = layout_entry_tag(&index.document->items[i]);

		if (!tag)
			continue;
		tags[count] = arena_strdup(arena, tag);
		if (!tags[count++])
			return error_set_memory(err);
	}
	*ret_tags = tags;
	*ret_count = count;
	return 0;
}

/* ---- referrers ---- */

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
	char **names = NULL;
	size_t count = 0;
	int result = 0;

	if (fs_open(layout_of(repository)->dirfd, "blobs/sha256", FS_BENEATH,
		    O_RDONLY | O_DIRECTORY, 0, &dirfd, err) < 0 ||
		fs_list(dirfd, &names, &count, err) < 0)
		return err->class;
	if (count > SCAN_FILES)
		result = error_set(err, ERR_INPUT, "more than %d blobs", SCAN_FILES);
	for (size_t i = 0; i < count && result == 0; i++) {
		struct descriptor entry;

		entry_of_file(dirfd, names[i], &entry);
		if (entry.size != 0)
			result = add_if_referrer(
				repository, &entry, subject, arena, list, err);
	}
	fs_list_free(&names, count);
	return result;
}

static int layout_referrers(struct repository *repository, const struct digest *subject,
	struct arena *arena, struct descriptor_list *list, struct error *err)
{
	cleanup_layout_index struct layout_index index = {0};

	if (load_index(layout_of(repository), &index, err) < 0)
		return err->class;
	for (size_t i = 0; i < index.document->count; i++)
		if (add_if_referrer(repository, &index.document->items[i], subject, arena,
			    list, err) < 0)
			return err->class;
	if (is_cosign_save(&index))
		return scan_blobs(repository, subject, arena, list, err);
	return 0;
}

static int layout_entries(struct repository *repository, struct arena *arena,
	struct descriptor_list *list, struct error *err)
{
	cleanup_layout_index struct layout_index index = {0};

	if (load_index(layout_of(repository), &index, err) < 0)
		return err->class;
	for (size_t i = 0; i < index.document->count; i++)
		if (descriptor_list_add(arena, list, &index.document->items[i], err) < 0)
			return err->class;
	return 0;
}

/* ---- opening ---- */

/* image-spec v1.1, image-layout.md, "oci-layout file". */
static int check_version(int dirfd, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_json struct json_t *json = NULL;
	const char *version;

	if (fs_read_file(dirfd, "oci-layout", 4 * KIB, &bytes, err) < 0 ||
		json_load_slice(buffer_slice(&bytes), "oci-layout", &json, err) < 0)
		return err->class;
	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "oci-layout: not an object");
	if (json_get_string(json, "imageLayoutVersion", "oci-layout", &version, err) < 0)
		return err->class;
	if (strcmp(version, LAYOUT_VERSION) != 0)
		return error_set(err, ERR_INPUT,
			"oci-layout: version \"%.40s\", only " LAYOUT_VERSION " is known",
			version);
	return 0;
}

/* Somebody else's files must not become part of an image's folder. */
static int check_empty(int dirfd, struct error *err)
{
	static const char *const ours[] = {"blobs", "index.json", "oci-layout"};
	char **names = NULL;
	size_t count = 0;
	int result = 0;

	if (fs_list(dirfd, &names, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count && result == 0; i++) {
		bool known = names[i][0] == '.';

		for (size_t j = 0; j < ARRAY_LEN(ours); j++)
			known = known || strcmp(names[i], ours[j]) == 0;
		if (!known)
			result = error_set(err, ERR_INPUT,
				"neither an OCI layout nor empty: it contains \"%.100s\"",
				names[i]);
	}
	fs_list_free(&names, count);
	return result;
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

static int open_directory(const struct reference *reference,
	const struct repository *repository, struct layout *layout, struct error *err)
{
	const struct repository_options *options = &repository->options;

	if (reference->kind == REFERENCE_ARCHIVE) {
		if (layout_archive_open(
			    reference->path, options->create, &layout->archive, err) < 0)
			return err->class;
		return fs_open_dir(AT_FDCWD, layout_archive_directory(layout->archive),
			&layout->dirfd, err);
	}
	if (options->create)
		return fs_make_dirs(AT_FDCWD, reference->path, 0755, &layout->dirfd, err);
	return fs_open_dir(AT_FDCWD, reference->path, &layout->dirfd, err);
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
	char **names = NULL;
	size_t count = 0;
	int result = 0;

	if (need_writable(layout_of(repository), err) < 0 ||
		fs_open(layout_of(repository)->dirfd, "blobs/sha256", FS_BENEATH,
			O_RDONLY | O_DIRECTORY, 0, &dirfd, err) < 0 ||
		fs_list(dirfd, &names, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count && result == 0; i++)
		result = remove_unlisted(dirfd, names[i], blobs, err);
	fs_list_free(&names, count);
	return result;
}

static int layout_commit(struct repository *repository, struct error *err)
{
	struct layout *layout = layout_of(repository);

	if (!layout->archive || !layout->writable)
		return 0;
	if (layout_archive_write(layout->archive, layout->dirfd, err) < 0)
		return error_wrap(err, "%s", repository->name);
	return 0;
}

static const struct repository_ops layout_ops = {
	.read_manifest = layout_read_manifest,
	.read_blob = layout_read_blob,
	.has_blob = layout_has_blob,
	.put_blob = layout_put_blob,
	.put_manifest = layout_put_manifest,
	.referrers = layout_referrers,
	.tags = layout_tags,
	.lock = layout_lock,
	.unlock = layout_unlock,
	.open_blob = layout_open_blob,
	.receive_blob = layout_receive_blob,
	.entries = layout_entries,
	.keep_only = layout_keep_only,
	.commit = layout_commit,
	.close = layout_close,
};

int layout_open(const struct reference *reference, struct repository *repository,
	struct error *err)
{
	struct layout *layout = calloc(1, sizeof(*layout));

	if (!layout)
		return error_set_memory(err);
	layout->dirfd = layout->lock_fd = -1;
	layout->writable = repository->options.writable || repository->options.create;
	repository->ops = &layout_ops;
	repository->context = layout; /* closed with the repository from here on */
	repository->name = arena_printf(repository->arena, "%s:%s",
		reference->kind == REFERENCE_ARCHIVE ? "oci-archive" : "oci",
		reference->path);
	if (!repository->name)
		return error_set_memory(err);
	if (open_directory(reference, repository, layout, err) < 0)
		return error_wrap(err, "%s", repository->name);
	if (repository->options.create && !fs_exists(layout->dirfd, "oci-layout") &&
		create_layout(layout->dirfd, err) < 0)
		return error_wrap(err, "%s", repository->name);
	if (check_version(layout->dirfd, err) < 0)
		return error_wrap(err, "%s", repository->name);
	return 0;
}
