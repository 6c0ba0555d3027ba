/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of messages in the JSON form of protocol buffers (ProtoJSON): bytes are base64
 * of any alphabet, 64-bit integers are strings or numbers. The results are copies in the
 * arena. All errors are ERR_INPUT and name the member.
 */
#ifndef SIGNING_PROTO_PRIVATE_H
#define SIGNING_PROTO_PRIVATE_H

#include "base/arena.h"

struct json_t;

/* Must be there, not empty, and at most max bytes when decoded. */
MUST_USE int proto_bytes(const struct json_t *object, const char *key, const char *where,
	size_t max, struct arena *arena, struct slice *ret_bytes, struct error *err);
/* The member, or SLICE_EMPTY if it is absent or empty (which is the same in ProtoJSON).
 */
MUST_USE int proto_opt_bytes(const struct json_t *object, const char *key,
	const char *where, size_t max, struct arena *arena, struct slice *ret_bytes,
	struct error *err);
/* 0 if absent (the default value); 0 … INT64_MAX, negative numbers are refused. */
MUST_USE int proto_u63(const struct json_t *object, const char *key, const char *where,
	uint64_t *ret_value, struct error *err);
/* A string that must be there and not be empty. */
MUST_USE int proto_text(const struct json_t *object, const char *key, const char *where,
	struct arena *arena, const char **ret_text, struct error *err);
/* {"rawBytes":…} and nothing else. */
MUST_USE int proto_raw_bytes(const struct json_t *object, const char *where, size_t max,
	struct arena *arena, struct slice *ret_bytes, struct error *err);

#endif
