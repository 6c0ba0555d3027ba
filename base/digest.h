/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests and hashing (OpenSSL's EVP behind it; default properties, so a FIPS
 * provider is used where it is active). Text form as in the OCI image spec v1.1,
 * descriptor.md, "Digests": "sha256:" + 64 lower-case hexadecimal digits.
 *
 * SHA-1 exists only because the APK v2 format links index and package by it.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/slice.h"

enum digest_algorithm { DIGEST_SHA256 = 1, DIGEST_SHA512, DIGEST_SHA1 };

#define DIGEST_BYTES_MAX 64
#define DIGEST_TEXT_MAX  (7 + 2 * DIGEST_BYTES_MAX + 1)

struct digest {
	enum digest_algorithm algorithm;
	size_t len;
	uint8_t bytes[DIGEST_BYTES_MAX];
};

size_t digest_algorithm_len(enum digest_algorithm algorithm);
const char *digest_algorithm_name(enum digest_algorithm algorithm);

/* "sha256:…" or "sha512:…"; grammar and length exact, else ERR_INPUT. */
MUST_USE int digest_parse(
	struct slice text, struct digest *ret_digest, struct error *err);
MUST_USE int digest_parse_hex(enum digest_algorithm algorithm, struct slice hex,
	struct digest *ret_digest, struct error *err);
/* "sha256:…"; out has DIGEST_TEXT_MAX bytes; returns out. */
char *digest_format(const struct digest *digest, char *out);
/* Only the hexadecimal part. */
char *digest_format_hex(const struct digest *digest, char *out);
bool digest_equal(const struct digest *a, const struct digest *b);
int digest_compare(const struct digest *a, const struct digest *b);
static inline bool digest_is_set(const struct digest *digest)
{
	return digest->len != 0;
}

/* One-shot. */
MUST_USE int digest_of(enum digest_algorithm algorithm, struct slice bytes,
	struct digest *ret_digest, struct error *err);

/* Step by step. A finished hasher can only be freed. */
struct hasher;
#define cleanup_hasher CLEANUP(hasher_free)
MUST_USE int hasher_new(
	enum digest_algorithm algorithm, struct hasher **ret_hasher, struct error *err);
MUST_USE int hasher_update(
	struct hasher *hasher, const void *data, size_t len, struct error *err);
MUST_USE int hasher_finish(
	struct hasher *hasher, struct digest *ret_digest, struct error *err);
void hasher_free(struct hasher **hasher);

/* Compares secrets or signatures without telling where they differ. */
bool bytes_equal_constant_time(struct slice a, struct slice b);

#endif
