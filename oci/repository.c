/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/limits.h"
#include "oci/repository_private.h"

#define CACHE_BYTES_MAX (32 * MIB)

/* ---- opening ---- */

int repository_new(const struct repository_options *options,
	struct repository **ret_repository, struct error *err)
{
	cleanup_repository struct repository *repository = calloc(1, sizeof(*repository));

	if (!repository)
		return error_set_memory(err);
	repository->options = *options;
	if (options->seconds_max != 0)
		repository->deadline = clock_monotonic() + options->seconds_max;
	if (arena_new(&repository->arena, err) < 0 ||
		map_new(&repository->manifests, err) < 0)
		return err->class;
	*ret_repository = take_ptr(repository);
	return 0;
}

int repository_open_to_read(const struct reference *reference,
	const struct repository_options *options, struct repository **ret_repository,
	struct error *err)
{
	cleanup_repository struct repository *repository = NULL;
	int result;

	if (options->create || options->writable)
		return error_set(
			err, ERR_BUG, "to be written to, but opened for reading");
	if (repository_new(options, &repository, err) < 0)
		return err->class;
	if (reference->kind == REFERENCE_REGISTRY)
		result = registry_open(reference, repository, err);
	else
		result = layout_open(reference, repository, err);
	if (result < 0)
		return err->class;
	*ret_repository = take_ptr(repository);
	return 0;
}

void repository_close(struct repository **repository)
{
	int saved = errno;

	if (*repository) {
		if ((*repository)->context)
			(*repository)->ops->close((*repository)->context);
		map_free(&(*repository)->manifests);
		arena_free(&(*repository)->arena);
		free(*repository);
	}
	*repository = NULL;
	errno = saved;
}

const char *repository_name(const struct repository *repository)
{
	return repository->name;
}

bool repository_is_registry(const struct repository *repository)
{
	return repository->is_registry;
}

void repository_get_needs(
	const struct repository *repository, struct repository_needs *ret_needs)
{
	*ret_needs = (struct repository_needs){.directory = -1};
	repository->ops->needs(repository, ret_needs);
}

/* ---- manifests ---- */

int descriptor_of_manifest(struct slice bytes, const struct manifest *manifest,
	struct descriptor *ret_descriptor, struct error *err)
{
	struct descriptor result = {
		.media_type = manifest->media_type,
		.size = bytes.len,
		.artifact_type = manifest->artifact_type,
		.annotations = manifest->annotations,
		.annotation_count = manifest->annotation_count,
	};

	if (digest_of(DIGEST_SHA256, bytes, &result.digest, err) < 0)
		return err->class;
	*ret_descriptor = result;
	return 0;
}

int repository_remember(struct repository *repository, const struct digest *digest,
	struct slice bytes, struct slice *ret_kept, struct error *err)
{
	struct slice *kept = arena_alloc(repository->arena, sizeof(*kept));
	char key[DIGEST_TEXT_MAX];

	if (!kept)
		return error_set_memory(err);
	kept->data = arena_strndup(repository->arena, bytes);
	kept->len = bytes.len;
	if (!kept->data)
		return error_set_memory(err);
	if (repository->cached_bytes + bytes.len <= CACHE_BYTES_MAX) {
		if (map_put(repository->manifests, slice_str(digest_format(digest, key)),
			    kept, err) < 0)
			return err->class;
		repository->cached_bytes += bytes.len;
	} else if (repository->options.bounded) {
		return error_set(err, ERR_INPUT, "%s: more than %zu MiB of manifests",
			repository->name, CACHE_BYTES_MAX / MIB);
	}
	*ret_kept = *kept;
	return 0;
}

int repository_count_read(
	struct repository *repository, uint64_t bytes, struct error *err)
{
	if (repository->deadline > 0 && clock_monotonic() > repository->deadline)
		return error_set(err, ERR_NETWORK, "%s: took more than %u s",
			repository->name, repository->options.seconds_max);
	if (!repository->options.bounded)
		return 0;
	if (++repository->reads > LIMIT_VERIFY_READS)
		return error_set(err, ERR_INPUT, "%s: more than %d documents to be read",
			repository->name, LIMIT_VERIFY_READS);
	if (repository->read_bytes > LIMIT_VERIFY_BYTES ||
		bytes > LIMIT_VERIFY_BYTES - repository->read_bytes)
		return error_set(err, ERR_INPUT,
			"%s: more than %zu MiB of documents to be read", repository->name,
			LIMIT_VERIFY_BYTES / MIB);
	repository->read_bytes += bytes;
	return 0;
}

