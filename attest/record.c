/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/record.h"

int record_new(struct record **ret_record, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct record *record;

	if (arena_new(&arena, err) < 0)
		return err->class;
	record = arena_alloc(arena, sizeof(*record));
	if (!record)
		return error_set_memory(err);
	record->arena = take_ptr(arena);
	*ret_record = record;
	return 0;
}

void record_free(struct record **record)
{
	struct arena *arena;

	if (!*record)
		return;
	arena = (*record)->arena; /* the record itself lies in it */
	arena_free(&arena);
	*record = NULL;
}

struct record_material *record_add_material(struct record *record)
{
	return arena_append(record->arena, &record->materials, &record->material_count,
		&record->material_capacity, sizeof(*record->materials));
}

struct record_package *record_add_package(struct record *record)
{
	return arena_append(record->arena, &record->packages, &record->package_count,
		&record->package_capacity, sizeof(*record->packages));
}

struct record_file *record_add_file(struct record *record)
{
	return arena_append(record->arena, &record->files, &record->file_count,
		&record->file_capacity, sizeof(*record->files));
}
