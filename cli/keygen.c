/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "base/log.h"
#include "cli/secret_input.h"
#include "signing/wipe.h"

struct keygen_flags {
	const char *type;
	uint64_t bits;
	bool password;
	const char *format, *public_of, *pin_file;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct keygen_flags, type, "type", CLI_TEXT, "NAME",
		"ecdsa-p256 (default), ecdsa-p384, ecdsa-p521, rsa, ed25519"),
	CLI_NUMBER_OPTION(struct keygen_flags, bits, "bits", KEY_RSA_BITS_MIN,
		KEY_RSA_BITS_MAX, "of an RSA key (default: 4096)"),
	CLI_OPTION(struct keygen_flags, password, "password", CLI_FLAG, NULL,
		"encrypt it; the passphrase comes from $ALNAGE_PASSWORD or the terminal"),
	CLI_OPTION(struct keygen_flags, format, "format", CLI_TEXT, "NAME",
		"of an encrypted key: cosign (default), pkcs8 (also where FIPS rules)"),
	CLI_OPTION(struct keygen_flags, public_of, "public-of", CLI_TEXT, "KEY",
		"make no key: write the public half of this one (file, pkcs11: URI)"),
	CLI_OPTION(struct keygen_flags, pin_file, "pin-file", CLI_TEXT, "FILE",
		"file with the token's PIN (else $ALNAGE_PIN, else asked for)"),
};

static int choose_type(const char *name, enum key_type *ret_type, struct error *err)
{
	static const enum key_type all[] = {
		KEY_ECDSA_P256, KEY_ECDSA_P384, KEY_ECDSA_P521, KEY_RSA, KEY_ED25519};
	*ret_type = KEY_ECDSA_P256;
	if (!name)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(key_type_name(all[i]), name) == 0) {
			*ret_type = all[i];
			return 0;
		}
	return error_set(err, ERR_USAGE,
		"no key type '%s': ecdsa-p256, ecdsa-p384, ecdsa-p521, rsa or ed25519",
		name);
}

static int choose_format(
	const char *name, enum secret_format *ret_format, struct error *err)
{
	*ret_format = SECRET_FORMAT_COSIGN;
	if (!name || strcmp(name, "cosign") == 0)
		return 0;
	*ret_format = SECRET_FORMAT_PKCS8;
	if (strcmp(name, "pkcs8") == 0)
		return 0;
	return error_set(err, ERR_USAGE, "no format '%s': cosign or pkcs8", name);
}

static int write_public(const struct secret *secret, const char *path, struct error *err)
{
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer pem = BUFFER_INIT;
	if (secret_public(secret, &key, err) < 0 || key_to_pem(key, &pem, err) < 0)
		return err->class;
	return fs_write_new_file(AT_FDCWD, path, buffer_slice(&pem), 0644, err);
}

/* The public half of a key that is there already. */
static int run_public(
	const struct keygen_flags *flags, const char *path, struct error *err)
{
	cleanup_secret struct secret *secret = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	if (flags->type || flags->bits || flags->password || flags->format)
		return error_set(err, ERR_USAGE, "--public-of makes no key");
	if (load_secret_with_pin(flags->public_of, flags->pin_file, &secret, err) < 0 ||
		write_public(secret, path, err) < 0 ||
		buffer_printf(&out, err, "%s (public, hand it out)\n", path) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

/* What would be passed over might have been meant. */
static int check_flags(
	const struct keygen_flags *flags, enum key_type type, struct error *err)
{
	if (flags->bits && type != KEY_RSA)
		return error_set(err, ERR_USAGE, "--bits goes with --type rsa");
	if (flags->format && !flags->password)
		return error_set(err, ERR_USAGE, "--format goes with --password");
	if (flags->pin_file)
		return error_set(err, ERR_USAGE, "--pin-file goes with --public-of");
	return 0;
}

/* Where other programs that sign with such a key are not verified, by themselves even. */
static void warn_of_type(enum key_type type)
{
	if (type == KEY_ECDSA_P384 || type == KEY_ECDSA_P521)
		log_warning("%s: alnage signs with SHA-256, which all verifiers take; "
			    "cosign 3 signs with a longer digest, which few do",
			key_type_name(type));
	if (type == KEY_ED25519)
		log_warning("%s: cosign 3 verifies its signatures, but makes other ones "
			    "(Ed25519ph), which few verify: sign with alnage only",
			key_type_name(type));
}

static int refuse_to_overwrite(const char *path, struct error *err)
{
	(void)error_set(err, ERR_INPUT, "%s or %s.pub exists already", path, path);
	return error_remedy(err, "name another file: a key is never overwritten");
}

/* Before anything is made: half a pair is of no use. */
static int check_absent(const char *path, struct error *err)
{
	cleanup_buffer struct buffer name = BUFFER_INIT;
	if (buffer_printf(&name, err, "%s.pub", path) < 0)
		return err->class;
	if (fs_exists(AT_FDCWD, path) || fs_exists(AT_FDCWD, buffer_str(&name)))
		return refuse_to_overwrite(path, err);
	return 0;
}

static int get_passphrase(char **ret_passphrase, struct error *err)
{
	if (ask_new_passphrase("Passphrase for the new key", ret_passphrase, err) < 0)
		return err->class;
	forget_passphrases();
	return 0;
}

static int write_pair(const struct secret *secret, enum secret_format format,
	const char *path, const char *passphrase, struct error *err)
{
	cleanup_buffer struct buffer public_path = BUFFER_INIT;
	if (buffer_printf(&public_path, err, "%s.pub", path) < 0 ||
		secret_save_as(secret, format, path, passphrase, err) < 0)
		return err->class;
	if (write_public(secret, buffer_str(&public_path), err) == 0)
		return 0;
	(void)unlink(path); /* nobody can have used it; the first error counts */
	return err->class;
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct keygen_flags *flags = given;
	const char *path = arguments->items[0];
	cleanup_secret struct secret *secret = NULL;
	cleanup_secret_str char *passphrase = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	enum key_type type;
	enum secret_format format;
	if (flags->public_of)
		return run_public(flags, path, err);
	if (choose_type(flags->type, &type, err) < 0 ||
		choose_format(flags->format, &format, err) < 0 ||
		check_flags(flags, type, err) < 0 || check_absent(path, err) < 0 ||
		forbid_core(err) < 0 ||
		(flags->password && get_passphrase(&passphrase, err) < 0) ||
		secret_generate(type, (unsigned)flags->bits, &secret, err) < 0 ||
		write_pair(secret, format, path, passphrase, err) < 0 ||
		buffer_printf(&out, err,
			"%s (private, keep it), %s.pub (public, hand it out)\n", path,
			path) < 0)
		return err->class;
	warn_of_type(type);
	if (!flags->password && passphrase_is_given())
		log_warning("%s is not encrypted, although a passphrase is in the "
			    "environment: --password encrypts",
			path);
	return cli_print(buffer_slice(&out), err);
}

const struct cli_command keygen_command = {
	.name = "keygen",
	.arguments = "FILE",
	.summary = "make a key pair: FILE (private, mode 0600) and FILE.pub",
	.description =
		"Nothing is ever overwritten. Images are signed with ecdsa-p256 unless "
		"there is a\n"
		"reason for another; .apk packages need rsa.\n\n"
		"With OpenSSL's FIPS provider active, encrypted keys need --format pkcs8 "
		"(cosign's\n"
		"form needs scrypt, XSalsa20 and Poly1305), and ed25519 is refused by "
		"providers\n"
		"that are not approved for it (OpenSSL 3.1 to 3.3).",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct keygen_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
