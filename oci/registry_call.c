/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/retry.h"
#include "oci/registry_private.h"

#define CALL_SECONDS_MAX  120
#define PUT_STALL_SECONDS 120    /* some hash and move a whole blob before they answer */
#define WAIT_TOTAL_MAX_MS 180000 /* all pauses of one call together */

int registry_url(const struct registry *registry, struct buffer *out, struct error *err,
	const char *format, ...)
{
	va_list args;
	int result;

	if (buffer_printf(out, err, "%s/v2/%s", registry->origin, registry->repository) <
		0)
		return err->class;
	va_start(args, format);
	result = buffer_vprintf(out, err, format, args);
	va_end(args);
	return result;
}

int registry_check_address(const struct registry *registry, const struct url *url,
	bool refuse_local, struct error *err)
{
	if (url_same_origin(url, &registry->url))
		return 0;
	if (!url->is_https && registry->url.is_https)
		return error_set(err, ERR_INPUT,
			"%s sends us to %.*s, which is not https", registry->origin,
			SLICE_ARG(url->origin));
	if ((refuse_local || http_host_is_loopback(url->host)) &&
		url_host_is_local(url->host) && !url_host_is_local(registry->url.host))
		return error_set(err, ERR_INPUT,
			"%s sends us to %.*s, an address of a local network",
			registry->origin, SLICE_ARG(url->origin));
	return 0;
}

bool registry_header_digest(
	const struct http_response *response, const char *name, struct digest *ret_digest)
{
	struct error ignored = ERROR_INIT;
	struct slice value;

	return http_response_header(response, name, &value) &&
	       digest_parse(value, ret_digest, &ignored) == 0;
}

/* ---- one request ---- */

struct attempt {
	const struct registry_call *call;
	uint64_t from;            /* bytes that the output has already */
	uint64_t start;           /* the output's position before the call */
	bool from_origin;         /* the last answer came from the registry itself */
	char etag[HTTP_ETAG_MAX]; /* of what the output has */
};

static bool is_redirect(const struct registry_call *call, int status)
{
	return (strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0) &&
	       (status == 301 || status == 302 || status == 303 || status == 307 ||
		       status == 308);
}

/* Blobs take as long as they take, unless they stall, or there is a limit for all. */
static unsigned seconds_for(
	const struct registry *registry, const struct registry_call *call)
{
	unsigned usual = call->output || call->source ? 0 : CALL_SECONDS_MAX;
	double left = registry->deadline - clock_monotonic();

	if (registry->deadline <= 0 || (usual != 0 && left > usual))
		return usual;
	return left < 1 ? 1 : (unsigned)left; /* at most the option's number */
}

static int perform(struct registry *registry, struct attempt *attempt, const char *url,
	bool at_origin, const char *authorization, struct http_response *ret_response,
	struct error *err)
{
	const struct registry_call *call = attempt->call;
	cleanup_reader struct reader *body = NULL;
	struct http_request request = {
		.method = call->method,
		.url = url,
		.flags = HTTP_NO_REDIRECTS |
			 (registry->options->plain_http ? HTTP_ALLOW_PLAIN : 0),
		.headers = call->headers,
		.authorization = at_origin ? authorization : NULL,
		.body = call->body,
		.body_size = call->source ? call->len : call->body.len,
		.output = call->output,
		.max_body = call->max_body,
		.range_from = attempt->from,
		.etag = call->output ? attempt->etag : NULL,
		.timeout_seconds = seconds_for(registry, call),
		.stall_seconds = strcmp(call->method, "PUT") == 0 ? PUT_STALL_SECONDS : 0,
	};

	if (call->source &&
		blob_source_reader(call->source, call->from, call->len, &body, err) < 0)
		return err->class;
	request.body_reader = body;
	http_response_done(ret_response);
	if (http_perform(at_origin ? registry->client : registry->foreign, &request,
		    ret_response, err) < 0)
		return err->class;
	/* another thread may be reading the credentials from their file */
	(void)pthread_mutex_lock(&registry->mutex);
	registry_conceal(registry, authorization, ret_response);
	(void)pthread_mutex_unlock(&registry->mutex);
	return 0;
}

