/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error messages of registries are shown and end up in logs of pipelines. One that
 * repeats what it was sent, by mistake or on purpose, must not bring credentials there.
 */
#include <jansson.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/registry_private.h"

#define SECRET_BYTES_MIN                                                                 \
	4 /* shorter ones are everywhere, and marking them tells them                    \
	   */

static void star(struct buffer *text, struct slice secret)
{
	char *at = text->data, *end;

	if (secret.len < SECRET_BYTES_MIN || text->len == 0)
		return;
	end = at + text->len;
	while ((size_t)(end - at) >= secret.len &&
		(at = memmem(at, (size_t)(end - at), secret.data, secret.len))) {
		memset(at, '*', secret.len);
		at += secret.len;
	}
}

/* As it is, and as a form holds it. */
static int conceal(struct buffer *text, const char *secret, struct error *err)
{
	cleanup_buffer struct buffer quoted = BUFFER_INIT;

	if (!secret)
		return 0;
	star(text, slice_str(secret));
	if (url_quote(slice_str(secret), &quoted, err) < 0)
		return err->class;
	star(text, buffer_slice(&quoted));
	explicit_bzero(quoted.data, quoted.len);
	return 0;
}

static int conceal_all(const struct registry *registry, const char *authorization,
	struct buffer *text, struct error *err)
{
	const char *value = authorization ? strchr(authorization, ' ') : NULL;
	const char *const secrets[] = {value ? value + 1 : NULL,
		registry->credential.password, registry->credential.identity_token,
		registry->credential.registry_token};

	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		if (conceal(text, secrets[i], err) < 0)
			return err->class;
	return 0;
}

static int write_error(const struct buffer *code, const struct buffer *message,
	struct buffer *out, struct error *err)
{
	cleanup_json struct json_t *json = json_object();
	json_t *list = json_array(), *item = json_object();

	if (json_push(list, item, err) < 0) {
		json_decref(list);
		return err->class;
	}
	if (json_set(json, "errors", list, err) < 0 ||
		json_set(item, "code", json_string(buffer_str(code)), err) < 0 ||
		json_set(item, "message", json_string(buffer_str(message)), err) < 0)
		return err->class;
	return json_dump(json, JSON_STYLE_COMPACT, out, err);
}

/* Searched after JSON's escapes are undone, which could hide a part. */
void registry_conceal(const struct registry *registry, const char *authorization,
	struct http_response *response)
{
	cleanup_buffer struct buffer code = {.max = LIMIT_HTTP_ERROR_BYTES};
	cleanup_buffer struct buffer message = {.max = LIMIT_HTTP_ERROR_BYTES};
	cleanup_buffer struct buffer body = response->body;
	struct error ignored = ERROR_INIT;

	if (response->status < 400) {
		body = BUFFER_INIT;
		return;
	}
	response->body = BUFFER_INIT;
	if (registry_first_error(buffer_slice(&body), &code, &message) &&
		conceal_all(registry, authorization, &code, &ignored) == 0 &&
		conceal_all(registry, authorization, &message, &ignored) == 0 &&
		write_error(&code, &message, &response->body, &ignored) < 0)
		buffer_clear(&response->body); /* rather nothing than a part */
	if (body.data)
		explicit_bzero(body.data, body.len);
}
