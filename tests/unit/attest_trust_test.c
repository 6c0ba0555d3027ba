/* SPDX-License-Identifier: Apache-2.0 */
/* Reading trust.yaml; windows of keys to the second. */
#include "tests/unit/signing_support.h"

#include "attest/trust.h"
#include "tests/unit/oci_cases.h"

static int parse(struct slice bytes, struct error *err)
{
	cleanup_trust struct trust *trust = NULL;

	return trust_parse(bytes, "case.yaml", &trust, err);
}

static void cases(void **state)
{
	(void)state;
	cases_run("trust", parse, parse);
}

static void expect_validity(
	const struct trust_entry *key, int64_t at, bool valid, const char *reason)
{
	char text[TRUST_REASON_MAX];

	assert_int_equal(trust_entry_is_valid(key, at, text), valid);
	if (valid)
		assert_string_equal(text, "");
	else if (!strstr(text, reason))
		fail_msg("'%s' does not say '%s'", text, reason);
}

static void windows(void **state)
{
	struct trust_entry key = {
		.valid_from = 1000, .valid_until = 2000, .revoked = 1500};

	(void)state;
	expect_validity(&key, 999, false, "not valid before 1970-01-01T00:16:40Z");
	expect_validity(&key, 1000, true, "");
	expect_validity(&key, 1499, true, "");
	expect_validity(&key, 1500, false, "revoked on 1970-01-01T00:25:00Z");
	key.revoked = INT64_MAX;
	expect_validity(&key, 1999, true, "");
	expect_validity(&key, 2000, false, "expired on 1970-01-01T00:33:20Z");
	key.valid_from = INT64_MIN;
	key.valid_until = INT64_MAX;
	expect_validity(&key, 0, true, "");
}

/* The example in keys/ is well-formed, and names files that are not there. */
static void example(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_trust struct trust *trust = NULL;

	(void)state;
	assert_int_equal(trust_load("keys/trust.yaml", &trust, &err), ERR_SYSTEM);
	assert_non_null(strstr(err.text, "release.key.pub"));
	assert_null(trust);
}

static void load_and_ask(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_trust struct trust *trust = NULL;

	(void)state;
	assert_ok(trust_load("tests/cases/trust/good/two.yaml", &trust, &err), &err);
	assert_int_equal(trust->count, 2);
	assert_ptr_equal(trust_find(trust, "b"), &trust->entries[1]);
	assert_null(trust_find(trust, "c"));
	assert_null(trust_find_signer(trust, NULL));
	assert_ptr_equal(
		trust_find_signer(trust, &trust->entries[1].signer), &trust->entries[1]);
	assert_string_equal(trust->entries[0].operator_name, "a");
	assert_string_equal(trust->entries[1].operator_name, "other");
	assert_int_equal(trust->entries[0].roles, TRUST_IMAGE);
	assert_int_equal(trust->entries[1].roles, 127 & ~TRUST_IMAGE);
	/* 2026-01-01, 2027-01-01T00:00:00+02:00 */
	assert_int_equal(trust->entries[1].valid_from, 1767225600);
	assert_int_equal(trust->entries[1].valid_until, 1798754400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(windows),
		cmocka_unit_test(example),
		cmocka_unit_test(load_and_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
