/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: reading, patterns, licences, and each rule with the reason why it fails. */
#include "tests/unit/signing_support.h"

#include <jansson.h>

#include "attest/attach.h"
#include "attest/policy_private.h"
#include "attest/vsa.h"
#include "base/fs.h"
#include "base/json.h"
#include "signing/secret.h"
#include "tests/unit/oci_cases.h"

#define CREATED 1767225600 /* 2026-01-01 */
#define NOW     (CREATED + 10 * 24 * 3600)

/* ---- the file, patterns, licences ---- */

static int parse(struct slice bytes, struct error *err)
{
	cleanup_policy struct policy *policy = NULL;

	return policy_parse(bytes, "case.yaml", &policy, err);
}

static void cases(void **state)
{
	(void)state;
	cases_run("policy", parse, parse);
}

static void patterns(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} table[] = {
		{"a/b", "a/b", true},
		{"a/b", "a/bc", false},
		{"a/b", "a/", false},
		{"a/*", "a/b", true},
		{"a/*", "a/", true},
		{"a/*", "a/b/c", false},
		{"a/**", "a/b/c", true},
		{"**", "", true},
		{"**", "a/b", true},
		{"*", "a/b", false},
		{"*.example/x", "r.example/x", true},
		{"*.example/x", "evil/r.example/x", false},
		{"*.example/**", "r.example.evil/x", false},
		{"**/x", "a/b/x", true},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "aXc", false},
		{"", "", true},
		{"", "a", false},
		{"oci:**", "oci:out/static", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (policy_pattern_matches(table[i].pattern, table[i].text) !=
			table[i].matches)
			fail_msg("'%s' and '%s'", table[i].pattern, table[i].text);
}

static void scopes(void **state)
{
	static const struct {
		const char *name, *scope;
	} table[] = {
		{"r.example/base/x", "base"},
		{"r.example:443/base/x", "base"},
		{"r.example:4430/base/x", "rest"},
		{"r.example:5000/base/x", "port"},
		{"r.example/base", "rest"},
		{"x/r.example/base/x", "rest"},
		{"oci:r.example:443/base/x", "layout"},
		{"[::1]:443/x", "address"},
		{"[::443]/x", "rest"},
	};
	static const char text[] =
		"version: 1\nscopes:\n"
		"  - {name: base, images: [r.example/base/*], signature: {}}\n"
		"  - {name: port, images: ['r.example:5000/**'], signature: {}}\n"
		"  - {name: layout, images: ['oci:r.example:443/**'], signature: {}}\n"
		"  - {name: address, images: ['[::1]/*'], signature: {}}\n"
		"  - {name: rest, images: ['**'], signature: {}}\n";
	struct error err = ERROR_INIT;
	cleanup_policy struct policy *policy = NULL;

	(void)state;
	assert_ok(policy_parse(slice_str(text), "p.yaml", &policy, &err), &err);
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_string_equal(
			policy_find_scope(policy, table[i].name)->name, table[i].scope);
}

static void prefixes(void **state)
{
	static const struct {
		const char *prefix, *uri;
		bool matches;
	} table[] = {
		{"https://a.example/", "https://a.example/x", true},
		{"https://a.example", "https://a.example/x", true},
		{"https://a.example", "https://a.example", true},
		{"https://a.example", "https://a.example.evil/x", false},
		{"https://a.example", "https://a.example@evil/x", false},
		{"https://a.example", "https://a.example:8080/x", false},
		{"https://a.example/x", "https://a.example/xy", false},
		{"https://a.example/x/", "https://a.example/x/../y", false},
		{"https://a.example/x/", "https://a.example/x/%2e%2e/y", false},
		{"pool:main/", "pool:main/a/b", true},
		{"pool:main/", "pool:contrib/a/b", false},
		{"recipe:", "recipe:x", true},
		{"pkg:apk/alnage/x", "pkg:apk/alnage/x@1", true},
		{"pkg:apk/alnage/x", "pkg:apk/alnage/xy@1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (policy_prefix_matches(table[i].prefix, table[i].uri) !=
			table[i].matches)
			fail_msg("'%s' and '%s'", table[i].prefix, table[i].uri);
}

static struct setting_texts split(const char **items)
{
	struct setting_texts texts = {.items = items};

	while (items[texts.count])
		texts.count++;
	return texts;
}

static void licenses(void **state)
{
	static const struct {
		const char *expression;
		enum finding_result with_both, denied_only;
	} table[] = {
		{"MIT", FINDING_PASSED, FINDING_PASSED},
		{"mit", FINDING_PASSED, FINDING_PASSED},
		{"ISC", FINDING_FAILED, FINDING_PASSED},
		{"AGPL-3.0-only", FINDING_FAILED, FINDING_FAILED},
		{"agpl-3.0-ONLY", FINDING_FAILED, FINDING_FAILED},
		{"MIT OR AGPL-3.0-only", FINDING_PASSED, FINDING_PASSED},
		{"MIT AND AGPL-3.0-only", FINDING_FAILED, FINDING_FAILED},
		{"MIT AND (ISC OR MIT)", FINDING_PASSED, FINDING_PASSED},
		{"MIT OR MIT AND AGPL-3.0-only", FINDING_PASSED, FINDING_PASSED},
		{"(MIT OR MIT) AND AGPL-3.0-only", FINDING_FAILED, FINDING_FAILED},
		{"GPL-2.0-only", FINDING_FAILED, FINDING_FAILED},
		{"GPL-2.0-only WITH Classpath-exception-2.0", FINDING_PASSED,
			FINDING_FAILED},
		{"Apache-2.0+", FINDING_PASSED, FINDING_PASSED},
		{"Apache-2.0 WITH LLVM-exception", FINDING_PASSED, FINDING_PASSED},
		{"NOASSERTION", FINDING_UNCHECKED, FINDING_UNCHECKED},
		{"NONE", FINDING_UNCHECKED, FINDING_UNCHECKED},
		{"MIT AND NOASSERTION", FINDING_UNCHECKED, FINDING_UNCHECKED},
		{"MIT OR NOASSERTION", FINDING_PASSED, FINDING_PASSED},
		{"", FINDING_UNCHECKED, FINDING_UNCHECKED},
		{"MIT AND", FINDING_UNCHECKED, FINDING_UNCHECKED},
		{"MIT MIT", FINDING_UNCHECKED, FINDING_UNCHECKED},
		{"(MIT", FINDING_UNCHECKED, FINDING_UNCHECKED},
		{"MIT)", FINDING_UNCHECKED, FINDING_UNCHECKED},
		{"MIT WITH", FINDING_UNCHECKED, FINDING_UNCHECKED},
		{"((((((((((((((((((((((((((((((((((MIT)))))))))))))))))))))))))))))))))"
		 ")",
			FINDING_UNCHECKED, FINDING_UNCHECKED},
	};
	const char *allow[] = {
		"MIT", "Apache-*", "GPL-2.0-only WITH Classpath-exception-2.0", NULL};
	const char *deny[] = {"AGPL-*", "GPL-2.0-only", NULL};
	struct policy_attestation both = {
		.licenses_allowed = split(allow), .licenses_denied = split(deny)};
	struct policy_attestation denied = {.licenses_denied = split(deny)};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (policy_license_check(table[i].expression, &both) !=
				table[i].with_both ||
			policy_license_check(table[i].expression, &denied) !=
				table[i].denied_only)
			fail_msg("'%s'", table[i].expression);
}

/* ---- an image with signatures and attestations ---- */

enum who { RELEASE, SECOND, REBUILDER, STRANGER, WHO_COUNT };

struct place {
	char folder[64], text[80];
	struct reference *reference;
	struct repository *repository;
	struct secret *secrets[WHO_COUNT];
	char *pem[WHO_COUNT]; /* indented for YAML */
	struct descriptor image, second, index;
};

static const struct attach_options attach_options = {
	.docker_reference = "registry.example/base:v1", .created = CREATED};

static void place_open(struct place *place)
{
	struct repository_options options = {.create = true, .writable = true};
	struct error err = ERROR_INIT;

	repository_close(&place->repository);
	assert_ok(repository_open(place->reference, &options, &place->repository, &err),
		&err);
}

static struct descriptor put(
	struct place *place, const struct manifest *manifest, const char *tag)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct descriptor stored;

	assert_ok(manifest_write(manifest, &bytes, &err), &err);
	assert_ok(repository_put_manifest(place->repository, buffer_slice(&bytes),
			  manifest->media_type, tag, &stored, &err),
		&err);
	return (struct descriptor){.media_type = manifest->media_type,
		.digest = stored.digest,
		.size = stored.size};
}

