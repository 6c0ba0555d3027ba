/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP(S) client (libcurl behind it). https only, except that http is allowed
 * to loopback addresses and where the caller says so; TLS 1.2 and newer,
 * certificates always verified. Connections are kept and reused per client.
 * Redirects are followed at most LIMIT_REDIRECTS times, never from https to
 * http, never from elsewhere to the loopback, and never carry the Authorization
 * header or client certificate to another scheme, host or port, nor back again.
 * HTTPS_PROXY, HTTP_PROXY, NO_PROXY are honoured (not for the loopback), and
 * SSL_CERT_FILE. Error texts hold neither credentials nor queries. Several
 * threads may use a client at once, each request has a connection of its own.
 */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include "base/stream.h"

struct http_client;
#define cleanup_http CLEANUP(http_client_free)

/* user_agent e.g. "alnage/0.1". */
MUST_USE int http_client_new(
	const char *user_agent, struct http_client **ret_client, struct error *err);
void http_client_free(struct http_client **client);
/*
 * Files with extra CA certificates (PEM; the list ends with NULL) and a client's
 * certificate and key, for the following requests, while none is under way; NULL: none.
 * All are read now, kept connections are dropped.
 */
MUST_USE int http_client_set_tls(struct http_client *client,
	const char *const *ca_pem_paths, const char *certificate_path,
	const char *key_path, struct error *err);

enum http_flags {
	HTTP_ALLOW_PLAIN = 1,  /* http to any host (Debian mirrors, --plain-http) */
	HTTP_NO_REDIRECTS = 2, /* hand 3xx to the caller */
};

#define HTTP_ETAG_MAX 256

struct http_request {
	const char *method; /* GET HEAD POST PUT PATCH DELETE */
	const char *url;
	unsigned flags;
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL;
				       ERR_BUG for Authorization and Cookie */
	const char *authorization;  /* value of the Authorization header; NULL: none */
	struct slice body;          /* small body, or … */
	struct reader *body_reader; /* … borrowed; sent with body_size */
	uint64_t body_size;
	struct writer *output; /* borrowed; gets a 2xx body; NULL: response.body */
	uint64_t max_body;     /* of a 2xx body; ERR_INPUT beyond. 0: none is wanted: a
				  small one is dropped */
	uint64_t range_from;   /* ask for bytes from here on; 0: all. Only these bytes are
				  handed out, also when the server sends all */
	/* HTTP_ETAG_MAX bytes, may be NULL: gets the strong ETag of the 2xx body that
	   begins (""; none), also if it then breaks off; sent as If-Range with range_from
	 */
	char *etag;
	unsigned timeout_seconds; /* whole request; 0: only the stall limit */
	unsigned connect_seconds; /* until there is a connection; 0: 30 */
	unsigned stall_seconds;   /* so long under 1 kB/s, also waiting for the answer, is
				     too long; 0: 30 */
	/* Called now and then; may be NULL. total 0: unknown. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *progress_context;
};

struct http_response {
	int status;
	struct buffer body; /* error bodies are cut at LIMIT_HTTP_ERROR_BYTES */
	struct buffer
		headers; /* "name: value\n", names in lower case; of the last answer */
	char *final_url; /* after redirects; heap */
};
#define HTTP_RESPONSE_INIT ((struct http_response){0})
#define cleanup_response   CLEANUP(http_response_done)
void http_response_done(struct http_response *response);
/* The first header of that lower-case name, trimmed; false if absent. */
bool http_response_header(
	const struct http_response *response, const char *name, struct slice *ret_value);
/* The n-th (from 0) header of that name. */
bool http_response_header_at(const struct http_response *response, const char *name,
	size_t n, struct slice *ret_value);
/* One that If-Match and If-Range take: quoted, not weak, short enough (RFC 9110, 8.8.3).
 */
bool http_etag_is_strong(struct slice etag);

/*
 * One request. Any HTTP status is success here; ERR_NETWORK for what is below
 * HTTP, a body cut short, a redirect that cannot be followed; ERR_REFUSED for plain
 * http or a redirect that is not allowed; ERR_INPUT for a bad URL or a body too
 * large. Not retried; sys tells what would be so again: ECONNREFUSED or EHOSTUNREACH if
 * nobody was reached at all, EPROTO without a common TLS, ELOOP, ERANGE for
 * less than range_from. *ret_response is initialised before; what it held is freed.
 */
MUST_USE int http_perform(struct http_client *client, const struct http_request *request,
	struct http_response *ret_response, struct error *err);

/* Is this host ("127.0.0.1", "[::1]", "localhost", with or without :port) the loopback?
 */
bool http_host_is_loopback(struct slice host);

#endif
