/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include "signing/timestamp.h"
#include "tests/unit/signing_known.h"
#include "tests/unit/signing_mock.h"

static int verify(struct slice bytes, struct error *err)
{
	cleanup_trusted_root struct trusted_root *root = known_root();
	const struct trusted_authority *authority = NULL;
	int64_t time = 0;
	int status;

	assert_non_null(root);
	status = timestamp_verify(
		bytes, SLICE(KNOWN_STAMPED), root, &time, &authority, err);
	if (status == 0) {
		assert_true(time >= KNOWN_TIME);
		assert_ptr_equal(authority, &root->timestamp_authorities[0]);
	}
	return status;
}

static void cases(void **state)
{
	(void)state;
	run_cases("timestamp", verify);
}

/* Each authority vouches for its own time only (reference: a stamp by one must not be
 * taken under the window of another). */
static void windows_are_not_borrowed(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_trusted_root struct trusted_root *root = NULL;
	const struct trusted_authority *authority;
	struct mock mock, other;
	struct slice stamp;
	int64_t time;

	(void)state;
	mock_init(&mock, 0);
	mock_init(&other, 0);
	stamp = mock_timestamp(&mock, SLICE(KNOWN_STAMPED), MOCK_TIME, true);
	MUST(json_object_set_new(
		     json_object_get(json_array_get(json_object_get(mock.trusted,
							    "timestampAuthorities"),
					     0),
			     "validFor"),
		     "end", json_string("2023-01-01T00:00:00Z")) == 0);
	MUST(json_array_append(json_object_get(mock.trusted, "timestampAuthorities"),
		     json_array_get(
			     json_object_get(other.trusted, "timestampAuthorities"),
			     0)) == 0);
	assert_ok(trusted_root_parse(mock_text(mock.trusted), &root, &err), &err);
	assert_int_equal(root->timestamp_authority_count, 2);
	assert_refused(timestamp_verify(stamp, SLICE(KNOWN_STAMPED), root, &time,
			       &authority, &err),
		ERR_REFUSED, "outside the validity of the authority", &err);
	mock_done(&other);
	mock_done(&mock);
}

/* The authority's certificate in the trusted root is the only one that may stamp, though
 * its issuer has issued another. */
static void certificate_is_pinned(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_trusted_root struct trusted_root *root = NULL;
	const struct trusted_authority *authority;
	struct mock mock;
	struct slice stamp;
	int64_t time;
	X509 *first;

	(void)state;
	mock_init(&mock, 0);
	assert_ok(trusted_root_parse(mock_text(mock.trusted), &root, &err), &err);
	first = mock.tsa;
	mock.tsa = mock_certificate("another", mock.tsa_root, mock.tsa_key,
		MOCK_TIME - 1000000, MOCK_TIME + 1000000);
	mock_extend(mock.tsa, mock.tsa_root, NID_ext_key_usage, "critical,timeStamping");
	MUST(X509_sign(mock.tsa, mock.tsa_root_key, EVP_sha256()) > 0);
	stamp = mock_timestamp(&mock, SLICE(KNOWN_STAMPED), MOCK_TIME, true);
	assert_refused(timestamp_verify(stamp, SLICE(KNOWN_STAMPED), root, &time,
			       &authority, &err),
		ERR_REFUSED, "not by a time stamp authority", &err);
	X509_free(first);
	mock_done(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(windows_are_not_borrowed),
		cmocka_unit_test(certificate_is_pinned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
