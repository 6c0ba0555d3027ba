/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many small files: a few connections that stay open, each with a thread that
 * takes the next file from a common list. The threads share nothing else that changes.
 */
#include <pthread.h>

#include "builder/source/source_private.h"
#include "builder/source/toolchain_private.h"

#define CONNECTIONS 4

struct queue {
	const struct toolchain_deb *const *debs; /* those that are missing */
	size_t count;
	const struct source_options *options;
	struct store *store;
	struct log_task *task;
	pthread_mutex_t lock; /* over what follows */
	size_t next;
	uint64_t bytes, total;
	struct error error; /* the first one; the others stop */
};

static const struct toolchain_deb *take_next(struct queue *queue)
{
	const struct toolchain_deb *deb = NULL;
	(void)pthread_mutex_lock(
		&queue->lock); /* cannot fail: a default mutex, not held */
	if (!error_is_set(&queue->error) && queue->next < queue->count)
		deb = queue->debs[queue->next++];
	(void)pthread_mutex_unlock(&queue->lock);
	return deb;
}

static void note_done(struct queue *queue, const struct toolchain_deb *deb)
{
	(void)pthread_mutex_lock(&queue->lock);
	queue->bytes += deb->size;
	log_task_progress(queue->task, queue->bytes, queue->total);
	(void)pthread_mutex_unlock(&queue->lock);
}

static void note_error(struct queue *queue, const struct error *err)
{
	(void)pthread_mutex_lock(&queue->lock);
	if (!error_is_set(&queue->error))
		queue->error = *err;
	(void)pthread_mutex_unlock(&queue->lock);
}

static int fetch_deb(struct http_client *client, struct queue *queue,
	const struct toolchain_deb *deb, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_mem char *url = NULL;
	struct places places = {0};
	struct digest blob;
	uint64_t size = 0;
	if (arena_new(&arena, err) < 0)
		return err->class;
	places.arena = arena;
	if (source_add_pool_places(&places, deb->path, queue->options, err) < 0)
		return err->class;
	struct download download = {.name = deb->name,
		.expected = &deb->digest,
		.size = deb->size,
		.places = &places,
		.retry_delay_ms = queue->options->retry_delay_ms};
	return download_run(client, &download, queue->store, &blob, &size, &url, err);
}

static void *work(void *context)
{
	struct queue *queue = context;
	struct error err = ERROR_INIT;
	cleanup_http struct http_client *client = NULL;
	const struct toolchain_deb *deb;
	if (source_client_new(&client, &err) < 0) {
		note_error(queue, &err);
		return NULL;
	}
	while ((deb = take_next(queue))) {
		if (fetch_deb(client, queue, deb, &err) < 0) {
			note_error(queue, &err);
			break;
		}
		note_done(queue, deb);
	}
	return NULL;
}

static int run_threads(struct queue *queue, struct error *err)
{
	pthread_t threads[CONNECTIONS];
	size_t started = 0;
	while (started < CONNECTIONS && started < queue->count &&
		pthread_create(&threads[started], NULL, work, queue) == 0)
		started++;
	if (started == 0) /* one connection is as good, only slower */
		(void)work(queue);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL); /* ours and joinable */
	if (error_is_set(&queue->error))
		*err = queue->error;
	return queue->error.class;
}

static int fetch_missing(struct queue *queue, struct error *err)
{
	cleanup_task struct log_task *task = NULL;
	if (queue->count == 0)
		return 0;
	if (queue->options->offline) {
		error_set(err, ERR_NETWORK,
			"%zu packages of the toolchain, %s first, are not in "
			"the store",
			queue->count, queue->debs[0]->name);
		return error_remedy(err, "run once without --offline");
	}
	task = log_task_begin("fetch toolchain");
	queue->task = task;
	(void)pthread_mutex_init(&queue->lock, NULL); /* always 0 with these attributes */
	int result = run_threads(queue, err);
	(void)pthread_mutex_destroy(&queue->lock);
	if (result == 0)
		log_task_done(task, "%zu packages, %llu MB", queue->count,
			(unsigned long long)(queue->total / 1000000));
	return result;
}

/* Groups overlap. */
static bool is_queued(const struct toolchain_deb *const *queued, size_t count,
	const struct toolchain_deb *deb)
{
	for (size_t i = 0; i < count; i++)
		if (queued[i] == deb)
			return true;
	return false;
}

int toolchain_fetch(const struct toolchain_deb *const *debs, size_t count,
	const struct source_options *options, struct store *store, struct error *err)
{
	struct queue queue = {.options = options, .store = store};
	const struct toolchain_deb **missing =
		calloc(count ? count : 1, sizeof(*missing));
	if (!missing)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		if (!is_queued(missing, queue.count, debs[i]) &&
			!store_has_blob(store, &debs[i]->digest)) {
			missing[queue.count++] = debs[i];
			queue.total +=
				debs[i]->size; /* each at most LIMIT_SOURCE_BYTES */
		}
	queue.debs = missing;
	int result = fetch_missing(&queue, err);
	free(missing);
	return result;
}
