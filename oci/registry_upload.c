/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs into a registry (distribution-spec v1.1, "Push"): is it there? can it be
 * mounted? else a session: POST, then PATCH for each piece of a large blob, PUT for the
 * (rest of the) blob with its digest. What breaks off is taken up where the registry says
 * it is.
 */
#include "base/limits.h"
#include "base/log.h"
#include "base/retry.h"
#include "oci/registry_private.h"

#define CHUNK_BYTES  (64 * MIB)
#define CHUNK_MAX    (1024 * MIB) /* what we let a registry ask for */
#define FAILURES_MAX 5
#define SESSIONS_MAX (FAILURES_MAX + 2)

struct upload {
	struct registry *registry;
	const struct blob_source *source;
	const struct descriptor *blob;
	struct buffer location;
	uint64_t offset, chunk;
	unsigned failures, sessions;
	bool whole; /* the registry does not take pieces */
	bool done;
};

static int take_location(struct upload *upload, const struct http_response *response,
	const char *asked, struct error *err)
{
	cleanup_buffer struct buffer next = BUFFER_INIT;
	struct slice location;
	struct url url;

	if (!http_response_header(response, "location", &location))
		return error_set(err, ERR_NETWORK, "the registry does not say where to");
	if (url_resolve(slice_str(asked), location, &next, err) < 0 ||
		url_parse(buffer_slice(&next), &url, err) < 0 ||
		registry_check_address(upload->registry, &url, true, err) < 0)
		return error_wrap(err, "Location");
	buffer_clear(&upload->location);
	return buffer_add_slice(&upload->location, buffer_slice(&next), err);
}

static void take_minimum(struct upload *upload, const struct http_response *response)
{
	struct error ignored = ERROR_INIT;
	struct slice value;
	uint64_t least;

	if (http_response_header(response, "oci-chunk-min-length", &value) &&
		slice_parse_u64(value, 10, CHUNK_MAX, &least, &ignored) == 0 &&
		least > upload->chunk)
		upload->chunk = least;
}

static int begin(struct upload *upload, struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	cleanup_buffer struct buffer url = BUFFER_INIT;
	struct registry_call call = {.method = "POST"};

	if (++upload->sessions > SESSIONS_MAX)
		return error_set(err, ERR_NETWORK,
			"the registry lost the upload %d times", SESSIONS_MAX);
	upload->offset = 0;
	if (registry_url(upload->registry, &url, err, "/blobs/uploads/") < 0)
		return err->class;
	call.url = buffer_str(&url);
	if (registry_call(upload->registry, &call, &response, err) < 0)
		return err->class;
	if (response.status != 202)
		return registry_status_error(&response, "begin upload", err);
	take_minimum(upload, &response);
	return take_location(upload, &response, call.url, err);
}

/*
 * After a failure: how far did it get? "Range: 0-0" may mean one byte or none, so that
 * begins anew, like a session that is gone.
 */
static int resume(struct upload *upload, struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	cleanup_buffer struct buffer asked = BUFFER_INIT;
	struct registry_call call = {.method = "GET"};
	struct error ignored = ERROR_INIT;
	struct slice range, first;
	uint64_t last = 0;

	if (buffer_add_slice(&asked, buffer_slice(&upload->location), err) < 0)
		return err->class;
	call.url = buffer_str(&asked);
	if (registry_call(upload->registry, &call, &response, err) < 0)
		return err->class;
	if (response.status != 204 && response.status != 202) {
		/* gone, perhaps because it was complete and only the answer was lost */
		if (registry_look_for_blob(
			    upload->registry, upload->blob, &upload->done, err) < 0)
			return err->class;
		return upload->done ? 0 : begin(upload, err);
	}
	if (http_response_header(&response, "location", &first) &&
		take_location(upload, &response, call.url, err) < 0)
		return err->class;
	if (!http_response_header(&response, "range", &range) ||
		!slice_cut(&range, '-', &first) || !slice_equal(first, SLICE("0")) ||
		slice_parse_u64(range, 10, INT64_MAX, &last, &ignored) < 0 || last == 0 ||
		last >= upload->blob->size)
		return begin(upload, err);
	upload->offset = last + 1;
	return 0;
}

