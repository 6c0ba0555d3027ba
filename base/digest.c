/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/digest.h"
#include "base/encode.h"

static const struct {
	enum digest_algorithm algorithm;
	size_t len;
	const char *name;
	const char *openssl_name;
} algorithms[] = {
	{DIGEST_SHA256, 32, "sha256", "SHA256"},
	{DIGEST_SHA512, 64, "sha512", "SHA512"},
	{DIGEST_SHA1, 20, "sha1", "SHA1"},
};

size_t digest_algorithm_len(enum digest_algorithm algorithm)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
		if (algorithms[i].algorithm == algorithm)
			return algorithms[i].len;
	return 0;
}

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
		if (algorithms[i].algorithm == algorithm)
			return algorithms[i].name;
	return "unknown";
}

int digest_parse(struct slice text, struct digest *ret_digest, struct error *err)
{
	struct slice hex = text;
	enum digest_algorithm algorithm;

	if (slice_starts_with(text, SLICE("sha256:")))
		algorithm = DIGEST_SHA256;
	else if (slice_starts_with(text, SLICE("sha512:")))
		algorithm = DIGEST_SHA512;
	else
		return error_set(err, ERR_INPUT,
			"\"%.*s\" is not a digest: neither sha256: nor sha512: before it",
			SLICE_ARG(slice_sub(text, 0, 128)));
	hex = slice_sub(text, sizeof("sha256:") - 1, text.len);
	if (digest_parse_hex(algorithm, hex, ret_digest, err) < 0)
		return error_wrap(err, "digest");
	return 0;
}

int digest_parse_hex(enum digest_algorithm algorithm, struct slice hex,
	struct digest *ret_digest, struct error *err)
{
	struct digest digest = {
		.algorithm = algorithm, .len = digest_algorithm_len(algorithm)};

	if (digest.len == 0)
		return error_set(err, ERR_BUG, "unknown digest algorithm");
	if (hex_decode(hex, digest.bytes, digest.len, err) < 0)
		return error_wrap(err, "%s", digest_algorithm_name(algorithm));
	*ret_digest = digest;
	return 0;
}

char *digest_format(const struct digest *digest, char *out)
{
	const char *name = digest_algorithm_name(digest->algorithm);
	size_t len = strlen(name);

	memcpy(out, name, len);
	out[len] = ':';
	(void)digest_format_hex(digest, out + len + 1); /* returns its argument */
	return out;
}

char *digest_format_hex(const struct digest *digest, char *out)
{
	hex_encode(digest->bytes, digest->len, out);
	return out;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->algorithm == b->algorithm && a->len == b->len &&
	       memcmp(a->bytes, b->bytes, a->len) == 0;
}

int digest_compare(const struct digest *a, const struct digest *b)
{
	if (a->algorithm != b->algorithm)
		return a->algorithm < b->algorithm ? -1 : 1;
	return slice_compare(slice_from(a->bytes, a->len), slice_from(b->bytes, b->len));
}

int digest_of(enum digest_algorithm algorithm, struct slice bytes,
	struct digest *ret_digest, struct error *err)
{
	cleanup_hasher struct hasher *hasher = NULL;

	if (hasher_new(algorithm, &hasher, err) < 0)
		return err->class;
	if (hasher_update(hasher, bytes.data, bytes.len, err) < 0)
		return err->class;
	return hasher_finish(hasher, ret_digest, err);
}

/* ---- hashing ---- */

struct hasher {
	EVP_MD_CTX *context;
	enum digest_algorithm algorithm;
	bool finished;
};

/* Moves OpenSSL's reasons from its queue into the error; none may stay behind. */
static int openssl_failed(struct error *err, const char *what)
{
	unsigned long first = ERR_get_error();
	char text[256] = "no reason given";

	if (first != 0)
		ERR_error_string_n(first, text, sizeof(text));
	ERR_clear_error();
	(void)error_set(err, ERR_SYSTEM, "%s: %s", what, text); /* returned below */
	if (ERR_GET_REASON(first) == ERR_R_UNSUPPORTED &&
		EVP_default_properties_is_fips_enabled(NULL))
		return error_remedy(err,
			"OpenSSL is set to FIPS algorithms only, and has "
			"no such one: see openssl list -providers");
	return ERR_SYSTEM;
}

int hasher_new(
	enum digest_algorithm algorithm, struct hasher **ret_hasher, struct error *err)
{
	cleanup_hasher struct hasher *hasher = NULL;
	const char *name = NULL;
	EVP_MD *md;
	int started;

	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
		if (algorithms[i].algorithm == algorithm)
			name = algorithms[i].openssl_name;
	if (!name)
		return error_set(err, ERR_BUG, "unknown digest algorithm");
	hasher = calloc(1, sizeof(*hasher));
	if (!hasher)
		return error_set_memory(err);
	hasher->algorithm = algorithm;
	hasher->context = EVP_MD_CTX_new();
	if (!hasher->context)
		return openssl_failed(err, "preparing a digest");
	md = EVP_MD_fetch(NULL, name, NULL);
	if (!md)
		return openssl_failed(err, "looking for a digest algorithm");
	started = EVP_DigestInit_ex2(hasher->context, md, NULL);
	EVP_MD_free(md); /* the context holds its own reference */
	if (started != 1)
		return openssl_failed(err, "starting a digest");
	*ret_hasher = take_ptr(hasher);
	return 0;
}

int hasher_update(struct hasher *hasher, const void *data, size_t len, struct error *err)
{
	if (hasher->finished)
		return error_set(err, ERR_BUG, "a finished digest was given more bytes");
	if (len != 0 && EVP_DigestUpdate(hasher->context, data, len) != 1)
		return openssl_failed(err, "computing a digest");
	return 0;
}

int hasher_finish(struct hasher *hasher, struct digest *ret_digest, struct error *err)
{
	struct digest digest = {.algorithm = hasher->algorithm,
		.len = digest_algorithm_len(hasher->algorithm)};
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (hasher->finished)
		return error_set(err, ERR_BUG, "a digest was finished twice");
	hasher->finished = true;
	if (EVP_DigestFinal_ex(hasher->context, bytes, &len) != 1)
		return openssl_failed(err, "finishing a digest");
	if (len != digest.len)
		return error_set(err, ERR_BUG, "%s gave %u bytes",
			digest_algorithm_name(digest.algorithm), len);
	memcpy(digest.bytes, bytes, digest.len);
	*ret_digest = digest;
	return 0;
}

void hasher_free(struct hasher **hasher)
{
	int saved = errno;

	if (*hasher) {
		EVP_MD_CTX_free((*hasher)->context);
		free_ptr(hasher);
	}
	errno = saved;
}

bool bytes_equal_constant_time(struct slice a, struct slice b)
{
	return a.len == b.len &&
	       (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}
