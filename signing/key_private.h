/* SPDX-License-Identifier: Apache-2.0 */
/* Between key.c and secret.c, the two doors to OpenSSL. */
#ifndef SIGNING_KEY_PRIVATE_H
#define SIGNING_KEY_PRIVATE_H

#include "signing/key.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* Moves OpenSSL's reasons from its queue into the error: none may stay behind. */
int key_crypto_error(struct error *err, enum err class, const char *what);
/* ERR_INPUT unless it is of a known, strong enough kind; looks at the public half only.
 */
MUST_USE int key_classify(
	const struct evp_pkey_st *pkey, enum key_type *ret_type, struct error *err);
/* As key_from_der, of a private key that we hold: its numbers are not doubted, which
 * costs 15 ms for RSA. */
MUST_USE int key_from_own_der(struct slice der, struct key **ret_key, struct error *err);
/* "P-256", …; NULL for what is not an elliptic curve of ECDSA. */
const char *key_type_curve(enum key_type type);

/* The one encoding of ECDSA keys, as OpenSSL calls it. */
#define KEY_CURVE_ENCODING OSSL_PKEY_EC_ENCODING_GROUP
#define KEY_POINT_FORMAT   OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED

#endif
