/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "base/stream.h"
#include "builder/package/fragment_private.h"

#define THREADS_MAX 8

/*
 * Workers take units in order: a unit is a fragment together with the further parts of
 * its large file, if it has any, so that a file is read once and verified as a whole.
 */
struct work {
	struct store *store;
	struct fragment_index *index;
	pthread_mutex_t lock; /* of everything below */
	size_t next;          /* fragment */
	size_t failed; /* the first fragment of the unit that failed first in order */
	struct error error;
};

/* Cuts what is written to it at the planned sizes; compresses and stores each piece. */
struct cutter {
	struct work *work;
	size_t fragment, end;
	struct buffer plain, packed;
};

static int store_fragment(struct cutter *cutter, struct error *err)
{
	struct work *work = cutter->work;
	struct fragment *fragment = &work->index->fragments[cutter->fragment++];
	struct digest digest;
	buffer_clear(&cutter->packed);
	if (compress_member(work->index->compression, buffer_slice(&cutter->plain),
		    &cutter->packed, err) < 0)
		return err->class;
	/* the store has no state of its own: safe from several threads */
	if (store_put_blob(work->store, buffer_slice(&cutter->packed), &digest, err) < 0)
		return err->class;
	fragment->blob = digest;
	fragment->size = cutter->packed.len;
	buffer_clear(&cutter->plain);
	return 0;
}

static int cutter_write(void *context, const void *data, size_t len, struct error *err)
{
	struct cutter *cutter = context;
	const char *bytes = data;
	while (len > 0) {
		if (cutter->fragment >= cutter->end)
			return error_set(err, ERR_BUG, "fragments do not fit their plan");
		uint64_t size =
			cutter->work->index->fragments[cutter->fragment].plain_size;
		uint64_t room = size - cutter->plain.len;
		size_t part = len < room ? len : (size_t)room; /* not more than len */
		if (buffer_add(&cutter->plain, bytes, part, err) < 0)
			return err->class;
		if (cutter->plain.len == size && store_fragment(cutter, err) < 0)
			return err->class;
		bytes += part;
		len -= part;
	}
	return 0;
}

static void cutter_free(void *context)
{
	(void)context; /* lies on the stack of build_unit */
}

static int build_unit(struct cutter *cutter, size_t first, size_t end, struct error *err)
{
	static const struct writer_ops ops = {.write = cutter_write, .free = cutter_free};
	cleanup_writer struct writer *writer = NULL;
	struct work *work = cutter->work;
	const struct fragment *fragment = &work->index->fragments[first];
	buffer_clear(&cutter->plain);
	cutter->fragment = first;
	cutter->end = end;
	if (writer_new(&ops, cutter, &writer, err) < 0)
		return err->class;
	for (size_t i = 0; i < fragment->count; i++)
		if (fragment_render_node(work->store,
			    work->index->nodes[fragment->first + i], work->index->mtime,
			    true, writer, err) < 0)
			return err->class;
	if (cutter->fragment != end)
		return error_set(err, ERR_BUG, "fragments do not fit their plan");
	return writer_finish(writer, err);
}

static bool take_unit(struct work *work, size_t *ret_first, size_t *ret_end)
{
	pthread_mutex_lock(&work->lock);
	size_t first = work->next, end = first + 1;
	bool more = first < work->index->fragment_count && !error_is_set(&work->error);
	if (more) {
		while (end < work->index->fragment_count &&
			work->index->fragments[end].count == 0)
			end++;
		work->next = end;
	}
	pthread_mutex_unlock(&work->lock);
	*ret_first = first;
	*ret_end = end;
	return more;
}

static void note_failure(struct work *work, size_t first, const struct error *err)
{
	pthread_mutex_lock(&work->lock);
	if (!error_is_set(&work->error) || first < work->failed) {
		work->error = *err;
		work->failed = first;
	}
	pthread_mutex_unlock(&work->lock);
}

static void *run_worker(void *context)
{
	struct work *work = context;
	struct cutter cutter = {.work = work};
	struct error err = ERROR_INIT;
	size_t first, end;
	while (take_unit(work, &first, &end))
		if (build_unit(&cutter, first, end, &err) < 0) {
			note_failure(work, first, &err);
			break;
		}
	buffer_done(&cutter.plain);
	buffer_done(&cutter.packed);
	return NULL;
}

int fragment_build(struct store *store, struct fragment_index *index, struct error *err)
{
	struct work work = {.store = store, .index = index, .error = ERROR_INIT};
	pthread_t threads[THREADS_MAX];
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = processors < 1 ? 1 : (size_t)processors; /* positive */
	size_t started = 0;
	if (wanted > THREADS_MAX)
		wanted = THREADS_MAX;
	if (wanted > index->fragment_count)
		wanted = index->fragment_count;
	pthread_mutex_init(&work.lock, NULL);
	/* this thread works, too: a thread that cannot be had only costs time */
	while (started + 1 < wanted &&
		pthread_create(&threads[started], NULL, run_worker, &work) == 0)
		started++;
	run_worker(&work);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	pthread_mutex_destroy(&work.lock);
	if (error_is_set(&work.error)) {
		*err = work.error;
		return err->class;
	}
	return 0;
}