/* Once away from the registry's origin, nothing is authorized any more, even if the way
 * leads back. */
static int perform_following(struct registry *registry, struct attempt *attempt,
	const char *authorization, struct http_response *ret_response, struct error *err)
{
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct slice location;
	struct url parsed;

	attempt->from_origin = true;
	if (buffer_add_str(&url, attempt->call->url, err) < 0)
		return err->class;
	for (int i = 0; i <= LIMIT_REDIRECTS; i++) {
		cleanup_buffer struct buffer next = BUFFER_INIT;

		if (url_parse(buffer_slice(&url), &parsed, err) < 0 ||
			registry_check_address(registry, &parsed, false, err) < 0)
			return err->class;
		attempt->from_origin =
			attempt->from_origin && url_same_origin(&parsed, &registry->url);
		if (perform(registry, attempt, buffer_str(&url), attempt->from_origin,
			    authorization, ret_response, err) < 0)
			return err->class;
		if (!is_redirect(attempt->call, ret_response->status) ||
			!http_response_header(ret_response, "location", &location))
			return 0;
		if (url_resolve(buffer_slice(&url), location, &next, err) < 0)
			return error_wrap(err, "redirect");
		buffer_clear(&url);
		if (buffer_add_slice(&url, buffer_slice(&next), err) < 0)
			return err->class;
	}
	return error_set(err, ERR_NETWORK, "%s: more than %d redirects",
		attempt->call->url, LIMIT_REDIRECTS);
}

static void free_secret(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free_ptr(text);
}

/* A 401 of the registry itself is answered, twice: a scheme may be learnt, then a token
 * expire. */
static int perform_authorized(struct registry *registry, struct attempt *attempt,
	struct http_response *ret_response, struct error *err)
{
	const char *scope = attempt->call->scope;

	if (!scope)
		scope = registry->scope;
	for (int i = 0;; i++) {
		CLEANUP(free_secret) char *authorization = NULL;

		if (registry_authorization(registry, scope, &authorization, err) < 0 ||
			perform_following(
				registry, attempt, authorization, ret_response, err) < 0)
			return err->class;
		if (attempt->from_origin)
			registry_note_rate(registry, ret_response);
		if (ret_response->status != 401 || !attempt->from_origin || i == 2)
			return 0;
		if (registry_answer_challenge(
			    registry, ret_response, authorization, err) < 0)
			return err->class;
	}
}

/* ---- several attempts ---- */

static bool is_too_late(const struct registry *registry)
{
	return registry->deadline > 0 && clock_monotonic() > registry->deadline;
}

/* Will there be another attempt? */
static bool may_retry(const struct registry_call *call, unsigned attempt_number,
	const struct http_response *response, const struct error *err)
{
	if (call->once || attempt_number >= RETRY_ATTEMPTS)
		return false;
	return error_is_set(err) ? retry_error_is_transient(err)
				 : registry_is_transient(response);
}

int registry_call(struct registry *registry, const struct registry_call *call,
	struct http_response *ret_response, struct error *err)
{
	struct attempt attempt = {
		.call = call, .start = call->output ? writer_position(call->output) : 0};
	uint64_t waited = 0, wait;

	for (unsigned i = 1;; i++) {
		if (call->output)
			attempt.from = writer_position(call->output) - attempt.start;
		(void)perform_authorized(
			registry, &attempt, ret_response, err); /* err tells */
		if (is_too_late(registry) || !may_retry(call, i, ret_response, err))
			break;
		wait = error_is_set(err) ? 0 : retry_asked_wait(ret_response);
		waited += wait;
		/* who wants to be left alone for an hour is: the error says so */
		if (wait > RETRY_WAIT_MAX_MS || waited > WAIT_TOTAL_MAX_MS)
			break;
		log_verbose("%s: %s; trying again", registry->name,
			error_is_set(err) ? err->text : "the registry is busy");
		error_clear(err);
		retry_pause(registry->options->retry_delay_ms, i, wait);
	}
	return error_is_set(err) ? err->class : 0;
}
