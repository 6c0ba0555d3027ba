/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Sigstore of our own, with keys made on the spot: certificate authority, certificate
 * transparency log, Rekor v1 (ECDSA) and v2 (Ed25519), time stamp authority. It signs
 * what the options say, also what a real one never would. For tests only.
 */
#ifndef TESTS_UNIT_SIGNING_MOCK_H
#define TESTS_UNIT_SIGNING_MOCK_H

#include <jansson.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/json.h"
#include "signing/envelope.h"
#include "signing/pem.h"

#define MOCK_TIME     1700000000 /* when everything is signed, unless told */
#define MOCK_IDENTITY "https://example.org/build.yml@refs/heads/main"
#define MOCK_ISSUER   "https://token.example.org"
#define MOCK_ARTIFACT "what is signed\n"

#define MUST(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			(void)fprintf(                                                   \
				stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
			abort();                                                         \
		}                                                                        \
	} while (0)

struct mock_options {
	bool dsse, v2, plain_key;
	unsigned version;       /* of the bundle, 1 … 3; 0: 3 */
	int64_t stamped;        /* time of the time stamp; 0: none */
	int64_t integrated;     /* 0: MOCK_TIME */
	int64_t leaf_start;     /* 0: MOCK_TIME - 60; for ten minutes */
	int64_t authority_end;  /* of the intermediate certificate; 0: long */
	const char *san;        /* "type:name"; NULL: MOCK_IDENTITY */
	const char *eku;        /* NULL: codeSigning */
	const char *old_issuer; /* NULL: as the new one */
	bool leaf_is_ca, no_sct, wrong_sct, stamp_something_else;
	bool log_other_signature, log_other_digest, log_other_signer;
	const char *subject; /* hexadecimal; NULL: the artifact's */
	const char *origin;  /* of the checkpoint; NULL: the log's name */
	const char *message; /* what a message signature is over; NULL: MOCK_ARTIFACT */
	const char *predicate_type, *predicate; /* NULL: "https://example.org/p", {} */
	bool intoto_old; /* layers: entry of kind intoto 0.0.1 instead of dsse */
	bool no_entry, log_other_envelope;
};

struct mock {
	EVP_PKEY *root_key, *issuer_key, *leaf_key, *ct_key, *log_key, *log2_key,
		*tsa_root_key, *tsa_key, *other_key;
	X509 *root, *issuer, *leaf, *tsa_root, *tsa;
	json_t *trusted; /* trusted_root.json */
};

/* ---- bytes ---- */

UNUSED static struct slice mock_leak(struct buffer *buf)
{
	static struct buffer kept[65536]; /* freed by mock_done */
	static size_t count;

	if (!buf) {
		while (count > 0)
			buffer_done(&kept[--count]);
		return SLICE_EMPTY;
	}
	MUST(count < ARRAY_LEN(kept));
	kept[count] = *buf;
	*buf = BUFFER_INIT;
	return buffer_slice(&kept[count++]);
}

static struct slice mock_bytes(const void *data, size_t len)
{
	struct buffer copy = BUFFER_INIT;
	struct error err = ERROR_INIT;

	MUST(buffer_add(&copy, data, len, &err) == 0);
	return mock_leak(&copy);
}

static const char *mock_base64(struct slice bytes)
{
	struct buffer text = BUFFER_INIT;
	struct error err = ERROR_INIT;

	MUST(base64_encode(bytes, &text, &err) == 0 &&
		buffer_add(&text, "", 1, &err) == 0);
	return mock_leak(&text).data;
}

static struct slice mock_der(int len, unsigned char *der)
{
	struct slice bytes;

	MUST(len > 0);
	bytes = mock_bytes(der, (size_t)len); /* positive */
	OPENSSL_free(der);
	return bytes;
}

#define MOCK_DER(type, object)                                                           \
	({                                                                               \
		unsigned char *der_ = NULL;                                              \
		int len_ = i2d_##type((object), &der_);                                  \
		mock_der(len_, der_);                                                    \
	})

static struct slice mock_sha256(struct slice bytes)
{
	struct digest digest;
	struct error err = ERROR_INIT;

	MUST(digest_of(DIGEST_SHA256, bytes, &digest, &err) == 0);
	return mock_bytes(digest.bytes, digest.len);
}

static const char *mock_hex(struct slice bytes)
{
	struct buffer text = BUFFER_INIT;
	struct error err = ERROR_INIT;

	MUST(buffer_add_zeros(&text, 2 * bytes.len + 1, &err) == 0);
	hex_encode((const uint8_t *)bytes.data, bytes.len, text.data);
	return mock_leak(&text).data;
}

