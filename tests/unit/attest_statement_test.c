/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include <jansson.h>

#include "attest/statement.h"

static int parse(struct slice bytes, struct error *err)
{
	cleanup_statement struct statement *statement = NULL;

	return statement_parse(bytes, &statement, err);
}

static void cases(void **state)
{
	(void)state;
	run_cases("statement", parse);
}

static void written_is_read_again(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_statement struct statement *statement = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct digest digest, other;

	assert_ok(digest_of(DIGEST_SHA256, SLICE("x"), &digest, &err), &err);
	assert_ok(digest_of(DIGEST_SHA256, SLICE("y"), &other, &err), &err);
	assert_ok(statement_write("base", &digest, PREDICATE_SPDX,
			  json_pack("{s:i}", "a", 1), &out, &err),
		&err);
	assert_string_equal(buffer_str(&out),
		"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{\"a\":1},"
		"\"predicateType\":\"https://spdx.dev/"
		"Document\",\"subject\":[{\"digest\":"
		"{\"sha256\":"
		"\"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\"},"
		"\"name\":\"base\"}]}");
	assert_ok(statement_parse(buffer_slice(&out), &statement, &err), &err);
	assert_string_equal(statement->predicate_type, PREDICATE_SPDX);
	assert_int_equal(statement->subject_count, 1);
	assert_string_equal(statement->subjects[0].name, "base");
	assert_true(statement_is_about(statement, &digest));
	assert_false(statement_is_about(statement, &other));
	assert_int_equal(
		json_integer_value(json_object_get(statement->predicate, "a")), 1);
}

/* A subject without a sha256 is about nothing, not about an all-zero digest. */
static void subject_without_sha256_matches_nothing(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_statement struct statement *statement = NULL;
	struct digest unset = {0};

	assert_ok(statement_parse(SLICE("{\"_type\":\"https://in-toto.io/Statement/v1\","
					"\"predicateType\":\"x\",\"subject\":[{"
					"\"digest\":{\"gitCommit\":"
					"\"00\"}}]}"),
			  &statement, &err),
		&err);
	assert_false(statement_is_about(statement, &unset));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(written_is_read_again),
		cmocka_unit_test(subject_without_sha256_matches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
