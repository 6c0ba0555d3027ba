/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of private keys. cosign's form (go-securesystemslib "encrypted"): a PEM block
 *whose bytes are
 *	{"kdf":{"name":"scrypt","params":{"N":65536,"r":8,"p":1},"salt":"base64"},
 *	 "cipher":{"name":"nacl/secretbox","nonce":"base64"},"ciphertext":"base64"}
 * with PKCS#8 inside. N is one of three numbers: a file may not choose how long we
 *compute.
 */
#include <jansson.h>

#include "base/encode.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "signing/pem.h"
#include "signing/pkcs11_private.h"
#include "signing/pkcs11_uri.h"
#include "signing/secret_private.h"
#include "signing/wipe.h"

#define LABEL_PLAIN    "PRIVATE KEY"
#define LABEL_PKCS5    "ENCRYPTED PRIVATE KEY"
#define LABEL_SEC1     "EC PRIVATE KEY"
#define LABEL_PKCS1    "RSA PRIVATE KEY"
#define LABEL_SIGSTORE "ENCRYPTED SIGSTORE PRIVATE KEY"
#define LABEL_COSIGN   "ENCRYPTED COSIGN PRIVATE KEY"

#define SCRYPT_N_WRITTEN 65536
#define SALT_BYTES       32
#define SECRET_LINE_MAX  1023 /* of a file with a passphrase or PIN */

/* ---- cosign's JSON ---- */

struct sealed {
	uint64_t n;
	struct buffer salt, nonce, box;
};

static void sealed_done(struct sealed *sealed)
{
	buffer_done(&sealed->salt);
	buffer_done(&sealed->nonce);
	buffer_done(&sealed->box);
}

static int get_base64(const json_t *object, const char *key, const char *where,
	struct buffer *out, struct error *err)
{
	const char *text;

	if (json_get_string(object, key, where, &text, err) < 0)
		return err->class;
	if (base64_decode(slice_str(text), out, err) < 0)
		return error_wrap(err, "%s.%s", where, key);
	return 0;
}

static int expect_name(
	const json_t *object, const char *where, const char *expected, struct error *err)
{
	const char *name;

	if (json_get_string(object, "name", where, &name, err) < 0)
		return err->class;
	if (strcmp(name, expected) != 0)
		return error_set(err, ERR_INPUT, "%s is \"%.64s\"; only %s is known",
			where, name, expected);
	return 0;
}

static int parse_kdf(const json_t *root, struct sealed *sealed, struct error *err)
{
	static const char *const kdf_keys[] = {"name", "params", "salt", NULL};
	static const char *const param_keys[] = {"N", "r", "p", NULL};
	json_t *kdf, *params;
	uint64_t r, p;

	if (json_get_object(root, "kdf", "key file", &kdf, err) < 0 ||
		json_only_keys(kdf, kdf_keys, "kdf", err) < 0 ||
		expect_name(kdf, "kdf", "scrypt", err) < 0 ||
		get_base64(kdf, "salt", "kdf", &sealed->salt, err) < 0 ||
		json_get_object(kdf, "params", "kdf", &params, err) < 0 ||
		json_only_keys(params, param_keys, "kdf.params", err) < 0 ||
		json_get_u64(params, "N", "kdf.params", &sealed->n, err) < 0 ||
		json_get_u64(params, "r", "kdf.params", &r, err) < 0 ||
		json_get_u64(params, "p", "kdf.params", &p, err) < 0)
		return err->class;
	if ((sealed->n != 32768 && sealed->n != 65536 && sealed->n != 131072) || r != 8 ||
		p != 1)
		return error_set(err, ERR_INPUT,
			"kdf.params: N=%llu r=%llu p=%llu; N must be 32768, 65536 or "
			"131072, "
			"r 8, p 1",
			(unsigned long long)sealed->n, (unsigned long long)r,
			(unsigned long long)p);
	return 0;
}

