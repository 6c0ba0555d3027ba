/* SPDX-License-Identifier: Apache-2.0 */
#include "signing/verify_bundle.h"

#include "base/clock.h"
#include "signing/certificate.h"
#include "signing/subject_private.h"
#include "signing/timestamp.h"
#include "signing/transparency.h"

#define TIMES_MAX ((size_t)2 * BUNDLE_ITEMS_MAX) /* of entries and of time stamps */

/* One verification on its way. */
struct verification {
	const struct bundle *bundle;
	const struct artifact *artifact;
	const struct verify_bundle_options *options;
	struct bundle_report *report;
	struct certificate *certificate; /* NULL with a key */
	struct buffer pae;
	struct claim_signed claim;
	struct log_word words[BUNDLE_ITEMS_MAX];
	int64_t times[TIMES_MAX];
	size_t time_count;
};

static void verification_done(struct verification *verification)
{
	certificate_free(&verification->certificate);
	buffer_done(&verification->pae);
}

const char *bundle_check_name(enum bundle_check check)
{
	static const char *const names[BUNDLE_CHECKS] = {"signature", "artifact",
		"transparency log", "time", "certificate chain",
		"certificate transparency", "identity"};

	return names[check];
}

/* A text that is cut is still a note. */
static void PRINTF_LIKE(4, 5) note(struct verification *verification,
	enum bundle_check check, bool done, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(
		verification->report->checks[check].text, BUNDLE_NOTE_MAX, format, args);
	va_end(args);
	verification->report->checks[check].done = done;
}

/* ---- what is claimed ---- */

static int take_signer(struct verification *verification, struct error *err)
{
	const struct bundle *bundle = verification->bundle;
	const struct verify_bundle_options *options = verification->options;

	if (options->key) {
		if (!bundle->has_key)
			return error_set(err, ERR_REFUSED,
				"it was signed with a certificate, not with the key");
		verification->claim.key = options->key;
		return 0;
	}
	if (bundle->has_key)
		return error_set(err, ERR_REFUSED,
			"it was signed with a key, and no key was given to check with");
	for (size_t i = 0; i < bundle->certificate_count; i++)
		if (certificate_refuse_root(bundle->certificates[i], err) < 0)
			return err->class;
	if (certificate_parse(bundle->certificates[0], &verification->certificate, err) <
		0)
		return err->class;
	verification->claim.certificate = bundle->certificates[0];
	verification->claim.key = certificate_key(verification->certificate);
	return 0;
}

static int take_envelope(struct verification *verification, struct error *err)
{
	const struct envelope *envelope = verification->bundle->envelope;
	struct claim_signed *claim = &verification->claim;

	if (envelope_pae(envelope->payload_type, envelope->payload, &verification->pae,
		    err) < 0)
		return err->class;
	claim->envelope = envelope;
	claim->signature = envelope->signatures[0].signature;
	claim->bytes = buffer_slice(&verification->pae);
	claim->has_bytes = true;
	return digest_of(DIGEST_SHA256, claim->bytes, &claim->digest, err);
}

static void take_message(struct verification *verification)
{
	struct claim_signed *claim = &verification->claim;

	claim->signature = verification->bundle->message_signature;
	claim->bytes = verification->artifact->bytes;
	claim->has_bytes = verification->artifact->has_bytes;
	claim->digest = verification->artifact->digest;
}

static int take_content(struct verification *verification, struct error *err)
{
	if (verification->bundle->envelope)
		return take_envelope(verification, err);
	take_message(verification);
	return 0;
}

/* ---- signature and artifact ---- */

