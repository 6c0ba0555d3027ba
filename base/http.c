/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of libcurl. Redirects are followed here and not by curl, because
 * the rules are ours: where to, how often, and with which credentials.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <strings.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/http_library.h"
#include "base/http_private.h"
#include "base/limits.h"

#define CONNECT_SECONDS_MAX    30L
#define STALL_SECONDS          30L
#define STALL_BYTES_PER_SECOND 1000L
#define CA_BYTES_MAX           (16 * MIB)

struct http_client {
	CURL *easy;
	char *user_agent, *certificate, *key;
	struct buffer ca; /* the system's and the extra ones; empty: the system's */
};

/* One request on its way, with all its redirects. */
struct transfer {
	struct http_client *client;
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

typedef struct curl_slist *header_list;

static void headers_done(header_list *headers)
{
	curl_slist_free_all(*headers); /* NULL is fine */
	*headers = NULL;
}

/* ---- client ---- */

static void global_init(void)
{
	/* A failure shows when the first handle cannot be made. */
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_client_new(
	const char *user_agent, struct http_client **ret_client, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	cleanup_http struct http_client *client = NULL;
	if (http_library_need(err) < 0)
		return err->class;
	(void)pthread_once(&once, global_init);
	client = calloc(1, sizeof(*client));
	if (!client)
		return error_set_memory(err);
	client->user_agent = strdup(user_agent);
	client->easy = curl_easy_init();
	if (!client->user_agent || !client->easy)
		return error_set_memory(err);
	*ret_client = take_ptr(client);
	return 0;
}

void http_client_free(struct http_client **client)
{
	if (!*client)
		return;
	curl_easy_cleanup((*client)->easy);
	free((*client)->user_agent);
	free((*client)->certificate);
	free((*client)->key);
	buffer_done(&(*client)->ca);
	free(*client);
	*client = NULL;
}

/* What curl was built to use; SSL_CERT_FILE goes before, as everywhere else. */
static const char *system_ca(CURL *easy)
{
	char *path = NULL;
	const char *named = getenv("SSL_CERT_FILE");
	if (named && *named)
		return named;
	if (curl_easy_getinfo(easy, CURLINFO_CAINFO, &path) != CURLE_OK)
		return NULL;
	return path;
}

/* Followed if it is a symbolic link, which it is on many systems. */
static int read_ca(const char *path, struct buffer *out, struct error *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_reader struct reader *reader = NULL;
	if (fd < 0)
		return error_set_errno(
			err, errno, "opening the CA certificates %s", path);
	if (reader_from_fd(&fd, &reader, err) < 0 ||
		reader_read_all(reader, CA_BYTES_MAX, out, err) < 0 ||
		buffer_add_byte(out, '\n', err) < 0)
		return error_wrap(err, "CA certificates %s", path);
	return 0;
}

static int read_all_ca(struct http_client *client, const char *extra, struct buffer *out,
	struct error *err)
{
	const char *standard = system_ca(client->easy);
	if (!extra)
		return 0;
	/* A system without a bundle is fine: then only the extra ones count. */
	if (standard && access(standard, R_OK) == 0 && read_ca(standard, out, err) < 0)
		return err->class;
	size_t before = out->len;
	if (read_ca(extra, out, err) < 0)
		return err->class;
	struct slice added = slice_sub(buffer_slice(out), before, SIZE_MAX);
	if (slice_find(added, SLICE("-----BEGIN CERTIFICATE-----")) == SIZE_MAX)
		return error_set(err, ERR_INPUT, "%s contains no certificate", extra);
	return 0;
}

static int copy_path(const char *path, char **ret_copy, struct error *err)
{
	*ret_copy = path ? strdup(path) : NULL;
	return path && !*ret_copy ? error_set_memory(err) : 0;
}

int http_client_set_tls(struct http_client *client, const char *ca_pem_path,
	const char *certificate_path, const char *key_path, struct error *err)
{
	cleanup_buffer struct buffer ca = BUFFER_INIT;
	cleanup_mem char *certificate = NULL, *key = NULL;
	if (read_all_ca(client, ca_pem_path, &ca, err) < 0 ||
		copy_path(certificate_path, &certificate, err) < 0 ||
		copy_path(key_path, &key, err) < 0)
		return err->class;
	free(client->certificate);
	free(client->key);
	buffer_done(&client->ca);
	client->certificate = take_ptr(certificate);
	client->key = take_ptr(key);
	client->ca = ca;
	ca = BUFFER_INIT;
	/* Connections made with the other settings must not be used again. */
	CURL *fresh = curl_easy_init();
	if (!fresh)
		return error_set_memory(err);
	curl_easy_cleanup(client->easy);
	client->easy = fresh;
	return 0;
}

/* ---- callbacks of curl ---- */

/* Keeps "name: value\n", the name in lower case. */
static int keep_header(struct transfer *transfer, struct slice line)
{
	struct buffer *headers = &transfer->response->headers;
	struct slice value = slice_trim(line), name;
	if (value.len == 0 || line.data[0] == ' ' || line.data[0] == '\t' ||
		!slice_has_byte(value, ':'))
		return 0; /* the end of the headers, or a folded line, which RFC 9112
			     forbids */
	(void)slice_cut(&value, ':', &name); /* there is one */
	value = slice_trim(value);
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (buffer_add_byte(headers, c, transfer->err) < 0)
			return transfer->err->class;
	}
	if (buffer_add_str(headers, ": ", transfer->err) < 0 ||
		buffer_add_slice(headers, value, transfer->err) < 0)
		return transfer->err->class;
	return buffer_add_byte(headers, '\n', transfer->err);
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	struct slice line = slice_from(data, size * count);
	if (slice_starts_with(line, SLICE("HTTP/"))) {
		buffer_clear(&transfer->response->headers); /* after a 1xx */
		return line.len;
	}
	if (keep_header(transfer, line) < 0) {
		(void)error_wrap(transfer->err, "the answer's headers");
		return 0;
	}
	return line.len;
}

static int status_of(const struct transfer *transfer)
{
	long status = 0;
	if (curl_easy_getinfo(transfer->client->easy, CURLINFO_RESPONSE_CODE, &status) !=
		CURLE_OK)
		return 0;
	return status > 0 && status < 1000 ? (int)status : 0;
}

static bool is_success(int status)
{
	return status >= 200 && status < 300;
}

static int fail_too_large(struct transfer *transfer)
{
	return error_set(transfer->err, ERR_INPUT,
		"the answer is larger than the allowed %llu bytes",
		(unsigned long long)transfer->request->max_body);
}

/* "bytes 5-9/10" must begin where we asked. */
static int check_range(struct transfer *transfer)
{
	struct slice value, number;
	uint64_t from = 0;
	if (!http_response_header(transfer->response, "content-range", &value) ||
		!slice_starts_with(value, SLICE("bytes ")))
		return error_set(transfer->err, ERR_NETWORK,
			"the server sent a part without saying which");
	value = slice_sub(value, 6, SIZE_MAX);
	if (!slice_cut(&value, '-', &number) ||
		slice_parse_u64(number, 10, UINT64_MAX, &from, transfer->err) < 0 ||
		from != transfer->request->range_from) {
		error_clear(transfer->err);
		return error_set(transfer->err, ERR_NETWORK,
			"the server sent another part than was asked for");
	}
	return 0;
}

/* Before the first byte of a 2xx body. */
static int begin_body(struct transfer *transfer)
{
	const struct http_request *request = transfer->request;
	curl_off_t length = -1;
	int status = status_of(transfer);
	transfer->body_begun = true;
	if (request->range_from > 0 && status == 206 && check_range(transfer) < 0)
		return transfer->err->class;
	if (request->range_from > 0 && status != 206)
		transfer->to_skip = request->range_from;
	if (request->max_body == 0)
		return 0;
	if (curl_easy_getinfo(transfer->client->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
		    &length) == CURLE_OK &&
		length >= 0 && (uint64_t)length > transfer->to_skip &&
		(uint64_t)length - transfer->to_skip > request->max_body)
		return fail_too_large(transfer);
	return 0;
}

/* A body that the caller does not want is read, but not without end. */
static int drop(struct transfer *transfer, size_t len)
{
	transfer->received += len;
	if (transfer->received > LIMIT_HTTP_ERROR_BYTES)
		return error_set(
			transfer->err, ERR_INPUT, "the answer has an unexpected body");
	return 0;
}

static int take_body(struct transfer *transfer, struct slice bytes)
{
	const struct http_request *request = transfer->request;
	if (!transfer->body_begun && begin_body(transfer) < 0)
		return transfer->err->class;
	if (request->max_body == 0)
		return drop(transfer, bytes.len);
	size_t skipped =
		bytes.len < transfer->to_skip ? bytes.len : (size_t)transfer->to_skip;
	transfer->to_skip -= skipped;
	bytes = slice_sub(bytes, skipped, SIZE_MAX);
	if (bytes.len > request->max_body - transfer->received)
		return fail_too_large(transfer);
	transfer->received += bytes.len;
	if (request->output)
		return writer_write_slice(request->output, bytes, transfer->err);
	return buffer_add_slice(&transfer->response->body, bytes, transfer->err);
}

/* Of an error or a redirect: as much as is worth showing. */
static int take_error_body(struct transfer *transfer, struct slice bytes)
{
	struct buffer *body = &transfer->response->body;
	struct slice kept = slice_sub(bytes, 0, LIMIT_HTTP_ERROR_BYTES - body->len);
	transfer->cut = kept.len < bytes.len;
	return buffer_add_slice(body, kept, transfer->err);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	struct slice bytes = slice_from(data, size * count);
	int result = is_success(status_of(transfer)) ? take_body(transfer, bytes)
						     : take_error_body(transfer, bytes);
	/* Another number than what came ends the transfer. */
	return result < 0 || transfer->cut ? CURL_WRITEFUNC_ERROR : bytes.len;
}

static uint64_t body_size(const struct http_request *request)
{
	return request->body_reader ? request->body_size : request->body.len;
}

static size_t on_send(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	const struct http_request *request = transfer->request;
	uint64_t left = body_size(request) - transfer->sent;
	size_t len = size * count;
	if (len > left)
		len = (size_t)left;
	if (len == 0)
		return 0;
	if (!request->body_reader) {
		memcpy(data, request->body.data + transfer->sent, len);
	} else if (reader_read(request->body_reader, data, len, &len, transfer->err) <
		   0) {
		return CURL_READFUNC_ABORT;
	} else if (len == 0) {
		(void)error_set(transfer->err, ERR_INPUT,
			"what is to be sent ended after %llu of %llu bytes",
			(unsigned long long)transfer->sent,
			(unsigned long long)request->body_size);
		return CURL_READFUNC_ABORT;
	}
	transfer->sent += len;
	return len;
}

/* curl begins again when a kept connection turns out to be dead. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct transfer *transfer = context;
	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_FAIL;
	if ((uint64_t)offset == transfer->sent)
		return CURL_SEEKFUNC_OK;
	if (transfer->request->body_reader ||
		(uint64_t)offset > transfer->request->body.len)
		return CURL_SEEKFUNC_FAIL;
	transfer->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down,
	curl_off_t up_total, curl_off_t up)
{
	const struct transfer *transfer = context;
	bool upload = down == 0 && up_total > 0;
	curl_off_t done = upload ? up : down, total = upload ? up_total : down_total;
	transfer->request->progress(transfer->request->progress_context,
		done > 0 ? (uint64_t)done : 0, total > 0 ? (uint64_t)total : 0);
	return 0;
}

/* ---- setting up one hop ---- */

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
	/* Many servers let us wait in vain for "100 Continue". */
	return add_header(list, "Expect:", transfer->err);
}