static struct slice mock_join(struct slice a, struct slice b)
{
	struct buffer both = BUFFER_INIT;
	struct error err = ERROR_INIT;

	MUST(buffer_add_slice(&both, a, &err) == 0 &&
		buffer_add_slice(&both, b, &err) == 0);
	return mock_leak(&both);
}

/* ---- keys ---- */

static struct slice mock_sign(EVP_PKEY *key, struct slice message)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[512];
	size_t len = sizeof(signature);

	MUST(context && EVP_DigestSignInit_ex(context, NULL,
				EVP_PKEY_is_a(key, "ED25519") ? NULL : "SHA256", NULL,
				NULL, key, NULL) == 1);
	MUST(EVP_DigestSign(context, signature, &len, (const unsigned char *)message.data,
		     message.len) == 1);
	EVP_MD_CTX_free(context);
	return mock_bytes(signature, len);
}

static struct slice mock_public(EVP_PKEY *key)
{
	return MOCK_DER(PUBKEY, key);
}

static const char *mock_pem(const char *label, struct slice der)
{
	struct buffer text = BUFFER_INIT;
	struct error err = ERROR_INIT;

	MUST(buffer_printf(&text, &err, "-----BEGIN %s-----\n%s\n-----END %s-----\n",
		     label, mock_base64(der), label) == 0);
	return mock_base64(mock_leak(&text));
}

/* ---- certificates ---- */

static void mock_extend(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	MUST(extension && X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
}

static void mock_add(X509 *certificate, const char *oid, struct slice value)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	MUST(object && octets &&
		ASN1_OCTET_STRING_set(
			octets, (const unsigned char *)value.data, (int)value.len) == 1);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
	MUST(extension && X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
}

static X509 *mock_certificate(
	const char *name, X509 *issuer, EVP_PKEY *key, int64_t start, int64_t end)
{
	X509 *certificate = X509_new();
	X509_NAME *subject;
	static long serial;

	MUST(certificate && X509_set_version(certificate, X509_VERSION_3) == 1);
	MUST(ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial) == 1);
	subject = X509_get_subject_name(certificate);
	if (name)
		MUST(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
			     (const unsigned char *)name, -1, -1, 0) == 1);
	MUST(X509_set_issuer_name(
		     certificate, issuer ? X509_get_subject_name(issuer) : subject) == 1);
	MUST(ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)start) &&
		ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)end));
	MUST(X509_set_pubkey(certificate, key) == 1);
	return certificate;
}

