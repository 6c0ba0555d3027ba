/* SPDX-License-Identifier: Apache-2.0 */
/* What loads is written again, loads to the same value and is then written the same. */
#include <jansson.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_style(const json_t *first, enum json_style style)
{
	struct error err = ERROR_INIT;
	cleanup_json json_t *second = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT, again = BUFFER_INIT;
	if (json_dump(first, style, &out, &err) < 0 ||
		json_load_slice(buffer_slice(&out), "again", &second, &err) < 0 ||
		!json_equal(first, second) ||
		json_dump(second, style, &again, &err) < 0 ||
		!slice_equal(buffer_slice(&out), buffer_slice(&again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_json json_t *first = NULL;
	if (json_load_slice(slice_from(data, size), "fuzz", &first, &err) < 0) {
		if (!error_is_set(&err) || first)
			abort();
		return 0;
	}
	check_style(first, JSON_STYLE_COMPACT);
	check_style(first, JSON_STYLE_PRETTY);
	return 0;
}
