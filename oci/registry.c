/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/registry_private.h"

#define PAGES_MAX 1000
#define TAGS_MAX  100000
#define TAGS_PAGE "1000"

static const char *const accept_manifests[] = {"Accept: " OCI_INDEX ", " OCI_MANIFEST
					       ", " DOCKER_LIST ", " DOCKER_MANIFEST,
	NULL};

/* ---- manifests ---- */

static int take_manifest(struct registry *registry, const struct http_response *response,
	struct buffer *out, struct tag_answer *ret_answer, struct error *err)
{
	struct digest said, have;
	struct slice value;

	if (http_response_header(response, "content-type", &value)) {
		if (value.len >= sizeof(ret_answer->media_type))
			return error_set(err, ERR_INPUT, "Content-Type is too long");
		memcpy(ret_answer->media_type, value.data, value.len); /* zeroed before */
	}
	if (http_response_header(response, "etag", &value) &&
		http_etag_is_strong(value)) {
		memcpy(ret_answer->etag, value.data, value.len);
		registry->has_etags = true;
	}
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
	return take_manifest(registry, &response, out, ret_answer, err);
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

/* ---- paging ---- */

/* <URL>; rel="next" (RFC 8288), among other links perhaps. */
static bool find_next(const struct http_response *response, struct slice *ret_url)
{
	struct slice header, link, url;

	for (size_t i = 0; http_response_header_at(response, "link", i, &header); i++)
		while (slice_cut(&header, '<', &link) && slice_cut(&header, '>', &url)) {
			struct slice rest = header;

			if (!slice_cut(&rest, '<', &link))
				continue;
			if (slice_find(link, SLICE("rel=\"next\"")) != SIZE_MAX ||
				slice_find(link, SLICE("rel=next")) != SIZE_MAX) {
				*ret_url = url;
				return true;
			}
		}
	return false;
}

/* Replaces *url by that of the next page; false at the end. */
static int next_page(const struct registry *registry,
	const struct http_response *response, struct buffer *url, bool *ret_more,
	struct error *err)
{
	cleanup_buffer struct buffer next = BUFFER_INIT;
	struct url parsed;
	struct slice link;