static X509 *mock_authority(
	const char *name, X509 *issuer, EVP_PKEY *key, EVP_PKEY *issuer_key, int64_t end)
{
	X509 *certificate = mock_certificate(name, issuer, key, MOCK_TIME - 1000000, end);

	mock_extend(certificate, issuer ? issuer : certificate, NID_basic_constraints,
		"critical,CA:TRUE");
	mock_extend(certificate, issuer ? issuer : certificate, NID_key_usage,
		"critical,keyCertSign,cRLSign");
	mock_extend(certificate, issuer ? issuer : certificate,
		NID_subject_key_identifier, "hash");
	MUST(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
	return certificate;
}

static void mock_number(struct buffer *out, uint64_t value, unsigned bytes)
{
	struct error err = ERROR_INIT;

	for (unsigned i = bytes; i-- > 0;)
		MUST(buffer_add_byte(out, (char)(value >> (8 * i) & 0xff), &err) == 0);
}

/* RFC 6962, 3.2 and 3.3, written down a second time. */
static struct slice mock_sct_list(struct mock *mock, X509 *leaf, bool wrong)
{
	struct buffer signed_bytes = BUFFER_INIT, sct = BUFFER_INIT, list = BUFFER_INIT;
	struct error err = ERROR_INIT;
	struct slice tbs, signature, issuer = mock_sha256(mock_public(mock->issuer_key)),
				     id = mock_sha256(mock_public(mock->ct_key));
	unsigned char *der = NULL;
	int len = i2d_re_X509_tbs(leaf, &der);

	tbs = mock_der(len, der);
	mock_number(&signed_bytes, 0, 2);
	mock_number(&signed_bytes, MOCK_TIME * 1000ULL, 8);
	mock_number(&signed_bytes, 1, 2);
	MUST(buffer_add_slice(&signed_bytes, issuer, &err) == 0);
	mock_number(&signed_bytes, tbs.len, 3);
	MUST(buffer_add_slice(&signed_bytes, tbs, &err) == 0);
	mock_number(&signed_bytes, 0, 2);
	signature = mock_sign(
		wrong ? mock->other_key : mock->ct_key, buffer_slice(&signed_bytes));
	buffer_done(&signed_bytes);
	mock_number(&sct, 0, 1);
	MUST(buffer_add_slice(&sct, id, &err) == 0);
	mock_number(&sct, MOCK_TIME * 1000ULL, 8);
	mock_number(&sct, 0, 2);
	mock_number(&sct, 0x0403, 2); /* SHA-256, ECDSA */
	mock_number(&sct, signature.len, 2);
	MUST(buffer_add_slice(&sct, signature, &err) == 0);
	mock_number(&list, 0x04, 1); /* OCTET STRING, below 256 bytes; DER is minimal */
	if (sct.len + 4 >= 128)
		mock_number(&list, 0x81, 1);
	mock_number(&list, sct.len + 4, 1);
	mock_number(&list, sct.len + 2, 2);
	mock_number(&list, sct.len, 2);
	MUST(buffer_add_slice(&list, buffer_slice(&sct), &err) == 0);
	buffer_done(&sct);
	return mock_leak(&list);
}

static void mock_make_leaf(struct mock *mock, const struct mock_options *options)
{
	int64_t start = options->leaf_start ? options->leaf_start : MOCK_TIME - 60;
	X509 *leaf =
		mock_certificate(NULL, mock->issuer, mock->leaf_key, start, start + 600);
	char san[512];
	struct slice issuer;

	(void)snprintf(san, sizeof(san), "critical,%s",
		options->san ? options->san : "URI:" MOCK_IDENTITY);
	mock_extend(leaf, mock->issuer, NID_key_usage, "critical,digitalSignature");
	mock_extend(leaf, mock->issuer, NID_ext_key_usage,
		options->eku ? options->eku : "codeSigning");
	if (options->leaf_is_ca)
		mock_extend(leaf, mock->issuer, NID_basic_constraints, "CA:TRUE");
	mock_extend(leaf, mock->issuer, NID_subject_alt_name, san);
	issuer = slice_str(options->old_issuer ? options->old_issuer : MOCK_ISSUER);
	mock_add(leaf, "1.3.6.1.4.1.57264.1.1", issuer);
	mock_add(leaf, "1.3.6.1.4.1.57264.1.8",
		mock_join(slice_from((char[]){0x0c, (char)(sizeof(MOCK_ISSUER) - 1)}, 2),
			SLICE(MOCK_ISSUER)));
	MUST(X509_sign(leaf, mock->issuer_key, EVP_sha256()) > 0);
	if (!options->no_sct) {
		mock_add(leaf, "1.3.6.1.4.1.11129.2.4.2",
			mock_sct_list(mock, leaf, options->wrong_sct));
		MUST(X509_sign(leaf, mock->issuer_key, EVP_sha256()) > 0);
	}
	X509_free(mock->leaf);
	mock->leaf = leaf;
}

/* ---- time stamps ---- */

static ASN1_INTEGER *mock_ts_serial(struct TS_resp_ctx *context, void *data)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();

	(void)context;
	(void)data;
	MUST(serial && ASN1_INTEGER_set(serial, 7) == 1);
	return serial;
}

static int mock_ts_time(struct TS_resp_ctx *context, void *data, long *sec, long *usec)
{
	(void)context;
	*sec = (long)*(int64_t *)data;
	*usec = 0;
	return 1;
}

UNUSED static struct slice mock_timestamp(
	struct mock *mock, struct slice stamped, int64_t time, bool with_certificate)
{
	TS_RESP_CTX *context = TS_RESP_CTX_new();
	TS_REQ *request = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	ASN1_OBJECT *policy = OBJ_txt2obj("1.3.6.1.4.1.57264.2", 1);
	struct slice digest = mock_sha256(stamped), der;
	unsigned char *request_der = NULL;
	TS_RESP *response;
	BIO *bio;
	int len;

