/* SPDX-License-Identifier: Apache-2.0 */
/* Between transparency.c (is it logged?) and transparency_body.c (what is logged?). */
#ifndef SIGNING_TRANSPARENCY_PRIVATE_H
#define SIGNING_TRANSPARENCY_PRIVATE_H

#include "signing/transparency.h"

/* ERR_REFUSED unless the entry's body is about this claim and of the stated kind. */
MUST_USE int log_body_verify(const struct log_entry *entry,
	const struct claim_signed *claim, struct error *err);

#endif
