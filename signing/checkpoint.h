/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: a transparency log's signed word for its Merkle tree (C2SP
 * tlog-checkpoint, a signed note):
 *
 *	origin LF size LF base64(root hash) LF *(extension LF) LF
 *	1*("— " name " " base64(key hint of 4 bytes, signature) LF)
 *
 * The signature is over the text before the empty line. It is checked before that text
 * is read. Lines by others (witnesses, other keys) are skipped.
 *
 * Limits: 64 KiB, 64 signature lines.
 */
#ifndef SIGNING_CHECKPOINT_H
#define SIGNING_CHECKPOINT_H

#include "signing/trusted_root.h"

#define CHECKPOINT_ROOT_BYTES 32

struct checkpoint {
	struct slice origin; /* borrows from the note */
	uint64_t tree_size;
	uint8_t root[CHECKPOINT_ROOT_BYTES];
};

/*
 * ERR_REFUSED unless the log has signed it; malformed notes are refused, too. The log
 * has a key.
 */
MUST_USE int checkpoint_verify(struct slice note, const struct trusted_log *log,
	struct checkpoint *ret_checkpoint, struct error *err);
/* Only the text, without its signatures; ERR_REFUSED if malformed. */
MUST_USE int checkpoint_read(
	struct slice text, struct checkpoint *ret_checkpoint, struct error *err);

#endif
