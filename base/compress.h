/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression: gzip (RFC 1952, by libdeflate and zlib) and zstd (RFC 8878).
 *
 * Everything we write is a sequence of independent gzip members or zstd
 * frames, which every reader of either format takes as one stream. The bytes
 * that come out are part of the store's format version: a change of library, level
 * or parameter changes compress_format().
 * gzip header: no name, no time, XFL 0, OS 255.
 */
#ifndef BASE_COMPRESS_H
#define BASE_COMPRESS_H

#include "base/stream.h"

enum compression { COMPRESSION_NONE = 0, COMPRESSION_GZIP, COMPRESSION_ZSTD };

const char *compression_name(enum compression compression); /* "none" "gzip" "zstd" */

/*
 * Names encoder, version and parameters, e.g. "zstd-1.5.4-9"; goes into cache keys
 * and provenance. zstd tells its run-time version. libdeflate cannot: its build-time
 * version is followed by a fingerprint of the bytes that the library at run time makes
 * of a fixed text, "gzip-libdeflate-1.14-7-5f8e1c02". Static storage.
 */
const char *compress_format(enum compression compression);

/* Appends one member or frame holding all of plain (NONE: plain itself). */
MUST_USE int compress_member(enum compression compression, struct slice plain,
	struct buffer *out, struct error *err);

/*
 * Decompresses the first gzip member in `in` (at most max bytes of output,
 * ERR_INPUT beyond); *ret_consumed is its compressed length. Appends; out is
 * unchanged on failure.
 */
MUST_USE int gzip_decompress_member(struct slice in, size_t max, struct buffer *out,
	size_t *ret_consumed, struct error *err);

/*
 * All members, at least one; trailing garbage (padding, too), truncation and a bad CRC
 * are ERR_INPUT. zstd windows up to 128 MiB. How much comes out is for reader_limit.
 * Takes *inner; NONE gives *inner itself.
 */
MUST_USE int reader_decompress(enum compression compression, struct reader **inner,
	struct reader **ret_reader, struct error *err);

#endif
