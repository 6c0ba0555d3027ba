/* SPDX-License-Identifier: Apache-2.0 */
/* Refused with a reason, or whole: one signature, a media type, the material kept. */
#include "signing/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_bundle struct bundle *bundle = NULL;

	if (bundle_parse(slice_from(data, size), &bundle, &err) < 0) {
		if (!error_is_set(&err) || bundle)
			abort();
		return 0;
	}
	/* one signature, over an envelope or a message; one key or at least one
	 * certificate */
	if ((bundle->envelope ? bundle->envelope->signature_count != 1 ||
					bundle->envelope->signatures[0].signature.len == 0
			      : bundle->message_signature.len == 0) ||
		bundle->has_key == (bundle->certificate_count > 0) || !bundle->key_hint ||
		!slice_starts_with(
			slice_str(bundle->media_type), SLICE(BUNDLE_MEDIA_TYPE_PREFIX)))
		abort();
	return 0;
}
