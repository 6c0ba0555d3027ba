/* SPDX-License-Identifier: Apache-2.0 */
/* What was accepted and is written again parses to the same. */
#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buffer struct buffer once = BUFFER_INIT, twice = BUFFER_INIT;
	cleanup_image_config struct image_config *first = NULL, *second = NULL;
	struct error err = ERROR_INIT;

	if (image_config_parse(slice_from(data, size), &first, &err) < 0) {
		if (!error_is_set(&err) || first)
			abort();
		return 0;
	}
	if (image_config_write(first, &once, &err) < 0)
		abort();
	if (image_config_parse(buffer_slice(&once), &second, &err) < 0) {
		if (!strstr(err.text, "more than")) /* escapes may make it longer */
			abort();
		return 0;
	}
	if (image_config_write(second, &twice, &err) < 0 ||
		!slice_equal(buffer_slice(&once), buffer_slice(&twice)))
		abort();
	return 0;
}
