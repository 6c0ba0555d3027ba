/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/fetch.h"

#include "base/log.h"
#include "builder/source/folder.h"
#include "builder/source/git.h"

#define WORK_DIRECTORY "/home/build"

void fetched_done(struct fetched *fetched)
{
	for (size_t i = 0; i < fetched->count; i++)
		close_fd(&fetched->fds[i]);
	*fetched = (struct fetched){0};
}

static int note_source(struct made *made, const struct recipe_source *source,
	const struct source_result *result, const char *commit, struct error *err)
{
	if (!made)
		return 0;
	struct made_source *noted = &made->sources[made->source_count++];
	noted->uri = arena_strdup(made->arena, source->uri);
	/* a mirror's name is this machine's business, not the record's */
	noted->url = arena_strdup(made->arena,
		result->url && strcmp(result->url, source->uri) == 0 ? result->url : "");
	noted->pool_path = arena_strdup(
		made->arena, source->debian.count ? source->debian.items[0] : "");
	noted->commit = arena_strdup(made->arena, commit);
	noted->name = source->purl_name; /* as old as the recipe, which outlives this */
	noted->version = source->purl_version;
	noted->digest = result->content;
	noted->size = result->size;
	return noted->uri && noted->url && noted->pool_path && noted->commit
		       ? 0
		       : error_set_memory(err);
}

/* Without a digest, by its URI: several may end in the same name. */
static int name_archive(struct arena *arena, const struct recipe_source *source,
	const char **ret_target, struct error *err)
{
	struct digest digest = source->expected;
	const char *kind = digest_algorithm_name(digest.algorithm);
	char hex[DIGEST_TEXT_MAX];
	if (!digest_is_set(&digest)) {
		kind = "uri";
		if (digest_of(DIGEST_SHA256, slice_str(source->uri), &digest, err) < 0)
			return err->class;
	}
	*ret_target = arena_printf(
		arena, CACHE_DIRECTORY "/%s:%s", kind, digest_format_hex(&digest, hex));
	return 0;
}

/* The names that recipes/pipelines/fetch.yaml and git-checkout.yaml look for. */
static int name_target(const struct fetching *fetching,
	const struct recipe_source *source, const char **ret_target, struct error *err)
{
	char request[DIGEST_TEXT_MAX];
	const char *target = NULL;
	if (source->kind == RECIPE_SOURCE_GIT) {
		if (git_request(source, request, err) < 0)
			return err->class;
		target =
			arena_printf(fetching->arena, CACHE_DIRECTORY "/git:%s", request);
	} else if (name_archive(fetching->arena, source, &target, err) < 0) {
		return err->class;
	}
	if (!target)
		return error_set_memory(err);
	*ret_target = target;
	return 0;
}

static int fetch_any(const struct fetching *fetching, const struct recipe_source *source,
	struct source_result *ret_result, char *ret_commit, struct error *err)
{
	const struct make_options *options = fetching->options;
	if (source->kind == RECIPE_SOURCE_FETCH)
		return source_fetch(
			source, options->sources, options->store, ret_result, err);
	return git_fetch(
		source, options->sources, options->store, ret_result, ret_commit, err);
}

static bool is_there(const struct fetched *fetched, const char *target)
{
	for (size_t i = 0; i < fetched->count; i++)
		if (strcmp(fetched->binds[i].target, target) == 0)
			return true;
	return false;
}

static int fetch_one(const struct fetching *fetching, const struct recipe_source *source,
	struct fetched *fetched, struct error *err)
{
	struct store *store = fetching->options->store;
	struct source_result result = {0};
	char commit[64] = "";
	const char *target = NULL;
	uint64_t size;
	log_task_step(fetching->task, "fetch %s", source->file_name);
	if (name_target(fetching, source, &target, err) < 0)
		return err->class;
	if (is_there(fetched, target))
		return 0; /* two packages of the recipe unpack the same */
	if (fetch_any(fetching, source, &result, commit, err) < 0)
		return err->class;
	int status = note_source(fetching->made, source, &result, commit, err);
	free(result.url);
	if (status < 0)
		return status;
	int *fd = &fetched->fds[fetched->count];
	if (store_open_blob(store, &result.blob, fd, &size, err) < 0)
		return err->class;
	fetched->binds[fetched->count++] =
		(struct sandbox_bind){.fd = *fd, .target = target};
	return 0;
}

static bool is_wanted(const struct fetching *fetching, const struct recipe_source *source)
{
	if (!fetching->test_of)
		return !source->for_test;
	return source->for_test && strcmp(source->package, fetching->test_of) == 0;
}

/* The input key was computed with its digest: it has to have it still. */
static int give_folder(
	const struct fetching *fetching, struct fetched *fetched, struct error *err)
{
	const char *path = fetching->recipe->source_directory;
	struct digest digest;
	if (!digest_is_set(fetching->folder))
		return 0;
	int *fd = &fetched->fds[fetched->count];
	*fd = -1;
	if (fs_open_dir(AT_FDCWD, path, fd, err) < 0)
		return err->class;
	fetched->binds[fetched->count++] = (struct sandbox_bind){
		.fd = *fd, .target = WORK_DIRECTORY, .writable = true};
	if (folder_digest(*fd, &digest, err) < 0)
		return error_wrap(err, "%s", path);
	return digest_equal(&digest, fetching->folder)
		       ? 0
		       : error_set(err, ERR_INPUT, "%s was changed meanwhile", path);
}

int fetch_sources(
	const struct fetching *fetching, struct fetched *ret_fetched, struct error *err)
{
	const struct recipe *recipe = fetching->recipe;
	struct made *made = fetching->made;
	size_t count = recipe->source_count;
	cleanup_fetched struct fetched fetched = {0};
	if (made)
		made->sources = arena_array(made->arena, count, sizeof(*made->sources));
	/* The folder's, and the caller's. */
	fetched.binds = arena_array(fetching->arena, count + 2, sizeof(*fetched.binds));
	fetched.fds = arena_array(fetching->arena, count + 2, sizeof(int));
	if ((made && !made->sources) || !fetched.binds || !fetched.fds)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		if (is_wanted(fetching, &recipe->sources[i]) &&
			fetch_one(fetching, &recipe->sources[i], &fetched, err) < 0)
			return err->class;
	if (give_folder(fetching, &fetched, err) < 0)
		return err->class;
	*ret_fetched = fetched;
	fetched = (struct fetched){0};
	return 0;
}
