/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "signing/certificate_private.h"
#include "signing/key_private.h"

#define OID_ISSUER_OLD "1.3.6.1.4.1.57264.1.1" /* the text itself */
#define OID_ISSUER     "1.3.6.1.4.1.57264.1.8" /* DER UTF8String */
#define OID_OTHER_NAME "1.3.6.1.4.1.57264.1.7"

void certificate_free(struct certificate **certificate)
{
	if (!*certificate)
		return;
	X509_free((*certificate)->x509);
	X509_free((*certificate)->issued_by);
	key_free(&(*certificate)->key);
	buffer_done(&(*certificate)->identity);
	buffer_done(&(*certificate)->issuer);
	free(*certificate);
	*certificate = NULL;
}

const struct key *certificate_key(const struct certificate *certificate)
{
	return certificate->key;
}

struct slice certificate_identity(const struct certificate *certificate)
{
	return buffer_slice(&certificate->identity);
}

struct slice certificate_issuer(const struct certificate *certificate)
{
	return buffer_slice(&certificate->issuer);
}

/* ---- key and usage ---- */

static int read_key(struct certificate *certificate, struct error *err)
{
	X509_PUBKEY *pubkey = X509_get_X509_PUBKEY(certificate->x509);
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(pubkey, &der), status;

	if (len <= 0)
		return key_crypto_error(err, ERR_INPUT, "certificate: its key");
	status = key_from_der(
		slice_from(der, (size_t)len), &certificate->key, err); /* positive */
	OPENSSL_free(der);
	return status < 0 ? error_wrap(err, "certificate") : 0;
}

static int check_usage(X509 *x509, struct error *err)
{
	uint32_t flags = X509_get_extension_flags(x509);

	if (flags & EXFLAG_INVALID)
		return error_set(
			err, ERR_INPUT, "certificate: an extension is malformed");
	if (x509_is_authority(x509))
		return error_set(err, ERR_INPUT,
			"certificate: it is an authority's, not a signer's");
	if (!(flags & EXFLAG_XKUSAGE) ||
		!(X509_get_extended_key_usage(x509) & XKU_CODE_SIGN))
		return error_set(
			err, ERR_INPUT, "certificate: it is not for code signing");
	if ((flags & EXFLAG_KUSAGE) && !(X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE))
		return error_set(err, ERR_INPUT, "certificate: it is not for signatures");
	return 0;
}

/* ---- names ---- */

static int add_text(const ASN1_STRING *string, const char *what, struct buffer *out,
	struct error *err)
{
	struct slice text = slice_from(ASN1_STRING_get0_data(string),
		(size_t)ASN1_STRING_length(string)); /* never negative */

	if (text.len == 0 || !slice_is_utf8(text) || !slice_is_printable(text))
		return error_set(
			err, ERR_INPUT, "certificate: %s is not printable text", what);
	return buffer_add_slice(out, text, err);
}

static bool has_oid(const ASN1_OBJECT *object, const char *oid)
{
	char text[128];

	return OBJ_obj2txt(text, sizeof(text), object, 1) > 0 && strcmp(text, oid) == 0;
}

static int add_name(const GENERAL_NAME *name, struct buffer *out, struct error *err)
{
	const char *what = "its subject alternative name";

	switch (name->type) {
	case GEN_URI:
		return add_text(name->d.uniformResourceIdentifier, what, out, err);
	case GEN_EMAIL:
		return add_text(name->d.rfc822Name, what, out, err);
	case GEN_OTHERNAME:
		if (!has_oid(name->d.otherName->type_id, OID_OTHER_NAME) ||
			name->d.otherName->value->type != V_ASN1_UTF8STRING)
			break;
		return add_text(
			name->d.otherName->value->value.utf8string, what, out, err);
	default:
		break;
	}
	return error_set(err, ERR_INPUT,
		"certificate: %s is of a kind that names no signer", what);
}

