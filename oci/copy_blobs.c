/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blobs of a copy, several at once: each thread, of which the caller's is one, takes
 * the next blob until there are none. The first error stops all. What is in memory is
 * bounded by the number of threads, whatever the size of the blobs.
 */
#include <pthread.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/log.h"
#include "oci/copy_private.h"
#include "oci/repository_private.h"

#define SHOWN_BYTES MIB /* smaller ones have no line of their own */

struct work {
	struct blob_copy *copy;
	pthread_mutex_t mutex; /* guards the rest, and copy's results */
	size_t next;
	bool stop;
	struct error error; /* the first one */
};

/* One blob under way, in one thread. */
struct passage {
	struct work *work;
	const struct descriptor *blob;
	struct log_task *task; /* may be NULL */
	uint64_t position;     /* what was added to copy->done for it */
	bool only_fetches;     /* to a file in between: not counted yet */
	struct blob_watch watch;
};

/* With the mutex held. */
static void count(struct passage *passage, uint64_t position)
{
	struct blob_copy *copy = passage->work->copy;

	copy->done += position - passage->position; /* may go back: then it wraps twice */
	passage->position = position;
	if (copy->progress)
		copy->progress(copy->progress_context, copy->done);
}

static int blob_moved(void *context, uint64_t position, struct error *err)
{
	struct passage *passage = context;
	struct work *work = passage->work;
	bool stop;

	(void)pthread_mutex_lock(&work->mutex);
	if (!passage->only_fetches)
		count(passage, position);
	stop = work->stop;
	(void)pthread_mutex_unlock(&work->mutex);
	log_task_progress(passage->task, position, passage->blob->size);
	return stop ? error_set_errno(err, ECANCELED, "another blob failed") : 0;
}

/* ---- one blob ---- */

/* A file without a name, in $TMPDIR or /var/tmp. */
static int open_temporary(int *ret_fd, struct error *err)
{
	const char *folder = secure_getenv("TMPDIR");

	if (!folder || folder[0] != '/')
		folder = "/var/tmp";
	return fs_open(AT_FDCWD, folder, FS_OWN, O_TMPFILE | O_RDWR, 0600, ret_fd, err);
}

/* From one registry to another: what breaks off on either side is resumed on that side.
 */
static int fetch(struct passage *passage, int *ret_fd, struct error *err)
{
	struct repository *from = passage->work->copy->from;
	cleanup_writer struct writer *writer = NULL;
	cleanup_fd int fd = -1;

	passage->only_fetches = true;
	log_task_step(passage->task, "fetching");
	if (open_temporary(&fd, err) < 0 || writer_to_fd(fd, &writer, err) < 0 ||
		repository_watch_blob_to(
			from, passage->blob, &passage->watch, writer, err) < 0 ||
		writer_finish(writer, err) < 0)
		return err->class;
	log_task_step(passage->task, "sending");
	passage->only_fetches = false;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int send_blob(struct passage *passage, struct error *err)
{
	const struct blob_copy *copy = passage->work->copy;
	struct blob_source source = {.watch = &passage->watch, .is_wanted = true};
	cleanup_fd int fd = -1;

	if (copy->to->write->receive_blob)
		return copy->to->write->receive_blob(
			copy->to, copy->from, passage->blob, &passage->watch, err);
	if (copy->from->ops->open_blob ? copy->from->ops->open_blob(
						 copy->from, passage->blob, &fd, err) < 0
				       : fetch(passage, &fd, err) < 0)
		return err->class;
	source.fd = fd;
	return repository_put_source(copy->to, &source, passage->blob, err);
}

/* *ret_what: how it got there. */
static int move_blob(struct passage *passage, const char **ret_what, struct error *err)
{
	const struct blob_copy *copy = passage->work->copy;
	bool done;

	*ret_what = "is there already";
	if (repository_has_blob(copy->to, passage->blob, &done, err) < 0)
		return err->class;
	if (done)
		return 0;
	*ret_what = "mounted";
	if (copy->to->write->mount_blob && copy->from->is_registry &&
		copy->to->write->mount_blob(
			copy->to, copy->from, passage->blob, &done, err) < 0)
		return err->class;
	if (done)
		return 0;
	*ret_what = "copied";
	return send_blob(passage, err);
}

static void finish(struct passage *passage, const char *what, const struct error *err)
{
	struct work *work = passage->work;

	(void)pthread_mutex_lock(&work->mutex);
	if (error_is_set(err)) {
		if (!work->stop)
			work->error = *err;
		work->stop = true;
	} else {
		if (passage->position != 0)
			work->copy->sent += passage->blob->size;
		count(passage, passage->blob->size);
	}
	(void)pthread_mutex_unlock(&work->mutex);
	if (!error_is_set(err))
		log_task_done(passage->task, "%s", what);
}

/*
 * image-spec v1.1, layer.md, "Non-Distributable Layers", and Docker's foreign ones: most
 * registries have but their addresses. An image without them would not be the same one.
 */
static int explain(const struct descriptor *blob, struct error *err)
{
	const char *type = blob->media_type;

	if (err->class != ERR_INPUT || (!strstr(type, ".layer.nondistributable.") &&
					       !strstr(type, ".rootfs.foreign.")))
		return err->class;
	return error_remedy(err,
		"%s: only its publisher hands such a layer out; put the blob where the "
		"image is copied from, or take an image without such layers",
		type);
}

static void copy_blob(struct work *work, const struct descriptor *blob)
{
	struct passage passage = {.work = work, .blob = blob};
	cleanup_task struct log_task *task = NULL;
	struct error err = ERROR_INIT;
	const char *what = "";
	char text[DIGEST_TEXT_MAX];

	(void)digest_format(&blob->digest, text); /* returns text */
	if (work->copy->show && blob->size >= SHOWN_BYTES)
		task = log_task_begin("%.19s", text);
	passage.task = task;
	passage.watch = (struct blob_watch){blob_moved, &passage};
	if (move_blob(&passage, &what, &err) < 0) {
		(void)error_wrap(&err, "copy blob %s", text);
		(void)explain(blob, &err);
	}
	finish(&passage, what, &err);
}

/* ---- all of them ---- */

static void *copy_some(void *context)
{
	struct work *work = context;

	for (;;) {
		const struct descriptor *blob = NULL;

		(void)pthread_mutex_lock(&work->mutex);
		if (!work->stop && work->next < work->copy->count)
			blob = &work->copy->blobs[work->next++];
		(void)pthread_mutex_unlock(&work->mutex);
		if (!blob)
			return NULL;
		copy_blob(work, blob);
	}
}

int copy_blobs(struct blob_copy *copy, struct error *err)
{
	struct work work = {.copy = copy, .mutex = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[COPY_PARALLEL_MAX];
	unsigned wanted = copy->parallel ? copy->parallel : COPY_PARALLEL, started = 0;

	if (wanted > COPY_PARALLEL_MAX)
		wanted = COPY_PARALLEL_MAX;
	if (wanted > copy->count)
		wanted = (unsigned)copy->count; /* less than wanted */
	/* a thread that cannot be had is one less: this one does the work in any case */
	while (started + 1 < wanted &&
		pthread_create(&threads[started], NULL, copy_some, &work) == 0)
		started++;
	(void)copy_some(&work); /* always NULL */
	for (unsigned i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL); /* it is ours, and joinable */
	if (error_is_set(&work.error)) {
		*err = work.error;
		return err->class;
	}
	return 0;
}