static int check_signature(struct verification *verification, struct error *err)
{
	const struct claim_signed *claim = &verification->claim;
	char id[DIGEST_TEXT_MAX];
	int status = claim->has_bytes
			     ? key_verify(claim->key, claim->bytes, claim->signature, err)
			     : key_verify_digest(
				       claim->key, &claim->digest, claim->signature, err);

	if (status < 0)
		return err->class;
	note(verification, BUNDLE_SIGNATURE, true, "%s over %s, by %s key %.16s…",
		claim->envelope ? "DSSE envelope" : "message signature",
		claim->has_bytes ? "the bytes" : "the digest",
		key_type_name(key_get_type(claim->key)),
		digest_format_hex(key_id(claim->key), id));
	return 0;
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

static int check_artifact(struct verification *verification, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	int status = verification->bundle->envelope
			     ? subject_check(verification->bundle->envelope,
				       &verification->artifact->digest, err)
			     : check_message_digest(
				       verification->bundle, verification->artifact, err);

	if (status < 0)
		return err->class;
	note(verification, BUNDLE_ARTIFACT, true, "%s",
		digest_format(&verification->artifact->digest, digest));
	return 0;
}

/* ---- log and times ---- */

static int check_entries(struct verification *verification, struct error *err)
{
	const struct bundle *bundle = verification->bundle;
	const struct trusted_root *root = verification->options->root;

	if (bundle->entry_count == 0 && root->log_count > 0)
		return error_set(err, ERR_REFUSED,
			"no entry in a transparency log, which the trusted root asks "
			"for");
	for (size_t i = 0; i < bundle->entry_count; i++) {
		struct log_word *word = &verification->words[i];

		if (log_entry_verify(&bundle->entries[i], bundle->version,
			    &verification->claim, root, word, err) < 0)
			return err->class;
		if (word->has_time)
			verification->times[verification->time_count++] = word->time;
		note(verification, BUNDLE_LOG, true, "entry %llu of %.256s: %s%s",
			(unsigned long long)bundle->entries[i].log_index,
			word->log->base_url, word->has_time ? "promised" : "",
			!word->has_proof ? ""
			: word->has_time ? ", included"
					 : "included");
	}
	if (bundle->entry_count == 0)
		note(verification, BUNDLE_LOG, false, "the trusted root names no log");
	return 0;
}

static int check_timestamps(struct verification *verification, struct error *err)
{
	const struct bundle *bundle = verification->bundle;
	const struct trusted_authority *authority;

	for (size_t i = 0; i < bundle->timestamp_count; i++)
		if (timestamp_verify(bundle->timestamps[i], verification->claim.signature,
			    verification->options->root,
			    &verification->times[verification->time_count++], &authority,
			    err) < 0)
			return err->class;
	return 0;
}

/* Rekor v2 gives no time of its own: its key must have been valid at the proven times. */
static int check_log_windows(const struct verification *verification, struct error *err)
{
	for (size_t i = 0; i < verification->bundle->entry_count; i++)
		for (size_t j = 0; j < verification->time_count; j++)
			if (!time_window_holds(&verification->words[i].log->window,
				    verification->times[j]))
				return error_set(err, ERR_REFUSED,
					"the time is outside the validity of the log %s",
					verification->words[i].log->base_url);
	return 0;
}

static int check_times(struct verification *verification, struct error *err)
{
	char text[CLOCK_TEXT_MAX];

	if (check_timestamps(verification, err) < 0 ||
		check_log_windows(verification, err) < 0)
		return err->class;
	if (verification->time_count > 0)
		note(verification, BUNDLE_TIME, true, "%s, %zu of %zu from the log",
			clock_format(verification->times[0], text),
			verification->time_count - verification->bundle->timestamp_count,
			verification->time_count);
	else if (verification->certificate)
		return error_set(err, ERR_REFUSED,
			"nothing proves when it was signed (no signed entry timestamp, "
			"no time stamp)");
	else
		note(verification, BUNDLE_TIME, false, "the bundle holds none");
	return 0;
}

/* ---- who ---- */

static int check_certificate(struct verification *verification, struct error *err)
{
	const struct verify_bundle_options *options = verification->options;
	struct certificate *certificate = verification->certificate;

	if (certificate_check_chain(certificate, options->root, verification->times,
		    verification->time_count, err) < 0)
		return err->class;
	note(verification, BUNDLE_CHAIN, true, "valid at every proven time");
	if (options->root->ct_log_count > 0) {
		if (certificate_check_scts(certificate, options->root, err) < 0)
			return err->class;
		note(verification, BUNDLE_SCT, true, "logged when it was issued");
	} else {
		note(verification, BUNDLE_SCT, false, "the trusted root names no log");
	}
	if (certificate_check_identity(
		    certificate, options->identity, options->issuer, err) < 0)
		return err->class;
	note(verification, BUNDLE_IDENTITY, true, "%.240s, vouched for by %.200s",
		options->identity, options->issuer);
	return 0;
}

static void note_key(struct verification *verification)
{
	note(verification, BUNDLE_CHAIN, false, "signed with a plain key");
	note(verification, BUNDLE_SCT, false, "signed with a plain key");
	note(verification, BUNDLE_IDENTITY, true, "the given key");
}

static int check_evidence(struct verification *verification, struct error *err)
{
	if (verification->options->root)
		return check_entries(verification, err) < 0
			       ? err->class
			       : check_times(verification, err);
	note(verification, BUNDLE_LOG, false, "%zu entries not checked: no trusted root",
		verification->bundle->entry_count);
	note(verification, BUNDLE_TIME, false,
		"%zu time stamps not checked: no trusted root",
		verification->bundle->timestamp_count);
	return 0;
}

static int check_options(const struct verify_bundle_options *options, struct error *err)
{
	if (options->key && (options->identity || options->issuer))
		return error_set(err, ERR_USAGE,
			"a key and a certificate identity exclude each other");
	if (!options->key && (!options->identity || !options->issuer))
		return error_set(err, ERR_USAGE,
			"either a key or an identity with its issuer is needed");
	if (!options->key && !options->root)
		return error_set(err, ERR_USAGE,
			"a certificate can only be checked with a trusted root");
	return 0;
}

static int run(struct verification *verification, struct error *err)
{
	if (take_signer(verification, err) < 0 || take_content(verification, err) < 0 ||
		check_signature(verification, err) < 0 ||
		check_artifact(verification, err) < 0 ||
		check_evidence(verification, err) < 0)
		return err->class;
	if (verification->certificate)
		return check_certificate(verification, err);
	note_key(verification);
	return 0;
}

int verify_bundle(const struct bundle *bundle, const struct artifact *artifact,
	const struct verify_bundle_options *options, struct bundle_report *ret_report,
	struct error *err)
{
	CLEANUP(verification_done)
	struct verification verification = {.bundle = bundle,
		.artifact = artifact,
		.options = options,
		.report = ret_report};

	if (check_options(options, err) < 0)
		return err->class;
	*ret_report = (struct bundle_report){0};
	if (run(&verification, err) == 0)
		return 0;
	if (err->class == ERR_INPUT) /* malformed evidence is no evidence */
		err->class = ERR_REFUSED;
	return err->class;
}