	MUST(context && request && imprint && algorithm && policy);
	X509_ALGOR_set_md(algorithm, EVP_sha256());
	MUST(TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
		TS_MSG_IMPRINT_set_msg(
			imprint, (unsigned char *)(uintptr_t)digest.data, 32) == 1);
	MUST(TS_REQ_set_version(request, 1) == 1 &&
		TS_REQ_set_msg_imprint(request, imprint) == 1 &&
		TS_REQ_set_cert_req(request, with_certificate) == 1);
	MUST(TS_RESP_CTX_set_signer_cert(context, mock->tsa) == 1 &&
		TS_RESP_CTX_set_signer_key(context, mock->tsa_key) == 1 &&
		TS_RESP_CTX_set_signer_digest(context, EVP_sha256()) == 1 &&
		TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256()) == 1 &&
		TS_RESP_CTX_set_def_policy(context, policy) == 1 &&
		TS_RESP_CTX_add_md(context, EVP_sha256()) == 1);
	TS_RESP_CTX_set_serial_cb(context, mock_ts_serial, NULL);
	TS_RESP_CTX_set_time_cb(context, mock_ts_time, &time);
	len = i2d_TS_REQ(request, &request_der);
	MUST(len > 0 && (bio = BIO_new_mem_buf(request_der, len)));
	response = TS_RESP_create_response(context, bio);
	MUST(response);
	der = MOCK_DER(TS_RESP, response);
	TS_RESP_free(response);
	BIO_free(bio);
	OPENSSL_free(request_der);
	ASN1_OBJECT_free(policy);
	X509_ALGOR_free(algorithm);
	TS_MSG_IMPRINT_free(imprint);
	TS_REQ_free(request);
	TS_RESP_CTX_free(context);
	return der;
}

/* ---- logs ---- */

/* RFC 9162, 2.1.1, by its recursive definition. */
static struct slice mock_tree(const struct slice *leaves, size_t count)
{
	size_t half = 1;

	if (count == 1)
		return mock_sha256(mock_join(slice_from("\0", 1), leaves[0]));
	while (half * 2 < count)
		half *= 2;
	return mock_sha256(mock_join(
		SLICE("\x01"), mock_join(mock_tree(leaves, half),
				       mock_tree(leaves + half, count - half))));
}

/* RFC 9162, 2.1.3.1; appends to the array. */
static void mock_path(
	const struct slice *leaves, size_t count, size_t index, json_t *hashes)
{
	size_t half = 1;

	if (count == 1)
		return;
	while (half * 2 < count)
		half *= 2;
	if (index < half)
		mock_path(leaves, half, index, hashes);
	else
		mock_path(leaves + half, count - half, index - half, hashes);
	MUST(json_array_append_new(
		     hashes, json_string(mock_base64(
				     index < half ? mock_tree(leaves + half, count - half)
						  : mock_tree(leaves, half)))) == 0);
}

/* "— name base64(hint ‖ signature)" below the text. */
UNUSED static struct slice mock_note(
	EVP_PKEY *key, struct slice id, const char *name, struct slice text)
{
	struct buffer out = BUFFER_INIT;
	struct error err = ERROR_INIT;

	MUST(buffer_add_slice(&out, text, &err) == 0 &&
		buffer_printf(&out, &err, "\n\xe2\x80\x94 %s %s\n", name,
			mock_base64(mock_join(
				slice_sub(id, 0, 4), mock_sign(key, text)))) == 0);
	return mock_leak(&out);
}

static struct slice mock_checkpoint_text(
	const char *origin, size_t size, struct slice root)
{
	struct buffer text = BUFFER_INIT;
	struct error err = ERROR_INIT;

	MUST(buffer_printf(
		     &text, &err, "%s\n%zu\n%s\n", origin, size, mock_base64(root)) == 0);
	return mock_leak(&text);
}

#define MOCK_LOG  "log.example.org"
#define MOCK_LOG2 "log2.example.org"

static struct slice mock_log_id(struct mock *mock, bool v2)
{
	struct slice der = mock_public(v2 ? mock->log2_key : mock->log_key);

	if (!v2)
		return mock_sha256(der);
	return mock_sha256(mock_join(SLICE(MOCK_LOG2 "\n\x01"),
		slice_sub(der, der.len - 32, 32))); /* the raw key */
}

/* What is logged, of the kind that fits. */
__attribute__((noinline)) static struct slice mock_body(struct mock *mock,
	const struct mock_options *options, struct slice signed_bytes,
	struct slice signature, struct slice payload, struct slice envelope)
{
	struct buffer body = BUFFER_INIT;
	struct error err = ERROR_INIT;
	EVP_PKEY *key = options->log_other_signer ? mock->other_key : mock->leaf_key;
	bool with_key = options->plain_key || options->log_other_signer;
	struct slice signer = with_key ? mock_public(key) : MOCK_DER(X509, mock->leaf);
	const char *pem = mock_pem(with_key ? "PUBLIC KEY" : "CERTIFICATE", signer);
	const char *sig = mock_base64(signature);
	int status;

