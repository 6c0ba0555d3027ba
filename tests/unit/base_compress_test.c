/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/compress.h"

static const enum compression both[] = {COMPRESSION_GZIP, COMPRESSION_ZSTD};

/* Text that compresses, with a period that is no power of two. */
static void fill(struct buffer *plain, size_t len)
{
	struct error err = ERROR_INIT;

	for (unsigned i = 0; plain->len < len; i++)
		assert_int_equal(
			buffer_printf(plain, &err, "line %u %u\n", i, i * i % 977), 0);
}

static int unpack(enum compression compression, struct slice packed, struct buffer *out,
	struct error *err)
{
	cleanup_reader struct reader *inner = NULL;
	cleanup_reader struct reader *reader = NULL;

	error_clear(err);
	buffer_clear(out);
	assert_int_equal(reader_from_slice(packed, &inner, err), 0);
	assert_int_equal(reader_decompress(compression, &inner, &reader, err), 0);
	assert_null(inner);
	return reader_read_all(reader, 64 * 1024 * 1024, out, err);
}

static void there_and_back(void **state)
{
	static const size_t sizes[] = {0, 1, 100, 65536, 300000, 3000000};
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (size_t c = 0; c < ARRAY_LEN(both); c++) {
			cleanup_buffer struct buffer plain = BUFFER_INIT;
			cleanup_buffer struct buffer packed = BUFFER_INIT;
			cleanup_buffer struct buffer again = BUFFER_INIT;
			cleanup_buffer struct buffer out = BUFFER_INIT;

			fill(&plain, sizes[i]);
			assert_int_equal(compress_member(both[c], buffer_slice(&plain),
						 &packed, &err),
				0);
			assert_int_equal(compress_member(both[c], buffer_slice(&plain),
						 &again, &err),
				0);
			assert_true(
				slice_equal(buffer_slice(&packed), buffer_slice(&again)));
			assert_int_equal(
				unpack(both[c], buffer_slice(&packed), &out, &err), 0);
			assert_true(
				slice_equal(buffer_slice(&plain), buffer_slice(&out)));
			/* Members follow each other. */
			assert_int_equal(
				compress_member(both[c], SLICE("tail"), &packed, &err),
				0);
			assert_int_equal(
				unpack(both[c], buffer_slice(&packed), &out, &err), 0);
			assert_int_equal(out.len, plain.len + 4);
			assert_string_equal(buffer_str(&out) + plain.len, "tail");
		}
}

static void none_is_plain(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_buffer struct buffer again = BUFFER_INIT;

	(void)state;
	assert_int_equal(
		compress_member(COMPRESSION_NONE, SLICE("plain"), &out, &err), 0);
	assert_string_equal(buffer_str(&out), "plain");
	assert_int_equal(unpack(COMPRESSION_NONE, buffer_slice(&out), &again, &err), 0);
	assert_string_equal(buffer_str(&again), "plain");
	assert_string_equal(compression_name(COMPRESSION_NONE), "none");
	assert_string_equal(compression_name(COMPRESSION_ZSTD), "zstd");
}

static void gzip_header_is_fixed(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;

	(void)state;
	assert_int_equal(compress_member(COMPRESSION_GZIP, SLICE("x"), &out, &err), 0);
	assert_memory_equal(out.data, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
}

static void formats_name_the_encoder(void **state)
{
	(void)state;
	assert_true(slice_starts_with(
		slice_str(compress_format(COMPRESSION_GZIP)), SLICE("gzip-libdeflate-")));
	assert_true(slice_starts_with(
		slice_str(compress_format(COMPRESSION_ZSTD)), SLICE("zstd-1.")));
	assert_string_equal(compress_format(COMPRESSION_NONE), "none");
	assert_false(slice_ends_with(
		slice_str(compress_format(COMPRESSION_GZIP)), SLICE("-00000000")));
	assert_ptr_equal(
		compress_format(COMPRESSION_GZIP), compress_format(COMPRESSION_GZIP));
}

/* Every cut of the stream but the one between members is noticed. */
static void truncation(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(both); c++) {
		cleanup_buffer struct buffer packed = BUFFER_INIT;
		cleanup_buffer struct buffer out = BUFFER_INIT;
		size_t first;

		assert_int_equal(
			compress_member(both[c], SLICE("first member"), &packed, &err),
			0);
		first = packed.len;
		assert_int_equal(
			compress_member(both[c], SLICE("second"), &packed, &err), 0);
		for (size_t len = 0; len < packed.len; len++) {
			int result = unpack(both[c],
				slice_sub(buffer_slice(&packed), 0, len), &out, &err);

			assert_int_equal(result, len == first ? 0 : ERR_INPUT);
			if (len != first)
				assert_non_null(strstr(err.text, "truncated"));
		}
	}
}