static int parse_cipher(const json_t *root, struct sealed *sealed, struct error *err)
{
	static const char *const keys[] = {"name", "nonce", NULL};
	json_t *cipher;

	if (json_get_object(root, "cipher", "key file", &cipher, err) < 0 ||
		json_only_keys(cipher, keys, "cipher", err) < 0 ||
		expect_name(cipher, "cipher", "nacl/secretbox", err) < 0 ||
		get_base64(cipher, "nonce", "cipher", &sealed->nonce, err) < 0)
		return err->class;
	if (sealed->nonce.len != SECRETBOX_NONCE_BYTES)
		return error_set(err, ERR_INPUT, "cipher.nonce has %zu bytes, not %d",
			sealed->nonce.len, SECRETBOX_NONCE_BYTES);
	return 0;
}

static int sealed_parse(struct slice json, struct sealed *sealed, struct error *err)
{
	static const char *const keys[] = {"kdf", "cipher", "ciphertext", NULL};
	cleanup_json json_t *root = NULL;

	if (json_load_slice(json, "encrypted key", &root, err) < 0 ||
		json_only_keys(root, keys, "key file", err) < 0 ||
		parse_kdf(root, sealed, err) < 0 || parse_cipher(root, sealed, err) < 0)
		return err->class;
	return get_base64(root, "ciphertext", "key file", &sealed->box, err);
}

static int sealed_open(const struct sealed *sealed, const char *passphrase,
	struct secret **ret_secret, struct error *err)
{
	cleanup_secret_buffer struct buffer der = BUFFER_INIT;
	uint8_t key[SECRETBOX_KEY_BYTES];
	int status;

	status = secret_scrypt(
		passphrase, buffer_slice(&sealed->salt), sealed->n, key, err);
	if (status == 0)
		status = secretbox_open(key, (const uint8_t *)sealed->nonce.data,
			buffer_slice(&sealed->box), &der, err);
	explicit_bzero(key, sizeof(key));
	if (status < 0)
		return status;
	return secret_from_der(SECRET_PKCS8, buffer_slice(&der), ret_secret, err);
}

static int cosign_decrypt(struct slice json, const char *passphrase,
	struct secret **ret_secret, struct error *err)
{
	struct sealed sealed = {0};
	int status = sealed_parse(json, &sealed, err);

	if (status == 0)
		status = sealed_open(&sealed, passphrase, ret_secret, err);
	sealed_done(&sealed);
	return status;
}

/* ---- reading ---- */

/* NULL passphrase source, or none given: ERR_INPUT. */
static int ask_passphrase(const char *path, passphrase_source passphrase, void *context,
	char **ret_text, struct error *err)
{
	char prompt[256];
	char *text;
	int len = snprintf(prompt, sizeof(prompt), "Passphrase for %s", path);

	if (len < 0 || (size_t)len >= sizeof(prompt)) /* not negative */
		memcpy(prompt, "Passphrase", sizeof("Passphrase"));
	text = passphrase ? passphrase(context, SECRET_PASSPHRASE, prompt) : NULL;
	if (!text) {
		(void)error_set(
			err, ERR_INPUT, "the key is encrypted: no passphrase given");
		return error_remedy(
			err, "set ALNAGE_PASSWORD, or be asked at a terminal");
	}
	*ret_text = text;
	return 0;
}

struct loading {
	const char *path;
	passphrase_source passphrase;
	void *context;
};

static int decode_block(struct slice label, struct slice der,
	const struct loading *loading, struct secret **ret_secret, struct error *err)
{
	cleanup_secret_str char *text = NULL;
	bool pkcs5 = slice_equal_str(label, LABEL_PKCS5);

	if (slice_equal_str(label, LABEL_PLAIN))
		return secret_from_der(SECRET_PKCS8, der, ret_secret, err);
	if (slice_equal_str(label, LABEL_SEC1))
		return secret_from_der(SECRET_SEC1, der, ret_secret, err);
	if (slice_equal_str(label, LABEL_PKCS1))
		return secret_from_der(SECRET_PKCS1, der, ret_secret, err);
	if (!pkcs5 && !slice_equal_str(label, LABEL_SIGSTORE) &&
		!slice_equal_str(label, LABEL_COSIGN))
		return error_set(err, ERR_INPUT, "\"%.*s\" is not a private key",
			SLICE_ARG(label));
	if (ask_passphrase(
		    loading->path, loading->passphrase, loading->context, &text, err) < 0)
		return err->class;
	if (pkcs5)
		return secret_from_encrypted_der(der, text, ret_secret, err);
	return cosign_decrypt(der, text, ret_secret, err);
}

