/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as text: hexadecimal and base64 (RFC 4648, sections 4, 5 and 8), quoting.
 * What appends leaves the buffer as it was on failure.
 */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/buffer.h"

/* Lower-case hex. out has 2 * len + 1 bytes. */
void hex_encode(const uint8_t *bytes, size_t len, char *out);
/* Exactly len bytes from 2 * len lower-case digits; upper case is ERR_INPUT. */
MUST_USE int hex_decode(struct slice text, uint8_t *out, size_t len, struct error *err);

/* Standard alphabet, padded. Appends. */
MUST_USE int base64_encode(struct slice bytes, struct buffer *out, struct error *err);
/*
 * Strict standard alphabet with padding: no white space, no missing padding,
 * no stray bits. Appends; ERR_INPUT otherwise.
 */
MUST_USE int base64_decode(struct slice text, struct buffer *out, struct error *err);
/*
 * What protobuf JSON readers accept: standard or URL alphabet, padded or not,
 * line breaks skipped. Appends.
 */
MUST_USE int base64_decode_lenient(
	struct slice text, struct buffer *out, struct error *err);

/*
 * s as a JSON string literal with quotes; for hand-written JSON lines. Appends.
 * ERR_INPUT if s is not UTF-8 (NUL is fine: \u0000).
 */
MUST_USE int json_quote(struct slice s, struct buffer *out, struct error *err);
/* s as one POSIX shell word in single quotes; ERR_INPUT for a NUL. Appends. */
MUST_USE int shell_quote(struct slice s, struct buffer *out, struct error *err);
/* s with all but unreserved characters (RFC 3986, 2.3) percent-encoded. Appends. */
MUST_USE int url_quote(struct slice s, struct buffer *out, struct error *err);

#endif
