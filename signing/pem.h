/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM text (RFC 7468), stricter than usual: exactly one block, nothing but white space
 * around it, no header lines, lines of at most 76 base64 characters, LF or CRLF. A file
 * with several blocks is refused rather than one of them chosen.
 */
#ifndef SIGNING_PEM_H
#define SIGNING_PEM_H

#include "base/arena.h"
#include "base/buffer.h"

/*
 * ret_label borrows from text. der is appended to; it and all intermediate memory can
 * hold secrets (see wipe.h): room is reserved before. ERR_INPUT for anything else than
 * one block.
 */
MUST_USE int pem_decode(struct slice text, struct slice *ret_label, struct buffer *der,
	struct error *err);
/* The next of several blocks, cut off the front of *text; white space may be between. */
MUST_USE int pem_next(struct slice *text, struct slice *ret_label, struct buffer *der,
	struct error *err);
/*
 * A file of CERTIFICATE blocks and nothing else, between 1 and PEM_CHAIN_MAX; DER, in the
 * arena, in the file's order.
 */
#define PEM_CHAIN_MAX 16
MUST_USE int pem_load_certificates(const char *path, struct arena *arena,
	struct slice **ret_list, size_t *ret_count, struct error *err);
/* Lines of 64 characters. Appends. */
MUST_USE int pem_encode(
	const char *label, struct slice der, struct buffer *out, struct error *err);

#endif