#define SET(easy, option, value) (curl_easy_setopt((easy), (option), (value)) == CURLE_OK)

static bool set_policy(CURL *easy, const struct transfer *transfer)
{
	return SET(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
	       SET(easy, CURLOPT_FOLLOWLOCATION, 0L) && SET(easy, CURLOPT_NOSIGNAL, 1L) &&
	       SET(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE) &&
	       SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
	       SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       SET(easy, CURLOPT_HTTP09_ALLOWED, 0L) &&
	       SET(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS_MAX) &&
	       SET(easy, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS) &&
	       SET(easy, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_SECOND) &&
	       SET(easy, CURLOPT_USERAGENT, transfer->client->user_agent);
}

static bool set_tls(CURL *easy, const struct transfer *transfer)
{
	struct http_client *client = transfer->client;
	const char *named = getenv("SSL_CERT_FILE");
	struct curl_blob ca = {client->ca.data, client->ca.len, CURL_BLOB_NOCOPY};
	if (!SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ||
		!SET(easy, CURLOPT_SSL_VERIFYPEER, 1L) ||
		!SET(easy, CURLOPT_SSL_VERIFYHOST, 2L))
		return false;
	if (client->ca.len > 0 && !SET(easy, CURLOPT_CAINFO_BLOB, &ca))
		return false;
	if (client->ca.len == 0 && named && *named && !SET(easy, CURLOPT_CAINFO, named))
		return false;
	if (!transfer->credentials)
		return true;
	return (!client->certificate ||
		       SET(easy, CURLOPT_SSLCERT, client->certificate)) &&
	       (!client->key || SET(easy, CURLOPT_SSLKEY, client->key));
}

/* curl knows the others, but HTTP_PROXY only in lower case, which CGI needs; we are none.
 */
static bool set_proxy(CURL *easy, const struct transfer *transfer)
{
	const char *lower = getenv("http_proxy"), *upper = getenv("HTTP_PROXY");
	if (http_origin_is_loopback(&transfer->origin))
		return SET(easy, CURLOPT_NOPROXY, "*");
	if (http_origin_is_https(&transfer->origin) || lower || !upper || !*upper ||
		getenv("REQUEST_METHOD"))
		return true;
	return SET(easy, CURLOPT_PROXY, upper);
}

static bool set_method(CURL *easy, struct transfer *transfer)
{
	const char *method = transfer->method;
	if (strcmp(method, "HEAD") == 0)
		return SET(easy, CURLOPT_NOBODY, 1L);
	if (transfer->with_body)
		return SET(easy, CURLOPT_UPLOAD, 1L) &&
		       SET(easy, CURLOPT_CUSTOMREQUEST, method) &&
		       SET(easy, CURLOPT_INFILESIZE_LARGE,
			       (curl_off_t)body_size(transfer->request)) &&
		       SET(easy, CURLOPT_READFUNCTION, on_send) &&
		       SET(easy, CURLOPT_READDATA, transfer) &&
		       SET(easy, CURLOPT_SEEKFUNCTION, on_seek) &&
		       SET(easy, CURLOPT_SEEKDATA, transfer);
	return SET(easy, CURLOPT_HTTPGET, 1L) && SET(easy, CURLOPT_CUSTOMREQUEST, method);
}

static bool set_callbacks(CURL *easy, struct transfer *transfer)
{
	if (!SET(easy, CURLOPT_ERRORBUFFER, transfer->curl_text) ||
		!SET(easy, CURLOPT_HEADERFUNCTION, on_header) ||
		!SET(easy, CURLOPT_HEADERDATA, transfer) ||
		!SET(easy, CURLOPT_WRITEFUNCTION, on_body) ||
		!SET(easy, CURLOPT_WRITEDATA, transfer))
		return false;
	if (!transfer->request->progress)
		return true;
	return SET(easy, CURLOPT_NOPROGRESS, 0L) &&
	       SET(easy, CURLOPT_XFERINFOFUNCTION, on_progress) &&
	       SET(easy, CURLOPT_XFERINFODATA, transfer);
}

static bool set_bounds(CURL *easy, const struct transfer *transfer)
{
	char range[32];
	if (transfer->deadline > 0) {
		double left = (transfer->deadline - clock_monotonic()) * 1000;
		if (!SET(easy, CURLOPT_TIMEOUT_MS, left > 1 ? (long)left : 1L))
			return false;
	}
	if (transfer->request->range_from == 0)
		return true;
	(void)snprintf(range, sizeof(range), "%llu-",
		(unsigned long long)transfer->request->range_from);
	return SET(easy, CURLOPT_RANGE, range);
}

static int set_up(struct transfer *transfer, const char *url, header_list headers)
{
	CURL *easy = transfer->client->easy;
	curl_easy_reset(easy); /* keeps the connections */
	if (set_policy(easy, transfer) && set_tls(easy, transfer) &&
		set_proxy(easy, transfer) && set_method(easy, transfer) &&
		set_callbacks(easy, transfer) && set_bounds(easy, transfer) &&
		SET(easy, CURLOPT_URL, url) && SET(easy, CURLOPT_HTTPHEADER, headers))
		return 0;
	return error_set(transfer->err, ERR_NETWORK,
		"the HTTP library does not accept an option that is needed");
}

/* ---- performing ---- */

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
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		(void)error_remedy(transfer->err,
			"check the clock and the CA certificates of this system; for a "
			"private "
			"CA give its certificate");
	return transfer->err->class;
}

