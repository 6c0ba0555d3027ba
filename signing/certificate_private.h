/* SPDX-License-Identifier: Apache-2.0 */
/* Between certificate.c (form, names) and certificate_chain.c (whether to believe it). */
#ifndef SIGNING_CERTIFICATE_PRIVATE_H
#define SIGNING_CERTIFICATE_PRIVATE_H

#include "signing/certificate.h"
#include "signing/x509_private.h"

struct certificate {
	X509 *x509;
	X509 *issued_by; /* NULL until the chain was checked */
	struct key *key;
	struct buffer identity, issuer;
};

#endif
