/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies beside an image and says something about it: the layers of cosign's tags .sig
 * and .att, and Sigstore bundles among the referrers. Each is one claim, already checked
 * against the given keys. The bytes are verified before they are parsed, and only a
 * summary is kept.
 *
 * Content that is broken is a claim with a problem: junk that somebody adds must not hide
 * what is good. A place that cannot be read is an error.
 */
#ifndef ATTEST_CLAIMS_H
#define ATTEST_CLAIMS_H

#include "attest/statement.h"
#include "oci/repository.h"
#include "signing/key.h"

#define DSSE_MEDIA_TYPE           "application/vnd.dsse.envelope.v1+json"
#define PREDICATE_TYPE_ANNOTATION "predicateType"

enum claim_kind {
	CLAIM_SIGNATURE_LAYER = 1, /* simple signing, tag .sig */
	CLAIM_ATTESTATION_LAYER,   /* DSSE, tag .att */
	CLAIM_BUNDLE,              /* Sigstore bundle, a referrer */
};

struct claim {
	enum claim_kind kind;
	const char *where;       /* for people */
	const struct key *key;   /* which of the given keys made it; NULL: none of them */
	const struct key **keys; /* all of the given keys that signed it, key among them;
				    each once */
	size_t key_count;
	bool with_certificate;       /* a bundle that no plain key signed */
	bool about;                  /* says so of the digest that was asked for */
	const char *predicate_type;  /* of a statement, else "" */
	struct digest payload;       /* SHA-256 of the signed bytes' payload */
	struct digest blob;          /* of the layer that holds it; unset: unreadable */
	const char *identity;        /* docker-reference of simple signing, else NULL */
	struct statement *statement; /* see claims_collect_statements; owned */
	const char *problem;         /* why it is worth nothing; NULL: well-formed */
};

struct claims {
	struct arena *arena;
	struct claim *items;
	size_t count, capacity;
	size_t notation_count; /* signatures by notation, which are not read here */
};
#define cleanup_claims CLEANUP(claims_done)
void claims_done(struct claims *claims);

/* A bundle of PREDICATE_SIGN, or a layer of .sig: nothing else is a signature of an
 * image. */
bool claim_is_signature(const struct claim *claim);
/* Well-formed, by one of the keys, about the digest. */
bool claim_holds(const struct claim *claim);

MUST_USE int claims_collect(struct repository *repository, const struct digest *image,
	const struct key *const *keys, size_t key_count, struct claims *ret_claims,
	struct error *err);

/*
 * The same, and keeps the statements of attestations that hold: what others made is
 * forgotten at once, so that nobody without a key decides how much memory this takes.
 */
MUST_USE int claims_collect_statements(struct repository *repository,
	const struct digest *image, const struct key *const *keys, size_t key_count,
	struct claims *ret_claims, struct error *err);

/* "sha256-<hex>" + suffix; out has CLAIMS_TAG_MAX bytes. */
#define CLAIMS_TAG_MAX 80
void claims_tag(const struct digest *image, const char *suffix, char *out);

#endif
