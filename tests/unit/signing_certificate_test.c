/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include "signing/certificate.h"
#include "tests/unit/signing_known.h"

static int parse(struct slice bytes, struct error *err)
{
	cleanup_certificate struct certificate *certificate = NULL;

	return certificate_parse(bytes, &certificate, err);
}

static void cases(void **state)
{
	(void)state;
	run_cases("certificate", parse);
}

static void load(const char *name, struct certificate **ret)
{
	cleanup_buffer struct buffer der = BUFFER_INIT;
	struct error err = ERROR_INIT;
	char path[256];

	(void)snprintf(path, sizeof(path), "tests/cases/certificate/good/%s", name);
	assert_true(read_test_file(path, &der));
	assert_ok(certificate_parse(buffer_slice(&der), ret, &err), &err);
}

static void names_are_read(void **state)
{
	static const struct {
		const char *name, *identity;
	} rows[] = {
		{"uri.der", "https://example.org/build.yml@refs/heads/main"},
		{"email.der", "a@example.org"},
		{"other_name.der", "somebody"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_certificate struct certificate *certificate = NULL;

		load(rows[i].name, &certificate);
		assert_true(slice_equal_str(
			certificate_identity(certificate), rows[i].identity));
		assert_true(slice_equal_str(
			certificate_issuer(certificate), "https://token.example.org"));
		assert_int_equal(
			key_get_type(certificate_key(certificate)), KEY_ECDSA_P256);
	}
}

/* All times count, and both ends of the certificate's ten minutes belong to them. */
static void chain_holds_at_every_time(void **state)
{
	static const struct {
		int64_t times[2];
		size_t count;
		const char *refusal; /* NULL: good */
	} rows[] = {
		{{KNOWN_TIME}, 1, NULL},
		{{KNOWN_TIME - 60, KNOWN_TIME + 540}, 2, NULL},
		{{KNOWN_TIME, KNOWN_TIME + 541}, 2, "was not valid"},
		{{KNOWN_TIME - 61, KNOWN_TIME}, 2, "was not valid"},
		{{KNOWN_TIME, 4000000000}, 2, "was not valid"},
		{{KNOWN_TIME, 1}, 2, "outside the validity of the authority"},
		{{0}, 0, "nothing proves when"},
	};
	cleanup_trusted_root struct trusted_root *root = known_root();
	cleanup_certificate struct certificate *certificate = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	assert_non_null(root);
	load("uri.der", &certificate);
	assert_refused(certificate_check_scts(certificate, root, 1, &err), ERR_BUG,
		"chain", &err);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int status = certificate_check_chain(
			certificate, root, rows[i].times, rows[i].count, &err);

		if (rows[i].refusal)
			assert_refused(status, ERR_REFUSED, rows[i].refusal, &err);
		else
			assert_ok(status, &err);
	}
	assert_ok(certificate_check_scts(certificate, root, 1, &err), &err);
}

static void roots_are_told(void **state)
{
	cleanup_trusted_root struct trusted_root *root = known_root();
	struct error err = ERROR_INIT;

	(void)state;
	assert_non_null(root);
	assert_ok(certificate_refuse_root(root->authorities[0].certificates[0], &err),
		&err);
	assert_refused(
		certificate_refuse_root(root->authorities[0].certificates[1], &err),
		ERR_REFUSED, "root certificate", &err);
	assert_refused(parse(root->authorities[0].certificates[0], &err), ERR_INPUT,
		"authority's", &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(names_are_read),
		cmocka_unit_test(chain_holds_at_every_time),
		cmocka_unit_test(roots_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
