/* SPDX-License-Identifier: Apache-2.0 */
/* What loads is written again and loads to the same tree. */
#include "base/buffer.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same_tree(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a->kind != b->kind || a->is_null != b->is_null || a->count != b->count ||
		strcmp(a->text, b->text) != 0 || (a->quoted && !b->quoted))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->kind == YAML_SEQUENCE && !same_tree(a->items[i], b->items[i]))
			return false;
		if (a->kind == YAML_MAPPING &&
			(strcmp(a->pairs[i].key, b->pairs[i].key) != 0 ||
				!same_tree(a->pairs[i].value, b->pairs[i].value)))
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct yaml_node *first = NULL, *second = NULL;
	if (arena_new(&arena, &err) < 0)
		return 0;
	if (yaml_load_slice(slice_from(data, size), "fuzz", arena, &first, &err) < 0) {
		if (!error_is_set(&err) || first)
			abort();
		return 0;
	}
	if (yaml_dump(first, &out, &err) < 0 ||
		yaml_load_slice(buffer_slice(&out), "again", arena, &second, &err) < 0 ||
		!same_tree(first, second))
		abort();
	return 0;
}
