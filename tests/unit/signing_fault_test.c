/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation fails, of OpenSSL, of jansson, and of our own code (the linker's
 * --wrap, see the Makefile), in all that makes signatures and what goes with them.
 */
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
#define FAULT_MALLOC  __real_malloc
#define FAULT_REALLOC __real_realloc
#include "tests/unit/signing_fault.h"
#include "tests/unit/signing_mock.h"

#include "base/fs.h"
#include "signing/bundle.h"
#include "signing/detached.h"
#include "signing/own_certificate.h"
#include "signing/pem.h"
#include "signing/pkcs11_private.h"
#include "signing/pkcs11_uri.h"
#include "signing/sign.h"
#include "signing/stamper_private.h"

static bool in_own;

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return in_own && fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return in_own && fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return in_own && fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return in_own && fails() ? NULL : __real_strdup(text);
}

/* ---- what is there ---- */

static char folder[] = "/tmp/alnage-fault-XXXXXX";
static struct secret *secret;
static struct key *key;
static struct buffer response; /* a time stamp for STAMPED */
#define STAMPED SLICE("signature")

static const char *path(const char *name)
{
	static char text[8][256];
	static unsigned turn;
	char *out = text[turn++ % 8];

	assert_true(snprintf(out, sizeof(text[0]), "%s/%s", folder, name) > 0);
	return out;
}