	if (options->log_other_signature)
		sig = mock_base64(mock_sign(mock->leaf_key, signed_bytes));
	if (options->log_other_digest)
		signed_bytes = payload = SLICE("something else");
	if (options->log_other_envelope)
		envelope = SLICE("something else");
	if (options->v2)
		status = buffer_printf(&body, &err,
			"{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":{"
			"\"hashedRekordV002\":{\"data\":{\"algorithm\":\"SHA2_256\","
			"\"digest\":\"%s\"},\"signature\":{\"content\":\"%s\","
			"\"verifier\":{\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\","
			"\"%s\":{\"rawBytes\":\"%s\"}}}}}}",
			mock_base64(mock_sha256(signed_bytes)), sig,
			with_key ? "publicKey" : "x509Certificate", mock_base64(signer));
	else if (options->dsse)
		status = buffer_printf(&body, &err,
			"{\"apiVersion\":\"0.0.1\",\"kind\":\"dsse\",\"spec\":{"
			"\"envelopeHash\":{\"algorithm\":\"sha256\",\"value\":\"%s\"},"
			"\"payloadHash\":{\"algorithm\":\"sha256\",\"value\":\"%s\"},"
			"\"signatures\":[{\"signature\":\"%s\",\"verifier\":\"%s\"}]}}",
			mock_hex(mock_sha256(envelope)), mock_hex(mock_sha256(payload)),
			sig, pem);
	else
		status = buffer_printf(&body, &err,
			"{\"apiVersion\":\"0.0.1\",\"kind\":\"hashedrekord\",\"spec\":{"
			"\"data\":{\"hash\":{\"algorithm\":\"sha256\",\"value\":\"%s\"}},"
			"\"signature\":{\"content\":\"%s\",\"publicKey\":{\"content\":\"%"
			"s\"}}}}",
			mock_hex(mock_sha256(signed_bytes)), sig, pem);
	MUST(status == 0);
	return mock_leak(&body);
}

__attribute__((noinline)) static json_t *mock_proof(
	struct mock *mock, const struct mock_options *options, struct slice body)
{
	struct slice leaves[7] = {SLICE("a"), SLICE("b"), SLICE("c"), SLICE("d"),
		SLICE("e"), body, SLICE("f")};
	struct slice root = mock_tree(leaves, ARRAY_LEN(leaves)), text, note;
	json_t *hashes = json_array();
	const char *origin = options->origin ? options->origin
			     : options->v2   ? MOCK_LOG2
					     : MOCK_LOG " - 42";

	mock_path(leaves, ARRAY_LEN(leaves), 5, hashes);
	text = mock_checkpoint_text(origin, ARRAY_LEN(leaves), root);
	note = mock_note(options->v2 ? mock->log2_key : mock->log_key,
		mock_log_id(mock, options->v2), options->v2 ? MOCK_LOG2 : MOCK_LOG, text);
	return json_pack("{s:s,s:s,s:s,s:o,s:{s:s%}}", "logIndex", "5", "treeSize", "7",
		"rootHash", mock_base64(root), "hashes", hashes, "checkpoint", "envelope",
		note.data, note.len);
}

__attribute__((noinline)) static json_t *mock_entry(
	struct mock *mock, const struct mock_options *options, struct slice body)
{
	struct buffer promised = BUFFER_INIT;
	struct error err = ERROR_INIT;
	struct slice id = mock_log_id(mock, options->v2);
	long long time = options->integrated ? options->integrated : MOCK_TIME;
	json_t *entry = json_pack("{s:s,s:{s:s},s:{s:s,s:s},s:s,s:o}", "logIndex",
		options->v2 ? "5" : "1005", "logId", "keyId", mock_base64(id),
		"kindVersion", "kind",
		options->dsse && !options->v2 ? "dsse" : "hashedrekord", "version",
		options->v2 ? "0.0.2" : "0.0.1", "canonicalizedBody", mock_base64(body),
		"inclusionProof", mock_proof(mock, options, body));
	char text[32];

	MUST(entry);
	if (options->v2)
		return entry;
	MUST(buffer_printf(&promised, &err,
		     "{\"body\":\"%s\",\"integratedTime\":%lld,\"logID\":\"%s\","
		     "\"logIndex\":1005}",
		     mock_base64(body), time, mock_hex(id)) == 0);
	(void)snprintf(text, sizeof(text), "%lld", time); /* fits */
	MUST(json_object_set_new(entry, "integratedTime", json_string(text)) == 0);
	MUST(json_object_set_new(entry, "inclusionPromise",
		     json_pack("{s:s}", "signedEntryTimestamp",
			     mock_base64(mock_sign(
				     mock->log_key, buffer_slice(&promised))))) == 0);
	buffer_done(&promised);
	return entry;
}

/* ---- bundle ---- */

__attribute__((noinline)) static json_t *mock_signer(
	struct mock *mock, const struct mock_options *options)
{
	const char *der;