/* CVE-2025-24882: the bytes count, not what a header says of them. */
static int verify_bytes(
	struct slice bytes, const struct descriptor *descriptor, struct error *err)
{
	char want[DIGEST_TEXT_MAX], have[DIGEST_TEXT_MAX];
	struct digest digest;

	if (descriptor->size != UINT64_MAX && bytes.len != descriptor->size)
		return error_set(err, ERR_INPUT, "%s: %zu bytes came instead of %llu",
			digest_format(&descriptor->digest, want), bytes.len,
			(unsigned long long)descriptor->size);
	if (digest_of(descriptor->digest.algorithm, bytes, &digest, err) < 0)
		return err->class;
	if (!digest_equal(&digest, &descriptor->digest))
		return error_set(err, ERR_INPUT, "%s was asked for, but the bytes are %s",
			digest_format(&descriptor->digest, want),
			digest_format(&digest, have));
	return 0;
}

int repository_manifest_bytes(struct repository *repository,
	const struct descriptor *descriptor, struct slice *ret_bytes, bool *ret_found,
	struct error *err)
{
	cleanup_buffer struct buffer bytes = {.max = LIMIT_MANIFEST_BYTES};
	struct tag_answer answer = {0};
	char key[DIGEST_TEXT_MAX];
	const struct slice *known;

	known = map_get(repository->manifests,
		slice_str(digest_format(&descriptor->digest, key)));
	if (known) {
		if (verify_bytes(*known, descriptor, err) < 0)
			return error_wrap(err, "%s", repository->name);
		*ret_bytes = *known;
		*ret_found = true;
		return 0;
	}
	if (descriptor->size != UINT64_MAX && descriptor->size > LIMIT_MANIFEST_BYTES)
		return error_set(err, ERR_INPUT,
			"%s: manifest %s has more than %zu bytes", repository->name, key,
			LIMIT_MANIFEST_BYTES);
	if (repository_count_read(repository, 0, err) < 0)
		return err->class;
	if (repository->ops->read_manifest(
		    repository, NULL, &descriptor->digest, &bytes, &answer, err) < 0)
		return error_wrap(err, "%s: manifest %s", repository->name, key);
	repository->read_bytes += bytes.len;
	if (answer.found) {
		if (verify_bytes(buffer_slice(&bytes), descriptor, err) < 0)
			return error_wrap(err, "%s: manifest", repository->name);
		if (repository_remember(repository, &descriptor->digest,
			    buffer_slice(&bytes), ret_bytes, err) < 0)
			return err->class;
	}
	*ret_found = answer.found;
	return 0;
}

int repository_load_manifest(struct repository *repository,
	const struct descriptor *descriptor, struct manifest **ret_manifest,
	bool *ret_found, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct slice bytes;

	if (repository_manifest_bytes(repository, descriptor, &bytes, ret_found, err) < 0)
		return err->class;
	if (!*ret_found)
		return 0;
	if (manifest_parse(bytes, descriptor->media_type, ret_manifest, err) < 0)
		return error_wrap(err, "%s: %s", repository->name,
			digest_format(&descriptor->digest, text));
	return 0;
}

int repository_read_manifest(struct repository *repository,
	const struct descriptor *descriptor, struct buffer *out, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct slice bytes;
	bool found;

	if (repository_manifest_bytes(repository, descriptor, &bytes, &found, err) < 0)
		return err->class;
	if (!found)
		return error_set(err, ERR_INPUT, "%s: manifest %s is not there",
			repository->name, digest_format(&descriptor->digest, text));
	return buffer_add_slice(out, bytes, err);
}

/* Servers that do not know a type announce something general: then the document decides.
 */
static const char *announced_type(const struct tag_answer *answer)
{
	static const char *const general[] = {
		"application/json", "application/octet-stream", "text/plain"};
	struct slice rest = slice_str(answer->media_type), bare;

	if (!slice_cut(&rest, ';', &bare))
		return NULL;
	bare = slice_trim(bare);
	for (size_t i = 0; i < ARRAY_LEN(general); i++)
		if (bare.len == 0 || slice_equal_str(bare, general[i]))
			return NULL;
	return answer->media_type;
}

