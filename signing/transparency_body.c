/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <openssl/evp.h>

#include "base/encode.h"
#include "base/json.h"
#include "signing/transparency_private.h"

static int differs(struct error *err, const char *what)
{
	return error_set(err, ERR_REFUSED, "it was made for another %s", what);
}

/* ---- parts ---- */

static int check_base64(
	const char *text, struct slice wanted, const char *what, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	if (base64_decode(slice_str(text), &bytes, err) < 0)
		return error_wrap(err, "%s", what);
	return slice_equal(buffer_slice(&bytes), wanted) ? 0 : differs(err, what);
}

static int check_signature(
	const char *text, const struct claim_signed *claim, struct error *err)
{
	return check_base64(text, claim->signature, "signature", err);
}

/* der is a certificate or a SubjectPublicKeyInfo: exactly the one that we check with. */
static int check_signer(struct slice der, bool is_certificate,
	const struct claim_signed *claim, struct error *err)
{
	struct digest id;

	if (is_certificate != (claim->certificate.len > 0))
		return differs(err, "signer");
	if (is_certificate)
		return slice_equal(der, claim->certificate) ? 0
							    : differs(err, "certificate");
	if (digest_of(DIGEST_SHA256, der, &id, err) < 0)
		return err->class;
	return digest_equal(&id, key_id(claim->key)) ? 0 : differs(err, "key");
}

/*
 * PEM as logs hold it. Not pem.h: people put it there with lines of any length, and it is
 * compared with what we have, never used.
 */
static bool pem_body(
	struct slice pem, struct slice begin, struct slice end, struct slice *ret_body)
{
	pem = slice_trim(pem);
	if (pem.len < begin.len + end.len || !slice_starts_with(pem, begin) ||
		!slice_ends_with(pem, end))
		return false;
	*ret_body = slice_sub(pem, begin.len, pem.len - begin.len - end.len);
	return true;
}

/* base64 of PEM */
static int check_pem_signer(
	const char *text, const struct claim_signed *claim, struct error *err)
{
	cleanup_buffer struct buffer pem = BUFFER_INIT, der = BUFFER_INIT;
	struct slice body;
	bool is_certificate;

	if (base64_decode(slice_str(text), &pem, err) < 0)
		return error_wrap(err, "its signer");
	is_certificate =
		pem_body(buffer_slice(&pem), SLICE("-----BEGIN CERTIFICATE-----"),
			SLICE("-----END CERTIFICATE-----"), &body);
	if (!is_certificate &&
		!pem_body(buffer_slice(&pem), SLICE("-----BEGIN PUBLIC KEY-----"),
			SLICE("-----END PUBLIC KEY-----"), &body))
		return error_set(err, ERR_REFUSED,
			"its signer is neither a certificate nor a public key");
	if (base64_decode_lenient(body, &der, err) < 0)
		return error_wrap(err, "its signer");
	return check_signer(buffer_slice(&der), is_certificate, claim, err);
}

static const struct {
	const char *name, *v2_name, *evp;
	enum digest_algorithm algorithm; /* 0: not one of base/digest.h */
	size_t len;
} algorithms[] = {
	{"sha256", "SHA2_256", "SHA256", DIGEST_SHA256, 32},
	{"sha384", "SHA2_384", "SHA384", 0, 48},
	{"sha512", "SHA2_512", "SHA512", DIGEST_SHA512, 64},
};

/* The digest of what is signed, under the algorithm that the entry chose. */
static int check_digest(size_t algorithm, struct slice wanted,
	const struct claim_signed *claim, struct error *err)
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	size_t len = 0;

	if (claim->digest.algorithm == algorithms[algorithm].algorithm) {
		len = claim->digest.len;
		memcpy(bytes, claim->digest.bytes, len);
	} else if (!claim->has_bytes) {
		return error_set(err, ERR_REFUSED,
			"its digest is %s, which the given digest cannot be compared to",
			algorithms[algorithm].name);
	} else if (EVP_Q_digest(NULL, algorithms[algorithm].evp, NULL, claim->bytes.data,
			   claim->bytes.len, bytes, &len) != 1) {
		return error_set(err, ERR_SYSTEM, "hashing with %s failed",
			algorithms[algorithm].name);
	}
	return slice_equal(slice_from(bytes, len), wanted)
		       ? 0
		       : differs(err, "artifact (digest)");
}

