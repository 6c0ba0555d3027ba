/* SPDX-License-Identifier: Apache-2.0 */
/* Images that were signed by identities in certificates, in every form that lies beside
 * images: what is accepted, and each thing that must not be. */
#include "tests/unit/signing_support.h"

#include "attest/policy_private.h"
#include "attest/predicate.h"
#include "attest/verify.h"
#include "base/fs.h"
#include "signing/bundle_layer.h"
#include "tests/unit/keyless_mock.h"

#define NOW  (MOCK_TIME + 1000)
#define TYPE "https://example.org/p"

struct place {
	char folder[64];
	struct reference *reference;
	struct repository *repository;
	struct descriptor image;
	struct mock mock;
	struct trusted_root *root;
};

static void put_image(struct place *place)
{
	struct error err = ERROR_INIT;
	struct descriptor layer = {.media_type = OCI_LAYER}, stored;
	struct manifest manifest = {.media_type = OCI_MANIFEST,
		.config = {.media_type = OCI_CONFIG},
		.items = &layer,
		.count = 1};
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	assert_ok(repository_put_blob(place->repository, SLICE("layer"), &layer, &err),
		&err);
	assert_ok(repository_put_blob(place->repository,
			  SLICE("{\"architecture\":\"amd64\",\"os\":\"linux\"}"),
			  &manifest.config, &err),
		&err);
	assert_ok(manifest_write(&manifest, &bytes, &err), &err);
	assert_ok(repository_put_manifest(place->repository, buffer_slice(&bytes),
			  OCI_MANIFEST, "latest", &stored, &err),
		&err);
	place->image = (struct descriptor){
		.media_type = OCI_MANIFEST, .digest = stored.digest, .size = stored.size};
}

static void place_open(struct place *place)
{
	struct repository_options options = {.create = true, .writable = true};
	struct error err = ERROR_INIT;

	repository_close(&place->repository);
	assert_ok(repository_open(place->reference, &options, &place->repository, &err),
		&err);
}

/* Empty but for the image. */
static void place_begin(struct place *place)
{
	struct error err = ERROR_INIT;
	char path[80];

	repository_close(&place->repository);
	assert_true(snprintf(path, sizeof(path), "%s/l", place->folder) > 0);
	assert_ok(fs_remove_tree(AT_FDCWD, path, &err), &err);
	place_open(place);
	put_image(place);
}

static int place_make(void **state)
{
	struct error err = ERROR_INIT;
	struct place *place = calloc(1, sizeof(*place));
	char text[80];

	assert_non_null(place);
	memcpy(place->folder, "/tmp/alnage-keyless-XXXXXX",
		sizeof("/tmp/alnage-keyless-XXXXXX"));
	assert_non_null(mkdtemp(place->folder));
	assert_true(snprintf(text, sizeof(text), "oci:%s/l", place->folder) > 0);
	assert_ok(reference_parse(slice_str(text), &place->reference, &err), &err);
	mock_init(&place->mock, 0);
	assert_ok(trusted_root_parse(mock_text(place->mock.trusted), &place->root, &err),
		&err);
	place_begin(place);
	*state = place;
	return 0;
}

static int place_remove(void **state)
{
	struct error err = ERROR_INIT;
	struct place *place = *state;

	repository_close(&place->repository);
	reference_free(&place->reference);
	trusted_root_free(&place->root);
	mock_done(&place->mock);
	assert_ok(fs_remove_tree(AT_FDCWD, place->folder, &err), &err);
	free(place);
	return 0;
}

/* ---- one signature, one identity ---- */

static void attach(struct place *place, enum keyless_form form,
	const struct mock_options *options, keyless_edit *edit, const void *context)
{
	keyless_attach(place->repository, &place->image, &place->mock, form, options,
		edit, context);
}

static void expect_signer(struct place *place, const struct signer *signer,
	const char *type, const char *refusal)
{
	struct error err = ERROR_INIT;
	struct verify_options options = {.signers = &signer,
		.signer_count = 1,
		.predicate_types = &type,
		.predicate_type_count = type ? 1 : 0};
	cleanup_verdict struct verdict *verdict = NULL;
	const struct finding *last;

	place_open(place); /* nothing remembered */
	assert_ok(verify_image(place->repository, "latest", &options, &verdict, &err),
		&err);
	last = &verdict->findings[verdict->count - 1];
	if (!refusal && last->result != FINDING_PASSED)
		fail_msg("refused: %s: %s", last->rule, last->text);
	if (refusal && last->result == FINDING_PASSED)
		fail_msg("accepted: %s: %s", last->rule, last->text);
	if (refusal && !strstr(last->text, refusal))
		fail_msg("\"%s\" does not contain \"%s\"", last->text, refusal);
}

