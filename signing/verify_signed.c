/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "signing/timestamp.h"
#include "signing/transparency.h"
#include "signing/verify_bundle_private.h"

#define TIMES_MAX ((size_t)2 * BUNDLE_ITEMS_MAX) /* of entries and of time stamps */

/* One verification on its way. */
struct verification {
	const struct bundle *bundle;
	const struct artifact *message; /* NULL for an envelope */
	const struct signer *signer;
	struct evidence wanted;
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

/* Printable UTF-8, also where the text was cut in the middle of a character. */
static void make_printable(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && !slice_is_utf8(slice_from(text, len)))
		text[--len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
}

void bundle_report_note(struct bundle_report *report, enum bundle_check check, bool done,
	const char *format, ...)
{
	char *text = report->checks[check].text;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, BUNDLE_NOTE_MAX, format, args); /* cut is fine */
	va_end(args);
	make_printable(text);
	report->checks[check].done = done;
}

/* ---- what is claimed ---- */

static int take_signer(struct verification *verification, struct error *err)
{
	const struct bundle *bundle = verification->bundle;
	const struct key *key = verification->signer->key;

	if (key) {
		if (!bundle->has_key)
			return error_set(err, ERR_REFUSED,
				"it was signed with a certificate, not with the key");
		verification->claim.key = key;
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
	claim->envelope_text = verification->bundle->envelope_text;
	claim->signature = envelope->signatures[0].signature;
	claim->bytes = buffer_slice(&verification->pae);
	claim->has_bytes = true;
	return digest_of(DIGEST_SHA256, claim->bytes, &claim->digest, err);
}

static int take_message(struct verification *verification, struct error *err)
{
	const struct artifact *message = verification->message;
	struct claim_signed *claim = &verification->claim;

	if (!message)
		return error_set(err, ERR_BUG, "a message signature without its message");
	claim->signature = verification->bundle->message_signature;
	claim->bytes = message->bytes;
	claim->has_bytes = message->has_bytes;
	claim->digest = message->digest;
	return 0;
}

static int take_content(struct verification *verification, struct error *err)
{
	return verification->bundle->envelope ? take_envelope(verification, err)
					      : take_message(verification, err);
}

/* ---- signature ---- */

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
	bundle_report_note(verification->report, BUNDLE_SIGNATURE, true,
		"%s over %s, by %s key %.16s",
		claim->envelope ? "DSSE envelope" : "message signature",
		claim->has_bytes ? "the bytes" : "the digest",
		key_type_name(key_get_type(claim->key)),
		digest_format_hex(key_id(claim->key), id));
	return 0;
}

/* ---- log and times ---- */

/* Different ones: a log that has it twice is still one log. */
static size_t count_logs(const struct verification *verification)
{
	size_t count = 0;

	for (size_t i = 0; i < verification->bundle->entry_count; i++) {
		bool known = false;

		for (size_t j = 0; j < i && !known; j++)
			known = slice_equal(verification->words[i].log->id,
				verification->words[j].log->id);
		count += !known;
	}
	return count;
}

static int check_log_count(const struct verification *verification, struct error *err)
{
	unsigned wanted = verification->wanted.logs;
	size_t count = count_logs(verification);

	if (count >= wanted)
		return 0;
	if (count == 0)
		return error_set(err, ERR_REFUSED,
			"no entry in a transparency log, which is asked for");
	return error_set(err, ERR_REFUSED,
		"entries in %zu transparency logs, %u are asked for", count, wanted);
}

static void note_entry(struct verification *verification, const struct log_entry *entry,
	const struct log_word *word)
{
	bundle_report_note(verification->report, BUNDLE_LOG, true,
		"entry %llu of %.256s: %s%s", (unsigned long long)entry->log_index,
		word->log->base_url, word->has_time ? "promised" : "",
		!word->has_proof ? ""
		: word->has_time ? ", included"
				 : "included");
}

static int check_entries(struct verification *verification, struct error *err)
{
	const struct bundle *bundle = verification->bundle;

	for (size_t i = 0; i < bundle->entry_count; i++) {
		struct log_word *word = &verification->words[i];

		if (log_entry_verify(&bundle->entries[i], bundle->version,
			    &verification->claim, verification->signer->root, word,
			    err) < 0)
			return err->class;
		if (word->has_time)
			verification->times[verification->time_count++] = word->time;
		note_entry(verification, &bundle->entries[i], word);
	}
	if (check_log_count(verification, err) < 0)
		return err->class;
	if (bundle->entry_count == 0)
		bundle_report_note(verification->report, BUNDLE_LOG, false,
			"no entry, and none is asked for");
	return 0;
}

/* By the same anchor: the same authority, under whatever windows it is listed. */
static bool is_same_authority(
	const struct trusted_authority *a, const struct trusted_authority *b)
{
	return slice_equal(a->certificates[a->certificate_count - 1],
		b->certificates[b->certificate_count - 1]);
}

