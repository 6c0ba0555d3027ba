/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs, for commands that sign an image or a statement about it. */
#ifndef CLI_SIGNERS_H
#define CLI_SIGNERS_H

#include "attest/attach.h"
#include "cli/cli.h"

#define SIGNERS_MAX 64

struct signer_options {
	struct cli_list keys, timestamp_files;
	const char *pin_file, *payload_only, *attach, *certificate, *certificate_chain,
		*timestamp_url, *timestamp_chain;
};
/* The command's option struct has them as `signer`. */
#define SIGNER_OPTIONS(type)                                                             \
	CLI_OPTION(type, signer.keys, "key", CLI_LIST, "KEY",                            \
		"a private key: a file or a pkcs11: URI; several sign one after the "    \
		"other"),                                                                \
		CLI_OPTION(type, signer.pin_file, "pin-file", CLI_TEXT, "FILE",          \
			"file with the token's PIN (else $ALNAGE_PIN, else asked for)"), \
		CLI_OPTION(type, signer.payload_only, "payload-only", CLI_TEXT, "DIR",   \
			"sign nothing: write what is to be signed elsewhere"),           \
		CLI_OPTION(type, signer.attach, "attach", CLI_TEXT, "DIR",               \
			"take the signatures from there; --key is the public key"),      \
		CLI_OPTION(type, signer.certificate, "certificate", CLI_TEXT, "FILE",    \
			"a certificate of the key, to go with the signature"),           \
		CLI_OPTION(type, signer.certificate_chain, "certificate-chain",          \
			CLI_TEXT, "FILE", "its issuers, the root last"),                 \
		CLI_OPTION(type, signer.timestamp_url, "timestamp-url", CLI_TEXT, "URL", \
			"time stamp authority (RFC 3161) to stamp the signatures"),      \
		CLI_OPTION(type, signer.timestamp_files, "timestamp-file", CLI_LIST,     \
			"FILE", "with --attach: a time stamp for one of them"),          \
		CLI_OPTION(type, signer.timestamp_chain, "timestamp-chain", CLI_TEXT,    \
			"FILE", "the authority's certificates, the root last")

struct signers {
	struct secret *secrets[SIGNERS_MAX];
	size_t count;
	struct stamper *stamper;             /* NULL: no time stamps */
	struct own_certificate *certificate; /* NULL: plain keys */
};
void signers_done(struct signers *signers);

/* Do they fit each other? ERR_USAGE. */
MUST_USE int signers_check(const struct signer_options *options, struct error *err);
/* None with --payload-only. */
MUST_USE int signers_load(const struct signer_options *options,
	struct signers *ret_signers, struct error *err);

#endif
