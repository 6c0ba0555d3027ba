/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/digest.h"
#include "base/encode.h"
#include "tests/registry/registry.h"

#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "test registry: %s:%d: %s\n", __FILE__,          \
				__LINE__, #condition);                                   \
			abort();                                                         \
		}                                                                        \
	} while (0)
#define INDEX_TYPE  "application/vnd.oci.image.index.v1+json"
#define ENTRIES_MAX 4096
#define FAULTS_MAX  16

struct entry {
	char *key; /* "B repository digest", "M …", "T repository tag", "U id" */
	char *type;
	struct buffer bytes;
};

struct test_registry {
	struct test_registry_options options;
	int listener;
	int stop_pipe[2];
	char host[64];
	pthread_t thread;
	pthread_mutex_t mutex;
	struct entry entries[ENTRIES_MAX];
	size_t entry_count;
	unsigned uploads;
	struct test_fault faults[FAULTS_MAX];
	size_t fault_count;
	struct buffer log;
	const char *hook_tag;
	void (*hook)(void *context);
	void *hook_context;
};

struct request {
	char method[16], path[2048], query[4096];
	struct buffer head, body;
	struct test_fault fault; /* kind 0: none */
};

struct answer {
	int status;
	struct buffer headers, body;
	bool close; /* without an answer */
};

static struct error *scratch(void)
{
	static _Thread_local struct error err;

	error_clear(&err);
	return &err;
}

static void add(struct buffer *buf, const char *format, ...) PRINTF_LIKE(2, 3);
static void add(struct buffer *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	CHECK(buffer_vprintf(buf, scratch(), format, args) == 0);
	va_end(args);
}

static void put_bytes(struct buffer *buf, struct slice s)
{
	CHECK(buffer_add_slice(buf, s, scratch()) == 0);
}

/* ---- storage ---- */

static struct entry *find(struct test_registry *registry, const char *key)
{
	for (size_t i = 0; i < registry->entry_count; i++)
		if (strcmp(registry->entries[i].key, key) == 0)
			return &registry->entries[i];
	return NULL;
}

static struct entry *store(struct test_registry *registry, const char *key,
	const char *type, struct slice bytes)
{
	struct entry *entry = find(registry, key);

	if (!entry) {
		CHECK(registry->entry_count < ENTRIES_MAX);
		entry = &registry->entries[registry->entry_count++];
		*entry = (struct entry){.key = strdup(key)};
	}
	free(entry->type);
	entry->type = strdup(type);
	buffer_clear(&entry->bytes);
	put_bytes(&entry->bytes, bytes);
	return entry;
}

static void forget(struct test_registry *registry, struct entry *entry)
{
	struct entry *last = &registry->entries[--registry->entry_count];

	free(entry->key);
	free(entry->type);
	buffer_done(&entry->bytes);
	if (entry != last)
		*entry = *last;
}

/* SHA-512 if like begins so. */
static void digest_text_like(struct slice bytes, const char *like, char *out)
{
	bool is_512 = strncmp(like, "sha512:", 7) == 0;
	struct digest digest;

	CHECK(digest_of(is_512 ? DIGEST_SHA512 : DIGEST_SHA256, bytes, &digest,
		      scratch()) == 0);
	(void)digest_format(&digest, out);
}

static void digest_text(struct slice bytes, char *out)
{
	digest_text_like(bytes, "", out);
}

static void store_manifest(struct test_registry *registry, const char *repository,
	const char *reference, const char *type, struct slice bytes)
{
	char key[2400], digest[DIGEST_TEXT_MAX];

	digest_text_like(bytes, reference, digest);
	(void)snprintf(key, sizeof(key), "M %s %s", repository, digest);
	(void)store(registry, key, type, bytes);
	if (strchr(reference, ':'))
		return;
	(void)snprintf(key, sizeof(key), "T %s %s", repository, reference);
	(void)store(registry, key, "", slice_str(digest));
}

/* NULL if absent. */
static struct entry *find_manifest(
	struct test_registry *registry, const char *repository, const char *reference)
{
	char key[2400];
	struct entry *tag;

	if (strchr(reference, ':')) {
		(void)snprintf(key, sizeof(key), "M %s %s", repository, reference);
		return find(registry, key);
	}
	(void)snprintf(key, sizeof(key), "T %s %s", repository, reference);
	tag = find(registry, key);
	if (!tag)
		return NULL;
	(void)snprintf(key, sizeof(key), "M %s %s", repository, buffer_str(&tag->bytes));
	return find(registry, key);
}

/* ---- requests ---- */

