/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file from the first place that has it. It arrives in partial/<key>, which
 * stays when the connection breaks, and becomes a blob only if its digest is right.
 */
#include <stdarg.h>

#include "base/array.h"
#include "base/limits.h"
#include "base/retry.h"
#include "builder/source/download_private.h"

#define PARTIAL "partial"

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

static int open_partial(struct arrival *arrival, struct error *err)
{
	cleanup_fd int folder = -1;
	if (fs_make_dirs(store_dirfd(arrival->store), PARTIAL, 0755, &folder, err) < 0)
		return err->class;
	return fs_open(
		folder, arrival->key, FS_OWN, O_CREAT | O_RDWR, 0644, &arrival->fd, err);
}

static void remove_partial(const struct arrival *arrival)
{
	char path[sizeof(PARTIAL) + DIGEST_TEXT_MAX + 1];
	(void)snprintf(path, sizeof(path), PARTIAL "/%s", arrival->key);
	(void)unlinkat(store_dirfd(arrival->store), path, 0); /* only a cache */
}

/* Not of a folder; and what was redirected where we do not go will be so again. */
static bool may_later(
	const struct arrival *arrival, const char *url, const struct error *why)
{
	if (!source_is_url(url) || why->class != ERR_NETWORK)
		return false;
	return arrival->status ? retry_status_is_transient(arrival->status)
			       : retry_error_is_transient(why);
}

/* Notes why this place did not do; fails only if the machine does. */
static int note_failure(
	struct arrival *arrival, size_t at, const struct error *why, struct error *err)
{
	if (why->class != ERR_NETWORK && why->class != ERR_INPUT &&
		why->class != ERR_REFUSED) {
		*err = *why;
		return err->class;
	}
	if (why->class == ERR_INPUT)
		arrival->wrong_digest = true;
	else
		arrival->unreachable = true;
	/* Without a digest, what comes later need not go with it. */
	if ((why->class == ERR_INPUT || !arrival->download->expected) &&
		arrival_empty(arrival, err) < 0)
		return err->class;
	return rounds_note(&arrival->rounds, at, why,
		may_later(arrival, arrival->download->places->urls[at], why),
		arrival->asked_ms, err);
}

static int give_up(const struct arrival *arrival, struct error *err)
{
	const struct download *download = arrival->download;
	cleanup_buffer struct buffer reasons = {
		.max = (size_t)PLACES_MAX * 2 * ERROR_TEXT_MAX};
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
	if (rounds_tell(&arrival->rounds, &reasons, err) < 0)
		return err->class;
	return error_set(err, class, "fetching %s (%s) from %zu place%s: %s",
		download->name, text, download->places->count,
		download->places->count == 1 ? "" : "s", buffer_str(&reasons));
}

static int try_places(struct arrival *arrival, struct digest *ret_blob,
	uint64_t *ret_size, char **ret_url, struct error *err)
{
	const struct places *places = arrival->download->places;
	size_t at = 0;
	if (rounds_begin(&arrival->rounds, places->arena, places->urls, places->count,
		    err) < 0)
		return err->class;
	while (rounds_next(&arrival->rounds, &at)) {
		struct error why = ERROR_INIT;
		log_task_step(arrival->download->task, "%s", places->urls[at]);
		if (arrival_fetch(arrival, places->urls[at], ret_blob, ret_size, &why) ==
			0) {
			remove_partial(arrival);
			return slice_to_str(slice_str(places->urls[at]), ret_url, err);
		}
		if (note_failure(arrival, at, &why, err) < 0)
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
	struct arrival arrival = {.download = download,
		.client = client,
		.store = store,
		.fd = -1,
		.rounds = {
			.tries = download->tries, .wait_ms = download->retry_delay_ms}};
	cleanup_fd int lock = -1;
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
		result = arrival_empty(&arrival, err);
	if (result == 0)
		result = try_places(&arrival, ret_blob, ret_size, ret_url, err);
	close_fd(&arrival.fd);
	return result;
}
