/* SPDX-License-Identifier: Apache-2.0 */
/* A block that is accepted and written again gives the same bytes; key parsing never
 * crashes. */
#include "signing/key.h"
#include "signing/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer der = BUFFER_INIT, text = BUFFER_INIT,
				     again = BUFFER_INIT;
	cleanup_key struct key *key = NULL;
	struct slice label, label_again;

	if (pem_decode(slice_from(data, size), &label, &der, &err) < 0)
		return 0;
	if (pem_encode("SOME LABEL", buffer_slice(&der), &text, &err) < 0)
		abort();
	if (text.len <= 65536 &&
		(pem_decode(buffer_slice(&text), &label_again, &again, &err) < 0 ||
			!slice_equal(buffer_slice(&der), buffer_slice(&again))))
		abort();
	if (key_from_pem(slice_from(data, size), &key, &err) < 0)
		return 0;
	buffer_clear(&text);
	if (key_to_pem(key, &text, &err) < 0)
		abort();
	buffer_clear(&again);
	if (pem_decode(buffer_slice(&text), &label_again, &again, &err) < 0 ||
		!slice_equal(buffer_slice(&der), buffer_slice(&again)))
		abort();
	return 0;
}