/* The value of a request header, in out; false if absent. */
static bool header(
	const struct request *request, const char *name, char *out, size_t size)
{
	struct slice rest = buffer_slice(&request->head), line, key;

	while (slice_cut(&rest, '\n', &line)) {
		if (!slice_cut(&line, ':', &key) || key.len != strlen(name) ||
			strncasecmp(key.data, name, key.len) != 0)
			continue;
		(void)snprintf(out, size, "%.*s", SLICE_ARG(slice_trim(line)));
		return true;
	}
	return false;
}

/* The percent-decoded value of a query parameter. */
static bool parameter(const char *query, const char *name, char *out, size_t size)
{
	struct slice rest = slice_str(query), item, key;
	size_t len = 0;

	while (slice_cut(&rest, '&', &item)) {
		if (!slice_cut(&item, '=', &key) || !slice_equal_str(key, name))
			continue;
		for (size_t i = 0; i < item.len && len + 1 < size; i++) {
			uint8_t byte = (uint8_t)item.data[i];
			char lower[2];

			if (byte == '%' && i + 2 < item.len) {
				lower[0] = (char)(item.data[i + 1] | 0x20);
				lower[1] = (char)(item.data[i + 2] | 0x20);
				CHECK(hex_decode(slice_from(lower, 2), &byte, 1,
					      scratch()) == 0);
				i += 2;
			}
			out[len++] = (char)byte;
		}
		out[len] = '\0';
		return true;
	}
	return false;
}

static void refuse(struct answer *answer, int status, const char *code)
{
	answer->status = status;
	add(&answer->headers, "Content-Type: application/json\r\n");
	add(&answer->body,
		"{\"errors\":[{\"code\":\"%s\",\"message\":\"said the test\"}]}", code);
}

/* ---- authentication ---- */

static void challenge(
	struct test_registry *registry, const char *repository, struct answer *answer)
{
	const struct test_registry_options *options = &registry->options;

	refuse(answer, 401, "UNAUTHORIZED");
	if (options->auth == TEST_AUTH_BASIC) {
		add(&answer->headers,
			"WWW-Authenticate: Basic realm=\"test, registry\"\r\n");
		return;
	}
	add(&answer->headers,
		"WWW-Authenticate: Bearer realm=\"%s%s%s\",service=\"test\","
		"scope=\"repository:%s:pull\"\r\n",
		options->realm ? options->realm : "http://",
		options->realm ? "" : registry->host, options->realm ? "" : "/token",
		repository);
}

static bool basic_is_right(struct test_registry *registry, const struct request *request)
{
	const struct test_registry_options *options = &registry->options;
	struct buffer wanted = BUFFER_INIT, plain = BUFFER_INIT;
	char given[512];
	bool right;

	add(&plain, "%s:%s", options->user ? options->user : "",
		options->password ? options->password : "");
	add(&wanted, "Basic ");
	CHECK(base64_encode(buffer_slice(&plain), &wanted, scratch()) == 0);
	right = header(request, "Authorization", given, sizeof(given)) &&
		strcmp(given, buffer_str(&wanted)) == 0;
	buffer_done(&wanted);
	buffer_done(&plain);
	return right;
}

static bool is_allowed(struct test_registry *registry, const struct request *request)
{
	char given[512];

	if (registry->options.auth == TEST_AUTH_BASIC)
		return basic_is_right(registry, request);
	if (registry->options.auth == TEST_AUTH_BEARER)
		return header(request, "Authorization", given, sizeof(given)) &&
		       strcmp(given, "Bearer the-token") == 0;
	return true;
}

static void token(struct test_registry *registry, const struct request *request,
	struct answer *answer)
{
	const struct test_registry_options *options = &registry->options;
	char given[512];

	if (options->identity_token) {
		if (strcmp(request->method, "POST") != 0 ||
			!parameter(buffer_str(&request->body), "refresh_token", given,
				sizeof(given)) ||
			strcmp(given, options->identity_token) != 0) {
			refuse(answer, 401, "UNAUTHORIZED");
			return;
		}
	} else if (options->post_only) {
		if (strcmp(request->method, "POST") != 0) {
			refuse(answer, 405, "UNSUPPORTED");
			return;
		}
		if (!parameter(buffer_str(&request->body), "password", given,
			    sizeof(given)) ||
			strcmp(given, options->password) != 0 ||
			!parameter(buffer_str(&request->body), "username", given,
				sizeof(given)) ||
			strcmp(given, options->user) != 0) {
			refuse(answer, 401, "UNAUTHORIZED");
			return;
		}
	} else if (options->user && !basic_is_right(registry, request)) {
		refuse(answer, 401, "UNAUTHORIZED");
		return;
	}
	answer->status = 200;
	add(&answer->headers, "Content-Type: application/json\r\n");
	add(&answer->body, "{\"%s\":\"the-token\",\"expires_in\":300}",
		options->identity_token ? "access_token" : "token");
}

