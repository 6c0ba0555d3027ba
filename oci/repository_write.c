/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes a repository, apart from reading: a program that only opens with
 * repository_open_to_read has none of it.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "base/retry.h"
#include "oci/repository_private.h"

#define UPDATE_ATTEMPTS 10
#define STALE_SECONDS   0.1
#define STALE_READS     3

/* ---- opening and committing ---- */

int repository_open(const struct reference *reference,
	const struct repository_options *options, struct repository **ret_repository,
	struct error *err)
{
	cleanup_repository struct repository *repository = NULL;
	int result;

	if (!options->create && !options->writable)
		return repository_open_to_read(reference, options, ret_repository, err);
	if (repository_new(options, &repository, err) < 0)
		return err->class;
	if (reference->kind == REFERENCE_REGISTRY)
		result = registry_open_to_write(reference, repository, err);
	else
		result = layout_open_to_write(reference, repository, err);
	if (result < 0)
		return err->class;
	*ret_repository = take_ptr(repository);
	return 0;
}

int repository_need_writable(const struct repository *repository, struct error *err)
{
	if (!repository->write)
		return error_set(err, ERR_BUG, "%s: opened for reading, but written to",
			repository->name);
	return 0;
}

int repository_commit(struct repository *repository, struct error *err)
{
	const struct repository_write_ops *write = repository->write;

	if (repository_settle(repository, err) < 0)
		return err->class;
	return write && write->commit ? write->commit(repository, err) : 0;
}

/* ---- blobs ---- */

int repository_put_blob(struct repository *repository, struct slice bytes,
	struct descriptor *descriptor, struct error *err)
{
	struct blob_source source = {.fd = -1, .bytes = bytes};
	struct descriptor described = *descriptor;

	described.size = bytes.len;
	if (digest_of(DIGEST_SHA256, bytes, &described.digest, err) < 0 ||
		repository_put_source(repository, &source, &described, err) < 0)
		return err->class;
	*descriptor = described;
	return 0;
}

int repository_put_source(struct repository *repository, const struct blob_source *source,
	const struct descriptor *descriptor, struct error *err)
{
	char text[DIGEST_TEXT_MAX];

	if (repository_need_writable(repository, err) < 0)
		return err->class;
	if (repository->write->put_blob(repository, source, descriptor, err) < 0)
		return error_wrap(err, "%s: blob %s", repository->name,
			digest_format(&descriptor->digest, text));
	return 0;
}

int repository_put_blob_fd(struct repository *repository, int fd,
	const struct descriptor *descriptor, struct error *err)
{
	struct blob_source source = {.fd = fd};

	return repository_put_source(repository, &source, descriptor, err);
}

/* ---- manifests ---- */

int repository_put(struct repository *repository, struct slice bytes,
	const struct descriptor *as, const char *tag, bool list,
	struct descriptor *ret_descriptor, struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	struct descriptor described, entry, kept;
	struct manifest_put put = {
		.bytes = bytes, .descriptor = &described, .tag = tag, .list = list};
	struct slice ignored;

	if (tag && !reference_tag_is_valid(slice_str(tag)))
		return error_set(err, ERR_INPUT, "%s: \"%.*s\" is not a tag",
			repository->name, SLICE_ARG(slice_sub(slice_str(tag), 0, 140)));
	if (repository_need_writable(repository, err) < 0 ||
		manifest_parse(bytes, as->media_type, &manifest, err) < 0 ||
		descriptor_of_manifest(bytes, manifest, &described, err) < 0 ||
		digest_of(as->digest.algorithm, bytes, &described.digest, err) < 0)
		return err->class;
	put.manifest = manifest;
	if (repository->write->put_manifest(repository, &put, err) < 0)
		return error_wrap(err, "%s", repository->name);
	entry = referrers_entry(&described, manifest);
	if (manifest->has_subject && !put.subject_done &&
		referrers_add_fallback(
			repository, &manifest->subject.digest, &entry, err) < 0)
		return err->class;
	if (descriptor_copy(repository->arena, &described, &kept, err) < 0 ||
		repository_remember(repository, &described.digest, bytes, &ignored, err) <
			0)
		return err->class;
	*ret_descriptor = kept;
	return 0;
}

int repository_put_manifest(struct repository *repository, struct slice bytes,
	const char *media_type, const char *tag, struct descriptor *ret_descriptor,
	struct error *err)
{
	struct descriptor as = {
		.media_type = media_type, .digest.algorithm = DIGEST_SHA256};

	return repository_put(repository, bytes, &as, tag, false, ret_descriptor, err);
}

/* ---- read, change, write ---- */

struct update {
	const char *tag, *media_type;
	repository_change *change;
	void *context;
	bool done, wrote;
	unsigned stale_reads;
	uint64_t wait_ms; /* before the next attempt, at least */
	double read_at;
	struct descriptor result;
};