static void write_file(const char *name, struct slice bytes)
{
	cleanup_fd int fd =
		open(path(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_true(write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
}

/* ---- what is done ---- */

/* One that took an error for an answer would give another text. */
static int say(struct buffer *out, const char *text, struct error *err)
{
	return buffer_add_str(out, text, err);
}

static int name_a_token(struct buffer *out, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct pkcs11_uri uri;

	if (arena_new(&arena, err) < 0 ||
		pkcs11_uri_parse(SLICE("pkcs11:token=a%20b;id=%01;object=o;slot-id=4?"
				       "pin-source=file:/p&module-path=/m"),
			arena, &uri, err) < 0)
		return err->class;
	return pkcs11_uri_format(&uri, out, err);
}

static int read_token_keys(struct buffer *out, struct error *err)
{
	/* P-256, and its generator as the public key (SEC 2, 2.4.2) */
	static const unsigned char curve[] = {
		0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	static const char *const point =
		"0441046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
		"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
	uint8_t bytes[67], raw[64];
	cleanup_key struct key *token_key = NULL;

	memset(raw, 0x81, sizeof(raw));
	if (hex_decode(slice_str(point), bytes, sizeof(bytes), err) < 0 ||
		pkcs11_ec_key(slice_from(curve, sizeof(curve)),
			slice_from(bytes, sizeof(bytes)), &token_key, err) < 0 ||
		key_to_pem(token_key, out, err) < 0 ||
		pkcs11_ecdsa_der(slice_from(raw, sizeof(raw)), out, err) < 0)
		return err->class;
	return pkcs11_digest_info(STAMPED, out, err);
}

static int sign_a_bundle(struct buffer *out, struct error *err)
{
	cleanup_envelope struct envelope *envelope = NULL;
	cleanup_bundle struct bundle *bundle = NULL;
	cleanup_buffer struct buffer json = BUFFER_INIT;
	struct bundle_material material = {.key = key,
		.certificate = SLICE("der"),
		.timestamp = buffer_slice(&response)};

	if (sign_envelope("t", SLICE("payload"), secret, &envelope, err) < 0 ||
		bundle_write_with(envelope, &material, &json, err) < 0 ||
		bundle_parse(buffer_slice(&json), &bundle, err) < 0 ||
		envelope_verify(bundle->envelope, key, err) < 0)
		return err->class;
	return buffer_add_slice(out, bundle->envelope->payload, err);
}

static int load_a_key(struct buffer *out, struct error *err)
{
	cleanup_secret struct secret *loaded = NULL;
	cleanup_key struct key *own = NULL;

	if (secret_load(path("key"), NULL, NULL, &loaded, err) < 0 ||
		secret_public(loaded, &own, err) < 0)
		return err->class;
	return key_to_pem(own, out, err);
}

static int write_a_payload(struct buffer *out, struct error *err)
{
	char name[DETACHED_NAME_MAX];

	if (detached_write(folder, STAMPED, name, err) < 0)
		return err->class;
	return say(out, name, err);
}

/* The signature that is there was made with the key, once. */
static int sign_elsewhere(struct buffer *out, struct error *err)
{
	cleanup_secret struct secret *detached = NULL;
	cleanup_key struct key *own = NULL;

	if (secret_public(secret, &own, err) < 0 ||
		detached_secret(folder, &own, &detached, err) < 0)
		return err->class;
	return secret_sign(detached, STAMPED, out, err);
}

static int load_a_certificate(struct buffer *out, struct error *err)
{
	struct own_certificate *certificate = NULL;
	int status =
		own_certificate_load(path("leaf"), path("root"), key, &certificate, err);

	if (status == 0)
		status = say(out, certificate->pem, err);
	own_certificate_free(&certificate);
	return status;
}

static int stamp_from_a_file(struct buffer *out, struct error *err)
{
	const char *files[] = {path("tsr")};
	struct stamper_options options = {
		.files = files, .file_count = 1, .chain = path("tsa")};
	cleanup_stamper struct stamper *stamper = NULL;

	if (stamper_new(&options, &stamper, err) < 0)
		return err->class;
	return stamper_stamp(stamper, STAMPED, out, err);
}

static int ask_for_a_stamp(struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer query = BUFFER_INIT;
	uint8_t nonce[STAMPER_NONCE_BYTES];

	if (stamper_write_query(STAMPED, nonce, &query, err) < 0)
		return err->class;
	return say(out, query.len > 40 ? "asked" : "too short", err);
}

/* No memory is another reason than no nonce. */
static int judge_an_answer(struct buffer *out, struct error *err)
{
	static const uint8_t nonce[STAMPER_NONCE_BYTES] = {1};
	struct error refusal = ERROR_INIT;

	assert_true(stamper_check_answers(buffer_slice(&response), nonce, &refusal) < 0);
	if (!strstr(refusal.text, "no nonce")) {
		*err = refusal;
		return err->class;
	}
	return say(out, "refused", err);
}

/* ---- with failures ---- */

static job *const jobs[] = {read_token_keys, sign_a_bundle, load_a_key, sign_elsewhere,
	load_a_certificate, stamp_from_a_file, ask_for_a_stamp, judge_an_answer};

static void openssl_runs_out(void **state)
{
	(void)state;
	in_openssl = true;
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		run(jobs[i]);
	in_openssl = false;
}

static void we_run_out(void **state)
{
	(void)state;
	in_own = true;
	for (size_t i = 0; i + 1 < ARRAY_LEN(jobs); i++) /* the last is OpenSSL's alone */
		run(jobs[i]);
	run(name_a_token);
	run(write_a_payload);
	in_own = false;
}

static void jansson_runs_out(void **state)
{
	(void)state;
	run(sign_a_bundle);
}

static void write_certificate(const char *name, X509 *certificate)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer pem = BUFFER_INIT;

	assert_ok(
		pem_encode("CERTIFICATE", MOCK_DER(X509, certificate), &pem, &err), &err);
	write_file(name, buffer_slice(&pem));
}

static void write_certificates(struct mock *mock)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer pem = BUFFER_INIT;
	EVP_PKEY *own;
	BIO *bio;
	X509 *leaf;

	assert_ok(key_to_pem(key, &pem, &err), &err);
	bio = BIO_new_mem_buf(buffer_str(&pem), (int)pem.len);
	own = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	assert_non_null(own);
	leaf = mock_certificate(
		"leaf", mock->root, own, clock_now() - 60, clock_now() + 3600);
	assert_true(X509_sign(leaf, mock->root_key, EVP_sha256()) > 0);
	write_certificate("leaf", leaf);
	write_certificate("root", mock->root);
	write_certificate("tsa", mock->tsa_root);
	X509_free(leaf);
	EVP_PKEY_free(own);
	BIO_free(bio);
}

static int prepare(void **state)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer signature = BUFFER_INIT;
	char name[DETACHED_NAME_MAX], signature_name[DETACHED_NAME_MAX + 4];
	struct mock mock;

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &secret, &err), &err);
	assert_ok(secret_public(secret, &key, &err), &err);
	assert_ok(secret_save(secret, path("key"), NULL, &err), &err);
	mock_init(&mock, clock_now() - MOCK_TIME + 2 * (int64_t)MOCK_TIME);
	assert_ok(buffer_add_slice(&response,
			  mock_timestamp(&mock, STAMPED, MOCK_TIME, true), &err),
		&err);
	write_file("tsr", buffer_slice(&response));
	write_certificates(&mock);
	mock_done(&mock);
	assert_ok(secret_sign(secret, STAMPED, &signature, &err), &err);
	assert_ok(detached_write(folder, STAMPED, name, &err), &err);
	assert_true(snprintf(signature_name, sizeof(signature_name), "%s.sig", name) > 0);
	write_file(signature_name, buffer_slice(&signature));
	return 0;
}

static int release(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	secret_free(&secret);
	key_free(&key);
	buffer_done(&response);
	return fs_remove_tree(AT_FDCWD, folder, &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_runs_out),
		cmocka_unit_test(we_run_out),
		cmocka_unit_test(jansson_runs_out),
	};

	if (!fault_hook())
		return 1;
	return cmocka_run_group_tests(tests, prepare, release);
}
