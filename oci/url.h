/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http and https URLs that servers name: Location, Link, realm (RFC 3986). Enough to
 * decide who gets our credentials; everything unusual is refused.
 */
#ifndef OCI_URL_H
#define OCI_URL_H

#include "base/buffer.h"

#define URL_MAX 8192

struct url {
	bool is_https;
	struct slice origin; /* "https://host:port" as written */
	struct slice host;   /* "host", "[::1]" */
	uint16_t port;       /* the scheme's if not written */
	struct slice rest;   /* path and query, begins with "/", "?" or is empty */
};

/* Absolute; no user information, no fragment kept, host grammar checked. Borrows. */
MUST_USE int url_parse(struct slice text, struct url *ret_url, struct error *err);
/*
 * What a reference (absolute, "//host/…", "/path", "path", "?query") means at base.
 * Appends an absolute URL that url_parse accepts.
 */
MUST_USE int url_resolve(
	struct slice base, struct slice reference, struct buffer *out, struct error *err);
/* Same scheme, host (in any case) and port. */
bool url_same_origin(const struct url *a, const struct url *b);
/* A literal address of a private, link-local, loopback or otherwise local network, or
 * localhost. */
bool url_host_is_local(struct slice host);
/* Adds "name=value" percent-encoded, behind "?" or "&". */
MUST_USE int url_add_query(
	struct buffer *url, const char *name, struct slice value, struct error *err);

#endif
