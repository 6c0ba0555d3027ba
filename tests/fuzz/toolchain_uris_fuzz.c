/* SPDX-License-Identifier: Apache-2.0 */
/* What apt-get prints: whatever is taken has names of its own, pool paths and digests. */
#include "builder/source/toolchain_pin_private.h"

#define MIRROR "http://mirror.example/debian"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct toolchain_deb *debs = NULL;
	size_t count = 0;
	cleanup_arena struct arena *arena = NULL;
	if (arena_new(&arena, &err) < 0)
		return 0;
	if (toolchain_parse_uris(
		    slice_from(data, size), MIRROR, arena, &debs, &count, &err) < 0) {
		if (!error_is_set(&err) || debs)
			abort();
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		struct slice version = slice_str(debs[i].version);
		if (!toolchain_is_debian_name(debs[i].name) || debs[i].size == 0 ||
			!toolchain_is_pool_path(slice_str(debs[i].path)) ||
			version.len == 0 || !slice_is_printable(version))
			abort();
		for (size_t k = 0; k < i; k++)
			if (strcmp(debs[i].name, debs[k].name) == 0)
				abort();
	}
	return 0;
}
