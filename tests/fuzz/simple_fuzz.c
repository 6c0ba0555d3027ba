/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted and written again says the same. */
#include "signing/simple.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct simple_payload first, second;

	if (arena_new(&arena, &err) < 0)
		return 0;
	if (simple_parse(slice_from(data, size), arena, &first, &err) < 0) {
		if (!error_is_set(&err))
			abort();
		return 0;
	}
	if (simple_write(&first, &out, &err) < 0 ||
		simple_parse(buffer_slice(&out), arena, &second, &err) < 0 ||
		strcmp(first.docker_reference, second.docker_reference) != 0 ||
		!digest_equal(&first.manifest, &second.manifest))
		abort();
	return 0;
}
