/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/source/toolchain_private.h"

/* Part of every layer's digest: change it when unpacking gives something else. */
#define LAYER_FORMAT "alnage-layer-1"

static int compare_debs(const void *left, const void *right)
{
	const struct toolchain_deb *const *a = left, *const *b = right;
	return strcmp((*a)->name, (*b)->name);
}

static bool group_has(
	const struct toolchain_group *group, const struct toolchain_deb *deb)
{
	for (size_t i = 0; i < group->deb_count; i++)
		if (group->debs[i] == deb)
			return true;
	return false;
}

int toolchain_group_debs(const struct toolchain *toolchain,
	const struct toolchain_group *group, struct arena *arena,
	const struct toolchain_deb ***ret_debs, size_t *ret_count, struct error *err)
{
	size_t count = 0;
	const struct toolchain_deb **debs =
		arena_array(arena, group->deb_count, sizeof(*debs));
	if (!debs)
		return error_set_memory(err);
	for (size_t i = 0; i < group->deb_count; i++)
		if (group == toolchain->base ||
			!group_has(toolchain->base, group->debs[i]))
			debs[count++] = group->debs[i];
	if (count)
		qsort(debs, count, sizeof(*debs), compare_debs);
	*ret_debs = debs;
	*ret_count = count;
	return 0;
}

int toolchain_group_digest(const struct toolchain *toolchain,
	const struct toolchain_group *group, struct digest *ret_digest, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	const struct toolchain_deb **debs = NULL;
	size_t count = 0;
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer all = BUFFER_INIT;
	if (arena_new(&arena, err) < 0 ||
		toolchain_group_debs(toolchain, group, arena, &debs, &count, err) < 0 ||
		buffer_add_str(&all, LAYER_FORMAT " debs\n", err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (buffer_printf(
			    &all, err, "%s\n", digest_format(&debs[i]->digest, text)) < 0)
			return err->class;
	return digest_of(DIGEST_SHA256, buffer_slice(&all), ret_digest, err);
}

/* Lengths before texts, so that no two lists give the same bytes. */
static int add_files(struct buffer *all, const char *kind,
	const struct toolchain_files *files, struct error *err)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct toolchain_file *file = &files->items[i];
		const char *text = file->text ? file->text : "";
		if (buffer_printf(all, err, "%s %o %zu %zu\n%s%s\n", kind, file->mode,
			    strlen(file->path), strlen(text), file->path, text) < 0)
			return err->class;
	}
	return 0;
}

int toolchain_declared_digest(
	const struct toolchain *toolchain, struct digest *ret_digest, struct error *err)
{
	cleanup_buffer struct buffer all = BUFFER_INIT;
	if (buffer_add_str(&all, LAYER_FORMAT " declared\n", err) < 0 ||
		add_files(&all, "directory", &toolchain->directories, err) < 0 ||
		add_files(&all, "link", &toolchain->links, err) < 0 ||
		add_files(&all, "file", &toolchain->files, err) < 0)
		return err->class;
	return digest_of(DIGEST_SHA256, buffer_slice(&all), ret_digest, err);
}

/* ---- selection ---- */

static int unknown_name(
	const struct toolchain *toolchain, const char *name, struct error *err)
{
	(void)toolchain;
	error_set(err, ERR_INPUT, "'%s' is no group of the toolchain", name);
	return error_remedy(err,
		"add a recipe that makes it, a group to recipes/toolchain.yaml and run "
		"'alnage toolchain lock', or name a repository that has it "
		"(--repository)");
}

static int compare_texts(const void *left, const void *right)
{
	const char *const *a = left, *const *b = right;
	return strcmp(*a, *b);
}

static int unite(struct arena *arena, struct recipe_list *list, size_t *capacity,
	const struct recipe_list *more, struct error *err)
{
	for (size_t i = 0; i < more->count; i++) {
		bool known = false;
		for (size_t k = 0; k < list->count; k++)
			known |= strcmp(list->items[k], more->items[i]) == 0;
		if (known)
			continue;
		const char **slot = arena_append(
			arena, &list->items, &list->count, capacity, sizeof(*slot));
		if (!slot || !(*slot = arena_strdup(arena, more->items[i])))
			return error_set_memory(err);
	}
	return 0;
}

