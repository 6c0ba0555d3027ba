/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/layout_archive.h"
#include "oci/layout_private.h"

#define BLOB_PATH_MAX (sizeof("blobs/sha256/") + DIGEST_TEXT_MAX)

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

int layout_has_blob(struct repository *repository, const struct descriptor *descriptor,
	bool *ret_found, struct error *err)
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

int layout_load_index(
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

	if (layout_load_index(layout_of(repository), &index, err) < 0 ||
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

	if (layout_load_index(layout_of(repository), &index, err) < 0)
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

static int layout_entries(struct repository *repository, struct arena *arena,
	struct descriptor_list *list, struct error *err)
{
	cleanup_layout_index struct layout_index index = {0};

	if (layout_load_index(layout_of(repository), &index, err) < 0)
		return err->class;
	for (size_t i = 0; i < index.document->count; i++)
		if (descriptor_list_add(arena, list, &index.document->items[i], err) < 0)
			return err->class;
	return 0;
}

/* ---- opening ---- */

/* image-spec v1.1, image-layout.md, "oci-layout file". */
int layout_check_version(int dirfd, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_json struct json_t *json = NULL;
	const char *version;

	if (fs_read_file(dirfd, "oci-layout", 4 * KIB, &bytes, err) < 0)
		return error_remedy(err, "name the folder of an OCI layout: index.json "
					 "and oci-layout are in it");
	if (json_load_slice(buffer_slice(&bytes), "oci-layout", &json, err) < 0)
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

static int open_directory(
	const struct reference *reference, struct layout *layout, struct error *err)
{
	if (reference->kind != REFERENCE_ARCHIVE)
		return fs_open_dir(AT_FDCWD, reference->path, &layout->dirfd, err);
	if (layout_archive_open(reference->path, false, &layout->archive, err) < 0)
		return err->class;
	return fs_open_dir(
		AT_FDCWD, layout_archive_directory(layout->archive), &layout->dirfd, err);
}

/* Nobody sweeps away what is read here. Where there are no locks it is read all the same;
 * and a sweep under way removes nothing that index.json lists now. */
static void begin_use(struct layout *layout)
{
	struct error ignored = ERROR_INIT;

	if (fs_open(layout->dirfd, "oci-layout", FS_BENEATH,
		    O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &layout->lock_fd, &ignored) == 0)
		(void)fs_try_lock_byte(layout->lock_fd, LAYOUT_LOCK_USERS, FS_SHARED);
}

static void layout_needs(
	const struct repository *repository, struct repository_needs *needs)
{
	needs->directory = layout_of(repository)->dirfd;
}

static const struct repository_ops layout_ops = {
	.read_manifest = layout_read_manifest,
	.read_blob = layout_read_blob,
	.has_blob = layout_has_blob,
	.referrers = layout_referrers,
	.tags = layout_tags,
	.open_blob = layout_open_blob,
	.entries = layout_entries,
	.needs = layout_needs,
	.close = layout_close,
};

int layout_new(const struct reference *reference, struct repository *repository,
	struct error *err)
{
	struct layout *layout = calloc(1, sizeof(*layout));

	if (!layout)
		return error_set_memory(err);
	layout->dirfd = layout->lock_fd = -1;
	repository->ops = &layout_ops;
	repository->context = layout; /* closed with the repository from here on */
	repository->name = arena_printf(repository->arena, "%s:%s",
		reference->kind == REFERENCE_ARCHIVE ? "oci-archive" : "oci",
		reference->path);
	return repository->name ? 0 : error_set_memory(err);
}

int layout_open(const struct reference *reference, struct repository *repository,
	struct error *err)
{
	if (layout_new(reference, repository, err) < 0)
		return err->class;
	if (open_directory(reference, layout_of(repository), err) < 0 ||
		layout_check_version(layout_of(repository)->dirfd, err) < 0)
		return error_wrap(err, "%s", repository->name);
	begin_use(layout_of(repository));
	return 0;
}