static void put_images(struct place *place)
{
	struct error err = ERROR_INIT;
	struct descriptor layer = {.media_type = OCI_LAYER};
	struct manifest manifest = {.media_type = OCI_MANIFEST,
		.config = {.media_type = OCI_CONFIG},
		.items = &layer,
		.count = 1};
	struct manifest index = {
		.media_type = OCI_INDEX, .is_index = true, .items = NULL};

	assert_ok(repository_put_blob(place->repository, SLICE("layer"), &layer, &err),
		&err);
	assert_ok(repository_put_blob(place->repository,
			  SLICE("{\"architecture\":\"amd64\",\"os\":\"linux\","
				"\"created\":\"2026-01-01T00:00:00Z\","
				"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"),
			  &manifest.config, &err),
		&err);
	place->image = put(place, &manifest, "latest");
	assert_ok(repository_put_blob(
			  place->repository, SLICE("second layer"), &layer, &err),
		&err);
	place->second = put(place, &manifest, "second");
	struct descriptor parts[] = {place->image, place->second};
	index.items = parts;
	index.count = ARRAY_LEN(parts);
	place->index = put(place, &index, "multi");
}

static void make_key(struct place *place, enum who who)
{
	struct error err = ERROR_INIT;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer pem = BUFFER_INIT, indented = BUFFER_INIT;

	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &place->secrets[who], &err), &err);
	assert_ok(secret_public(place->secrets[who], &key, &err), &err);
	assert_ok(key_to_pem(key, &pem, &err), &err);
	struct slice rest = buffer_slice(&pem), line;
	while (slice_cut(&rest, '\n', &line))
		assert_ok(buffer_printf(&indented, &err, "      %.*s\n", SLICE_ARG(line)),
			&err);
	assert_ok(buffer_take_str(&indented, &place->pem[who], &err), &err);
}

static int place_make(void **state)
{
	struct error err = ERROR_INIT;
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	memcpy(place->folder, "/tmp/alnage-policy-XXXXXX",
		sizeof("/tmp/alnage-policy-XXXXXX"));
	assert_non_null(mkdtemp(place->folder));
	assert_true(snprintf(place->text, sizeof(place->text), "oci:%s/l",
			    place->folder) > 0);
	assert_ok(reference_parse(slice_str(place->text), &place->reference, &err), &err);
	place_open(place);
	for (int i = 0; i < WHO_COUNT; i++)
		make_key(place, (enum who)i);
	put_images(place);
	*state = place;
	return 0;
}

static int place_remove(void **state)
{
	struct error err = ERROR_INIT;
	struct place *place = *state;

	repository_close(&place->repository);
	reference_free(&place->reference);
	for (int i = 0; i < WHO_COUNT; i++) {
		secret_free(&place->secrets[i]);
		free(place->pem[i]);
	}
	assert_ok(fs_remove_tree(AT_FDCWD, place->folder, &err), &err);
	free(place);
	return 0;
}

static void sign(struct place *place, const struct descriptor *image, enum who who)
{
	struct error err = ERROR_INIT;

	assert_ok(attach_signature(place->repository, image, place->secrets[who],
			  &attach_options, &err),
		&err);
}

static void attest_of(struct place *place, const struct descriptor *image, enum who who,
	const char *type, const char *predicate)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer statement = BUFFER_INIT;
	json_t *json = NULL;

	assert_ok(json_load_slice(slice_str(predicate), "predicate", &json, &err), &err);
	assert_ok(statement_write("image", &image->digest, type, json, &statement, &err),
		&err);
	assert_ok(attach_statement(place->repository, image, buffer_slice(&statement),
			  place->secrets[who], &attach_options, &err),
		&err);
}

static void attest(
	struct place *place, enum who who, const char *type, const char *predicate)
{
	attest_of(place, &place->image, who, type, predicate);
}

#define DEPENDENCY(name, uri, digest)                                                    \
	"{\"name\":\"" name "\",\"uri\":\"" uri "\",\"digest\":{" digest "},"            \
	"\"annotations\":{\"kind\":\"package\",\"sandbox\":\"T0 all\"}}"
#define SHA256_OF(x)                                                                     \
	"\"sha256\":\"" x "123456789012345678901234567890123456789012345678901234567890" \
	"123\""
#define PROVENANCE(builder, sandbox, time, dependencies)                                 \
	"{\"buildDefinition\":{\"buildType\":\"https://example.org/t\","                 \
	"\"externalParameters\":{\"recipe\":{\"uri\":\"recipe:x.yaml\"}},"               \
	"\"internalParameters\":{\"sandbox\":\"" sandbox "\"},"                          \
	"\"resolvedDependencies\":[" dependencies "]},\"runDetails\":{\"builder\":"      \
	"{\"id\":\"" builder "\"},\"metadata\":{\"finishedOn\":\"" time "\"}}}"
#define GOOD_DEPENDENCY DEPENDENCY("a", "https://a.example/a", SHA256_OF("a"))
#define GOOD                                                                             \
	PROVENANCE("https://example.org/b", "T0 all", "2026-01-02T00:00:00Z",            \
		GOOD_DEPENDENCY)
#define OTHER                                                                            \
	PROVENANCE("https://example.org/other", "T1", "2027-01-02T00:00:00Z",            \
		DEPENDENCY("b", "https://b.example/b", "\"sha1\":\"aa\""))