static int write_change(struct repository *repository, struct update *update,
	struct slice bytes, const struct tag_answer *present, struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	struct descriptor described;
	struct manifest_put put = {.bytes = bytes,
		.descriptor = &described,
		.tag = update->tag,
		.is_update = true,
		.if_match = present->found && present->etag[0] == '\0' ? NULL
								       : present->etag};

	if (manifest_parse(bytes, update->media_type, &manifest, err) < 0 ||
		descriptor_of_manifest(bytes, manifest, &described, err) < 0)
		return err->class;
	put.manifest = manifest;
	if (repository->write->put_manifest(repository, &put, err) < 0)
		return error_wrap(err, "%s:%s", repository->name, update->tag);
	update->wait_ms = put.wait_ms;
	if (put.conflict)
		return 0;
	if (descriptor_copy(repository->arena, &described, &update->result, err) < 0)
		return err->class;
	update->done = update->wrote = true;
	if (repository->write->lock)
		return 0;
	if (clock_monotonic() - update->read_at > repository->slowest_update)
		repository->slowest_update = clock_monotonic() - update->read_at;
	return settle_remember(repository, update->tag, manifest->media_type, bytes, err);
}

/* The change took long, perhaps since it sent blobs, which are there now: read again
 * rather than overwrite what others have written meanwhile. */
static bool is_stale(const struct repository *repository, struct update *update)
{
	return !repository->write->lock &&
	       clock_monotonic() - update->read_at > STALE_SECONDS &&
	       update->stale_reads++ < STALE_READS;
}

static int update_once(
	struct repository *repository, struct update *update, struct error *err)
{
	cleanup_buffer struct buffer present = BUFFER_INIT;
	cleanup_buffer struct buffer changed = {.max = LIMIT_MANIFEST_BYTES};
	struct tag_answer answer;

	update->read_at = clock_monotonic();
	if (repository_read_tag(repository, update->tag, &present, &answer, err) < 0)
		return err->class;
	if (update->change(update->context, buffer_slice(&present), &changed, err) < 0)
		return error_wrap(err, "%s:%s", repository->name, update->tag);
	if (is_stale(repository, update))
		return 0;
	if (changed.len != 0 &&
		!slice_equal(buffer_slice(&changed), buffer_slice(&present)))
		return write_change(
			repository, update, buffer_slice(&changed), &answer, err);
	if (answer.found && repository_describe(repository, buffer_slice(&present),
				    &answer, &update->result, err) < 0)
		return error_wrap(err, "%s:%s", repository->name, update->tag);
	update->done = true;
	return 0;
}

int repository_update(struct repository *repository, const char *tag,
	const char *media_type, repository_change *change, void *context,
	struct descriptor *ret_descriptor, bool *ret_wrote, struct error *err)
{
	struct update update = {.tag = tag,
		.media_type = media_type,
		.change = change,
		.context = context};

	if (repository_need_writable(repository, err) < 0)
		return err->class;
	if (repository->write->lock && repository->write->lock(repository, err) < 0)
		return error_wrap(err, "%s", repository->name);
	for (int i = 0; i < UPDATE_ATTEMPTS && !update.done && !error_is_set(err); i++) {
		if (i != 0 && update.stale_reads < (unsigned)i)
			retry_pause(repository->options.retry_delay_ms, (unsigned)i,
				update.wait_ms);
		(void)update_once(repository, &update, err); /* err tells */
	}
	if (repository->write->unlock)
		repository->write->unlock(repository);
	if (error_is_set(err))
		return err->class;
	if (!update.done)
		return error_set(err, ERR_NETWORK,
			"%s:%s: somebody else kept changing it, %d attempts",
			repository->name, tag, UPDATE_ATTEMPTS);
	*ret_descriptor = update.result;
	*ret_wrote = update.wrote;
	return 0;
}

int repository_update_manifest(struct repository *repository, const char *tag,
	const char *media_type, repository_change *change, void *context,
	struct descriptor *ret_descriptor, struct error *err)
{
	bool ignored;

	return repository_update(repository, tag, media_type, change, context,
		ret_descriptor, &ignored, err);
}

/* ---- sweeping ---- */

static int keep_reached(struct repository *repository, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct descriptor_list reached = {0};

	if (arena_new(&arena, err) < 0 ||
		repository_reach(repository, arena, &reached, err) < 0)
		return err->class;
	return repository->write->keep_only(repository, &reached, err);
}

int repository_sweep(struct repository *repository, struct error *err)
{
	const struct repository_write_ops *write;
	int result;

	if (repository_need_writable(repository, err) < 0)
		return err->class;
	write = repository->write;
	if (!write->begin_sweep || !write->begin_sweep(repository))
		return 0;
	result = keep_reached(repository, err);
	write->end_sweep(repository);
	return result;
}
