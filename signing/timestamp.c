/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/timestamp.h"

#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "signing/key_private.h"
#include "signing/x509_private.h"

static void response_done(TS_RESP **response)
{
	TS_RESP_free(*response);
	*response = NULL;
}

static int parse(struct slice der, TS_RESP **ret_response, struct error *err)
{
	const unsigned char *at = (const unsigned char *)der.data;
	CLEANUP(response_done) TS_RESP *response = NULL;
	long status;

	if (der.len == 0 || der.len > LIMIT_KEY_BYTES)
		return error_set(err, ERR_REFUSED, "%zu bytes", der.len);
	ERR_clear_error();
	response = d2i_TS_RESP(NULL, &at, (long)der.len); /* below LIMIT_KEY_BYTES */
	if (!response)
		return key_crypto_error(err, ERR_REFUSED, "not a TimeStampResp");
	if (at != (const unsigned char *)der.data + der.len)
		return error_set(err, ERR_REFUSED, "bytes behind it");
	status = ASN1_INTEGER_get(
		TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response)));
	if (status != TS_STATUS_GRANTED && status != TS_STATUS_GRANTED_WITH_MODS)
		return error_set(err, ERR_REFUSED, "it was not granted");
	if (!TS_RESP_get_token(response) || !TS_RESP_get_tst_info(response))
		return error_set(err, ERR_REFUSED, "no token in it");
	*ret_response = take_ptr(response);
	return 0;
}

/* ---- what is stamped, and when ---- */

static const EVP_MD *imprint_algorithm(TS_MSG_IMPRINT *imprint)
{
	const ASN1_OBJECT *object = NULL;

	X509_ALGOR_get0(&object, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
	switch (OBJ_obj2nid(object)) {
	case NID_sha256:
		return EVP_sha256();
	case NID_sha384:
		return EVP_sha384();
	case NID_sha512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

static int check_imprint(TS_TST_INFO *info, struct slice stamped, struct error *err)
{
	TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
	const EVP_MD *algorithm = imprint_algorithm(imprint);
	const ASN1_OCTET_STRING *message = TS_MSG_IMPRINT_get_msg(imprint);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (TS_TST_INFO_get_version(info) != 1)
		return error_set(err, ERR_REFUSED, "its version is not 1");
	if (!algorithm)
		return error_set(
			err, ERR_REFUSED, "its digest is not SHA-256, SHA-384, SHA-512");
	if (EVP_Digest(stamped.data, stamped.len, digest, &len, algorithm, NULL) != 1)
		return key_crypto_error(err, ERR_SYSTEM, "hashing");
	if (!slice_equal(slice_from(digest, len),
		    slice_from(ASN1_STRING_get0_data(message),
			    (size_t)ASN1_STRING_length(message)))) /* not negative */
		return error_set(err, ERR_REFUSED, "it stamps something else");
	return 0;
}

static int stamped_time(TS_TST_INFO *info, int64_t *ret_time, struct error *err)
{
	struct tm parts;
	time_t time;

	if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &parts) != 1)
		return key_crypto_error(err, ERR_REFUSED, "its time is malformed");
	time = timegm(&parts);
	if (time <= 0)
		return error_set(err, ERR_REFUSED, "its time is before 1970");
	*ret_time = time;
	return 0;
}

/* ---- who stamped ---- */

/* The issuers' own restrictions, which OpenSSL does not look at for this purpose. */
static bool issuers_may_stamp(const STACK_OF(X509) * list, const X509 *signer)
{
	for (int i = 0; i < sk_X509_num(list); i++) {
		X509 *one = sk_X509_value(list, i);

		if (X509_cmp(one, signer) != 0 && !x509_may_issue_for(one, XKU_TIMESTAMP))
			return false;
	}
	return true;
}

/* A leaf in the trusted root is the only one that may stamp for that authority. */
static bool signer_is_meant(const STACK_OF(X509) * list, X509 *signer)
{
	bool has_leaf = false;

	if (X509_check_ca(signer) != 0)
		return false;
	for (int i = 0; i < sk_X509_num(list); i++) {
		X509 *one = sk_X509_value(list, i);

		if (X509_check_ca(one) != 0)
			continue;
		if (X509_cmp(one, signer) == 0)
			return true;
		has_leaf = true;
	}
	return !has_leaf;
}

static bool signed_under(
	PKCS7 *token, X509_STORE *store, STACK_OF(X509) * list, int64_t time)
{
	cleanup_x509 X509 *signer = NULL;

	/* else an authority that has expired since could not vouch for the past */
	X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)time);
	return TS_RESP_verify_signature(token, list, store, &signer) == 1 && signer &&
	       x509_is_valid_at(signer, time) && signer_is_meant(list, signer) &&
	       issuers_may_stamp(list, signer);
}

static int try_authority(const struct trusted_authority *authority, PKCS7 *token,
	int64_t time, bool *ret_signed, struct error *err)
{
	cleanup_x509_store X509_STORE *store = NULL;
	cleanup_x509_list STACK_OF(X509) *list = NULL;

	if (x509_load_authority(authority, &store, &list, err) < 0)
		return err->class;
	*ret_signed = signed_under(token, store, list, time);
	ERR_clear_error(); /* why not does not matter: another one may have */
	return 0;
}

static int find_authority(PKCS7 *token, int64_t time, const struct trusted_root *root,
	const struct trusted_authority **ret_authority, struct error *err)
{
	bool outside = false, is_signed = false;

	for (size_t i = 0; i < root->timestamp_authority_count; i++) {
		const struct trusted_authority *one = &root->timestamp_authorities[i];

		if (try_authority(one, token, time, &is_signed, err) < 0)
			return err->class;
		if (is_signed && time_window_holds(&one->window, time)) {
			*ret_authority = one;
			return 0;
		}
		outside = outside || is_signed;
	}
	return error_set(err, ERR_REFUSED,
		outside ? "its time is outside the validity of the authority"
			: "it is not by a time stamp authority of the trusted root");
}

static int verify(struct slice der, struct slice stamped, const struct trusted_root *root,
	int64_t *ret_time, const struct trusted_authority **ret_authority,
	struct error *err)
{
	CLEANUP(response_done) TS_RESP *response = NULL;
	TS_TST_INFO *info;
	int64_t time;

	if (parse(der, &response, err) < 0)
		return err->class;
	info = TS_RESP_get_tst_info(response);
	if (check_imprint(info, stamped, err) < 0 || stamped_time(info, &time, err) < 0 ||
		find_authority(
			TS_RESP_get_token(response), time, root, ret_authority, err) < 0)
		return err->class;
	*ret_time = time;
	return 0;
}

int timestamp_verify(struct slice response, struct slice stamped,
	const struct trusted_root *root, int64_t *ret_time,
	const struct trusted_authority **ret_authority, struct error *err)
{
	if (verify(response, stamped, root, ret_time, ret_authority, err) < 0)
		return error_wrap(err, "time stamp");
	return 0;
}