#define SBOM(license)                                                                    \
	"{\"creationInfo\":{\"created\":\"2026-01-01T00:00:00Z\"},\"packages\":["        \
	"{\"name\":\"img\",\"primaryPackagePurpose\":\"CONTAINER\"},"                    \
	"{\"name\":\"p\",\"licenseDeclared\":\"" license "\","                           \
	"\"licenseConcluded\":\"NOASSERTION\"}]}"

/* ---- judging it ---- */

static void add_key(struct buffer *out, const struct place *place, const char *name,
	enum who who, const char *rest)
{
	struct error err = ERROR_INIT;

	assert_ok(buffer_printf(out, &err, "  - name: %s\n    pem: |\n%s    %s\n", name,
			  place->pem[who], rest),
		&err);
}

/* scope: the body of the only scope, in flow style. */
static int load(const struct place *place, const char *scope, struct policy **ret_policy,
	struct error *err)
{
	cleanup_policy struct policy *policy = NULL;
	cleanup_buffer struct buffer trust = BUFFER_INIT, text = BUFFER_INIT;

	assert_ok(buffer_add_str(&trust, "version: 1\nkeys:\n", err), err);
	add_key(&trust, place, "release", RELEASE, "roles: [image, provenance, sbom]");
	add_key(&trust, place, "second", SECOND,
		"roles: [image, provenance]\n    operator: two\n"
		"    valid-until: 2026-02-01");
	add_key(&trust, place, "rebuilder", REBUILDER,
		"roles: [rebuild, scan, vex]\n    operator: two");
	assert_ok(buffer_printf(&text, err,
			  "version: 1\nscopes:\n  - {name: all, images: [\"oci:**\"], "
			  "%s}\n",
			  scope),
		err);
	assert_ok(policy_parse(buffer_slice(&text), "policy", &policy, err), err);
	assert_ok(trust_parse(buffer_slice(&trust), "trust", &policy->trust, err), err);
	if (policy_bind(policy, "policy", err) < 0)
		return err->class;
	*ret_policy = take_ptr(policy);
	return 0;
}

static void judge(struct place *place, const char *scope, const char *what, int64_t at,
	struct policy_outcome *outcome)
{
	struct error err = ERROR_INIT;
	cleanup_policy struct policy *policy = NULL;

	assert_ok(load(place, scope, &policy, &err), &err);
	struct policy_options options = {.policy = policy, .at = at, .check_blobs = true};
	place_open(place); /* nothing remembered */
	assert_ok(policy_verify(place->repository, what, &options, outcome, &err), &err);
}

static void expect_of(struct place *place, const char *scope, const char *what,
	int64_t at, const char *rule, enum finding_result result, const char *text)
{
	CLEANUP(policy_outcome_done) struct policy_outcome outcome = {0};
	bool found = false;

	judge(place, scope, what, at, &outcome);
	for (size_t i = 0; i < outcome.verdict->count; i++) {
		const struct finding *finding = &outcome.verdict->findings[i];

		if (strcmp(finding->rule, rule) != 0)
			continue;
		found = true;
		if (finding->result != result || !strstr(finding->text, text))
			fail_msg("%s: %s: result %d, \"%s\", wanted %d, \"%s\"", scope,
				rule, (int)finding->result, finding->text, (int)result,
				text);
	}
	if (!found)
		fail_msg("%s: no finding %s", scope, rule);
	if (verdict_passed(outcome.verdict) != (result == FINDING_PASSED))
		fail_msg("%s: the whole is %d", scope, verdict_passed(outcome.verdict));
}

static void expect(struct place *place, const char *scope, const char *rule,
	enum finding_result result, const char *text)
{
	expect_of(place, scope, "latest", NOW, rule, result, text);
}

#define SIGNATURE       "signature"
#define PROVENANCE_RULE "attestation https://slsa.dev/provenance/v1"
#define SBOM_RULE       "attestation https://spdx.dev/Document"
#define ENTRY(text)     "attestations: [{type: slsaprovenance1, " text "}]"

static void signatures(void **state)
{
	struct place *place = *state;

	expect(place, "signature: {}", SIGNATURE, FINDING_FAILED, "missing signature");
	sign(place, &place->image, STRANGER);
	expect(place, "signature: {}", SIGNATURE, FINDING_FAILED, "foreign key");
	sign(place, &place->image, REBUILDER);
	expect(place, "signature: {}", SIGNATURE, FINDING_FAILED,
		"untrusted signer: key 'rebuilder' is not one of those");
	sign(place, &place->image, RELEASE);
	sign(place, &place->image, RELEASE);
	expect(place, "signature: {}", SIGNATURE, FINDING_PASSED, "by release");
	/* .sig layer and bundle are two signatures by one key */
	expect(place, "signature: {threshold: 2}", SIGNATURE, FINDING_FAILED,
		"too few signers: 1 of 2 (release)");
	expect(place, "signature: {keys: second}", SIGNATURE, FINDING_FAILED,
		"untrusted signer");
	sign(place, &place->image, SECOND);
	expect(place, "signature: {threshold: 2}", SIGNATURE, FINDING_PASSED,
		"by release, second");
	/* second ends 2026-02-01 */
	expect_of(place, "signature: {threshold: 2}", "latest", 1769903999, SIGNATURE,
		FINDING_PASSED, "by release, second");
	expect_of(place, "signature: {threshold: 2}", "latest", 1769904000, SIGNATURE,
		FINDING_FAILED, "'second' expired on 2026-02-01");
	expect(place, "signature: {identities: [\"registry.example/base:v*\"]}",
		SIGNATURE, FINDING_PASSED, "by release");
	expect(place, "signature: {identities: [\"registry.example/other:*\"]}",
		SIGNATURE, FINDING_FAILED, "is for the name registry.example/base:v1");
}

static void attestation_is_no_signature(void **state)
{
	struct place *place = *state;

	attest(place, RELEASE, "https://slsa.dev/provenance/v1", GOOD);
	expect(place, "signature: {}", SIGNATURE, FINDING_FAILED, "missing signature");
}

static void other_scope(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_policy struct policy *policy = NULL;
	CLEANUP(policy_outcome_done) struct policy_outcome outcome = {0};

	sign(place, &place->image, RELEASE);
	assert_ok(load(place, "signature: {}", &policy, &err), &err);
	policy->scopes[0].images.items[0] = "registry.example/**";
	struct policy_options options = {.policy = policy, .at = NOW};
	assert_ok(policy_verify(place->repository, "latest", &options, &outcome, &err),
		&err);
	assert_false(verdict_passed(outcome.verdict));
	assert_non_null(strstr(outcome.verdict->findings[1].text, "not in the policy"));
}

