/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "oci/certificates.h"
#include "oci/registry_private.h"

static const char *const accept_manifests[] = {"Accept: " OCI_INDEX ", " OCI_MANIFEST
					       ", " DOCKER_LIST ", " DOCKER_MANIFEST,
	NULL};

/* ---- manifests ---- */

static int take_manifest(const struct http_response *response, struct buffer *out,
	struct tag_answer *ret_answer, struct error *err)
{
	struct digest said, have;
	struct slice value;

	if (http_response_header(response, "content-type", &value)) {
		if (value.len >= sizeof(ret_answer->media_type))
			return error_set(err, ERR_INPUT, "Content-Type is too long");
		memcpy(ret_answer->media_type, value.data, value.len); /* zeroed before */
	}
	if (http_response_header(response, "etag", &value) && http_etag_is_strong(value))
		memcpy(ret_answer->etag, value.data, value.len); /* zeroed before */
	if (registry_header_digest(response, "docker-content-digest", &said)) {
		if (digest_of(said.algorithm, buffer_slice(&response->body), &have, err) <
			0)
			return err->class;
		if (!digest_equal(&said, &have))
			return error_set(err, ERR_INPUT,
				"the registry announces another digest than that of what "
				"it "
				"sends");
	}
	ret_answer->found = true;
	return buffer_add_slice(out, buffer_slice(&response->body), err);
}

static int registry_read_manifest(struct repository *repository, const char *tag,
	const struct digest *digest, struct buffer *out, struct tag_answer *ret_answer,
	struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	struct registry *registry = registry_of(repository);
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct registry_call call = {.method = "GET",
		.headers = accept_manifests,
		.max_body = LIMIT_MANIFEST_BYTES};
	char text[DIGEST_TEXT_MAX];

	if (digest)
		tag = digest_format(digest, text);
	if (registry_url(registry, &url, err, "/manifests/%s", tag ? tag : "latest") < 0)
		return err->class;
	call.url = buffer_str(&url);
	if (registry_call(registry, &call, &response, err) < 0)
		return err->class;
	if (response.status == 404)
		return 0;
	if (response.status != 200)
		return registry_status_error(&response, "read manifest", err);
	return take_manifest(&response, out, ret_answer, err);
}

/* ---- blobs ---- */

static int blob_url(const struct registry *registry, const struct descriptor *descriptor,
	struct buffer *url, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];

	return registry_url(registry, url, err, "/blobs/%s",
		digest_format(&descriptor->digest, digest));
}

int registry_look_for_blob(struct registry *registry, const struct descriptor *descriptor,
	bool *ret_found, struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct registry_call call = {.method = "HEAD"};

	if (blob_url(registry, descriptor, &url, err) < 0)
		return err->class;
	call.url = buffer_str(&url);
	if (registry_call(registry, &call, &response, err) < 0)
		return err->class;
	if (response.status != 404 && !registry_is_success(&response))
		return registry_status_error(&response, "look for blob", err);
	*ret_found = response.status != 404;
	return 0;
}

static int registry_has_blob(struct repository *repository,
	const struct descriptor *descriptor, bool *ret_found, struct error *err)
{
	return registry_look_for_blob(
		registry_of(repository), descriptor, ret_found, err);
}

static int registry_read_blob(struct repository *repository,
	const struct descriptor *descriptor, struct writer *out, bool *ret_found,
	struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct registry *registry = registry_of(repository);
	struct registry_call call = {
		.method = "GET", .output = out, .max_body = descriptor->size};

	if (blob_url(registry, descriptor, &url, err) < 0)
		return err->class;
	call.url = buffer_str(&url);
	if (registry_call(registry, &call, &response, err) < 0)
		return err->class;
	if (response.status != 404 && !registry_is_success(&response))
		return registry_status_error(&response, "read blob", err);
	*ret_found = response.status != 404;
	return 0;
}

/* ---- opening ---- */

static void registry_close(void *context)
{
	struct registry *registry = context;

	registry_auth_done(registry);
	http_client_free(&registry->client);
	http_client_free(&registry->foreign);
	arena_free(&registry->arena);
	(void)pthread_mutex_destroy(&registry->mutex);
	free(registry);
}

/* Plain http only to this machine, where nobody put certificates for it, or where told.
 */
static int set_origin(struct registry *registry, bool has_certificates, struct error *err)
{
	const char *host = registry->name;
	bool plain = !has_certificates && (http_host_is_loopback(slice_str(host)) ||
						  registry->options->plain_http);

	if (strcmp(host, "docker.io") == 0)
		host = "registry-1.docker.io";
	registry->origin =
		arena_printf(registry->arena, "%s://%s", plain ? "http" : "https", host);
	if (!registry->origin)
		return error_set_memory(err);
	return url_parse(slice_str(registry->origin), &registry->url, err);
}

static int prepare(struct registry *registry, struct error *err)
{
	struct certificates certificates;

	if (http_client_new("alnage/" ALNAGE_VERSION, &registry->client, err) < 0 ||
		http_client_new("alnage/" ALNAGE_VERSION, &registry->foreign, err) < 0)
		return err->class;
	if (certificates_find(registry->name, registry->arena, &certificates, err) < 0)
		return err->class;
	if (certificates.found &&
		http_client_set_tls(registry->client, certificates.ca,
			certificates.certificate, certificates.key, err) < 0)
		return err->class;
	registry->scope = arena_printf(registry->arena, "repository:%s:pull%s",
		registry->repository, registry->options->writable ? ",push" : "");
	if (!registry->scope)
		return error_set_memory(err);
	if (registry->options->early_credentials)
		registry_look_for_credential(registry);
	return set_origin(registry, certificates.found, err);
}

static const struct repository_ops registry_ops = {
	.read_manifest = registry_read_manifest,
	.read_blob = registry_read_blob,
	.has_blob = registry_has_blob,
	.referrers = registry_referrers,
	.tags = registry_tags,
	.needs = registry_needs,
	.close = registry_close,
};

int registry_open(const struct reference *reference, struct repository *repository,
	struct error *err)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return error_set_memory(err);
	registry->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	repository->ops = &registry_ops;
	repository->context = registry; /* closed with the repository from here on */
	repository->is_registry = true;
	registry->options = &repository->options;
	registry->deadline = repository->deadline;
	if (arena_new(&registry->arena, err) < 0)
		return err->class;
	registry->name = arena_strdup(registry->arena, reference->registry);
	registry->repository = arena_strdup(registry->arena, reference->repository);
	repository->name = arena_printf(
		repository->arena, "%s/%s", reference->registry, reference->repository);
	if (!registry->name || !registry->repository || !repository->name)
		return error_set_memory(err);
	if (prepare(registry, err) < 0)
		return error_wrap(err, "%s", repository->name);
	return 0;
}