	if (options->plain_key)
		return json_pack("{s:{s:s}}", "publicKey", "hint", "aGludA==");
	mock_make_leaf(mock, options);
	der = mock_base64(MOCK_DER(X509, mock->leaf));
	if (options->version == 1 || options->version == 2)
		return json_pack("{s:{s:[{s:s}]}}", "x509CertificateChain",
			"certificates", "rawBytes", der);
	return json_pack("{s:{s:s}}", "certificate", "rawBytes", der);
}

__attribute__((noinline)) static struct slice mock_statement(
	const struct mock_options *options)
{
	struct buffer text = BUFFER_INIT;
	struct error err = ERROR_INIT;

	MUST(buffer_printf(&text, &err,
		     "{\"_type\":\"https://in-toto.io/Statement/"
		     "v1\",\"subject\":[{\"digest\":{"
		     "\"sha256\":\"%s\"}}],\"predicateType\":\"%s\",\"predicate\":%s}",
		     options->subject ? options->subject
				      : mock_hex(mock_sha256(SLICE(MOCK_ARTIFACT))),
		     options->predicate_type ? options->predicate_type
					     : "https://example.org/p",
		     options->predicate ? options->predicate : "{}") == 0);
	return mock_leak(&text);
}

static struct slice mock_message(const struct mock_options *options)
{
	return slice_str(options->message ? options->message : MOCK_ARTIFACT);
}

/* A new reference. */
UNUSED static json_t *mock_bundle(struct mock *mock, const struct mock_options *options)
{
	static const char *const media_types[] = {
		"application/vnd.dev.sigstore.bundle.v0.3+json",
		"application/vnd.dev.sigstore.bundle+json;version=0.1",
		"application/vnd.dev.sigstore.bundle+json;version=0.2",
		"application/vnd.dev.sigstore.bundle+json;version=0.3"};
	struct error err = ERROR_INIT;
	struct buffer pae = BUFFER_INIT;
	json_t *material = mock_signer(mock, options), *content;
	struct slice payload = mock_statement(options), message = mock_message(options),
		     signature;

	MUST(material && envelope_pae(PAYLOAD_IN_TOTO, payload, &pae, &err) == 0);
	if (options->dsse)
		message = mock_leak(&pae);
	buffer_done(&pae);
	signature = mock_sign(mock->leaf_key, message);
	if (!options->no_entry)
		MUST(json_object_set_new(material, "tlogEntries",
			     json_pack("[o]",
				     mock_entry(mock, options,
					     mock_body(mock, options, message, signature,
						     payload, SLICE("text"))))) == 0);
	if (options->stamped)
		MUST(json_object_set_new(material, "timestampVerificationData",
			     json_pack("{s:[{s:s}]}", "rfc3161Timestamps",
				     "signedTimestamp",
				     mock_base64(mock_timestamp(mock,
					     options->stamp_something_else
						     ? SLICE("something else")
						     : signature,
					     options->stamped, true)))) == 0);
	content = options->dsse
			  ? json_pack("{s:s,s:s,s:[{s:s}]}", "payload",
				    mock_base64(payload), "payloadType", PAYLOAD_IN_TOTO,
				    "signatures", "sig", mock_base64(signature))
			  : json_pack("{s:{s:s,s:s},s:s}", "messageDigest", "algorithm",
				    "SHA2_256", "digest",
				    mock_base64(mock_sha256(mock_message(options))),
				    "signature", mock_base64(signature));
	return json_pack("{s:s,s:o,s:o}", "mediaType", media_types[options->version],
		"verificationMaterial", material,
		options->dsse ? "dsseEnvelope" : "messageSignature", content);
}

/* The text lives until mock_done. */
UNUSED static struct slice mock_text(const json_t *json)
{
	struct buffer text = BUFFER_INIT;
	struct error err = ERROR_INIT;

	MUST(json_dump(json, JSON_STYLE_PRETTY, &text, &err) == 0);
	return mock_leak(&text);
}

/* ---- layers of cosign's tags ---- */

/* Kind intoto 0.0.1, which names the envelope's text. */
static struct slice mock_body_old(struct mock *mock, const struct mock_options *options,
	struct slice text, struct slice payload)
{
	struct buffer body = BUFFER_INIT;
	struct error err = ERROR_INIT;