static void damage(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(both); c++) {
		cleanup_buffer struct buffer packed = BUFFER_INIT;
		cleanup_buffer struct buffer out = BUFFER_INIT;
		size_t len;

		assert_int_equal(
			compress_member(both[c], SLICE("some text"), &packed, &err), 0);
		len = packed.len;
		packed.data[len - 5] ^= 1; /* in the CRC of gzip, the content of zstd */
		assert_int_equal(
			unpack(both[c], buffer_slice(&packed), &out, &err), ERR_INPUT);
		packed.data[len - 5] ^= 1;
		packed.data[0] ^= 1;
		assert_int_equal(
			unpack(both[c], buffer_slice(&packed), &out, &err), ERR_INPUT);
		assert_non_null(strstr(err.text, "bad "));
		packed.data[0] ^= 1;
		assert_int_equal(buffer_add_str(&packed, "garbage", &err), 0);
		assert_int_equal(
			unpack(both[c], buffer_slice(&packed), &out, &err), ERR_INPUT);
		assert_non_null(strstr(err.text, "garbage after"));
		packed.data[len] = '\0';
		assert_int_equal(
			unpack(both[c], slice_sub(buffer_slice(&packed), 0, len + 1),
				&out, &err),
			ERR_INPUT);
	}
}

static void one_member(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer packed = BUFFER_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	size_t consumed = 0;
	size_t first;

	(void)state;
	assert_int_equal(
		compress_member(COMPRESSION_GZIP, SLICE("hello"), &packed, &err), 0);
	first = packed.len;
	assert_int_equal(buffer_add_str(&packed, "what follows", &err), 0);
	assert_int_equal(buffer_add_str(&out, "<", &err), 0);
	assert_int_equal(
		gzip_decompress_member(buffer_slice(&packed), 5, &out, &consumed, &err),
		0);
	assert_string_equal(buffer_str(&out), "<hello");
	assert_int_equal(consumed, first);
	consumed = 0;
	assert_int_equal(
		gzip_decompress_member(buffer_slice(&packed), 4, &out, &consumed, &err),
		ERR_INPUT);
	assert_non_null(strstr(err.text, "allowed 4 bytes"));
	assert_string_equal(buffer_str(&out), "<hello");
	assert_int_equal(consumed, 0);
	for (size_t len = 0; len < first; len++) {
		error_clear(&err);
		assert_int_equal(
			gzip_decompress_member(slice_sub(buffer_slice(&packed), 0, len),
				99, &out, &consumed, &err),
			ERR_INPUT);
	}
	assert_string_equal(buffer_str(&out), "<hello");
}

/* 100 MB of zeros in a hundred kilobytes: the limit holds before the memory goes. */
static void bomb(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer plain = BUFFER_INIT;
	cleanup_buffer struct buffer packed = BUFFER_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	size_t consumed;

	(void)state;
	assert_int_equal(buffer_add_zeros(&plain, 100000000, &err), 0);
	assert_int_equal(
		compress_member(COMPRESSION_GZIP, buffer_slice(&plain), &packed, &err),
		0);
	assert_true(packed.len < 300000);
	assert_int_equal(gzip_decompress_member(
				 buffer_slice(&packed), 1000, &out, &consumed, &err),
		ERR_INPUT);
	assert_true(out.capacity < 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(none_is_plain),
		cmocka_unit_test(gzip_header_is_fixed),
		cmocka_unit_test(formats_name_the_encoder),
		cmocka_unit_test(truncation),
		cmocka_unit_test(damage),
		cmocka_unit_test(one_member),
		cmocka_unit_test(bomb),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
