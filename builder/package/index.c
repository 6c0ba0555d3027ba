/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/index.h"

#include "builder/package/apk_private.h"
#include "builder/package/index_private.h"

int package_index_new(struct package_index **ret_index, struct error *err)
{
	cleanup_index struct package_index *index = calloc(1, sizeof(*index));
	if (!index)
		return error_set_memory(err);
	if (arena_new(&index->arena, err) < 0)
		return err->class;
	*ret_index = take_ptr(index);
	return 0;
}

void package_index_free(struct package_index **index)
{
	if (!*index)
		return;
	arena_free(&(*index)->arena);
	free_ptr(index);
}

int package_index_append(
	struct package_index *index, struct index_entry **ret_entry, struct error *err)
{
	struct index_entry *entry = arena_append(index->arena, &index->entries,
		&index->count, &index->capacity, sizeof(*entry));
	if (!entry)
		return error_set_memory(err);
	*entry = INDEX_ENTRY_INIT;
	*ret_entry = entry;
	return 0;
}

static int copy_text(struct package_index *index, const char *text, const char **ret_text,
	struct error *err)
{
	*ret_text = arena_strdup(index->arena, text);
	return *ret_text ? 0 : error_set_memory(err);
}

static int copy_list(struct package_index *index, const struct package_list *list,
	struct package_list *ret_list, struct error *err)
{
	const char **items = arena_array(index->arena, list->count, sizeof(*items));
	if (!items)
		return error_set_memory(err);
	for (size_t i = 0; i < list->count; i++)
		if (copy_text(index, list->items[i], &items[i], err) < 0)
			return err->class;
	*ret_list = (struct package_list){items, list->count};
	return 0;
}

static int copy_texts(
	struct package_index *index, struct index_entry *entry, struct error *err)
{
	const char **const texts[] = {&entry->name, &entry->version, &entry->architecture,
		&entry->description, &entry->url, &entry->license, &entry->origin,
		&entry->commit, &entry->maintainer, &entry->tag};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (copy_text(index, *texts[i], texts[i], err) < 0)
			return err->class;
	return 0;
}

int package_index_add_entry(
	struct package_index *index, const struct index_entry *from, struct error *err)
{
	struct index_entry *entry;
	if (package_index_append(index, &entry, err) < 0)
		return err->class;
	*entry = *from;
	if (copy_texts(index, entry, err) < 0 ||
		copy_list(index, &from->depends, &entry->depends, err) < 0 ||
		copy_list(index, &from->provides, &entry->provides, err) < 0)
		return err->class;
	return copy_list(index, &from->install_if, &entry->install_if, err);
}

int package_index_add(
	struct package_index *index, const struct package *package, struct error *err)
{
	if (apk_check_package(package, err) < 0)
		return error_wrap(err, "package %s", package->name);
	if (!digest_is_set(&package->control_sha1))
		return error_set(
			err, ERR_BUG, "package %s has not been packed", package->name);
	const struct index_entry entry = {.name = package->name,
		.version = package->version,
		.architecture = package->architecture,
		.description = package->description,
		.url = package->url,
		.license = package->license,
		.origin = package->origin,
		.commit = package->commit,
		.maintainer = package->maintainer,
		.tag = "",
		.depends = package->depends,
		.provides = package->provides,
		.install_if = package->install_if,
		.size = package->file_size,
		.installed_size = package->installed_size,
		.provider_priority = package->provider_priority,
		.build_date = package->build_date,
		.control_sha1 = package->control_sha1,
		.file = package->file};
	return package_index_add_entry(index, &entry, err);
}