/* ---- blobs ---- */

static void get_blob(struct test_registry *registry, const struct request *request,
	const char *repository, const char *digest, struct answer *answer)
{
	const char *redirect = registry->options.blob_redirect;
	struct slice bytes, number;
	char key[2400], range[128];
	struct entry *entry;
	uint64_t from = 0;

	(void)snprintf(key, sizeof(key), "B %s %s", repository, digest);
	entry = find(registry, key);
	if (!entry) {
		refuse(answer, 404, "BLOB_UNKNOWN");
		return;
	}
	if (redirect && strcmp(request->method, "GET") == 0) {
		answer->status = 307;
		add(&answer->headers, "Location: %s%s\r\n", redirect, request->path);
		return;
	}
	bytes = buffer_slice(&entry->bytes);
	answer->status = 200;
	if (header(request, "Range", range, sizeof(range))) {
		number = slice_str(range + strlen("bytes="));
		number.len--; /* the dash */
		CHECK(slice_parse_u64(number, 10, UINT32_MAX, &from, scratch()) == 0);
		answer->status = from < bytes.len ? 206 : 416;
		add(&answer->headers, "Content-Range: bytes %zu-%zu/%zu\r\n",
			(size_t)from, bytes.len - 1, bytes.len);
	}
	add(&answer->headers, "Content-Type: application/octet-stream\r\n");
	add(&answer->headers, "Docker-Content-Digest: %s\r\n", digest);
	if (registry->options.etags)
		add(&answer->headers, "ETag: \"%s\"\r\n", digest);
	put_bytes(&answer->body, slice_sub(bytes, (size_t)from, bytes.len));
}

static void location(struct test_registry *registry, const char *repository,
	const char *id, struct answer *answer)
{
	const char *origin = registry->options.upload_origin;

	add(&answer->headers, "Location: %s/v2/%s/blobs/uploads/%s?state=a%%20b\r\n",
		origin ? origin : "", repository, id);
}

static void begin_upload(struct test_registry *registry, const struct request *request,
	const char *repository, struct answer *answer)
{
	char digest[256], from[512], key[2400], id[32];
	struct entry *source;

	if (parameter(request->query, "mount", digest, sizeof(digest)) &&
		parameter(request->query, "from", from, sizeof(from))) {
		(void)snprintf(key, sizeof(key), "B %s %s", from, digest);
		source = find(registry, key);
		if (source) {
			(void)snprintf(key, sizeof(key), "B %s %s", repository, digest);
			(void)store(registry, key, "", buffer_slice(&source->bytes));
			answer->status = 201;
			add(&answer->headers, "Location: /v2/%s/blobs/%s\r\n", repository,
				digest);
			return;
		}
	}
	(void)snprintf(id, sizeof(id), "u%u", ++registry->uploads);
	(void)snprintf(key, sizeof(key), "U %s", id);
	(void)store(registry, key, "", SLICE_EMPTY);
	answer->status = 202;
	if (registry->options.min_chunk)
		add(&answer->headers, "OCI-Chunk-Min-Length: %u\r\n",
			registry->options.min_chunk);
	location(registry, repository, id, answer);
}

static void finish_upload(struct test_registry *registry, const struct request *request,
	const char *repository, struct entry *upload, struct answer *answer)
{
	char wanted[256], have[DIGEST_TEXT_MAX], key[2400];

	if (!parameter(request->query, "digest", wanted, sizeof(wanted)))
		wanted[0] = '\0';
	digest_text_like(buffer_slice(&upload->bytes), wanted, have);
	if (strcmp(wanted, have) != 0) {
		refuse(answer, 400, "DIGEST_INVALID");
		return;
	}
	(void)snprintf(key, sizeof(key), "B %s %s", repository, have);
	(void)store(registry, key, "", buffer_slice(&upload->bytes));
	upload = NULL; /* store may not move it, but it is found again below */
	answer->status = 201;
	add(&answer->headers,
		"Location: /v2/%s/blobs/%s\r\nDocker-Content-Digest: %s\r\n", repository,
		have, have);
}

