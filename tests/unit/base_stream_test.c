/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "base/stream.h"

/* Gives one byte per call, then fails or ends. */
struct drip {
	size_t left;
	bool fails;
	int *freed;
};

static int drip_read(
	void *context, void *data, size_t len, size_t *ret_len, struct error *err)
{
	struct drip *drip = context;

	assert_true(len > 0);
	if (drip->left == 0 && drip->fails)
		return error_set(err, ERR_NETWORK, "the line is dead");
	*ret_len = drip->left != 0;
	if (drip->left != 0) {
		*(char *)data = 'd';
		drip->left--;
	}
	return 0;
}

static void drip_free(void *context)
{
	struct drip *drip = context;

	(*drip->freed)++;
}

static const struct reader_ops drip_ops = {drip_read, drip_free};

static void first_error_sticks(void **state)
{
	int freed = 0;
	struct drip drip = {3, true, &freed};
	struct error err = ERROR_INIT;
	struct reader *reader = NULL;
	char data[8];
	size_t got = 77;

	(void)state;
	assert_int_equal(reader_new(&drip_ops, &drip, &reader, &err), 0);
	assert_int_equal(reader_read_exactly(reader, data, 3, &err), 0);
	assert_int_equal(reader_read(reader, data, 8, &got, &err), ERR_NETWORK);
	assert_int_equal(got, 77);
	drip.left = 5;
	error_clear(&err);
	assert_int_equal(reader_read(reader, data, 8, &got, &err), ERR_NETWORK);
	assert_string_equal(err.text, "the line is dead");
	assert_int_equal(reader_position(reader), 3);
	reader_free(&reader);
	reader_free(&reader);
	assert_int_equal(freed, 1);
}

static void peeking(void **state)
{
	int freed = 0;
	struct drip drip = {5, false, &freed};
	struct error err = ERROR_INIT;
	cleanup_reader struct reader *reader = NULL;
	struct slice bytes;
	char data[8];
	size_t got;

	(void)state;
	assert_int_equal(reader_new(&drip_ops, &drip, &reader, &err), 0);
	assert_int_equal(reader_peek(reader, 2, &bytes, &err), 0);
	assert_int_equal(bytes.len, 2);
	assert_int_equal(reader_position(reader), 0);
	assert_int_equal(reader_read(reader, data, 1, &got, &err), 0);
	assert_int_equal(got, 1);
	assert_int_equal(reader_peek(reader, 10, &bytes, &err), 0);
	assert_true(slice_equal_str(bytes, "dddd"));
	assert_int_equal(reader_read_exactly(reader, data, 4, &err), 0);
	assert_int_equal(reader_position(reader), 5);
	assert_int_equal(reader_read(reader, data, 1, &got, &err), 0);
	assert_int_equal(got, 0);
	assert_int_equal(reader_peek(reader, 65, &bytes, &err), ERR_BUG);
}

static void reading_all(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_reader struct reader *reader = NULL;

	(void)state;
	assert_int_equal(reader_from_slice(SLICE("hello"), &reader, &err), 0);
	assert_int_equal(reader_read_all(reader, 5, &out, &err), 0);
	assert_string_equal(buffer_str(&out), "hello");
	reader_free(&reader);
	assert_int_equal(reader_from_slice(SLICE("hello"), &reader, &err), 0);
	assert_int_equal(reader_read_all(reader, 4, &out, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "4 bytes"));
	error_clear(&err);
	reader_free(&reader);
	assert_int_equal(reader_from_slice(SLICE_EMPTY, &reader, &err), 0);
	assert_int_equal(reader_read_all(reader, 0, &out, &err), 0);
	assert_int_equal(reader_read_exactly(reader, &out, 1, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "truncated"));
}

static void limits_and_parts(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_reader struct reader *inner = NULL;
	cleanup_reader struct reader *reader = NULL;

	(void)state;
	assert_int_equal(reader_from_slice(SLICE("abcdef"), &inner, &err), 0);
	assert_int_equal(reader_part(inner, 2, &reader, &err), 0);
	assert_int_equal(reader_read_all(reader, 99, &out, &err), 0);
	assert_string_equal(buffer_str(&out), "ab");
	reader_free(&reader);
	assert_int_equal(reader_part(inner, 5, &reader, &err), 0);
	assert_int_equal(reader_read_all(reader, 99, &out, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "truncated"));
	error_clear(&err);
	reader_free(&reader);
	reader_free(&inner);
	for (uint64_t max = 5; max <= 7; max++) {
		assert_int_equal(reader_from_slice(SLICE("abcdef"), &inner, &err), 0);
		assert_int_equal(reader_limit(&inner, max, &reader, &err), 0);
		assert_null(inner);
		assert_int_equal(reader_read_all(reader, 99, &out, &err),
			max == 5 ? ERR_INPUT : 0);
		error_clear(&err);
		reader_free(&reader);
	}
	assert_int_equal(reader_from_slice(SLICE("abcdef"), &inner, &err), 0);
	assert_int_equal(reader_limit(&inner, UINT64_MAX, &reader, &err), 0);
	assert_int_equal(reader_read_all(reader, 99, &out, &err), 0);
}

