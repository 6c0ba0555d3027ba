/* SPDX-License-Identifier: Apache-2.0 */
/* One file from one place. */
#include <sys/stat.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/retry.h"
#include "builder/source/download_private.h"

#define ATTEMPTS_MAX 4 /* in a row, as long as each brings something */

static void note_progress(void *context, uint64_t done, uint64_t total)
{
	const struct arrival *arrival = context;
	log_task_progress(arrival->download->task, done, total);
	if (arrival->download->progress)
		__atomic_store_n(arrival->download->progress, done, __ATOMIC_RELAXED);
}

int arrival_empty(const struct arrival *arrival, struct error *err)
{
	if (ftruncate(arrival->fd, 0) < 0)
		return error_set_errno(err, errno, "emptying a partial file");
	return 0;
}

static int partial_size(
	const struct arrival *arrival, uint64_t *ret_size, struct error *err)
{
	struct stat st;
	if (fstat(arrival->fd, &st) < 0)
		return error_set_errno(err, errno, "reading a partial file");
	*ret_size = (uint64_t)st.st_size; /* never negative for a regular file */
	return 0;
}

static int request_rest(const struct arrival *arrival, const char *url, uint64_t from,
	struct http_response *response, struct error *err)
{
	cleanup_writer struct writer *output = NULL;
	uint64_t most =
		arrival->download->size ? arrival->download->size : LIMIT_SOURCE_BYTES;
	if (lseek(arrival->fd, (off_t)from, SEEK_SET) < 0) /* a file's size fits off_t */
		return error_set_errno(err, errno, "writing a partial file");
	if (writer_to_fd(arrival->fd, &output, err) < 0)
		return err->class;
	struct http_request request = {.method = "GET",
		.url = url,
		/* Without a digest to judge it, only what TLS vouches for. */
		.flags = arrival->download->expected ? HTTP_ALLOW_PLAIN : 0,
		.output = output,
		.max_body = most > from ? most - from : 1,
		.range_from = from,
		.connect_seconds = arrival->download->connect_seconds,
		.stall_seconds = arrival->download->stall_seconds,
		.progress = note_progress,
		.progress_context = (void *)(uintptr_t)arrival};
	int result = http_perform(arrival->client, &request, response, err);
	if (result == 0 && response->status / 100 == 2)
		result = writer_finish(output, err);
	return result;
}

/* From a folder of files (--source-mirror DIR). What is not there is no mistake. */
static int copy_file(const struct arrival *arrival, const char *path, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_reader struct reader *reader = NULL;
	cleanup_writer struct writer *writer = NULL;
	uint64_t size = 0;
	if (!fs_exists(AT_FDCWD, path))
		return error_set(err, ERR_NETWORK, "no such file");
	if (arrival_empty(arrival, err) < 0)
		return err->class;
	if (lseek(arrival->fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, errno, "writing a partial file");
	if (fs_open_regular(AT_FDCWD, path, &fd, &size, err) < 0 ||
		reader_from_fd(&fd, &reader, err) < 0 ||
		writer_to_fd(arrival->fd, &writer, err) < 0 ||
		stream_copy(reader, writer, LIMIT_SOURCE_BYTES, NULL, err) < 0)
		return err->class;
	return writer_finish(writer, err);
}

/* Whatever came so far stays in the file; ERR_NETWORK "HTTP 404" for an answer without
 * it. */
static int fetch_once(struct arrival *arrival, const char *url, struct error *err)
{
	uint64_t from = 0;
	arrival->status = 0;
	arrival->asked_ms = 0;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	if (!source_is_url(url))
		return copy_file(arrival, url, err);
	if (partial_size(arrival, &from, err) < 0)
		return err->class;
	if (arrival->download->size && from >= arrival->download->size)
		return 0; /* complete: the digest will tell */
	if (request_rest(arrival, url, from, &response, err) < 0)
		return err->class;
	arrival->status = response.status;
	arrival->asked_ms = retry_asked_wait(&response);
	/* RFC 9110, 15.5.17: nothing behind what we have. The digest will tell. */
	if (response.status == 416 && from > 0)
		return 0;
	if (response.status / 100 != 2)
		return error_set(err, ERR_NETWORK, "HTTP %d", response.status);
	return 0;
}

static int fetch_all(struct arrival *arrival, const char *url, struct error *err)
{
	uint64_t before = 0, after = 0;
	for (int attempt = 1;; attempt++) {
		if (partial_size(arrival, &before, err) < 0)
			return err->class;
		if (fetch_once(arrival, url, err) == 0)
			return 0;
		struct error late = ERROR_INIT;
		/* A connection that breaks on the way is worth another; "no" is not. */
		if (err->class != ERR_NETWORK || attempt == ATTEMPTS_MAX ||
			partial_size(arrival, &after, &late) < 0 || after <= before)
			return err->class;
		arrival->rounds.last_gain = clock_monotonic();
		error_clear(err);
	}
}

static int keep(const struct arrival *arrival, struct digest *ret_blob,
	uint64_t *ret_size, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_fd int fd = fcntl(arrival->fd, F_DUPFD_CLOEXEC, 3);
	const struct download *download = arrival->download;
	uint64_t size = 0;
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, errno, "reading a partial file");
	if (partial_size(arrival, &size, err) < 0)
		return err->class;
	if (download->size && size != download->size)
		return error_set(err, ERR_INPUT, "got %llu bytes, expected %llu",
			(unsigned long long)size, (unsigned long long)download->size);
	if (reader_from_fd(&fd, &reader, err) < 0)
		return err->class;
	if (!download->expected)
		return store_put_stream(arrival->store, reader, LIMIT_SOURCE_BYTES,
			ret_blob, ret_size, err);
	return store_put_expected(arrival->store, reader, LIMIT_SOURCE_BYTES,
		download->expected, ret_blob, ret_size, err);
}

/*
 * What an earlier, interrupted download left may come from another place with other
 * bytes: if the whole is wrong, once more from the beginning.
 */
int arrival_fetch(struct arrival *arrival, const char *url, struct digest *ret_blob,
	uint64_t *ret_size, struct error *err)
{
	uint64_t before = 0;
	if (partial_size(arrival, &before, err) < 0)
		return err->class;
	if (fetch_all(arrival, url, err) == 0 &&
		keep(arrival, ret_blob, ret_size, err) == 0)
		return 0;
	if (before == 0 || (err->class != ERR_INPUT && err->sys != ERANGE))
		return err->class;
	error_clear(err);
	if (arrival_empty(arrival, err) < 0 || fetch_all(arrival, url, err) < 0)
		return err->class;
	return keep(arrival, ret_blob, ret_size, err);
}
