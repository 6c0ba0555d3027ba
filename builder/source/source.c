/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "base/encode.h"
#include "base/limits.h"
#include "builder/source/source_private.h"

#ifndef ALNAGE_VERSION
#define ALNAGE_VERSION "0"
#endif

#define ALIASES "sources" /* records: a digest of another algorithm to the blob's */

int source_client_new(struct http_client **ret_client, struct error *err)
{
	return http_client_new("alnage/" ALNAGE_VERSION, ret_client, err);
}

/* ---- what is there already ---- */

static void alias_key(const struct digest *digest, char *out, size_t size)
{
	char hex[DIGEST_TEXT_MAX];
	(void)snprintf(out, size, "%s-%s", digest_algorithm_name(digest->algorithm),
		digest_format_hex(digest, hex));
}

static int read_alias(struct store *store, const struct digest *expected, bool *ret_found,
	struct digest *ret_blob, struct error *err)
{
	char key[DIGEST_TEXT_MAX];
	cleanup_buffer struct buffer text = BUFFER_INIT;
	alias_key(expected, key, sizeof(key));
	if (store_get_record(
		    store, ALIASES, key, DIGEST_TEXT_MAX, &text, ret_found, err) < 0)
		return err->class;
	if (*ret_found && digest_parse(buffer_slice(&text), ret_blob, err) < 0) {
		error_clear(err); /* damaged: as if it were not there */
		*ret_found = false;
	}
	return 0;
}

/* A record is only a hint: the content itself has to have the digest. */
static int verify_blob(struct store *store, const struct digest *blob,
	const struct digest *expected, bool *ret_right, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_writer struct writer *sink = NULL, *none = NULL;
	cleanup_hasher struct hasher *hasher = NULL;
	struct digest got;
	if (store_blob_reader(store, blob, &reader, err) < 0 ||
		hasher_new(expected->algorithm, &hasher, err) < 0 ||
		writer_hash(&none, hasher, &sink, err) < 0 ||
		stream_copy(reader, sink, LIMIT_SOURCE_BYTES, NULL, err) < 0 ||
		writer_finish(sink, err) < 0 || hasher_finish(hasher, &got, err) < 0)
		return err->class;
	*ret_right = digest_equal(&got, expected);
	return 0;
}

int source_find_blob(struct store *store, const struct digest *expected, bool *ret_found,
	struct digest *ret_blob, uint64_t *ret_size, struct error *err)
{
	cleanup_fd int fd = -1;
	struct digest blob = *expected;
	bool found = true;
	if (expected->algorithm != DIGEST_SHA256 &&
		read_alias(store, expected, &found, &blob, err) < 0)
		return err->class;
	*ret_found = false;
	if (!found || !store_has_blob(store, &blob))
		return 0;
	if (expected->algorithm != DIGEST_SHA256) {
		if (verify_blob(store, &blob, expected, &found, err) < 0)
			return err->class;
		if (!found)
			return 0;
	}
	if (store_open_blob(store, &blob, &fd, ret_size, err) < 0)
		return err->class;
	*ret_blob = blob;
	*ret_found = true;
	return 0;
}

static int put_alias(struct store *store, const struct digest *expected,
	const struct digest *blob, struct error *err)
{
	char key[DIGEST_TEXT_MAX], text[DIGEST_TEXT_MAX];
	if (expected->algorithm == DIGEST_SHA256)
		return 0;
	alias_key(expected, key, sizeof(key));
	return store_put_record(
		store, ALIASES, key, slice_str(digest_format(blob, text)), err);
}

/* ---- places ---- */

static struct slice without_slash(const char *prefix)
{
	struct slice s = slice_str(prefix);
	while (s.len && s.data[s.len - 1] == '/')
		s.len--;
	return s;
}

