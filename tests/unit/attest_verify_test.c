/* SPDX-License-Identifier: Apache-2.0 */
/* Attaching to an image in a layout, and verifying it: what passes, and each reason why
 * not. */
#include "tests/unit/signing_support.h"

#include <jansson.h>
#include <sys/wait.h>

#include "attest/attach.h"
#include "attest/claims.h"
#include "attest/statement.h"
#include "attest/verify.h"
#include "base/encode.h"
#include "base/fs.h"
#include "base/json.h"
#include "signing/bundle.h"
#include "signing/sign.h"
#include "signing/simple.h"

#define TYPE_A "https://example.org/a"
#define TYPE_B "https://example.org/b"

static const struct attach_options attach_options = {
	.docker_reference = "localhost/image:latest", .created = 1750000000};

struct place {
	char folder[64], text[80];
	struct reference *reference;
	struct repository *repository;
	struct secret *secret, *other_secret;
	struct key *key, *other_key;
	struct descriptor image;
};

static void place_open(struct place *place)
{
	struct repository_options options = {.create = true, .writable = true};
	struct error err = ERROR_INIT;

	repository_close(&place->repository);
	assert_ok(repository_open(place->reference, &options, &place->repository, &err),
		&err);
}

static struct descriptor put_image(
	struct repository *repository, const char *layer_text, const char *tag)
{
	struct error err = ERROR_INIT;
	struct descriptor layer = {.media_type = OCI_LAYER}, stored;
	struct manifest manifest = {.media_type = OCI_MANIFEST,
		.config = {.media_type = OCI_CONFIG},
		.items = &layer,
		.count = 1};
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	assert_ok(repository_put_blob(repository, slice_str(layer_text), &layer, &err),
		&err);
	assert_ok(repository_put_blob(repository,
			  SLICE("{\"architecture\":\"amd64\",\"os\":\"linux\"}"),
			  &manifest.config, &err),
		&err);
	assert_ok(manifest_write(&manifest, &bytes, &err), &err);
	assert_ok(repository_put_manifest(repository, buffer_slice(&bytes), OCI_MANIFEST,
			  tag, &stored, &err),
		&err);
	/* without texts that belong to a repository which may be closed */
	return (struct descriptor){
		.media_type = OCI_MANIFEST, .digest = stored.digest, .size = stored.size};
}

static int place_make(void **state)
{
	struct error err = ERROR_INIT;
	struct place *place = calloc(1, sizeof(*place));

	assert_non_null(place);
	memcpy(place->folder, "/tmp/alnage-verify-XXXXXX",
		sizeof("/tmp/alnage-verify-XXXXXX"));
	assert_non_null(mkdtemp(place->folder));
	assert_true(snprintf(place->text, sizeof(place->text), "oci:%s/l",
			    place->folder) > 0);
	assert_ok(reference_parse(slice_str(place->text), &place->reference, &err), &err);
	place_open(place);
	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &place->secret, &err), &err);
	assert_ok(secret_generate(KEY_ECDSA_P256, 0, &place->other_secret, &err), &err);
	assert_ok(secret_public(place->secret, &place->key, &err), &err);
	assert_ok(secret_public(place->other_secret, &place->other_key, &err), &err);
	place->image = put_image(place->repository, "layer of the image", "latest");
	*state = place;
	return 0;
}

static int place_remove(void **state)
{
	struct error err = ERROR_INIT;
	struct place *place = *state;

	repository_close(&place->repository);
	reference_free(&place->reference);
	secret_free(&place->secret);
	secret_free(&place->other_secret);
	key_free(&place->key);
	key_free(&place->other_key);
	assert_ok(fs_remove_tree(AT_FDCWD, place->folder, &err), &err);
	free(place);
	return 0;
}

/* ---- steps ---- */

static void sign(
	struct place *place, const struct descriptor *image, const struct secret *secret)
{
	struct error err = ERROR_INIT;

	assert_ok(
		attach_signature(place->repository, image, secret, &attach_options, &err),
		&err);
}

static int try_attest(struct place *place, const struct descriptor *image,
	const struct secret *secret, const char *type, const char *value,
	struct error *err)
{
	cleanup_buffer struct buffer statement = BUFFER_INIT;

	assert_ok(statement_write("image", &image->digest, type,
			  json_pack("{s:s}", "v", value), &statement, err),
		err);
	return attach_statement(place->repository, image, buffer_slice(&statement),
		secret, &attach_options, err);
}

static void attest(struct place *place, const char *type)
{
	struct error err = ERROR_INIT;

	assert_ok(try_attest(place, &place->image, place->secret, type, "x", &err), &err);
}

