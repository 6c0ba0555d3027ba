/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3161 time stamps over a signature's bytes, by the time stamp authorities of a
 * trusted root. The signer is the certificate that the CMS SignerInfo names; where the
 * root gives the authority's own certificate, it must be that one. The chain is checked
 * at the stamped time, which must be in that authority's own validity.
 *
 * Limit: 64 KiB.
 */
#ifndef SIGNING_TIMESTAMP_H
#define SIGNING_TIMESTAMP_H

#include "signing/trusted_root.h"

/*
 * ERR_REFUSED unless the response (DER TimeStampResp) stamps these bytes. The authority
 * is one of the root's.
 */
MUST_USE int timestamp_verify(struct slice response, struct slice stamped,
	const struct trusted_root *root, int64_t *ret_time,
	const struct trusted_authority **ret_authority, struct error *err);

#endif