static int read_verified(
	struct slice bytes, const struct digest *digest, uint64_t size, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_reader struct reader *inner = NULL;
	cleanup_reader struct reader *reader = NULL;

	error_clear(err);
	assert_int_equal(reader_from_slice(bytes, &inner, err), 0);
	assert_int_equal(reader_verify(&inner, digest, size, &reader, err), 0);
	return reader_read_all(reader, 99, &out, err);
}

static void verifying(void **state)
{
	struct error err = ERROR_INIT;
	struct digest digest;

	(void)state;
	assert_int_equal(digest_of(DIGEST_SHA256, SLICE("abc"), &digest, &err), 0);
	assert_int_equal(read_verified(SLICE("abc"), &digest, 3, &err), 0);
	assert_int_equal(read_verified(SLICE("abc"), &digest, UINT64_MAX, &err), 0);
	assert_int_equal(read_verified(SLICE("abd"), &digest, 3, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "expected is sha256:ba7816bf"));
	assert_int_equal(read_verified(SLICE("abc"), &digest, 4, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "3 bytes where 4"));
	assert_int_equal(read_verified(SLICE("abc"), &digest, 2, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "more than the expected 2"));
	assert_int_equal(
		read_verified(SLICE_EMPTY, &digest, UINT64_MAX, &err), ERR_INPUT);
}

static void descriptors(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	cleanup_reader struct reader *reader = NULL;
	cleanup_writer struct writer *writer = NULL;
	cleanup_fd int write_end = -1;
	int read_end;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	read_end = ends[0];
	write_end = ends[1];
	assert_int_equal(writer_to_fd(write_end, &writer, &err), 0);
	assert_int_equal(writer_write_slice(writer, SLICE("through a pipe"), &err), 0);
	assert_int_equal(writer_finish(writer, &err), 0);
	assert_int_equal(writer_position(writer), 14);
	assert_int_equal(writer_write(writer, "x", 1, &err), ERR_BUG);
	error_clear(&err);
	close_fd(&write_end);
	assert_int_equal(reader_from_fd(&read_end, &reader, &err), 0);
	assert_int_equal(read_end, -1);
	assert_int_equal(reader_read_all(reader, 99, &out, &err), 0);
	assert_string_equal(buffer_str(&out), "through a pipe");
	reader_free(&reader);
	assert_int_equal(fcntl(ends[0], F_GETFD), -1);
}

/* Bytes go to both, hashed on the way in and on the way out. */
static void tee_hash_copy(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer one = BUFFER_INIT;
	cleanup_buffer struct buffer two = BUFFER_INIT;
	cleanup_hasher struct hasher *in_hash = NULL;
	cleanup_hasher struct hasher *out_hash = NULL;
	cleanup_reader struct reader *plain = NULL;
	cleanup_reader struct reader *reader = NULL;
	cleanup_writer struct writer *first = NULL;
	cleanup_writer struct writer *hashed = NULL;
	cleanup_writer struct writer *second = NULL;
	cleanup_writer struct writer *tee = NULL;
	struct digest in_digest, out_digest;
	uint64_t len = 0;

	(void)state;
	assert_int_equal(hasher_new(DIGEST_SHA256, &in_hash, &err), 0);
	assert_int_equal(hasher_new(DIGEST_SHA256, &out_hash, &err), 0);
	assert_int_equal(reader_from_slice(SLICE("some bytes"), &plain, &err), 0);
	assert_int_equal(reader_hash(&plain, in_hash, &reader, &err), 0);
	assert_int_equal(writer_to_buffer(&one, &first, &err), 0);
	assert_int_equal(writer_hash(&first, out_hash, &hashed, &err), 0);
	assert_int_equal(writer_to_buffer(&two, &second, &err), 0);
	assert_int_equal(writer_tee(&hashed, &second, &tee, &err), 0);
	assert_true(!first && !hashed && !second && !plain);
	assert_int_equal(stream_copy(reader, tee, 10, &len, &err), 0);
	assert_int_equal(writer_finish(tee, &err), 0);
	assert_int_equal(len, 10);
	assert_string_equal(buffer_str(&one), "some bytes");
	assert_string_equal(buffer_str(&two), "some bytes");
	assert_int_equal(hasher_finish(in_hash, &in_digest, &err), 0);
	assert_int_equal(hasher_finish(out_hash, &out_digest, &err), 0);
	assert_true(digest_equal(&in_digest, &out_digest));
}

static void copy_limit(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer out = {.max = 3};
	cleanup_reader struct reader *reader = NULL;
	cleanup_writer struct writer *writer = NULL;

	(void)state;
	assert_int_equal(reader_from_slice(SLICE("abcdef"), &reader, &err), 0);
	assert_int_equal(writer_to_buffer(&out, &writer, &err), 0);
	assert_int_equal(stream_copy(reader, writer, 5, NULL, &err), ERR_INPUT);
	assert_non_null(strstr(err.text, "5 bytes"));
	error_clear(&err);
	assert_int_equal(writer_write(writer, "abcd", 4, &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(writer_write(writer, "a", 1, &err), ERR_INPUT);
	error_clear(&err);
	assert_int_equal(writer_finish(writer, &err), ERR_INPUT);
	assert_int_equal(writer_position(writer), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_error_sticks),
		cmocka_unit_test(peeking),
		cmocka_unit_test(reading_all),
		cmocka_unit_test(limits_and_parts),
		cmocka_unit_test(verifying),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(tee_hash_copy),
		cmocka_unit_test(copy_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
