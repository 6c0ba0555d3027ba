/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies beside an image and says something about it: the layers of cosign's tags .sig
 * and .att, and Sigstore bundles among the referrers. Each is one claim, already checked
 * against the given signers: keys, and identities in certificates with all that proves
 * them (verify_bundle.h). The bytes are verified before they are parsed, and only a
 * summary is kept.
 *
 * Content that is broken is a claim with a problem: junk that somebody adds must not hide
 * what is good. A place that cannot be read is an error.
 */
#ifndef ATTEST_CLAIMS_H
#define ATTEST_CLAIMS_H

#include "attest/statement.h"
#include "oci/repository.h"
#include "signing/signer.h"

#define DSSE_MEDIA_TYPE           "application/vnd.dsse.envelope.v1+json"
#define PREDICATE_TYPE_ANNOTATION "predicateType"

enum claim_kind {
	CLAIM_SIGNATURE_LAYER = 1, /* simple signing, tag .sig */
	CLAIM_ATTESTATION_LAYER,   /* DSSE, tag .att */
	CLAIM_BUNDLE,              /* Sigstore bundle, a referrer */
};

struct claim {
	enum claim_kind kind;
	const char *where;             /* for people */
	const struct signer *signer;   /* which of the given ones made it; NULL: none */
	const struct signer **signers; /* all of them, signer among them; each once */
	size_t signer_count;
	const char *by;       /* the signer, for people: key, or names; NULL: none */
	const char *identity; /* names in the certificate that a signer has; or NULL */
	const char *refusal;  /* why what came along does not prove it; else NULL */
	bool refused_near; /* by what it says, a signer made it: only the proof lacks */
	bool with_certificate;       /* by what it says: no plain key signed */
	bool with_timestamp;         /* a bundle that brings one, whatever it is worth */
	bool about;                  /* says so of the digest that was asked for */
	const char *predicate_type;  /* of a statement, else "" */
	struct digest payload;       /* SHA-256 of the signed bytes' payload */
	struct digest blob;          /* of the layer that holds it; unset: unreadable */
	const char *reference;       /* docker-reference of simple signing, else NULL */
	struct statement *statement; /* see claims_collect_statements; owned */
	const char *problem;         /* why it is worth nothing; NULL: well-formed */
};

struct claims {
	struct arena *arena;
	struct claim *items;
	size_t count, capacity;
	size_t passed_over;    /* attestations that nobody wanted, not read */
	size_t notation_count; /* signatures by notation, which are not read here */
};
#define cleanup_claims CLEANUP(claims_done)
void claims_done(struct claims *claims);

/* A bundle of PREDICATE_SIGN, or a layer of .sig: nothing else is a signature of an
 * image. */
bool claim_is_signature(const struct claim *claim);
/* Well-formed, by one of the signers, about the digest. */
bool claim_holds(const struct claim *claim);

/* Is that one's refusal more telling than the other's (NULL: none)? */
bool claim_is_nearer(const struct claim *claim, const struct claim *other);

MUST_USE int claims_collect(struct repository *repository, const struct digest *image,
	const struct signer *const *signers, size_t signer_count,
	struct claims *ret_claims, struct error *err);

/*
 * The same, but no more than it takes to find a signature, if one is wanted, and one
 * attestation of each type, all by one of the signers. What is announced as something
 * else is passed over. (Announcements are not signed: a wrong one hides what it is on,
 * like removing that would.) For each thing that was not found, all claims to be it are
 * there.
 */
struct claims_wanted {
	bool signature;
	const char *const *types;
	size_t type_count;
};
MUST_USE int claims_find(struct repository *repository, const struct digest *image,
	const struct signer *const *signers, size_t signer_count,
	const struct claims_wanted *wanted, struct claims *ret_claims, struct error *err);

/*
 * As claims_collect, and keeps the statements of attestations that hold: what others made
 * is forgotten at once, so that nobody else decides how much memory this takes.
 */
MUST_USE int claims_collect_statements(struct repository *repository,
	const struct digest *image, const struct signer *const *signers,
	size_t signer_count, struct claims *ret_claims, struct error *err);

/* A good attestation of that type is among them. */
bool claims_have(const struct claims *claims, const char *type);

/* "sha256-<hex>" + suffix; out has CLAIMS_TAG_MAX bytes. */
#define CLAIMS_TAG_MAX 80
void claims_tag(const struct digest *image, const char *suffix, char *out);

#endif
