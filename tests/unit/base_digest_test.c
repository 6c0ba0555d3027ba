/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"

/* FIPS 180-4 examples: "abc" */
#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_SHA1   "a9993e364706816aba3e25717850c26c9cd0d89d"
#define ABC_SHA512                                                                       \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"               \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

static void known_digests(void **state)
{
	static const struct {
		enum digest_algorithm algorithm;
		const char *hex;
	} cases[] = {{DIGEST_SHA256, ABC_SHA256}, {DIGEST_SHA512, ABC_SHA512},
		{DIGEST_SHA1, ABC_SHA1}};
	struct error err = ERROR_INIT;
	struct digest digest, parsed;
	char text[DIGEST_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
			digest_of(cases[i].algorithm, SLICE("abc"), &digest, &err), 0);
		assert_string_equal(digest_format_hex(&digest, text), cases[i].hex);
		assert_int_equal(digest_parse_hex(cases[i].algorithm,
					 slice_str(cases[i].hex), &parsed, &err),
			0);
		assert_true(digest_equal(&digest, &parsed));
		assert_int_equal(digest_compare(&digest, &parsed), 0);
	}
	assert_int_equal(digest_of((enum digest_algorithm)9, SLICE("abc"), &digest, &err),
		ERR_BUG);
}

static void step_by_step(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_hasher struct hasher *hasher = NULL;
	struct digest digest = {0};
	char text[DIGEST_TEXT_MAX];

	(void)state;
	assert_false(digest_is_set(&digest));
	assert_int_equal(hasher_new(DIGEST_SHA256, &hasher, &err), 0);
	assert_int_equal(hasher_update(hasher, "a", 1, &err), 0);
	assert_int_equal(hasher_update(hasher, NULL, 0, &err), 0);
	assert_int_equal(hasher_update(hasher, "bc", 2, &err), 0);
	assert_int_equal(hasher_finish(hasher, &digest, &err), 0);
	assert_string_equal(digest_format(&digest, text), "sha256:" ABC_SHA256);
	assert_true(digest_is_set(&digest));
	assert_int_equal(hasher_update(hasher, "x", 1, &err), ERR_BUG);
	error_clear(&err);
	assert_int_equal(hasher_finish(hasher, &digest, &err), ERR_BUG);
}

static void parsing(void **state)
{
	static const char *const bad[] = {"", ABC_SHA256,
		"sha256:", "sha256:" ABC_SHA256 "0", "sha512:" ABC_SHA256,
		"sha1:" ABC_SHA1, "SHA256:" ABC_SHA256, "sha256-" ABC_SHA256,
		" sha256:" ABC_SHA256,
		"sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
		"sha256:"
		"ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
	struct error err = ERROR_INIT;
	struct digest digest = {0};
	struct digest other;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		error_clear(&err);
		assert_int_equal(
			digest_parse(slice_str(bad[i]), &digest, &err), ERR_INPUT);
		assert_false(digest_is_set(&digest));
	}
	error_clear(&err);
	assert_int_equal(digest_parse(slice_str("sha256:" ABC_SHA256), &digest, &err), 0);
	assert_int_equal(digest_parse(slice_str("sha512:" ABC_SHA512), &other, &err), 0);
	assert_false(digest_equal(&digest, &other));
	assert_true(digest_compare(&digest, &other) < 0);
	other = digest;
	other.algorithm = DIGEST_SHA512; /* same length, same bytes */
	assert_false(digest_equal(&digest, &other));
	other = digest;
	other.bytes[31] ^= 1;
	assert_false(digest_equal(&digest, &other));
	assert_int_not_equal(digest_compare(&digest, &other), 0);
}

static void constant_time(void **state)
{
	(void)state;
	assert_true(bytes_equal_constant_time(SLICE("abc"), slice_str("abc")));
	assert_false(bytes_equal_constant_time(SLICE("abc"), SLICE("abd")));
	assert_false(bytes_equal_constant_time(SLICE("abc"), SLICE("ab")));
	assert_true(bytes_equal_constant_time(SLICE_EMPTY, SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_digests),
		cmocka_unit_test(step_by_step),
		cmocka_unit_test(parsing),
		cmocka_unit_test(constant_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