static void add_part(struct test_registry *registry, const struct request *request,
	const char *repository, const char *id, struct answer *answer)
{
	bool is_put = strcmp(request->method, "PUT") == 0;
	struct slice range, first;
	char text[128], key[300];
	struct entry *upload;
	uint64_t from;

	(void)snprintf(key, sizeof(key), "U %s", id);
	upload = find(registry, key);
	if (!upload) {
		refuse(answer, 404, "BLOB_UPLOAD_UNKNOWN");
		return;
	}
	if (header(request, "Content-Range", text, sizeof(text))) {
		range = slice_str(text);
		(void)slice_cut(&range, '-', &first);
		CHECK(slice_parse_u64(first, 10, UINT32_MAX, &from, scratch()) == 0);
		if (from != upload->bytes.len) {
			refuse(answer, 416, "RANGE_INVALID");
			return;
		}
	}
	put_bytes(&upload->bytes, buffer_slice(&request->body));
	if (is_put) {
		finish_upload(registry, request, repository, upload, answer);
		forget(registry, find(registry, key));
		return;
	}
	answer->status = 202;
	location(registry, repository, id, answer);
	add(&answer->headers, "Range: 0-%zu\r\n",
		upload->bytes.len ? upload->bytes.len - 1 : 0);
}

static void upload(struct test_registry *registry, const struct request *request,
	const char *repository, const char *id, struct answer *answer)
{
	struct entry *entry;
	char key[300];

	if (strcmp(request->method, "POST") == 0) {
		begin_upload(registry, request, repository, answer);
		return;
	}
	(void)snprintf(key, sizeof(key), "U %s", id);
	entry = find(registry, key);
	if (strcmp(request->method, "PATCH") == 0 && registry->options.no_patch) {
		refuse(answer, 405, "UNSUPPORTED");
	} else if (strcmp(request->method, "PATCH") == 0 ||
		   strcmp(request->method, "PUT") == 0) {
		add_part(registry, request, repository, id, answer);
	} else if (!entry) {
		refuse(answer, 404, "BLOB_UPLOAD_UNKNOWN");
	} else if (strcmp(request->method, "DELETE") == 0) {
		forget(registry, entry);
		answer->status = 204;
	} else {
		answer->status = 204;
		location(registry, repository, id, answer);
		add(&answer->headers, "Range: 0-%zu\r\n",
			entry->bytes.len ? entry->bytes.len - 1 : 0);
	}
}

/* ---- manifests ---- */

static void get_manifest(struct test_registry *registry, const char *repository,
	const char *reference, struct answer *answer)
{
	const struct entry *entry = find_manifest(registry, repository, reference);
	char digest[DIGEST_TEXT_MAX];

	if (!entry) {
		refuse(answer, 404, "MANIFEST_UNKNOWN");
		return;
	}
	digest_text_like(buffer_slice(&entry->bytes), reference, digest);
	answer->status = 200;
	add(&answer->headers, "Content-Type: %s\r\nDocker-Content-Digest: %s\r\n",
		entry->type, digest);
	if (registry->options.etags)
		add(&answer->headers, "ETag: \"%s\"\r\n", digest);
	put_bytes(&answer->body, buffer_slice(&entry->bytes));
}

/* Conditions (RFC 9110, 13.1). */
static bool may_write(struct test_registry *registry, const struct request *request,
	const char *repository, const char *reference)
{
	const struct entry *entry = find_manifest(registry, repository, reference);
	char given[300], have[DIGEST_TEXT_MAX] = "", quoted[DIGEST_TEXT_MAX + 2];

	if (!registry->options.etags)
		return true;
	if (entry)
		digest_text(buffer_slice(&entry->bytes), have);
	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", have);
	if (header(request, "If-Match", given, sizeof(given)) &&
		strcmp(given, quoted) != 0)
		return false;
	return !(entry && header(request, "If-None-Match", given, sizeof(given)));
}

static void put_manifest(struct test_registry *registry, const struct request *request,
	const char *repository, const char *reference, struct answer *answer)
{
	struct slice bytes = buffer_slice(&request->body);
	char type[256] = "", digest[DIGEST_TEXT_MAX];
	void (*hook)(void *) = registry->hook;
	const char *subject;
	json_t *json;

	if (hook && strstr(reference, registry->hook_tag)) {
		registry->hook = NULL;
		hook(registry->hook_context);
	}
	json = json_loadb(bytes.data, bytes.len, 0, NULL);
	digest_text_like(bytes, reference, digest);
	if (!json || !header(request, "Content-Type", type, sizeof(type)) ||
		(strchr(reference, ':') && strcmp(reference, digest) != 0)) {
		json_decref(json);
		refuse(answer, 400, "MANIFEST_INVALID");
		return;
	}
	if (!may_write(registry, request, repository, reference)) {
		json_decref(json);
		refuse(answer, 412, "PRECONDITION_FAILED");
		return;
	}
	store_manifest(registry, repository, reference, type, bytes);
	answer->status = 201;
	add(&answer->headers, "Docker-Content-Digest: %s\r\n", digest);
	subject = json_string_value(
		json_object_get(json_object_get(json, "subject"), "digest"));
	if (registry->options.referrers_api && subject)
		add(&answer->headers, "OCI-Subject: %s\r\n", subject);
	json_decref(json);
}