static struct verdict *verify_with(
	struct place *place, const char *what, const struct key *key, const char *type)
{
	struct error err = ERROR_INIT;
	const struct signer one = {.key = key}, *signer = &one;
	struct verify_options options = {.signers = &signer,
		.signer_count = 1,
		.predicate_types = &type,
		.predicate_type_count = type ? 1 : 0};
	struct verdict *verdict = NULL;

	place_open(place); /* nothing remembered */
	assert_ok(verify_image(place->repository, what, &options, &verdict, &err), &err);
	return verdict;
}

static void expect_finding(const struct verdict *verdict, const char *rule,
	enum finding_result result, const char *text)
{
	for (size_t i = 0; i < verdict->count; i++) {
		const struct finding *finding = &verdict->findings[i];

		if (strcmp(finding->rule, rule) != 0)
			continue;
		if (finding->result != result || !strstr(finding->text, text))
			fail_msg("%s: result %d, \"%s\", wanted %d, \"%s\"", rule,
				(int)finding->result, finding->text, (int)result, text);
		return;
	}
	fail_msg("no finding %s", rule);
}

static void expect(struct place *place, const struct key *key, const char *type,
	const char *rule, enum finding_result result, const char *text)
{
	cleanup_verdict struct verdict *verdict = verify_with(place, "latest", key, type);

	expect_finding(verdict, rule, result, text);
	if (result != FINDING_PASSED)
		assert_false(verdict_passed(verdict));
}

static size_t count_layers(struct place *place, const char *suffix)
{
	struct error err = ERROR_INIT;
	cleanup_manifest struct manifest *manifest = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct descriptor descriptor;
	char tag[CLAIMS_TAG_MAX];
	bool found = false;

	claims_tag(&place->image.digest, suffix, tag);
	assert_ok(repository_resolve(place->repository, tag, &descriptor, &found, &err),
		&err);
	if (!found)
		return 0;
	assert_ok(repository_read_manifest(place->repository, &descriptor, &bytes, &err),
		&err);
	assert_ok(manifest_parse(buffer_slice(&bytes), NULL, &manifest, &err), &err);
	return manifest->count;
}

static size_t count_referrers(struct place *place)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	struct descriptor *list;
	size_t count;

	assert_ok(arena_new(&arena, &err), &err);
	assert_ok(repository_referrers(place->repository, &place->image.digest, arena,
			  &list, &count, &err),
		&err);
	return count;
}

/* ---- what passes ---- */

static void signed_and_attested_passes(void **state)
{
	struct place *place = *state;
	cleanup_verdict struct verdict *verdict = NULL;
	cleanup_buffer struct buffer text = BUFFER_INIT, json = BUFFER_INIT;
	struct error err = ERROR_INIT;

	sign(place, &place->image, place->secret);
	attest(place, TYPE_A);
	verdict = verify_with(place, "latest", place->key, TYPE_A);
	if (!verdict_passed(verdict))
		fail_msg("%s: %s", verdict->findings[0].rule, verdict->findings[0].text);
	assert_int_equal(verdict->count, 3);
	expect_finding(verdict, "layout", FINDING_PASSED, "digest and size");
	expect_finding(verdict, "signature", FINDING_PASSED, "ecdsa-p256 key");
	expect_finding(verdict, "attestation " TYPE_A, FINDING_PASSED, "by ");
	assert_true(digest_equal(&verdict->digest, &place->image.digest));
	assert_ok(verdict_print(verdict, &text, &err), &err);
	assert_non_null(strstr(buffer_str(&text), "\naccepted\n"));
	assert_ok(verdict_to_json(verdict, &json, &err), &err);
	assert_non_null(strstr(buffer_str(&json), "\"accepted\": true"));
}

/* Either layout alone is enough for us. */
static void one_layout_is_enough(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	struct descriptor other, stored;
	char tag[CLAIMS_TAG_MAX];

	sign(place, &place->image, place->secret);
	/* an empty .sig: only the bundle is left */
	claims_tag(&place->image.digest, ".sig", tag);
	other = put_image(place->repository, "empty", NULL);
	(void)other;
	assert_ok(
		repository_put_manifest(place->repository,
			SLICE("{\"schemaVersion\":2,\"mediaType\":\"application/"
			      "vnd.oci.image.manifest.v1+json\",\"config\":{"
			      "\"mediaType\":"
			      "\"application/vnd.oci.image.config.v1+json\",\"size\":37,"
			      "\"digest\":\"sha256:"
			      "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
			      "a1a1a1"
			      "\"},\"layers\":[]}"),
			OCI_MANIFEST, tag, &stored, &err),
		&err);
	expect(place, place->key, NULL, "signature", FINDING_PASSED, "bundle sha256:");
}