/* One hop. */
static int perform_once(struct transfer *transfer, const char *url)
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
	CURLcode code = curl_easy_perform(transfer->client->easy);
	transfer->response->status = status_of(transfer);
	if (code != CURLE_OK && !(transfer->cut && !error_is_set(transfer->err)))
		return fail_curl(transfer, code);
	if (transfer->to_skip > 0)
		return error_set(transfer->err, ERR_NETWORK,
			"the server has fewer bytes than are here already");
	return 0;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 ||
	       status == 308;
}

/* RFC 9110, 15.4: what becomes of method and body. */
static int redirect_method(struct transfer *transfer)
{
	int status = transfer->response->status;
	bool safe = strcmp(transfer->method, "GET") == 0 ||
		    strcmp(transfer->method, "HEAD") == 0;
	if (safe)
		return 0;
	if (status == 303 || (strcmp(transfer->method, "POST") == 0 &&
				     (status == 301 || status == 302))) {
		transfer->method = "GET";
		transfer->with_body = false;
		return 0;
	}
	if (status != 307 && status != 308)
		return error_set(transfer->err, ERR_NETWORK,
			"%s was redirected by status %d", transfer->method, status);
	if (transfer->with_body && transfer->request->body_reader)
		return error_set(transfer->err, ERR_NETWORK,
			"the server redirects after the body was sent");
	return 0;
}