/* Debian's names have "+" and "~", which some servers take for something else. */
static int quote_path(const char *path, struct buffer *out, struct error *err)
{
	struct slice rest = slice_str(path), name;
	for (bool first = true; slice_cut(&rest, '/', &name); first = false) {
		if (name.len == 0 || slice_equal_str(name, ".") ||
			slice_equal_str(name, ".."))
			return error_set(err, ERR_INPUT, "pool path %s", path);
		if ((!first && buffer_add_byte(out, '/', err) < 0) ||
			url_quote(name, out, err) < 0)
			return err->class;
	}
	return 0;
}

int source_add_pool_places(struct places *places, const char *pool_path,
	const struct source_options *options, struct error *err)
{
	cleanup_buffer struct buffer quoted = BUFFER_INIT;
	if (quote_path(pool_path, &quoted, err) < 0)
		return err->class;
	for (size_t i = 0; i < options->mirror_count; i++) {
		struct slice mirror = without_slash(options->mirrors[i]);
		if (places_add(places, err, "%.*s/%s", SLICE_ARG(mirror),
			    buffer_str(&quoted)) < 0)
			return err->class;
	}
	return 0;
}

static int add_mirror_places(struct places *places, const char *file_name,
	const struct digest *expected, const struct source_options *options,
	struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	cleanup_buffer struct buffer quoted = BUFFER_INIT;
	if (url_quote(slice_str(file_name), &quoted, err) < 0)
		return err->class;
	for (size_t i = 0; i < options->source_mirror_count; i++) {
		struct slice prefix = without_slash(options->source_mirrors[i]);
		const char *name = source_is_url(options->source_mirrors[i])
					   ? buffer_str(&quoted)
					   : file_name;
		if (file_name[0] &&
			places_add(places, err, "%.*s/%s", SLICE_ARG(prefix), name) < 0)
			return err->class;
		if (expected && places_add(places, err, "%.*s/%s", SLICE_ARG(prefix),
					digest_format(expected, text)) < 0)
			return err->class;
	}
	return 0;
}

/* "debian:pool/…": the pool is the upstream, and only the mirrors have it. The same with
 * ftp://, and a recipe does not name files of this machine. */
static int add_upstream(
	struct places *places, const struct recipe_source *source, struct error *err)
{
	if (!source_is_url(source->uri))
		return 0;
	return places_add(places, err, "%s", source->uri);
}

/* Nobody but a mirror can have it, if a recipe names no place that we ask. */
static int explain_upstream(
	const struct recipe_source *source, bool asked, struct error *err)
{
	char text[DIGEST_TEXT_MAX] = "its digest";
	if (source_is_url(source->uri) ||
		slice_starts_with(slice_str(source->uri), SLICE("debian:")))
		return err->class;
	if (digest_is_set(&source->expected))
		(void)digest_format(&source->expected, text);
	if (!asked)
		error_clear(err);
	error_set(err, ERR_INPUT, "no mirror was named");
	error_wrap(err, "line %u: %s: archives are fetched by https and http",
		source->line, source->uri);
	return error_remedy(err,
		"put it into a folder as '%s' or '%s', and name that with "
		"--source-mirror",
		source->file_name, text);
}

static int add_places(struct places *places, const struct recipe_source *source,
	const struct digest *expected, const struct source_options *options,
	struct error *err)
{
	if (!options->upstream_last && add_upstream(places, source, err) < 0)
		return err->class;
	/* Without a digest only the upstream place itself can be believed. */
	for (size_t i = 0; expected && i < source->debian.count; i++)
		if (source_add_pool_places(
			    places, source->debian.items[i], options, err) < 0)
			return err->class;
	if (expected &&
		add_mirror_places(places, source->file_name, expected, options, err) < 0)
		return err->class;
	return options->upstream_last ? add_upstream(places, source, err) : 0;
}

/* ---- fetching ---- */

static int refuse_offline(
	const char *name, const struct digest *expected, struct error *err)
{
	char text[DIGEST_TEXT_MAX] = "no digest";
	if (expected)
		(void)digest_format(expected, text);
	error_set(err, ERR_NETWORK, "%s (%s) is not in the store", name, text);
	return error_remedy(err, "run once without --offline");
}

