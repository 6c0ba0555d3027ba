/* SPDX-License-Identifier: Apache-2.0 */
/* X.509 helpers that certificate.c and timestamp.c share. */
#ifndef SIGNING_X509_PRIVATE_H
#define SIGNING_X509_PRIVATE_H

#include <openssl/x509.h>

#include "signing/trusted_root.h"

static inline void x509_done(X509 **certificate)
{
	X509_free(*certificate);
	*certificate = NULL;
}
#define cleanup_x509 CLEANUP(x509_done)

static inline void x509_store_done(X509_STORE **store)
{
	X509_STORE_free(*store);
	*store = NULL;
}
#define cleanup_x509_store CLEANUP(x509_store_done)

static inline void x509_list_done(STACK_OF(X509) * *list)
{
	sk_X509_pop_free(*list, X509_free);
	*list = NULL;
}
#define cleanup_x509_list CLEANUP(x509_list_done)

/* One certificate and nothing behind it; ERR_INPUT otherwise. */
MUST_USE int x509_parse(struct slice der, X509 **ret_certificate, struct error *err);
/*
 * An authority's chain: the store trusts its last certificate and nothing else (even
 * where that is an intermediate one); the list holds all before it.
 */
MUST_USE int x509_load_authority(const struct trusted_authority *authority,
	X509_STORE **ret_store, STACK_OF(X509) * *ret_list, struct error *err);
/* Its own validity, both ends included (RFC 5280, 4.1.2.5). */
bool x509_is_valid_at(const X509 *certificate, int64_t time);
/* No extended key usage, or one that holds this bit (XKU_…). */
bool x509_may_issue_for(X509 *certificate, uint32_t usage);

#endif
