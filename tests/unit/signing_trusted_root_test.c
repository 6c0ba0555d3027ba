/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include "tests/unit/signing_known.h"

static int parse(struct slice bytes, struct error *err)
{
	cleanup_trusted_root struct trusted_root *root = NULL;

	return trusted_root_parse(bytes, &root, err);
}

static void cases(void **state)
{
	(void)state;
	run_cases("trusted_root", parse);
}

static void members_are_read(void **state)
{
	cleanup_trusted_root struct trusted_root *root = known_root();

	(void)state;
	assert_non_null(root);
	assert_int_equal(root->log_count, 2);
	assert_int_equal(root->ct_log_count, 1);
	assert_int_equal(root->authority_count, 1);
	assert_int_equal(root->timestamp_authority_count, 1);
	assert_int_equal(root->authorities[0].certificate_count, 2);
	assert_string_equal(root->logs[1].base_url, "https://log2.example.org");
	assert_int_equal(key_get_type(root->logs[0].key), KEY_ECDSA_P256);
	assert_int_equal(key_get_type(root->logs[1].key), KEY_ED25519);
	assert_int_equal(root->logs[0].window.start, 1577836800);
	assert_true(root->logs[0].window.end == INT64_MAX);
	/* Rekor v1: the log's id is that of its key */
	assert_true(slice_equal(
		root->logs[0].id, slice_from(key_id(root->logs[0].key)->bytes, 32)));
	assert_ptr_equal(
		trusted_log_find(root->logs, 2, root->logs[1].id), &root->logs[1]);
	assert_null(trusted_log_find(root->logs, 2, SLICE("other")));
}

static void windows_are_closed(void **state)
{
	struct time_window window = {.start = 10, .end = 20};

	(void)state;
	assert_false(time_window_holds(&window, 9));
	assert_true(time_window_holds(&window, 10));
	assert_true(time_window_holds(&window, 20));
	assert_false(time_window_holds(&window, 21));
	assert_false(time_window_holds(&window, -1));
}

static void real_roots_are_read(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_trusted_root struct trusted_root *root = NULL;
	const char *path =
		shared_path("vectors/sigstore-conformance/production_trusted_root.json");

	(void)state;
	if (!path)
		return;
	assert_ok(trusted_root_load(path, &root, &err), &err);
	assert_int_equal(root->log_count, 2);
	assert_int_equal(root->authority_count, 2);
	assert_int_equal(root->ct_log_count, 2);
	assert_int_equal(root->timestamp_authority_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(members_are_read),
		cmocka_unit_test(windows_are_closed),
		cmocka_unit_test(real_roots_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
