/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/subject_private.h"
#include "signing/verify_bundle_private.h"

const char *bundle_check_name(enum bundle_check check)
{
	static const char *const names[BUNDLE_CHECKS] = {"signature", "artifact",
		"transparency log", "time", "certificate chain",
		"certificate transparency", "identity"};

	return names[check];
}

/* The digest in the bundle is a hint that nobody signed; a wrong one is refused. */
static int check_message_digest(
	const struct bundle *bundle, const struct artifact *artifact, struct error *err)
{
	struct digest computed = artifact->digest;

	if (!digest_is_set(&bundle->message_digest))
		return 0;
	if (computed.algorithm != bundle->message_digest.algorithm) {
		if (!artifact->has_bytes)
			return error_set(err, ERR_REFUSED,
				"the bundle's digest is %s, another was given",
				digest_algorithm_name(bundle->message_digest.algorithm));
		if (digest_of(bundle->message_digest.algorithm, artifact->bytes,
			    &computed, err) < 0)
			return err->class;
	}
	if (!digest_equal(&computed, &bundle->message_digest))
		return error_set(err, ERR_REFUSED,
			"the bundle's digest is not that of the artifact");
	return 0;
}

static int check_artifact(const struct bundle *bundle, const struct artifact *artifact,
	struct bundle_report *report, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	int status = bundle->envelope
			     ? subject_check(bundle->envelope, &artifact->digest, err)
			     : check_message_digest(bundle, artifact, err);

	if (status < 0)
		return err->class;
	bundle_report_note(report, BUNDLE_ARTIFACT, true, "%s",
		digest_format(&artifact->digest, digest));
	return 0;
}

int verify_bundle(const struct bundle *bundle, const struct artifact *artifact,
	const struct signer *signer, struct bundle_report *ret_report, struct error *err)
{
	if (verify_signed(bundle, artifact, signer, ret_report, err) == 0 &&
		check_artifact(bundle, artifact, ret_report, err) == 0)
		return 0;
	if (err->class == ERR_INPUT) /* malformed evidence is no evidence */
		err->class = ERR_REFUSED;
	return err->class;
}
