/* SPDX-License-Identifier: Apache-2.0 */
/* Between trust.c (the file's text) and trust_load.c (the files that it names). */
#ifndef ATTEST_TRUST_PRIVATE_H
#define ATTEST_TRUST_PRIVATE_H

#include "attest/trust.h"

/* ERR_INPUT where two entries are one signer; keys that were not read yet are passed
 * over. */
MUST_USE int trust_check_distinct(
	const struct trust *trust, const char *file, struct error *err);

#endif