	if (options->log_other_signature)
		text = SLICE("something else");
	if (options->log_other_digest)
		payload = SLICE("something else");
	MUST(buffer_printf(&body, &err,
		     "{\"apiVersion\":\"0.0.1\",\"kind\":\"intoto\",\"spec\":{"
		     "\"content\":{"
		     "\"hash\":{\"algorithm\":\"sha256\",\"value\":\"%s\"},"
		     "\"payloadHash\":{\"algorithm\":\"sha256\",\"value\":\"%s\"}},"
		     "\"publicKey\":\"%s\"}}",
		     mock_hex(mock_sha256(text)), mock_hex(mock_sha256(payload)),
		     mock_pem("CERTIFICATE", MOCK_DER(X509, mock->leaf))) == 0);
	return mock_leak(&body);
}

/* What Rekor said, as cosign keeps it. */
static const char *mock_rekor_annotation(
	struct mock *mock, const struct mock_options *options, struct slice body)
{
	json_t *entry = mock_entry(mock, options, body), *annotation;
	const char *promise = json_string_value(
			   json_object_get(json_object_get(entry, "inclusionPromise"),
				   "signedEntryTimestamp")),
		   *text;

	annotation = json_pack("{s:s,s:{s:s,s:I,s:i,s:s}}", "SignedEntryTimestamp",
		promise ? promise : "", "Payload", "body", mock_base64(body),
		"integratedTime",
		(json_int_t)(options->integrated ? options->integrated : MOCK_TIME),
		"logIndex", 1005, "logID", mock_hex(mock_log_id(mock, options->v2)));
	MUST(annotation);
	text = mock_text(annotation).data;
	json_decref(annotation);
	json_decref(entry);
	return text;
}

/* One layer of .sig (a message) or .att (dsse): its bytes, and a new reference to the
 * annotations. */
UNUSED static struct slice mock_layer(
	struct mock *mock, const struct mock_options *options, json_t **ret_annotations)
{
	struct error err = ERROR_INIT;
	struct buffer pae = BUFFER_INIT, envelope = BUFFER_INIT, pem = BUFFER_INIT;
	struct slice payload = mock_statement(options), message = mock_message(options),
		     signature, blob = message, body, stamped;
	json_t *annotations = json_object();