/* Sends [offset, offset + len) by PATCH or, as the last part, by PUT with the digest. */
static int send_part(struct upload *upload, uint64_t len, bool last,
	struct http_response *ret_response, struct error *err)
{
	cleanup_buffer struct buffer url = BUFFER_INIT;
	char range[80], digest[DIGEST_TEXT_MAX];
	const char *const headers[] = {
		"Content-Type: application/octet-stream", range, NULL};
	const char *const plain[] = {"Content-Type: application/octet-stream", NULL};
	bool is_part = len != 0 && (!last || upload->offset != 0);
	struct registry_call call = {
		.method = last ? "PUT" : "PATCH",
		.headers = is_part ? headers : plain,
		.source = upload->source,
		.from = upload->offset,
		.len = len,
		.once = true,
	};

	(void)digest_format(&upload->blob->digest, digest); /* returns digest */
	(void)snprintf(range, sizeof(range), "Content-Range: %llu-%llu",
		(unsigned long long)upload->offset,
		(unsigned long long)(upload->offset + len - (len != 0))); /* 15+20+1+20 */
	if (buffer_add_slice(&url, buffer_slice(&upload->location), err) < 0 ||
		(last && url_add_query(&url, "digest", slice_str(digest), err) < 0))
		return err->class;
	call.url = buffer_str(&url);
	return registry_call(upload->registry, &call, ret_response, err);
}

static int after_patch(struct upload *upload, const struct http_response *response,
	uint64_t len, struct error *err)
{
	cleanup_buffer struct buffer asked = BUFFER_INIT;
	struct error ignored = ERROR_INIT;
	struct slice range, first;
	uint64_t last;

	if (buffer_add_slice(&asked, buffer_slice(&upload->location), err) < 0 ||
		take_location(upload, response, buffer_str(&asked), err) < 0)
		return err->class;
	upload->offset += len;
	if (http_response_header(response, "range", &range) &&
		slice_cut(&range, '-', &first) &&
		slice_parse_u64(range, 10, INT64_MAX, &last, &ignored) == 0 &&
		last + 1 != upload->offset) {
		if (++upload->failures > FAILURES_MAX)
			return error_set(err, ERR_NETWORK,
				"the registry keeps losing parts of the upload");
		return resume(upload, err);
	}
	return 0;
}

/* A broken connection, a busy server, an offset that it sees otherwise: ask and go on. */
static bool is_worth_another(const struct upload *upload,
	const struct http_response *response, const struct error *err)
{
	int status = response->status;

	if (upload->failures > FAILURES_MAX)
		return false;
	if (error_is_set(err))
		return retry_error_is_transient(err);
	if (registry_is_busy(response))
		return retry_asked_wait(response) <= RETRY_WAIT_MAX_MS;
	return status == 404 || status == 416;
}

static int handle_failure(struct upload *upload, const struct http_response *response,
	bool was_patch, struct error *err)
{
	int status = response->status;

	upload->failures++;
	if (is_worth_another(upload, response, err)) {
		log_verbose("%s: upload broke off at %llu: %s; resuming",
			upload->registry->name, (unsigned long long)upload->offset,
			error_is_set(err) ? err->text : "the registry is busy");
		error_clear(err);
		if (status != 404 && status != 416)
			retry_pause(upload->registry->options->retry_delay_ms,
				upload->failures, retry_asked_wait(response));
		return resume(upload, err);
	}
	if (error_is_set(err))
		return err->class;
	/* registries that know only whole blobs say 4xx (or 501) to PATCH */
	if (was_patch && !upload->whole && status != 401 && status != 403 &&
		status != 413 && status != 429 &&
		retry_asked_wait(response) <= RETRY_WAIT_MAX_MS) {
		upload->whole = true;
		return begin(upload, err);
	}
	return registry_status_error(response, "upload", err);
}

