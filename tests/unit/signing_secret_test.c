/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/encode.h"
#include "base/fs.h"
#include "signing/pem.h"
#include "signing/secret_private.h"

static char folder[] = "/tmp/alnage-secret-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	return fs_remove_tree(AT_FDCWD, folder, &err);
}

static const char *file(const char *name)
{
	static char path[4][256];
	static unsigned turn;
	char *out = path[turn++ % 4];

	assert_true(snprintf(out, sizeof(path[0]), "%s/%s", folder, name) > 0);
	return out;
}

static unsigned asked;

static char *give(void *context, enum passphrase_kind kind, const char *prompt)
{
	asked++;
	assert_int_equal(kind, SECRET_PASSPHRASE);
	assert_non_null(strstr(prompt, "Passphrase for "));
	return context ? strdup(context) : NULL;
}

static int try_load(const char *path, const char *passphrase, struct secret **ret_secret,
	struct error *err)
{
	return secret_load(path, give, (void *)(uintptr_t)passphrase, ret_secret, err);
}

static void assert_same_key(const struct secret *a, const struct secret *b)
{
	struct error err = ERROR_INIT;
	cleanup_key struct key *key_a = NULL, *key_b = NULL;
	cleanup_buffer struct buffer signature = BUFFER_INIT;

	assert_ok(secret_public(a, &key_a, &err), &err);
	assert_ok(secret_public(b, &key_b, &err), &err);
	assert_true(digest_equal(key_id(key_a), key_id(key_b)));
	assert_ok(secret_sign(b, SLICE("x"), &signature, &err), &err);
	assert_ok(key_verify(key_a, SLICE("x"), buffer_slice(&signature), &err), &err);
}

/* The vector of NaCl's own tests (tests/secretbox.c). */
static void secretbox_vector(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	uint8_t key[32], nonce[24], plain[131], box[147];
	cleanup_buffer struct buffer sealed = BUFFER_INIT, opened = BUFFER_INIT;

	assert_ok(hex_decode(
			  SLICE("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee08"
				"44f68389"),
			  key, 32, &err),
		&err);
	assert_ok(hex_decode(SLICE("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"),
			  nonce, 24, &err),
		&err);
	assert_ok(hex_decode(SLICE("be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b668"
				   "49b6424"
				   "4ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41"
				   "db66cce"
				   "314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b13"
				   "18a024a"
				   "838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc7"
				   "6897040"
				   "e082f937763848645e0705"),
			  plain, sizeof(plain), &err),
		&err);
	assert_ok(hex_decode(
			  SLICE("f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba"
				"32fc"
				"76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7"
				"f011"
				"ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8a"
				"b932"
				"164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01"
				"b6de"
				"56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5"),
			  box, sizeof(box), &err),
		&err);
	assert_ok(secretbox_seal(
			  key, nonce, slice_from(plain, sizeof(plain)), &sealed, &err),
		&err);
	assert_int_equal(sealed.len, sizeof(box));
	assert_memory_equal(sealed.data, box, sizeof(box));
	assert_ok(secretbox_open(key, nonce, buffer_slice(&sealed), &opened, &err), &err);
	assert_int_equal(opened.len, sizeof(plain));
	assert_memory_equal(opened.data, plain, sizeof(plain));

	buffer_clear(&opened);
	for (size_t i = 0; i < sizeof(box); i += 7) {
		box[i] ^= 0x10;
		assert_refused(secretbox_open(key, nonce, slice_from(box, sizeof(box)),
				       &opened, &err),
			ERR_REFUSED, "wrong passphrase", &err);
		box[i] ^= 0x10;
	}
	assert_int_equal(opened.len, 0);
	assert_refused(secretbox_open(key, nonce, slice_from(box, 15), &opened, &err),
		ERR_INPUT, "too short", &err);
}

static void plain_file(void **state)
{
	(void)state;
	static const enum key_type types[] = {
		KEY_ECDSA_P256, KEY_ECDSA_P384, KEY_ECDSA_P521, KEY_ED25519};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct error err = ERROR_INIT;
		cleanup_secret struct secret *secret = NULL, *again = NULL;
		const char *path = file(key_type_name(types[i]));
		struct stat status;

		asked = 0;
		assert_ok(secret_generate(types[i], 0, &secret, &err), &err);
		assert_ok(secret_save(secret, path, NULL, &err), &err);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
		assert_ok(try_load(path, NULL, &again, &err), &err);
		assert_int_equal(asked, 0);
		assert_same_key(secret, again);
		/* never overwritten */
		assert_int_equal(secret_save(secret, path, NULL, &err), ERR_INPUT);
	}
}

