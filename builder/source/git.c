/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/log.h"
#include "base/retry.h"
#include "builder/source/git_private.h"
#include "builder/source/rounds.h"
#include "builder/source/source_private.h"

#define RECORDS "git"

/* ---- the request ---- */

int git_request(const struct recipe_source *source, char *out, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct digest digest;
	if (buffer_printf(&text, err, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n", source->uri,
		    source->tag, source->branch, source->commit,
		    source->branch_tip ? "true" : "false",
		    source->recurse_submodules ? "true" : "false", source->sparse_paths,
		    source->cherry_picks) < 0 ||
		digest_of(DIGEST_SHA256, buffer_slice(&text), &digest, err) < 0)
		return err->class;
	(void)digest_format_hex(&digest, out);
	return 0;
}

static int check_reference(const char *kind, const char *name, struct error *err)
{
	if (*name && !git_is_reference(slice_str(name)))
		return error_set(
			err, ERR_INPUT, "%s '%.128s' is no name of git's", kind, name);
	return 0;
}

bool git_is_local(const struct recipe_source *source)
{
	return strncmp(source->uri, "file:///", 8) == 0;
}

static bool is_asked(const struct recipe_source *source)
{
	return slice_starts_with(slice_str(source->uri), SLICE("https://")) ||
	       git_is_local(source);
}

/* Nothing says who answers there: only mirrors are asked, and the store. */
static bool is_replaced(const struct recipe_source *source)
{
	struct slice uri = slice_str(source->uri);
	return slice_starts_with(uri, SLICE("git://")) ||
	       slice_starts_with(uri, SLICE("http://"));
}

static int check_request(const struct recipe_source *source,
	const struct source_options *options, struct error *err)
{
	if (!is_asked(source) && !is_replaced(source)) {
		error_set(err, ERR_INPUT, "repositories are fetched by https");
		return error_remedy(err, "write https:// instead");
	}
	if (source_check_pinned(source, options, err) < 0)
		return err->class;
	if (*source->commit && !git_is_commit(slice_str(source->commit)))
		return error_set(err, ERR_INPUT,
			"expected-commit is not 40 lower-case hexadecimal digits");
	if (check_reference("tag", source->tag, err) < 0)
		return err->class;
	return check_reference("branch", source->branch, err);
}

/* ---- what was fetched before ---- */

static int find_known(const char *request, struct store *store, struct git_record *record,
	bool *ret_found, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	if (store_get_record(store, RECORDS, request, 4096, &text, ret_found, err) < 0)
		return err->class;
	if (!*ret_found)
		return 0;
	struct error damage = ERROR_INIT; /* as if it were not there */
	*ret_found = git_record_read(buffer_slice(&text), record, &damage) == 0 &&
		     store_has_blob(store, &record->blob);
	return 0;
}

static int save_known(const char *request, struct store *store,
	const struct git_record *record, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	if (git_record_write(record, &text, err) < 0)
		return err->class;
	return store_put_record(store, RECORDS, request, buffer_slice(&text), err);
}

/* ---- fetching ---- */

/* "https://mirror/" or "/folder/": what stands for "https://". */
static int mirror_base(
	struct arena *arena, const char *mirror, const char **ret_base, struct error *err)
{
	struct slice prefix = slice_str(mirror);
	cleanup_mem char *path = NULL;
	if (!source_is_url(mirror)) {
		path = realpath(mirror, NULL);
		if (!path)
			return error_set_errno(err, errno, "the folder");
		prefix = slice_str(path);
	}
	while (prefix.len && prefix.data[prefix.len - 1] == '/')
		prefix.len--;
	*ret_base = arena_printf(arena, "%.*s/", SLICE_ARG(prefix));
	return *ret_base ? 0 : error_set_memory(err);
}

/* mirror NULL: the repository that the recipe names. */
static int fetch_from(const char *mirror, const struct recipe_source *source,
	struct store *store, struct git_record *record, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	if (arena_new(&arena, err) < 0)
		return err->class;
	CLEANUP(git_done)
	struct git git = {.source = source,
		.store = store,
		.arena = arena,
		.home_fd = -1,
		.fd = -1,
		.rules = -1};
	if ((mirror && mirror_base(arena, mirror, &git.mirror, err) < 0) ||
		git_check_out(&git, record, err) < 0)
		return err->class;
	return 0;
}

/* Where to ask: mirrors, and the repository that the recipe names. */
struct git_places {
	const char **names;
	size_t count, upstream; /* upstream: beyond the end if it is not asked */
};