static int read_identity(struct certificate *certificate, struct error *err)
{
	GENERAL_NAMES *names;
	int status;

	ERR_clear_error();
	names = X509_get_ext_d2i(certificate->x509, NID_subject_alt_name, NULL, NULL);
	ERR_clear_error();
	if (!names)
		return error_set(err, ERR_INPUT,
			"certificate: not exactly one subject alternative name");
	if (sk_GENERAL_NAME_num(names) != 1)
		status = error_set(err, ERR_INPUT,
			"certificate: not exactly one subject alternative name");
	else
		status = add_name(
			sk_GENERAL_NAME_value(names, 0), &certificate->identity, err);
	GENERAL_NAMES_free(names);
	return status;
}

/* The only extension with that OID; NULL if absent. */
static int find_extension(const X509 *x509, const char *oid,
	const ASN1_STRING **ret_value, struct error *err)
{
	const ASN1_STRING *found = NULL;

	for (int i = 0; i < X509_get_ext_count(x509); i++) {
		X509_EXTENSION *extension = X509_get_ext(x509, i);

		if (!has_oid(X509_EXTENSION_get_object(extension), oid))
			continue;
		if (found)
			return error_set(
				err, ERR_INPUT, "certificate: %s is in it twice", oid);
		found = X509_EXTENSION_get_data(extension);
	}
	*ret_value = found;
	return 0;
}

static int decode_utf8(const ASN1_STRING *value, struct buffer *out, struct error *err)
{
	const unsigned char *start = ASN1_STRING_get0_data(value), *at = start;
	int len = ASN1_STRING_length(value), status;
	ASN1_UTF8STRING *text = d2i_ASN1_UTF8STRING(NULL, &at, len);

	if (!text || at != start + len) {
		ASN1_UTF8STRING_free(text);
		ERR_clear_error();
		return error_set(
			err, ERR_INPUT, "certificate: its issuer is not a UTF8String");
	}
	status = add_text(text, "its issuer", out, err);
	ASN1_UTF8STRING_free(text);
	return status;
}

static int read_issuer(struct certificate *certificate, struct error *err)
{
	cleanup_buffer struct buffer old_text = BUFFER_INIT;
	const ASN1_STRING *old = NULL, *new = NULL;

	if (find_extension(certificate->x509, OID_ISSUER_OLD, &old, err) < 0 ||
		find_extension(certificate->x509, OID_ISSUER, &new, err) < 0 ||
		(old && add_text(old, "its issuer", &old_text, err) < 0) ||
		(new &&decode_utf8(new, &certificate->issuer, err) < 0))
		return err->class;
	if (!old && !new)
		return error_set(
			err, ERR_INPUT, "certificate: it does not name a token issuer");
	if (!new)
		return buffer_add_slice(
			&certificate->issuer, buffer_slice(&old_text), err);
	if (old &&
		!slice_equal(buffer_slice(&old_text), buffer_slice(&certificate->issuer)))
		return error_set(
			err, ERR_INPUT, "certificate: it names two token issuers");
	return 0;
}

int certificate_parse(
	struct slice der, struct certificate **ret_certificate, struct error *err)
{
	cleanup_certificate struct certificate *certificate =
		calloc(1, sizeof(*certificate));

	if (!certificate)
		return error_set_memory(err);
	if (x509_parse(der, &certificate->x509, err) < 0 ||
		check_usage(certificate->x509, err) < 0 ||
		read_key(certificate, err) < 0 || read_identity(certificate, err) < 0 ||
		read_issuer(certificate, err) < 0)
		return err->class;
	*ret_certificate = take_ptr(certificate);
	return 0;
}

int certificate_refuse_root(struct slice der, struct error *err)
{
	cleanup_x509 X509 *x509 = NULL;

	if (x509_parse(der, &x509, err) < 0)
		return err->class;
	if (X509_get_extension_flags(x509) & EXFLAG_SI)
		return error_set(err, ERR_REFUSED,
			"the bundle holds a root certificate, which only the trusted "
			"root may");
	return 0;
}
