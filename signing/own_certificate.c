/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/own_certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "signing/key_private.h"
#include "signing/pem.h"
#include "signing/x509_private.h"

void own_certificate_free(struct own_certificate **certificate)
{
	struct arena *arena;

	if (!*certificate)
		return;
	arena = (*certificate)->arena; /* the certificate itself lies in it */
	arena_free(&arena);
	*certificate = NULL;
}

/* ---- checks ---- */

static int check_key(X509 *leaf, const struct key *key, struct error *err)
{
	cleanup_key struct key *own = NULL;
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
	int status;

	if (len <= 0)
		return key_crypto_error(err, ERR_INPUT, "its public key");
	status = key_from_der(slice_from(der, (size_t)len), &own, err); /* positive */
	OPENSSL_free(der);
	if (status < 0)
		return status;
	if (!digest_equal(key_id(own), key_id(key)))
		return error_set(err, ERR_REFUSED, "it is of another key");
	return 0;
}

static int check_issuers(X509 *leaf, const struct trusted_authority *issuers, int64_t now,
	struct error *err)
{
	cleanup_x509_store X509_STORE *store = NULL;
	cleanup_x509_list STACK_OF(X509) *list = NULL;
	X509_STORE_CTX *context;
	int status = 0;

	if (x509_load_authority(issuers, &store, &list, err) < 0)
		return err->class;
	context = X509_STORE_CTX_new();
	if (!context)
		return error_set_memory(err);
	if (X509_STORE_CTX_init(context, store, leaf, list) != 1) {
		status = key_crypto_error(err, ERR_SYSTEM, "preparing to check");
	} else {
		X509_VERIFY_PARAM_set_time(
			X509_STORE_CTX_get0_param(context), (time_t)now);
		if (X509_verify_cert(context) != 1)
			status = error_set(err, ERR_REFUSED, "not issued under %s: %s",
				issuers->uri,
				X509_verify_cert_error_string(
					X509_STORE_CTX_get_error(context)));
	}
	X509_STORE_CTX_free(context);
	ERR_clear_error();
	return status;
}

static int check(struct slice der, const struct trusted_authority *issuers,
	const struct key *key, struct error *err)
{
	cleanup_x509 X509 *leaf = NULL;
	int64_t now = clock_now();

	if (x509_parse(der, &leaf, err) < 0 || check_key(leaf, key, err) < 0)
		return err->class;
	if (x509_is_authority(leaf))
		return error_set(err, ERR_REFUSED, "it is an authority's");
	if (!x509_is_valid_at(leaf, now))
		return error_set(err, ERR_REFUSED, "it is not valid now");
	if (issuers->certificate_count == 0)
		return 0;
	return check_issuers(leaf, issuers, now, err);
}

/* ---- reading ---- */

static int to_pem(struct arena *arena, const struct slice *list, size_t count,
	const char **ret_pem, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;

	for (size_t i = 0; i < count; i++)
		if (pem_encode("CERTIFICATE", list[i], &text, err) < 0)
			return err->class;
	*ret_pem = arena_strdup(arena, buffer_str(&text));
	return *ret_pem ? 0 : error_set_memory(err);
}

static int load(struct own_certificate *certificate, const char *path,
	const char *issuers_path, const struct key *key, struct error *err)
{
	struct trusted_authority issuers = {.uri = issuers_path};
	struct slice *list;
	size_t count;

	if (pem_load_certificates(path, certificate->arena, &list, &count, err) < 0)
		return err->class;
	if (count != 1)
		return error_set(err, ERR_INPUT,
			"%s: %zu certificates; issuers go into a file of their own", path,
			count);
	if (issuers_path &&
		pem_load_certificates(issuers_path, certificate->arena,
			&issuers.certificates, &issuers.certificate_count, err) < 0)
		return err->class;
	if (check(list[0], &issuers, key, err) < 0)
		return error_wrap(err, "%s", path);
	certificate->der = list[0];
	if (to_pem(certificate->arena, list, 1, &certificate->pem, err) < 0)
		return err->class;
	return to_pem(certificate->arena, issuers.certificates, issuers.certificate_count,
		&certificate->issuers_pem, err);
}

int own_certificate_load(const char *path, const char *issuers_path,
	const struct key *key, struct own_certificate **ret_certificate,
	struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct own_certificate *certificate;

	if (arena_new(&arena, err) < 0)
		return err->class;
	certificate = arena_alloc(arena, sizeof(*certificate));
	if (!certificate)
		return error_set_memory(err);
	certificate->arena = arena;
	if (load(certificate, path, issuers_path, key, err) < 0)
		return err->class;
	arena = NULL; /* the certificate's now */
	*ret_certificate = certificate;
	return 0;
}
