/* SPDX-License-Identifier: Apache-2.0 */
/* Between stamper.c and stamper_query.c, which knows OpenSSL. */
#ifndef SIGNING_STAMPER_PRIVATE_H
#define SIGNING_STAMPER_PRIVATE_H

#include "signing/stamper.h"

#define STAMPER_NONCE_BYTES 8

/*
 * A TimeStampReq (RFC 3161, 2.4.1) for the bytes' SHA-256, with a new nonce, that asks
 * for the authority's certificate. Appends.
 */
MUST_USE int stamper_write_query(struct slice bytes,
	uint8_t ret_nonce[static STAMPER_NONCE_BYTES], struct buffer *out,
	struct error *err);
/* ERR_REFUSED, with the authority's reason, unless it is granted and has the nonce. */
MUST_USE int stamper_check_answers(struct slice response,
	const uint8_t nonce[static STAMPER_NONCE_BYTES], struct error *err);

#endif
