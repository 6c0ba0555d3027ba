/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WWW-Authenticate (RFC 9110, 11.6.1), as registries use it:
 *	challenges = challenge *( "," challenge )
 *	challenge  = scheme [ SP ( token68 / param *( "," param ) ) ]
 *	param      = token BWS "=" BWS ( token / quoted-string )
 * Commas separate both challenges and parameters: "token =" goes on with the challenge,
 * "token SP" begins the next.
 */
#ifndef OCI_CHALLENGE_H
#define OCI_CHALLENGE_H

#include "base/arena.h"

#define CHALLENGE_HEADER_BYTES 8192
#define CHALLENGES_MAX         16
#define CHALLENGE_PARAMS_MAX   32

enum challenge_scheme { CHALLENGE_OTHER = 0, CHALLENGE_BASIC, CHALLENGE_BEARER };

/* Of other parameters only the syntax is checked. NULL: absent. */
struct challenge {
	enum challenge_scheme scheme;
	const char *realm, *service, *scope, *error;
};

struct challenge_list {
	struct challenge items[CHALLENGES_MAX];
	size_t count;
};

/*
 * Adds what one header says; texts are copied to the arena. ERR_INPUT for wrong syntax,
 * too much of anything, a parameter twice, control characters.
 */
MUST_USE int challenge_parse(struct slice header, struct arena *arena,
	struct challenge_list *list, struct error *err);
/* The first of that scheme; NULL if there is none. */
const struct challenge *challenge_find(
	const struct challenge_list *list, enum challenge_scheme scheme);

#endif