static void encrypted_file(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *secret = NULL, *again = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	const char *path = file("encrypted");

	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &secret, &err), &err);
	assert_ok(secret_save(secret, path, "correct horse", &err), &err);
	assert_true(read_test_file(path, &text));
	assert_true(slice_starts_with(buffer_slice(&text),
		SLICE("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")));
	asked = 0;
	assert_ok(try_load(path, "correct horse", &again, &err), &err);
	assert_int_equal(asked, 1);
	assert_same_key(secret, again);
	secret_free(&again);
	assert_refused(try_load(path, "wrong", &again, &err), ERR_REFUSED,
		"wrong passphrase", &err);
	assert_refused(try_load(path, NULL, &again, &err), ERR_INPUT,
		"no passphrase given", &err);
	assert_refused(secret_load(path, NULL, NULL, &again, &err), ERR_INPUT,
		"no passphrase given", &err);
	assert_null(again);
}

static void write_mode(const char *path, struct slice bytes, mode_t mode)
{
	struct error err = ERROR_INIT;
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_ok(fs_write_all(fd, bytes, &err), &err);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void files_open_to_others_are_refused(void **state)
{
	(void)state;
	static const mode_t modes[] = {0644, 0640, 0604, 0660, 0601};
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *secret = NULL, *again = NULL;
	const char *path = file("open");

	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &secret, &err), &err);
	assert_ok(secret_save(secret, path, NULL, &err), &err);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(try_load(path, NULL, &again, &err), ERR_INPUT);
		assert_non_null(strstr(err.remedy, "chmod 600"));
		assert_refused(err.class, ERR_INPUT, "lets others at it", &err);
	}
	assert_int_equal(chmod(path, 0400), 0);
	assert_ok(try_load(path, NULL, &again, &err), &err);
}

static void lines_are_not_shown(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_mem char *text = NULL;
	const char *path = file("pin");

	assert_ok(fs_write_file(AT_FDCWD, path, SLICE("12345\r\n"), 0600, &err), &err);
	assert_ok(secret_read_line(path, &text, &err), &err);
	assert_string_equal(text, "12345");
	assert_ok(fs_write_file(AT_FDCWD, path, SLICE("12345\0\n"), 0600, &err), &err);
	assert_int_equal(secret_read_line(path, &text, &err), ERR_INPUT);
	assert_null(strstr(err.text, "12345"));
	assert_refused(err.class, ERR_INPUT, "a NUL in its first line", &err);
}

static void damaged_files_are_refused(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *a = NULL, *b = NULL, *again = NULL;
	cleanup_buffer struct buffer der = BUFFER_INIT, other = BUFFER_INIT;
	const char *path = file("damaged");

	write_mode(path, SLICE("hello"), 0600);
	assert_refused(try_load(path, NULL, &again, &err), ERR_INPUT, "BEGIN line", &err);
	write_mode(path,
		SLICE("-----BEGIN PUBLIC KEY-----\nYQ==\n-----END PUBLIC KEY-----\n"),
		0600);
	assert_refused(
		try_load(path, NULL, &again, &err), ERR_INPUT, "not a private key", &err);
	write_mode(path,
		SLICE("-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n"),
		0600);
	assert_refused(
		try_load(path, NULL, &again, &err), ERR_INPUT, "not a private key", &err);

	/* a private key with another one's public point */
	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &a, &err), &err);
	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &b, &err), &err);
	assert_ok(secret_to_der(a, &der, &err), &err);
	assert_ok(secret_to_der(b, &other, &err), &err);
	memcpy(der.data + der.len - 65, other.data + other.len - 65, 65);
	assert_refused(secret_from_der(SECRET_PKCS8, buffer_slice(&der), &again, &err),
		ERR_INPUT, "another key", &err);
	/* a byte behind it */
	assert_ok(buffer_add_byte(&other, 0, &err), &err);
	assert_refused(secret_from_der(SECRET_PKCS8, buffer_slice(&other), &again, &err),
		ERR_INPUT, "more bytes", &err);
	assert_null(again);
}

