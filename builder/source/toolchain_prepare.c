/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers on disk: roots/<digest>/root, made in a scratch directory by the
 * builder's identity and renamed when whole. A group is unpacked by two processes:
 * nothing is written twice, so they do not meet.
 */
#include <pthread.h>
#include <sys/stat.h>

#include "base/log.h"
#include "builder/sandbox/sandbox.h"
#include "builder/source/toolchain_private.h"

#define ROOTS   "roots"
#define WORKERS 2

struct job {
	const struct toolchain *toolchain;
	const struct toolchain_deb **debs; /* NULL: what toolchain.yaml declares */
	size_t count;
	struct store *store;
	int dirfd;
	struct error error; /* of a thread */
};

static int run_job(void *context, struct error *err)
{
	const struct job *job = context;
	return job->debs ? toolchain_unpack_debs(
				   job->debs, job->count, job->store, job->dirfd, err)
			 : toolchain_write_declared(job->toolchain, job->dirfd, err);
}

static void *run_thread(void *context)
{
	struct job *job = context;
	job->error = ERROR_INIT;
	(void)!sandbox_as_builder(run_job, job, &job->error); /* told by job->error */
	return NULL;
}

static int compare_sizes(const void *left, const void *right)
{
	const struct toolchain_deb *const *a = left, *const *b = right;
	return ((*a)->size < (*b)->size) - ((*a)->size > (*b)->size);
}

/* The largest first, each to who has least. */
static void share(
	const struct job *all, const struct toolchain_deb **sorted, struct job *jobs)
{
	uint64_t sizes[WORKERS] = {0};
	for (size_t i = 0; i < all->count; i++) {
		size_t to = sizes[0] <= sizes[1] ? 0 : 1;
		jobs[to].debs[jobs[to].count++] = sorted[i];
		sizes[to] += sorted[i]->size;
	}
}

static int run_shared(const struct job *all, struct arena *arena, struct error *err)
{
	struct job jobs[WORKERS];
	pthread_t thread;
	const struct toolchain_deb **sorted =
		arena_array(arena, all->count, sizeof(*sorted));
	if (!sorted)
		return error_set_memory(err);
	if (all->count) {
		memcpy(sorted, all->debs, all->count * sizeof(*sorted));
		qsort(sorted, all->count, sizeof(*sorted), compare_sizes);
	}
	for (size_t i = 0; i < WORKERS; i++) {
		jobs[i] = *all;
		jobs[i].count = 0;
		jobs[i].debs = arena_array(arena, all->count, sizeof(*sorted));
		if (!jobs[i].debs)
			return error_set_memory(err);
	}
	share(all, sorted, jobs);
	bool second = pthread_create(&thread, NULL, run_thread, &jobs[1]) == 0;
	(void)run_thread(&jobs[0]);
	if (second)
		(void)pthread_join(thread, NULL); /* ours and joinable */
	else
		(void)run_thread(&jobs[1]);
	for (size_t i = 0; i < WORKERS; i++)
		if (error_is_set(&jobs[i].error)) {
			*err = jobs[i].error;
			return err->class;
		}
	return 0;
}

static int fill(struct job *job, int scratch_fd, struct error *err)
{
	uid_t uid;
	gid_t gid;
	cleanup_arena struct arena *arena = NULL;
	sandbox_outer_ids(&uid, &gid);
	if (mkdirat(scratch_fd, "root", 0755) < 0 ||
		fchownat(scratch_fd, "root", uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, errno, "making the layer's root");
	cleanup_fd int dirfd = openat(
		scratch_fd, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dirfd < 0 || fchmod(dirfd, 0755) < 0)
		return error_set_errno(err, errno, "opening the layer's root");
	job->dirfd = dirfd;
	if (!job->debs)
		return sandbox_as_builder(run_job, job, err);
	if (arena_new(&arena, err) < 0)
		return err->class;
	return run_shared(job, arena, err);
}

/*
 * Reading a blob that is damaged removes it, so that the next try fetches it anew. The
 * unpackers may not do that themselves: the store is not theirs.
 */
static void forget_damaged(const struct job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		struct error ignored = ERROR_INIT;
		cleanup_buffer struct buffer content = BUFFER_INIT;
		(void)!store_read_blob(job->store, &job->debs[i]->digest,
			(size_t)job->debs[i]->size, &content, &ignored); /* a cache */
	}
}

static int make_layer(struct job *job, const char *hex, struct error *err)
{
	char scratch[128];
	cleanup_fd int scratch_fd = -1;
	cleanup_fd int roots = -1;
	struct error ignored = ERROR_INIT;
	if (store_make_folder(job->store, ROOTS, &roots, err) < 0 ||
		sandbox_make_scratch(
			job->store, scratch, sizeof(scratch), &scratch_fd, err) < 0)
		return err->class;
	int result = fill(job, scratch_fd, err);
	if (result == 0 && renameat(store_dirfd(job->store), scratch, roots, hex) < 0)
		result = error_set_errno(err, errno, "renaming a layer");
	if (result < 0)
		(void)!sandbox_remove_scratch(
			job->store, scratch, &ignored); /* the first error counts */
	if (result == ERR_INPUT)
		forget_damaged(job);
	return result;
}

