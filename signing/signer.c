/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/signer.h"

struct evidence signer_evidence(const struct signer *signer)
{
	if (signer->evidence)
		return *signer->evidence;
	if (signer->key)
		return (struct evidence){
			.logs = signer->root && signer->root->log_count > 0};
	return (struct evidence){.logs = 1, .scts = 1};
}

/* What cannot be had would refuse everything, and nobody would know why. */
static int check_count(unsigned wanted, size_t named, const char *what, struct error *err)
{
	if (wanted <= named)
		return 0;
	return error_set(err, ERR_USAGE,
		"%u %s are asked for, the trusted root names %zu", wanted, what, named);
}

static int check_evidence(const struct signer *signer, struct error *err)
{
	const struct trusted_root *root = signer->root;
	struct evidence wanted = signer_evidence(signer);

	if (signer->key && wanted.scts > 0)
		return error_set(err, ERR_USAGE,
			"a plain key has no certificate that could be logged");
	if (check_count(wanted.logs, root ? root->log_count : 0, "transparency logs",
		    err) < 0 ||
		check_count(wanted.timestamps, root ? root->timestamp_authority_count : 0,
			"time stamp authorities", err) < 0)
		return err->class;
	return check_count(wanted.scts, root ? root->ct_log_count : 0,
		"certificate transparency logs", err);
}

int signer_check(const struct signer *signer, struct error *err)
{
	bool named = signer->identity.text || signer->issuer.text;

	if (signer->key && named)
		return error_set(err, ERR_USAGE,
			"a key and a certificate identity exclude each other");
	if (!signer->key && (!signer->identity.text || !signer->issuer.text))
		return error_set(err, ERR_USAGE,
			"either a key or an identity with its issuer is needed");
	if (!signer->key && !signer->root)
		return error_set(err, ERR_USAGE,
			"a certificate can only be checked with a trusted root");
	return check_evidence(signer, err);
}

/* What is too long to be matched, or not of ASCII, is no match. */
static int name_fits(const struct signer_name *name, struct slice value, bool *ret_fits,
	struct error *err)
{
	if (!name->pattern) {
		*ret_fits = slice_equal_str(value, name->text);
		return 0;
	}
	*ret_fits = false;
	if (pattern_matches(name->pattern, value, ret_fits, err) == 0 ||
		err->class != ERR_INPUT)
		return err->class;
	error_clear(err);
	return 0;
}

int signer_check_names(const struct signer *signer, const struct certificate *certificate,
	struct error *err)
{
	struct slice identity = certificate_identity(certificate),
		     issuer = certificate_issuer(certificate);
	bool fits;

	if (name_fits(&signer->identity, identity, &fits, err) < 0)
		return err->class;
	if (!fits)
		return error_set(err, ERR_REFUSED, "signed by %.*s, not by %s",
			SLICE_ARG(identity), signer->identity.text);
	if (name_fits(&signer->issuer, issuer, &fits, err) < 0)
		return err->class;
	if (!fits)
		return error_set(err, ERR_REFUSED,
			"the identity was vouched for by %.*s, not by %s",
			SLICE_ARG(issuer), signer->issuer.text);
	return 0;
}
