/* SPDX-License-Identifier: Apache-2.0 */
/* Documents, signatures and bundles when memory runs out. */
#include "tests/unit/signing_fault.h"

#include "attest/provenance.h"
#include "attest/spdx2.h"
#include "attest/statement.h"
#include "attest/verify.h"
#include "signing/bundle.h"
#include "signing/sign.h"
#include "signing/simple.h"

static struct secret *secret;
static struct key *key;
static struct digest digest, sha1;

/* ---- what is done ---- */

static int fill_record(struct record *record, struct error *err)
{
	struct record_package *package = record_add_package(record);
	struct record_material *material = record_add_material(record);
	struct record_file *file = record_add_file(record);

	if (!package || !material || !file)
		return error_set_memory(err);
	record->image = "x";
	record->builder_id = "https://example.org/b";
	record->manifest = digest;
	record->sandbox_tier = "T0";
	*package = (struct record_package){.name = "libstdc++",
		.version = "1-r0",
		.license = "GPL-2.0-only AND foo",
		.file = digest,
		.input_key = "k"};
	*material = (struct record_material){.kind = RECORD_SOURCE,
		.name = "g",
		.uri = "pool/x",
		.digest = digest,
		.package = "libstdc++"};
	*file = (struct record_file){
		.path = "a", .package = "libstdc++", .content = digest, .sha1 = sha1};
	return 0;
}

static int write_documents(struct buffer *out, struct error *err)
{
	cleanup_record struct record *record = NULL;
	cleanup_verdict struct verdict *verdict = NULL;

	if (record_new(&record, err) < 0 || fill_record(record, err) < 0 ||
		spdx2_write_statement(record, out, err) < 0 ||
		provenance_write(record, out, err) < 0 ||
		verdict_new(&verdict, err) < 0 ||
		verdict_add(verdict, FINDING_PASSED, "a", err, "b") < 0)
		return err->class;
	return verdict_to_json(verdict, out, err);
}

static int read_back(struct slice json, struct buffer *out, struct error *err)
{
	cleanup_bundle struct bundle *bundle = NULL;
	cleanup_statement struct statement *statement = NULL;

	if (bundle_parse(json, &bundle, err) < 0 ||
		envelope_verify(bundle->envelope, key, err) < 0 ||
		statement_parse(bundle->envelope->payload, &statement, err) < 0)
		return err->class;
	return buffer_add_slice(out, bundle->envelope->payload, err);
}

static int sign_and_read(struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer statement = BUFFER_INIT, json = BUFFER_INIT;
	cleanup_envelope struct envelope *envelope = NULL;
	cleanup_key struct key *again = NULL;

	if (secret_public(secret, &again, err) < 0 ||
		statement_write("n", &digest, "t", json_object(), &statement, err) < 0 ||
		sign_envelope(PAYLOAD_IN_TOTO, buffer_slice(&statement), secret,
			&envelope, err) < 0 ||
		bundle_write(envelope, again, &json, err) < 0)
		return err->class;
	return read_back(buffer_slice(&json), out, err);
}

static int read_payload(struct buffer *out, struct error *err)
{
	struct simple_payload payload = {"r:t", digest}, again;
	cleanup_arena struct arena *arena = NULL;

	if (arena_new(&arena, err) < 0 || simple_write(&payload, out, err) < 0)
		return err->class;
	return simple_parse(buffer_slice(out), arena, &again, err);
}

static void jansson_runs_out(void **state)
{
	(void)state;
	in_openssl = false;
	run(write_documents);
	run(sign_and_read);
	run(read_payload);
}

static void openssl_runs_out(void **state)
{
	(void)state;
	in_openssl = true;
	run(sign_and_read);
	in_openssl = false;
}

static int prepare(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_ok(digest_of(DIGEST_SHA256, SLICE("x"), &digest, &err), &err);
	assert_ok(digest_of(DIGEST_SHA1, SLICE("x"), &sha1, &err), &err);
	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &secret, &err), &err);
	return secret_public(secret, &key, &err);
}

static int release(void **state)
{
	(void)state;
	secret_free(&secret);
	key_free(&key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jansson_runs_out),
		cmocka_unit_test(openssl_runs_out),
	};

	if (!fault_hook())
		return 1;
	return cmocka_run_group_tests(tests, prepare, release);
}
