/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signers.h"

#include "cli/secret_input.h"
#include "signing/detached.h"
#include "signing/own_certificate.h"

void signers_done(struct signers *signers)
{
	for (size_t i = 0; i < signers->count; i++)
		secret_free(&signers->secrets[i]);
	stamper_free(&signers->stamper);
	own_certificate_free(&signers->certificate);
	*signers = (struct signers){.count = 0};
}

static int check_timestamps(const struct signer_options *options, struct error *err)
{
	bool wanted = options->timestamp_url || options->timestamp_files.count > 0;

	if (wanted != (options->timestamp_chain != NULL))
		return error_set(err, ERR_USAGE,
			"--timestamp-chain goes with --timestamp-url or "
			"--timestamp-file");
	if (options->timestamp_url && options->timestamp_files.count > 0)
		return error_set(
			err, ERR_USAGE, "either --timestamp-url or --timestamp-file");
	if (options->timestamp_files.count > 0 && !options->attach)
		return error_set(err, ERR_USAGE,
			"--timestamp-file is for signatures that exist: use --attach");
	return 0;
}

int signers_check(const struct signer_options *options, struct error *err)
{
	size_t keys = options->keys.count;

	if (options->payload_only && options->attach)
		return error_set(err, ERR_USAGE,
			"--payload-only is before signing, --attach after it");
	if (options->payload_only && (keys > 0 || options->timestamp_url))
		return error_set(err, ERR_USAGE,
			"--payload-only signs nothing: no --key, no --timestamp-url");
	if (!options->payload_only && keys == 0)
		return error_set(err, ERR_USAGE, "--key is missing");
	if (keys > SIGNERS_MAX)
		return error_set(err, ERR_USAGE, "more than %d keys", SIGNERS_MAX);
	if ((options->attach || options->certificate) && keys > 1)
		return error_set(err, ERR_USAGE, "--%s takes one --key a time",
			options->attach ? "attach" : "certificate");
	if (options->certificate_chain && !options->certificate)
		return error_set(err, ERR_USAGE, "--certificate is missing");
	return check_timestamps(options, err);
}

static int load_one(const struct signer_options *options, const char *path,
	struct secret **ret_secret, struct error *err)
{
	cleanup_key struct key *key = NULL;

	if (!options->attach)
		return load_secret_with_pin(path, options->pin_file, ret_secret, err);
	if (key_load(path, &key, err) < 0)
		return err->class;
	return detached_secret(options->attach, &key, ret_secret, err);
}

static int load_keys(
	const struct signer_options *options, struct signers *signers, struct error *err)
{
	for (size_t i = 0; i < options->keys.count; i++) {
		if (load_one(options, options->keys.items[i], &signers->secrets[i], err) <
			0)
			return err->class;
		signers->count++;
	}
	forget_passphrases();
	return 0;
}

static int load_certificate(
	const struct signer_options *options, struct signers *signers, struct error *err)
{
	cleanup_key struct key *key = NULL;

	if (!options->certificate)
		return 0;
	if (secret_public(signers->secrets[0], &key, err) < 0)
		return err->class;
	return own_certificate_load(options->certificate, options->certificate_chain, key,
		&signers->certificate, err);
}

static int load_stamper(
	const struct signer_options *options, struct signers *signers, struct error *err)
{
	const struct stamper_options stamper = {.url = options->timestamp_url,
		.files = options->timestamp_files.items,
		.file_count = options->timestamp_files.count,
		.chain = options->timestamp_chain};

	if (!options->timestamp_chain)
		return 0;
	return stamper_new(&stamper, &signers->stamper, err);
}

int signers_load(const struct signer_options *options, struct signers *ret_signers,
	struct error *err)
{
	CLEANUP(signers_done) struct signers signers = {.count = 0};

	if (options->payload_only)
		return 0;
	if (load_keys(options, &signers, err) < 0 ||
		load_certificate(options, &signers, err) < 0 ||
		load_stamper(options, &signers, err) < 0)
		return err->class;
	*ret_signers = signers;
	signers = (struct signers){.count = 0};
	return 0;
}