static int check_redirect(const struct transfer *transfer, const struct http_origin *next)
{
	if (http_origin_is_https(&transfer->origin) && !http_origin_is_https(next))
		return error_set(transfer->err, ERR_REFUSED,
			"redirected from https to http (%s)", next->shown);
	/* A server out there has no business with what listens only here. */
	if (http_origin_is_loopback(next) && !http_origin_is_loopback(&transfer->origin))
		return error_set(transfer->err, ERR_REFUSED,
			"redirected to this machine itself (%s)", next->shown);
	return http_origin_check_plain(next, transfer->request->flags, transfer->err);
}

/* Replaces *url by where the answer points. */
static int follow(struct transfer *transfer, char **url)
{
	char *location = NULL; /* curl's */
	cleanup_origin struct http_origin next = {0};
	if (curl_easy_getinfo(transfer->client->easy, CURLINFO_REDIRECT_URL, &location) !=
			CURLE_OK ||
		!location)
		return error_set(transfer->err, ERR_NETWORK, "redirected to nowhere");
	if (http_origin_parse(location, &next, transfer->err) < 0)
		return error_wrap(transfer->err, "redirected");
	if (check_redirect(transfer, &next) < 0 || redirect_method(transfer) < 0)
		return transfer->err->class;
	if (!http_origin_equal(&transfer->origin, &next))
		transfer->credentials = false; /* and never again */
	char *copy = strdup(location);
	if (!copy)
		return error_set_memory(transfer->err);
	free(*url);
	*url = copy;
	http_origin_done(&transfer->origin);
	transfer->origin = next;
	next = (struct http_origin){0};
	return 0;
}