static struct digest tag_digest(struct place *place, const char *suffix)
{
	struct error err = ERROR_INIT;
	struct descriptor descriptor;
	char tag[CLAIMS_TAG_MAX];
	bool found = false;

	claims_tag(&place->image.digest, suffix, tag);
	assert_ok(repository_resolve(place->repository, tag, &descriptor, &found, &err),
		&err);
	assert_true(found);
	return descriptor.digest;
}

static void signing_again_changes_nothing(void **state)
{
	struct place *place = *state;
	struct digest sig, att, again;

	for (int i = 0; i < 2; i++) {
		sign(place, &place->image, place->secret);
		attest(place, TYPE_A);
		again = tag_digest(place, ".sig");
		if (i == 1)
			assert_true(digest_equal(&sig, &again));
		sig = again;
		again = tag_digest(place, ".att");
		if (i == 1)
			assert_true(digest_equal(&att, &again));
		att = again;
		assert_int_equal(count_layers(place, ".sig"), 1);
		assert_int_equal(count_layers(place, ".att"), 1);
		assert_int_equal(count_referrers(place), 2);
	}
}

static void keys_and_types_are_kept_apart(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;

	sign(place, &place->image, place->secret);
	sign(place, &place->image, place->other_secret);
	assert_int_equal(count_layers(place, ".sig"), 2);
	attest(place, TYPE_A);
	attest(place, TYPE_B);
	assert_ok(
		try_attest(place, &place->image, place->other_secret, TYPE_A, "x", &err),
		&err);
	assert_int_equal(count_layers(place, ".att"), 3);
	/* a newer statement of the same type by the same key takes the old one's place */
	assert_ok(try_attest(place, &place->image, place->secret, TYPE_A, "newer", &err),
		&err);
	assert_int_equal(count_layers(place, ".att"), 3);
	expect(place, place->key, TYPE_A, "attestation " TYPE_A, FINDING_PASSED, "by ");
	expect(place, place->other_key, TYPE_A, "signature", FINDING_PASSED, "by ");
	expect(place, place->other_key, TYPE_B, "attestation " TYPE_B, FINDING_FAILED,
		"foreign key");
}

/* ---- each reason why not ---- */

static void unsigned_is_refused(void **state)
{
	expect(*state, ((struct place *)*state)->key, NULL, "signature", FINDING_FAILED,
		"missing signature: neither tag sha256-");
}

static void foreign_key_is_refused(void **state)
{
	struct place *place = *state;

	sign(place, &place->image, place->other_secret);
	expect(place, place->key, NULL, "signature", FINDING_FAILED, "foreign key");
}

/* Trap B: cosign 3 takes any attestation by the key for the signature. */
/* The first referrer once more, announced as a signature. */
static void announce_signature(struct place *place)
{
	struct error err = ERROR_INIT;
	cleanup_arena struct arena *arena = NULL;
	cleanup_buffer struct buffer bytes = BUFFER_INIT, lie = BUFFER_INIT;
	struct descriptor *list, stored;
	size_t count, at;

	assert_ok(arena_new(&arena, &err), &err);
	assert_ok(repository_referrers(place->repository, &place->image.digest, arena,
			  &list, &count, &err),
		&err);
	assert_ok(repository_read_manifest(place->repository, &list[0], &bytes, &err),
		&err);
	struct slice rest = buffer_slice(&bytes);
	while ((at = slice_find(rest, SLICE(TYPE_A))) != SIZE_MAX) {
		assert_ok(buffer_add_slice(&lie, slice_sub(rest, 0, at), &err), &err);
		assert_ok(buffer_add_str(&lie, PREDICATE_SIGN, &err), &err);
		rest = slice_sub(rest, at + strlen(TYPE_A), rest.len);
	}
	assert_true(lie.len > 0);
	assert_ok(buffer_add_slice(&lie, rest, &err), &err);
	assert_ok(repository_put_manifest(place->repository, buffer_slice(&lie),
			  OCI_MANIFEST, NULL, &stored, &err),
		&err);
}

static void attestation_is_no_signature(void **state)
{
	struct place *place = *state;

	attest(place, TYPE_A);
	assert_int_equal(count_referrers(place), 1);
	expect(place, place->key, TYPE_A, "signature", FINDING_FAILED,
		"missing signature");
	expect(place, place->key, TYPE_A, "attestation " TYPE_A, FINDING_PASSED, "by ");
	expect(place, place->key, PREDICATE_SIGN, "attestation " PREDICATE_SIGN,
		FINDING_FAILED, "missing attestation");
	/* whatever its manifest says that it is */
	announce_signature(place);
	assert_int_equal(count_referrers(place), 2);
	expect(place, place->key, TYPE_A, "signature", FINDING_FAILED,
		"missing signature");
}

