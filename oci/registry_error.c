/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry says with an error, and of its limits. */
#include <jansson.h>

#include "base/json.h"
#include "base/log.h"
#include "base/retry.h"
#include "oci/rate.h"
#include "oci/registry_private.h"

#define SHOWN_BYTES 300

/* The beginning, without what a terminal could take for a command. */
static struct slice printable(struct buffer *text)
{
	for (size_t i = 0; i < text->len && i < SHOWN_BYTES; i++)
		if (text->data[i] < 0x20 || text->data[i] == 0x7f)
			text->data[i] = '?';
	return slice_sub(buffer_slice(text), 0, SHOWN_BYTES);
}

static void add_text(struct buffer *out, const json_t *json)
{
	const char *text = json_string_value(json);
	struct error full = ERROR_INIT;

	if (text && buffer_add_str(out, text, &full) < 0)
		buffer_clear(out);
}

bool registry_first_error(
	struct slice body, struct buffer *ret_code, struct buffer *ret_message)
{
	cleanup_json struct json_t *json = NULL;
	struct error ignored = ERROR_INIT;
	const json_t *item;

	if (body.len == 0 || json_load_slice(body, "error", &json, &ignored) < 0)
		return false;
	item = json_array_get(json_object_get(json, "errors"), 0);
	if (!json_is_object(item))
		return false;
	add_text(ret_code, json_object_get(item, "code"));
	add_text(ret_message, json_object_get(item, "message"));
	return true;
}

static int add_rate_remedy(const struct http_response *response, struct error *err)
{
	struct slice after = SLICE_EMPTY;
	char rate[RATE_TEXT_MAX] = "";
	struct rate found;

	if (rate_read(response, &found))
		rate_format(&found, rate);
	if (http_response_header(response, "retry-after", &after))
		after = slice_sub(after, 0, 40);
	return error_remedy(err,
		"too many requests%s%s: wait%s%.*s%s, or log in for a higher limit",
		rate[0] ? ", " : "", rate, after.len ? " (Retry-After: " : "",
		SLICE_ARG(after), after.len ? ")" : "");
}

int registry_status_error(
	const struct http_response *response, const char *doing, struct error *err)
{
	cleanup_buffer struct buffer code = BUFFER_INIT, message = BUFFER_INIT;
	int status = response->status;

	(void)registry_first_error(
		buffer_slice(&response->body), &code, &message); /* or empty */
	(void)error_set(err, ERR_NETWORK, "%s: the registry answers %d%s%.*s%s%.*s%s",
		doing, status, code.len ? " " : "", SLICE_ARG(printable(&code)),
		message.len ? " (" : "", SLICE_ARG(printable(&message)),
		message.len ? ")" : "");
	if (status == 401 || status == 403)
		return error_remedy(err, "log in (docker login, podman login) with an "
					 "account that may do this");
	if (status == 400 &&
		code.len == 0) /* what web servers say to http where TLS is */
		return error_remedy(err, "no registry answers so: if it speaks TLS, put "
					 "its certificate into certs.d (man alnage)");
	if (status == 429)
		return add_rate_remedy(response, err);
	return err->class;
}

static bool says(const struct http_response *response, const char *wanted)
{
	cleanup_buffer struct buffer code = BUFFER_INIT, message = BUFFER_INIT;

	return response->status >= 400 &&
	       registry_first_error(buffer_slice(&response->body), &code, &message) &&
	       strcmp(buffer_str(&code), wanted) == 0;
}

/* Some registries say TOOMANYREQUESTS under another status. */
bool registry_is_busy(const struct http_response *response)
{
	return retry_status_is_transient(response->status) ||
	       says(response, "TOOMANYREQUESTS");
}

/*
 * Distribution 2.8 says DIGEST_INVALID of a manifest, whose digest we computed, while
 * somebody else writes one of its blobs.
 */
bool registry_is_transient(const struct http_response *response)
{
	return registry_is_busy(response) || says(response, "DIGEST_INVALID");
}

/* ---- limits ---- */

void registry_note_rate(struct registry *registry, const struct http_response *response)
{
	char text[RATE_TEXT_MAX];
	struct rate rate;
	bool warn;

	if (!rate_read(response, &rate) || !rate_is_low(&rate))
		return;
	(void)pthread_mutex_lock(&registry->mutex);
	warn = !registry->rate_warned;
	registry->rate_warned = true;
	(void)pthread_mutex_unlock(&registry->mutex);
	rate_format(&rate, text);
	if (warn)
		log_warning("%s: %s", registry->name, text);
}