/* A file may not choose how much is computed, nor another cipher. */
static void cosign_parameters_are_fixed(void **state)
{
	(void)state;
	static const struct {
		const char *json, *text;
	} bad[] = {
#define FILE_WITH(kdf, cipher)                                                           \
	"{\"kdf\":" kdf ",\"cipher\":" cipher ",\"ciphertext\":\"YQ==\"}"
#define GOOD_KDF                                                                         \
	"{\"name\":\"scrypt\",\"params\":{\"N\":65536,\"r\":8,\"p\":1},\"salt\":\"YQ=="  \
	"\"}"
#define GOOD_CIPHER                                                                      \
	"{\"name\":\"nacl/secretbox\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"
		{FILE_WITH("{\"name\":\"scrypt\",\"params\":{\"N\":1073741824,\"r\":8,"
			   "\"p\":1},"
			   "\"salt\":\"YQ==\"}",
			 GOOD_CIPHER),
			"N=1073741824"},
		{FILE_WITH("{\"name\":\"scrypt\",\"params\":{\"N\":65536,\"r\":1024,"
			   "\"p\":1},"
			   "\"salt\":\"YQ==\"}",
			 GOOD_CIPHER),
			"r=1024"},
		{FILE_WITH(
			 "{\"name\":\"scrypt\",\"params\":{\"N\":65536,\"r\":8,\"p\":9},"
			 "\"salt\":\"YQ==\"}",
			 GOOD_CIPHER),
			"p=9"},
		{FILE_WITH("{\"name\":\"pbkdf\",\"params\":{\"N\":65536,\"r\":8,\"p\":1},"
			   "\"salt\":\"YQ==\"}",
			 GOOD_CIPHER),
			"only scrypt"},
		{FILE_WITH(GOOD_KDF, "{\"name\":\"none\",\"nonce\":\"YQ==\"}"),
			"only nacl/secretbox"},
		{FILE_WITH(GOOD_KDF, "{\"name\":\"nacl/secretbox\",\"nonce\":\"YQ==\"}"),
			"not 24"},
		{FILE_WITH(GOOD_KDF, GOOD_CIPHER), "too short"},
		{"{\"kdf\":1}", "kdf"},
		{"[]", ""},
	};
	struct error err = ERROR_INIT;
	const char *path = file("parameters");

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cleanup_secret struct secret *secret = NULL;
		cleanup_buffer struct buffer text = BUFFER_INIT;

		assert_ok(pem_encode("ENCRYPTED COSIGN PRIVATE KEY",
				  slice_str(bad[i].json), &text, &err),
			&err);
		write_mode(path, buffer_slice(&text), 0600);
		assert_refused(try_load(path, "pw", &secret, &err), ERR_INPUT,
			bad[i].text, &err);
		assert_null(secret);
	}
}

static void write_with_openssl(const char *path, EVP_PKEY *pkey, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	assert_non_null(bio);
	if (passphrase)
		assert_int_equal(
			PEM_write_bio_PKCS8PrivateKey(bio, pkey, EVP_aes_256_cbc(),
				passphrase, (int)strlen(passphrase), NULL, NULL),
			1);
	else
		assert_int_equal(PEM_write_bio_PrivateKey_traditional(
					 bio, pkey, NULL, NULL, 0, NULL, NULL),
			1);
	len = BIO_get_mem_data(bio, &text);
	write_mode(path, slice_from(text, (size_t)len), 0600);
	BIO_free(bio);
}

/* SEC1 and PKCS#1 (melange keygen), PKCS#5 v2 (openssl). */
static void openssl_files_are_read(void **state)
{
	(void)state;
	EVP_PKEY *keys[] = {EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"),
		EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)};
	static const char *const label[] = {
		"BEGIN EC PRIVATE KEY", "BEGIN RSA PRIVATE KEY"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct error err = ERROR_INIT;
		cleanup_secret struct secret *one = NULL, *two = NULL, *wrong = NULL;
		cleanup_buffer struct buffer text = BUFFER_INIT;
		const char *path = file("openssl");

		write_with_openssl(path, keys[i], NULL);
		assert_true(read_test_file(path, &text));
		assert_non_null(strstr(buffer_str(&text), label[i]));
		assert_ok(try_load(path, NULL, &one, &err), &err);
		write_with_openssl(path, keys[i], "secret");
		assert_ok(try_load(path, "secret", &two, &err), &err);
		assert_same_key(one, two);
		assert_refused(try_load(path, "Secret", &wrong, &err), ERR_REFUSED,
			"wrong passphrase", &err);
		EVP_PKEY_free(keys[i]);
	}
}

