/* SPDX-License-Identifier: Apache-2.0 */
/* Between download.c (the places) and download_place.c (one of them). */
#ifndef BUILDER_SOURCE_DOWNLOAD_PRIVATE_H
#define BUILDER_SOURCE_DOWNLOAD_PRIVATE_H

#include "builder/source/rounds.h"
#include "builder/source/source_private.h"

/* What is known about one file while it comes. */
struct arrival {
	const struct download *download;
	struct http_client *client;
	struct store *store;
	char key[DIGEST_TEXT_MAX];
	int fd; /* of the partial file */
	struct rounds rounds;
	int status;        /* of the last answer; 0: none came */
	uint64_t asked_ms; /* how long it wants us to wait */
	bool wrong_digest, unreachable;
};

/* ---- download_place.c ---- */

MUST_USE int arrival_empty(const struct arrival *arrival, struct error *err);
/* Whatever came stays in the partial file. ERR_INPUT for other bytes than expected. */
MUST_USE int arrival_fetch(struct arrival *arrival, const char *url,
	struct digest *ret_blob, uint64_t *ret_size, struct error *err);

#endif