	*ret_more = find_next(response, &link);
	if (!*ret_more)
		return 0;
	if (url_resolve(buffer_slice(url), link, &next, err) < 0 ||
		url_parse(buffer_slice(&next), &parsed, err) < 0)
		return error_wrap(err, "next page");
	if (!url_same_origin(&parsed, &registry->url))
		return error_set(err, ERR_INPUT, "the next page is at %.*s",
			SLICE_ARG(parsed.origin));
	buffer_clear(url);
	return buffer_add_slice(url, buffer_slice(&next), err);
}

typedef int page_reader(void *context, const struct http_response *response,
	bool *ret_stop, struct error *err);

/* 404 at the first page is given to the reader like 200. */
static int read_pages(struct registry *registry, struct buffer *url,
	const char *const *headers, page_reader *reader, void *context, struct error *err)
{
	bool more = true, stop = false;

	for (int page = 0; more && !stop; page++) {
		cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
		struct registry_call call = {.method = "GET",
			.url = buffer_str(url),
			.headers = headers,
			.max_body = LIMIT_MANIFEST_BYTES};

		if (page == PAGES_MAX)
			return error_set(err, ERR_INPUT, "more than %d pages", PAGES_MAX);
		if (registry_call(registry, &call, &response, err) < 0 ||
			reader(context, &response, &stop, err) < 0 ||
			next_page(registry, &response, url, &more, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- tags ---- */

struct tags {
	struct arena *arena;
	const char **items;
	size_t count, capacity;
};

static int add_tag(struct tags *tags, const json_t *item, struct error *err)
{
	const char *text = json_string_value(item);
	const char **place;

	if (!text || !reference_tag_is_valid(slice_str(text)))
		return error_set(err, ERR_INPUT, "tags: not a tag in the list");
	if (tags->count == TAGS_MAX)
		return error_set(err, ERR_INPUT, "more than %d tags", TAGS_MAX);
	place = arena_append(
		tags->arena, &tags->items, &tags->count, &tags->capacity, sizeof(*place));
	if (!place)
		return error_set_memory(err);
	*place = arena_strdup(tags->arena, text);
	return *place ? 0 : error_set_memory(err);
}

/* A repository that is not there has no tags. */
static int read_tags_page(void *context, const struct http_response *response,
	bool *ret_stop, struct error *err)
{
	cleanup_json struct json_t *json = NULL;
	struct json_t *list = NULL;

	*ret_stop = response->status == 404;
	if (*ret_stop)
		return 0;
	if (response->status != 200)
		return registry_status_error(response, "list tags", err);
	if (json_load_slice(buffer_slice(&response->body), "tags", &json, err) < 0)
		return err->class;
	if (!json_is_object(json))
		return error_set(err, ERR_INPUT, "tags: not an object");
	if (json_opt_array(json, "tags", "tags", TAGS_MAX, &list, err) < 0)
		return err->class;
	for (size_t i = 0; list && i < json_array_size(list); i++)
		if (add_tag(context, json_array_get(list, i), err) < 0)
			return err->class;
	return 0;
}

static int registry_tags(struct repository *repository, struct arena *arena,
	const char ***ret_tags, size_t *ret_count, struct error *err)
{
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct registry *registry = registry_of(repository);
	struct tags tags = {.arena = arena};

	if (registry_url(registry, &url, err, "/tags/list?n=" TAGS_PAGE) < 0 ||
		read_pages(registry, &url, NULL, read_tags_page, &tags, err) < 0)
		return err->class;
	*ret_tags = tags.items;
	*ret_count = tags.count;
	return 0;
}

/* ---- referrers ---- */

struct referrers {
	struct arena *arena;
	struct descriptor_list *list;
	bool begun;
};

/*
 * Only 200 with an index is the API's answer (distribution-spec v1.1, "Listing
 * Referrers"). 404 and whatever a server without it says of the path mean "no API";
 * refusals and overload mean that we could not look, which must not be taken for "none".
 */
static int is_api_answer(
	const struct http_response *response, bool *ret_is, struct error *err)
{
	struct slice type = SLICE_EMPTY, bare = SLICE_EMPTY;
	int status = response->status;

	*ret_is = false;
	if (status == 401 || status == 403 || status == 429 || status >= 500)
		return registry_status_error(response, "list referrers", err);
	if (status != 200 || !http_response_header(response, "content-type", &type))
		return 0;
	*ret_is = slice_cut(&type, ';', &bare) &&
		  slice_equal_str(slice_trim(bare), OCI_INDEX);
	return 0;
}

static int read_referrers_page(void *context, const struct http_response *response,
	bool *ret_stop, struct error *err)
{
	cleanup_manifest struct manifest *page = NULL;
	struct referrers *referrers = context;
	bool is_answer;

	if (is_api_answer(response, &is_answer, err) < 0)
		return err->class;
	*ret_stop = !is_answer;
	if (!is_answer)
		return referrers->begun ? registry_status_error(
						  response, "list more referrers", err)
					: 0;
	referrers->begun = true;
	if (manifest_parse(buffer_slice(&response->body), OCI_INDEX, &page, err) < 0)
		return err->class;
	for (size_t i = 0; i < page->count; i++)
		if (descriptor_list_add(
			    referrers->arena, referrers->list, &page->items[i], err) < 0)
			return err->class;
	/* more than anybody reads: the caller refuses the number */
	*ret_stop = referrers->list->count > LIMIT_REFERRERS;
	return 0;
}

static int registry_referrers(struct repository *repository, const struct digest *subject,
	struct arena *arena, struct descriptor_list *list, struct error *err)
{
	static const char *const headers[] = {"Accept: " OCI_INDEX, NULL};
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct registry *registry = registry_of(repository);
	struct referrers referrers = {.arena = arena, .list = list};
	char text[DIGEST_TEXT_MAX];

	if (registry_url(registry, &url, err, "/referrers/%s",
		    digest_format(subject, text)) < 0)
		return err->class;
	return read_pages(registry, &url, headers, read_referrers_page, &referrers, err);
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

struct certificates {
	struct arena *arena;
	const char *ca, *certificate, *key; /* the first of each kind, by name */
	bool found;
};

static int look_at_file(struct certificates *found, const char *folder, const char *name,
	struct error *err)
{
	const struct {
		const char *ending;
		const char **place;
	} kinds[] = {{".crt", &found->ca}, {".cert", &found->certificate},
		{".key", &found->key}};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (*kinds[i].place ||
			!slice_ends_with(slice_str(name), slice_str(kinds[i].ending)))
			continue;
		*kinds[i].place = arena_printf(found->arena, "%s/%s", folder, name);
		if (!*kinds[i].place)
			return error_set_memory(err);
	}
	return 0;
}

/* /etc/docker/certs.d/HOST:PORT/{*.crt,*.cert,*.key}; the host's grammar was checked. */
static int find_certificates(
	const char *host, struct certificates *found, struct error *err)
{
	static const char *const roots[] = {
		"/etc/containers/certs.d", "/etc/docker/certs.d"};
	int result = 0;

	for (size_t i = 0; i < ARRAY_LEN(roots) && !found->found; i++) {
		struct error ignored = ERROR_INIT;
		cleanup_fd int dirfd = -1;
		char **names = NULL;
		size_t count = 0;
		const char *folder = arena_printf(found->arena, "%s/%s", roots[i], host);

		if (!folder)
			return error_set_memory(err);
		if (fs_open_dir(AT_FDCWD, folder, &dirfd, &ignored) < 0)
			continue;
		if (fs_list(dirfd, &names, &count, err) < 0)
			return err->class;
		found->found = true;
		for (size_t j = 0; j < count && result == 0; j++)
			result = look_at_file(found, folder, names[j], err);
		fs_list_free(&names, count);
	}
	return result;
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
	struct certificates certificates = {.arena = registry->arena};

	if (http_client_new("alnage/" ALNAGE_VERSION, &registry->client, err) < 0 ||
		http_client_new("alnage/" ALNAGE_VERSION, &registry->foreign, err) < 0)
		return err->class;
	if (find_certificates(registry->name, &certificates, err) < 0)
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