/* Checked on the descriptor that is then read. */
static int open_private(const char *path, int *ret_fd, struct error *err)
{
	cleanup_fd int fd = -1;
	struct stat status;
	uint64_t size;

	if (fs_open_regular(AT_FDCWD, path, &fd, &size, err) < 0)
		return error_wrap(err, "reading a private key");
	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "private key %s", path);
	if ((status.st_mode & 077) != 0) {
		(void)error_set(err, ERR_INPUT, /* returned below */
			"private key %s: mode %03o lets others at it", path,
			(unsigned)status.st_mode & 0777);
		return slice_ends_with(slice_str(path), SLICE(".pub"))
			       ? error_remedy(err, "name the private half of the pair")
			       : error_remedy(err, "chmod 600 %s", path);
	}
	if (size > LIMIT_KEY_BYTES)
		return error_set(err, ERR_INPUT, "private key %s: more than %zu bytes",
			path, LIMIT_KEY_BYTES);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int read_private(const char *path, struct buffer *text, struct error *err)
{
	cleanup_reader struct reader *reader = NULL;
	cleanup_fd int fd = -1;

	/* one byte for NUL, one for noticing the end: the buffer never grows */
	if (open_private(path, &fd, err) < 0 ||
		buffer_reserve(text, LIMIT_KEY_BYTES + 2, err) < 0 ||
		reader_from_fd(&fd, &reader, err) < 0)
		return err->class;
	return reader_read_all(reader, LIMIT_KEY_BYTES, text, err);
}

int secret_read_line(const char *path, char **ret_text, struct error *err)
{
	cleanup_secret_buffer struct buffer bytes = BUFFER_INIT;
	struct slice rest, line = SLICE_EMPTY;

	if (read_private(path, &bytes, err) < 0)
		return err->class;
	rest = buffer_slice(&bytes);
	(void)slice_cut(&rest, '\n', &line); /* false: the file is empty */
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0 || line.len > SECRET_LINE_MAX)
		return error_set(err, ERR_INPUT, "%s: its first line is %s", path,
			line.len == 0 ? "empty" : "too long");
	/* said here: slice_to_str would show it */
	if (slice_has_byte(line, '\0'))
		return error_set(err, ERR_INPUT, "%s: a NUL in its first line", path);
	return slice_to_str(line, ret_text, err);
}

/* ---- keys in tokens ---- */

static int sign_by_token(void *context, enum key_type type, struct slice message,
	struct buffer *ret_signature, struct error *err)
{
	return token_sign(context, type, message, ret_signature, err);
}

static const char *label_of_token(void *context)
{
	return token_label(context);
}

static void close_token(void *context)
{
	struct token *token = context;

	token_free(&token);
}

static int load_token(const char *uri, passphrase_source pin, void *context,
	struct secret **ret_secret, struct error *err)
{
	static const struct secret_remote remote = {
		.sign = sign_by_token, .label = label_of_token, .free = close_token};
	cleanup_token struct token *token = NULL;
	cleanup_key struct key *key = NULL;

	if (token_open(uri, pin, context, &token, &key, err) < 0 ||
		secret_from_remote(&remote, token, &key, ret_secret, err) < 0)
		return err->class;
	token = NULL; /* the secret's now */
	return 0;
}

/* ---- all kinds ---- */

int secret_load(const char *path, passphrase_source passphrase, void *context,
	struct secret **ret_secret, struct error *err)
{
	cleanup_secret_buffer struct buffer text = BUFFER_INIT, der = BUFFER_INIT;
	struct loading loading = {path, passphrase, context};
	struct slice label;