static void move_tag(struct place *place, const struct descriptor *from,
	const struct descriptor *to, const char *suffix)
{
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct descriptor descriptor, stored;
	char tag[CLAIMS_TAG_MAX];
	bool found = false;

	claims_tag(&from->digest, suffix, tag);
	assert_ok(repository_resolve(place->repository, tag, &descriptor, &found, &err),
		&err);
	assert_true(found);
	assert_ok(repository_read_manifest(place->repository, &descriptor, &bytes, &err),
		&err);
	claims_tag(&to->digest, suffix, tag);
	assert_ok(repository_put_manifest(place->repository, buffer_slice(&bytes),
			  OCI_MANIFEST, tag, &stored, &err),
		&err);
}

/* A good signature of one image put beside another. */
static void moved_claims_are_refused(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	struct descriptor other = put_image(place->repository, "another layer", "other");

	sign(place, &other, place->secret);
	assert_ok(try_attest(place, &other, place->secret, TYPE_A, "x", &err), &err);
	move_tag(place, &other, &place->image, ".sig");
	move_tag(place, &other, &place->image, ".att");
	expect(place, place->key, TYPE_A, "signature", FINDING_FAILED, "digest mismatch");
	expect(place, place->key, TYPE_A, "attestation " TYPE_A, FINDING_FAILED,
		"digest mismatch");
}

static void missing_attestation_is_refused(void **state)
{
	struct place *place = *state;

	sign(place, &place->image, place->secret);
	attest(place, TYPE_A);
	expect(place, place->key, TYPE_B, "attestation " TYPE_B, FINDING_FAILED,
		"missing attestation");
}

static void blob_path(
	const struct place *place, const struct digest *digest, char *out, size_t size)
{
	char hex[DIGEST_TEXT_MAX];

	assert_true(snprintf(out, size, "%s/l/blobs/sha256/%s", place->folder,
			    digest_format_hex(digest, hex)) > 0);
}

static void damaged_blobs_are_refused(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	struct digest layer;
	char path[256];

	sign(place, &place->image, place->secret);
	assert_ok(digest_of(DIGEST_SHA256, SLICE("layer of the image"), &layer, &err),
		&err);
	blob_path(place, &layer, path, sizeof(path));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 5), 0);
	expect(place, place->key, NULL, "layout", FINDING_FAILED, "malformed");
	expect(place, place->key, NULL, "signature", FINDING_PASSED, "by ");
	assert_ok(fs_write_file(AT_FDCWD, path, SLICE("LAYER of the image"), 0600, &err),
		&err);
	expect(place, place->key, NULL, "layout", FINDING_FAILED, "malformed");
	assert_int_equal(unlink(path), 0);
	expect(place, place->key, NULL, "layout", FINDING_FAILED, "malformed");
	/* the manifest itself */
	blob_path(place, &place->image.digest, path, sizeof(path));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 100), 0);
	expect(place, place->key, NULL, "layout", FINDING_FAILED, "malformed");
}

static void put_bundle_bytes(struct place *place, struct slice bytes)
{
	struct error err = ERROR_INIT;
	struct descriptor layer = {.media_type = BUNDLE_MEDIA_TYPE}, stored;
	struct manifest manifest = {.media_type = OCI_MANIFEST,
		.artifact_type = BUNDLE_MEDIA_TYPE,
		.config = {.media_type = OCI_EMPTY},
		.items = &layer,
		.count = 1,
		.has_subject = true,
		.subject = place->image};
	cleanup_buffer struct buffer text = BUFFER_INIT;

	assert_ok(repository_put_blob(place->repository, bytes, &layer, &err), &err);
	assert_ok(repository_put_blob(
			  place->repository, SLICE("{}"), &manifest.config, &err),
		&err);
	assert_ok(manifest_write(&manifest, &text, &err), &err);
	assert_ok(repository_put_manifest(place->repository, buffer_slice(&text),
			  OCI_MANIFEST, NULL, &stored, &err),
		&err);
}

/* Junk is a reason of its own, and hides nothing good. */
static void junk_beside_the_image(void **state)
{
	struct place *place = *state;

	put_bundle_bytes(place, SLICE("{\"mediaType\":1}"));
	expect(place, place->key, TYPE_A, "signature", FINDING_FAILED,
		"malformed: bundle");
	expect(place, place->key, TYPE_A, "attestation " TYPE_A, FINDING_FAILED,
		"malformed");
	sign(place, &place->image, place->secret);
	attest(place, TYPE_A);
	expect(place, place->key, TYPE_A, "signature", FINDING_PASSED, "by ");
	expect(place, place->key, TYPE_A, "attestation " TYPE_A, FINDING_PASSED, "by ");
}

