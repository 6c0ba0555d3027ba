/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles of our own Sigstore: what must be verified, and each reason to refuse. */
#include "tests/unit/signing_support.h"

#include "signing/verify_bundle.h"
#include "tests/unit/signing_mock.h"

struct row {
	const char *name;
	struct mock_options options;
	/* NULL: verified */
	const char *refusal;
	/* changes made afterwards: member by path; value NULL: removed */
	const char *root_path, *bundle_path, *value;
	const char *identity;
	bool digest_only, without_root;
	const struct evidence *evidence;
};

static json_t *step(json_t *at, const char *name)
{
	json_t *next = name[0] >= '0' && name[0] <= '9'
			       ? json_array_get(at, (size_t)(name[0] - '0'))
			       : json_object_get(at, name);

	if (!next)
		fail_msg("no member %s", name);
	return next;
}

/* "a/0/b" in json becomes the value. */
static void change(json_t *json, const char *path, const char *value)
{
	struct slice rest = slice_str(path), part;
	char name[64];

	for (;;) {
		assert_true(slice_cut(&rest, '/', &part) && part.len < sizeof(name));
		memcpy(name, part.data, part.len);
		name[part.len] = '\0';
		if (rest.len == 0)
			break;
		json = step(json, name);
	}
	if (json_is_array(json)) {
		assert_int_equal(json_array_remove(json, (size_t)(name[0] - '0')), 0);
		return;
	}
	(void)json_object_del(json, name);
	if (value)
		assert_int_equal(json_object_set_new(json, name, json_string(value)), 0);
}

static int judge(struct mock *mock, const struct row *row, struct error *err)
{
	cleanup_json json_t *bundle_json = mock_bundle(mock, &row->options);
	cleanup_json json_t *root_json = json_deep_copy(mock->trusted);
	cleanup_bundle struct bundle *bundle = NULL;
	cleanup_trusted_root struct trusted_root *root = NULL;
	cleanup_key struct key *key = NULL;
	struct artifact artifact = {
		.has_bytes = !row->digest_only, .bytes = SLICE(MOCK_ARTIFACT)};
	struct bundle_report report;

	assert_non_null(bundle_json);
	if (row->bundle_path)
		change(bundle_json, row->bundle_path, row->value);
	if (row->root_path)
		change(root_json, row->root_path, row->value);
	assert_ok(digest_of(DIGEST_SHA256, SLICE(MOCK_ARTIFACT), &artifact.digest, err),
		err);
	assert_ok(trusted_root_parse(mock_text(root_json), &root, err), err);
	if (row->options.plain_key)
		assert_ok(key_from_der(mock_public(mock->leaf_key), &key, err), err);
	if (bundle_parse(mock_text(bundle_json), &bundle, err) < 0)
		return err->class == ERR_INPUT ? ERR_REFUSED : err->class;
	return verify_bundle(bundle, &artifact,
		&(struct signer){.key = key,
			.identity.text = key             ? NULL
					 : row->identity ? row->identity
							 : MOCK_IDENTITY,
			.issuer.text = key ? NULL : MOCK_ISSUER,
			.root = row->without_root ? NULL : root,
			.evidence = row->evidence},
		&report, err);
}

#define ENTRY "verificationMaterial/tlogEntries/0/"
#define STAMP .stamped = MOCK_TIME

