/* SPDX-License-Identifier: Apache-2.0 */
/* Refused with a reason, or whole: one signature, a media type, material in its limits.
 */
#include "signing/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entry(const struct log_entry *entry)
{
	const struct inclusion_proof *proof = entry->proof;

	if (entry->log_index > INT64_MAX || entry->integrated_time < 0 ||
		!entry->kind[0] || !entry->version[0] || entry->body.len == 0 ||
		entry->log_id.len == 0)
		abort();
	if (!proof)
		return;
	if (proof->hash_count > BUNDLE_HASHES_MAX || proof->root.len != BUNDLE_HASH_BYTES)
		abort();
	for (size_t i = 0; i < proof->hash_count; i++)
		if (proof->hashes[i].len != BUNDLE_HASH_BYTES)
			abort();
}

static void check_content(const struct bundle *bundle)
{
	if (!bundle->envelope) {
		if (bundle->message_signature.len == 0)
			abort();
		return;
	}
	if (bundle->envelope->signature_count != 1 ||
		bundle->envelope->signatures[0].signature.len == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_bundle struct bundle *bundle = NULL;

	if (bundle_parse(slice_from(data, size), &bundle, &err) < 0) {
		if (!error_is_set(&err) || bundle)
			abort();
		return 0;
	}
	if (!slice_starts_with(
		    slice_str(bundle->media_type), SLICE(BUNDLE_MEDIA_TYPE_PREFIX)) ||
		bundle->version < 1 || bundle->version > 3 || !bundle->key_hint ||
		bundle->has_key != (bundle->certificate_count == 0) ||
		bundle->certificate_count > BUNDLE_ITEMS_MAX ||
		bundle->entry_count > BUNDLE_ITEMS_MAX ||
		bundle->timestamp_count > BUNDLE_ITEMS_MAX)
		abort();
	check_content(bundle);
	for (size_t i = 0; i < bundle->entry_count; i++)
		check_entry(&bundle->entries[i]);
	return 0;
}
