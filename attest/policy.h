/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.yaml: what an image must have before it is deployed. Nothing in it is ever
 * ignored: an unknown key, a key that does not go with its predicate type, a name that
 * the trust file does not have, a threshold that cannot be reached, a pattern that an
 * earlier one hides are errors.
 *
 *	version: 1
 *	trust: trust.yaml             relative to this file (or --trust)
 *	scopes:                       the first that has a pattern for the image decides;
 *	  - name: production          an image that none has is refused
 *	    images: [registry.example/base**]
 *	    max-age: 90d              since the image's own creation time
 *	    signature:
 *	      keys: [release, ci]     of the trust file, keyless ones too; default: all
 *	                              with the role
 *	      threshold: 2            distinct signers, not signatures; default 1
 *	      identities: [registry.example/base:v*]  the docker-reference that was signed
 *	    attestations:
 *	      - type: slsaprovenance1   short name or URI
 *	        keys, threshold         as above; a type without a role needs keys
 *	        max-age: 30d            since the time in the predicate
 *	        builders: [{id: URI, level: 2}]  level: SLSA build level that a summary
 *	                                may claim for it (1 to 3; default 1)
 *	        build-types: [URI]
 *	        sandbox: [T0]           of the image and of every package in it
 *	        recipes: [sha256:…, recipe:images/]
 *	        dependency-digests: true  every resolvedDependency has a sha256
 *	        dependency-sources: [https://example.org/, "pool:main/", sha256:…]
 *	      - type: spdxjson
 *	        licenses: {allow: [MIT, Apache-2.0, GPL-*], deny: [AGPL-*]}
 *	      - type: hardening
 *	        hardening: [pie, relro]  checks that no ELF file may fail
 *	    vulnerabilities:          a scan report, by signers with role scan
 *	      max-severity: medium    none, low, medium, high, critical: no worse ones
 *	      max-age: 3d             of the scan, and of its database if that is told
 *	      grace-days: 14          after its advisory a finding may be worse; default 0
 *	      keys: [scanner]         default: all with the role
 *	      vex: {keys: [product]}  findings that OpenVEX or CycloneDX documents by
 *signers with role vex say are not_affected or fixed do not count; of an index, all
 *reports of its parts count, too rebuild: {operators: 2, keys: […]}  provenance of this
 *very digest, by signers of so many operators, with role rebuild or provenance
 *
 * Patterns: "*" is any run of characters but "/", "**" any run at all. They are matched
 * against what was asked for, without tag and digest: "HOST[:PORT]/NAME" or "oci:DIR".
 * The host is in lower case, port 443 is left out.
 *
 * An attestation counts if it satisfies all checks of its entry; there must be such ones
 * by `threshold` distinct signers.
 */
#ifndef ATTEST_POLICY_H
#define ATTEST_POLICY_H

#include "attest/verify.h"

struct policy;
#define cleanup_policy CLEANUP(policy_free)
void policy_free(struct policy **policy);

/* The file alone; file is for messages. Not fit for policy_verify: no keys. ERR_INPUT. */
MUST_USE int policy_parse(struct slice text, const char *file, struct policy **ret_policy,
	struct error *err);
/* With its keys. trust_path NULL: the one that the policy names. */
MUST_USE int policy_load(const char *path, const char *trust_path,
	struct policy **ret_policy, struct error *err);
/* SHA-256 of the file's bytes. */
const struct digest *policy_digest(const struct policy *policy);

/* An attestation or signature that was relied on. */
struct policy_input {
	const char *type;   /* predicate type, or "" for a simple signature */
	struct digest blob; /* of the envelope, bundle or payload as stored */
};

struct policy_outcome {
	struct verdict *verdict; /* owned; texts below live in it */
	struct policy_input *inputs;
	size_t input_count, input_capacity;
	unsigned build_level; /* SLSA build level by the policy; 0: none was shown */
};
void policy_outcome_done(struct policy_outcome *outcome);

struct policy_options {
	const struct policy *policy;
	int64_t at; /* seconds: the time of the verification */
	bool check_blobs;
};

/*
 * As verify_image. Findings: "layout" or "manifest", "scope", "signature", "attestation
 * TYPE" and for each of its checks "attestation TYPE: CHECK", "vulnerabilities",
 * "rebuild", "image age". A failure's text starts with its reason: those of verify_image,
 * "untrusted signer", "too few signers", "not allowed", "too old", "from the future", …
 */
MUST_USE int policy_verify(struct repository *repository, const char *tag_or_digest,
	const struct policy_options *options, struct policy_outcome *ret_outcome,
	struct error *err);

#endif
