/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the good cases that need signatures (bundles, certificates, time stamps,
 * checkpoints, a trusted root) below the folder given: see tests/cases/sigstore.sh.
 */
#include <sys/stat.h>

#include "base/fs.h"
#include "tests/unit/signing_mock.h"

static const char *folder;

static void put(const char *parser, const char *name, struct slice bytes)
{
	struct error err = ERROR_INIT;
	cleanup_fd int fd = -1;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s/good", folder, parser);
	MUST(fs_make_dirs(AT_FDCWD, path, 0755, &fd, &err) == 0);
	MUST(fs_write_file(fd, name, bytes, 0644, &err) == 0);
}

static void put_bundle(
	struct mock *mock, const char *name, const struct mock_options *options)
{
	cleanup_json json_t *bundle = mock_bundle(mock, options);

	put("bundle", name, mock_text(bundle));
}

static void put_bundles(struct mock *mock)
{
	put_bundle(mock, "mock_v1.json", &(struct mock_options){.version = 1});
	put_bundle(
		mock, "mock_v2.json", &(struct mock_options){.version = 2, .dsse = true});
	put_bundle(mock, "mock_key.json", &(struct mock_options){.plain_key = true});
	put_bundle(mock, "mock_rekor2.json",
		&(struct mock_options){.v2 = true, .stamped = MOCK_TIME});
}

static void put_certificate(
	struct mock *mock, const char *name, const struct mock_options *options)
{
	mock_make_leaf(mock, options);
	put("certificate", name, MOCK_DER(X509, mock->leaf));
}

static void put_certificates(struct mock *mock)
{
	put_certificate(mock, "uri.der", &(struct mock_options){0});
	put_certificate(
		mock, "email.der", &(struct mock_options){.san = "email:a@example.org"});
	put_certificate(mock, "other_name.der",
		&(struct mock_options){
			.san = "otherName:1.3.6.1.4.1.57264.1.7;UTF8:somebody"});
}

static void put_timestamps(struct mock *mock)
{
	struct slice stamped = SLICE(MOCK_ARTIFACT);

	put("timestamp", "with_certificate.tsr",
		mock_timestamp(mock, stamped, MOCK_TIME, true));
	put("timestamp", "without_certificate.tsr",
		mock_timestamp(mock, stamped, MOCK_TIME, false));
	put("timestamp", "last_second.tsr",
		mock_timestamp(mock, stamped, MOCK_TIME + 999999, true));
}

/* RFC 8032, 7.1, test 1: a key that everybody has. */
static EVP_PKEY *known_key(void)
{
	uint8_t secret[32];
	struct error err = ERROR_INIT;
	EVP_PKEY *key;

	MUST(hex_decode(SLICE("9d61b19deffd5a60ba844af492ec2cc4"
			      "4449c5697b326919703bac031cae7f60"),
		     secret, sizeof(secret), &err) == 0);
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, 32);
	MUST(key);
	return key;
}

static void put_checkpoints(struct mock *mock)
{
	EVP_PKEY *key = known_key();
	struct slice id = SLICE("hint"), root = mock_sha256(SLICE("root")), note,
		     text = mock_checkpoint_text("log.example.org", 7, root), both;

	note = mock_note(key, id, "log.example.org", text);
	put("checkpoint", "plain.note", note);
	both = mock_note(mock->other_key, SLICE("other"), "witness.example.org", text);
	both = mock_join(both, slice_sub(note, text.len + 1, note.len));
	put("checkpoint", "witness_first.note", both);
	text = mock_checkpoint_text("log.example.org - 42", 123456789, root);
	text = mock_join(text, SLICE("Timestamp: 1700000000\n"));
	put("checkpoint", "extension.note", mock_note(key, id, "log.example.org", text));
	text = mock_checkpoint_text("other.example.org", 7, root);
	put("checkpoint", "other_origin.note",
		mock_note(key, id, "log.example.org", text));
	EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
	struct mock mock;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: sigstore_cases FOLDER\n");
		return 2;
	}
	folder = argv[1];
	mock_init(&mock, 0);
	put("trusted_root", "mock.json", mock_text(mock.trusted));
	put_bundles(&mock);
	put_certificates(&mock);
	put_timestamps(&mock);
	put_checkpoints(&mock);
	mock_done(&mock);
	return 0;
}
