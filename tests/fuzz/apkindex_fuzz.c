/* SPDX-License-Identifier: Apache-2.0 */
/* Property: an index written again is a fixed point: it reads back, and writes the same
 * text. */
#include "builder/package/index_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_index struct package_index *index = NULL, *again = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT, second = BUFFER_INIT;
	if (package_index_new(&index, &err) < 0 || package_index_new(&again, &err) < 0 ||
		index_text_read(slice_from(data, size), index, &err) < 0)
		return 0;
	if (index_text_write(index, &text, &err) < 0 ||
		index_text_read(buffer_slice(&text), again, &err) < 0 ||
		again->count != index->count || again->left_out != 0 ||
		index_text_write(again, &second, &err) < 0 ||
		!slice_equal(buffer_slice(&text), buffer_slice(&second)))
		abort();
	return 0;
}