/* `openssl ec -param_enc explicit`, `-conv_form`: the same key, so the same identity. */
static void encodings_are_one_key(void **state)
{
	(void)state;
	static const struct {
		const char *parameter, *value;
	} forms[] = {{OSSL_PKEY_PARAM_EC_ENCODING, OSSL_PKEY_EC_ENCODING_EXPLICIT},
		{OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"},
		{OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "hybrid"}};
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *plain = NULL;
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	const char *path = file("encodings");

	write_with_openssl(path, pkey, NULL);
	assert_ok(try_load(path, NULL, &plain, &err), &err);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		for (size_t encrypted = 0; encrypted < 2; encrypted++) {
			cleanup_secret struct secret *secret = NULL;

			assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey,
						 forms[i].parameter, forms[i].value),
				1);
			write_with_openssl(path, pkey, encrypted ? "secret" : NULL);
			assert_ok(try_load(path, "secret", &secret, &err), &err);
			assert_same_key(plain, secret);
			assert_same_key(secret, plain);
		}
	EVP_PKEY_free(pkey);
}

/* What apk needs: the same key and bytes give the same signature. */
static void rsa_is_reproducible(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *secret = NULL;
	cleanup_buffer struct buffer one = BUFFER_INIT, two = BUFFER_INIT;

	assert_ok(secret_generate(KEY_RSA, 0, &secret, &err), &err);
	assert_ok(secret_sign(secret, SLICE("control"), &one, &err), &err);
	assert_ok(secret_sign(secret, SLICE("control"), &two, &err), &err);
	assert_int_equal(one.len, 512); /* 4096 bits */
	assert_true(slice_equal(buffer_slice(&one), buffer_slice(&two)));
}

static void load_vector(const char *from, const char *public_name, const char *name)
{
	struct error err = ERROR_INIT;
	cleanup_secret struct secret *secret = NULL;
	cleanup_key struct key *key = NULL, *own = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT;
	char path[512];

	assert_true(snprintf(path, sizeof(path), "%s/keys/%s", from, name) > 0);
	assert_true(read_test_file(path, &text));
	write_mode(file("vector"), buffer_slice(&text), 0600);
	assert_ok(try_load(file("vector"), "pw", &secret, &err), &err);
	assert_true(snprintf(path, sizeof(path), "%s/keys/%s", from, public_name) > 0);
	assert_ok(key_load(path, &key, &err), &err);
	assert_ok(secret_public(secret, &own, &err), &err);
	assert_true(digest_equal(key_id(key), key_id(own)));
	secret_free(&secret);
	if (strcmp(name, "p256.pem") != 0)
		assert_refused(try_load(file("vector"), "pw ", &secret, &err),
			ERR_REFUSED, "wrong passphrase", &err);
}

/* Keys that cosign 2.5 and 3.1 wrote, both labels, all three N. */
static void cosign_files_are_read(void **state)
{
	(void)state;
	static const char *const names[][2] = {{"c2.pub", "c2.key"}, {"c3.pub", "c3.key"},
		{"p256.pub", "p256.32768.COSIGN.key"},
		{"p256.pub", "p256.65536.COSIGN.key"},
		{"p256.pub", "p256.131072.COSIGN.key"},
		{"p256.pub", "p256.32768.SIGSTORE.key"},
		{"p256.pub", "p256.65536.SIGSTORE.key"},
		{"p256.pub", "p256.131072.SIGSTORE.key"}, {"p256.pub", "p256.pem"}};
	const char *archive = shared_path("vectors/real-tools/keys.tar.gz");
	char command[PATH_MAX];
	int status;

	if (!archive)
		return;
	assert_true(snprintf(command, sizeof(command), "%s", archive) > 0);
	status = fork();
	if (status == 0) {
		execlp("tar", "tar", "xzf", command, "-C", folder, (char *)NULL);
		_exit(127);
	}
	assert_true(status > 0);
	assert_int_equal(waitpid(status, &status, 0) > 0 ? status : -1, 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		load_vector(folder, names[i][0], names[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secretbox_vector),
		cmocka_unit_test(plain_file),
		cmocka_unit_test(encrypted_file),
		cmocka_unit_test(files_open_to_others_are_refused),
		cmocka_unit_test(lines_are_not_shown),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(cosign_parameters_are_fixed),
		cmocka_unit_test(openssl_files_are_read),
		cmocka_unit_test(encodings_are_one_key),
		cmocka_unit_test(rsa_is_reproducible),
		cmocka_unit_test(cosign_files_are_read),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
