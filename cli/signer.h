/* SPDX-License-Identifier: Apache-2.0 */
/* The options by which commands are told about a signer with a certificate, and what must
 * come along with a signature. */
#ifndef CLI_SIGNER_H
#define CLI_SIGNER_H

#include "cli/cli.h"
#include "signing/signer.h"

struct signer_flags {
	const char *identity, *identity_regexp, *issuer, *issuer_regexp;
	const char *trusted_root, *logs, *timestamps, *scts;
};
/* field: a struct signer_flags. */
#define SIGNER_OPTIONS(type, field)                                                      \
	CLI_OPTION(type, field.identity, "certificate-identity", CLI_TEXT, "NAME",       \
		"who must have signed, exactly as in the certificate"),                  \
		CLI_OPTION(type, field.identity_regexp, "certificate-identity-regexp",   \
			CLI_TEXT, "REGEXP", "the same, as an expression for the whole"), \
		CLI_OPTION(type, field.issuer, "certificate-oidc-issuer", CLI_TEXT,      \
			"URL", "who must have vouched for that identity"),               \
		CLI_OPTION(type, field.issuer_regexp, "certificate-oidc-issuer-regexp",  \
			CLI_TEXT, "REGEXP", "the same, as an expression for the whole"), \
		CLI_OPTION(type, field.trusted_root, "trusted-root", CLI_TEXT, "FILE",   \
			"authorities and logs to trust (trusted_root.json)"),            \
		CLI_OPTION(type, field.logs, "log-entries", CLI_TEXT, "N",               \
			"how many transparency logs must have the signature (default: "  \
			"1; of a key: 1 if the trusted root names any)"),                \
		CLI_OPTION(type, field.timestamps, "timestamps", CLI_TEXT, "N",          \
			"how many authorities must have stamped its time (default: 0; "  \
			"what is there must hold)"),                                     \
		CLI_OPTION(type, field.scts, "scts", CLI_TEXT, "N",                      \
			"how many certificate transparency logs must have the "          \
			"certificate (default: 1)")

bool signer_flags_given(const struct signer_flags *flags);

struct loaded_signer {
	struct signer signer;
	struct trusted_root *root; /* owned, as the arena; the rest borrows from them */
	struct arena *arena;
	struct evidence evidence;
};
#define cleanup_loaded_signer CLEANUP(loaded_signer_done)
void loaded_signer_done(struct loaded_signer *loaded);
/* ERR_USAGE unless they go together; before any file is read. */
MUST_USE int check_signer_flags(
	const struct signer_flags *flags, bool with_key, struct error *err);
/* key, or NULL: then an identity is needed. ERR_USAGE for what fits no signature. */
MUST_USE int load_signer(const struct signer_flags *flags, const struct key *key,
	struct loaded_signer *ret_loaded, struct error *err);

#endif
