/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted and written again parses to the same envelope. */
#include "signing/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct envelope *a, const struct envelope *b)
{
	if (strcmp(a->payload_type, b->payload_type) != 0 ||
		!slice_equal(a->payload, b->payload) ||
		a->signature_count != b->signature_count)
		return false;
	for (size_t i = 0; i < a->signature_count; i++)
		if (strcmp(a->signatures[i].keyid, b->signatures[i].keyid) != 0 ||
			!slice_equal(
				a->signatures[i].signature, b->signatures[i].signature))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_envelope struct envelope *first = NULL, *second = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;

	if (envelope_parse(slice_from(data, size), &first, &err) < 0) {
		if (!error_is_set(&err) || first)
			abort();
		return 0;
	}
	if (envelope_write(first, &out, &err) < 0 ||
		envelope_parse(buffer_slice(&out), &second, &err) < 0 ||
		!same(first, second))
		abort();
	return 0;
}