/* ---- lists ---- */

/* [*from, *to) of count items for "?last=…" with numbers; says where the next page is. */
static void page(struct test_registry *registry, const struct request *request,
	size_t count, size_t *ret_from, size_t *ret_to, struct answer *answer)
{
	size_t size = registry->options.page_size;
	uint64_t from = 0;
	char text[64];

	if (parameter(request->query, "last", text, sizeof(text)))
		CHECK(slice_parse_u64(slice_str(text), 10, count, &from, scratch()) == 0);
	*ret_from = (size_t)from;
	*ret_to = size && *ret_from + size < count ? *ret_from + size : count;
	if (*ret_to < count)
		add(&answer->headers, "Link: <%s?last=%zu>; rel=\"next\"\r\n",
			request->path, *ret_to);
}

static void tags(struct test_registry *registry, const struct request *request,
	const char *repository, struct answer *answer)
{
	static _Thread_local const char *found[ENTRIES_MAX];
	size_t count = 0, from, to;
	char prefix[2400];

	(void)snprintf(prefix, sizeof(prefix), "T %s ", repository);
	for (size_t i = 0; i < registry->entry_count; i++)
		if (strncmp(registry->entries[i].key, prefix, strlen(prefix)) == 0)
			found[count++] = registry->entries[i].key + strlen(prefix);
	if (count == 0) {
		refuse(answer, 404, "NAME_UNKNOWN");
		return;
	}
	answer->status = 200;
	add(&answer->headers, "Content-Type: application/json\r\n");
	page(registry, request, count, &from, &to, answer);
	add(&answer->body, "{\"name\":\"%s\",\"tags\":[", repository);
	for (size_t i = from; i < to; i++)
		add(&answer->body, "%s\"%s\"", i == from ? "" : ",", found[i]);
	add(&answer->body, "]}");
}

/* The entry of the list for one manifest; NULL if it has another subject or none. */
static json_t *referrer(const struct entry *entry, const char *subject)
{
	json_t *json = json_loadb(entry->bytes.data, entry->bytes.len, 0, NULL);
	const char *digest = json_string_value(
		json_object_get(json_object_get(json, "subject"), "digest"));
	json_t *item = NULL, *type = json_object_get(json, "artifactType");
	char own[DIGEST_TEXT_MAX];

	if (digest && strcmp(digest, subject) == 0) {
		digest_text(buffer_slice(&entry->bytes), own);
		if (!type)
			type = json_object_get(
				json_object_get(json, "config"), "mediaType");
		item = json_pack("{s:s,s:s,s:I,s:O*,s:O*}", "mediaType", entry->type,
			"digest", own, "size", (json_int_t)entry->bytes.len,
			"artifactType", type, "annotations",
			json_object_get(json, "annotations"));
	}
	json_decref(json);
	return item;
}

static void referrers(struct test_registry *registry, const struct request *request,
	const char *repository, const char *subject, struct answer *answer)
{
	json_t *all = json_array(), *some = json_array(), *index;
	size_t from, to;
	char prefix[2400], *text;

	if (!registry->options.referrers_api) {
		json_decref(all);
		json_decref(some);
		answer->status = 404;
		add(&answer->headers, "Content-Type: text/plain\r\n");
		add(&answer->body, "404 page not found\n");
		return;
	}
	(void)snprintf(prefix, sizeof(prefix), "M %s ", repository);
	for (size_t i = 0; i < registry->entry_count; i++) {
		json_t *item = NULL;

		if (strncmp(registry->entries[i].key, prefix, strlen(prefix)) == 0)
			item = referrer(&registry->entries[i], subject);
		if (item)
			(void)json_array_append_new(all, item);
	}
	page(registry, request, json_array_size(all), &from, &to, answer);
	for (size_t i = from; i < to; i++)
		(void)json_array_append(some, json_array_get(all, i));
	index = json_pack("{s:i,s:s,s:o}", "schemaVersion", 2, "mediaType", INDEX_TYPE,
		"manifests", some);
	text = json_dumps(index, JSON_COMPACT);
	answer->status = 200;
	add(&answer->headers, "Content-Type: " INDEX_TYPE "\r\n");
	add(&answer->body, "%s", text);
	free(text);
	json_decref(index);
	json_decref(all);
}

/* ---- serving ---- */

/* Splits "/v2/NAME/KIND/REST". */
static bool split_path(char *path, char **ret_name, char **ret_kind, char **ret_rest)
{
	static const char *const kinds[] = {
		"/blobs/uploads/", "/blobs/", "/manifests/", "/tags/", "/referrers/"};

	if (strncmp(path, "/v2/", 4) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char *at = strstr(path + 4, kinds[i]);

		if (!at)
			continue;
		*at = '\0';
		*ret_name = path + 4;
		*ret_kind = (char *)(uintptr_t)kinds[i];
		*ret_rest = at + strlen(kinds[i]);
		return true;
	}
	return false;
}

