/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a checkout: a record that was read and written is read as the
 * same. */
#include "builder/source/git_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	struct git_record one, two;
	struct error err = ERROR_INIT;
	if (git_record_read(slice_from(data, size), &one, &err) < 0) {
		if (err.class != ERR_INPUT)
			abort();
		return 0;
	}
	if (!git_is_commit(slice_str(one.commit)) ||
		git_record_write(&one, &text, &err) < 0 ||
		git_record_read(buffer_slice(&text), &two, &err) < 0)
		abort();
	if (strcmp(one.commit, two.commit) != 0 || !digest_equal(&one.blob, &two.blob) ||
		!digest_equal(&one.tree, &two.tree) || one.size != two.size)
		abort();
	return 0;
}
