/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/ts.h>

#include "base/digest.h"
#include "base/limits.h"
#include "signing/key_private.h"
#include "signing/secret_private.h"
#include "signing/stamper_private.h"

/* ---- the request ---- */

static ASN1_INTEGER *nonce_integer(const uint8_t nonce[static STAMPER_NONCE_BYTES])
{
	BIGNUM *number = BN_bin2bn(nonce, STAMPER_NONCE_BYTES, NULL);
	ASN1_INTEGER *integer = number ? BN_to_ASN1_INTEGER(number, NULL) : NULL;

	BN_free(number);
	return integer;
}

static TS_MSG_IMPRINT *new_imprint(const struct digest *digest)
{
	TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
	X509_ALGOR *algorithm = X509_ALGOR_new();
	bool made =
		imprint && algorithm &&
		X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) ==
			1 &&
		TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
		/* the interface has no const; the bytes are copied */
		TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)(uintptr_t)digest->bytes,
			(int)digest->len) == 1; /* 32 */

	X509_ALGOR_free(algorithm);
	if (made)
		return imprint;
	TS_MSG_IMPRINT_free(imprint);
	return NULL;
}

static int encode(const struct digest *digest,
	const uint8_t nonce[static STAMPER_NONCE_BYTES], struct buffer *out,
	struct error *err)
{
	TS_REQ *request = TS_REQ_new();
	TS_MSG_IMPRINT *imprint = new_imprint(digest);
	ASN1_INTEGER *integer = nonce_integer(nonce);
	unsigned char *der = NULL;
	int len = -1, status;

	if (request && imprint && integer && TS_REQ_set_version(request, 1) == 1 &&
		TS_REQ_set_msg_imprint(request, imprint) == 1 &&
		TS_REQ_set_nonce(request, integer) == 1 &&
		TS_REQ_set_cert_req(request, 1) == 1)
		len = i2d_TS_REQ(request, &der);
	ASN1_INTEGER_free(integer);
	TS_MSG_IMPRINT_free(imprint);
	TS_REQ_free(request);
	if (len <= 0)
		return key_crypto_error(err, ERR_SYSTEM, "writing a time stamp request");
	status = buffer_add(out, der, (size_t)len, err); /* positive */
	OPENSSL_free(der);
	return status;
}

int stamper_write_query(struct slice bytes, uint8_t ret_nonce[static STAMPER_NONCE_BYTES],
	struct buffer *out, struct error *err)
{
	struct digest digest;

	ERR_clear_error();
	if (digest_of(DIGEST_SHA256, bytes, &digest, err) < 0 ||
		secret_random(ret_nonce, STAMPER_NONCE_BYTES, err) < 0)
		return err->class;
	return encode(&digest, ret_nonce, out, err);
}

/* ---- the response ---- */

static int check_status(TS_RESP *response, struct error *err)
{
	TS_STATUS_INFO *info = TS_RESP_get_status_info(response);
	long status = ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(info));
	const STACK_OF(ASN1_UTF8STRING) *texts = TS_STATUS_INFO_get0_text(info);
	ASN1_UTF8STRING *text = texts && sk_ASN1_UTF8STRING_num(texts) > 0
					? sk_ASN1_UTF8STRING_value(texts, 0)
					: NULL;
	struct slice reason = SLICE("no reason given");

	if (status == TS_STATUS_GRANTED || status == TS_STATUS_GRANTED_WITH_MODS)
		return 0;
	if (text)
		reason = slice_from(ASN1_STRING_get0_data(text),
			(size_t)ASN1_STRING_length(text)); /* not negative */
	return error_set(err, ERR_REFUSED,
		"the authority did not grant it (status %ld): %.*s", status,
		reason.len > 200 ? 200 : (int)reason.len, reason.data);
}

static int check_nonce(TS_RESP *response, const uint8_t nonce[static STAMPER_NONCE_BYTES],
	struct error *err)
{
	TS_TST_INFO *info = TS_RESP_get_tst_info(response);
	const ASN1_INTEGER *there = info ? TS_TST_INFO_get_nonce(info) : NULL;
	ASN1_INTEGER *ours = nonce_integer(nonce);
	bool same;

	if (!ours)
		return error_set_memory(err);
	same = there && ASN1_INTEGER_cmp(there, ours) == 0;
	ASN1_INTEGER_free(ours);
	if (!same)
		return error_set(err, ERR_REFUSED,
			"the response is for another request: %s nonce",
			there ? "another" : "no");
	return 0;
}

int stamper_check_answers(struct slice der,
	const uint8_t nonce[static STAMPER_NONCE_BYTES], struct error *err)
{
	const unsigned char *at = (const unsigned char *)der.data;
	TS_RESP *response;
	int status;

	if (der.len == 0 || der.len > LIMIT_KEY_BYTES)
		return error_set(err, ERR_REFUSED, "a response of %zu bytes", der.len);
	ERR_clear_error();
	response = d2i_TS_RESP(NULL, &at, (long)der.len); /* below LIMIT_KEY_BYTES */
	if (!response)
		return key_crypto_error(err, ERR_REFUSED, "not a TimeStampResp");
	status = check_status(response, err);
	if (status == 0)
		status = check_nonce(response, nonce, err);
	TS_RESP_free(response);
	return status;
}