int source_check_pinned(const struct recipe_source *source,
	const struct source_options *options, struct error *err)
{
	bool is_git = source->kind == RECIPE_SOURCE_GIT;
	if (options->allow_unpinned ||
		(is_git ? *source->commit != '\0' : digest_is_set(&source->expected)))
		return 0;
	(void)error_set(err, ERR_REFUSED, "line %u: %s has no %s", source->line,
		source->uri,
		is_git ? "expected-commit: tags and branches move" : "digest");
	return error_remedy(err, "add %s, or --allow-unpinned",
		is_git ? "expected-commit" : "expected-sha256");
}

static int fetch_missing(const struct recipe_source *source,
	const struct digest *expected, const struct source_options *options,
	struct store *store, struct source_result *ret_result, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_http struct http_client *client = NULL;
	cleanup_task struct log_task *task = NULL;
	struct places places = {0};
	if (arena_new(&arena, err) < 0 || source_client_new(&client, err) < 0)
		return err->class;
	places.arena = arena;
	if (add_places(&places, source, expected, options, err) < 0)
		return err->class;
	task = log_task_begin("fetch %s", source->file_name);
	struct download download = {.name = source->file_name,
		.expected = expected,
		.places = &places,
		.tries = source->tries,
		.retry_delay_ms = options->retry_delay_ms,
		.connect_seconds = source->connect_seconds,
		.stall_seconds = source->stall_seconds,
		.task = task};
	if (download_run(client, &download, store, &ret_result->blob, &ret_result->size,
		    &ret_result->url, err) < 0)
		return explain_upstream(source, places.count > 0, err);
	log_task_done(task, "%llu bytes", (unsigned long long)ret_result->size);
	return expected ? put_alias(store, expected, &ret_result->blob, err) : 0;
}

int source_fetch(const struct recipe_source *source, const struct source_options *options,
	struct store *store, struct source_result *ret_result, struct error *err)
{
	struct source_result result = {0};
	const struct digest *expected =
		digest_is_set(&source->expected) ? &source->expected : NULL;
	bool found = false;
	assert(source->kind == RECIPE_SOURCE_FETCH);
	if (source_check_pinned(source, options, err) < 0)
		return err->class;
	if (expected && source_find_blob(store, expected, &found, &result.blob,
				&result.size, err) < 0)
		return err->class;
	if (!found && options->offline)
		return refuse_offline(source->file_name, expected, err);
	if (!found && fetch_missing(source, expected, options, store, &result, err) < 0) {
		free(result.url);
		return err->class;
	}
	result.content = result.blob;
	*ret_result = result;
	return 0;
}

int source_fetch_pool(const char *pool_path, uint64_t size, const struct digest *digest,
	const struct source_options *options, struct store *store, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_http struct http_client *client = NULL;
	cleanup_mem char *url = NULL;
	struct places places = {0};
	struct digest blob;
	uint64_t got = 0;
	bool found = false;
	const char *slash = strrchr(pool_path, '/');
	if (source_find_blob(store, digest, &found, &blob, &got, err) < 0 || found)
		return err->class;
	if (options->offline)
		return refuse_offline(pool_path, digest, err);
	if (arena_new(&arena, err) < 0 || source_client_new(&client, err) < 0)
		return err->class;
	places.arena = arena;
	const char *name = slash ? slash + 1 : pool_path;
	if (source_add_pool_places(&places, pool_path, options, err) < 0 ||
		add_mirror_places(&places, name, digest, options, err) < 0)
		return err->class;
	struct download download = {.name = name,
		.expected = digest,
		.size = size,
		.places = &places,
		.retry_delay_ms = options->retry_delay_ms};
	if (download_run(client, &download, store, &blob, &got, &url, err) < 0)
		return err->class;
	return put_alias(store, digest, &blob, err);
}
