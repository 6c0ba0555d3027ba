/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted keeps what the header promises: names and keys once, roles, windows.
 */
#include "attest/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(const struct trust *trust, const struct trust_entry *key)
{
	char reason[TRUST_REASON_MAX];

	if (trust_find(trust, key->name) != key || key->name[0] == '\0' ||
		key->operator_name[0] == '\0' || key->roles == 0 ||
		key->valid_from >= key->valid_until)
		abort();
	if (!!key->key + !!key->file + !!key->signer.identity.text != 1 ||
		!key->signer.identity.text != !key->signer.issuer.text ||
		(key->signer.identity.text && !key->root_file) ||
		(key->minimum && !key->root_file))
		abort();
	if (trust_find_signer(trust, &key->signer) != key)
		abort();
	if (key->revoked < INT64_MAX && trust_entry_is_valid(key, key->revoked, reason))
		abort();
	if (key->valid_until < INT64_MAX &&
		(trust_entry_is_valid(key, key->valid_until, reason) || !reason[0]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	cleanup_trust struct trust *trust = NULL;

	if (trust_parse(slice_from(data, size), "fuzz", &trust, &err) < 0) {
		if (!error_is_set(&err) || trust)
			abort();
		return 0;
	}
	if (error_is_set(&err) || trust->count == 0 || trust->count > TRUST_ENTRIES_MAX)
		abort();
	for (size_t i = 0; i < trust->count; i++)
		check_key(trust, &trust->entries[i]);
	return 0;
}