/* A valid envelope by our key of another payload type, or of no statement. */
static void put_signed_payload(
	struct place *place, const char *type, struct slice payload)
{
	struct error err = ERROR_INIT;
	cleanup_envelope struct envelope *envelope = NULL;
	cleanup_buffer struct buffer bundle = BUFFER_INIT;

	assert_ok(sign_envelope(type, payload, place->secret, &envelope, &err), &err);
	assert_ok(bundle_write(envelope, place->key, &bundle, &err), &err);
	put_bundle_bytes(place, buffer_slice(&bundle));
}

static void other_payloads_do_not_count(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_buffer struct buffer statement = BUFFER_INIT;

	assert_ok(statement_write("", &place->image.digest, PREDICATE_SIGN, json_object(),
			  &statement, &err),
		&err);
	put_signed_payload(place, "text/plain", buffer_slice(&statement));
	expect(place, place->key, NULL, "signature", FINDING_FAILED, "payload type");
	put_signed_payload(place, PAYLOAD_IN_TOTO, SLICE("hello"));
	expect(place, place->key, NULL, "signature", FINDING_FAILED, "malformed");
	put_signed_payload(place, PAYLOAD_IN_TOTO, buffer_slice(&statement));
	expect(place, place->key, NULL, "signature", FINDING_PASSED, "by ");
}

static void certificates_are_not_checked(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	cleanup_envelope struct envelope *envelope = NULL;
	cleanup_buffer struct buffer statement = BUFFER_INIT, bundle = BUFFER_INIT;

	assert_ok(statement_write("", &place->image.digest, PREDICATE_SIGN, json_object(),
			  &statement, &err),
		&err);
	assert_ok(sign_envelope(PAYLOAD_IN_TOTO, buffer_slice(&statement),
			  place->other_secret, &envelope, &err),
		&err);
	assert_ok(buffer_add_str(&bundle,
			  "{\"mediaType\":\"" BUNDLE_MEDIA_TYPE
			  "\",\"verificationMaterial\":{\"certificate\":{\"rawBytes\":"
			  "\"YQ==\"}},"
			  "\"dsseEnvelope\":",
			  &err),
		&err);
	assert_ok(envelope_write(envelope, &bundle, &err), &err);
	assert_ok(buffer_add_str(&bundle, "}", &err), &err);
	put_bundle_bytes(place, buffer_slice(&bundle));
	expect(place, place->key, NULL, "signature", FINDING_UNCHECKED,
		"by a certificate");
}

/* ---- what is not attached ---- */

static void only_fitting_statements_are_attached(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	struct descriptor other = put_image(place->repository, "another layer", "other");
	cleanup_buffer struct buffer statement = BUFFER_INIT;

	assert_ok(statement_write(
			  "", &other.digest, TYPE_A, json_object(), &statement, &err),
		&err);
	assert_refused(
		attach_statement(place->repository, &place->image,
			buffer_slice(&statement), place->secret, &attach_options, &err),
		ERR_INPUT, "is not about sha256:", &err);
	assert_refused(attach_statement(place->repository, &place->image, SLICE("{}"),
			       place->secret, &attach_options, &err),
		ERR_INPUT, "statement", &err);
	assert_refused(try_attest(place, &place->image, place->secret, PREDICATE_SIGN,
			       "x", &err),
		ERR_INPUT, "not attached as an attestation", &err);
	assert_int_equal(count_layers(place, ".att"), 0);
	assert_int_equal(count_referrers(place), 0);
}

/* Trap A: with the first bundle, cosign 3 stops looking at .sig. */
static void bundle_must_not_hide_old_signatures(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	struct descriptor other = put_image(place->repository, "another layer", "other");

	sign(place, &other, place->secret);
	move_tag(place, &other, &place->image, ".sig"); /* nothing but a .sig */
	assert_int_equal(
		try_attest(place, &place->image, place->secret, TYPE_A, "x", &err),
		ERR_INPUT);
	assert_non_null(strstr(err.remedy, "sign the image"));
	assert_refused(err.class, ERR_INPUT, "cosign's old layout only", &err);
	assert_int_equal(count_layers(place, ".att"), 0);
	sign(place, &place->image, place->other_secret);
	attest(place, TYPE_A);
}

