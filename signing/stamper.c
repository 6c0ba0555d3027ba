/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/stamper.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/http.h"
#include "base/limits.h"
#include "signing/pem.h"
#include "signing/stamper_private.h"
#include "signing/timestamp.h"

#define REQUEST_TYPE    "application/timestamp-query"
#define RESPONSE_TYPE   "application/timestamp-reply"
#define TIMEOUT_SECONDS 30

struct stamper {
	struct arena *arena;
	struct trusted_root root; /* one authority, nothing else */
	struct trusted_authority authority;
	struct http_client *http; /* NULL: only files */
	const char *url;
	struct slice files[STAMPER_FILES_MAX];
	size_t file_count;
};

void stamper_free(struct stamper **stamper)
{
	if (!*stamper)
		return;
	http_client_free(&(*stamper)->http);
	arena_free(&(*stamper)->arena);
	free(*stamper);
	*stamper = NULL;
}

bool stamper_is_online(const struct stamper *stamper)
{
	return stamper->http != NULL;
}

/* ---- what it works with ---- */

static int load_chain(struct stamper *stamper, const char *path, struct error *err)
{
	struct trusted_authority *authority = &stamper->authority;

	if (pem_load_certificates(path, stamper->arena, &authority->certificates,
		    &authority->certificate_count, err) < 0)
		return err->class;
	authority->uri = arena_strdup(stamper->arena, path);
	if (!authority->uri)
		return error_set_memory(err);
	authority->window = (struct time_window){INT64_MIN, INT64_MAX};
	stamper->root = (struct trusted_root){
		.timestamp_authorities = authority, .timestamp_authority_count = 1};
	return 0;
}

static int load_file(struct stamper *stamper, const char *path, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	char *copy;

	if (stamper->file_count == STAMPER_FILES_MAX)
		return error_set(err, ERR_USAGE, "more than %d time stamp files",
			STAMPER_FILES_MAX);
	if (fs_read_file(AT_FDCWD, path, LIMIT_KEY_BYTES, &bytes, err) < 0)
		return error_wrap(err, "reading a time stamp");
	copy = arena_strndup(stamper->arena, buffer_slice(&bytes));
	if (!copy)
		return error_set_memory(err);
	stamper->files[stamper->file_count++] = slice_from(copy, bytes.len);
	return 0;
}

static int fill(
	struct stamper *stamper, const struct stamper_options *options, struct error *err)
{
	if (arena_new(&stamper->arena, err) < 0 ||
		load_chain(stamper, options->chain, err) < 0)
		return err->class;
	for (size_t i = 0; i < options->file_count; i++)
		if (load_file(stamper, options->files[i], err) < 0)
			return err->class;
	if (!options->url)
		return 0;
	stamper->url = arena_strdup(stamper->arena, options->url);
	if (!stamper->url)
		return error_set_memory(err);
	return http_client_new("alnage/" ALNAGE_VERSION, &stamper->http, err);
}

int stamper_new(const struct stamper_options *options, struct stamper **ret_stamper,
	struct error *err)
{
	cleanup_stamper struct stamper *stamper = NULL;

	if (!options->url && options->file_count == 0)
		return error_set(err, ERR_USAGE, "no time stamp authority and no file");
	if (!options->chain)
		return error_set(err, ERR_USAGE,
			"the certificates of the time stamp authority are needed to "
			"check what it says");
	stamper = calloc(1, sizeof(*stamper));
	if (!stamper)
		return error_set_memory(err);
	if (fill(stamper, options, err) < 0)
		return err->class;
	*ret_stamper = take_ptr(stamper);
	return 0;
}

/* ---- files ---- */

static int find_file(struct stamper *stamper, struct slice bytes,
	struct buffer *ret_response, struct error *err)
{
	struct error last = ERROR_INIT;

	for (size_t i = 0; i < stamper->file_count; i++) {
		const struct trusted_authority *authority;
		int64_t time;

		error_clear(&last);
		if (timestamp_verify(stamper->files[i], bytes, &stamper->root, &time,
			    &authority, &last) == 0)
			return buffer_add_slice(ret_response, stamper->files[i], err);
		if (last.class != ERR_REFUSED) {
			*err = last;
			return err->class;
		}
	}
	if (stamper->file_count == 1)
		return error_set(err, ERR_REFUSED, "%s", last.text);
	return error_set(err, ERR_INPUT,
		"none of the %zu time stamp files holds for this signature",
		stamper->file_count);
}

/* ---- an authority ---- */

static int check_answer(const struct stamper *stamper, const struct http_response *answer,
	struct error *err)
{
	struct slice type = SLICE_EMPTY, kind;

	if (answer->status != 200)
		return error_set(
			err, ERR_NETWORK, "%s answers %d", stamper->url, answer->status);
	(void)http_response_header(answer, "content-type", &type); /* else empty */
	if (!slice_cut(&type, ';', &kind) ||
		!slice_equal_str(slice_trim(kind), RESPONSE_TYPE))
		return error_set(err, ERR_INPUT,
			"%s answers with something else than a "
			"time stamp (" RESPONSE_TYPE ")",
			stamper->url);
	return 0;
}

static int ask(struct stamper *stamper, struct slice query, struct http_response *answer,
	struct error *err)
{
	static const char *const headers[] = {
		"Content-Type: " REQUEST_TYPE, "Accept: " RESPONSE_TYPE, NULL};
	/* plain http is usual here: what comes back is signed, and that is checked */
	struct http_request request = {.method = "POST",
		.url = stamper->url,
		.flags = HTTP_ALLOW_PLAIN | HTTP_NO_REDIRECTS,
		.headers = headers,
		.body = query,
		.max_body = LIMIT_KEY_BYTES,
		.timeout_seconds = TIMEOUT_SECONDS};

	if (http_perform(stamper->http, &request, answer, err) < 0)
		return err->class;
	return check_answer(stamper, answer, err);
}

static int check_time(int64_t time, struct error *err)
{
	int64_t now = clock_now(), away = time > now ? time - now : now - time;
	char text[CLOCK_TEXT_MAX];

	if (away <= STAMPER_CLOCK_SECONDS)
		return 0;
	return error_set(err, ERR_REFUSED,
		"the time stamp says %s, which is %lld s away from this machine's clock",
		clock_format(time, text), (long long)away);
}

static int fetch(struct stamper *stamper, struct slice bytes, struct buffer *ret_response,
	struct error *err)
{
	cleanup_buffer struct buffer query = BUFFER_INIT;
	cleanup_response struct http_response answer = HTTP_RESPONSE_INIT;
	const struct trusted_authority *authority;
	uint8_t nonce[STAMPER_NONCE_BYTES];
	struct slice response;
	int64_t time;

	if (stamper_write_query(bytes, nonce, &query, err) < 0 ||
		ask(stamper, buffer_slice(&query), &answer, err) < 0)
		return err->class;
	response = buffer_slice(&answer.body);
	if (stamper_check_answers(response, nonce, err) < 0 ||
		timestamp_verify(
			response, bytes, &stamper->root, &time, &authority, err) < 0 ||
		check_time(time, err) < 0)
		return error_wrap(err, "%s", stamper->url);
	return buffer_add_slice(ret_response, response, err);
}

int stamper_stamp(struct stamper *stamper, struct slice bytes,
	struct buffer *ret_response, struct error *err)
{
	int status = stamper->http ? fetch(stamper, bytes, ret_response, err)
				   : find_file(stamper, bytes, ret_response, err);

	return status < 0 ? error_wrap(err, "getting a time stamp") : 0;
}
