/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sigstore bundles (protobuf-specs, sigstore_bundle.proto, JSON form; versions 0.1 to
 * 0.3). Written: v0.3, a DSSE envelope with a public key hint and no keyid. Read: all
 * versions, DSSE envelopes with exactly one signature and message signatures, with the
 * verification material. What is read proves nothing: see verify_bundle.h.
 *
 * The older form, annotations of layers (bundle_layer.h), comes down to the same struct.
 *
 * Limits: LIMIT_ENVELOPE_BYTES in all, 32 certificates, log entries and time stamps
 * each, 64 hashes in an inclusion proof (a tree of 2^63 leaves has 63).
 */
#ifndef SIGNING_BUNDLE_H
#define SIGNING_BUNDLE_H

#include "signing/envelope.h"

struct json_t;

#define BUNDLE_MEDIA_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
/* Every version's media type starts so. */
#define BUNDLE_MEDIA_TYPE_PREFIX "application/vnd.dev.sigstore.bundle"
#define BUNDLE_TYPE_ANNOTATION   "dev.sigstore.bundle.predicateType"
#define PREDICATE_SIGN           "https://sigstore.dev/cosign/sign/v1"

#define BUNDLE_ITEMS_MAX  32 /* certificates, log entries, time stamps */
#define BUNDLE_HASHES_MAX 64
#define BUNDLE_HASH_BYTES 32

/* Where a leaf is in a log's Merkle tree (RFC 9162), and the log's word for that tree. */
struct inclusion_proof {
	uint64_t log_index; /* in this tree; not log_entry.log_index */
	uint64_t tree_size;
	struct slice root;    /* BUNDLE_HASH_BYTES */
	struct slice *hashes; /* BUNDLE_HASH_BYTES each */
	size_t hash_count;
	struct slice checkpoint; /* signed note; empty if absent */
};

struct log_entry {
	uint64_t log_index;
	struct slice log_id;
	const char *kind, *version;
	int64_t integrated_time; /* seconds; 0: none; worth nothing without the promise */
	struct slice promise;    /* signed entry timestamp; empty if absent */
	struct inclusion_proof *proof; /* NULL if absent */
	struct slice body;             /* as logged */
};

struct bundle {
	struct arena *arena;
	const char *media_type;
	unsigned version;           /* 1 … 3 for v0.1 … v0.3 */
	bool has_key;               /* signed with a plain key, not with a certificate */
	const char *key_hint;       /* "" if absent; not authenticated */
	struct slice *certificates; /* DER, leaf first; unless has_key at least one */
	size_t certificate_count;
	struct log_entry *entries;
	size_t entry_count;
	struct slice *timestamps; /* RFC 3161 responses, DER */
	size_t timestamp_count;
	struct slice envelope_text; /* of a layer: the envelope as received; else empty */
	struct envelope *envelope;  /* NULL for a message signature, which is then: */
	struct slice message_signature;
	struct digest message_digest; /* not set if absent; not authenticated */
};
#define cleanup_bundle CLEANUP(bundle_free)
void bundle_free(struct bundle **bundle);
/* An empty one of version 0.1. */
MUST_USE int bundle_new(struct bundle **ret_bundle, struct error *err);
/* Strict: known fields only. ERR_INPUT naming the member otherwise. */
MUST_USE int bundle_parse(
	struct slice json, struct bundle **ret_bundle, struct error *err);
/* The envelope has exactly one signature; key is the one it was made with. Appends. */
MUST_USE int bundle_write(const struct envelope *envelope, const struct key *key,
	struct buffer *out, struct error *err);
/* What vouches for a signature, beside a plain key. */
struct bundle_material {
	const struct key *key;
	struct slice certificate; /* DER, instead of the key's hint; empty: none */
	struct slice timestamp;   /* RFC 3161 response, DER; empty: none */
};
MUST_USE int bundle_write_with(const struct envelope *envelope,
	const struct bundle_material *material, struct buffer *out, struct error *err);

#endif