/* Mirrors are believed for what has a commit. */
static int list_places(const struct recipe_source *source,
	const struct source_options *options, struct arena *arena,
	struct git_places *ret_places, struct error *err)
{
	struct git_places places = {.upstream = SIZE_MAX};
	size_t mirrors = *source->commit && !git_is_local(source)
				 ? options->source_mirror_count
				 : 0;
	places.names = arena_array(arena, mirrors + 1, sizeof(*places.names));
	if (!places.names)
		return error_set_memory(err);
	for (size_t i = 0; i <= mirrors; i++) {
		bool upstream = i == (options->upstream_last ? mirrors : 0);
		if (upstream && !is_asked(source))
			continue;
		if (upstream)
			places.upstream = places.count;
		places.names[places.count++] =
			upstream
				? source->uri
				: options->source_mirrors[options->upstream_last ? i
										 : i - 1];
	}
	*ret_places = places;
	if (places.count)
		return 0;
	(void)error_set(err, ERR_INPUT,
		"repositories are fetched by https, or this one from a mirror");
	return error_remedy(err,
		"name a folder with a clone of it at HOST/PATH with --source-mirror, or "
		"write https:// if its server has that");
}

/* A place that did not answer, or has no such thing, is followed by the next. */
static int try_places(const struct recipe_source *source, const struct git_places *places,
	struct rounds *rounds, struct store *store, struct log_task *task,
	struct git_record *record, struct error *err)
{
	cleanup_buffer struct buffer reasons = BUFFER_INIT;
	struct error why = ERROR_INIT;
	size_t at = 0;
	while (rounds_next(rounds, &at)) {
		const char *mirror = at == places->upstream ? NULL : places->names[at];
		error_clear(&why);
		log_task_step(task, "%s", places->names[at]);
		if (fetch_from(mirror, source, store, record, &why) == 0)
			return 0;
		if (why.class != ERR_NETWORK) {
			*err = why;
			return mirror ? error_wrap(err, "source mirror %s", mirror)
				      : err->class;
		}
		if (rounds_note(
			    rounds, at, &why, retry_error_is_transient(&why), 0, err) < 0)
			return err->class;
	}
	if (places->count == 1) {
		*err = why;
		return rounds->places[0].asked > 1 ? error_wrap(err, "asked %u times",
							     rounds->places[0].asked)
						   : err->class;
	}
	if (rounds_tell(rounds, &reasons, err) < 0)
		return err->class;
	return error_set(err, ERR_NETWORK, "%s", buffer_str(&reasons));
}

static int fetch_new(const struct recipe_source *source,
	const struct source_options *options, struct store *store,
	struct git_record *record, struct error *err)
{
	cleanup_task struct log_task *task = log_task_begin("git %s", source->file_name);
	cleanup_arena struct arena *arena = NULL;
	struct git_places places = {0};
	struct rounds rounds = {.tries = source->tries,
		.wait_ms = options->retry_delay_ms
				   ? options->retry_delay_ms
				   : (uint64_t)source->wait_seconds * 1000,
		.wait_max_ms = (uint64_t)source->wait_max_seconds * 1000};
	if (arena_new(&arena, err) < 0 ||
		list_places(source, options, arena, &places, err) < 0 ||
		rounds_begin(&rounds, arena, places.names, places.count, err) < 0 ||
		try_places(source, &places, &rounds, store, task, record, err) < 0)
		return err->class;
	log_task_done(task, "%.12s, %llu bytes", record->commit,
		(unsigned long long)record->size);
	return 0;
}

int git_fetch(const struct recipe_source *source, const struct source_options *options,
	struct store *store, struct source_result *ret_result, char *ret_commit,
	struct error *err)
{
	struct git_record record = {0};
	char request[DIGEST_TEXT_MAX], *url = NULL;
	bool found = false;
	if (check_request(source, options, err) < 0 ||
		git_request(source, request, err) < 0 ||
		(*source->commit && find_known(request, store, &record, &found, err) < 0))
		return error_wrap(err, "%s", source->uri);
	if (!found && options->offline) {
		error_set(err, ERR_NETWORK, "%s (%s) is not in the store", source->uri,
			*source->commit ? source->commit : "no commit");
		return error_remedy(err, "run once without --offline");
	}
	if (!found) {
		if (fetch_new(source, options, store, &record, err) < 0)
			return error_wrap(err, "%s", source->uri);
		if (*source->commit && save_known(request, store, &record, err) < 0)
			return err->class;
		if (!(url = strdup(source->uri)))
			return error_set_memory(err);
	}
	*ret_result = (struct source_result){.blob = record.blob,
		.content = record.tree,
		.size = record.size,
		.url = url};
	memcpy(ret_commit, record.commit, sizeof(record.commit));
	return 0;
}
