/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Up to the first newline a pattern, behind it a text: replacing every match by itself
 * changes nothing, and the work stays below what was given.
 */
#include "base/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct slice text = slice_from(data, size), match;
	struct error err = ERROR_INIT;
	struct pattern *pattern = NULL;
	size_t work_left = 1000 * 1000;
	char *copy;
	if (!slice_cut(&text, '\n', &match) || arena_new(&arena, &err) < 0 ||
		!(copy = arena_strndup(arena, match)))
		return 0;
	if (pattern_compile(copy, arena, &pattern, &err) < 0) {
		if (err.class != ERR_INPUT || pattern)
			abort();
		return 0;
	}
	if (pattern_replace(pattern, text, SLICE("$0"), &work_left, &out, &err) < 0) {
		if (err.class != ERR_INPUT)
			abort();
		return 0;
	}
	if (!slice_equal(buffer_slice(&out), text))
		abort();
	return 0;
}