static void errors_are_not_verdicts(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	const struct signer one = {.key = place->key}, *signer = &one;
	struct verify_options options = {.signers = &signer, .signer_count = 1};
	struct verdict *verdict = NULL;

	assert_refused(
		verify_image(place->repository, "absent", &options, &verdict, &err),
		ERR_INPUT, "no such image", &err);
	options.signer_count = 0;
	assert_refused(
		verify_image(place->repository, "latest", &options, &verdict, &err),
		ERR_USAGE, "no key", &err);
	assert_null(verdict);
}

/* ---- an index ---- */

static struct descriptor put_index(
	struct place *place, struct descriptor *children, size_t count)
{
	struct error err = ERROR_INIT;
	struct manifest manifest = {.media_type = OCI_INDEX,
		.is_index = true,
		.items = children,
		.count = count};
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	struct descriptor stored;

	assert_ok(manifest_write(&manifest, &bytes, &err), &err);
	assert_ok(repository_put_manifest(place->repository, buffer_slice(&bytes),
			  OCI_INDEX, "index", &stored, &err),
		&err);
	return (struct descriptor){
		.media_type = OCI_INDEX, .digest = stored.digest, .size = stored.size};
}

static void index_and_children(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	struct descriptor children[2] = {
		place->image, put_image(place->repository, "another layer", NULL)};
	struct descriptor index = put_index(place, children, 2);
	cleanup_verdict struct verdict *verdict = NULL, *half = NULL, *whole = NULL;

	sign(place, &index, place->secret);
	/* each child can be verified on its own */
	verdict = verify_with(place, "latest", place->key, NULL);
	assert_true(verdict_passed(verdict));
	assert_ok(
		try_attest(place, &children[1], place->secret, TYPE_A, "x", &err), &err);
	half = verify_with(place, "index", place->key, TYPE_A);
	expect_finding(half, "signature", FINDING_PASSED, "by ");
	expect_finding(
		half, "attestation " TYPE_A, FINDING_FAILED, "missing attestation");
	assert_ok(
		try_attest(place, &children[0], place->secret, TYPE_A, "x", &err), &err);
	whole = verify_with(place, "index", place->key, TYPE_A);
	expect_finding(whole, "attestation " TYPE_A, FINDING_PASSED, "by ");
	assert_true(verdict_passed(whole));
}

/* What a stranger says of the index does not hide what is said of its images. */
static void stranger_at_the_index(void **state)
{
	struct place *place = *state;
	struct error err = ERROR_INIT;
	struct descriptor index = put_index(place, &place->image, 1);
	cleanup_verdict struct verdict *none = NULL, *whole = NULL;

	sign(place, &index, place->secret);
	sign(place, &index, place->other_secret);
	assert_ok(
		try_attest(place, &index, place->other_secret, TYPE_A, "x", &err), &err);
	none = verify_with(place, "index", place->key, TYPE_A);
	expect_finding(none, "attestation " TYPE_A, FINDING_FAILED, "foreign key");
	assert_ok(
		try_attest(place, &place->image, place->secret, TYPE_A, "x", &err), &err);
	whole = verify_with(place, "index", place->key, TYPE_A);
	expect_finding(whole, "attestation " TYPE_A, FINDING_PASSED, "by ");
}

/* ---- hostile texts ---- */

static void texts_are_made_harmless(void **state)
{
	(void)state;
	struct error err = ERROR_INIT;
	cleanup_verdict struct verdict *verdict = NULL;
	cleanup_buffer struct buffer json = BUFFER_INIT;

	assert_ok(verdict_new(&verdict, &err), &err);
	assert_false(verdict_passed(verdict));
	assert_ok(verdict_add(verdict, FINDING_PASSED, "a\nb", &err, "%s",
			  "x\033[31m\x7f \xff"),
		&err);
	assert_string_equal(verdict->findings[0].rule, "a?b");
	assert_string_equal(verdict->findings[0].text, "x?[31m? ?");
	assert_true(verdict_passed(verdict));
	assert_ok(verdict_add(verdict, FINDING_UNCHECKED, "c", &err, "\xc3\xa9"), &err);
	assert_string_equal(verdict->findings[1].text, "\xc3\xa9");
	assert_false(verdict_passed(verdict));
	assert_ok(verdict_add(verdict, FINDING_UNCHECKED, "c", &err,
			  "\xc2\x9b[31m \xc2\xa0 \xe2\x80\xae \xe2\x80\x94 \xe2\x81\xa6"),
		&err);
	assert_string_equal(
		verdict->findings[2].text, "??[31m \xc2\xa0 ??? \xe2\x80\x94 ???");
	assert_ok(verdict_to_json(verdict, &json, &err), &err);
}