	mock_make_leaf(mock, options);
	if (options->dsse) {
		MUST(envelope_pae(PAYLOAD_IN_TOTO, payload, &pae, &err) == 0);
		message = mock_leak(&pae);
	}
	signature = mock_sign(mock->leaf_key, message);
	if (options->dsse) {
		MUST(buffer_printf(&envelope, &err,
			     "{\"payloadType\":\"%s\",\"payload\":\"%s\",\"signatures\":"
			     "[{\"keyid\":\"\",\"sig\":\"%s\"}]}",
			     PAYLOAD_IN_TOTO, mock_base64(payload),
			     mock_base64(signature)) == 0);
		blob = mock_leak(&envelope);
	}
	stamped = options->stamp_something_else ? SLICE("something else")
		  : options->dsse               ? blob
						: signature;
	body = options->intoto_old
		       ? mock_body_old(mock, options, blob, payload)
		       : mock_body(mock, options, message, signature, payload, blob);
	MUST(json_object_set_new(annotations, "dev.cosignproject.cosign/signature",
		     json_string(options->dsse ? "" : mock_base64(signature))) == 0);
	if (!options->plain_key) {
		MUST(pem_encode("CERTIFICATE", MOCK_DER(X509, mock->leaf), &pem, &err) ==
			0);
		MUST(json_object_set_new(annotations, "dev.sigstore.cosign/certificate",
			     json_string(buffer_str(&pem))) == 0);
		buffer_done(&pem);
	}
	if (!options->no_entry)
		MUST(json_object_set_new(annotations, "dev.sigstore.cosign/bundle",
			     json_string(mock_rekor_annotation(mock, options, body))) ==
			0);
	if (options->stamped) {
		json_t *stamp = json_pack("{s:s}", "SignedRFC3161Timestamp",
			mock_base64(
				mock_timestamp(mock, stamped, options->stamped, true)));

		MUST(json_object_set_new(annotations,
			     "dev.sigstore.cosign/rfc3161timestamp",
			     json_string(mock_text(stamp).data)) == 0);
		json_decref(stamp);
	}
	*ret_annotations = annotations;
	return blob;
}

/* ---- trusted root ---- */

static json_t *mock_trusted_log(
	const char *url, EVP_PKEY *key, struct slice id, const char *details)
{
	return json_pack("{s:s,s:s,s:{s:s,s:s,s:{s:s}},s:{s:s}}", "baseUrl", url,
		"hashAlgorithm", "SHA2_256", "publicKey", "rawBytes",
		mock_base64(mock_public(key)), "keyDetails", details, "validFor", "start",
		"2020-01-01T00:00:00Z", "logId", "keyId", mock_base64(id));
}

static json_t *mock_trusted_authority(X509 *first, X509 *anchor)
{
	return json_pack("{s:s,s:{s:[{s:s},{s:s}]},s:{s:s}}", "uri",
		"https://ca.example.org", "certChain", "certificates", "rawBytes",
		mock_base64(MOCK_DER(X509, first)), "rawBytes",
		mock_base64(MOCK_DER(X509, anchor)), "validFor", "start",
		"2020-01-01T00:00:00Z");
}

static void mock_make_trusted(struct mock *mock)
{
	mock->trusted = json_pack("{s:s,s:[o,o],s:[o],s:[o],s:[o]}", "mediaType",
		"application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs",
		mock_trusted_log("https://" MOCK_LOG, mock->log_key,
			mock_log_id(mock, false), "PKIX_ECDSA_P256_SHA_256"),
		mock_trusted_log("https://" MOCK_LOG2, mock->log2_key,
			mock_log_id(mock, true), "PKIX_ED25519"),
		"ctlogs",
		mock_trusted_log("https://ct.example.org", mock->ct_key,
			mock_sha256(mock_public(mock->ct_key)),
			"PKIX_ECDSA_P256_SHA_256"),
		"certificateAuthorities",
		mock_trusted_authority(mock->issuer, mock->root), "timestampAuthorities",
		mock_trusted_authority(mock->tsa, mock->tsa_root));
	MUST(mock->trusted);
}

/* authority_end: see mock_options. */
UNUSED static void mock_init(struct mock *mock, int64_t authority_end)
{
	int64_t end = MOCK_TIME + 100000000;

	*mock = (struct mock){.root_key = EVP_EC_gen("P-256"),
		.issuer_key = EVP_EC_gen("P-256"),
		.leaf_key = EVP_EC_gen("P-256"),
		.ct_key = EVP_EC_gen("P-256"),
		.log_key = EVP_EC_gen("P-256"),
		.log2_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
		.tsa_root_key = EVP_EC_gen("P-256"),
		.tsa_key = EVP_EC_gen("P-256"),
		.other_key = EVP_EC_gen("P-256")};
	MUST(mock->root_key && mock->issuer_key && mock->leaf_key && mock->ct_key &&
		mock->log_key && mock->log2_key && mock->tsa_root_key && mock->tsa_key &&
		mock->other_key);
	mock->root = mock_authority("root", NULL, mock->root_key, mock->root_key, end);
	mock->issuer = mock_authority("issuer", mock->root, mock->issuer_key,
		mock->root_key, authority_end ? authority_end : end);
	mock->tsa_root = mock_authority(
		"tsa root", NULL, mock->tsa_root_key, mock->tsa_root_key, end);
	mock->tsa = mock_certificate("tsa", mock->tsa_root, mock->tsa_key,
		MOCK_TIME - 1000000, MOCK_TIME + 1000000);
	mock_extend(
		mock->tsa, mock->tsa_root, NID_key_usage, "critical,digitalSignature");
	mock_extend(
		mock->tsa, mock->tsa_root, NID_ext_key_usage, "critical,timeStamping");
	MUST(X509_sign(mock->tsa, mock->tsa_root_key, EVP_sha256()) > 0);
	mock_make_trusted(mock);
}

UNUSED static void mock_done(struct mock *mock)
{
	EVP_PKEY *keys[] = {mock->root_key, mock->issuer_key, mock->leaf_key,
		mock->ct_key, mock->log_key, mock->log2_key, mock->tsa_root_key,
		mock->tsa_key, mock->other_key};
	X509 *certificates[] = {
		mock->root, mock->issuer, mock->leaf, mock->tsa_root, mock->tsa};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		EVP_PKEY_free(keys[i]);
	for (size_t i = 0; i < ARRAY_LEN(certificates); i++)
		X509_free(certificates[i]);
	json_decref(mock->trusted);
	(void)mock_leak(NULL);
}

#endif
