/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/make/pack.h"

#include "base/log.h"
#include "builder/make/declare.h"
#include "builder/make/sbom.h"
#include "builder/package/apk.h"
#include "builder/package/fragment.h"

#define WORKSPACE "upper/home/build"

static int copy_list(struct arena *arena, const struct recipe_list *from,
	struct package_list *to, struct error *err)
{
	to->items = arena_array(arena, from->count, sizeof(*to->items));
	if (!to->items)
		return error_set_memory(err);
	for (size_t i = 0; i < from->count; i++, to->count++)
		if (!(to->items[i] = arena_strdup(arena, from->items[i])))
			return error_set_memory(err);
	return 0;
}

static int copy_scripts(
	const struct recipe_package *from, struct package *to, struct error *err)
{
	to->scripts = arena_array(to->arena, from->scriptlet_count, sizeof(*to->scripts));
	if (!to->scripts)
		return error_set_memory(err);
	for (size_t i = 0; i < from->scriptlet_count; i++, to->script_count++) {
		to->scripts[i].name = arena_strdup(to->arena, from->scriptlets[i].name);
		to->scripts[i].text = arena_strdup(to->arena, from->scriptlets[i].value);
		if (!to->scripts[i].name || !to->scripts[i].text)
			return error_set_memory(err);
	}
	return 0;
}

static const char *first_of(const char *a, const char *b)
{
	return *a ? a : b;
}

/* The apk format has no negative ones: they mean "none". */
static uint64_t priority(int64_t value)
{
	return value > 0 ? (uint64_t)value : 0; /* tested */
}

static int describe(const struct recipe *recipe, const struct recipe_package *from,
	int64_t mtime, struct package *to, struct error *err)
{
	const struct recipe_package *main_package = &recipe->packages[0];
	struct arena *arena = to->arena;
	to->name = arena_strdup(arena, from->name);
	to->version = arena_strdup(arena, recipe->full_version);
	to->architecture = arena_strdup(arena, recipe->architecture);
	to->description = package_one_line(
		arena, first_of(from->description, main_package->description));
	to->url = arena_strdup(arena, first_of(from->url, main_package->url));
	to->license = arena_strdup(arena, recipe->license);
	to->origin = arena_strdup(arena, recipe->name);
	to->commit = arena_strdup(arena, from->commit);
	to->maintainer = "";
	to->triggers = arena_strdup(arena, from->trigger_paths);
	to->build_date = mtime;
	to->provider_priority = priority(from->dependencies.provider_priority);
	to->replaces_priority = priority(from->dependencies.replaces_priority);
	if (!to->name || !to->version || !to->architecture || !to->description ||
		!to->url || !to->license || !to->origin || !to->commit || !to->triggers)
		return error_set_memory(err);
	if (copy_list(arena, &from->dependencies.runtime, &to->depends, err) < 0 ||
		copy_list(arena, &from->dependencies.provides, &to->provides, err) < 0 ||
		copy_list(arena, &from->dependencies.replaces, &to->replaces, err) < 0)
		return err->class;
	return copy_scripts(from, to, err);
}

static int collect(struct packing *packing, const struct recipe_package *from,
	struct package **ret_package, struct error *err)
{
	cleanup_package struct package *package = NULL;
	cleanup_buffer struct buffer path = BUFFER_INIT;
	cleanup_fd int output = -1;
	struct package_collect_options declared;
	if (package_new(&package, err) < 0 ||
		declare_attributes(from, packing->arena, &declared, err) < 0 ||
		describe(packing->made->item->recipe, from, packing->options->mtime,
			package, err) < 0 ||
		buffer_printf(&path, err, WORKSPACE "/melange-out/%s", from->name) < 0 ||
		fs_open(packing->scratch_fd, buffer_str(&path), FS_BENEATH,
			O_RDONLY | O_DIRECTORY, 0, &output, err) < 0 ||
		package_collect(
			package, output, packing->options->store, &declared, err) < 0 ||
		declare_check(&declared, package->tree, err) < 0)
		return err->class;
	*ret_package = take_ptr(package);
	return 0;
}

/* The .apk in the store is unsigned: a signature is put before it when it is exported. */
static int pack(struct packing *packing, const struct recipe_package *from,
	struct package *package, struct error *err)
{
	struct store *store = packing->options->store;
	struct made *made = packing->made;
	cleanup_fragment_index struct fragment_index *fragments = NULL;
	int64_t mtime = packing->options->mtime;
	struct package_scan_options scan = {.no_provides = from->no_provides,
		.no_depends = from->no_depends,
		.no_commands = from->no_commands,
		.siblings = (const struct package *const *)made->packages,
		.sibling_count = made->package_count};
	if (package_scan(package, store, &scan, err) < 0 ||
		apk_write(package, store, SLICE_EMPTY, NULL, mtime, err) < 0)
		return err->class;
	return fragment_index_get(
		store, package->tree, COMPRESSION_GZIP, mtime, &fragments, err);
}

/* What the builder adds to what the steps left. */
static int complete(struct packing *packing, const struct license_texts *texts,
	struct package *package, struct error *err)
{
	struct store *store = packing->options->store;
	struct sbom_facts facts = {
		.made = packing->made, .texts = texts, .mtime = packing->options->mtime};
	if (license_texts_add(texts, package, store, err) < 0)
		return err->class;
	return sbom_add(&facts, package, store, err);
}

static int collect_all(struct packing *packing, struct error *err)
{
	const struct recipe *recipe = packing->made->item->recipe;
	struct made *made = packing->made;
	struct license_texts texts = {.arena = packing->arena};
	cleanup_fd int workspace = -1;
	if (fs_open(packing->scratch_fd, WORKSPACE, FS_BENEATH, O_RDONLY | O_DIRECTORY, 0,
		    &workspace, err) < 0 ||
		license_texts_find(workspace, recipe, &texts, err) < 0)
		return err->class;
	for (size_t i = 0; i < recipe->package_count; i++) {
		log_task_step(packing->task, "collect %s", recipe->packages[i].name);
		if (collect(packing, &recipe->packages[i], &made->packages[i], err) < 0)
			return error_wrap(err, "package %s", recipe->packages[i].name);
		made->package_count++;
		if (complete(packing, &texts, made->packages[i], err) < 0)
			return error_wrap(err, "package %s", recipe->packages[i].name);
	}
	return 0;
}

int make_pack(struct packing *packing, struct error *err)
{
	struct made *made = packing->made;
	const struct recipe *recipe = made->item->recipe;
	made->packages =
		arena_array(made->arena, recipe->package_count, sizeof(struct package *));
	if (!made->packages)
		return error_set_memory(err);
	if (collect_all(packing, err) < 0)
		return err->class;
	for (size_t i = 0; i < recipe->package_count; i++) {
		log_task_step(packing->task, "pack %s", recipe->packages[i].name);
		if (pack(packing, &recipe->packages[i], made->packages[i], err) < 0)
			return error_wrap(err, "package %s", recipe->packages[i].name);
	}
	return 0;
}
