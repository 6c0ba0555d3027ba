/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http_private.h"
#include "base/limits.h"

/* ---- headers ---- */

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

int http_status_of(const struct transfer *transfer)
{
	long status = 0;
	if (curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status) !=
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

/* If-Range compares strongly (RFC 9110, 13.1.5): weak ones are of no use. */
static void keep_etag(const struct transfer *transfer)
{
	char *etag = transfer->request->etag;
	struct slice value;
	if (!etag)
		return;
	etag[0] = '\0';
	if (!http_response_header(transfer->response, "etag", &value) ||
		!http_etag_is_strong(value))
		return;
	memcpy(etag, value.data, value.len); /* shorter than HTTP_ETAG_MAX */
	etag[value.len] = '\0';
}

/* Before the first byte of a 2xx body. */
static int begin_body(struct transfer *transfer)
{
	const struct http_request *request = transfer->request;
	curl_off_t length = -1;
	int status = http_status_of(transfer);
	transfer->body_begun = true;
	keep_etag(transfer);
	if (request->range_from > 0 && status == 206 && check_range(transfer) < 0)
		return transfer->err->class;
	if (request->range_from > 0 && status != 206)
		transfer->to_skip = request->range_from;
	if (request->max_body == 0)
		return 0;
	if (curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
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
	int result = is_success(http_status_of(transfer))
			     ? take_body(transfer, bytes)
			     : take_error_body(transfer, bytes);
	/* Another number than what came ends the transfer. */
	return result < 0 || transfer->cut ? CURL_WRITEFUNC_ERROR : bytes.len;
}

static size_t on_send(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	const struct http_request *request = transfer->request;
	uint64_t left = http_body_size(request) - transfer->sent;
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

bool http_set_callbacks(CURL *easy, struct transfer *transfer)
{
	if (!HTTP_SET(easy, CURLOPT_ERRORBUFFER, transfer->curl_text) ||
		!HTTP_SET(easy, CURLOPT_HEADERFUNCTION, on_header) ||
		!HTTP_SET(easy, CURLOPT_HEADERDATA, transfer) ||
		!HTTP_SET(easy, CURLOPT_WRITEFUNCTION, on_body) ||
		!HTTP_SET(easy, CURLOPT_WRITEDATA, transfer))
		return false;
	if (transfer->with_body &&
		(!HTTP_SET(easy, CURLOPT_READFUNCTION, on_send) ||
			!HTTP_SET(easy, CURLOPT_READDATA, transfer) ||
			!HTTP_SET(easy, CURLOPT_SEEKFUNCTION, on_seek) ||
			!HTTP_SET(easy, CURLOPT_SEEKDATA, transfer)))
		return false;
	if (!transfer->request->progress)
		return true;
	return HTTP_SET(easy, CURLOPT_NOPROGRESS, 0L) &&
	       HTTP_SET(easy, CURLOPT_XFERINFOFUNCTION, on_progress) &&
	       HTTP_SET(easy, CURLOPT_XFERINFODATA, transfer);
}
