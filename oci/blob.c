/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs in and out of a repository, checked on the way. */
#include <unistd.h>

#include "base/limits.h"
#include "oci/repository_private.h"

/* ---- reading: a writer that lets pass only what was asked for ---- */

struct check {
	struct writer *out; /* borrowed */
	struct hasher *hasher;
	const struct descriptor *descriptor;
	const struct blob_watch *watch; /* may be NULL */
	uint64_t passed;
};

static int tell(const struct blob_watch *watch, uint64_t position, struct error *err)
{
	return watch ? watch->moved(watch->context, position, err) : 0;
}

/* The size is known before: more is refused before it is hashed or written. */
static int check_write(void *context, const void *data, size_t len, struct error *err)
{
	struct check *check = context;

	if (len > check->descriptor->size - check->passed)
		return error_set(err, ERR_INPUT, "more than %llu bytes came",
			(unsigned long long)check->descriptor->size);
	check->passed += len;
	if (hasher_update(check->hasher, data, len, err) < 0 ||
		writer_write(check->out, data, len, err) < 0)
		return err->class;
	return tell(check->watch, check->passed, err);
}

static void check_free(void *context)
{
	(void)context; /* the caller's */
}

static int check_end(struct check *check, struct error *err)
{
	char have[DIGEST_TEXT_MAX];
	struct digest digest;

	if (check->passed != check->descriptor->size)
		return error_set(err, ERR_INPUT, "%llu bytes came instead of %llu",
			(unsigned long long)check->passed,
			(unsigned long long)check->descriptor->size);
	if (hasher_finish(check->hasher, &digest, err) < 0)
		return err->class;
	if (!digest_equal(&digest, &check->descriptor->digest))
		return error_set(
			err, ERR_INPUT, "the bytes are %s", digest_format(&digest, have));
	return 0;
}

static int read_checked(struct repository *repository,
	const struct descriptor *descriptor, const struct blob_watch *watch,
	struct writer *out, struct error *err)
{
	static const struct writer_ops ops = {.write = check_write, .free = check_free};
	cleanup_hasher struct hasher *hasher = NULL;
	cleanup_writer struct writer *writer = NULL;
	struct check check = {.out = out, .descriptor = descriptor, .watch = watch};
	bool found;

	if (hasher_new(descriptor->digest.algorithm, &hasher, err) < 0)
		return err->class;
	check.hasher = hasher;
	if (writer_new(&ops, &check, &writer, err) < 0)
		return err->class;
	if (repository->ops->read_blob(repository, descriptor, writer, &found, err) < 0)
		return err->class;
	if (!found)
		return error_set(err, ERR_INPUT, "it is not there");
	return check_end(&check, err);
}

int repository_watch_blob_to(struct repository *repository,
	const struct descriptor *descriptor, const struct blob_watch *watch,
	struct writer *out, struct error *err)
{
	char text[DIGEST_TEXT_MAX];

	if (read_checked(repository, descriptor, watch, out, err) < 0)
		return error_wrap(err, "%s: blob %s", repository->name,
			digest_format(&descriptor->digest, text));
	return 0;
}

int repository_copy_blob_to(struct repository *repository,
	const struct descriptor *descriptor, struct writer *out, struct error *err)
{
	return repository_watch_blob_to(repository, descriptor, NULL, out, err);
}

int repository_read_blob(struct repository *repository,
	const struct descriptor *descriptor, size_t max, struct buffer *out,
	struct error *err)
{
	cleanup_buffer struct buffer bytes = {.max = max};
	cleanup_writer struct writer *writer = NULL;
	char text[DIGEST_TEXT_MAX];

	if (descriptor->size > max)
		return error_set(err, ERR_INPUT,
			"%s: blob %s has %llu bytes, at most %zu are allowed",
			repository->name, digest_format(&descriptor->digest, text),
			(unsigned long long)descriptor->size, max);
	if (repository_count_read(repository, descriptor->size, err) < 0 ||
		writer_to_buffer(&bytes, &writer, err) < 0 ||
		repository_copy_blob_to(repository, descriptor, writer, err) < 0 ||
		writer_finish(writer, err) < 0)
		return err->class;
	return buffer_add_slice(out, buffer_slice(&bytes), err);
}

int repository_has_blob(struct repository *repository,
	const struct descriptor *descriptor, bool *ret_found, struct error *err)
{
	char text[DIGEST_TEXT_MAX];

	if (repository->ops->has_blob(repository, descriptor, ret_found, err) < 0)
		return error_wrap(err, "%s: blob %s", repository->name,
			digest_format(&descriptor->digest, text));
	return 0;
}

/* ---- where blobs come from ---- */

struct part {
	struct blob_source source;
	uint64_t at, end;
};

static int part_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	struct part *part = context;
	ssize_t got;

	if (len > part->end - part->at)
		len = (size_t)(part->end - part->at); /* less than len */
	if (part->source.fd < 0) {
		if (len != 0)
			memcpy(data, part->source.bytes.data + part->at, len);
		got = (ssize_t)len; /* a slice is shorter than SSIZE_MAX */
	} else {
		do
			got = pread(part->source.fd, data, len, (off_t)part->at);
		while (got < 0 && errno == EINTR);
	}
	if (got < 0)
		return error_set_errno(err, errno, "read blob");
	if (got == 0 && len != 0)
		return error_set(err, ERR_INPUT, "the file is shorter than its blob");
	part->at += (uint64_t)got; /* not negative */
	*ret_len = (size_t)got;
	return tell(part->source.watch, part->at, err);
}

int blob_source_reader(const struct blob_source *source, uint64_t from, uint64_t len,
	struct reader **ret_reader, struct error *err)
{
	static const struct reader_ops ops = {.read = part_read, .free = free};
	cleanup_mem struct part *part = calloc(1, sizeof(*part));

	if (!part)
		return error_set_memory(err);
	if (from > INT64_MAX || len > INT64_MAX - from ||
		(source->fd < 0 && from + len > source->bytes.len))
		return error_set(err, ERR_BUG, "part outside of the blob");
	*part = (struct part){.source = *source, .at = from, .end = from + len};
	if (reader_new(&ops, part, ret_reader, err) < 0)
		return err->class;
	part = NULL; /* the reader's now */
	return 0;
}
