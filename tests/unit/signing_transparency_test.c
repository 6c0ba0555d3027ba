/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signing_support.h"

#include "signing/transparency.h"
#include "tests/unit/signing_mock.h"

#define LEAVES_MAX 20

struct proven {
	struct inclusion_proof proof;
	struct slice hashes[BUNDLE_HASHES_MAX];
};

static void prove(
	const struct slice *leaves, size_t count, size_t index, struct proven *ret)
{
	cleanup_json json_t *path = json_array();
	struct error err = ERROR_INIT;

	mock_path(leaves, count, index, path);
	*ret = (struct proven){.proof = {.log_index = index, .tree_size = count}};
	ret->proof.root = mock_tree(leaves, count);
	ret->proof.hash_count = json_array_size(path);
	for (size_t i = 0; i < ret->proof.hash_count; i++) {
		struct buffer hash = BUFFER_INIT;

		assert_ok(base64_decode(
				  slice_str(json_string_value(json_array_get(path, i))),
				  &hash, &err),
			&err);
		ret->hashes[i] = mock_leak(&hash);
	}
	ret->proof.hashes = ret->hashes;
}

/* Everything else than the truth is refused. */
static void check_wrong(struct proven *proven, struct slice leaf)
{
	struct error err = ERROR_INIT;
	struct inclusion_proof wrong = proven->proof;

	wrong.log_index++;
	assert_int_equal(inclusion_proof_verify(&wrong, leaf, &err), ERR_REFUSED);
	error_clear(&err);
	wrong = proven->proof;
	wrong.log_index = UINT64_MAX;
	assert_int_equal(inclusion_proof_verify(&wrong, leaf, &err), ERR_REFUSED);
	error_clear(&err);
	wrong = proven->proof;
	wrong.tree_size = 0;
	assert_int_equal(inclusion_proof_verify(&wrong, leaf, &err), ERR_REFUSED);
	error_clear(&err);
	wrong = proven->proof;
	proven->hashes[wrong.hash_count++] = wrong.root; /* one too many */
	assert_int_equal(inclusion_proof_verify(&wrong, leaf, &err), ERR_REFUSED);
	error_clear(&err);
	if (proven->proof.hash_count > 0) {
		wrong = proven->proof;
		wrong.hash_count--;
		assert_int_equal(inclusion_proof_verify(&wrong, leaf, &err), ERR_REFUSED);
		error_clear(&err);
	}
	assert_refused(inclusion_proof_verify(&proven->proof, SLICE("other"), &err),
		ERR_REFUSED, "root hash", &err);
}

static void proofs_of_small_trees(void **state)
{
	struct slice leaves[LEAVES_MAX];
	char names[LEAVES_MAX];

	(void)state;
	for (size_t i = 0; i < LEAVES_MAX; i++) {
		names[i] = (char)('a' + i);
		leaves[i] = slice_from(&names[i], 1);
	}
	for (size_t count = 1; count <= LEAVES_MAX; count++)
		for (size_t index = 0; index < count; index++) {
			struct error err = ERROR_INIT;
			struct proven proven;

			prove(leaves, count, index, &proven);
			assert_ok(inclusion_proof_verify(
					  &proven.proof, leaves[index], &err),
				&err);
			check_wrong(&proven, leaves[index]);
		}
	(void)mock_leak(NULL);
}

/* A node must not pass for a leaf (RFC 9162, 2.1.1: the prefixes). */
static void node_is_no_leaf(void **state)
{
	struct slice leaves[2] = {SLICE("a"), SLICE("b")}, node;
	struct inclusion_proof proof = {.tree_size = 1};
	struct error err = ERROR_INIT;

	(void)state;
	node = mock_join(mock_tree(leaves, 1), mock_tree(leaves + 1, 1));
	proof.root = mock_tree(leaves, 2);
	assert_refused(inclusion_proof_verify(&proof, node, &err), ERR_REFUSED,
		"root hash", &err);
	(void)mock_leak(NULL);
}

#define INTOTO                                                                           \
	"{\"apiVersion\":\"0.0.2\",\"kind\":\"intoto\",\"spec\":{\"content\":{"          \
	"\"payloadHash\":{\"algorithm\":\"sha256\",\"value\":\"%s\"},\"envelope\":{"     \
	"\"payloadType\":\"%s\",\"signatures\":[{\"sig\":\"%s\",\"publicKey\":\"%s\"}]}" \
	"}}}"

/* The kind "intoto", which the mock does not log by itself: signature in base64 twice. */
static int verify_intoto(
	struct mock *mock, const char *type, bool once, bool other, struct error *err)
{
	cleanup_json json_t *bundle_json = NULL, *entry_json = NULL;
	cleanup_bundle struct bundle *bundle = NULL;
	cleanup_trusted_root struct trusted_root *root = NULL;
	cleanup_key struct key *key = NULL;
	struct mock_options options = {.dsse = true, .plain_key = true};
	struct buffer body = BUFFER_INIT;
	struct log_word word;
	const char *signature;

	bundle_json = mock_bundle(mock, &options);
	assert_ok(bundle_parse(mock_text(bundle_json), &bundle, err), err);
	signature = mock_base64(other ? mock_sign(mock->leaf_key, SLICE("other"))
				      : bundle->envelope->signatures[0].signature);
	assert_ok(buffer_printf(&body, err, INTOTO,
			  mock_hex(mock_sha256(bundle->envelope->payload)), type,
			  once ? signature : mock_base64(slice_str(signature)),
			  mock_pem("PUBLIC KEY", mock_public(mock->leaf_key))),
		err);
	entry_json = mock_entry(mock, &options, mock_leak(&body));
	MUST(json_object_set_new(entry_json, "kindVersion",
		     json_pack("{s:s,s:s}", "kind", "intoto", "version", "0.0.2")) == 0);
	MUST(json_array_set(
		     json_object_get(json_object_get(bundle_json, "verificationMaterial"),
			     "tlogEntries"),
		     0, entry_json) == 0);
	bundle_free(&bundle);
	assert_ok(bundle_parse(mock_text(bundle_json), &bundle, err), err);
	assert_ok(trusted_root_parse(mock_text(mock->trusted), &root, err), err);
	assert_ok(key_from_der(mock_public(mock->leaf_key), &key, err), err);
	return log_entry_verify(&bundle->entries[0], 3,
		&(struct claim_signed){
			.signature = bundle->envelope->signatures[0].signature,
			.envelope = bundle->envelope,
			.has_bytes = true,
			.key = key},
		root, &word, err);
}

static void intoto_entries(void **state)
{
	struct error err = ERROR_INIT;
	struct mock mock;

	(void)state;
	mock_init(&mock, 0);
	assert_ok(verify_intoto(&mock, PAYLOAD_IN_TOTO, false, false, &err), &err);
	assert_refused(verify_intoto(&mock, "text/plain", false, false, &err),
		ERR_REFUSED, "payload type", &err);
	assert_int_equal(
		verify_intoto(&mock, PAYLOAD_IN_TOTO, true, false, &err), ERR_REFUSED);
	error_clear(&err);
	assert_refused(verify_intoto(&mock, PAYLOAD_IN_TOTO, false, true, &err),
		ERR_REFUSED, "another signature", &err);
	mock_done(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proofs_of_small_trees),
		cmocka_unit_test(node_is_no_leaf),
		cmocka_unit_test(intoto_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