/* What is not known to be bad is not good; a no is a no, whatever else is not known. */
static void results_are_three(void **state)
{
	(void)state;
	static const struct {
		enum finding_result added, result;
		const char *text, *json;
	} steps[] = {
		{FINDING_PASSED, FINDING_PASSED, "\naccepted\n",
			"\"result\": \"passed\""},
		{FINDING_UNCHECKED, FINDING_UNCHECKED, "\ncould not be checked\n",
			"\"result\": \"unchecked\""},
		{FINDING_FAILED, FINDING_FAILED, "\nrefused\n", "\"result\": \"failed\""},
		{FINDING_UNCHECKED, FINDING_FAILED, "\nrefused\n",
			"\"result\": \"failed\""},
	};
	struct error err = ERROR_INIT;
	cleanup_verdict struct verdict *verdict = NULL;

	assert_ok(verdict_new(&verdict, &err), &err);
	assert_int_equal(verdict_result(verdict), FINDING_UNCHECKED);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		cleanup_buffer struct buffer text = BUFFER_INIT, json = BUFFER_INIT;

		assert_ok(verdict_add(verdict, steps[i].added, "r", &err, "t"), &err);
		assert_int_equal(verdict_result(verdict), steps[i].result);
		assert_ok(verdict_print(verdict, &text, &err), &err);
		assert_true(
			slice_ends_with(buffer_slice(&text), slice_str(steps[i].text)));
		assert_ok(verdict_to_json(verdict, &json, &err), &err);
		assert_non_null(strstr(buffer_str(&json), steps[i].json));
	}
}

/* ---- what other tools wrote ---- */

static void load_blobs(struct place *place, const char *folder)
{
	struct error err = ERROR_INIT;
	char path[512];
	DIR *dir;

	assert_true(snprintf(path, sizeof(path), "%s/blobs", folder) > 0);
	dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		cleanup_buffer struct buffer bytes = BUFFER_INIT;
		struct descriptor descriptor = {.media_type = OCI_LAYER};

		if (entry->d_name[0] == '.')
			continue;
		assert_true(snprintf(path, sizeof(path), "%s/blobs/%.100s", folder,
				    entry->d_name) > 0);
		assert_true(read_test_file(path, &bytes));
		assert_ok(repository_put_blob(place->repository, buffer_slice(&bytes),
				  &descriptor, &err),
			&err);
	}
	closedir(dir);
}

static void load_tags(struct place *place, const char *folder)
{
	struct error err = ERROR_INIT;
	DIR *dir = opendir(folder);

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		cleanup_buffer struct buffer bytes = BUFFER_INIT;
		struct slice name = slice_str(entry->d_name);
		struct descriptor stored;
		char path[512], tag[128];

		if (!slice_ends_with(name, SLICE(".manifest.json")))
			continue;
		assert_true(snprintf(path, sizeof(path), "%s/%.200s", folder,
				    entry->d_name) > 0);
		assert_true(snprintf(tag, sizeof(tag), "%.*s",
				    (int)(name.len - strlen(".manifest.json")),
				    name.data) > 0);
		assert_true(read_test_file(path, &bytes));
		assert_ok(repository_put_manifest(place->repository, buffer_slice(&bytes),
				  NULL, tag, &stored, &err),
			&err);
	}
	closedir(dir);
}

static void unpack_keys(const struct place *place, const char *archive)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("tar", "tar", "xzf", archive, "-C", place->folder, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_true(waitpid(pid, &status, 0) == pid && status == 0);
}

struct vector {
	const char *folder, *tag, *key, *type; /* type NULL: signature only */
	const char *signature, *attestation;   /* NULL: passes */
};

static void expect_or_pass(
	const struct verdict *verdict, const char *rule, const char *failure)
{
	expect_finding(verdict, rule, failure ? FINDING_FAILED : FINDING_PASSED,
		failure ? failure : "");
}

static void verify_vector(
	struct place *place, const char *root, const struct vector *vector)
{
	struct error err = ERROR_INIT;
	cleanup_key struct key *key = NULL;
	cleanup_verdict struct verdict *verdict = NULL;
	char path[512], rule[128];

	print_message("%s %s\n", vector->folder, vector->key);
	assert_true(snprintf(path, sizeof(path), "%s/l", place->folder) > 0);
	repository_close(&place->repository);
	assert_ok(fs_remove_tree(AT_FDCWD, path, &err), &err);
	place_open(place);
	assert_true(snprintf(path, sizeof(path), "%s/keys/%s", place->folder,
			    vector->key) > 0);
	assert_ok(key_load(path, &key, &err), &err);
	assert_true(snprintf(path, sizeof(path), "%s/%s", root, vector->folder) > 0);
	load_blobs(place, path);
	load_tags(place, path);
	verdict = verify_with(place, vector->tag, key, vector->type);
	expect_or_pass(verdict, "layout", NULL);
	expect_or_pass(verdict, "signature", vector->signature);
	if (!vector->type)
		return;
	assert_true(snprintf(rule, sizeof(rule), "attestation %s", vector->type) > 0);
	expect_or_pass(verdict, rule, vector->attestation);
}

