/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the fetch phase. */
#ifndef BUILDER_SOURCE_SOURCE_PRIVATE_H
#define BUILDER_SOURCE_SOURCE_PRIVATE_H

#include "base/log.h"
#include "builder/source/source.h"

/* ---- mirror.c: apt's own grammar, for tests and fuzzing ---- */

struct mirror_urls {
	char **items;
	size_t count, capacity;
};
void mirror_urls_done(struct mirror_urls *urls);
/* sources.list(5), "one-line-style" and "deb822-style". name is for messages. Add to
 * *urls. */
MUST_USE int mirror_parse_lines(
	struct slice text, const char *name, struct mirror_urls *urls, struct error *err);
MUST_USE int mirror_parse_deb822(
	struct slice text, const char *name, struct mirror_urls *urls, struct error *err);

/* http or https, a host, and nothing that a URL cannot have. */
bool mirror_is_url(struct slice url);

/* ---- download.c: one file from a list of places ---- */

/* Else a place is a path of this machine. */
bool source_is_url(const char *place);

#define PLACES_MAX 256

struct places {
	struct arena *arena;
	const char **urls;
	size_t count, capacity;
};
MUST_USE int places_add(struct places *places, struct error *err, const char *format, ...)
	PRINTF_LIKE(3, 4);

struct download {
	const char *name;              /* of the file, for people */
	const struct digest *expected; /* NULL: take what comes */
	uint64_t size;                 /* 0: unknown */
	const struct places *places;
	unsigned tries, retry_delay_ms;          /* see struct rounds; 0: ours */
	unsigned connect_seconds, stall_seconds; /* see struct http_request */
	struct log_task *task;                   /* may be NULL */
	uint64_t *progress; /* may be NULL: set to the bytes so far, by one thread */
};
/* *ret_url is heap, untouched if it was in the store by then. ERR_NETWORK or ERR_INPUT
 * listing the places, see source.h. */
MUST_USE int download_run(struct http_client *client, const struct download *download,
	struct store *store, struct digest *ret_blob, uint64_t *ret_size, char **ret_url,
	struct error *err);

/* A SHA-256 blob in the store with this digest of any algorithm, verified as to the
 * other. */
MUST_USE int source_find_blob(struct store *store, const struct digest *expected,
	bool *ret_found, struct digest *ret_blob, uint64_t *ret_size, struct error *err);
/* A client as all our downloads use it. */
MUST_USE int source_client_new(struct http_client **ret_client, struct error *err);
MUST_USE int source_add_pool_places(struct places *places, const char *pool_path,
	const struct source_options *options, struct error *err);

#endif
