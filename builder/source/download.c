/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file from the first place that has it. It arrives in partial/<key>, which
 * stays when the connection breaks, and becomes a blob only if its digest is right.
 */
#include <stdarg.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/limits.h"
#include "builder/source/source_private.h"

#define PARTIAL      "partial"
#define ATTEMPTS_MAX 4 /* at one place, as long as each brings something */

bool source_is_url(const char *place)
{
	struct slice text = slice_str(place);
	return slice_starts_with(text, SLICE("https://")) ||
	       slice_starts_with(text, SLICE("http://"));
}

int places_add(struct places *places, struct error *err, const char *format, ...)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	va_list args;
	va_start(args, format);
	int result = buffer_vprintf(&text, err, format, args);
	va_end(args);
	if (result < 0)
		return result;
	for (size_t i = 0; i < places->count; i++)
		if (strcmp(places->urls[i], buffer_str(&text)) == 0)
			return 0;
	if (places->count == PLACES_MAX)
		return error_set(
			err, ERR_INPUT, "more than %d places to fetch from", PLACES_MAX);
	const char **slot = arena_append(places->arena, &places->urls, &places->count,
		&places->capacity, sizeof(*slot));
	if (!slot || !(*slot = arena_strdup(places->arena, buffer_str(&text))))
		return error_set_memory(err);
	return 0;
}

/* What is known about one file while it comes. */
struct arrival {
	const struct download *download;
	struct http_client *client;
	struct store *store;
	char key[DIGEST_TEXT_MAX];
	int fd;                /* of the partial file */
	struct buffer reasons; /* "URL: why\n" … */
	bool wrong_digest, unreachable;
};

static void note_progress(void *context, uint64_t done, uint64_t total)
{
	const struct arrival *arrival = context;
	log_task_progress(arrival->download->task, done, total);
	if (arrival->download->progress)
		__atomic_store_n(arrival->download->progress, done, __ATOMIC_RELAXED);
}

static int open_partial(struct arrival *arrival, struct error *err)
{
	cleanup_fd int folder = -1;
	if (fs_make_dirs(store_dirfd(arrival->store), PARTIAL, 0755, &folder, err) < 0)
		return err->class;
	return fs_open(
		folder, arrival->key, FS_OWN, O_CREAT | O_RDWR, 0644, &arrival->fd, err);
}

static int empty_partial(const struct arrival *arrival, struct error *err)
{
	if (ftruncate(arrival->fd, 0) < 0)
		return error_set_errno(err, errno, "emptying a partial file");
	return 0;
}

