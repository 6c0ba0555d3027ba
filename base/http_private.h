/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the HTTP client share:
 *	http_client.c		the client: settings, and handles with their connections
 *	http.c			a request with its redirects
 *	http_hop.c		one hop of it
 *	http_callbacks.c	what libcurl calls meanwhile: headers and bodies
 *	http_origin.c		where a URL leads, and whether we go there
 *	http_response.c		what came back
 */
#ifndef BASE_HTTP_PRIVATE_H
#define BASE_HTTP_PRIVATE_H

#include <curl/curl.h>
#include <pthread.h>

#include "base/http.h"

#define HTTP_IDLE_MAX 16 /* handles kept between requests */

struct http_client {
	char *user_agent;
	struct buffer certificate, key; /* PEM; empty: none */
	struct buffer ca;      /* the system's and the extra ones; empty: the system's */
	pthread_mutex_t mutex; /* guards the rest */
	CURL *idle[HTTP_IDLE_MAX]; /* the last one was used last */
	size_t idle_count;
};

/* A handle with its connections, for one request; given back in any case. */
MUST_USE int http_client_take(
	struct http_client *client, CURL **ret_easy, struct error *err);
void http_client_give_back(struct http_client *client, CURL *easy);

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

/* One request on its way, with all its redirects. */
struct transfer {
	struct http_client *client;
	CURL *easy;
	const struct http_request *request;
	struct http_response *response;
	struct error *err;
	struct http_origin origin; /* of the URL now asked */
	const char *method;
	bool credentials; /* still at the origin that was asked for */
	bool with_body;
	double deadline;         /* 0: none */
	uint64_t sent, received; /* of the bodies */
	uint64_t to_skip;        /* before range_from, when the server sends all */
	bool body_begun, cut;
	char curl_text[CURL_ERROR_SIZE];
};

static inline uint64_t http_body_size(const struct http_request *request)
{
	return request->body_reader ? request->body_size : request->body.len;
}

/* True if curl takes it. */
#define HTTP_SET(easy, option, value)                                                    \
	(curl_easy_setopt((easy), (option), (value)) == CURLE_OK)

/* ---- http_hop.c ---- */

/* Asks url as the transfer is now. */
MUST_USE int http_hop(struct transfer *transfer, const char *url);

/* ---- http_callbacks.c ---- */

int http_status_of(const struct transfer *transfer);
/* False if curl does not take one of them. */
bool http_set_callbacks(CURL *easy, struct transfer *transfer);

#endif