static void answer_request(struct test_registry *registry, const struct request *request,
	struct answer *answer)
{
	char path[sizeof(request->path)], *name, *kind, *rest;
	bool is_put = strcmp(request->method, "PUT") == 0;

	(void)snprintf(path, sizeof(path), "%s", request->path);
	if (strcmp(path, "/token") == 0) {
		token(registry, request, answer);
		return;
	}
	if (!split_path(path, &name, &kind, &rest))
		name = kind = rest = NULL;
	if (!is_allowed(registry, request)) {
		challenge(registry, name ? name : "", answer);
		return;
	}
	if (!name && strcmp(path, "/v2/") == 0) {
		answer->status = 200;
		add(&answer->body, "{}");
	} else if (!name) {
		refuse(answer, 404, "NAME_UNKNOWN");
	} else if (strcmp(kind, "/blobs/uploads/") == 0) {
		upload(registry, request, name, rest, answer);
	} else if (strcmp(kind, "/blobs/") == 0) {
		get_blob(registry, request, name, rest, answer);
	} else if (strcmp(kind, "/tags/") == 0) {
		tags(registry, request, name, answer);
	} else if (strcmp(kind, "/referrers/") == 0) {
		referrers(registry, request, name, rest, answer);
	} else if (is_put) {
		put_manifest(registry, request, name, rest, answer);
	} else {
		get_manifest(registry, name, rest, answer);
	}
}

static void take_fault(struct test_registry *registry, struct request *request)
{
	for (size_t i = 0; i < registry->fault_count; i++) {
		struct test_fault *fault = &registry->faults[i];

		if (fault->times == 0 ||
			(fault->method && strcmp(fault->method, request->method) != 0) ||
			!strstr(request->path, fault->path))
			continue;
		if (fault->skip > 0) {
			fault->skip--;
			continue;
		}
		if (fault->times > 0)
			fault->times--;
		request->fault = *fault;
		return;
	}
}

/* What is done instead of, or after, answering. */
static void apply_fault(const struct test_fault *fault, struct answer *answer)
{
	if (fault->kind == TEST_CLOSE || fault->kind == TEST_LOSE_ANSWER ||
		fault->kind == TEST_HALF_BODY)
		answer->close = true;
	if (fault->kind == TEST_WRONG_BODY && answer->body.len)
		answer->body.data[answer->body.len / 2] ^= 1;
	if (fault->kind == TEST_LONGER_BODY)
		add(&answer->body, " ");
	if (fault->kind == TEST_LYING_DIGEST || fault->kind == TEST_LYING_TYPE) {
		/* the first header of a name counts, so ours goes before */
		struct buffer lies = BUFFER_INIT;

		if (fault->kind == TEST_LYING_DIGEST)
			add(&lies, "Docker-Content-Digest: sha256:%064d\r\n", 0);
		else
			add(&lies, "%s\r\n", fault->header);
		put_bytes(&lies, buffer_slice(&answer->headers));
		buffer_done(&answer->headers);
		answer->headers = lies;
	}
	if (fault->kind == TEST_STATUS) {
		answer->status = fault->status;
		if (fault->header)
			add(&answer->headers, "%s\r\n", fault->header);
		add(&answer->body, "%s", fault->body ? fault->body : "");
	}
}

