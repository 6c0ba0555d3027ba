/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing certificates as Fulcio issues them (RFC 5280; sigstore/fulcio
 * docs/oid-info.md): short-lived, one subject alternative name, which is the identity
 * (URI, e-mail address or otherName 1.3.6.1.4.1.57264.1.7), the token issuer in an
 * extension, and signed certificate timestamps (RFC 6962) inside.
 *
 * Limits: 64 KiB, one name, 32 signed certificate timestamps.
 */
#ifndef SIGNING_CERTIFICATE_H
#define SIGNING_CERTIFICATE_H

#include "signing/trusted_root.h"

struct certificate;
#define cleanup_certificate CLEANUP(certificate_free)

/* ERR_INPUT unless it is a signing certificate of that form. */
MUST_USE int certificate_parse(
	struct slice der, struct certificate **ret_certificate, struct error *err);
void certificate_free(struct certificate **certificate);
/* Borrowed. */
const struct key *certificate_key(const struct certificate *certificate);
struct slice certificate_identity(const struct certificate *certificate);
struct slice certificate_issuer(const struct certificate *certificate);

/* ERR_REFUSED where the certificate is one that signs itself: no bundle may hold it. */
MUST_USE int certificate_refuse_root(struct slice der, struct error *err);

/*
 * ERR_REFUSED unless one of the root's authorities has issued it and the whole chain, the
 * anchor included, and the authority's window hold at each of the times (at least one).
 * Intermediate certificates come from the root only. certificate_check_scts wants the
 * issuer that is found here.
 */
MUST_USE int certificate_check_chain(struct certificate *certificate,
	const struct trusted_root *root, const int64_t *times, size_t time_count,
	struct error *err);
/*
 * ERR_REFUSED unless it holds signed certificate timestamps by `wanted` different ones of
 * the root's certificate transparency logs, whose keys were valid then. Call after
 * check_chain.
 */
MUST_USE int certificate_check_scts(const struct certificate *certificate,
	const struct trusted_root *root, unsigned wanted, struct error *err);

#endif
