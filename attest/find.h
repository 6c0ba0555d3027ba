/* SPDX-License-Identifier: Apache-2.0 */
/* Reading back what an attestation of an image says. */
#ifndef ATTEST_FIND_H
#define ATTEST_FIND_H

#include "attest/statement.h"
#include "oci/repository.h"
#include "signing/key.h"

/*
 * The first statement of that predicate type about the image in its .att tag, signed by
 * one of the keys. Without keys no signature is looked at: what comes back is then only a
 * claim, and the caller has to say so. *ret_statement NULL if there is none.
 */
MUST_USE int find_statement(struct repository *repository, const struct digest *image,
	const char *predicate_type, const struct key *const *keys, size_t key_count,
	struct statement **ret_statement, struct error *err);

#endif
