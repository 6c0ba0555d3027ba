/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "base/clock.h"
#include "base/http_private.h"
#include "base/limits.h"

#define CONNECT_SECONDS        30
#define STALL_SECONDS          30
#define STALL_BYTES_PER_SECOND 1000L

typedef struct curl_slist *header_list;

static void headers_done(header_list *headers)
{
	curl_slist_free_all(*headers); /* NULL is fine */
	*headers = NULL;
}

/* ---- setting it up ---- */

static bool is_header_text(const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		if ((*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	}
	return true;
}

static int add_header(header_list *list, const char *text, struct error *err)
{
	if (!is_header_text(text)) /* not shown: it may be a secret */
		return error_set(
			err, ERR_INPUT, "a request header has a control character");
	header_list longer = curl_slist_append(*list, text);
	if (!longer)
		return error_set_memory(err);
	*list = longer;
	return 0;
}

static int add_authorization(const struct transfer *transfer, header_list *list)
{
	cleanup_buffer struct buffer line = BUFFER_INIT;
	struct error *err = transfer->err;
	if (!transfer->request->authorization || !transfer->credentials)
		return 0;
	int result = buffer_printf(
		&line, err, "Authorization: %s", transfer->request->authorization);
	if (result == 0)
		result = add_header(list, buffer_str(&line), err);
	if (line.data)
		explicit_bzero(line.data, line.len);
	return result;
}

/* What has changed since is sent as a whole. */
static int add_if_range(const struct transfer *transfer, header_list *list)
{
	const struct http_request *request = transfer->request;
	char line[HTTP_ETAG_MAX + 16];
	if (request->range_from == 0 || !request->etag || !request->etag[0])
		return 0;
	(void)snprintf(line, sizeof(line), "If-Range: %s", request->etag);
	return add_header(list, line, transfer->err);
}

static int make_headers(const struct transfer *transfer, header_list *list)
{
	const char *const *header = transfer->request->headers;
	for (; header && *header; header++) {
		/* It would be sent wherever a redirect points. */
		if (strncasecmp(*header, "authorization:", 14) == 0 ||
			strncasecmp(*header, "cookie:", 7) == 0)
			return error_set(transfer->err, ERR_BUG,
				"credentials belong into request.authorization");
		if (add_header(list, *header, transfer->err) < 0)
			return transfer->err->class;
	}
	if (add_authorization(transfer, list) < 0)
		return transfer->err->class;
	if (add_if_range(transfer, list) < 0)
		return transfer->err->class;
	/* Many servers let us wait in vain for "100 Continue". */
	return add_header(list, "Expect:", transfer->err);
}

static bool set_policy(CURL *easy, const struct transfer *transfer)
{
	unsigned stall = transfer->request->stall_seconds;
	unsigned connect = transfer->request->connect_seconds;

	if (stall == 0)
		stall = STALL_SECONDS;
	if (connect == 0)
		connect = CONNECT_SECONDS;
	return HTTP_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
	       HTTP_SET(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
	       HTTP_SET(easy, CURLOPT_NOSIGNAL, 1L) &&
	       HTTP_SET(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) &&
	       HTTP_SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
	       HTTP_SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       HTTP_SET(easy, CURLOPT_HTTP09_ALLOWED, 0L) &&
	       HTTP_SET(easy, CURLOPT_CONNECTTIMEOUT, (long)connect) &&
	       HTTP_SET(easy, CURLOPT_LOW_SPEED_TIME, (long)stall) &&
	       HTTP_SET(easy, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_SECOND) &&
	       HTTP_SET(easy, CURLOPT_USERAGENT, transfer->client->user_agent);
}

static bool set_tls(CURL *easy, const struct transfer *transfer)
{
	struct http_client *client = transfer->client;
	const char *named = getenv("SSL_CERT_FILE");
	struct curl_blob ca = {client->ca.data, client->ca.len, CURL_BLOB_NOCOPY};
	struct curl_blob key = {client->key.data, client->key.len, CURL_BLOB_NOCOPY};
	struct curl_blob certificate = {
		client->certificate.data, client->certificate.len, CURL_BLOB_NOCOPY};
	if (!HTTP_SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ||
		!HTTP_SET(easy, CURLOPT_SSL_VERIFYPEER, 1L) ||
		!HTTP_SET(easy, CURLOPT_SSL_VERIFYHOST, 2L))
		return false;
	if (client->ca.len > 0 && !HTTP_SET(easy, CURLOPT_CAINFO_BLOB, &ca))
		return false;
	if (client->ca.len == 0 && named && *named &&
		!HTTP_SET(easy, CURLOPT_CAINFO, named))
		return false;
	if (!transfer->credentials)
		return true;
	return (client->certificate.len == 0 ||
		       HTTP_SET(easy, CURLOPT_SSLCERT_BLOB, &certificate)) &&
	       (client->key.len == 0 || HTTP_SET(easy, CURLOPT_SSLKEY_BLOB, &key));
}

/* curl knows the others, but HTTP_PROXY only in lower case, which CGI needs; we are none.
 */
static bool set_proxy(CURL *easy, const struct transfer *transfer)
{
	const char *lower = getenv("http_proxy"), *upper = getenv("HTTP_PROXY");
	if (http_origin_is_loopback(&transfer->origin))
		return HTTP_SET(easy, CURLOPT_NOPROXY, "*");
	if (http_origin_is_https(&transfer->origin) || lower || !upper || !*upper ||
		getenv("REQUEST_METHOD"))
		return true;
	return HTTP_SET(easy, CURLOPT_PROXY, upper);
}

static bool set_method(CURL *easy, struct transfer *transfer)
{
	const char *method = transfer->method;
	if (strcmp(method, "HEAD") == 0)
		return HTTP_SET(easy, CURLOPT_NOBODY, 1L);
	if (transfer->with_body)
		return HTTP_SET(easy, CURLOPT_UPLOAD, 1L) &&
		       HTTP_SET(easy, CURLOPT_CUSTOMREQUEST, method) &&
		       HTTP_SET(easy, CURLOPT_INFILESIZE_LARGE,
			       (curl_off_t)http_body_size(transfer->request));
	return HTTP_SET(easy, CURLOPT_HTTPGET, 1L) &&
	       HTTP_SET(easy, CURLOPT_CUSTOMREQUEST, method);
}

static bool set_bounds(CURL *easy, const struct transfer *transfer)
{
	char range[32];
	if (transfer->deadline > 0) {
		double left = (transfer->deadline - clock_monotonic()) * 1000;
		if (!HTTP_SET(easy, CURLOPT_TIMEOUT_MS, left > 1 ? (long)left : 1L))
			return false;
	}
	if (transfer->request->range_from == 0)
		return true;
	(void)snprintf(range, sizeof(range), "%llu-",
		(unsigned long long)transfer->request->range_from);
	return HTTP_SET(easy, CURLOPT_RANGE, range);
}

static int set_up(struct transfer *transfer, const char *url, header_list headers)
{
	CURL *easy = transfer->easy;
	curl_easy_reset(easy); /* of the hop before; keeps the connections */
	if (set_policy(easy, transfer) && set_tls(easy, transfer) &&
		set_proxy(easy, transfer) && set_method(easy, transfer) &&
		http_set_callbacks(easy, transfer) && set_bounds(easy, transfer) &&
		HTTP_SET(easy, CURLOPT_URL, url) &&
		HTTP_SET(easy, CURLOPT_HTTPHEADER, headers))
		return 0;
	return error_set(transfer->err, ERR_NETWORK,
		"the HTTP library does not accept an option that is needed");
}

/* ---- performing ---- */

/* A handshake that was answered with no, not one that broke off: that has no "error:". */
static bool is_tls_refusal(CURLcode code, const char *text)
{
	return code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CIPHER ||
	       (code == CURLE_SSL_CONNECT_ERROR && strstr(text, "error:"));
}

static int fail_curl(struct transfer *transfer, CURLcode code)
{
	const char *text =
		transfer->curl_text[0] ? transfer->curl_text : curl_easy_strerror(code);
	if (error_is_set(transfer->err)) /* by a callback */
		return transfer->err->class;
	if (code == CURLE_OUT_OF_MEMORY)
		return error_set_memory(transfer->err);
	if (code == CURLE_PARTIAL_FILE)
		return error_set(transfer->err, ERR_NETWORK,
			"the connection ended before the answer was complete (%s)", text);
	(void)error_set(transfer->err, ERR_NETWORK, "%s", text);
	/* Nobody is there: who retries sees from sys that this will not pass at once. */
	if (code == CURLE_COULDNT_CONNECT)
		transfer->err->sys = ECONNREFUSED;
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		transfer->err->sys = EHOSTUNREACH;
	if (is_tls_refusal(code, text))
		transfer->err->sys = EPROTO;
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		(void)error_remedy(transfer->err,
			"check the clock and the CA certificates of this system; for a "
			"private CA name its certificate with SSL_CERT_FILE, or for a "
			"registry put it into certs.d (man alnage)");
	if (code == CURLE_SSL_CONNECT_ERROR && strstr(text, "wrong version number"))
		(void)error_remedy(transfer->err,
			"the server does not speak TLS: a registry without is asked "
			"with --plain-http");
	return transfer->err->class;
}

int http_hop(struct transfer *transfer, const char *url)
{
	CLEANUP(headers_done) header_list headers = NULL;
	buffer_clear(&transfer->response->body);
	buffer_clear(&transfer->response->headers);
	transfer->response->headers.max = LIMIT_HTTP_HEADER_BYTES;
	transfer->sent = transfer->received = transfer->to_skip = 0;
	transfer->body_begun = transfer->cut = false;
	transfer->curl_text[0] = '\0';
	if (make_headers(transfer, &headers) < 0 || set_up(transfer, url, headers) < 0)
		return transfer->err->class;
	CURLcode code = curl_easy_perform(transfer->easy);
	transfer->response->status = http_status_of(transfer);
	if (code != CURLE_OK && !(transfer->cut && !error_is_set(transfer->err)))
		return fail_curl(transfer, code);
	if (transfer->to_skip > 0) {
		(void)error_set(transfer->err, ERR_NETWORK,
			"the server has fewer bytes than are here already");
		transfer->err->sys = ERANGE;
	}
	return transfer->err->class;
}