static size_t count_authorities(
	const struct trusted_authority *const *authorities, size_t total)
{
	size_t count = 0;

	for (size_t i = 0; i < total; i++) {
		bool known = false;

		for (size_t j = 0; j < i && !known; j++)
			known = is_same_authority(authorities[i], authorities[j]);
		count += !known;
	}
	return count;
}

/* Layers have the time stamp of an envelope over its text, all else over the signature.
 */
static struct slice stamped_bytes(const struct verification *verification)
{
	return verification->bundle->envelope_text.len > 0
		       ? verification->bundle->envelope_text
		       : verification->claim.signature;
}

static int check_timestamps(struct verification *verification, struct error *err)
{
	const struct bundle *bundle = verification->bundle;
	const struct trusted_authority *authorities[BUNDLE_ITEMS_MAX];
	size_t count;

	for (size_t i = 0; i < bundle->timestamp_count; i++)
		if (timestamp_verify(bundle->timestamps[i], stamped_bytes(verification),
			    verification->signer->root,
			    &verification->times[verification->time_count++],
			    &authorities[i], err) < 0)
			return err->class;
	count = count_authorities(authorities, bundle->timestamp_count);
	if (count >= verification->wanted.timestamps)
		return 0;
	return error_set(err, ERR_REFUSED,
		"time stamps by %zu authorities, %u are asked for", count,
		verification->wanted.timestamps);
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
		bundle_report_note(verification->report, BUNDLE_TIME, true,
			"%s, %zu of %zu from the log",
			clock_format(verification->times[0], text),
			verification->time_count - verification->bundle->timestamp_count,
			verification->time_count);
	else if (verification->certificate)
		return error_set(err, ERR_REFUSED,
			"nothing proves when it was signed (no signed entry timestamp, "
			"no time stamp)");
	else
		bundle_report_note(verification->report, BUNDLE_TIME, false,
			"the bundle holds none");
	return 0;
}

/* ---- who ---- */

static int check_scts(struct verification *verification, struct error *err)
{
	unsigned wanted = verification->wanted.scts;

	if (wanted == 0) {
		bundle_report_note(
			verification->report, BUNDLE_SCT, false, "not asked for");
		return 0;
	}
	if (certificate_check_scts(verification->certificate, verification->signer->root,
		    wanted, err) < 0)
		return err->class;
	bundle_report_note(
		verification->report, BUNDLE_SCT, true, "logged when it was issued");
	return 0;
}

static int check_certificate(struct verification *verification, struct error *err)
{
	struct certificate *certificate = verification->certificate;

	if (certificate_check_chain(certificate, verification->signer->root,
		    verification->times, verification->time_count, err) < 0)
		return err->class;
	bundle_report_note(
		verification->report, BUNDLE_CHAIN, true, "valid at every proven time");
	if (check_scts(verification, err) < 0 ||
		signer_check_names(verification->signer, certificate, err) < 0)
		return err->class;
	bundle_report_note(verification->report, BUNDLE_IDENTITY, true,
		"%.*s, vouched for by %.*s", SLICE_ARG(certificate_identity(certificate)),
		SLICE_ARG(certificate_issuer(certificate)));
	return 0;
}

static void note_key(struct verification *verification)
{
	bundle_report_note(
		verification->report, BUNDLE_CHAIN, false, "signed with a plain key");
	bundle_report_note(
		verification->report, BUNDLE_SCT, false, "signed with a plain key");
	bundle_report_note(verification->report, BUNDLE_IDENTITY, true, "the given key");
}

static int check_evidence(struct verification *verification, struct error *err)
{
	if (verification->signer->root)
		return check_entries(verification, err) < 0
			       ? err->class
			       : check_times(verification, err);
	bundle_report_note(verification->report, BUNDLE_LOG, false,
		"%zu entries not checked: no trusted root",
		verification->bundle->entry_count);
	bundle_report_note(verification->report, BUNDLE_TIME, false,
		"%zu time stamps not checked: no trusted root",
		verification->bundle->timestamp_count);
	return 0;
}

static int run(struct verification *verification, struct error *err)
{
	if (take_signer(verification, err) < 0 || take_content(verification, err) < 0 ||
		check_signature(verification, err) < 0 ||
		check_evidence(verification, err) < 0)
		return err->class;
	if (verification->certificate)
		return check_certificate(verification, err);
	note_key(verification);
	return 0;
}

int verify_signed(const struct bundle *bundle, const struct artifact *message,
	const struct signer *signer, struct bundle_report *ret_report, struct error *err)
{
	CLEANUP(verification_done)
	struct verification verification = {.bundle = bundle,
		.message = message,
		.signer = signer,
		.wanted = signer_evidence(signer),
		.report = ret_report};

	if (signer_check(signer, err) < 0)
		return err->class;
	*ret_report = (struct bundle_report){0};
	if (run(&verification, err) == 0)
		return 0;
	if (err->class == ERR_INPUT) /* malformed evidence is no evidence */
		err->class = ERR_REFUSED;
	return err->class;
}