static void expect(struct place *place, const char *type, const char *refusal)
{
	struct signer signer = {.identity.text = MOCK_IDENTITY,
		.issuer.text = MOCK_ISSUER,
		.root = place->root};

	expect_signer(place, &signer, type, refusal);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
static const struct row {
	const char *name;
	struct mock_options options;
	const char *refusal; /* NULL: accepted */
	unsigned forms;      /* bits of enum keyless_form; 0: all */
} rows[] = {
	{"as it should be", {0}, NULL},
	{"stamped", {.stamped = MOCK_TIME}, NULL},
	{"bundle v0.1", {.version = 1}, NULL, 1 << KEYLESS_BUNDLE},
	{"bundle v0.2", {.version = 2}, NULL, 1 << KEYLESS_BUNDLE},
	{"Rekor v2", {.v2 = true, .stamped = MOCK_TIME}, NULL, 1 << KEYLESS_BUNDLE},
	{"intoto 0.0.1", {.intoto_old = true}, NULL, 1 << KEYLESS_ATT},

	{"other identity", {.san = "URI:https://evil.example"},
		"signed by https://evil.example, not by " MOCK_IDENTITY},
	{"longer identity", {.san = "URI:" MOCK_IDENTITY "x"}, "not by " MOCK_IDENTITY},
	{"not logged", {.no_entry = true}, "no entry in a transparency log"},
	{"stamped, not logged", {.no_entry = true, .stamped = MOCK_TIME},
		"no entry in a transparency log"},
	{"no SCT", {.no_sct = true}, "no signed certificate timestamp"},
	{"wrong SCT", {.wrong_sct = true}, "no signed certificate timestamp holds"},
	{"for servers", {.eku = "serverAuth"}, "not for code signing"},
	{"an authority", {.leaf_is_ca = true}, "authority's"},
	{"logged too late", {.integrated = MOCK_TIME + 541}, "was not valid"},
	{"stamped too late", {.stamped = MOCK_TIME + 541}, "was not valid"},
	{"something else stamped", {.stamped = MOCK_TIME, .stamp_something_else = true},
		"stamps something else"},
	/* CVE-2022-23649, CVE-2026-22703 */
	{"entry for another signature", {.log_other_signature = true},
		"made for another signature"},
	{"entry for another digest", {.log_other_digest = true}, "made for another"},
	{"entry by another", {.log_other_signer = true}, "made for another signer"},
	{"intoto 0.0.1 for another envelope",
		{.intoto_old = true, .log_other_signature = true},
		"made for another envelope", 1 << KEYLESS_ATT},
	{"intoto 0.0.1 for another payload",
		{.intoto_old = true, .log_other_digest = true},
		"made for another payload", 1 << KEYLESS_ATT},
	{"dsse 0.0.1 for another envelope", {.log_other_envelope = true},
		"made for another envelope", 1 << KEYLESS_ATT},
	{"about another image",
		{.subject = "0000000000000000000000000000000000000000000000000000000000"
			    "000000"},
		"digest mismatch", 1 << KEYLESS_BUNDLE | 1 << KEYLESS_ATT},
	{"about another image",
		{.message = "{\"critical\":{\"identity\":{\"docker-reference\":\"x\"},"
			    "\"image\":{\"docker-manifest-digest\":\"sha256:0000000000"
			    "000000000000000000000000000000000000000000000000000000\"},"
			    "\"type\":\"cosign container image signature\"},"
			    "\"optional\":null}"},
		"digest mismatch", 1 << KEYLESS_SIG},
	{"two token issuers", {.old_issuer = "https://evil.example"},
		"two token issuers"},
};
#pragma GCC diagnostic pop

static void every_form(void **state)
{
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int form = KEYLESS_SIG; form <= KEYLESS_BUNDLE; form++) {
			if (rows[i].forms && !(rows[i].forms >> form & 1))
				continue;
			print_message("%s, form %d\n", rows[i].name, form);
			place_begin(place);
			attach(place, (enum keyless_form)form, &rows[i].options, NULL,
				NULL);
			expect(place, form == KEYLESS_ATT ? TYPE : NULL, rows[i].refusal);
		}
}

/* Each annotation of a layer, broken. */
struct change {
	const char *name, *annotation, *value; /* NULL: removed */
	const char *refusal;
};