static int check_hex_digest(const json_t *object, const char *where,
	const struct claim_signed *claim, struct error *err)
{
	const char *name, *value;
	uint8_t bytes[EVP_MAX_MD_SIZE];

	if (json_get_string(object, "algorithm", where, &name, err) < 0 ||
		json_get_string(object, "value", where, &value, err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		if (strcmp(algorithms[i].name, name) != 0)
			continue;
		if (hex_decode(slice_str(value), bytes, algorithms[i].len, err) < 0)
			return error_wrap(err, "%s", where);
		return check_digest(i, slice_from(bytes, algorithms[i].len), claim, err);
	}
	return error_set(err, ERR_REFUSED, "%s: \"%.32s\" is not supported", where, name);
}

/* {"algorithm":"sha256","value":hex} of these bytes, which `what` names. */
static int check_sha256(const json_t *object, const char *where, struct slice bytes,
	const char *what, struct error *err)
{
	const char *name, *value;
	struct digest wanted, found;

	if (json_get_string(object, "algorithm", where, &name, err) < 0 ||
		json_get_string(object, "value", where, &value, err) < 0)
		return err->class;
	if (strcmp(name, "sha256") != 0)
		return error_set(
			err, ERR_REFUSED, "%s: \"%.32s\" is not supported", where, name);
	if (digest_parse_hex(DIGEST_SHA256, slice_str(value), &wanted, err) < 0)
		return error_wrap(err, "%s", where);
	if (digest_of(DIGEST_SHA256, bytes, &found, err) < 0)
		return err->class;
	return digest_equal(&wanted, &found) ? 0 : differs(err, what);
}

static int check_payload(const json_t *object, const char *where,
	const struct claim_signed *claim, struct error *err)
{
	if (!claim->envelope)
		return differs(err, "kind of signature");
	return check_sha256(object, where, claim->envelope->payload, "payload", err);
}

/* The one item of an array of objects. */
static int only_item(const json_t *object, const char *key, const char *where,
	json_t **ret_item, struct error *err)
{
	json_t *list;

	if (json_get_array(object, key, where, 1, &list, err) < 0)
		return err->class;
	if (json_array_size(list) != 1 || !json_is_object(json_array_get(list, 0)))
		return error_set(err, ERR_REFUSED, "%s.%s: not one object", where, key);
	*ret_item = json_array_get(list, 0);
	return 0;
}

/* ---- kinds ---- */

static int check_hashedrekord(
	const json_t *spec, const struct claim_signed *claim, struct error *err)
{
	json_t *data, *hash, *signature, *signer;
	const char *content, *pem;

	if (json_get_object(spec, "data", "spec", &data, err) < 0 ||
		json_get_object(data, "hash", "spec.data", &hash, err) < 0 ||
		json_get_object(spec, "signature", "spec", &signature, err) < 0 ||
		json_get_string(signature, "content", "spec.signature", &content, err) <
			0 ||
		json_get_object(signature, "publicKey", "spec.signature", &signer, err) <
			0 ||
		json_get_string(
			signer, "content", "spec.signature.publicKey", &pem, err) < 0 ||
		check_hex_digest(hash, "spec.data.hash", claim, err) < 0 ||
		check_signature(content, claim, err) < 0)
		return err->class;
	return check_pem_signer(pem, claim, err);
}

static int check_v2_signer(
	const json_t *verifier, const struct claim_signed *claim, struct error *err)
{
	const char *where = "spec.signature.verifier", *raw;
	cleanup_buffer struct buffer der = BUFFER_INIT;
	json_t *certificate = NULL, *key = NULL;

	if (json_opt_object(verifier, "x509Certificate", where, &certificate, err) < 0 ||
		json_opt_object(verifier, "publicKey", where, &key, err) < 0)
		return err->class;
	if (!certificate == !key)
		return error_set(err, ERR_REFUSED, "%s: not one signer", where);
	if (json_get_string(
		    certificate ? certificate : key, "rawBytes", where, &raw, err) < 0 ||
		base64_decode(slice_str(raw), &der, err) < 0)
		return error_wrap(err, "its signer");
	return check_signer(buffer_slice(&der), certificate != NULL, claim, err);
}

static int check_v2_data(
	const json_t *data, const struct claim_signed *claim, struct error *err)
{
	cleanup_buffer struct buffer wanted = BUFFER_INIT;
	const char *name, *text;

	if (json_get_string(data, "algorithm", "spec.data", &name, err) < 0 ||
		json_get_string(data, "digest", "spec.data", &text, err) < 0 ||
		base64_decode(slice_str(text), &wanted, err) < 0)
		return err->class;
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
		if (strcmp(algorithms[i].v2_name, name) == 0)
			return check_digest(i, buffer_slice(&wanted), claim, err);
	return error_set(err, ERR_REFUSED, "spec.data: \"%.32s\" is not supported", name);
}

static int check_hashedrekord_v2(
	const json_t *spec, const struct claim_signed *claim, struct error *err)
{
	json_t *record, *data, *signature, *verifier;
	const char *content;

	if (json_get_object(spec, "hashedRekordV002", "spec", &record, err) < 0 ||
		json_get_object(record, "data", "spec", &data, err) < 0 ||
		json_get_object(record, "signature", "spec", &signature, err) < 0 ||
		json_get_string(signature, "content", "spec.signature", &content, err) <
			0 ||
		json_get_object(signature, "verifier", "spec.signature", &verifier, err) <
			0 ||
		check_v2_data(data, claim, err) < 0 ||
		check_signature(content, claim, err) < 0)
		return err->class;
	return check_v2_signer(verifier, claim, err);
}

/* The envelope's text names its one signature, the claim's. Only layers have that text.
 */
static int check_envelope_text(const json_t *hash, const char *where,
	const struct claim_signed *claim, struct error *err)
{
	return check_sha256(hash, where, claim->envelope_text, "envelope", err);
}

static int check_dsse(
	const json_t *spec, const struct claim_signed *claim, struct error *err)
{
	json_t *payload, *signature, *hash = NULL;
	const char *text, *pem;

	if (json_opt_object(spec, "envelopeHash", "spec", &hash, err) < 0 ||
		json_get_object(spec, "payloadHash", "spec", &payload, err) < 0 ||
		only_item(spec, "signatures", "spec", &signature, err) < 0 ||
		json_get_string(signature, "signature", "spec.signatures", &text, err) <
			0 ||
		json_get_string(signature, "verifier", "spec.signatures", &pem, err) <
			0 ||
		check_payload(payload, "spec.payloadHash", claim, err) < 0 ||
		check_signature(text, claim, err) < 0 ||
		(hash && claim->envelope_text.len > 0 &&
			check_envelope_text(hash, "spec.envelopeHash", claim, err) < 0))
		return err->class;
	return check_pem_signer(pem, claim, err);
}

/* The signature is in base64 twice: Rekor encodes the envelope's text again. */
static int check_twice_encoded(
	const char *text, const struct claim_signed *claim, struct error *err)
{
	cleanup_buffer struct buffer once = BUFFER_INIT;

	if (base64_decode(slice_str(text), &once, err) < 0)
		return error_wrap(err, "its signature");
	if (memchr(buffer_str(&once), '\0', once.len))
		return differs(err, "signature");
	return check_signature(buffer_str(&once), claim, err);
}

static int check_intoto(
	const json_t *spec, const struct claim_signed *claim, struct error *err)
{
	json_t *content, *payload, *envelope, *signature;
	const char *type, *text, *pem;

	if (json_get_object(spec, "content", "spec", &content, err) < 0 ||
		json_get_object(content, "payloadHash", "spec.content", &payload, err) <
			0 ||
		json_get_object(content, "envelope", "spec.content", &envelope, err) <
			0 ||
		json_get_string(envelope, "payloadType", "spec.content.envelope", &type,
			err) < 0 ||
		only_item(envelope, "signatures", "spec.content.envelope", &signature,
			err) < 0 ||
		json_get_string(signature, "sig", "spec.content.envelope", &text, err) <
			0 ||
		json_get_string(
			signature, "publicKey", "spec.content.envelope", &pem, err) < 0 ||
		check_payload(payload, "spec.content.payloadHash", claim, err) < 0 ||
		check_twice_encoded(text, claim, err) < 0)
		return err->class;
	if (strcmp(type, claim->envelope->payload_type) != 0)
		return differs(err, "payload type");
	return check_pem_signer(pem, claim, err);
}

static int check_intoto_old(
	const json_t *spec, const struct claim_signed *claim, struct error *err)
{
	json_t *content, *hash, *payload;
	const char *pem;

	if (claim->envelope_text.len == 0)
		return error_set(err, ERR_REFUSED,
			"kind intoto 0.0.1 does not name the signature");
	if (json_get_object(spec, "content", "spec", &content, err) < 0 ||
		json_get_object(content, "hash", "spec.content", &hash, err) < 0 ||
		json_get_object(content, "payloadHash", "spec.content", &payload, err) <
			0 ||
		json_get_string(spec, "publicKey", "spec", &pem, err) < 0 ||
		check_payload(payload, "spec.content.payloadHash", claim, err) < 0 ||
		check_envelope_text(hash, "spec.content.hash", claim, err) < 0)
		return err->class;
	return check_pem_signer(pem, claim, err);
}

static const struct {
	const char *kind, *version;
	int (*check)(
		const json_t *spec, const struct claim_signed *claim, struct error *err);
} kinds[] = {
	{"hashedrekord", "0.0.1", check_hashedrekord},
	{"hashedrekord", "0.0.2", check_hashedrekord_v2},
	{"dsse", "0.0.1", check_dsse},
	{"intoto", "0.0.1", check_intoto_old},
	{"intoto", "0.0.2", check_intoto},
};

static int check_body(const json_t *body, const struct log_entry *entry,
	const struct claim_signed *claim, struct error *err)
{
	const char *kind, *version;
	json_t *spec;

	if (!json_is_object(body))
		return error_set(err, ERR_REFUSED, "its body is not an object");
	if (json_get_string(body, "kind", "body", &kind, err) < 0 ||
		json_get_string(body, "apiVersion", "body", &version, err) < 0 ||
		json_get_object(body, "spec", "body", &spec, err) < 0)
		return err->class;
	if (strcmp(kind, entry->kind) != 0 || strcmp(version, entry->version) != 0)
		return error_set(err, ERR_REFUSED,
			"its body is %.32s %.16s, the bundle says %.32s %.16s", kind,
			version, entry->kind, entry->version);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0 &&
			strcmp(kinds[i].version, version) == 0)
			return kinds[i].check(spec, claim, err);
	return error_set(
		err, ERR_REFUSED, "kind %.32s %.16s is not supported", kind, version);
}

int log_body_verify(const struct log_entry *entry, const struct claim_signed *claim,
	struct error *err)
{
	cleanup_json json_t *body = NULL;

	if (json_load_slice(entry->body, "body", &body, err) < 0)
		return err->class;
	return check_body(body, entry, claim, err);
}
