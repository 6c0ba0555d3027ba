/* SPDX-License-Identifier: Apache-2.0 */
/* Writing is canonical, and a tag that was set is found. */
#include "oci/layout_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tag(struct layout_index *index)
{
	const struct descriptor *found;
	struct error err = ERROR_INIT;
	struct descriptor image = {.media_type = OCI_MANIFEST, .size = 5};
	size_t before = index->document->count;

	if (digest_of(DIGEST_SHA256, SLICE("x"), &image.digest, &err) < 0 ||
		layout_index_set_tag(index, "v1", &image, &err) < 0 ||
		layout_index_set_tag(index, "v1", &image, &err) < 0 ||
		layout_index_list(index, &image, &err) < 0)
		abort();
	found = layout_index_find(index, "v1");
	if (!found || !digest_equal(&found->digest, &image.digest) ||
		!layout_index_has(index, &image.digest) ||
		index->document->count > before + 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buffer struct buffer once = BUFFER_INIT, twice = BUFFER_INIT;
	cleanup_layout_index struct layout_index first = {0}, second = {0};
	struct error err = ERROR_INIT;

	if (layout_index_parse(slice_from(data, size), &first, &err) < 0) {
		if (!error_is_set(&err) || first.document)
			abort();
		return 0;
	}
	check_tag(&first);
	if (layout_index_write(&first, &once, &err) < 0)
		abort();
	if (layout_index_parse(buffer_slice(&once), &second, &err) < 0) {
		if (!strstr(err.text, "more than")) /* escapes may make it longer */
			abort();
		return 0;
	}
	if (layout_index_write(&second, &twice, &err) < 0 ||
		!slice_equal(buffer_slice(&once), buffer_slice(&twice)))
		abort();
	return 0;
}