static void send_all(int fd, struct slice s)
{
	while (s.len) {
		ssize_t sent = send(fd, s.data, s.len, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		s = slice_sub(s, (size_t)sent, s.len);
	}
}

/* Until the client has had enough. */
static void send_without_end(int fd)
{
	static const char bytes[65536];

	while (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
		;
}

static void send_answer(int fd, const struct request *request, struct answer *answer)
{
	struct slice body = buffer_slice(&answer->body);
	struct buffer head = BUFFER_INIT;

	if (answer->close)
		return;
	if (request->fault.kind == TEST_ENDLESS) {
		add(&head, "HTTP/1.1 %d Test\r\n%s\r\n", answer->status,
			buffer_str(&answer->headers));
		send_all(fd, buffer_slice(&head));
		buffer_done(&head);
		send_without_end(fd);
		return;
	}
	add(&head,
		"HTTP/1.1 %d Test\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
		answer->status, buffer_str(&answer->headers), body.len);
	if (request->fault.kind == TEST_TRUNCATE)
		body.len /= 2;
	if (strcmp(request->method, "HEAD") == 0)
		body.len = 0;
	send_all(fd, buffer_slice(&head));
	send_all(fd, body);
	buffer_done(&head);
}

static bool receive(int fd, struct buffer *into)
{
	static _Thread_local char bytes[65536];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	if (got <= 0)
		return false;
	put_bytes(into, slice_from(bytes, (size_t)got));
	return true;
}

/* Go clients stream uploads. False: more is needed. */
static bool decode_chunks(struct slice raw, struct buffer *out)
{
	struct slice line, data;
	uint64_t size;

	buffer_clear(out);
	for (;;) {
		if (!slice_cut(&raw, '\n', &line))
			return false;
		if (slice_parse_u64(slice_trim(line), 16, UINT32_MAX, &size, scratch()) <
			0)
			return false;
		if (size == 0)
			return true;
		if (!slice_take(&raw, (size_t)size, &data))
			return false;
		put_bytes(out, data);
		raw = slice_sub(raw, 2, raw.len);
	}
}

static bool read_body(int fd, struct request *request)
{
	struct buffer raw = BUFFER_INIT;
	char text[64];
	uint64_t len = 0;
	bool ok = true, chunked;

	put_bytes(&raw, buffer_slice(&request->body));
	chunked = header(request, "Transfer-Encoding", text, sizeof(text));
	if (!chunked && header(request, "Content-Length", text, sizeof(text)))
		CHECK(slice_parse_u64(slice_str(text), 10, UINT32_MAX, &len, scratch()) ==
			0);
	if (request->fault.kind == TEST_HALF_BODY)
		len /= 2;
	if (header(request, "Expect", text, sizeof(text)))
		send_all(fd, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
	while (ok && (chunked ? !decode_chunks(buffer_slice(&raw), &request->body)
			      : raw.len < len))
		ok = receive(fd, &raw);
	if (!chunked) {
		buffer_clear(&request->body);
		put_bytes(&request->body, slice_sub(buffer_slice(&raw), 0, (size_t)len));
	}
	buffer_done(&raw);
	return ok;
}

static bool read_head(int fd, struct request *request)
{
	struct slice all, line, word;
	size_t end;

	while ((end = slice_find(buffer_slice(&request->body), SLICE("\r\n\r\n"))) ==
		SIZE_MAX)
		if (!receive(fd, &request->body))
			return false;
	all = buffer_slice(&request->body);
	put_bytes(&request->head, slice_sub(all, 0, end + 2));
	struct buffer rest = BUFFER_INIT;
	put_bytes(&rest, slice_sub(all, end + 4, all.len));
	buffer_done(&request->body);
	request->body = rest;
	all = buffer_slice(&request->head);
	if (!slice_cut(&all, '\n', &line) || !slice_cut(&line, ' ', &word))
		return false;
	(void)snprintf(request->method, sizeof(request->method), "%.*s", SLICE_ARG(word));
	if (!slice_cut(&line, ' ', &word) || !slice_cut(&word, '?', &line))
		return false;
	(void)snprintf(request->path, sizeof(request->path), "%.*s", SLICE_ARG(line));
	(void)snprintf(request->query, sizeof(request->query), "%.*s", SLICE_ARG(word));
	return true;
}

static void log_request(struct test_registry *registry, const struct request *request)
{
	char given[4096] = "-";

	if (!header(request, "Authorization", given, sizeof(given)))
		given[0] = '-';
	(void)pthread_mutex_lock(&registry->mutex);
	if (registry->options.show_log)
		(void)fprintf(stderr, "%s %s\n", request->method, request->path);
	add(&registry->log, "%s %s%s%s %s", request->method, request->path,
		request->query[0] ? "?" : "", request->query, given);
	if (header(request, "If-Range", given, sizeof(given)))
		add(&registry->log, " If-Range: %s", given);
	add(&registry->log, "\n");
	(void)pthread_mutex_unlock(&registry->mutex);
}

static void serve(struct test_registry *registry, int fd)
{
	struct request request = {0};
	struct answer answer = {0};

	if (read_head(fd, &request)) {
		log_request(registry, &request);
		(void)pthread_mutex_lock(&registry->mutex);
		take_fault(registry, &request);
		(void)pthread_mutex_unlock(&registry->mutex);
		if (read_body(fd, &request) && request.fault.kind != TEST_STATUS &&
			request.fault.kind != TEST_CLOSE)
			answer_request(registry, &request, &answer);
		apply_fault(&request.fault, &answer);
		send_answer(fd, &request, &answer);
	}
	buffer_done(&request.head);
	buffer_done(&request.body);
	buffer_done(&answer.headers);
	buffer_done(&answer.body);
}

static void *run(void *context)
{
	struct test_registry *registry = context;
	struct pollfd wait[2] = {{.fd = registry->listener, .events = POLLIN},
		{.fd = registry->stop_pipe[0], .events = POLLIN}};

	while (poll(wait, 2, -1) >= 0 && !(wait[1].revents)) {
		int fd = accept(registry->listener, NULL, NULL);

		if (fd < 0)
			continue;
		serve(registry, fd);
		(void)shutdown(fd, SHUT_WR);
		close_fd(&fd);
	}
	return NULL;
}

struct test_registry *test_registry_start(const struct test_registry_options *options)
{
	struct test_registry *registry = calloc(1, sizeof(*registry));
	struct sockaddr_in address = {.sin_family = AF_INET};
	const char *text = options->address ? options->address : "127.0.0.1";
	socklen_t len = sizeof(address);
	int one = 1;

	CHECK(registry);
	registry->options = *options;
	CHECK(inet_pton(AF_INET, text, &address.sin_addr) == 1);
	address.sin_port = htons(options->port);
	registry->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(registry->listener >= 0);
	CHECK(setsockopt(registry->listener, SOL_SOCKET, SO_REUSEADDR, &one,
		      sizeof(one)) == 0);
	CHECK(bind(registry->listener, (struct sockaddr *)&address, sizeof(address)) ==
		0);
	CHECK(listen(registry->listener, 64) == 0);
	CHECK(getsockname(registry->listener, (struct sockaddr *)&address, &len) == 0);
	(void)snprintf(registry->host, sizeof(registry->host), "%s:%u", text,
		(unsigned)ntohs(address.sin_port));
	CHECK(pipe(registry->stop_pipe) == 0);
	CHECK(pthread_mutex_init(&registry->mutex, NULL) == 0);
	CHECK(pthread_create(&registry->thread, NULL, run, registry) == 0);
	return registry;
}

void test_registry_stop(struct test_registry **pointer)
{
	struct test_registry *registry = *pointer;

	if (!registry)
		return;
	CHECK(write(registry->stop_pipe[1], "x", 1) == 1);
	CHECK(pthread_join(registry->thread, NULL) == 0);
	while (registry->entry_count)
		forget(registry, &registry->entries[registry->entry_count - 1]);
	close_fd(&registry->listener);
	close_fd(&registry->stop_pipe[0]);
	close_fd(&registry->stop_pipe[1]);
	buffer_done(&registry->log);
	(void)pthread_mutex_destroy(&registry->mutex);
	free(registry);
	*pointer = NULL;
}

const char *test_registry_host(const struct test_registry *registry)
{
	return registry->host;
}

void test_registry_fault(struct test_registry *registry, const struct test_fault *fault)
{
	(void)pthread_mutex_lock(&registry->mutex);
	CHECK(registry->fault_count < FAULTS_MAX);
	registry->faults[registry->fault_count++] = *fault;
	(void)pthread_mutex_unlock(&registry->mutex);
}

void test_registry_no_faults(struct test_registry *registry)
{
	(void)pthread_mutex_lock(&registry->mutex);
	registry->fault_count = 0;
	(void)pthread_mutex_unlock(&registry->mutex);
}

void test_registry_log(struct test_registry *registry, struct buffer *out)
{
	(void)pthread_mutex_lock(&registry->mutex);
	put_bytes(out, buffer_slice(&registry->log));
	(void)pthread_mutex_unlock(&registry->mutex);
}

void test_registry_clear_log(struct test_registry *registry)
{
	(void)pthread_mutex_lock(&registry->mutex);
	buffer_clear(&registry->log);
	(void)pthread_mutex_unlock(&registry->mutex);
}

size_t test_registry_count(
	struct test_registry *registry, const char *method, const char *path)
{
	struct buffer log = BUFFER_INIT;
	struct slice rest, line, word;
	size_t count = 0;

	test_registry_log(registry, &log);
	rest = buffer_slice(&log);
	while (slice_cut(&rest, '\n', &line))
		if (slice_cut(&line, ' ', &word) && slice_equal_str(word, method) &&
			slice_find(line, slice_str(path)) != SIZE_MAX)
			count++;
	buffer_done(&log);
	return count;
}

void test_registry_before_put(struct test_registry *registry, const char *tag,
	void (*hook)(void *context), void *context)
{
	registry->hook_tag = tag;
	registry->hook_context = context;
	registry->hook = hook;
}

/* For hooks, which run in the registry's thread, and for tests while no request is under
 * way. */
void test_registry_store_manifest(struct test_registry *registry, const char *repository,
	const char *tag, const char *type, struct slice bytes)
{
	store_manifest(registry, repository, tag, type, bytes);
}

void test_registry_wait(struct test_registry *registry)
{
	(void)pthread_join(registry->thread, NULL);
}
