/* SPDX-License-Identifier: Apache-2.0 */
/* Refused with a reason, or a signer with printable names; judging it never fails
 * otherwise than by refusal. */
#include "signing/certificate.h"
#include "tests/unit/signing_known.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct slice name)
{
	if (name.len == 0 || !slice_is_utf8(name) || !slice_is_printable(name))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct trusted_root *root;
	static const int64_t time = KNOWN_TIME;
	cleanup_certificate struct certificate *certificate = NULL;
	struct error err = ERROR_INIT;

	if (!root && !(root = known_root()))
		abort();
	if (certificate_parse(slice_from(data, size), &certificate, &err) < 0) {
		if (err.class != ERR_INPUT || certificate)
			abort();
		return 0;
	}
	check_name(certificate_identity(certificate));
	check_name(certificate_issuer(certificate));
	if (!certificate_key(certificate))
		abort();
	if (certificate_check_chain(certificate, root, &time, 1, &err) < 0 ||
		certificate_check_scts(certificate, root, 1, &err) < 0)
		if (err.class != ERR_REFUSED)
			abort();
	return 0;
}
