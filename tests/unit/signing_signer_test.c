/* SPDX-License-Identifier: Apache-2.0 */
/* Whose names a certificate must have. */
#include "tests/unit/signing_support.h"

#include "signing/signer.h"
#include "tests/unit/signing_known.h"

static struct signer_name name(struct arena *arena, const char *text, bool pattern)
{
	struct error err = ERROR_INIT;
	struct pattern *compiled = NULL;

	if (pattern)
		assert_ok(pattern_compile_whole(text, arena, &compiled, &err), &err);
	return (struct signer_name){.text = text, .pattern = compiled};
}

#define IDENTITY "https://example.org/build.yml@refs/heads/main"
#define ISSUER   "https://token.example.org"

static void names_must_fit(void **state)
{
	static const struct {
		const char *identity, *issuer;
		bool identity_pattern, issuer_pattern;
		const char *refusal; /* NULL: good */
	} table[] = {
		{IDENTITY, ISSUER, false, false, NULL},
		{IDENTITY, "https://token.example.or", false, false, "vouched for by"},
		{"", ISSUER, false, false, "signed by"},
		{"https://example.org/.*", ISSUER, false, false, "signed by"},
		{"https://example.org/.*", ISSUER, true, false, NULL},
		{".*build.yml@refs/heads/main", ISSUER, true, false, NULL},
		{"https://example.org/build.yml", ISSUER, true, false, "signed by"},
		{"build.yml", ISSUER, true, false, "signed by"},
		{IDENTITY "|x", ISSUER, true, false, NULL},
		{"x|https://example.org/", ISSUER, true, false, "signed by"},
		{IDENTITY, "https://token\\.example\\.org", false, true, NULL},
		{IDENTITY, "token", false, true, "vouched for by"},
	};
	cleanup_buffer struct buffer der = BUFFER_INIT;
	cleanup_arena struct arena *arena = NULL;
	cleanup_certificate struct certificate *certificate = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	assert_true(read_test_file("tests/cases/certificate/good/uri.der", &der));
	assert_ok(certificate_parse(buffer_slice(&der), &certificate, &err), &err);
	assert_ok(arena_new(&arena, &err), &err);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct signer signer = {.identity = name(arena, table[i].identity,
						table[i].identity_pattern),
			.issuer = name(arena, table[i].issuer, table[i].issuer_pattern)};
		int status = signer_check_names(&signer, certificate, &err);

		if (table[i].refusal)
			assert_refused(status, ERR_REFUSED, table[i].refusal, &err);
		else
			assert_ok(status, &err);
	}
}

/* What the trusted root cannot give is not asked for in vain. */
static void evidence_must_exist(void **state)
{
	cleanup_trusted_root struct trusted_root *root = known_root();
	struct error err = ERROR_INIT;
	struct evidence evidence = {.logs = 1, .timestamps = 1, .scts = 1};
	struct signer signer = {.identity.text = IDENTITY,
		.issuer.text = ISSUER,
		.root = root,
		.evidence = &evidence};

	(void)state;
	assert_ok(signer_check(&signer, &err), &err);
	evidence.scts = 2;
	assert_refused(signer_check(&signer, &err), ERR_USAGE,
		"2 certificate transparency logs are asked for, the trusted root names 1",
		&err);
	evidence = (struct evidence){.timestamps = 2};
	assert_refused(signer_check(&signer, &err), ERR_USAGE, "names 1", &err);
	evidence = (struct evidence){.logs = 3};
	assert_refused(signer_check(&signer, &err), ERR_USAGE, "names 2", &err);
	signer.issuer.text = NULL;
	assert_refused(signer_check(&signer, &err), ERR_USAGE, "with its issuer", &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_must_fit),
		cmocka_unit_test(evidence_must_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