static void remove_partial(const struct arrival *arrival)
{
	char path[sizeof(PARTIAL) + DIGEST_TEXT_MAX + 1];
	(void)snprintf(path, sizeof(path), PARTIAL "/%s", arrival->key);
	(void)unlinkat(store_dirfd(arrival->store), path, 0); /* only a cache */
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
	if (empty_partial(arrival, err) < 0)
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
static int fetch_once(const struct arrival *arrival, const char *url, struct error *err)
{
	uint64_t from = 0;
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	if (!source_is_url(url))
		return copy_file(arrival, url, err);
	if (partial_size(arrival, &from, err) < 0)
		return err->class;
	if (arrival->download->size && from >= arrival->download->size)
		return 0; /* complete: the digest will tell */
	if (request_rest(arrival, url, from, &response, err) < 0)
		return err->class;
	/* RFC 9110, 15.5.17: nothing behind what we have. The digest will tell. */
	if (response.status == 416 && from > 0)
		return 0;
	if (response.status / 100 != 2)
		return error_set(err, ERR_NETWORK, "HTTP %d", response.status);
	return 0;
}

static int fetch_all(const struct arrival *arrival, const char *url, struct error *err)
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
static int fetch_and_keep(const struct arrival *arrival, const char *url,
	struct digest *ret_blob, uint64_t *ret_size, struct error *err)
{
	uint64_t before = 0;
	if (partial_size(arrival, &before, err) < 0 || fetch_all(arrival, url, err) < 0)
		return err->class;
	if (keep(arrival, ret_blob, ret_size, err) == 0)
		return 0;
	if (err->class != ERR_INPUT || before == 0)
		return err->class;
	error_clear(err);
	if (empty_partial(arrival, err) < 0 || fetch_all(arrival, url, err) < 0)
		return err->class;
	return keep(arrival, ret_blob, ret_size, err);
}

/* Notes why this place did not do; fails only if the machine does. */
static int note_failure(struct arrival *arrival, const char *url, const struct error *why,
	struct error *err)
{
	if (why->class != ERR_NETWORK && why->class != ERR_INPUT) {
		*err = *why;
		return err->class;
	}
	if (why->class == ERR_INPUT) {
		arrival->wrong_digest = true;
		if (empty_partial(arrival, err) < 0)
			return err->class;
	} else {
		arrival->unreachable = true;
	}
	return buffer_printf(&arrival->reasons, err, "%s%s: %s",
		arrival->reasons.len ? "; " : "", url, why->text);
}

static int give_up(const struct arrival *arrival, struct error *err)
{
	const struct download *download = arrival->download;
	char text[DIGEST_TEXT_MAX] = "no digest";
	if (download->expected)
		(void)digest_format(download->expected, text);
	if (download->places->count == 0) {
		error_set(err, ERR_NETWORK, "fetching %s (%s): no place is known for it",
			download->name, text);
		return error_remedy(err, "name a Debian mirror with --mirror");
	}
	/* Everything that answered had other bytes: that is not the network's fault. */
	enum err class =
		arrival->wrong_digest && !arrival->unreachable ? ERR_INPUT : ERR_NETWORK;
	return error_set(err, class, "fetching %s (%s) from %zu place%s: %s",
		download->name, text, download->places->count,
		download->places->count == 1 ? "" : "s", buffer_str(&arrival->reasons));
}

static int try_places(struct arrival *arrival, struct digest *ret_blob,
	uint64_t *ret_size, char **ret_url, struct error *err)
{
	const struct places *places = arrival->download->places;
	for (size_t i = 0; i < places->count; i++) {
		struct error why = ERROR_INIT;
		log_task_step(arrival->download->task, "%s", places->urls[i]);
		if (fetch_and_keep(arrival, places->urls[i], ret_blob, ret_size, &why) ==
			0) {
			remove_partial(arrival);
			return slice_to_str(slice_str(places->urls[i]), ret_url, err);
		}
		if (note_failure(arrival, places->urls[i], &why, err) < 0)
			return err->class;
	}
	if (arrival->wrong_digest)
		remove_partial(arrival);
	return give_up(arrival, err);
}

static int choose_key(struct arrival *arrival, struct error *err)
{
	struct digest of_url;
	const struct download *download = arrival->download;
	char hex[DIGEST_TEXT_MAX];
	if (download->expected) {
		(void)snprintf(arrival->key, sizeof(arrival->key), "%s-%s",
			digest_algorithm_name(download->expected->algorithm),
			digest_format_hex(download->expected, hex));
		return 0;
	}
	if (digest_of(DIGEST_SHA256,
		    slice_str(download->places->count ? download->places->urls[0] : ""),
		    &of_url, err) < 0)
		return err->class;
	(void)snprintf(arrival->key, sizeof(arrival->key), "url-%.64s",
		digest_format_hex(&of_url, hex));
	return 0;
}

int download_run(struct http_client *client, const struct download *download,
	struct store *store, struct digest *ret_blob, uint64_t *ret_size, char **ret_url,
	struct error *err)
{
	struct arrival arrival = {
		.download = download, .client = client, .store = store, .fd = -1};
	cleanup_fd int lock = -1;
	arrival.reasons.max = ERROR_TEXT_MAX * 4;
	bool found = false;
	if (choose_key(&arrival, err) < 0 ||
		store_lock(store, "locks", arrival.key, &lock, err) < 0)
		return err->class;
	/* Another process may have brought it while we waited. */
	if (download->expected && source_find_blob(store, download->expected, &found,
					  ret_blob, ret_size, err) < 0)
		return err->class;
	if (found)
		return 0;
	if (open_partial(&arrival, err) < 0)
		return err->class;
	int result = 0;
	/* Nothing says that what is there belongs to what would come. */
	if (!download->expected)
		result = empty_partial(&arrival, err);
	if (result == 0)
		result = try_places(&arrival, ret_blob, ret_size, ret_url, err);
	close_fd(&arrival.fd);
	buffer_done(&arrival.reasons);
	return result;
}
