/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose signature is looked for, and what must come along with it: the holder of a plain
 * key, or an identity that a trusted authority wrote into a certificate, with the one who
 * vouched for it. An issuer is never left open: everybody can have any identity from an
 * issuer of his own. A pattern means the whole of a name.
 */
#ifndef SIGNING_SIGNER_H
#define SIGNING_SIGNER_H

#include "base/pattern.h"
#include "signing/certificate.h"

struct signer_name {
	const char *text;              /* NULL: not given */
	const struct pattern *pattern; /* of pattern_compile_whole; NULL: exactly text */
};

/* How many different ones of the trusted root must have seen the signature. */
struct evidence {
	unsigned logs;       /* transparency logs: entries */
	unsigned timestamps; /* time stamp authorities: RFC 3161 time stamps */
	unsigned scts; /* certificate transparency logs: timestamps in the certificate */
};

struct signer {
	const struct key *key; /* or: */
	struct signer_name identity, issuer;
	const struct trusted_root *root; /* may be NULL with a key */
	/*
	 * NULL: of a certificate one log entry and one certificate timestamp, of a key
	 * one log entry if the root names any log. A certificate always needs a proven
	 * time.
	 */
	const struct evidence *evidence;
};

struct evidence signer_evidence(const struct signer *signer);
/* ERR_USAGE unless it is a key or an identity with issuer and root, whose root has what
 * must come along. */
MUST_USE int signer_check(const struct signer *signer, struct error *err);
/* ERR_REFUSED unless the certificate, believed or not, has its names. */
MUST_USE int signer_check_names(const struct signer *signer,
	const struct certificate *certificate, struct error *err);

#endif
