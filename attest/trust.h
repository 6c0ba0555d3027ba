/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.yaml: which signers are trusted for what, and when: public keys, and identities
 * in certificates.
 *
 *	version: 1
 *	keys:
 *	  - name: release               what policies call it
 *	    file: release.pub           PEM, relative to this file; or
 *	    pem: |                      the same in place
 *	    roles: [image, provenance]  of image, package, provenance, sbom, rebuild, vex,
 *	                                scan
 *	    operator: example           who holds it (default: the name); a rebuild quorum
 *	                                counts operators
 *	    valid-from: 2026-01-01      counts from this second on (RFC 3339, or a date in
 *	    valid-until: 2028-01-01     UTC), and no more from this one on
 *	    revoked: 2026-06-01         as valid-until, and the verdict says "revoked"
 *	    trusted-root: root.json     with log-entries (default: 1 if it names any log)
 *	                                and timestamps as below; without it, what comes
 *	                                along with a signature is not looked at
 *	keyless:
 *	  - name: pipeline
 *	    identity: https://example.org/build.yml@refs/heads/main
 *	    identity-regexp: …          instead: an expression for the whole of it
 *	    issuer: https://token.example.org
 *	    issuer-regexp: …            instead
 *	    trusted-root: root.json     trusted_root.json, relative to this file
 *	    log-entries: 1              in so many transparency logs (default 1)
 *	    timestamps: 0               by so many time stamp authorities (default 0)
 *	    scts: 1                     certificate transparency logs (default 1)
 *	    roles, operator, valid-from, valid-until, revoked   as above
 *
 * The same name twice, the same key twice and the same identity twice (under any names)
 * are errors: thresholds count signers. Unknown settings are errors.
 *
 * Windows are compared with the time of the verification, not with a time that the signer
 * states: whoever has stolen a key can state any.
 */
#ifndef ATTEST_TRUST_H
#define ATTEST_TRUST_H

#include "signing/signer.h"

#define TRUST_ENTRIES_MAX 64

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

struct trust_entry { /* a key, or an identity */
	const char *name, *operator_name;
	const char *file; /* of a key; NULL: was given in place, or an identity */
	struct key
		*key; /* owned; NULL of an identity, and before trust_load has read it */
	const char *root_file;    /* NULL: none */
	struct evidence *minimum; /* what it says of evidence; NULL: nothing */
	bool logs_by_root;        /* of log entries it says nothing: as of its root */
	struct signer signer;     /* whole after trust_load */
	unsigned roles;           /* enum trust_role, or-ed */
	int64_t valid_from, valid_until, revoked; /* INT64_MIN, INT64_MAX: none */
};

struct trust_root { /* one file, however many entries name it */
	const char *file;
	struct trusted_root *root; /* owned */
};

struct trust {
	struct arena *arena;
	struct trust_entry *entries;
	size_t count, capacity;
	struct trust_root *roots;
	size_t root_count, root_capacity;
};
#define cleanup_trust CLEANUP(trust_free)
void trust_free(struct trust **trust);

/* Reads no other file: keys with `file` have no key yet, signers no root. file is for
 * messages. */
MUST_USE int trust_parse(
	struct slice text, const char *file, struct trust **ret_trust, struct error *err);
/* The file, and the keys and trusted roots that it names. */
MUST_USE int trust_load(const char *path, struct trust **ret_trust, struct error *err);

/* NULL if there is none of that name. */
const struct trust_entry *trust_find(const struct trust *trust, const char *name);
/* NULL: no entry has that key. */
const struct trust_entry *trust_find_key(
	const struct trust *trust, const struct key *key);
/* NULL: not that of one of these. */
const struct trust_entry *trust_find_signer(
	const struct trust *trust, const struct signer *signer);
/* Does it count at that time? If not, why not goes into out ("expired on …"). */
#define TRUST_REASON_MAX 64
bool trust_entry_is_valid(const struct trust_entry *key, int64_t at, char *out);

#endif