static void change_annotation(json_t *annotations, const void *context)
{
	const struct change *change = context;

	(void)json_object_del(annotations, change->annotation);
	if (change->value)
		MUST(json_object_set_new(annotations, change->annotation,
			     json_string(change->value)) == 0);
}

static void broken_annotations(void **state)
{
	static const struct change table[] = {
		{"no log entry", LAYER_REKOR, NULL, "no entry in a transparency log"},
		{"junk for an entry", LAYER_REKOR, "x", "not acceptable JSON"},
		{"an entry of nothing", LAYER_REKOR, "{}", "SignedEntryTimestamp"},
		{"a null entry", LAYER_REKOR, "null", "not an object"},
		{"no body", LAYER_REKOR,
			"{\"SignedEntryTimestamp\":\"AAAA\",\"Payload\":{}}", "body"},
		{"negative time", LAYER_REKOR,
			"{\"SignedEntryTimestamp\":\"AAAA\",\"Payload\":{\"body\":\"e30="
			"\","
			"\"integratedTime\":-1,\"logIndex\":1,\"logID\":\"00\"}}",
			"negative"},
		{"entry without kind", LAYER_REKOR,
			"{\"SignedEntryTimestamp\":\"AAAA\",\"Payload\":{\"body\":\"e30="
			"\","
			"\"integratedTime\":1,\"logIndex\":1,\"logID\":\"00000000000000"
			"00000000000000000000000000000000000000000000000000\"}}",
			"kind"},
		{"more in it", LAYER_REKOR, "{\"x\":1}", "'x'"},
		{"junk for a time stamp", LAYER_TIMESTAMP, "{}",
			"SignedRFC3161Timestamp"},
		{"a time stamp of junk", LAYER_TIMESTAMP,
			"{\"SignedRFC3161Timestamp\":\"AAAA\"}", "time stamp"},
		{"junk for a certificate", LAYER_CERTIFICATE, "x", "PEM"},
		{"no certificate", LAYER_CERTIFICATE, NULL, "foreign key"},
		{"a key for a certificate", LAYER_CERTIFICATE,
			"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
			"not a certificate"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		for (int form = KEYLESS_SIG; form <= KEYLESS_ATT; form++) {
			print_message("%s, form %d\n", table[i].name, form);
			place_begin(place);
			attach(place, (enum keyless_form)form, &(struct mock_options){0},
				change_annotation, &table[i]);
			expect(place, form == KEYLESS_ATT ? TYPE : NULL,
				table[i].refusal);
		}
}

/* SET first (sigstore-js f074710): the time that an entry states is not its log's. */
static void change_time(json_t *annotations, const void *context)
{
	const char *text = json_string_value(json_object_get(annotations, LAYER_REKOR));
	struct error err = ERROR_INIT;
	json_t *entry = NULL;

	assert_ok(json_load_slice(slice_str(text), "entry", &entry, &err), &err);
	MUST(json_object_set_new(json_object_get(entry, "Payload"), context,
		     json_integer(MOCK_TIME + 1)) == 0);
	MUST(json_object_set_new(
		     annotations, LAYER_REKOR, json_string(mock_text(entry).data)) == 0);
	json_decref(entry);
}

static void promise_is_of_all(void **state)
{
	struct place *place = *state;

	attach(place, KEYLESS_SIG, &(struct mock_options){0}, change_time,
		"integratedTime");
	expect(place, NULL, "signed entry timestamp");
	place_begin(place);
	attach(place, KEYLESS_SIG, &(struct mock_options){0}, change_time, "logIndex");
	expect(place, NULL, "signed entry timestamp");
}

/* cosign 3 takes any attestation for a signature (its predicate type is not looked at).
 */
static void attestation_is_no_signature(void **state)
{
	struct place *place = *state;

	attach(place, KEYLESS_BUNDLE, &(struct mock_options){.predicate_type = TYPE},
		NULL, NULL);
	expect(place, NULL, "missing signature");
	expect(place, TYPE, NULL); /* the last finding is of the attestation */
	attach(place, KEYLESS_ATT, &(struct mock_options){0}, NULL, NULL);
	expect(place, NULL, "missing signature");
	expect(place, PREDICATE_SLSA_PROVENANCE, "missing attestation");
}

/* A stranger's signatures, good and bad, do not hide the right one. */
static void strangers_do_not_matter(void **state)
{
	struct place *place = *state;

	attach(place, KEYLESS_SIG,
		&(struct mock_options){.san = "URI:https://evil.example"}, NULL, NULL);
	attach(place, KEYLESS_BUNDLE, &(struct mock_options){.no_sct = true}, NULL, NULL);
	expect(place, NULL, "no signed certificate timestamp");
	attach(place, KEYLESS_BUNDLE, &(struct mock_options){0}, NULL, NULL);
	expect(place, NULL, NULL);
}

/* A plain key, but logged: with a trusted root the entry is part of it. */
static void keys_with_a_root(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_key struct key *key = NULL;
	struct signer signer = {.root = place->root};
	static const struct mock_options logged = {.plain_key = true},
					 not_logged = {.plain_key = true,
						 .no_entry = true},
					 other = {.plain_key = true,
						 .log_other_signature = true};

	assert_ok(key_from_der(mock_public(place->mock.leaf_key), &key, &err), &err);
	signer.key = key;
	for (int form = KEYLESS_SIG; form <= KEYLESS_BUNDLE; form++) {
		const char *type = form == KEYLESS_ATT ? TYPE : NULL;

		place_begin(place);
		attach(place, (enum keyless_form)form, &not_logged, NULL, NULL);
		expect_signer(place, &signer, type, "no entry in a transparency log");
		place_begin(place);
		attach(place, (enum keyless_form)form, &other, NULL, NULL);
		expect_signer(place, &signer, type, "made for another signature");
		place_begin(place);
		attach(place, (enum keyless_form)form, &logged, NULL, NULL);
		expect_signer(place, &signer, type, NULL);
		expect(place, type, "foreign key"); /* an identity is no key */
	}
}

/* ---- policies ---- */

#define ENTRY(name, identity, more)                                                      \
	"  - {name: " name ", identity" identity ", issuer: \"" MOCK_ISSUER              \
	"\", trusted-root: root.json, roles: [image]" more "}\n"

static void write_file(const struct place *place, const char *name, struct slice text)
{
	struct error err = ERROR_INIT;
	char path[128];

	assert_true(snprintf(path, sizeof(path), "%s/%s", place->folder, name) > 0);
	assert_ok(fs_write_file(AT_FDCWD, path, text, 0644, &err), &err);
}

static int try_load(const struct place *place, const char *keyless, const char *scope,
	struct policy **ret_policy, struct error *err)
{
	cleanup_buffer struct buffer trust = BUFFER_INIT, policy = BUFFER_INIT;
	char path[128];

	assert_ok(buffer_printf(&trust, err, "version: 1\nkeyless:\n%s", keyless), err);
	assert_ok(buffer_printf(&policy, err,
			  "version: 1\ntrust: trust.yaml\nscopes:\n"
			  "  - {name: all, images: [\"**\"], %s}\n",
			  scope),
		err);
	write_file(place, "root.json", mock_text(place->mock.trusted));
	write_file(place, "trust.yaml", buffer_slice(&trust));
	write_file(place, "policy.yaml", buffer_slice(&policy));
	assert_true(snprintf(path, sizeof(path), "%s/policy.yaml", place->folder) > 0);
	return policy_load(path, NULL, ret_policy, err);
}

static void judge(
	struct place *place, const char *keyless, const char *scope, const char *refusal)
{
	CLEANUP(policy_outcome_done) struct policy_outcome outcome = {0};
	cleanup_policy struct policy *policy = NULL;
	struct error err = ERROR_INIT;
	const struct finding *last;

	assert_ok(try_load(place, keyless, scope, &policy, &err), &err);
	struct policy_options options = {.policy = policy, .at = NOW};
	place_open(place);
	assert_ok(policy_verify(place->repository, "latest", &options, &outcome, &err),
		&err);
	last = &outcome.verdict->findings[outcome.verdict->count - 1];
	if (!refusal && last->result != FINDING_PASSED)
		fail_msg("refused: %s: %s", last->rule, last->text);
	if (refusal && (last->result == FINDING_PASSED || !strstr(last->text, refusal)))
		fail_msg("\"%s\" does not contain \"%s\"", last->text, refusal);
}

/* Different identities are counted, not signatures, and not entries that fit both. */
static void thresholds(void **state)
{
	struct place *place = *state;
	const char *two =
		ENTRY("a", ": a@example.org", "") ENTRY("b", ": b@example.org", "");
	const char *overlap = ENTRY("a", ": a@example.org", "")
		ENTRY("any", "-regexp: \".*@example.org\"", "");

	attach(place, KEYLESS_SIG, &(struct mock_options){.san = "email:a@example.org"},
		NULL, NULL);
	attach(place, KEYLESS_BUNDLE,
		&(struct mock_options){.san = "email:a@example.org"}, NULL, NULL);
	judge(place, two, "signature: {}", NULL);
	judge(place, two, "signature: {keys: [b]}",
		"identity 'a' is not one of those for this");
	judge(place, two, "signature: {threshold: 2}", "too few signers: 1 of 2 (a)");
	judge(place, overlap, "signature: {threshold: 2}", "too few signers: 1 of 2 (a)");
	attach(place, KEYLESS_BUNDLE,
		&(struct mock_options){.san = "email:b@example.org"}, NULL, NULL);
	judge(place, two, "signature: {threshold: 2}", NULL);
	judge(place, overlap, "signature: {threshold: 2}", NULL);
}

/* Nor does one who brings more evidence the second time become two. */
static void thresholds_with_evidence(void **state)
{
	struct place *place = *state;
	const char *overlap = ENTRY("a", ": a@example.org", ", timestamps: 1")
		ENTRY("any", "-regexp: \".*@example.org\"", ", operator: other");

	attach(place, KEYLESS_SIG, &(struct mock_options){.san = "email:a@example.org"},
		NULL, NULL);
	attach(place, KEYLESS_BUNDLE,
		&(struct mock_options){
			.san = "email:a@example.org", .stamped = MOCK_TIME},
		NULL, NULL);
	judge(place, overlap, "signature: {}", NULL);
	judge(place, overlap, "signature: {keys: [any]}", NULL);
	judge(place, overlap, "signature: {threshold: 2}", "too few signers: 1 of 2 (a)");
	attach(place, KEYLESS_BUNDLE,
		&(struct mock_options){.san = "email:b@example.org"}, NULL, NULL);
	judge(place, overlap, "signature: {threshold: 2}", NULL);
}

static void windows_and_evidence(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_policy struct policy *policy = NULL;

	attach(place, KEYLESS_BUNDLE,
		&(struct mock_options){
			.san = "email:a@example.org", .stamped = MOCK_TIME},
		NULL, NULL);
	judge(place, ENTRY("a", ": a@example.org", ", timestamps: 1"), "signature: {}",
		NULL);
	judge(place, ENTRY("a", ": a@example.org", ", log-entries: 2"), "signature: {}",
		"entries in 1 transparency logs, 2 are asked for");
	judge(place, ENTRY("a", ": a@example.org", ", revoked: 2023-01-01"),
		"signature: {}", "identity 'a' was revoked on");
	judge(place, ENTRY("a", ": a@example.org", ", valid-from: 2024-01-01"),
		"signature: {}", "is not valid before");
	assert_refused(try_load(place, ENTRY("a", ": a@example.org", ", timestamps: 2"),
			       "signature: {}", &policy, &err),
		ERR_INPUT, "'a': 2 time stamp authorities are asked for", &err);
	assert_refused(try_load(place, ENTRY("a", ": a@example.org", ""),
			       "signature: {threshold: 2}", &policy, &err),
		ERR_INPUT, "2 distinct signers are asked for", &err);
}

/* What is asked for of a key does not take away what is asked for anyway. */
static void evidence_of_keys(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer pem = BUFFER_INIT, keys = BUFFER_INIT;
	static const struct mock_options stamped = {
		.plain_key = true, .no_entry = true, .stamped = MOCK_TIME};
	static const struct {
		const char *asked, *refusal;
	} table[] = {
		{"", "no entry in a transparency log"},
		{", timestamps: 1", "no entry in a transparency log"},
		{", timestamps: 1, log-entries: 0", NULL},
	};

	assert_ok(key_from_der(mock_public(place->mock.leaf_key), &key, &err), &err);
	assert_ok(key_to_pem(key, &pem, &err), &err);
	write_file(place, "key.pub", buffer_slice(&pem));
	attach(place, KEYLESS_BUNDLE, &stamped, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		buffer_clear(&keys);
		assert_ok(buffer_printf(&keys, &err,
				  "  - {name: x, identity: x, issuer: x, "
				  "trusted-root: root.json, roles: [vex]}\n"
				  "keys:\n"
				  "  - {name: a, file: key.pub, trusted-root: "
				  "root.json, roles: [image]%s}\n",
				  table[i].asked),
			&err);
		judge(place, buffer_str(&keys), "signature: {}", table[i].refusal);
	}
}

#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(every_form),
		AT_A_PLACE(broken_annotations),
		AT_A_PLACE(promise_is_of_all),
		AT_A_PLACE(attestation_is_no_signature),
		AT_A_PLACE(strangers_do_not_matter),
		AT_A_PLACE(keys_with_a_root),
		AT_A_PLACE(thresholds),
		AT_A_PLACE(thresholds_with_evidence),
		AT_A_PLACE(windows_and_evidence),
		AT_A_PLACE(evidence_of_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
