/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.yaml: which public keys are trusted for what, and when.
 *
 *	version: 1
 *	keys:
 *	  - name: release               what policies call it
 *	    file: release.pub           PEM, relative to this file; or
 *	    pem: |                      the same in place
 *	    roles: [image, provenance]  image, package, provenance, sbom, rebuild, vex,
 *scan operator: example           who holds it (default: the name); a rebuild quorum
 *	                                counts operators
 *	    valid-from: 2026-01-01      counts from this second on (RFC 3339, or a date in
 *	    valid-until: 2028-01-01     UTC), and no more from this one on
 *	    revoked: 2026-06-01         as valid-until, and the verdict says "revoked"
 *
 * The same name twice, and the same key twice (under any names), are errors: thresholds
 * count keys. Unknown settings are errors.
 *
 * Windows are compared with the time of the verification, not with a time that the signer
 * states: whoever has stolen a key can state any.
 */
#ifndef ATTEST_TRUST_H
#define ATTEST_TRUST_H

#include "base/arena.h"
#include "signing/key.h"

#define TRUST_KEYS_MAX 64

enum trust_role {
	TRUST_IMAGE = 1,
	TRUST_PACKAGE = 2,
	TRUST_PROVENANCE = 4,
	TRUST_SBOM = 8,
	TRUST_REBUILD = 16,
	TRUST_VEX = 32,
	TRUST_SCAN = 64,
};
const char *trust_role_name(enum trust_role role);

struct trust_key {
	const char *name, *operator_name;
	const char *file; /* NULL: was given in place */
	struct key *key;  /* owned; NULL only before trust_load has read the file */
	unsigned roles;   /* enum trust_role, or-ed */
	int64_t valid_from, valid_until, revoked; /* INT64_MIN, INT64_MAX: none */
};

struct trust {
	struct arena *arena;
	struct trust_key *keys;
	size_t count, capacity;
};
#define cleanup_trust CLEANUP(trust_free)
void trust_free(struct trust **trust);

/* Reads no other file: keys with `file` have no key yet. file is for messages. */
MUST_USE int trust_parse(
	struct slice text, const char *file, struct trust **ret_trust, struct error *err);
/* The file and the keys that it names. */
MUST_USE int trust_load(const char *path, struct trust **ret_trust, struct error *err);

/* NULL if there is none of that name. */
const struct trust_key *trust_find(const struct trust *trust, const char *name);
/* NULL: not one of these. */
const struct trust_key *trust_find_key(const struct trust *trust, const struct key *key);
/* Does it count at that time? If not, why not goes into out ("expired on …"). */
#define TRUST_REASON_MAX 64
bool trust_key_is_valid(const struct trust_key *key, int64_t at, char *out);

#endif
