/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate for one's own signing key, to be handed out with signatures: by a private
 * authority, not Fulcio's form (certificate.h). Nothing is trusted by it here; what is
 * checked keeps a wrong file from being attached.
 *
 * Limits: 64 KiB, one certificate, PEM_CHAIN_MAX issuers.
 */
#ifndef SIGNING_OWN_CERTIFICATE_H
#define SIGNING_OWN_CERTIFICATE_H

#include "base/arena.h"
#include "signing/key.h"

struct own_certificate {
	struct arena *arena;
	struct slice der;
	const char *pem, *issuers_pem; /* issuers: "" if none were given */
};

/*
 * ERR_REFUSED unless the certificate is of this key and no authority's, is valid now,
 * and, with a file of issuers (PEM, the root last; NULL: none), was issued under that
 * root.
 */
MUST_USE int own_certificate_load(const char *path, const char *issuers_path,
	const struct key *key, struct own_certificate **ret_certificate,
	struct error *err);
void own_certificate_free(struct own_certificate **certificate);

#endif
