/* SPDX-License-Identifier: Apache-2.0 */
/* Refused with a reason, or whole: windows in order, certificates in every chain. */
#include "signing/trusted_root.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_authorities(const struct trusted_authority *authorities, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (authorities[i].certificate_count == 0 ||
			authorities[i].certificate_count > TRUSTED_CHAIN_MAX ||
			authorities[i].window.end < authorities[i].window.start)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_trusted_root struct trusted_root *root = NULL;

	if (trusted_root_parse(slice_from(data, size), &root, &err) < 0) {
		if (!error_is_set(&err) || root)
			abort();
		return 0;
	}
	for (size_t i = 0; i < root->log_count; i++)
		if (root->logs[i].id.len < 4 ||
			!trusted_log_find(
				root->logs, root->log_count, root->logs[i].id) ||
			root->logs[i].window.end < root->logs[i].window.start)
			abort();
	check_authorities(root->authorities, root->authority_count);
	check_authorities(root->timestamp_authorities, root->timestamp_authority_count);
	return 0;
}
