/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "signing/certificate_private.h"
#include "signing/key_private.h"

/* ---- chain ---- */

static void context_done(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
	*context = NULL;
}

/* NULL and no error: it does not lead to that anchor. From the leaf to the anchor. */
static int build_chain(X509 *leaf, const struct trusted_authority *authority,
	STACK_OF(X509) * *ret_chain, struct error *err)
{
	cleanup_x509_store X509_STORE *store = NULL;
	cleanup_x509_list STACK_OF(X509) *list = NULL;
	CLEANUP(context_done) X509_STORE_CTX *context = NULL;
	bool holds;

	if (x509_load_authority(authority, &store, &list, err) < 0)
		return err->class;
	context = X509_STORE_CTX_new();
	if (!context)
		return error_set_memory(err);
	ERR_clear_error();
	/* times are checked one by one, below */
	if (X509_STORE_set_flags(store, X509_V_FLAG_NO_CHECK_TIME) != 1 ||
		X509_STORE_CTX_init(context, store, leaf, list) != 1)
		return key_crypto_error(err, ERR_SYSTEM, "preparing to check a chain");
	holds = X509_verify_cert(context) == 1;
	ERR_clear_error(); /* another authority may have issued it */
	*ret_chain = holds ? X509_STORE_CTX_get1_chain(context) : NULL;
	if (holds && !*ret_chain)
		return error_set_memory(err);
	return 0;
}

static int check_time(const STACK_OF(X509) * chain,
	const struct trusted_authority *authority, int64_t time, struct error *err)
{
	char text[CLOCK_TEXT_MAX];

	if (!time_window_holds(&authority->window, time))
		return error_set(err, ERR_REFUSED,
			"%s is outside the validity of the authority %s",
			clock_format(time, text), authority->uri);
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (!x509_is_valid_at(sk_X509_value(chain, i), time))
			return error_set(err, ERR_REFUSED,
				"at %s, when it signed, %s was not valid",
				clock_format(time, text),
				i == 0 ? "the certificate"
				       : "a certificate of its issuers");
	return 0;
}

static int check_built(const STACK_OF(X509) * chain,
	const struct trusted_authority *authority, const int64_t *times,
	size_t time_count, struct error *err)
{
	if (sk_X509_num(chain) < 2)
		return error_set(err, ERR_REFUSED, "it was issued by nobody");
	for (int i = 1; i < sk_X509_num(chain); i++)
		if (!x509_may_issue_for(sk_X509_value(chain, i), XKU_CODE_SIGN))
			return error_set(err, ERR_REFUSED,
				"a certificate of its issuers is not for code signing");
	for (size_t i = 0; i < time_count; i++)
		if (check_time(chain, authority, times[i], err) < 0)
			return err->class;
	return 0;
}

int certificate_check_chain(struct certificate *certificate,
	const struct trusted_root *root, const int64_t *times, size_t time_count,
	struct error *err)
{
	struct error why = ERROR_INIT; /* the first authority that issued it, but … */

	if (time_count == 0)
		return error_set(
			err, ERR_REFUSED, "certificate: nothing proves when it signed");
	for (size_t i = 0; i < root->authority_count; i++) {
		const struct trusted_authority *authority = &root->authorities[i];
		cleanup_x509_list STACK_OF(X509) *chain = NULL;

		if (build_chain(certificate->x509, authority, &chain, err) < 0)
			return err->class;
		if (!chain || check_built(chain, authority, times, time_count, &why) < 0)
			continue;
		X509_free(certificate->issued_by);
		certificate->issued_by = sk_X509_value(chain, 1);
		X509_up_ref(certificate->issued_by);
		return 0;
	}
	return error_set(err, ERR_REFUSED, "certificate: %s",
		error_is_set(&why) ? why.text
				   : "no authority of the trusted root has issued it");
}

/* ---- signed certificate timestamps ---- */

#define SCTS_MAX 32

/* The certificate without its timestamps: what the log has signed (RFC 6962, 3.2). */
static int precertificate(X509 *x509, struct buffer *out, struct error *err)
{
	cleanup_x509 X509 *copy = X509_dup(x509);
	unsigned char *der = NULL;
	int at, len, status;

	if (!copy)
		return key_crypto_error(err, ERR_SYSTEM, "copying a certificate");
	at = X509_get_ext_by_NID(copy, NID_ct_precert_scts, -1);
	if (at < 0 || X509_get_ext_by_NID(copy, NID_ct_precert_scts, at) >= 0)
		return error_set(err, ERR_REFUSED,
			"certificate: not one list of signed certificate timestamps");
	X509_EXTENSION_free(X509_delete_ext(copy, at));
	len = i2d_re_X509_tbs(copy, &der);
	if (len <= 0)
		return key_crypto_error(err, ERR_SYSTEM, "encoding a certificate");
	status = buffer_add(out, der, (size_t)len, err); /* positive */
	OPENSSL_free(der);
	return status;
}

static int add_number(
	uint64_t value, unsigned bytes, struct buffer *out, struct error *err)
{
	for (unsigned i = bytes; i-- > 0;)
		if (buffer_add_byte(out, (char)(value >> (8 * i) & 0xff), err) < 0)
			return err->class;
	return 0;
}

