/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build_private.h"

#include "builder/image/resolve.h"

/* Both kinds: what differs is only what the image says of them. */
static int join_repositories(
	struct building *building, struct external_lists *ret_lists, struct error *err)
{
	const struct image_recipe *recipe = building->recipe;
	const struct recipe_list *lists[] = {
		&recipe->repositories, &recipe->build_repositories};
	const char **all = arena_array(building->arena,
		recipe->repositories.count + recipe->build_repositories.count,
		sizeof(*all));
	size_t count = 0;
	if (!all)
		return error_set_memory(err);
	if (recipe->runtime_repositories.count)
		return error_set(err, ERR_INPUT,
			"contents.runtime_repositories is not supported: put "
			"/etc/apk/repositories into a package that the image contains");
	for (size_t l = 0; l < ARRAY_LEN(lists); l++)
		for (size_t i = 0; i < lists[l]->count; i++)
			all[count++] = lists[l]->items[i];
	*ret_lists = (struct external_lists){.repositories = all,
		.repository_count = count,
		.keyring = recipe->keyring.items,
		.key_count = recipe->keyring.count};
	return 0;
}

int building_split(
	struct building *building, struct recipe_list *ret_ours, struct error *err)
{
	struct external_options options = building_external_options(building);
	struct external_lists lists;
	options.catalog = building->catalog;
	if (join_repositories(building, &lists, err) < 0 ||
		external_open(&lists, &options, &building->external, err) < 0)
		return error_wrap(err, "%s", building->recipe->path);
	return external_split(
		building->external, &building->recipe->packages, ret_ours, err);
}

static const struct package *find_package(
	const struct building *building, const struct index_entry *entry)
{
	for (size_t m = 0; m < building->made_count; m++)
		for (size_t p = 0; p < building->made[m]->package_count; p++) {
			const struct package *package = building->made[m]->packages[p];
			if (strcmp(package->name, entry->name) == 0 &&
				strcmp(package->version, entry->version) == 0)
				return package;
		}
	return NULL;
}

int building_choose(struct building *building, struct error *err)
{
	cleanup_index struct package_index *index = NULL;
	CLEANUP(resolution_done) struct resolution resolution = {0};
	const struct recipe_list *wanted = &building->recipe->packages;
	if (package_index_new(&index, err) < 0)
		return err->class;
	for (size_t m = 0; m < building->made_count; m++)
		for (size_t p = 0; p < building->made[m]->package_count; p++)
			if (package_index_add(
				    index, building->made[m]->packages[p], err) < 0)
				return err->class;
	if (external_add(building->external, index, err) < 0)
		return err->class;
	if (resolve_packages(index, wanted->items, wanted->count, "the image",
		    &resolution, err) < 0)
		return error_wrap(err, "%s", building->recipe->path);
	building->packages = calloc(resolution.count + 1, sizeof(struct package *));
	building->addresses = calloc(resolution.count + 1, sizeof(char *));
	if (!building->packages || !building->addresses)
		return error_set_memory(err);
	for (size_t i = 0; i < resolution.count; i++) {
		const struct package *package =
			find_package(building, resolution.entries[i]);
		if (!package && external_get(building->external, resolution.entries[i],
					&package, &building->addresses[i], err) < 0)
			return err->class;
		building->packages[building->package_count++] = package;
	}
	return 0;
}

int building_compose(struct building *building, struct error *err)
{
	struct image_options options = {.recipe = building->recipe,
		.packages = building->packages,
		.package_count = building->package_count,
		.architecture = building->architecture,
		.compression = building->options->compression,
		.mtime = building->mtime};
	if (image_build(&options, building->store, &building->image, err) < 0)
		return err->class;
	return elf_audit_run(
		building->image->tree, building->store, &building->hardening, err);
}
