/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests into a registry, and the table of all that writes to one. */
#include "base/retry.h"
#include "oci/registry_private.h"

/* Condition of the write; "" in if_match: only if there is nothing. */
static int add_condition(
	const struct manifest_put *put, struct buffer *line, struct error *err)
{
	if (!put->if_match)
		return 0;
	if (put->if_match[0] != '\0')
		return buffer_printf(line, err, "If-Match: %s", put->if_match);
	return buffer_add_str(line, "If-None-Match: *", err);
}

static int check_stored(
	const struct http_response *response, struct manifest_put *put, struct error *err)
{
	struct digest said;

	if (registry_header_digest(response, "docker-content-digest", &said) &&
		said.algorithm == put->descriptor->digest.algorithm &&
		!digest_equal(&said, &put->descriptor->digest))
		return error_set(err, ERR_NETWORK,
			"the registry stored something else than what was sent");
	put->subject_done = put->manifest->has_subject &&
			    registry_header_digest(response, "oci-subject", &said) &&
			    digest_equal(&said, &put->manifest->subject.digest);
	return 0;
}

static int registry_put_manifest(
	struct repository *repository, struct manifest_put *put, struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	cleanup_buffer struct buffer url = BUFFER_INIT, type = BUFFER_INIT;
	cleanup_buffer struct buffer condition = BUFFER_INIT;
	struct registry *registry = registry_of(repository);
	struct registry_call call = {
		.method = "PUT", .body = put->bytes, .once = put->is_update};
	const char *headers[3] = {NULL};
	char digest[DIGEST_TEXT_MAX];

	(void)digest_format(&put->descriptor->digest, digest); /* returns digest */
	if (registry_url(registry, &url, err, "/manifests/%s",
		    put->tag ? put->tag : digest) < 0 ||
		buffer_printf(&type, err, "Content-Type: %s", put->manifest->media_type) <
			0 ||
		add_condition(put, &condition, err) < 0)
		return err->class;
	headers[0] = buffer_str(&type);
	headers[1] = condition.len ? buffer_str(&condition) : NULL;
	call.url = buffer_str(&url);
	call.headers = headers;
	if (registry_call(registry, &call, &response, err) < 0 &&
		!(put->is_update && retry_error_is_transient(err)))
		return error_wrap(err, "put %s", put->tag ? put->tag : digest);
	put->wait_ms = retry_asked_wait(&response);
	put->conflict = error_is_set(err) || (response.status == 412 && put->if_match) ||
			(put->is_update && registry_is_transient(&response) &&
				put->wait_ms <= RETRY_WAIT_MAX_MS);
	error_clear(err); /* whoever reads again will see it, if it lasts */
	if (put->conflict)
		return 0;
	if (!registry_is_success(&response))
		return registry_status_error(&response, "put manifest", err);
	return check_stored(&response, put, err);
}

static const struct repository_write_ops registry_write_ops = {
	.put_blob = registry_put_blob,
	.put_manifest = registry_put_manifest,
	.mount_blob = registry_mount_blob,
};

int registry_open_to_write(const struct reference *reference,
	struct repository *repository, struct error *err)
{
	if (registry_open(reference, repository, err) < 0)
		return err->class;
	repository->write = &registry_write_ops;
	return 0;
}
