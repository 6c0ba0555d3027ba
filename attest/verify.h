/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying an image before it is deployed: resolve once, check the bytes, the signature,
 * the attestations, and say for each rule: passed, failed, could not be checked. Only
 * "passed" passes.
 */
#ifndef ATTEST_VERIFY_H
#define ATTEST_VERIFY_H

#include "oci/repository.h"
#include "signing/signer.h"

enum finding_result { FINDING_PASSED = 1, FINDING_FAILED, FINDING_UNCHECKED };

struct finding {
	const char *rule; /* "layout", "signature", "attestation
			     https://slsa.dev/provenance/v1", … */
	enum finding_result result;
	const char *text; /* what was looked at, or the reason */
};

struct verdict {
	struct arena *arena;
	const char *image;    /* as asked for */
	struct digest digest; /* what the tag meant, and what to deploy */
	const char *as_of;    /* the time that was asked about; NULL: now */
	struct finding *findings;
	size_t count, capacity;
};
#define cleanup_verdict CLEANUP(verdict_free)
MUST_USE int verdict_new(struct verdict **ret_verdict, struct error *err);
void verdict_free(struct verdict **verdict);
/* Failed if a finding is; else unchecked if one is, or if there is none at all. */
enum finding_result verdict_result(const struct verdict *verdict);
bool verdict_passed(const struct verdict *verdict); /* at least one finding, all passed */
/* Control characters and what is not UTF-8 become "?": texts can come from an attacker.
 */
MUST_USE int verdict_add(struct verdict *verdict, enum finding_result result,
	const char *rule, struct error *err, const char *text, ...) PRINTF_LIKE(5, 6);
/* Text for people, JSON for machines. Append. */
MUST_USE int verdict_print(
	const struct verdict *verdict, struct buffer *out, struct error *err);
MUST_USE int verdict_to_json(
	const struct verdict *verdict, struct buffer *out, struct error *err);

struct verify_options {
	const struct signer *const *signers; /* any one of them counts */
	size_t signer_count;
	const char *const *predicate_types; /* attestations that must be there */
	size_t predicate_type_count;
	bool check_blobs; /* read and hash every layer, too (always for layouts) */
};

/*
 * Findings: "layout" (or "manifest": of a registry), "signature", "attestation TYPE" for
 * each type. A failure's text starts with its reason: "missing signature", "foreign key",
 * "not proven" (with what is wrong with the evidence), "digest mismatch", "malformed",
 * "missing attestation". An attestation never counts as a
 * signature. Of an index, each attestation is either its own or there for every image in
 * it. tag_or_digest as for repository_resolve.
 *
 * A broken image gives a verdict, not an error; an error means that the check could not
 * be made at all (and then nothing was accepted).
 */
MUST_USE int verify_image(struct repository *repository, const char *tag_or_digest,
	const struct verify_options *options, struct verdict **ret_verdict,
	struct error *err);

#endif
