/* SPDX-License-Identifier: Apache-2.0 */
/* What was accepted and is written again parses to the same, under the same announced
 * type. */
#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct manifest *first)
{
	cleanup_buffer struct buffer once = BUFFER_INIT, twice = BUFFER_INIT;
	cleanup_manifest struct manifest *second = NULL;
	struct error err = ERROR_INIT;

	/* escapes may make it longer than what was read: then it is refused, not wrong */
	if (manifest_write(first, &once, &err) < 0)
		abort();
	if (manifest_parse(buffer_slice(&once), first->media_type, &second, &err) < 0) {
		if (!strstr(err.text, "more than"))
			abort();
		return;
	}
	if (second->count != first->count || second->is_index != first->is_index ||
		second->has_subject != first->has_subject ||
		manifest_write(second, &twice, &err) < 0 ||
		!slice_equal(buffer_slice(&once), buffer_slice(&twice)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL, OCI_MANIFEST, OCI_INDEX};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		cleanup_manifest struct manifest *manifest = NULL;
		struct error err = ERROR_INIT;
		int result =
			manifest_parse(slice_from(data, size), types[i], &manifest, &err);

		if (result < 0) {
			if (!error_is_set(&err) || manifest)
				abort();
			continue;
		}
		if (types[i] && manifest->is_index != (strcmp(types[i], OCI_INDEX) == 0))
			abort(); /* CVE-2021-41190 */
		round_trip(manifest);
	}
	return 0;
}