/* OpenSSL has it from 3.2 on, and a newer FIPS module below an older library, too: the
 * vector of RFC 8032, 7.3. */
static bool has_ed25519ph(void)
{
	static const char pem[] =
		"-----BEGIN PUBLIC KEY-----\n"
		"MCowBQYDK2VwAyEA7Bcrk61eVjv0kyxw4SRQNMNUZ+8u/U1k6/gZaDRn4r8=\n"
		"-----END PUBLIC KEY-----\n";
	struct error err = ERROR_INIT;
	cleanup_key struct key *key = NULL;
	cleanup_buffer struct buffer signature = BUFFER_INIT;

	assert_ok(key_from_pem(slice_str(pem), &key, &err), &err);
	assert_ok(base64_decode(SLICE("mKcCIvC4Ehqp0w+BPWg/gJ5GK0acf/h2OUmbuU5trkEx+"
				      "FBCRjwqNVogA9BirfWqoQuMYeY2Biqq0RwqJgg0Bg=="),
			  &signature, &err),
		&err);
	return key_verify(key, SLICE("abc"), buffer_slice(&signature), &err) == 0;
}

static void vectors_of_other_tools(void **state)
{
	struct place *place = *state;
	const struct vector vectors[] = {
		{"cosign-2.5.0-legacy-sign-attest", "latest", "p256.pub",
			"https://example.com/pred/v1", NULL, NULL},
		{"cosign-2.5.0-legacy-sign-attest", "latest", "c3.pub", NULL,
			"foreign key", NULL},
		{"cosign-3.1.1-bundle-sign", "latest", "p256.pub",
			"https://example.com/pred/v1", NULL, "missing attestation"},
		{"cosign-3.1.1-bundle-attest-only", "latest", "p256.pub",
			"https://example.com/pred/v1", "missing signature", NULL},
		{"cosign-3.1.1-rsa2048", "latest", "rsa2048.pub", NULL, NULL, NULL},
		{"cosign-3.1.1-ed25519-is-ed25519ph", "latest", "ed25519.pub", NULL,
			has_ed25519ph() ? NULL : "foreign key", NULL},
		{"dual-legacy-and-bundle", "latest", "p256.pub", NULL, NULL, NULL},
		{"handmade-gold-dual-publish", "latest", "handmade-p256.pub",
			"https://slsa.dev/provenance/v1", NULL, NULL},
		{"handmade-gold-dual-publish", "v1", "handmade-p256.pub",
			"https://spdx.dev/Document", NULL, NULL},
		{"handmade-gold-dual-publish", "v1", "p256.pub",
			"https://spdx.dev/Document", "foreign key", "foreign key"},
		{"skopeo-1.18.0-sigstore-sign", "v1", "p256.pub", NULL, NULL, NULL},
		{"notation-1.3.2-jws-and-cose", "v1", "p256.pub", NULL, NULL, NULL},
	};
	const char *archive = shared_path("vectors/real-tools/keys.tar.gz");
	char root[400];

	if (!archive)
		return;
	unpack_keys(place, archive);
	assert_true(snprintf(root, sizeof(root), "%s", archive) > 0);
	*strrchr(root, '/') = '\0';
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		verify_vector(place, root, &vectors[i]);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_PLACE(signed_and_attested_passes),
		AT_PLACE(one_layout_is_enough),
		AT_PLACE(signing_again_changes_nothing),
		AT_PLACE(keys_and_types_are_kept_apart),
		AT_PLACE(unsigned_is_refused),
		AT_PLACE(foreign_key_is_refused),
		AT_PLACE(attestation_is_no_signature),
		AT_PLACE(moved_claims_are_refused),
		AT_PLACE(missing_attestation_is_refused),
		AT_PLACE(damaged_blobs_are_refused),
		AT_PLACE(junk_beside_the_image),
		AT_PLACE(other_payloads_do_not_count),
		AT_PLACE(certificates_are_not_checked),
		AT_PLACE(only_fitting_statements_are_attached),
		AT_PLACE(bundle_must_not_hide_old_signatures),
		AT_PLACE(errors_are_not_verdicts),
		AT_PLACE(index_and_children),
		AT_PLACE(stranger_at_the_index),
		cmocka_unit_test(texts_are_made_harmless),
		cmocka_unit_test(results_are_three),
		AT_PLACE(vectors_of_other_tools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