/* what a row does not say is nothing */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
static const struct row rows[] = {
	{"message", {0}, NULL},
	{"message by digest", {0}, NULL, .digest_only = true},
	{"v0.1", {.version = 1}, NULL},
	{"v0.2, envelope", {.version = 2, .dsse = true}, NULL},
	{"v0.3 parameter", {.version = 3, .dsse = true}, NULL},
	{"Rekor v2", {.v2 = true, STAMP}, NULL},
	{"Rekor v2, envelope", {.v2 = true, .dsse = true, STAMP}, NULL},
	{"entry and time stamp", {STAMP}, NULL},
	{"key", {.plain_key = true}, NULL},
	{"key, Rekor v2 without a time", {.plain_key = true, .v2 = true}, NULL},
	{"key, no trusted root", {.plain_key = true}, NULL, .without_root = true},
	{"e-mail", {.san = "email:a@example.org"}, NULL, .identity = "a@example.org"},
	{"other name", {.san = "otherName:1.3.6.1.4.1.57264.1.7;UTF8:somebody"}, NULL,
		.identity = "somebody"},

	{"Rekor v2 without a time", {.v2 = true}, "nothing proves when"},
	{"other identity", {0}, "not by https://example.org/other",
		.identity = "https://example.org/other"},
	{"prefix of the identity", {0}, "not by https://example.org/build.yml@refs/heads",
		.identity = "https://example.org/build.yml@refs/heads"},
	{"two names", {.san = "URI:https://a.example,URI:" MOCK_IDENTITY},
		"exactly one subject alternative name"},
	{"host name", {.san = "DNS:example.org"}, "names no signer",
		.identity = "example.org"},
	{"foreign other name", {.san = "otherName:1.2.3.4;UTF8:somebody"},
		"names no signer", .identity = "somebody"},
	{"two issuers", {.old_issuer = "https://evil.example"}, "two token issuers"},
	{"for servers", {.eku = "serverAuth"}, "not for code signing"},
	{"an authority's own", {.leaf_is_ca = true}, "authority's"},
	{"no SCT", {.no_sct = true}, "no signed certificate timestamp"},
	{"SCT by another", {.wrong_sct = true}, "no signed certificate timestamp holds"},
	{"logged after the end", {.integrated = MOCK_TIME + 541},
		"the certificate was not valid"},
	{"logged at the end", {.integrated = MOCK_TIME + 540}, NULL},
	{"logged at the start", {.integrated = MOCK_TIME - 60}, NULL},
	{"logged before the start", {.integrated = MOCK_TIME - 61},
		"the certificate was not valid"},
	{"stamped after the end", {.stamped = MOCK_TIME + 541},
		"the certificate was not valid"},
	{"stamped, but something else", {STAMP, .stamp_something_else = true},
		"it stamps something else"},
	{"stamped when the authority had expired", {.stamped = MOCK_TIME + 1000001},
		"not by a time stamp authority"},
	{"entry for another signature", {.log_other_signature = true},
		"another signature"},
	{"entry for another digest", {.log_other_digest = true}, "another artifact"},
	{"entry by another signer", {.log_other_signer = true}, "another signer"},
	{"entry by another key", {.plain_key = true, .log_other_signer = true},
		"another key"},
	{"v2 entry for another signature",
		{.v2 = true, STAMP, .log_other_signature = true}, "another signature"},
	{"v2 entry for another digest", {.v2 = true, STAMP, .log_other_digest = true},
		"another artifact"},
	{"dsse entry for another payload", {.dsse = true, .log_other_digest = true},
		"another payload"},
	{"dsse entry for another signature", {.dsse = true, .log_other_signature = true},
		"another signature"},
	{"checkpoint of another log", {.origin = "evil.example - 42"}, "origin"},
	{"checkpoint of a log of that length", {.origin = "bad.example.org - 42"},
		"origin"},
	{"checkpoint of a longer name", {.origin = MOCK_LOG "s"}, "origin"},
	{"statement about something else",
		{.dsse = true,
			.subject = "0000000000000000000000000000000000000000000000000000"
				   "000000000000"},
		"not about this artifact"},

	{"no entry", {0}, "no entry in a transparency log",
		.bundle_path = "verificationMaterial/tlogEntries"},
	{"no proof", {0}, "no inclusion proof", .bundle_path = ENTRY "inclusionProof"},
	{"no checkpoint", {0}, "no checkpoint",
		.bundle_path = ENTRY "inclusionProof/checkpoint"},
	{"no promise in v0.1", {.version = 1}, "no signed entry timestamp",
		.bundle_path = ENTRY "inclusionPromise"},
	{"time without a promise", {0}, "nothing proves when",
		.bundle_path = ENTRY "inclusionPromise"},
	{"other integrated time", {0}, "signed entry timestamp",
		.bundle_path = ENTRY "integratedTime", .value = "1700000001"},
	{"other log index", {0}, "signed entry timestamp",
		.bundle_path = ENTRY "logIndex", .value = "1006"},
	{"other place in the tree", {0}, "inclusion proof",
		.bundle_path = ENTRY "inclusionProof/logIndex", .value = "4"},
	{"place outside the tree", {0}, "not in a tree",
		.bundle_path = ENTRY "inclusionProof/logIndex", .value = "7"},
	{"other tree", {0}, "another tree",
		.bundle_path = ENTRY "inclusionProof/treeSize", .value = "8"},
	{"short path", {0}, "length of the path",
		.bundle_path = ENTRY "inclusionProof/hashes/0"},
	{"other kind", {0}, "the bundle says dsse",
		.bundle_path = ENTRY "kindVersion/kind", .value = "dsse"},
	{"other version", {0}, "the bundle says",
		.bundle_path = ENTRY "kindVersion/version", .value = "0.0.2"},
	{"unknown log", {0}, "the trusted root lacks", .root_path = "tlogs/0"},
	{"log's key not yet valid", {0}, "outside the validity of the log's key",
		.root_path = "tlogs/0/publicKey/validFor/start",
		.value = "2023-11-14T22:13:21Z"},
	{"log's key valid from this second", {0}, NULL,
		.root_path = "tlogs/0/publicKey/validFor/start",
		.value = "2023-11-14T22:13:20Z"},
	{"log's key valid to this second", {0}, NULL,
		.root_path = "tlogs/0/publicKey/validFor/end",
		.value = "2023-11-14T22:13:20Z"},
	{"log's key no longer valid", {0}, "outside the validity of the log's key",
		.root_path = "tlogs/0/publicKey/validFor/end",
		.value = "2023-11-14T22:13:19.999Z"},
	{"v2 log's key no longer valid", {.v2 = true, STAMP},
		"outside the validity of the log",
		.root_path = "tlogs/1/publicKey/validFor/end",
		.value = "2023-11-14T22:13:19Z"},
	{"v2 log of another name", {.v2 = true, STAMP}, "has not signed",
		.root_path = "tlogs/1/baseUrl", .value = "https://other.example"},
	{"unknown kind of key", {0}, "cannot be checked",
		.root_path = "tlogs/0/publicKey/keyDetails", .value = "ML_DSA_65"},
	{"authority no longer trusted", {0}, "outside the validity of the authority",
		.root_path = "certificateAuthorities/0/validFor/end",
		.value = "2023-11-14T22:13:19Z"},
	{"no authority", {0}, "no authority", .root_path = "certificateAuthorities"},
	{"no root, intermediate as anchor", {0}, NULL,
		.root_path = "certificateAuthorities/0/certChain/certificates/1"},
	{"root as the only one", {0}, "no authority",
		.root_path = "certificateAuthorities/0/certChain/certificates/0"},
	{"time stamp authority no longer trusted", {STAMP},
		"outside the validity of the authority",
		.root_path = "timestampAuthorities/0/validFor/end",
		.value = "2023-11-14T22:13:19Z"},
	{"unknown time stamp authority", {STAMP}, "not by a time stamp authority",
		.root_path = "timestampAuthorities"},
	{"time stamp authority's certificate not pinned", {STAMP}, NULL,
		.root_path = "timestampAuthorities/0/certChain/certificates/0"},
	{"root without CT logs", {.no_sct = true}, NULL, .root_path = "ctlogs",
		.evidence = &(struct evidence){.logs = 1}},
	{"no log asked for, but there", {.log_other_digest = true}, "another artifact",
		.evidence = &(struct evidence){.scts = 1}},
	{"no log asked for, none there", {STAMP}, NULL,
		.bundle_path = "verificationMaterial/tlogEntries",
		.evidence = &(struct evidence){.scts = 1}},
	{"no log asked for, no time", {0}, "nothing proves when",
		.bundle_path = "verificationMaterial/tlogEntries",
		.evidence = &(struct evidence){.scts = 1}},
	{"two logs asked for", {0}, "entries in 1 transparency logs, 2 are asked for",
		.evidence = &(struct evidence){.logs = 2, .scts = 1}},
	{"a time stamp asked for", {0}, "time stamps by 0 authorities, 1 are asked for",
		.evidence = &(struct evidence){.logs = 1, .timestamps = 1, .scts = 1}},
	{"a time stamp asked for and there", {STAMP}, NULL,
		.evidence = &(struct evidence){.logs = 1, .timestamps = 1, .scts = 1}},
	{"key, a time stamp asked for", {.plain_key = true}, "time stamps by 0",
		.evidence = &(struct evidence){.timestamps = 1}},
	{"CT log's key no longer valid", {0}, "outside the log's validity",
		.root_path = "ctlogs/0/publicKey/validFor/end",
		.value = "2023-11-14T22:13:19Z"},
	{"root without logs, time stamp", {STAMP}, "the trusted root lacks",
		.root_path = "tlogs", .evidence = &(struct evidence){.scts = 1}},
	{"wrong digest in the bundle", {0}, "digest is not that of the artifact",
		.bundle_path = "messageSignature/messageDigest/digest",
		.value = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
	{"other signature", {0}, "the signature is not by",
		.bundle_path = "messageSignature/signature", .value = "MAYCAQECAQE="},
	{"negative index", {0}, "negative", .bundle_path = ENTRY "logIndex",
		.value = "-1"},
	{"huge index", {0}, "logIndex", .bundle_path = ENTRY "logIndex",
		.value = "9223372036854775808"},
	{"unknown field", {0}, "unknown", .bundle_path = ENTRY "more", .value = "1"},
};
#pragma GCC diagnostic pop

static void all_rows(void **state)
{
	struct mock mock;

	(void)state;
	mock_init(&mock, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err = ERROR_INIT;
		int status = judge(&mock, &rows[i], &err);

		if (!rows[i].refusal && status < 0)
			fail_msg("%s: %s", rows[i].name, err.text);
		if (!rows[i].refusal)
			continue;
		if (status != ERR_REFUSED)
			fail_msg("%s: %d instead of refused: %s", rows[i].name, status,
				err.text);
		if (!strstr(err.text, rows[i].refusal))
			fail_msg("%s: \"%s\" does not contain \"%s\"", rows[i].name,
				err.text, rows[i].refusal);
	}
	mock_done(&mock);
}

/* CVE-2026-24122: an intermediate certificate that had expired when it signed. */
static void whole_chain_is_checked(void **state)
{
	static const struct row row = {.name = "expired intermediate"};
	struct error err = ERROR_INIT;
	struct mock mock;

	(void)state;
	mock_init(&mock, MOCK_TIME - 1);
	assert_refused(judge(&mock, &row, &err), ERR_REFUSED, "of its issuers", &err);
	mock_done(&mock);
	mock_init(&mock, MOCK_TIME);
	assert_ok(judge(&mock, &row, &err), &err);
	mock_done(&mock);
}

/* What is there twice is one log, one authority: thresholds are of different ones. */
static void repeated_evidence_counts_once(void **state)
{
	static const struct {
		struct evidence evidence;
		const char *list, *refusal; /* what is repeated in the bundle */
	} table[] = {
		{{.logs = 1, .timestamps = 1, .scts = 1}, "tlogEntries", NULL},
		{{.logs = 2, .scts = 1}, "tlogEntries", "entries in 1"},
		{{.timestamps = 2, .scts = 1}, "rfc3161Timestamps", "time stamps by 1"},
		{{.logs = 1, .scts = 2}, NULL, "timestamps of 1 certificate"},
	};
	struct artifact artifact = {.bytes = SLICE(MOCK_ARTIFACT), .has_bytes = true};
	struct error err = ERROR_INIT;
	struct mock mock;

	(void)state;
	mock_init(&mock, 0);
	assert_ok(digest_of(DIGEST_SHA256, artifact.bytes, &artifact.digest, &err), &err);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		cleanup_json json_t *json =
			mock_bundle(&mock, &(struct mock_options){.stamped = MOCK_TIME});
		cleanup_json json_t *trusted = json_deep_copy(mock.trusted);
		cleanup_bundle struct bundle *bundle = NULL;
		cleanup_trusted_root struct trusted_root *root = NULL;
		struct bundle_report report;
		json_t *at = step(json, "verificationMaterial"), *other;

		/* another CT log, and another authority of another anchor, that exist */
		other = json_deep_copy(step(step(trusted, "ctlogs"), "0"));
		change(other, "logId/keyId", "AAAAAAAAAAA=");
		MUST(json_array_append_new(step(trusted, "ctlogs"), other) == 0);
		other = json_deep_copy(step(step(trusted, "timestampAuthorities"), "0"));
		MUST(json_array_append_new(
			     step(trusted, "timestampAuthorities"), other) == 0);
		if (table[i].list && table[i].list[0] == 'r')
			at = step(at, "timestampVerificationData");
		if (table[i].list) {
			at = step(at, table[i].list);
			MUST(json_array_append(at, json_array_get(at, 0)) == 0);
		}
		assert_ok(trusted_root_parse(mock_text(trusted), &root, &err), &err);
		assert_ok(bundle_parse(mock_text(json), &bundle, &err), &err);
		int status = verify_bundle(bundle, &artifact,
			&(struct signer){.identity.text = MOCK_IDENTITY,
				.issuer.text = MOCK_ISSUER,
				.root = root,
				.evidence = &table[i].evidence},
			&report, &err);
		if (table[i].refusal)
			assert_refused(status, ERR_REFUSED, table[i].refusal, &err);
		else
			assert_ok(status, &err);
	}
	mock_done(&mock);
}

