/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/limits.h"
#include "signing/simple.h"

#define PAYLOAD_TYPE "cosign container image signature"

int simple_write(
	const struct simple_payload *payload, struct buffer *out, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];

	if (buffer_add_str(
		    out, "{\"critical\":{\"identity\":{\"docker-reference\":", err) < 0 ||
		json_quote(slice_str(payload->docker_reference), out, err) < 0)
		return err->class;
	return buffer_printf(out, err,
		"},\"image\":{\"docker-manifest-digest\":\"%s\"},\"type\":\"" PAYLOAD_TYPE
		"\"},\"optional\":null}",
		digest_format(&payload->manifest, digest));
}

/* "critical" and "optional" and nothing else; optional's own members are free (integers
 * in timestamp). */
static int parse_optional(const json_t *root, struct error *err)
{
	json_t *optional = json_object_get(root, "optional");
	json_t *timestamp;

	if (!optional)
		return error_set(err, ERR_INPUT, "signature payload: no \"optional\"");
	if (json_is_null(optional))
		return 0;
	if (!json_is_object(optional))
		return error_set(
			err, ERR_INPUT, "signature payload: optional is not an object");
	timestamp = json_object_get(optional, "timestamp");
	if (timestamp && !json_is_integer(timestamp))
		return error_set(err, ERR_INPUT,
			"signature payload: optional.timestamp is not an integer");
	return 0;
}

static int parse_critical(const json_t *critical, const char **ret_reference,
	struct digest *ret_digest, struct error *err)
{
	static const char *const keys[] = {"type", "image", "identity", NULL};
	static const char *const image_keys[] = {"docker-manifest-digest", NULL};
	static const char *const identity_keys[] = {"docker-reference", NULL};
	json_t *image, *identity;
	const char *type, *digest;

	if (json_only_keys(critical, keys, "critical", err) < 0 ||
		json_get_string(critical, "type", "critical", &type, err) < 0 ||
		json_get_object(critical, "image", "critical", &image, err) < 0 ||
		json_only_keys(image, image_keys, "critical.image", err) < 0 ||
		json_get_string(image, "docker-manifest-digest", "critical.image",
			&digest, err) < 0 ||
		json_get_object(critical, "identity", "critical", &identity, err) < 0 ||
		json_only_keys(identity, identity_keys, "critical.identity", err) < 0 ||
		json_get_string(identity, "docker-reference", "critical.identity",
			ret_reference, err) < 0)
		return err->class;
	if (strcmp(type, PAYLOAD_TYPE) != 0)
		return error_set(err, ERR_INPUT, "critical.type is \"%.64s\", not \"%s\"",
			type, PAYLOAD_TYPE);
	if (digest_parse(slice_str(digest), ret_digest, err) < 0)
		return error_wrap(err, "critical.image");
	return 0;
}

int simple_parse(struct slice json, struct arena *arena,
	struct simple_payload *ret_payload, struct error *err)
{
	static const char *const keys[] = {"critical", "optional", NULL};
	cleanup_json json_t *root = NULL;
	struct simple_payload payload = {0};
	const char *reference;
	json_t *critical;

	if (json.len > LIMIT_SIGNATURE_BYTES)
		return error_set(err, ERR_INPUT, "signature payload: more than %zu bytes",
			(size_t)LIMIT_SIGNATURE_BYTES);
	if (json_load_slice(json, "signature payload", &root, err) < 0)
		return err->class;
	if (!json_is_object(root))
		return error_set(err, ERR_INPUT, "signature payload: not an object");
	if (json_only_keys(root, keys, "signature payload", err) < 0 ||
		json_get_object(root, "critical", "signature payload", &critical, err) <
			0 ||
		parse_critical(critical, &reference, &payload.manifest, err) < 0 ||
		parse_optional(root, err) < 0)
		return err->class;
	payload.docker_reference = arena_strdup(arena, reference);
	if (!payload.docker_reference)
		return error_set_memory(err);
	*ret_payload = payload;
	return 0;
}