static int next_part(struct upload *upload, struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	uint64_t left = upload->blob->size - upload->offset;
	bool last = upload->whole || left <= upload->chunk;
	uint64_t len = last ? left : upload->chunk;

	if (send_part(upload, len, last, &response, err) < 0)
		return handle_failure(upload, &response, !last, err);
	if (!registry_is_success(&response))
		return handle_failure(upload, &response, !last, err);
	if (!last)
		return after_patch(upload, &response, len, err);
	if (response.status == 202) /* taken as a piece: not stored yet */
		return error_set(
			err, ERR_NETWORK, "the registry did not finish the upload");
	upload->done = true;
	return 0;
}

/* Best effort: the registry forgets sessions by itself. */
static void cancel(struct upload *upload)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	struct registry_call call = {.method = "DELETE", .once = true};
	struct error ignored = ERROR_INIT;

	call.url = buffer_str(&upload->location);
	if (upload->location.len != 0 &&
		registry_call(upload->registry, &call, &response, &ignored) < 0)
		error_clear(&ignored);
}

static int run(struct upload *upload, struct error *err)
{
	if (begin(upload, err) < 0)
		return err->class;
	while (!upload->done)
		if (next_part(upload, err) < 0) {
			cancel(upload);
			return err->class;
		}
	return 0;
}

int registry_put_blob(struct repository *repository, const struct blob_source *source,
	const struct descriptor *descriptor, struct error *err)
{
	struct registry *registry = registry_of(repository);
	struct upload upload = {.registry = registry,
		.source = source,
		.blob = descriptor,
		.chunk = registry->options->chunk_bytes};
	int result;

	if (upload.chunk == 0)
		upload.chunk = CHUNK_BYTES;
	if (!source->is_wanted &&
		registry_look_for_blob(registry, descriptor, &upload.done, err) < 0)
		return err->class;
	if (upload.done)
		return 0;
	result = run(&upload, err);
	buffer_done(&upload.location);
	return result;
}

/* ---- mounting ---- */

static int ask_mount(struct registry *registry, const struct registry *from,
	const struct descriptor *blob, struct http_response *ret_response,
	struct error *err)
{
	cleanup_buffer struct buffer url = BUFFER_INIT, scope = BUFFER_INIT;
	struct registry_call call = {.method = "POST", .once = true};
	struct upload upload = {.registry = registry};
	char digest[DIGEST_TEXT_MAX];

	if (registry_url(registry, &url, err, "/blobs/uploads/") < 0 ||
		url_add_query(&url, "mount",
			slice_str(digest_format(&blob->digest, digest)), err) < 0 ||
		url_add_query(&url, "from", slice_str(from->repository), err) < 0 ||
		buffer_printf(&scope, err, "%s repository:%s:pull", registry->scope,
			from->repository) < 0)
		return err->class;
	call.url = buffer_str(&url);
	call.scope = buffer_str(&scope);
	if (registry_call(registry, &call, ret_response, err) < 0)
		return err->class;
	/* not mounted, but a session was opened: the bytes may take long to come */
	if (ret_response->status == 202 &&
		take_location(&upload, ret_response, call.url, err) == 0)
		cancel(&upload);
	buffer_done(&upload.location);
	return error_is_set(err) ? err->class : 0;
}

int registry_mount_blob(struct repository *repository, struct repository *from,
	const struct descriptor *descriptor, bool *ret_done, struct error *err)
{
	cleanup_response struct http_response response = HTTP_RESPONSE_INIT;
	struct registry *registry = registry_of(repository), *source = registry_of(from);
	struct error reason = ERROR_INIT;

	*ret_done = false;
	if (!url_same_origin(&registry->url, &source->url) ||
		strcmp(registry->repository, source->repository) == 0)
		return 0;
	/* only an optimisation: whatever goes wrong, the upload will tell */
	if (ask_mount(registry, source, descriptor, &response, &reason) < 0) {
		if (reason.class == ERR_MEMORY)
			return error_set_memory(err);
		return 0;
	}
	*ret_done = response.status == 201;
	return 0;
}