static void provenance(void **state)
{
	static const struct {
		const char *entry, *check;
		enum finding_result result;
		const char *text;
	} table[] = {
		{"builders: [{id: \"https://example.org/b\"}]", ": builder",
			FINDING_PASSED, "https://example.org/b"},
		{"builders: [{id: \"https://example.org\"}]", ": builder", FINDING_FAILED,
			"not allowed: https://example.org/b"},
		{"build-types: [\"https://example.org/t\"]", ": build type",
			FINDING_PASSED, ""},
		{"build-types: [\"https://example.org/u\"]", ": build type",
			FINDING_FAILED, "not allowed: https://example.org/t"},
		{"sandbox: [T0]", ": sandbox", FINDING_PASSED, "1 packages"},
		{"sandbox: [T1]", ": sandbox", FINDING_FAILED,
			"not allowed: sandbox 'T0 all'"},
		{"recipes: [\"recipe:\"]", ": recipe", FINDING_PASSED, "recipe:x.yaml"},
		{"recipes: [\"recipe:images/\"]", ": recipe", FINDING_FAILED,
			"not allowed: recipe:x.yaml"},
		{"dependency-digests: true", ": dependency digests", FINDING_PASSED,
			"all of 1"},
		{"dependency-sources: [\"https://a.example/\"]", ": dependency sources",
			FINDING_PASSED, "all of 1"},
		{"dependency-sources: [\"https://b.example/\"]", ": dependency sources",
			FINDING_FAILED, "not allowed: a, https://a.example/a (1 of 1"},
		{"dependency-sources: [\"sha256:a12345678901234567890123456789012345678"
		 "9012345678901234567890123\"]",
			": dependency sources", FINDING_PASSED, ""},
		{"max-age: 9d", ": age", FINDING_PASSED, "2026-01-02"},
		{"max-age: 8d", ": age", FINDING_FAILED, "too old: 2026-01-02"},
		{"threshold: 2", "", FINDING_FAILED, "too few signers: 1 of 2"},
		{"keys: [second]", "", FINDING_FAILED, "untrusted signer: key 'release'"},
	};
	struct place *place = *state;
	char scope[512], rule[128];

	expect(place, ENTRY("threshold: 1"), PROVENANCE_RULE, FINDING_FAILED,
		"missing attestation");
	attest(place, STRANGER, "https://slsa.dev/provenance/v1", GOOD);
	expect(place, ENTRY("threshold: 1"), PROVENANCE_RULE, FINDING_FAILED,
		"foreign key");
	attest(place, RELEASE, "https://slsa.dev/provenance/v1", GOOD);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		(void)snprintf(scope, sizeof(scope), ENTRY("%s"), table[i].entry);
		(void)snprintf(rule, sizeof(rule), PROVENANCE_RULE "%s", table[i].check);
		expect(place, scope, rule, table[i].result, table[i].text);
	}
}

/* One good and one bad: the good one is enough, unless two are asked for. */
static void two_provenances(void **state)
{
	struct place *place = *state;

	attest(place, SECOND, "https://slsa.dev/provenance/v1", OTHER);
	expect(place, ENTRY("builders: [{id: \"https://example.org/b\"}]"),
		PROVENANCE_RULE ": builder", FINDING_FAILED, "not allowed");
	expect(place, ENTRY("dependency-digests: true"),
		PROVENANCE_RULE ": dependency digests", FINDING_FAILED,
		"without a sha256: b, https://b.example/b");
	expect(place, ENTRY("max-age: 1d"), PROVENANCE_RULE ": age", FINDING_FAILED,
		"from the future");
	attest(place, RELEASE, "https://slsa.dev/provenance/v1", GOOD);
	expect(place, ENTRY("builders: [{id: \"https://example.org/b\"}]"),
		PROVENANCE_RULE, FINDING_PASSED, "by release");
	expect(place, ENTRY("threshold: 2"), PROVENANCE_RULE, FINDING_PASSED,
		"by release, second");
	expect(place, ENTRY("threshold: 2, builders: [{id: \"https://example.org/b\"}]"),
		PROVENANCE_RULE ": builder", FINDING_FAILED,
		"not allowed: https://example.org/other");
}

static void odd_shapes(void **state)
{
	static const char *const predicates[] = {"{}", "{\"buildDefinition\":[]}",
		"{\"buildDefinition\":{\"resolvedDependencies\":{},\"buildType\":1,"
		"\"internalParameters\":\"x\",\"externalParameters\":[]},"
		"\"runDetails\":7}",
		"{\"buildDefinition\":{\"resolvedDependencies\":[]}}"};
	static const char *const entries[][2] = {
		{"builders: [{id: \"https://example.org/b\"}]", ": builder"},
		{"build-types: [\"https://example.org/t\"]", ": build type"},
		{"sandbox: [T0]", ": sandbox"}, {"recipes: [\"recipe:\"]", ": recipe"},
		{"dependency-digests: true", ": dependency digests"},
		{"dependency-sources: [\"a:\"]", ": dependency sources"},
		{"max-age: 1d", ": age"}};
	struct place *place = *state;
	char scope[256], rule[128];

	for (size_t i = 0; i < ARRAY_LEN(predicates); i++) {
		attest(place, RELEASE, "https://slsa.dev/provenance/v1", predicates[i]);
		for (size_t j = 0; j < ARRAY_LEN(entries); j++) {
			(void)snprintf(scope, sizeof(scope), ENTRY("%s"), entries[j][0]);
			(void)snprintf(
				rule, sizeof(rule), PROVENANCE_RULE "%s", entries[j][1]);
			expect(place, scope, rule, FINDING_UNCHECKED, "");
		}
	}
}

static void sbom_licenses(void **state)
{
	struct place *place = *state;
	const char *entry = "attestations: [{type: spdx, licenses: {allow: [MIT]}}]";

	attest(place, RELEASE, "https://spdx.dev/Document", SBOM("GPL-2.0-only"));
	expect(place, entry, SBOM_RULE ": licenses", FINDING_FAILED,
		"not allowed: package p has 'GPL-2.0-only' (1 of 1");
	/* another by the same key stays beside it as a bundle: one that satisfies counts
	 */
	attest(place, RELEASE, "https://spdx.dev/Document", SBOM("MIT"));
	expect(place, entry, SBOM_RULE ": licenses", FINDING_PASSED, "all of 1");
	expect(place, "attestations: [{type: spdx, max-age: 3d}]", SBOM_RULE ": age",
		FINDING_FAILED, "too old");
}

static void sbom_unknown_license(void **state)
{
	struct place *place = *state;

	attest(place, RELEASE, "https://spdx.dev/Document", SBOM("NOASSERTION"));
	expect(place, "attestations: [{type: spdx, licenses: {deny: [MIT]}}]",
		SBOM_RULE ": licenses", FINDING_UNCHECKED, "not known: package p");
}

static void rebuilds(void **state)
{
	struct place *place = *state;

	expect(place, "rebuild: {operators: 2}", "rebuild", FINDING_FAILED,
		"missing provenance");
	attest(place, SECOND, "https://slsa.dev/provenance/v1", GOOD);
	attest(place, REBUILDER, "https://slsa.dev/provenance/v1", OTHER);
	/* two keys of one operator */
	expect(place, "rebuild: {operators: 2}", "rebuild", FINDING_FAILED,
		"too few: 1 of 2 operators (second, rebuilder)");
	expect(place, "rebuild: {operators: 1}", "rebuild", FINDING_PASSED, "1 of 1");
	attest(place, RELEASE, "https://slsa.dev/provenance/v1", GOOD);
	expect(place, "rebuild: {operators: 2}", "rebuild", FINDING_PASSED, "2 of 2");
	/* a rebuilder's key is none for the build's own provenance */
	expect(place,
		"attestations: [{type: slsaprovenance1, threshold: 2, "
		"max-age: 10d}]",
		PROVENANCE_RULE, FINDING_PASSED, "by release, second");
}