	if (pkcs11_uri_is(path))
		return load_token(path, passphrase, context, ret_secret, err);
	if (read_private(path, &text, err) < 0)
		return err->class;
	if (pem_decode(buffer_slice(&text), &label, &der, err) < 0 ||
		decode_block(label, buffer_slice(&der), &loading, ret_secret, err) < 0)
		return error_wrap(err, "private key %s", path);
	return 0;
}

/* ---- writing ---- */

static int seal_der(struct slice der, const char *passphrase, uint8_t *salt,
	uint8_t *nonce, struct buffer *box, struct error *err)
{
	uint8_t key[SECRETBOX_KEY_BYTES];
	int status;

	if (secret_random(salt, SALT_BYTES, err) < 0 ||
		secret_random(nonce, SECRETBOX_NONCE_BYTES, err) < 0)
		return err->class;
	status = secret_scrypt(
		passphrase, slice_from(salt, SALT_BYTES), SCRYPT_N_WRITTEN, key, err);
	if (status == 0)
		status = secretbox_seal(key, nonce, der, box, err);
	explicit_bzero(key, sizeof(key));
	return status;
}

static int add_base64_member(
	const char *before, struct slice bytes, struct buffer *out, struct error *err)
{
	if (buffer_add_str(out, before, err) < 0)
		return err->class;
	return base64_encode(bytes, out, err);
}

/* In the order and form that cosign writes. */
static int write_sealed(
	struct slice der, const char *passphrase, struct buffer *json, struct error *err)
{
	cleanup_buffer struct buffer box = BUFFER_INIT;
	uint8_t salt[SALT_BYTES], nonce[SECRETBOX_NONCE_BYTES];

	if (seal_der(der, passphrase, salt, nonce, &box, err) < 0 ||
		buffer_printf(json, err,
			"{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":%d,\"r\":8,"
			"\"p\":1},",
			SCRYPT_N_WRITTEN) < 0 ||
		add_base64_member(
			"\"salt\":\"", slice_from(salt, sizeof(salt)), json, err) < 0 ||
		add_base64_member(
			"\"},\"cipher\":{\"name\":\"nacl/secretbox\",\"nonce\":\"",
			slice_from(nonce, sizeof(nonce)), json, err) < 0 ||
		add_base64_member(
			"\"},\"ciphertext\":\"", buffer_slice(&box), json, err) < 0)
		return err->class;
	return buffer_add_str(json, "\"}", err);
}

static int write_body(const struct secret *secret, enum secret_format format,
	const char *passphrase, const char **ret_label, struct buffer *body,
	struct error *err)
{
	cleanup_secret_buffer struct buffer der = BUFFER_INIT;

	if (passphrase && format == SECRET_FORMAT_PKCS8) {
		*ret_label = LABEL_PKCS5;
		return secret_to_encrypted_der(secret, passphrase, body, err);
	}
	if (!passphrase) {
		*ret_label = LABEL_PLAIN;
		return secret_to_der(secret, body, err);
	}
	*ret_label = LABEL_SIGSTORE;
	if (secret_to_der(secret, &der, err) < 0)
		return err->class;
	if (write_sealed(buffer_slice(&der), passphrase, body, err) < 0)
		return error_wrap(err, "encrypting a private key");
	return 0;
}

int secret_save_as(const struct secret *secret, enum secret_format format,
	const char *path, const char *passphrase, struct error *err)
{
	cleanup_secret_buffer struct buffer body = BUFFER_INIT, text = BUFFER_INIT;
	const char *label = LABEL_PLAIN;

	if (passphrase && passphrase[0] == '\0')
		passphrase = NULL;
	if (write_body(secret, format, passphrase, &label, &body, err) < 0 ||
		pem_encode(label, buffer_slice(&body), &text, err) < 0)
		return err->class;
	return fs_write_new_file(AT_FDCWD, path, buffer_slice(&text), 0600, err);
}

int secret_save(const struct secret *secret, const char *path, const char *passphrase,
	struct error *err)
{
	return secret_save_as(secret, SECRET_FORMAT_COSIGN, path, passphrase, err);
}
