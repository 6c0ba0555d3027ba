/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 URIs (RFC 7512), as far as they say which private key signs:
 *
 *	pkcs11:token=…;manufacturer=…;serial=…;model=…;slot-id=…;object=…;id=…;type=private
 *		?pin-source=file:/PATH&module-path=/PATH
 *
 * Each attribute at most once, any order, values percent-encoded; what is not listed is
 * refused rather than passed over, for it could have narrowed the choice. A pin-value is
 * refused: command lines are seen by everybody. No message ever repeats a value.
 *
 * Limit: 2048 bytes.
 */
#ifndef SIGNING_PKCS11_URI_H
#define SIGNING_PKCS11_URI_H

#include "base/arena.h"
#include "base/buffer.h"

#define PKCS11_URI_SCHEME "pkcs11:"
#define PKCS11_URI_MAX    2048

struct pkcs11_uri {
	const char *token, *manufacturer, *serial, *model; /* NULL: any */
	const char *object;                                /* CKA_LABEL; NULL: any */
	struct slice id;                                   /* CKA_ID; empty: any */
	bool has_slot;
	uint64_t slot;
	const char *pin_file;    /* absolute; NULL: none */
	const char *module_path; /* absolute; NULL: none */
};

static inline bool pkcs11_uri_is(const char *text)
{
	return strncmp(text, PKCS11_URI_SCHEME, strlen(PKCS11_URI_SCHEME)) == 0;
}

/* Texts from the arena. ERR_USAGE for all that is not such a URI. */
MUST_USE int pkcs11_uri_parse(struct slice text, struct arena *arena,
	struct pkcs11_uri *ret_uri, struct error *err);
/* Which key, without the query: for messages and prompts. Appends. */
MUST_USE int pkcs11_uri_format(
	const struct pkcs11_uri *uri, struct buffer *out, struct error *err);

#endif
