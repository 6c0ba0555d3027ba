/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting RFC 3161 time stamps for signatures: from an authority's URL, or from files
 * that were fetched elsewhere. The authority's chain is always given, and a response that
 * does not hold under it, for these very bytes, is never handed on; one from a URL must
 * also answer this request (nonce) and be of this time.
 *
 * Limits: 64 KiB for a response, 30 s for the request, 64 files. Not in programs that
 * only verify: see timestamp.h for that.
 */
#ifndef SIGNING_STAMPER_H
#define SIGNING_STAMPER_H

#include "base/buffer.h"

struct stamper;
#define cleanup_stamper CLEANUP(stamper_free)

#define STAMPER_FILES_MAX     64
#define STAMPER_CLOCK_SECONDS 600 /* how far the authority's clock may be from ours */

struct stamper_options {
	const char *url;          /* http or https; NULL: only files */
	const char *const *files; /* DER TimeStampResp */
	size_t file_count;
	const char *chain; /* PEM; the root last, the authority's own may be there */
};
/* Reads the chain and files. ERR_USAGE without a chain, or without anything to ask. */
MUST_USE int stamper_new(const struct stamper_options *options,
	struct stamper **ret_stamper, struct error *err);
void stamper_free(struct stamper **stamper);
/* Can it stamp any bytes, or only those that its files are for? */
bool stamper_is_online(const struct stamper *stamper);
/*
 * Appends the response (DER) for these bytes. ERR_REFUSED for one that does not hold,
 * ERR_NETWORK if there was none, ERR_INPUT if no file is for these bytes.
 */
MUST_USE int stamper_stamp(struct stamper *stamper, struct slice bytes,
	struct buffer *ret_response, struct error *err);

#endif
