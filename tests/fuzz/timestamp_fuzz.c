/* SPDX-License-Identifier: Apache-2.0 */
/* What holds is by the authority that we know, at a time that its certificate covers. */
#include "signing/timestamp.h"
#include "tests/unit/signing_known.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trusted_root *root;
	const struct trusted_authority *authority = NULL;
	struct error err = ERROR_INIT;
	int64_t time = 0;

	if (!root && !(root = known_root()))
		abort();
	if (timestamp_verify(slice_from(data, size), SLICE(KNOWN_STAMPED), root, &time,
		    &authority, &err) < 0) {
		if (err.class != ERR_REFUSED)
			abort();
		return 0;
	}
	if (authority != &root->timestamp_authorities[0] || time < KNOWN_TIME ||
		time > KNOWN_TIME + 1000000)
		abort();
	return 0;
}