static void image_age(void **state)
{
	struct place *place = *state;

	sign(place, &place->image, RELEASE);
	expect(place, "signature: {}, max-age: 10d", "image age", FINDING_PASSED,
		"2026-01-01");
	expect(place, "signature: {}, max-age: 9d", "image age", FINDING_FAILED,
		"too old: 2026-01-01T00:00:00Z, 10 days; 9 are allowed");
	expect_of(place, "signature: {}, max-age: 9d", "latest", CREATED - 3600,
		"image age", FINDING_FAILED, "from the future");
}

static unsigned level_of_index(struct place *place)
{
	CLEANUP(policy_outcome_done) struct policy_outcome outcome = {0};

	judge(place,
		ENTRY("builders: [{id: \"https://example.org/b\", level: 1}, "
		      "{id: \"https://example.org/other\", level: 3}]"),
		"multi", NOW, &outcome);
	assert_true(verdict_passed(outcome.verdict));
	assert_int_equal(outcome.input_count, 2);
	return outcome.build_level;
}

static void of_an_index(void **state)
{
	struct place *place = *state;
	const char *scope =
		"signature: {}, attestations: [{type: slsaprovenance1}], max-age: 10d";

	sign(place, &place->index, RELEASE);
	expect_of(place, scope, "multi", NOW, PROVENANCE_RULE, FINDING_FAILED,
		"missing attestation");
	attest(place, RELEASE, "https://slsa.dev/provenance/v1", GOOD);
	expect_of(place, scope, "multi", NOW, PROVENANCE_RULE, FINDING_FAILED,
		"missing attestation");
	attest_of(
		place, &place->second, RELEASE, "https://slsa.dev/provenance/v1", OTHER);
	expect_of(place, scope, "multi", NOW, PROVENANCE_RULE, FINDING_PASSED,
		"by release");
	expect_of(place, scope, "multi", NOW, "image age", FINDING_PASSED, "2026");
	assert_int_equal(level_of_index(place), 1);
	/* a stranger does not hide that; one of ours decides, for good or ill */
	sign(place, &place->index, STRANGER);
	attest_of(place, &place->index, STRANGER, "https://slsa.dev/provenance/v1", GOOD);
	expect_of(place, scope, "multi", NOW, PROVENANCE_RULE, FINDING_PASSED,
		"by release");
	expect_of(place, "rebuild: {operators: 1}", "multi", NOW, "rebuild",
		FINDING_PASSED, "1 of 1");
	expect_of(place, ENTRY("keys: [second]"), "multi", NOW, PROVENANCE_RULE,
		FINDING_FAILED, "foreign key");
	attest_of(place, &place->index, RELEASE, "https://slsa.dev/provenance/v1", OTHER);
	expect_of(place, ENTRY("sandbox: [T0]"), "multi", NOW,
		PROVENANCE_RULE ": sandbox", FINDING_FAILED, "not allowed");
}

/* The lacking part comes first. */
static void of_an_index_first(void **state)
{
	struct place *place = *state;

	sign(place, &place->index, RELEASE);
	attest_of(place, &place->second, RELEASE, "https://slsa.dev/provenance/v1", GOOD);
	expect_of(place, ENTRY("threshold: 1"), "multi", NOW, PROVENANCE_RULE,
		FINDING_FAILED, "missing attestation");
	expect_of(place, "rebuild: {operators: 1}", "multi", NOW, "rebuild",
		FINDING_FAILED, "missing provenance");
	attest(place, RELEASE, "https://slsa.dev/provenance/v1", GOOD);
	expect_of(place, "rebuild: {operators: 1}", "multi", NOW, "rebuild",
		FINDING_PASSED, "1 of 1");
}

static void unreachable_thresholds(void **state)
{
	static const char *const table[][2] = {
		{"signature: {keys: nobody}", "no signer 'nobody'"},
		{"signature: {keys: rebuilder}", "'rebuilder' is not trusted for that"},
		{"signature: {threshold: 3}", "the trust file has 2"},
		{"attestations: [{type: openvex, threshold: 2}]", "the trust file has 1"},
		{"rebuild: {operators: 3}", "the trust file has 2"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct error err = ERROR_INIT;
		struct policy *policy = NULL;

		assert_int_equal(load(place, table[i][0], &policy, &err), ERR_INPUT);
		if (!strstr(err.text, table[i][1]))
			fail_msg("%s", err.text);
	}
}

/* ---- the audit of ELF files ---- */

#define AUDIT(failed, unknown)                                                           \
	"{\"elfFiles\":7,\"checks\":{\"pie\":{\"passed\":1,\"failed\":" failed           \
	",\"unknown\":" unknown                                                          \
	",\"notApplicable\":0},\"relro\":{\"passed\":7,\"failed\":0,\"unknown\":0}}}"
#define AUDIT_RULE "attestation https://alnage.dev/hardening/v1: hardening"

static void hardening(void **state)
{
	static const struct {
		const char *predicate, *checks, *text;
		enum finding_result result;
	} table[] = {
		{AUDIT("0", "0"), "[pie, relro]", "2 checks of 7 ELF files",
			FINDING_PASSED},
		{AUDIT("2", "0"), "[pie, relro]", "not allowed: 2 ELF files fail 'pie'",
			FINDING_FAILED},
		{AUDIT("2", "0"), "relro", "1 checks", FINDING_PASSED},
		{AUDIT("0", "1"), "pie", "not known of 1 ELF files", FINDING_UNCHECKED},
		{AUDIT("0", "0"), "pies", "no check 'pies'", FINDING_UNCHECKED},
		{AUDIT("\"0\"", "0"), "pie", "no check 'pie'", FINDING_UNCHECKED},
		{AUDIT("-1", "0"), "pie", "no check 'pie'", FINDING_UNCHECKED},
		{"{}", "pie", "does not tell how many", FINDING_UNCHECKED},
		{"{\"elfFiles\":7,\"checks\":[]}", "pie", "no check", FINDING_UNCHECKED},
	};
	struct place *place = *state;

	expect(place, "attestations: [{type: hardening}]",
		"attestation https://alnage.dev/hardening/v1", FINDING_FAILED,
		"missing attestation");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		char scope[128];

		attest(place, RELEASE, "https://alnage.dev/hardening/v1",
			table[i].predicate);
		(void)snprintf(scope, sizeof(scope),
			"attestations: [{type: hardening, hardening: %s}]",
			table[i].checks);
		expect(place, scope, AUDIT_RULE, table[i].result, table[i].text);
		place_remove(state);
		place_make(state);
		place = *state;
	}
}

