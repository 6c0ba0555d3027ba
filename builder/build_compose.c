/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/build_private.h"

#include "builder/image/resolve.h"

int building_split(
	struct building *building, struct recipe_list *ret_ours, struct error *err)
{
	struct external_options options = {.catalog = building->catalog,
		.sources = building->options->sources,
		.store = building->store,
		.architecture = building->architecture,
		.accept_sha1 = building->options->accept_sha1,
		.trust = building->options->trust};
	if (external_open(building->recipe, &options, &building->external, err) < 0)
		return err->class;
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
	if (resolve_packages(
		    index, wanted->items, wanted->count, &resolution, NULL, err) < 0)
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
