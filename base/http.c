/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request with its redirects. They are followed here and not by curl, because
 * the rules are ours: where to, how often, and with which credentials.
 */
#include "base/clock.h"
#include "base/http_private.h"
#include "base/limits.h"

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
	if (curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &location) !=
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
		if (http_hop(transfer, *url) < 0)
			return transfer->err->class;
		if (!is_redirect(transfer->response->status) ||
			(transfer->request->flags & HTTP_NO_REDIRECTS))
			return 0;
		if (hops >= LIMIT_REDIRECTS) {
			(void)error_set(transfer->err, ERR_NETWORK,
				"redirected more than %d times", LIMIT_REDIRECTS);
			transfer->err->sys = ELOOP;
			return transfer->err->class;
		}
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
	if (http_body_size(request) > INT64_MAX || request->range_from > INT64_MAX)
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
		result = http_client_take(client, &transfer.easy, err);
	if (result == 0) {
		result = perform_all(&transfer, &response.final_url);
		http_client_give_back(client, transfer.easy);
	}
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
