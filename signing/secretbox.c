/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XSalsa20 (D. J. Bernstein, "Extending the Salsa20 nonce") and the secretbox made of it
 * and Poly1305 (NaCl, crypto_secretbox_xsalsa20poly1305): only what cosign's key files
 * need. OpenSSL has no Salsa20. No branch and no index depends on a secret.
 */
#include <string.h>

#include "base/encode.h"
#include "signing/secret_private.h"
#include "signing/wipe.h"

#define BLOCK 64

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void store32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value & 0xff);
	p[1] = (uint8_t)(value >> 8 & 0xff);
	p[2] = (uint8_t)(value >> 16 & 0xff);
	p[3] = (uint8_t)(value >> 24 & 0xff);
}

static uint32_t rotate(uint32_t value, unsigned bits)
{
	return value << bits | value >> (32 - bits);
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*b ^= rotate(*a + *d, 7);
	*c ^= rotate(*b + *a, 9);
	*d ^= rotate(*c + *b, 13);
	*a ^= rotate(*d + *c, 18);
}

/* Ten double rounds: columns, then rows, each from the diagonal on. */
static void rounds(uint32_t x[static 16])
{
	for (unsigned i = 0; i < 10; i++) {
		quarter(&x[0], &x[4], &x[8], &x[12]);
		quarter(&x[5], &x[9], &x[13], &x[1]);
		quarter(&x[10], &x[14], &x[2], &x[6]);
		quarter(&x[15], &x[3], &x[7], &x[11]);
		quarter(&x[0], &x[1], &x[2], &x[3]);
		quarter(&x[5], &x[6], &x[7], &x[4]);
		quarter(&x[10], &x[11], &x[8], &x[9]);
		quarter(&x[15], &x[12], &x[13], &x[14]);
	}
}

/* "expand 32-byte k" on the diagonal, the key around it, 16 bytes of input in the middle.
 */
static void state_init(uint32_t x[static 16], const uint8_t key[static 32],
	const uint8_t input[static 16])
{
	static const uint8_t sigma[16] = {'e', 'x', 'p', 'a', 'n', 'd', ' ', '3', '2',
		'-', 'b', 'y', 't', 'e', ' ', 'k'};

	for (size_t i = 0; i < 4; i++) {
		x[5 * i] = load32(sigma + 4 * i);
		x[1 + i] = load32(key + 4 * i);
		x[6 + i] = load32(input + 4 * i);
		x[11 + i] = load32(key + 16 + 4 * i);
	}
}

static void hsalsa20(const uint8_t key[static 32], const uint8_t input[static 16],
	uint8_t out[static 32])
{
	static const unsigned words[8] = {0, 5, 10, 15, 6, 7, 8, 9};
	uint32_t x[16];

	state_init(x, key, input);
	rounds(x);
	for (size_t i = 0; i < 8; i++)
		store32(out + 4 * i, x[words[i]]);
	explicit_bzero(x, sizeof(x));
}

static void salsa20_block(const uint8_t key[static 32], const uint8_t nonce[static 8],
	uint64_t counter, uint8_t out[static BLOCK])
{
	uint32_t start[16], x[16];
	uint8_t input[16];

	memcpy(input, nonce, 8);
	store32(input + 8, (uint32_t)(counter & UINT32_MAX));
	store32(input + 12, (uint32_t)(counter >> 32));
	state_init(start, key, input);
	memcpy(x, start, sizeof(x));
	rounds(x);
	for (size_t i = 0; i < 16; i++)
		store32(out + 4 * i, x[i] + start[i]);
	explicit_bzero(x, sizeof(x));
	explicit_bzero(start, sizeof(start));
}

/* The first 32 bytes of the stream are the one-time Poly1305 key; the text follows. */
struct stream {
	uint8_t key[32], nonce[8], block[BLOCK];
	uint64_t counter;
	size_t used;
};

static void stream_start(struct stream *stream, const uint8_t key[static 32],
	const uint8_t nonce[static SECRETBOX_NONCE_BYTES])
{
	*stream = (struct stream){.used = 32};
	hsalsa20(key, nonce, stream->key);
	memcpy(stream->nonce, nonce + 16, 8);
	salsa20_block(stream->key, stream->nonce, 0, stream->block);
}

static void stream_xor(struct stream *stream, const char *in, char *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (stream->used == BLOCK) {
			salsa20_block(stream->key, stream->nonce, ++stream->counter,
				stream->block);
			stream->used = 0;
		}
		out[i] = (char)((uint8_t)in[i] ^ stream->block[stream->used++]);
	}
}

static int seal(struct stream *stream, struct slice plain, char *box, struct error *err)
{
	uint8_t mac_key[32], tag[SECRETBOX_TAG_BYTES];
	int status;

	memcpy(mac_key, stream->block, sizeof(mac_key));
	stream_xor(stream, plain.data, box + SECRETBOX_TAG_BYTES, plain.len);
	status = secret_poly1305(
		mac_key, slice_from(box + SECRETBOX_TAG_BYTES, plain.len), tag, err);
	if (status == 0)
		memcpy(box, tag, sizeof(tag));
	explicit_bzero(mac_key, sizeof(mac_key));
	return status;
}

int secretbox_seal(const uint8_t key[static SECRETBOX_KEY_BYTES],
	const uint8_t nonce[static SECRETBOX_NONCE_BYTES], struct slice plain,
	struct buffer *out, struct error *err)
{
	struct stream stream;
	size_t at = out->len;
	int status;

	if (buffer_add_zeros(out, SECRETBOX_TAG_BYTES + plain.len, err) < 0)
		return err->class;
	stream_start(&stream, key, nonce);
	status = seal(&stream, plain, out->data + at, err);
	explicit_bzero(&stream, sizeof(stream));
	return status;
}

static int check_tag(const struct stream *stream, struct slice tag, struct slice sealed,
	struct error *err)
{
	uint8_t computed[SECRETBOX_TAG_BYTES];

	if (secret_poly1305(stream->block, sealed, computed, err) < 0)
		return err->class;
	if (!bytes_equal_constant_time(tag, slice_from(computed, sizeof(computed))))
		return error_set(err, ERR_REFUSED, "wrong passphrase, or a damaged file");
	return 0;
}

int secretbox_open(const uint8_t key[static SECRETBOX_KEY_BYTES],
	const uint8_t nonce[static SECRETBOX_NONCE_BYTES], struct slice box,
	struct buffer *out, struct error *err)
{
	struct stream stream;
	struct slice tag;
	size_t at = out->len;
	int status;

	if (!slice_take(&box, SECRETBOX_TAG_BYTES, &tag))
		return error_set(err, ERR_INPUT, "the encrypted text is too short");
	stream_start(&stream, key, nonce);
	status = check_tag(&stream, tag, box, err);
	if (status == 0)
		status = buffer_add_zeros(out, box.len, err);
	if (status == 0 && box.len > 0)
		stream_xor(&stream, box.data, out->data + at, box.len);
	explicit_bzero(&stream, sizeof(stream));
	return status;
}
