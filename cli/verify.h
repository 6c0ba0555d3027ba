/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "verify", of both programs: alnage's also signs verification summaries, which needs
 * code that alnage-verify must not have. So the part that signs is handed in.
 */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "attest/policy.h"
#include "cli/common.h"
#include "cli/signer.h"
#include "cli/verify_confine.h"

struct verify_flags {
	struct signer_flags signer;
	struct cli_list keys, types;
	bool check_blobs, signature_only, json;
	const char *policy, *trust, *at, *confinement;
};
/* For a struct with members registry and verify. */
#define VERIFY_OPTIONS(type)                                                             \
	CLI_OPTION(type, verify.keys, "key", CLI_LIST, "FILE",                           \
		"public key; given several times, any one of them counts"),              \
		CLI_OPTION(type, verify.types, "require", CLI_LIST, "TYPE",              \
			"predicate type that must be attested: slsaprovenance1, "        \
			"spdxjson, cyclonedx, openvex, csaf, vuln, or a URI "            \
			"(default: slsaprovenance1 and spdxjson)"),                      \
		CLI_OPTION(type, verify.signature_only, "signature-only", CLI_FLAG,      \
			NULL, "require no attestation"),                                 \
		CLI_OPTION(type, verify.policy, "policy", CLI_TEXT, "FILE",              \
			"policy.yaml: what the image must have, and by whom"),           \
		CLI_OPTION(type, verify.trust, "trust", CLI_TEXT, "FILE",                \
			"trust.yaml: whose keys (default: the one that the policy "      \
			"names)"),                                                       \
		CLI_OPTION(type, verify.at, "at", CLI_TEXT, "TIME",                      \
			"judge ages and validity as of this time (RFC 3339; default: "   \
			"now)"),                                                         \
		CLI_OPTION(type, verify.check_blobs, "check-blobs", CLI_FLAG, NULL,      \
			"read and hash every layer of a registry image, too (always "    \
			"done for layouts)"),                                            \
		SIGNER_OPTIONS(type, verify.signer),                                     \
		CLI_OPTION(type, verify.json, "json", CLI_FLAG, NULL,                    \
			"the verdict as JSON"),                                          \
		CONFINEMENT_OPTION(type, verify.confinement), REGISTRY_OPTIONS(type)

#define VERIFY_SUMMARY "verify an image's signature and attestations before deployment"
#define VERIFY_DESCRIPTION                                                               \
	IMAGE_IS " A tag is resolved once; deploy the digest that is printed. Exit "     \
		 "status 0: everything passed. 3: refused, with the reason. 1: the "     \
		 "check could not be made, so nothing is known to be good."

/* What came out of a policy, passed or not. */
struct verify_report {
	const struct policy *policy;
	const struct policy_outcome *outcome;
	const struct opened *opened;
	int64_t at;
};
/*
 * A summary of it: made by the process that read what is hostile, and kept (signed,
 * written) by this one, which reads nothing of that but the summary, to see that it is
 * one.
 */
struct verify_summary {
	int (*make)(const void *context, const struct verify_report *report,
		struct buffer *out, struct error *err);
	int (*keep)(const void *context, struct slice summary, struct error *err);
	void (*forget)(
		void); /* the process that reads what is hostile: what signing needs */
	const void *context;
};

/* summary may be NULL. */
MUST_USE int verify_run(const struct verify_flags *flags,
	const struct registry_options *registry, const char *image,
	const struct verify_summary *summary, struct error *err);

/* The command of alnage-verify. */
extern const struct cli_command verify_only_command;

#endif