/* ---- vulnerabilities ---- */

#define TRIVY(time, findings)                                                            \
	"{\"scanner\":{\"result\":{\"Results\":[{\"Vulnerabilities\":[" findings         \
	"]}]}},\"metadata\":{\"scanFinishedOn\":\"" time "\"}}"
#define FOUND(id, severity, published)                                                   \
	"{\"VulnerabilityID\":\"" id "\",\"PkgName\":\"zlib\",\"Severity\":\"" severity  \
	"\",\"PublishedDate\":\"" published                                              \
	"\",\"PkgIdentifier\":{\"PURL\":\"pkg:apk/x/zlib@1.3-r0?arch=x86_64\"}}"
#define TODAY "2026-01-10T00:00:00Z"
#define VULN  "https://cosign.sigstore.dev/attestation/vuln/v1"
#define VULNS "https://in-toto.io/attestation/vulns/v0.2"
#define RULE                                                                             \
	"vulnerabilities: {max-severity: medium, max-age: 3d, grace-days: 5, vex: {}}"
#define BAD TRIVY(TODAY, FOUND("CVE-1", "HIGH", "2025-01-01T00:00:00Z"))

#define OF_DATABASE(time)                                                                \
	"{\"scanner\":{\"result\":[],\"db\":{\"lastUpdate\":\"" time                     \
	"\"}},\"metadata\":{\"scanFinishedOn\":\"" TODAY "\"}}"

static void scan_reports(void **state)
{
	static const struct {
		const char *type, *predicate, *text;
		enum finding_result result;
	} table[] = {
		{VULN, TRIVY(TODAY, ""), "0 findings", FINDING_PASSED},
		{VULN, BAD, "not allowed: CVE-1 in zlib is high, above medium",
			FINDING_FAILED},
		{VULN, TRIVY(TODAY, FOUND("CVE-1", "MEDIUM", "2025-01-01T00:00:00Z")),
			"1 findings", FINDING_PASSED},
		{VULN, TRIVY(TODAY, FOUND("CVE-1", "HIGH", "2026-01-06T00:00:01Z")),
			"1 in their first 5 days", FINDING_PASSED},
		{VULN, TRIVY(TODAY, FOUND("CVE-1", "HIGH", "2026-01-06T00:00:00Z")),
			"not allowed: CVE-1", FINDING_FAILED},
		{VULN, TRIVY(TODAY, FOUND("CVE-1", "HIGH", "2026-02-01T00:00:00Z")),
			"not allowed: CVE-1", FINDING_FAILED},
		{VULN, TRIVY(TODAY, FOUND("CVE-1", "HIGH", "soon")), "not allowed",
			FINDING_FAILED},
		{VULN, TRIVY(TODAY, FOUND("CVE-1", "UNKNOWN", "")),
			"not known: how severe CVE-1", FINDING_UNCHECKED},
		{VULN, TRIVY("2026-01-01T00:00:00Z", ""), "too old", FINDING_FAILED},
		{VULN, TRIVY("2026-03-01T00:00:00Z", ""), "from the future",
			FINDING_FAILED},
		{VULN, TRIVY("", ""), "does not tell its time", FINDING_UNCHECKED},
		{VULN, TRIVY(TODAY, "{}"), "malformed", FINDING_UNCHECKED},
		{VULN, "{}", "neither Trivy's nor Grype's", FINDING_UNCHECKED},
		{VULN,
			"{\"scanner\":{\"result\":{\"Results\":[]}},\"metadata\":{"
			"\"scanFinishedOn\":\"" TODAY "\"}}",
			"Trivy knew nothing to look at", FINDING_UNCHECKED},
		{VULNS, OF_DATABASE("2026-01-09T00:00:00Z"), "0 findings",
			FINDING_PASSED},
		{VULNS, OF_DATABASE("2025-01-09T00:00:00Z"),
			"the scanner's database is too old", FINDING_FAILED},
		{VULN,
			"{\"scanner\":{\"result\":{\"matches\":[{\"vulnerability\":{"
			"\"id\":"
			"\"CVE-2\",\"severity\":\"Critical\"},\"artifact\":{\"name\":"
			"\"a\"}}]}}"
			",\"metadata\":{\"scanFinishedOn\":\"" TODAY "\"}}",
			"CVE-2 in a is critical", FINDING_FAILED},
		{VULNS,
			"{\"scanner\":{\"result\":[{\"id\":\"CVE-3\",\"severity\":[{"
			"\"method\":"
			"\"nvd\",\"score\":\"7.0\"}]}]},\"metadata\":{\"scanFinishedOn\":"
			"\"" TODAY "\"}}",
			"CVE-3 in the image is high", FINDING_FAILED},
		{VULNS,
			"{\"scanner\":{\"result\":[{\"id\":\"CVE-3\",\"severity\":[{"
			"\"method\":"
			"\"nvd\",\"score\":\"6.9\"}]}]},\"metadata\":{\"scanFinishedOn\":"
			"\"" TODAY "\"}}",
			"1 findings", FINDING_PASSED},
		{VULNS, "{\"scanner\":{\"result\":{}}}", "not an array",
			FINDING_UNCHECKED},
	};
	struct place *place = *state;

	expect_of(place, RULE, "latest", NOW, "vulnerabilities", FINDING_UNCHECKED,
		"missing scan report");
	attest(place, RELEASE, VULN, TRIVY(TODAY, ""));
	expect(place, RULE, "vulnerabilities", FINDING_FAILED,
		"untrusted signer: key 'release'");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		place_remove(state);
		place_make(state);
		place = *state;
		attest(place, REBUILDER, table[i].type, table[i].predicate);
		expect(place, RULE, "vulnerabilities", table[i].result, table[i].text);
	}
}

/* The newest report of a scanner counts, be it better or worse. */
static void scanned_again(void **state)
{
	struct place *place = *state;

	attest(place, REBUILDER, VULN, TRIVY("2026-01-09T00:00:00Z", ""));
	expect(place, RULE, "vulnerabilities", FINDING_PASSED, "0 findings");
	attest(place, REBUILDER, VULN, BAD);
	expect(place, RULE, "vulnerabilities", FINDING_FAILED, "CVE-1");
}

/* But not what another scanner found, though the same key signs for both. */
static void scanned_by_another(void **state)
{
	struct place *place = *state;

	attest(place, REBUILDER, VULN,
		TRIVY("2026-01-09T00:00:00Z",
			FOUND("CVE-1", "HIGH", "2025-01-01T00:00:00Z")));
	expect(place, RULE, "vulnerabilities", FINDING_FAILED, "CVE-1");
	attest(place, REBUILDER, VULNS,
		"{\"scanner\":{\"result\":[]},\"metadata\":{\"scanFinishedOn\":"
		"\"" TODAY "\"}}");
	CLEANUP(policy_outcome_done) struct policy_outcome outcome = {0};
	judge(place, RULE, "latest", NOW, &outcome);
	assert_false(verdict_passed(outcome.verdict));
	/* until those are too old to be looked at */
	expect(place, "vulnerabilities: {max-severity: medium, max-age: 1d}",
		"vulnerabilities", FINDING_PASSED, "0 findings");
}

