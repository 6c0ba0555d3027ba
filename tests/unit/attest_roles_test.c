/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key may sign: each rule of a policy is bound only to keys with the role for it.
 * A trust file whose only key has every role but that one, and one whose key has that
 * role alone, for each of them.
 */
#include "tests/unit/signing_support.h"

#include "attest/policy_private.h"
#include "signing/secret.h"

static char pem[4096];

static const struct {
	const char *rule, *roles; /* those that are good for it */
} rules[] = {
	{"signature: {}", "image"},
	{"attestations: [{type: slsaprovenance1}]", "provenance"},
	{"attestations: [{type: slsaprovenance02}]", "provenance"},
	{"attestations: [{type: spdxjson}]", "sbom"},
	{"attestations: [{type: cyclonedx}]", "sbom"},
	{"attestations: [{type: openvex}]", "vex"},
	{"attestations: [{type: vuln}]", "scan"},
	{"rebuild: {operators: 1}", "rebuild provenance"},
};
static const char *const roles[] = {
	"image", "package", "provenance", "sbom", "rebuild", "vex", "scan"};

static bool is_good(const char *good, const char *role)
{
	struct slice rest = slice_str(good), word;

	while (slice_word(&rest, &word))
		if (slice_equal_str(word, role))
			return true;
	return false;
}

static int bind(const char *rule, const char *key_roles, struct error *err)
{
	cleanup_policy struct policy *policy = NULL;
	cleanup_buffer struct buffer trust = BUFFER_INIT, text = BUFFER_INIT;

	assert_ok(
		buffer_printf(&trust, err,
			"version: 1\nkeys:\n  - name: k\n    pem: |\n%s    roles: [%s]\n",
			pem, key_roles),
		err);
	assert_ok(buffer_printf(&text, err,
			  "version: 1\nscopes:\n  - {name: all, images: [\"**\"], %s}\n",
			  rule),
		err);
	assert_ok(policy_parse(buffer_slice(&text), "policy", &policy, err), err);
	assert_ok(trust_parse(buffer_slice(&trust), "trust", &policy->trust, err), err);
	return policy_bind(policy, "policy", err);
}

static void all_but_the_right_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct error err = ERROR_INIT;
		cleanup_buffer struct buffer list = BUFFER_INIT;

		for (size_t j = 0; j < ARRAY_LEN(roles); j++)
			if (!is_good(rules[i].roles, roles[j]))
				assert_ok(buffer_printf(&list, &err, "%s%s",
						  list.len > 0 ? ", " : "", roles[j]),
					&err);
		assert_refused(bind(rules[i].rule, buffer_str(&list), &err), ERR_INPUT,
			"the trust file has 0 for that", &err);
	}
}

static void each_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		for (size_t j = 0; j < ARRAY_LEN(roles); j++) {
			struct error err = ERROR_INIT;
			int status = bind(rules[i].rule, roles[j], &err);

			if (is_good(rules[i].roles, roles[j]))
				assert_ok(status, &err);
			else
				assert_refused(
					status, ERR_INPUT, "the trust file has 0", &err);
		}
}

/* Naming a key in the policy gives it no role. */
static void named(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_refused(bind("signature: {keys: [k]}", "sbom, package", &err), ERR_INPUT,
		"'k' is not trusted for that", &err);
	assert_refused(bind("attestations: [{type: spdxjson, keys: [k]}]", "image", &err),
		ERR_INPUT, "'k' is not trusted for that", &err);
	assert_refused(bind("rebuild: {operators: 1, keys: [k]}", "image, sbom", &err),
		ERR_INPUT, "'k' is not trusted for that", &err);
	assert_ok(bind("rebuild: {operators: 1, keys: [k]}", "rebuild", &err), &err);
}

/* The key's PEM, indented as the trust file needs it. */
static int prepare(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *secret = NULL;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT, indented = BUFFER_INIT;
	struct slice rest, line;

	(void)state;
	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &secret, &err), &err);
	assert_ok(secret_public(secret, &key, &err), &err);
	assert_ok(key_to_pem(key, &text, &err), &err);
	rest = buffer_slice(&text);
	while (slice_cut(&rest, '\n', &line))
		assert_ok(buffer_printf(&indented, &err, "      %.*s\n", SLICE_ARG(line)),
			&err);
	assert_true(indented.len < sizeof(pem));
	memcpy(pem, buffer_str(&indented), indented.len + 1);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_but_the_right_one),
		cmocka_unit_test(each_alone),
		cmocka_unit_test(named),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