/* sigstore_bundle.proto: a chain in a bundle may hold more than the leaf, but no root. */
static void no_root_in_bundles(void **state)
{
	cleanup_json json_t *json = NULL;
	cleanup_bundle struct bundle *bundle = NULL;
	cleanup_trusted_root struct trusted_root *root = NULL;
	struct error err = ERROR_INIT;
	struct artifact artifact = {.bytes = SLICE(MOCK_ARTIFACT), .has_bytes = true};
	struct signer options = {
		.identity.text = MOCK_IDENTITY, .issuer.text = MOCK_ISSUER};
	struct bundle_report report;
	struct mock mock;
	json_t *chain;

	(void)state;
	mock_init(&mock, 0);
	assert_ok(digest_of(DIGEST_SHA256, artifact.bytes, &artifact.digest, &err), &err);
	assert_ok(trusted_root_parse(mock_text(mock.trusted), &root, &err), &err);
	options.root = root;
	json = mock_bundle(&mock, &(struct mock_options){.version = 2});
	chain = step(step(step(json, "verificationMaterial"), "x509CertificateChain"),
		"certificates");
	MUST(json_array_append_new(
		     chain, json_pack("{s:s}", "rawBytes",
				    mock_base64(MOCK_DER(X509, mock.issuer)))) == 0);
	assert_ok(bundle_parse(mock_text(json), &bundle, &err), &err);
	assert_ok(verify_bundle(bundle, &artifact, &options, &report, &err), &err);
	bundle_free(&bundle);
	MUST(json_array_append_new(
		     chain, json_pack("{s:s}", "rawBytes",
				    mock_base64(MOCK_DER(X509, mock.root)))) == 0);
	assert_ok(bundle_parse(mock_text(json), &bundle, &err), &err);
	assert_refused(verify_bundle(bundle, &artifact, &options, &report, &err),
		ERR_REFUSED, "root certificate", &err);
	mock_done(&mock);
}

