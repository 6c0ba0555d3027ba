/* SPDX-License-Identifier: Apache-2.0 */
/* What http.c and http_origin.c share: where a URL leads, and whether we go there. */
#ifndef BASE_HTTP_PRIVATE_H
#define BASE_HTTP_PRIVATE_H

#include "base/http.h"

/* What matters of a URL; heap strings of curl. */
struct http_origin {
	char *scheme, *host, *port;
	char shown[512]; /* for messages: no query, which may hold a signature */
};

#define cleanup_origin CLEANUP(http_origin_done)
void http_origin_done(struct http_origin *origin);

/* ERR_INPUT for what is not http or https, holds a user name, a space or a control
 * character. */
MUST_USE int http_origin_parse(
	const char *url, struct http_origin *ret_origin, struct error *err);
/* Scheme, host and port. */
bool http_origin_equal(const struct http_origin *a, const struct http_origin *b);
bool http_origin_is_https(const struct http_origin *origin);
bool http_origin_is_loopback(const struct http_origin *origin);
/* ERR_REFUSED for http, unless to the loopback or with HTTP_ALLOW_PLAIN. */
MUST_USE int http_origin_check_plain(
	const struct http_origin *origin, unsigned flags, struct error *err);

#endif
