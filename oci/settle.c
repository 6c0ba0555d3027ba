/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nobody's change is lost at a registry that knows no conditions. Two writers who read
 * the same index of referrers and then both write leave only what the second wrote, and
 * neither can see that at once. So each looks again after a pause that is longer than
 * others take between reading and writing, and adds what has gone of its own to what is
 * there; until, after a whole pause, nothing was missing. (What overwrites others notices
 * nothing: it is they who look again.)
 *
 * Where conditions are honoured this finds nothing to do.
 */
#include "base/retry.h"
#include "oci/copy_private.h"
#include "oci/repository_private.h"

#define SETTLE_MS       400
#define SETTLE_MS_MAX   10000
#define SETTLE_ATTEMPTS 8

/* What we last wrote under a tag; in the repository's arena. */
struct written {
	struct written *next;
	const char *tag, *media_type;
	struct slice bytes;
};

static struct written *find(const struct repository *repository, const char *tag)
{
	for (struct written *written = repository->written; written;
		written = written->next)
		if (strcmp(written->tag, tag) == 0)
			return written;
	return NULL;
}

int settle_remember(struct repository *repository, const char *tag,
	const char *media_type, struct slice bytes, struct error *err)
{
	struct written *written = find(repository, tag);

	if (!written) {
		written = arena_alloc(repository->arena, sizeof(*written));
		if (!written)
			return error_set_memory(err);
		*written = (struct written){.next = repository->written,
			.tag = arena_strdup(repository->arena, tag),
			.media_type = arena_strdup(repository->arena, media_type)};
		if (!written->tag || !written->media_type)
			return error_set_memory(err);
		repository->written = written;
	}
	written->bytes.data = arena_strndup(repository->arena, bytes);
	written->bytes.len = bytes.len;
	return written->bytes.data ? 0 : error_set_memory(err);
}

struct union_of {
	struct repository *repository;
	const struct written *written;
};

/* A repository_change: both what is there and what we wrote. */
static int unite(
	void *context, struct slice present, struct buffer *changed, struct error *err)
{
	const struct union_of *both = context;
	cleanup_manifest struct manifest *ours = NULL;

	if (manifest_parse(both->written->bytes, both->written->media_type, &ours, err) <
		0)
		return err->class;
	if (ours->is_index)
		return referrers_unite(present, ours->items, ours->count, changed, err);
	return merge_unite(
		both->repository, both->written->bytes, ours, present, changed, err);
}

static int look_again(struct repository *repository, bool *ret_missed, struct error *err)
{
	*ret_missed = false;
	for (const struct written *written = repository->written; written;
		written = written->next) {
		struct union_of both = {repository, written};
		struct descriptor ignored;
		bool wrote;

		if (repository_update(repository, written->tag, written->media_type,
			    unite, &both, &ignored, &wrote, err) < 0)
			return err->class;
		*ret_missed = *ret_missed || wrote;
	}
	return 0;
}

/* Others are hardly more than four times as slow as we are. */
static unsigned pause_ms(const struct repository *repository)
{
	double ms = repository->slowest_update * 4000;

	if (repository->options.retry_delay_ms)
		return repository->options.retry_delay_ms;
	if (ms < SETTLE_MS)
		return SETTLE_MS;
	return ms < SETTLE_MS_MAX ? (unsigned)ms : SETTLE_MS_MAX;
}

int repository_settle(struct repository *repository, struct error *err)
{
	unsigned base = pause_ms(repository);
	bool missed = repository->written != NULL;

	for (unsigned i = 1; missed; i++) {
		if (i > SETTLE_ATTEMPTS)
			return error_set(err, ERR_NETWORK,
				"%s: somebody else keeps removing what is added",
				repository->name);
		retry_pause(base, i, 0);
		if (look_again(repository, &missed, err) < 0)
			return err->class;
	}
	repository->written = NULL;
	return 0;
}
