/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of transparency logs (Rekor v1 and v2), offline. An entry proves something
 * only if (a) a trusted log has promised to include it (signed entry timestamp) or shown
 * that it is included (Merkle proof up to a checkpoint that the log signed), and (b) it
 * is about this very signature, by this key or certificate, over these bytes. Both are
 * always checked together. The integrated time counts only under a promise that holds.
 *
 * Kinds: hashedrekord 0.0.1 and 0.0.2 (Rekor v2), dsse 0.0.1, intoto 0.0.2, and 0.0.1
 * where the envelope is there as it was received: that one names no signature, but the
 * digest of the envelope's text, which holds it.
 */
#ifndef SIGNING_TRANSPARENCY_H
#define SIGNING_TRANSPARENCY_H

#include "signing/bundle.h"
#include "signing/trusted_root.h"

/* What was signed, by whom: the same for messages and envelopes, keys and certificates.
 */
struct claim_signed {
	struct slice signature;
	struct slice bytes;              /* that are signed; envelopes: the PAE */
	bool has_bytes;                  /* false: only the digest is known */
	struct digest digest;            /* of the bytes */
	const struct envelope *envelope; /* NULL for messages */
	struct slice envelope_text;      /* as received; empty: not known */
	const struct key *key;           /* that must have signed */
	struct slice certificate;        /* DER; empty where a plain key signed */
};

struct log_word {
	const struct trusted_log *log;
	bool has_time;
	int64_t time; /* seconds since 1970 */
	bool has_proof;
};

/*
 * ERR_REFUSED unless the entry holds. bundle_version 1 needs a promise, later ones a
 * proof (sigstore_bundle.proto); whatever is there must hold.
 */
MUST_USE int log_entry_verify(const struct log_entry *entry, unsigned bundle_version,
	const struct claim_signed *claim, const struct trusted_root *root,
	struct log_word *ret_word, struct error *err);

/*
 * RFC 9162, 2.1.3.2: ERR_REFUSED unless the leaf with that body is at log_index of the
 * tree of tree_size leaves with this root.
 */
MUST_USE int inclusion_proof_verify(
	const struct inclusion_proof *proof, struct slice body, struct error *err);

#endif