/* SHA-256 over the issuer's SubjectPublicKeyInfo. */
static int issuer_key_digest(X509 *issuer, struct digest *ret_digest, struct error *err)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(issuer), &der), status;

	if (len <= 0)
		return key_crypto_error(err, ERR_SYSTEM, "encoding a key");
	status = digest_of(DIGEST_SHA256, slice_from(der, (size_t)len), ret_digest,
		err); /* positive */
	OPENSSL_free(der);
	return status;
}

/* RFC 6962, 3.2: digitally-signed struct, entry type precert_entry. */
static int sct_bytes(const struct certificate *certificate, const SCT *sct,
	struct buffer *out, struct error *err)
{
	cleanup_buffer struct buffer tbs = BUFFER_INIT;
	struct digest issuer;
	unsigned char *extensions = NULL;
	size_t extensions_len = SCT_get0_extensions(sct, &extensions);

	if (extensions_len > UINT16_MAX)
		return error_set(
			err, ERR_REFUSED, "certificate: too many SCT extensions");
	if (precertificate(certificate->x509, &tbs, err) < 0 ||
		issuer_key_digest(certificate->issued_by, &issuer, err) < 0 ||
		add_number(0, 2, out, err) < 0 || /* v1, certificate_timestamp */
		add_number(SCT_get_timestamp(sct), 8, out, err) < 0 ||
		add_number(1, 2, out, err) < 0 || /* precert_entry */
		buffer_add(out, issuer.bytes, issuer.len, err) < 0 ||
		add_number(tbs.len, 3, out, err) < 0 || /* below 64 KiB */
		buffer_add_slice(out, buffer_slice(&tbs), err) < 0 ||
		add_number(extensions_len, 2, out, err) < 0)
		return err->class;
	return buffer_add(out, extensions, extensions_len, err);
}

static bool signature_is_sha256(const SCT *sct)
{
	int nid = SCT_get_signature_nid(sct);

	return nid == NID_ecdsa_with_SHA256 || nid == NID_sha256WithRSAEncryption;
}

/* ERR_REFUSED if it does not count. */
static int check_sct(const struct certificate *certificate, const SCT *sct,
	const struct trusted_root *root, const struct trusted_log **ret_log,
	struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	unsigned char *id = NULL, *signature = NULL;
	size_t id_len, signature_len;
	const struct trusted_log *log;

	if (SCT_get_version(sct) != SCT_VERSION_V1 || !signature_is_sha256(sct))
		return error_set(err, ERR_REFUSED, "it is not of version 1");
	id_len = SCT_get0_log_id(sct, &id);
	signature_len = SCT_get0_signature(sct, &signature);
	log = trusted_log_find(root->ct_logs, root->ct_log_count, slice_from(id, id_len));
	if (!log || !log->key)
		return error_set(err, ERR_REFUSED, "no log of the trusted root made it");
	if (SCT_get_timestamp(sct) / 1000 > INT64_MAX / 1000 ||
		!time_window_holds(&log->window,
			(int64_t)(SCT_get_timestamp(sct) / 1000))) /* tested */
		return error_set(
			err, ERR_REFUSED, "its time is outside the log's validity");
	if (sct_bytes(certificate, sct, &bytes, err) < 0)
		return err->class;
	*ret_log = log;
	return key_verify(log->key, buffer_slice(&bytes),
		slice_from(signature, signature_len), err);
}

/* Are these logs, the last one aside, others than the last one? */
static bool is_new(const struct trusted_log *const *logs, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (slice_equal(logs[i]->id, logs[count - 1]->id))
			return false;
	return true;
}

static int check_scts(const struct certificate *certificate, const STACK_OF(SCT) * scts,
	const struct trusted_root *root, unsigned wanted, struct error *err)
{
	struct error why = ERROR_INIT; /* of the first one that does not count */
	const struct trusted_log *logs[SCTS_MAX];
	size_t count = 0;

	if (sk_SCT_num(scts) > SCTS_MAX)
		return error_set(err, ERR_REFUSED,
			"certificate: more than %d signed certificate timestamps",
			SCTS_MAX);
	for (int i = 0; i < sk_SCT_num(scts); i++) {
		struct error one = ERROR_INIT;

		if (check_sct(certificate, sk_SCT_value(scts, i), root, &logs[count],
			    &one) == 0) {
			count += is_new(logs, count + 1);
			continue;
		}
		if (one.class != ERR_REFUSED) { /* could not be checked */
			*err = one;
			return err->class;
		}
		(void)error_set(&why, ERR_REFUSED, "%s", one.text);
	}
	if (count >= wanted)
		return 0;
	if (count > 0)
		return error_set(err, ERR_REFUSED,
			"certificate: timestamps of %zu certificate transparency logs, "
			"%u are asked for",
			count, wanted);
	return error_set(err, ERR_REFUSED,
		"certificate: no signed certificate timestamp holds: %s",
		error_is_set(&why) ? why.text : "it has none");
}

int certificate_check_scts(const struct certificate *certificate,
	const struct trusted_root *root, unsigned wanted, struct error *err)
{
	STACK_OF(SCT) * scts;
	int status;

	if (!certificate->issued_by)
		return error_set(err, ERR_BUG, "the chain was not checked before");
	ERR_clear_error();
	scts = X509_get_ext_d2i(certificate->x509, NID_ct_precert_scts, NULL, NULL);
	ERR_clear_error();
	if (!scts)
		return error_set(err, ERR_REFUSED,
			"certificate: no signed certificate timestamp in it");
	status = check_scts(certificate, scts, root, wanted, err);
	SCT_LIST_free(scts);
	return status;
}
