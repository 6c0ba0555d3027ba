/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error messages of registries are shown and end up in logs of pipelines. One that
 * repeats what it was sent, by mistake or on purpose, must not bring credentials there.
 */
#include "oci/registry_private.h"

#define SECRET_BYTES_MIN                                                                 \
	4 /* shorter ones are everywhere, and marking them tells them                    \
	   */

static void conceal(struct buffer *body, const char *secret)
{
	size_t len = secret ? strlen(secret) : 0;
	char *at = body->data, *end = body->data + body->len;

	if (len < SECRET_BYTES_MIN)
		return;
	while ((size_t)(end - at) >= len &&
		(at = memmem(at, (size_t)(end - at), secret, len))) {
		memset(at, '*', len);
		at += len;
	}
}

void registry_conceal(const struct registry *registry, const char *authorization,
	struct http_response *response)
{
	const char *value = authorization ? strchr(authorization, ' ') : NULL;

	if (response->status < 400 || response->body.len == 0)
		return;
	conceal(&response->body, value ? value + 1 : NULL);
	conceal(&response->body, registry->credential.password);
	conceal(&response->body, registry->credential.identity_token);
	conceal(&response->body, registry->credential.registry_token);
}
