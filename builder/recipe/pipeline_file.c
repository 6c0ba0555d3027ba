/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline files: found in the folders in order, parsed once, kept in the cache. */
#include <pthread.h>

#include "base/fs.h"
#include "base/limits.h"
#include "builder/recipe/recipe_private.h"

struct recipe_cache {
	pthread_mutex_t
		lock; /* guards all that follows; files do not change once they are in */
	struct arena *arena;
	struct map *
		files; /* path → struct pipeline_file; root NULL: there is no such file */
};

int recipe_cache_new(struct recipe_cache **ret_cache, struct error *err)
{
	cleanup_recipe_cache struct recipe_cache *cache = calloc(1, sizeof(*cache));
	if (!cache)
		return error_set_memory(err);
	(void)pthread_mutex_init(
		&cache->lock, NULL); /* cannot fail with default attributes */
	if (arena_new(&cache->arena, err) < 0 || map_new(&cache->files, err) < 0)
		return err->class;
	*ret_cache = take_ptr(cache);
	return 0;
}

void recipe_cache_free(struct recipe_cache **cache)
{
	if (!*cache)
		return;
	map_free(&(*cache)->files);
	arena_free(&(*cache)->arena);
	(void)pthread_mutex_destroy(&(*cache)->lock);
	free(*cache);
	*cache = NULL;
}

static int file_parse(struct recipe_cache *cache, const char *path, struct slice text,
	struct pipeline_file *file, struct error *err)
{
	struct yaml_node *root;
	if (yaml_load_slice(text, path, cache->arena, &root, err) < 0 ||
		schema_check(root, schema_pipeline_file, "pipeline", path, err) < 0)
		return err->class;
	if (root->kind != YAML_MAPPING)
		return yaml_error(root, path, err, "a pipeline file must be a mapping");
	file->path = path;
	file->root = root;
	return 0;
}

/* *ret_missing instead of an error if there is no such file. */
static int file_read(const char *directory, const char *name, struct buffer *out,
	bool *ret_missing, struct error *err)
{
	cleanup_fd int dirfd = -1, fd = -1;
	struct error inner = ERROR_INIT;
	cleanup_mapping struct fs_mapping mapping = {0};
	*ret_missing = false;
	if (fs_open_dir(AT_FDCWD, directory, &dirfd, err) < 0)
		return error_remedy(err, "name the folders that there are with --recipes "
					 "and --pipeline-dir");
	if (fs_open(dirfd, name, FS_BENEATH, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd,
		    &inner) < 0) {
		*ret_missing = inner.sys == ENOENT || inner.sys == ENOTDIR;
		if (*ret_missing)
			return 0;
		*err = inner;
		return err->class;
	}
	if (fs_map(fd, &mapping, err) < 0)
		return err->class;
	if (mapping.bytes.len > LIMIT_YAML_BYTES)
		return error_set(err, ERR_INPUT, "pipeline %s: more than %zu bytes", name,
			LIMIT_YAML_BYTES);
	return buffer_add_slice(out, mapping.bytes, err);
}

static int file_load(struct recipe_cache *cache, const char *directory, const char *uses,
	const char *path, struct pipeline_file **ret_file, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct pipeline_file *file = arena_alloc(cache->arena, sizeof(*file));
	char *kept = arena_strdup(cache->arena, path);
	char *name = arena_printf(cache->arena, "%s.yaml", uses);
	bool missing;
	if (!file || !kept || !name)
		return error_set_memory(err);
	if (file_read(directory, name, &text, &missing, err) < 0)
		return err->class;
	if (!missing && file_parse(cache, kept, buffer_slice(&text), file, err) < 0)
		return err->class;
	*ret_file = file;
	return map_put(cache->files, slice_str(path), file, err);
}

static int find_locked(struct recipe_cache *cache, const struct recipe_options *options,
	const char *uses, const struct pipeline_file **ret_file, struct error *err)
{
	*ret_file = NULL;
	for (size_t i = 0; i < options->pipeline_dir_count; i++) {
		cleanup_buffer struct buffer path = BUFFER_INIT;
		struct pipeline_file *file;
		const char *directory = options->pipeline_dirs[i];
		if (buffer_printf(&path, err, "%s/%s.yaml", directory, uses) < 0)
			return err->class;
		file = map_get(cache->files, buffer_slice(&path));
		if (!file && file_load(cache, directory, uses, buffer_str(&path), &file,
				     err) < 0)
			return err->class;
		if (file->root) {
			*ret_file = file;
			return 0;
		}
	}
	return 0;
}

int pipeline_file_find(struct recipe_cache *cache, const struct recipe_options *options,
	const char *uses, const struct pipeline_file **ret_file, struct error *err)
{
	(void)pthread_mutex_lock(&cache->lock); /* fails only if misused */
	(void)find_locked(cache, options, uses, ret_file, err); /* err says it */
	(void)pthread_mutex_unlock(&cache->lock);
	return error_is_set(err) ? err->class : 0;
}