/* A stranger's report of an index does not hide those of its images. */
static void scans_of_an_index(void **state)
{
	struct place *place = *state;

	sign(place, &place->index, STRANGER);
	attest_of(place, &place->index, STRANGER, VULN, BAD);
	expect_of(place, RULE, "multi", NOW, "vulnerabilities", FINDING_UNCHECKED,
		"missing scan report");
	attest(place, REBUILDER, VULN, TRIVY(TODAY, ""));
	attest_of(place, &place->second, REBUILDER, VULN, TRIVY(TODAY, ""));
	expect_of(place, RULE, "multi", NOW, "vulnerabilities", FINDING_PASSED,
		"0 findings");
}

/* What is known of a part counts, whatever is said of the whole. */
static void scans_of_parts_count(void **state)
{
	struct place *place = *state;

	sign(place, &place->index, RELEASE);
	attest_of(place, &place->index, REBUILDER, VULN, TRIVY(TODAY, ""));
	expect_of(place, RULE, "multi", NOW, "vulnerabilities", FINDING_PASSED,
		"0 findings");
	attest_of(place, &place->second, REBUILDER, VULN, BAD);
	CLEANUP(policy_outcome_done) struct policy_outcome outcome = {0};
	judge(place, RULE, "multi", NOW, &outcome);
	assert_int_equal(verdict_result(outcome.verdict), FINDING_FAILED);
}

static void vex_of(struct place *place, enum who who, const char *id, const char *part,
	const char *status, const char *time)
{
	char text[1024], hex[DIGEST_TEXT_MAX];

	assert_true(
		snprintf(text, sizeof(text),
			"{\"timestamp\":\"%s\",\"statements\":[{\"vulnerability\":{"
			"\"name\":\"%s\"},\"products\":[{\"@id\":\"pkg:oci/x@sha256%%3A%s"
			"\",\"subcomponents\":[{\"@id\":\"%s\"}]}],%s}]}",
			time, id, digest_format_hex(&place->image.digest, hex), part,
			status) < (int)sizeof(text));
	attest(place, who, "https://openvex.dev/ns", text);
}

#define PART "pkg:apk/x/zlib@1.3-r0"
#define NOT_AFFECTED                                                                     \
	"\"status\":\"not_affected\",\"justification\":\"component_not_present\""