static int perform_all(struct transfer *transfer, char **url)
{
	for (unsigned hops = 0;; hops++) {
		if (perform_once(transfer, *url) < 0)
			return transfer->err->class;
		if (!is_redirect(transfer->response->status) ||
			(transfer->request->flags & HTTP_NO_REDIRECTS))
			return 0;
		if (hops >= LIMIT_REDIRECTS)
			return error_set(transfer->err, ERR_NETWORK,
				"redirected more than %d times", LIMIT_REDIRECTS);
		if (follow(transfer, url) < 0)
			return transfer->err->class;
	}
}

static bool method_is_known(const char *method)
{
	static const char *const known[] = {
		"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(method, known[i]) == 0)
			return true;
	}
	return false;
}

static int check_request(const struct http_request *request, struct error *err)
{
	if (!method_is_known(request->method))
		return error_set(
			err, ERR_BUG, "unknown HTTP method '%s'", request->method);
	if (body_size(request) > INT64_MAX || request->range_from > INT64_MAX)
		return error_set(err, ERR_INPUT, "a size is too large");
	return 0;
}

int http_perform(struct http_client *client, const struct http_request *request,
	struct http_response *ret_response, struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	struct transfer transfer = {.client = client,
		.request = request,
		.response = &response,
		.err = err,
		.method = request->method,
		.credentials = true};
	if (check_request(request, err) < 0 ||
		http_origin_parse(request->url, &transfer.origin, err) < 0)
		return err->class;
	transfer.with_body = strcmp(request->method, "POST") == 0 ||
			     strcmp(request->method, "PUT") == 0 ||
			     strcmp(request->method, "PATCH") == 0;
	if (request->timeout_seconds > 0)
		transfer.deadline = clock_monotonic() + request->timeout_seconds;
	response.final_url = strdup(request->url);
	int result = response.final_url ? http_origin_check_plain(
						  &transfer.origin, request->flags, err)
					: error_set_memory(err);
	if (result == 0)
		result = perform_all(&transfer, &response.final_url);
	if (result < 0)
		(void)error_wrap(err, "%s %s", transfer.method, transfer.origin.shown);
	http_origin_done(&transfer.origin);
	if (result < 0)
		return result;
	http_response_done(ret_response);
	*ret_response = response;
	response = HTTP_RESPONSE_INIT;
	return 0;
}