/* Names to groups, without what is provided; sorted, unique. */
static int choose_groups(const struct toolchain *toolchain,
	const struct recipe_list *names, struct toolchain_layers *layers,
	struct error *err)
{
	size_t capacity = 0, package_capacity = 0;
	struct recipe_list chosen = {0};
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		if (toolchain_provides(toolchain, name))
			continue;
		const struct toolchain_group *group =
			toolchain_find_group(toolchain, name);
		if (!group)
			return unknown_name(toolchain, name, err);
		struct recipe_list one = {&name, 1};
		if (unite(layers->arena, &layers->packages, &package_capacity,
			    &group->packages, err) < 0)
			return err->class;
		if (group != toolchain->base &&
			unite(layers->arena, &chosen, &capacity, &one, err) < 0)
			return err->class;
	}
	if (chosen.count)
		qsort(chosen.items, chosen.count, sizeof(*chosen.items), compare_texts);
	if (layers->packages.count)
		qsort(layers->packages.items, layers->packages.count,
			sizeof(*layers->packages.items), compare_texts);
	struct recipe_list base = {&toolchain->base->name, 1};
	if (unite(layers->arena, &chosen, &capacity, &base, err) < 0)
		return err->class;
	layers->groups = chosen.items;
	layers->group_count = chosen.count;
	return 0;
}

static int copy_deb(struct arena *arena, const struct toolchain_deb *deb,
	struct toolchain_deb *copy, struct error *err)
{
	*copy = *deb;
	copy->name = arena_strdup(arena, deb->name);
	copy->version = arena_strdup(arena, deb->version);
	copy->path = arena_strdup(arena, deb->path);
	return copy->name && copy->version && copy->path ? 0 : error_set_memory(err);
}

static int compare_copies(const void *left, const void *right)
{
	const struct toolchain_deb *a = left, *b = right;
	return strcmp(a->name, b->name);
}

static int collect_debs(const struct toolchain *toolchain,
	struct toolchain_layers *layers, struct error *err)
{
	layers->debs =
		arena_array(layers->arena, toolchain->deb_count, sizeof(*layers->debs));
	if (!layers->debs)
		return error_set_memory(err);
	for (size_t i = 0; i < toolchain->deb_count; i++) {
		bool wanted = false;
		for (size_t g = 0; g < layers->group_count; g++)
			wanted |= group_has(
				toolchain_find_group(toolchain, layers->groups[g]),
				&toolchain->debs[i]);
		if (wanted && copy_deb(layers->arena, &toolchain->debs[i],
				      &layers->debs[layers->deb_count++], err) < 0)
			return err->class;
	}
	if (layers->deb_count)
		qsort(layers->debs, layers->deb_count, sizeof(*layers->debs),
			compare_copies);
	return 0;
}

/* All that a step can notice: the layers, their order, and the common environment. */
static int digest_layers(const struct toolchain *toolchain,
	struct toolchain_layers *layers, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	struct digest digest;
	cleanup_buffer struct buffer all = BUFFER_INIT;
	if (toolchain_declared_digest(toolchain, &digest, err) < 0 ||
		buffer_printf(&all, err, "%s\n", digest_format(&digest, text)) < 0)
		return err->class;
	for (size_t i = 0; i < layers->group_count; i++)
		if (toolchain_group_digest(toolchain,
			    toolchain_find_group(toolchain, layers->groups[i]), &digest,
			    err) < 0 ||
			buffer_printf(&all, err, "%s\n", digest_format(&digest, text)) <
				0)
			return err->class;
	for (size_t i = 0; i < toolchain->environment_count; i++) {
		const struct recipe_variable *variable = &toolchain->environment[i];
		if (buffer_printf(&all, err, "%s %zu\n%s\n", variable->name,
			    strlen(variable->value), variable->value) < 0)
			return err->class;
	}
	return digest_of(DIGEST_SHA256, buffer_slice(&all), &layers->digest, err);
}

int toolchain_select(const struct toolchain *toolchain, const struct recipe_list *names,
	struct toolchain_layers *ret_layers, struct error *err)
{
	cleanup_toolchain_layers struct toolchain_layers layers = {0};
	if (arena_new(&layers.arena, err) < 0 ||
		choose_groups(toolchain, names, &layers, err) < 0 ||
		collect_debs(toolchain, &layers, err) < 0 ||
		digest_layers(toolchain, &layers, err) < 0)
		return err->class;
	*ret_layers = layers;
	layers = (struct toolchain_layers){0};
	return 0;
}

void toolchain_layers_done(struct toolchain_layers *layers)
{
	struct arena *arena = layers->arena;
	arena_free(&arena);
	*layers = (struct toolchain_layers){0};
}