int repository_describe(struct repository *repository, struct slice bytes,
	const struct tag_answer *answer, struct descriptor *ret_descriptor,
	struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	struct descriptor described;

	if (manifest_parse(
		    bytes, answer ? announced_type(answer) : NULL, &manifest, err) < 0 ||
		descriptor_of_manifest(bytes, manifest, &described, err) < 0)
		return err->class;
	return descriptor_copy(repository->arena, &described, ret_descriptor, err);
}

static int resolve_digest(struct repository *repository, struct slice text,
	struct descriptor *ret_descriptor, bool *ret_found, struct error *err)
{
	struct descriptor wanted = {.size = UINT64_MAX};
	struct descriptor result;
	struct slice bytes;
	bool found;

	if (digest_parse(text, &wanted.digest, err) < 0 ||
		repository_manifest_bytes(repository, &wanted, &bytes, &found, err) < 0)
		return err->class;
	if (found) {
		if (repository_describe(repository, bytes, NULL, &result, err) < 0)
			return error_wrap(
				err, "%s: %.*s", repository->name, SLICE_ARG(text));
		result.digest = wanted.digest;
		*ret_descriptor = result;
	}
	*ret_found = found;
	return 0;
}

int repository_read_tag(struct repository *repository, const char *tag,
	struct buffer *bytes, struct tag_answer *ret_answer, struct error *err)
{
	*ret_answer = (struct tag_answer){0};
	bytes->max = LIMIT_MANIFEST_BYTES;
	if (tag && !reference_tag_is_valid(slice_str(tag)))
		return error_set(err, ERR_INPUT, "%s: \"%.*s\" is not a tag",
			repository->name, SLICE_ARG(slice_sub(slice_str(tag), 0, 140)));
	if (repository_count_read(repository, 0, err) < 0 ||
		repository->ops->read_manifest(
			repository, tag, NULL, bytes, ret_answer, err) < 0)
		return error_wrap(
			err, "%s%s%s", repository->name, tag ? ":" : "", tag ? tag : "");
	repository->read_bytes += bytes->len;
	return 0;
}

int repository_resolve(struct repository *repository, const char *tag_or_digest,
	struct descriptor *ret_descriptor, bool *ret_found, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct tag_answer answer;
	struct slice ignored;

	if (tag_or_digest && strchr(tag_or_digest, ':'))
		return resolve_digest(repository, slice_str(tag_or_digest),
			ret_descriptor, ret_found, err);
	if (repository_read_tag(repository, tag_or_digest, &bytes, &answer, err) < 0)
		return err->class;
	if (answer.found) {
		if (repository_describe(repository, buffer_slice(&bytes), &answer,
			    ret_descriptor, err) < 0)
			return error_wrap(err, "%s:%s", repository->name,
				tag_or_digest ? tag_or_digest : "");
		/* What was resolved is what is used: a tag is never asked twice for one
		 * use. */
		if (repository_remember(repository, &ret_descriptor->digest,
			    buffer_slice(&bytes), &ignored, err) < 0)
			return err->class;
	}
	*ret_found = answer.found;
	return 0;
}

int repository_resolve_reference(struct repository *repository,
	const struct reference *reference, struct descriptor *ret_descriptor,
	struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	const char *what = reference->tag;
	bool found;

	if (reference->has_digest)
		what = digest_format(&reference->digest, digest);
	if (repository_resolve(repository, what, ret_descriptor, &found, err) < 0)
		return err->class;
	if (!found)
		return error_set(
			err, ERR_INPUT, "%s: there is no such image", reference->text);
	return 0;
}

/* ---- the rest ---- */

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int repository_tags(struct repository *repository, struct arena *arena,
	const char ***ret_tags, size_t *ret_count, struct error *err)
{
	const char **tags = NULL;
	size_t count = 0, kept = 0;

	if (repository->ops->tags(repository, arena, &tags, &count, err) < 0)
		return error_wrap(err, "%s: tags", repository->name);
	if (count != 0)
		qsort(tags, count, sizeof(*tags), compare_texts);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(tags[kept - 1], tags[i]) != 0)
			tags[kept++] = tags[i];
	*ret_tags = tags;
	*ret_count = kept;
	return 0;
}