static void vex_settles_findings(void **state)
{
	static const struct {
		const char *id, *part, *status;
		enum who who;
		bool settled;
	} table[] = {
		{"CVE-1", PART, NOT_AFFECTED, REBUILDER, true},
		{"CVE-1", "pkg:apk/x/zlib", NOT_AFFECTED, REBUILDER, true},
		{"CVE-1", PART, "\"status\":\"fixed\"", REBUILDER, true},
		{"CVE-1", PART, NOT_AFFECTED, RELEASE, false}, /* not its role */
		{"CVE-1", PART, NOT_AFFECTED, STRANGER, false},
		{"CVE-2", PART, NOT_AFFECTED, REBUILDER, false},
		{"CVE-1", "pkg:apk/x/zlib@1.2", NOT_AFFECTED, REBUILDER, false},
		{"CVE-1", "pkg:apk/x/zlib-dev", NOT_AFFECTED, REBUILDER, false},
		{"CVE-1", PART "?arch=arm", NOT_AFFECTED, REBUILDER, false},
		{"CVE-1", PART, NOT_AFFECTED ",\"timestamp\":\"2026-01-11T00:05:01Z\"",
			REBUILDER, false}, /* from the future */
		{"CVE-1", PART, "\"status\":\"not_affected\"", REBUILDER, false},
		{"CVE-1", PART, "\"status\":\"affected\"", REBUILDER, false},
		{"CVE-1", PART, "\"status\":\"under_investigation\"", REBUILDER, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct place *place = *state;

		attest(place, REBUILDER, VULN, BAD);
		vex_of(place, table[i].who, table[i].id, table[i].part, table[i].status,
			TODAY);
		expect(place, RULE, "vulnerabilities",
			table[i].settled ? FINDING_PASSED : FINDING_FAILED,
			table[i].settled ? "1 settled by VEX" : "not allowed: CVE-1");
		if (table[i].settled) /* but only where the policy takes VEX at all */
			expect(place, "vulnerabilities: {max-severity: low, max-age: 3d}",
				"vulnerabilities", FINDING_FAILED, "not allowed: CVE-1");
		place_remove(state);
		place_make(state);
	}
}

static void cyclonedx_of(struct place *place, enum who who, const char *ref,
	const char *analysis, const char *time)
{
	char text[1024], hex[DIGEST_TEXT_MAX];

	assert_true(
		snprintf(text, sizeof(text),
			"{\"bomFormat\":\"CycloneDX\",\"metadata\":{\"timestamp\":\"%s"
			"\",\"component\":{\"bom-ref\":\"whole\",\"purl\":\"pkg:oci/x@"
			"sha256:%s\"}},\"components\":[{\"bom-ref\":\"z\",\"purl\":\""
			"pkg:apk/x/zlib@1.3-r0\"},{\"bom-ref\":\"m\",\"purl\":\"pkg:"
			"apk/x/musl@1\"}],\"vulnerabilities\":[{\"id\":\"CVE-1\","
			"\"affects\":[{\"ref\":\"%s\"}],\"analysis\":{%s}}]}",
			time, digest_format_hex(&place->image.digest, hex), ref,
			analysis) < (int)sizeof(text));
	attest(place, who, "https://cyclonedx.org/bom", text);
}

static void cyclonedx_settles_findings(void **state)
{
#define SETTLED  "\"state\":\"not_affected\",\"justification\":\"code_not_present\""
#define RESOLVED "\"state\":\"resolved_with_pedigree\""
#define LINK     "urn:cdx:de533ec4-90f0-5e52-a3c2-a9d5da0110bb/1#"
	static const struct {
		const char *ref, *analysis;
		enum who who;
		bool settled;
	} table[] = {
		{"z", SETTLED, REBUILDER, true},
		{"z", RESOLVED, REBUILDER, true},
		{"z", "\"state\":\"false_positive\",\"detail\":\"d\"", REBUILDER, true},
		{"whole", SETTLED, REBUILDER, true},
		{LINK "pkg:apk%2Fx%2Fzlib%401.3-r0", RESOLVED, REBUILDER, true},
		{"pkg:apk/x/zlib@1.3-r0", RESOLVED, REBUILDER, true},
		{"z", SETTLED, RELEASE, false}, /* not its role */
		{"m", SETTLED, REBUILDER, false},
		{"nothing", SETTLED, REBUILDER, false},
		{"", SETTLED, REBUILDER, false},
		{LINK "pkg:apk%2Fx%2Fmusl%401", SETTLED, REBUILDER, false},
		{LINK "pkg:apk%2Fx%2Fzlib%4", SETTLED, REBUILDER, false},
		{LINK "pkg:apk%2Fx%2Fzlib%00%401.3-r0", SETTLED, REBUILDER, false},
		{"z", "\"state\":\"not_affected\"", REBUILDER, false},
		{"z", "\"state\":\"exploitable\"", REBUILDER, false},
		{"z", "\"state\":\"in_triage\"", REBUILDER, false},
		{"z\"},{\"ref\":\"m\",\"versions\":[{\"version\":\"1\"}],\"x\":\"",
			SETTLED, REBUILDER, false},
		{"z", RESOLVED ",\"lastUpdated\":\"2026-02-01T00:00:00Z\"", REBUILDER,
			false},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct place *place = *state;

		attest(place, REBUILDER, VULN, BAD);
		cyclonedx_of(place, table[i].who, table[i].ref, table[i].analysis, TODAY);
		expect(place, RULE, "vulnerabilities",
			table[i].settled ? FINDING_PASSED : FINDING_FAILED,
			table[i].settled ? "1 settled by VEX" : "not allowed: CVE-1");
		if (table[i].settled) { /* taken back, in the other dialect */
			vex_of(place, REBUILDER, "CVE-1", PART, "\"status\":\"affected\"",
				TODAY);
			expect(place, RULE, "vulnerabilities", FINDING_FAILED,
				"not allowed: CVE-1");
		}
		place_remove(state);
		place_make(state);
	}
}

/* Of two documents the later decides, of the same time the worse. */
static void vex_is_ordered(void **state)
{
	struct place *place = *state;

	attest(place, REBUILDER, VULN, BAD);
	vex_of(place, REBUILDER, "CVE-1", PART, NOT_AFFECTED, TODAY);
	vex_of(place, REBUILDER, "CVE-1", PART, "\"status\":\"affected\"",
		"2026-01-09T00:00:00Z");
	expect(place, RULE, "vulnerabilities", FINDING_PASSED, "1 settled");
	vex_of(place, REBUILDER, "CVE-1", PART, "\"status\":\"affected\"", TODAY);
	expect(place, RULE, "vulnerabilities", FINDING_FAILED, "not allowed");
}

#undef RULE

/* ---- the summary ---- */

static json_t *summary(struct place *place, const char *scope, struct statement **ret)
{
	struct error err = ERROR_INIT;
	CLEANUP(policy_outcome_done) struct policy_outcome outcome = {0};
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct digest policy;

	judge(place, scope, "latest", NOW, &outcome);
	assert_ok(digest_of(DIGEST_SHA256, SLICE("policy"), &policy, &err), &err);
	struct vsa vsa = {.verifier_id = "https://example.org/v",
		.resource_uri = "registry.example/base",
		.policy_uri = "p.yaml",
		.policy = &policy,
		.time = NOW,
		.location = "registry.example/base",
		.outcome = &outcome};
	assert_ok(vsa_write(&vsa, &bytes, &err), &err);
	assert_ok(statement_parse(buffer_slice(&bytes), ret, &err), &err);
	assert_true(statement_is_about(*ret, &place->image.digest));
	assert_string_equal((*ret)->predicate_type, PREDICATE_VSA);
	return (*ret)->predicate;
}

static void expect_level(struct place *place, const char *scope, const char *result,
	const char *level, size_t inputs)
{
	cleanup_statement struct statement *statement = NULL;
	json_t *predicate = summary(place, scope, &statement);
	json_t *levels = json_object_get(predicate, "verifiedLevels");

	assert_string_equal(
		json_string_value(json_object_get(predicate, "verificationResult")),
		result);
	assert_int_equal(json_array_size(levels), 1);
	assert_string_equal(json_string_value(json_array_get(levels, 0)), level);
	assert_int_equal(
		json_array_size(json_object_get(predicate, "inputAttestations")), inputs);
	assert_string_equal(json_string_value(json_object_get(predicate, "resourceUri")),
		"registry.example/base");
}

static void summaries(void **state)
{
	struct place *place = *state;

	sign(place, &place->image, RELEASE);
	attest(place, RELEASE, "https://slsa.dev/provenance/v1", GOOD);
	expect_level(place, "signature: {}", "PASSED", "SLSA_BUILD_LEVEL_0", 2);
	expect_level(place,
		ENTRY("builders: [{id: \"https://example.org/b\", level: 2}]"), "PASSED",
		"SLSA_BUILD_LEVEL_2", 1);
	expect_level(place, ENTRY("builders: [{id: \"https://example.org/c\"}]"),
		"FAILED", "FAILED", 0);
	/* the level is shown, another rule fails: no level */
	expect_level(place,
		"max-age: 1d, " ENTRY(
			"builders: [{id: \"https://example.org/b\", level: 3}]"),
		"FAILED", "FAILED", 1);
}

/* What is about to be signed is a summary and nothing else that a key vouches for. */
static void only_summaries_are_signed(void **state)
{
	static const struct {
		const char *type, *text; /* NULL: is one */
	} table[] = {
		{PREDICATE_VSA, NULL},
		{"https://sigstore.dev/cosign/sign/v1", "is not the type of"},
		{"https://slsa.dev/provenance/v1", "is not the type of"},
	};
	struct place *place = *state;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_buffer struct buffer text = BUFFER_INIT;

		assert_ok(statement_write("x", &place->image.digest, table[i].type,
				  json_object(), &text, &err),
			&err);
		if (!table[i].text)
			assert_ok(vsa_check(buffer_slice(&text), &err), &err);
		else
			assert_refused(vsa_check(buffer_slice(&text), &err), ERR_REFUSED,
				table[i].text, &err);
		error_clear(&err);
	}
	assert_int_equal(vsa_check(SLICE("{\"critical\":{}}"), &err), ERR_INPUT);
}

#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(patterns),
		cmocka_unit_test(scopes),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(licenses),
		AT_A_PLACE(signatures),
		AT_A_PLACE(attestation_is_no_signature),
		AT_A_PLACE(other_scope),
		AT_A_PLACE(provenance),
		AT_A_PLACE(two_provenances),
		AT_A_PLACE(odd_shapes),
		AT_A_PLACE(sbom_licenses),
		AT_A_PLACE(sbom_unknown_license),
		AT_A_PLACE(rebuilds),
		AT_A_PLACE(image_age),
		AT_A_PLACE(of_an_index),
		AT_A_PLACE(of_an_index_first),
		AT_A_PLACE(hardening),
		AT_A_PLACE(scan_reports),
		AT_A_PLACE(scanned_again),
		AT_A_PLACE(scanned_by_another),
		AT_A_PLACE(scans_of_parts_count),
		AT_A_PLACE(scans_of_an_index),
		AT_A_PLACE(vex_settles_findings),
		AT_A_PLACE(cyclonedx_settles_findings),
		AT_A_PLACE(vex_is_ordered),
		AT_A_PLACE(unreachable_thresholds),
		AT_A_PLACE(summaries),
		AT_A_PLACE(only_summaries_are_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
