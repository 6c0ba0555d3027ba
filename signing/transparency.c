/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/transparency_private.h"

#include "base/encode.h"
#include "signing/checkpoint.h"

/* ---- Merkle tree ---- */

/* RFC 9162, 2.1.1: leaves are hashed with 0 before them, nodes with 1. */
static int hash_node(char prefix, struct slice left, struct slice right,
	struct digest *ret_digest, struct error *err)
{
	cleanup_hasher struct hasher *hasher = NULL;

	if (hasher_new(DIGEST_SHA256, &hasher, err) < 0 ||
		hasher_update(hasher, &prefix, 1, err) < 0 ||
		hasher_update(hasher, left.data, left.len, err) < 0 ||
		hasher_update(hasher, right.data, right.len, err) < 0)
		return err->class;
	return hasher_finish(hasher, ret_digest, err);
}

static struct slice digest_slice(const struct digest *digest)
{
	return slice_from(digest->bytes, digest->len);
}

static int climb(const struct inclusion_proof *proof, struct digest *node,
	bool *ret_exact, struct error *err)
{
	uint64_t at = proof->log_index, last = proof->tree_size - 1;

	for (size_t i = 0; i < proof->hash_count; i++) {
		struct slice hash = proof->hashes[i];
		struct digest below = *node;

		if (last == 0) {
			*ret_exact = false;
			return 0;
		}
		if ((at & 1) || at == last) {
			if (hash_node(1, hash, digest_slice(&below), node, err) < 0)
				return err->class;
			while (!(at & 1) && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else if (hash_node(1, digest_slice(&below), hash, node, err) < 0) {
			return err->class;
		}
		at >>= 1;
		last >>= 1;
	}
	*ret_exact = last == 0;
	return 0;
}

int inclusion_proof_verify(
	const struct inclusion_proof *proof, struct slice body, struct error *err)
{
	struct digest node;
	bool exact;

	if (proof->log_index >= proof->tree_size)
		return error_set(err, ERR_REFUSED,
			"inclusion proof: index %llu is not in a tree of %llu leaves",
			(unsigned long long)proof->log_index,
			(unsigned long long)proof->tree_size);
	if (hash_node(0, body, SLICE_EMPTY, &node, err) < 0 ||
		climb(proof, &node, &exact, err) < 0)
		return err->class;
	if (!exact)
		return error_set(err, ERR_REFUSED,
			"inclusion proof: %zu hashes are not the length of the path",
			proof->hash_count);
	if (!slice_equal(digest_slice(&node), proof->root))
		return error_set(err, ERR_REFUSED,
			"inclusion proof: does not lead to the root hash");
	return 0;
}

static int verify_proof(
	const struct log_entry *entry, const struct trusted_log *log, struct error *err)
{
	const struct inclusion_proof *proof = entry->proof;
	struct checkpoint checkpoint;

	if (proof->checkpoint.len == 0)
		return error_set(err, ERR_REFUSED, "inclusion proof: no checkpoint");
	if (checkpoint_verify(proof->checkpoint, log, &checkpoint, err) < 0)
		return err->class;
	if (checkpoint.tree_size != proof->tree_size ||
		!slice_equal(slice_from(checkpoint.root, sizeof(checkpoint.root)),
			proof->root))
		return error_set(err, ERR_REFUSED,
			"inclusion proof: the checkpoint is of another tree");
	return inclusion_proof_verify(proof, entry->body, err);
}

/* ---- promise ---- */

/* What Rekor v1 signs: JCS (RFC 8785) of four members. */
static int promise_bytes(
	const struct log_entry *entry, struct buffer *out, struct error *err)
{
	char id[2 * 64 + 1];

	if (entry->log_id.len > 64)
		return error_set(err, ERR_REFUSED, "the log id is too long");
	hex_encode((const uint8_t *)entry->log_id.data, entry->log_id.len, id);
	if (buffer_add_str(out, "{\"body\":\"", err) < 0 ||
		base64_encode(entry->body, out, err) < 0)
		return err->class;
	return buffer_printf(out, err,
		"\",\"integratedTime\":%lld,\"logID\":\"%s\",\"logIndex\":%llu}",
		(long long)entry->integrated_time, id,
		(unsigned long long)entry->log_index);
}

static int verify_promise(
	const struct log_entry *entry, const struct trusted_log *log, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	if (promise_bytes(entry, &bytes, err) < 0)
		return err->class;
	if (key_verify(log->key, buffer_slice(&bytes), entry->promise, err) < 0)
		return error_wrap(err, "signed entry timestamp");
	if (entry->integrated_time == 0)
		return error_set(
			err, ERR_REFUSED, "signed entry timestamp: without a time");
	if (!time_window_holds(&log->window, entry->integrated_time))
		return error_set(err, ERR_REFUSED,
			"signed entry timestamp: outside the validity of the log's key");
	return 0;
}

/* ---- the whole ---- */

static int check_parts(
	const struct log_entry *entry, unsigned bundle_version, struct error *err)
{
	/* Rekor v2 makes no promises */
	if (bundle_version < 2 && entry->promise.len == 0)
		return error_set(err, ERR_REFUSED,
			"no signed entry timestamp, which v0.1 bundles need");
	if (bundle_version >= 2 && !entry->proof)
		return error_set(err, ERR_REFUSED, "no inclusion proof");
	return 0;
}

static int verify_entry(const struct log_entry *entry, unsigned bundle_version,
	const struct claim_signed *claim, const struct trusted_root *root,
	struct log_word *word, struct error *err)
{
	word->log = trusted_log_find(root->logs, root->log_count, entry->log_id);
	if (!word->log)
		return error_set(
			err, ERR_REFUSED, "it is in a log that the trusted root lacks");
	if (!word->log->key)
		return error_set(err, ERR_REFUSED,
			"%s has a key of a kind that cannot be checked",
			word->log->base_url);
	word->has_time = entry->promise.len > 0;
	word->has_proof = entry->proof != NULL;
	if (check_parts(entry, bundle_version, err) < 0 ||
		(word->has_time && verify_promise(entry, word->log, err) < 0) ||
		(word->has_proof && verify_proof(entry, word->log, err) < 0))
		return err->class;
	word->time = word->has_time ? entry->integrated_time : 0;
	return log_body_verify(entry, claim, err);
}

int log_entry_verify(const struct log_entry *entry, unsigned bundle_version,
	const struct claim_signed *claim, const struct trusted_root *root,
	struct log_word *ret_word, struct error *err)
{
	struct log_word word = {.log = NULL};

	if (verify_entry(entry, bundle_version, claim, root, &word, err) < 0) {
		if (err->class == ERR_INPUT) /* malformed is as bad as wrong */
			err->class = ERR_REFUSED;
		return error_wrap(
			err, "log entry %llu", (unsigned long long)entry->log_index);
	}
	*ret_word = word;
	return 0;
}
