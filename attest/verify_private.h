/* SPDX-License-Identifier: Apache-2.0 */
/* What verifying with keys (verify.c) and by a policy (policy_verify.c) begin with. */
#ifndef ATTEST_VERIFY_PRIVATE_H
#define ATTEST_VERIFY_PRIVATE_H

#include "attest/verify.h"

struct verification {
	struct repository *repository;
	const struct verify_options *options; /* of verify_image; else NULL */
	bool check_blobs;
	bool resolved; /* there is a digest that everything after this is about */
	struct descriptor image;
	struct verdict *verdict;
	struct manifest *manifest; /* NULL: unreadable */
};
void verification_done(struct verification *verification);

/*
 * Resolves, once, and checks the bytes: the verdict then has the image's name, its digest
 * and the finding "layout" or "manifest". Not resolved and no error: the place is broken,
 * and the verdict says so. ERR_INPUT if there is no such image. repository and
 * check_blobs are given, the rest is zero.
 */
MUST_USE int verification_open(
	struct verification *verification, const char *tag_or_digest, struct error *err);

#endif