/* *ret_layer: "roots/<digest>/root", heap. */
static int prepare_layer(struct job *job, const struct digest *digest, const char *what,
	char **ret_layer, struct error *err)
{
	char hex[DIGEST_TEXT_MAX], key[DIGEST_TEXT_MAX + 8];
	cleanup_fd int lock = -1;
	cleanup_task struct log_task *task = NULL;
	cleanup_buffer struct buffer layer = BUFFER_INIT;
	(void)digest_format_hex(digest, hex);
	(void)snprintf(key, sizeof(key), "root-%.64s", hex);
	if (buffer_printf(&layer, err, ROOTS "/%s/root", hex) < 0 ||
		store_lock(job->store, "locks", key, &lock, err) < 0)
		return err->class;
	if (!fs_exists(store_dirfd(job->store), buffer_str(&layer))) {
		task = log_task_begin("unpack %s", what);
		if (make_layer(job, hex, err) < 0)
			return error_wrap(err, "toolchain %s", what);
		log_task_done(task, "%zu packages", job->count);
	}
	return buffer_take_str(&layer, ret_layer, err);
}

static int prepare_group(const struct toolchain *toolchain, const char *name,
	struct store *store, char **ret_layer, struct error *err)
{
	struct job job = {.toolchain = toolchain, .store = store};
	struct digest digest;
	cleanup_arena struct arena *arena = NULL;
	const struct toolchain_group *group = toolchain_find_group(toolchain, name);
	if (!group)
		return error_set(err, ERR_BUG, "no group %s", name);
	if (arena_new(&arena, err) < 0 ||
		toolchain_group_debs(
			toolchain, group, arena, &job.debs, &job.count, err) < 0 ||
		toolchain_group_digest(toolchain, group, &digest, err) < 0)
		return err->class;
	return prepare_layer(&job, &digest, name, ret_layer, err);
}

struct wanted {
	struct arena *arena;
	const struct toolchain_deb **debs;
	size_t count, capacity;
};

/* Nothing for a group that is unpacked already. */
static int want_group(struct wanted *wanted, const struct toolchain *toolchain,
	const char *name, struct store *store, struct error *err)
{
	const struct toolchain_deb **debs = NULL;
	size_t count = 0;
	struct digest digest;
	char hex[DIGEST_TEXT_MAX], layer[DIGEST_TEXT_MAX + 16];
	const struct toolchain_group *group = toolchain_find_group(toolchain, name);
	if (!group)
		return error_set(err, ERR_BUG, "no group %s", name);
	if (toolchain_group_digest(toolchain, group, &digest, err) < 0 ||
		toolchain_group_debs(
			toolchain, group, wanted->arena, &debs, &count, err) < 0)
		return err->class;
	(void)snprintf(layer, sizeof(layer), ROOTS "/%.64s/root",
		digest_format_hex(&digest, hex));
	if (fs_exists(store_dirfd(store), layer))
		return 0;
	for (size_t i = 0; i < count; i++) {
		const struct toolchain_deb **slot = arena_append(wanted->arena,
			&wanted->debs, &wanted->count, &wanted->capacity, sizeof(*slot));
		if (!slot)
			return error_set_memory(err);
		*slot = debs[i];
	}
	return 0;
}

/* All groups' files first: one queue for the connections. */
static int fetch_groups(const struct toolchain *toolchain,
	const struct toolchain_layers *layers, const struct source_options *options,
	struct store *store, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct wanted wanted = {0};
	if (arena_new(&arena, err) < 0)
		return err->class;
	wanted.arena = arena;
	for (size_t i = 0; i < layers->group_count; i++)
		if (want_group(&wanted, toolchain, layers->groups[i], store, err) < 0)
			return err->class;
	return toolchain_fetch(wanted.debs, wanted.count, options, store, err);
}

static void free_layers(char ***layers, size_t count)
{
	for (size_t i = 0; *layers && i < count; i++)
		free((*layers)[i]);
	free(*layers);
	*layers = NULL;
}

int toolchain_prepare(const struct toolchain *toolchain,
	const struct toolchain_layers *layers, const struct source_options *options,
	struct store *store, char ***ret_directories, size_t *ret_count,
	struct error *err)
{
	struct job declared = {.toolchain = toolchain, .store = store};
	struct digest digest;
	size_t count = layers->group_count + 1;
	char **directories = calloc(count, sizeof(*directories));
	if (!directories)
		return error_set_memory(err);
	int result = toolchain_declared_digest(toolchain, &digest, err);
	if (result == 0)
		result = fetch_groups(toolchain, layers, options, store, err);
	if (result == 0)
		result = prepare_layer(
			&declared, &digest, "declared files", &directories[0], err);
	for (size_t i = 0; result == 0 && i < layers->group_count; i++)
		result = prepare_group(
			toolchain, layers->groups[i], store, &directories[i + 1], err);
	if (result < 0) {
		free_layers(&directories, count);
		return result;
	}
	*ret_directories = directories;
	*ret_count = count;
	return 0;
}