/* The options must fit, or nothing is verified. */
static void options_must_fit(void **state)
{
	cleanup_json json_t *json = NULL;
	cleanup_bundle struct bundle *bundle = NULL;
	cleanup_key struct key *key = NULL;
	struct error err = ERROR_INIT;
	struct artifact artifact = {.bytes = SLICE(MOCK_ARTIFACT), .has_bytes = true};
	struct signer options = {.identity.text = MOCK_IDENTITY};
	struct bundle_report report;
	struct mock mock;

	(void)state;
	mock_init(&mock, 0);
	json = mock_bundle(&mock, &(struct mock_options){0});
	assert_ok(bundle_parse(mock_text(json), &bundle, &err), &err);
	assert_refused(verify_bundle(bundle, &artifact, &options, &report, &err),
		ERR_USAGE, "issuer", &err);
	options.issuer.text = MOCK_ISSUER;
	assert_refused(verify_bundle(bundle, &artifact, &options, &report, &err),
		ERR_USAGE, "trusted root", &err);
	assert_ok(key_from_der(mock_public(mock.leaf_key), &key, &err), &err);
	options.key = key;
	assert_refused(verify_bundle(bundle, &artifact, &options, &report, &err),
		ERR_USAGE, "exclude", &err);
	options.identity.text = options.issuer.text = NULL;
	assert_refused(verify_bundle(bundle, &artifact, &options, &report, &err),
		ERR_REFUSED, "with a certificate", &err);
	mock_done(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_rows),
		cmocka_unit_test(whole_chain_is_checked),
		cmocka_unit_test(repeated_evidence_counts_once),
		cmocka_unit_test(no_root_in_bundles),
		cmocka_unit_test(options_must_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
