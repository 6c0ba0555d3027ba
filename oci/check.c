/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/repository_private.h"

#define DEPTH_MAX 8

struct walk {
	struct repository *repository;
	struct arena *arena;
	struct descriptor_list seen;
	bool only_collect; /* what is there, without reading it */
};

static int discard(void *context, const void *data, size_t len, struct error *err)
{
	(void)context, (void)data, (void)len, (void)err; /* only the check counts */
	return 0;
}

static void nothing(void *context)
{
	(void)context;
}

/* What is wrong with the content is a refusal; that it could not be read stays what it
 * is. */
static int refuse(struct error *err)
{
	if (err->class == ERR_INPUT)
		err->class = ERR_REFUSED;
	return err->class;
}

static int check_blob(
	struct walk *walk, const struct descriptor *descriptor, struct error *err)
{
	static const struct writer_ops ops = {.write = discard, .free = nothing};
	cleanup_writer struct writer *writer = NULL;

	if (descriptor_list_find(&walk->seen, &descriptor->digest))
		return 0;
	if (walk->only_collect)
		return descriptor_list_add(walk->arena, &walk->seen, descriptor, err);
	if (writer_new(&ops, NULL, &writer, err) < 0 ||
		repository_copy_blob_to(walk->repository, descriptor, writer, err) < 0 ||
		descriptor_list_add(walk->arena, &walk->seen, descriptor, err) < 0)
		return refuse(err);
	return 0;
}

static int check_manifest(struct walk *walk, const struct descriptor *descriptor,
	unsigned depth, struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	char text[DIGEST_TEXT_MAX];
	bool found;

	if (descriptor_list_find(&walk->seen, &descriptor->digest))
		return 0;
	if (depth > DEPTH_MAX)
		return error_set(err, ERR_REFUSED, "indexes are nested too deeply");
	if (repository_load_manifest(
		    walk->repository, descriptor, &manifest, &found, err) < 0)
		return refuse(err);
	if (!found)
		return error_set(err, ERR_REFUSED, "%s: manifest %s is not there",
			walk->repository->name, digest_format(&descriptor->digest, text));
	if (!manifest->is_index && check_blob(walk, &manifest->config, err) < 0)
		return err->class;
	for (size_t i = 0; i < manifest->count; i++)
		if (manifest->is_index ? check_manifest(walk, &manifest->items[i],
						 depth + 1, err) < 0
				       : check_blob(walk, &manifest->items[i], err) < 0)
			return err->class;
	return descriptor_list_add(walk->arena, &walk->seen, descriptor, err);
}

static int check_entries(struct walk *walk, struct error *err)
{
	struct descriptor_list entries = {0};

	if (walk->repository->ops->entries(walk->repository, walk->arena, &entries, err) <
		0)
		return refuse(err);
	for (size_t i = 0; i < entries.count; i++)
		if (check_manifest(walk, &entries.items[i], 0, err) < 0)
			return err->class;
	return 0;
}

int repository_check(
	struct repository *repository, const struct descriptor *image, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct walk walk = {.repository = repository};

	if (arena_new(&arena, err) < 0)
		return err->class;
	walk.arena = arena;
	if (image)
		return check_manifest(&walk, image, 0, err);
	if (!repository->ops->entries)
		return error_set(err, ERR_USAGE, "%s: name the image to be checked",
			repository->name);
	return check_entries(&walk, err);
}

int repository_reach(struct repository *repository, struct arena *arena,
	struct descriptor_list *ret_reached, struct error *err)
{
	struct walk walk = {
		.repository = repository, .arena = arena, .only_collect = true};

	if (check_entries(&walk, err) < 0)
		return err->class;
	*ret_reached = walk.seen;
	return 0;
}
