/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/x509_private.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "signing/key_private.h"

#define CHAIN_DEPTH_MAX TRUSTED_CHAIN_MAX
#define SECURITY_LEVEL  2 /* 112 bits: no SHA-1, no short keys in the chain */

int x509_parse(struct slice der, X509 **ret_certificate, struct error *err)
{
	const unsigned char *at = (const unsigned char *)der.data;
	X509 *certificate;

	if (der.len == 0 || der.len > LIMIT_KEY_BYTES)
		return error_set(err, ERR_INPUT, "certificate: %zu bytes", der.len);
	ERR_clear_error();
	certificate = d2i_X509(NULL, &at, (long)der.len); /* below LIMIT_KEY_BYTES */
	if (!certificate)
		return key_crypto_error(err, ERR_INPUT, "certificate: not X.509");
	if (at != (const unsigned char *)der.data + der.len) {
		X509_free(certificate);
		return error_set(err, ERR_INPUT, "certificate: bytes behind it");
	}
	*ret_certificate = certificate;
	return 0;
}

static int new_store(X509 *anchor, X509_STORE **ret_store, struct error *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param;

	if (!store)
		return error_set_memory(err);
	param = X509_STORE_get0_param(store);
	X509_VERIFY_PARAM_set_depth(param, CHAIN_DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	if (X509_STORE_add_cert(store, anchor) != 1 ||
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) != 1) {
		X509_STORE_free(store);
		return key_crypto_error(
			err, ERR_SYSTEM, "preparing to check certificates");
	}
	*ret_store = store;
	return 0;
}

static int parse_list(const struct trusted_authority *authority, STACK_OF(X509) * list,
	struct error *err)
{
	for (size_t i = 0; i + 1 < authority->certificate_count; i++) {
		cleanup_x509 X509 *one = NULL;

		if (x509_parse(authority->certificates[i], &one, err) < 0)
			return err->class;
		if (sk_X509_push(list, one) <= 0)
			return error_set_memory(err);
		one = NULL; /* in the list now */
	}
	return 0;
}

int x509_load_authority(const struct trusted_authority *authority, X509_STORE **ret_store,
	STACK_OF(X509) * *ret_list, struct error *err)
{
	cleanup_x509_list STACK_OF(X509) *list = sk_X509_new_null();
	cleanup_x509 X509 *anchor = NULL;

	if (!list)
		return error_set_memory(err);
	if (parse_list(authority, list, err) < 0 ||
		x509_parse(authority->certificates[authority->certificate_count - 1],
			&anchor, err) < 0 ||
		new_store(anchor, ret_store, err) < 0)
		return error_wrap(err, "trusted root: %s", authority->uri);
	*ret_list = take_ptr(list);
	return 0;
}

bool x509_is_valid_at(const X509 *certificate, int64_t time)
{
	time_t at = (time_t)time; /* 64 bits wherever this is built */
	int start = ASN1_TIME_cmp_time_t(X509_get0_notBefore(certificate), at);
	int end = ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), at);

	return (start == -1 || start == 0) && (end == 0 || end == 1);
}

bool x509_may_issue_for(X509 *certificate, uint32_t usage)
{
	uint32_t flags = X509_get_extension_flags(certificate);

	if (flags & EXFLAG_INVALID)
		return false;
	return !(flags & EXFLAG_XKUSAGE) ||
	       (X509_get_extended_key_usage(certificate) & usage) != 0;
}
