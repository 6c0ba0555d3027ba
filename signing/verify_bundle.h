/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a Sigstore bundle proves that an artifact was signed by a key, or by an
 * identity that a trusted authority vouched for. Offline: all trust comes from the signer
 * and the trusted root that the caller gives.
 *
 * Bundles of all versions, layers of cosign's tags (bundle_layer.h), messages and
 * envelopes, keys and certificates come down to one claim (transparency.h), and that goes
 * one way:
 *
 *	signature → log entries → times → chain → SCT → identity → artifact
 *
 * How many logs and time stamp authorities must have seen it, the signer says
 * (signer.h). Everything that the bundle brings must hold, nothing is passed over. A
 * certificate needs at least one proven time. Without a root (keys only) what the bundle
 * brings of entries and time stamps is reported as not checked.
 */
#ifndef SIGNING_VERIFY_BUNDLE_H
#define SIGNING_VERIFY_BUNDLE_H

#include "signing/bundle.h"
#include "signing/signer.h"

struct artifact {
	struct digest digest;
	bool has_bytes; /* false: only the digest is known */
	struct slice bytes;
};

enum bundle_check {
	BUNDLE_SIGNATURE,
	BUNDLE_ARTIFACT,
	BUNDLE_LOG,
	BUNDLE_TIME,
	BUNDLE_CHAIN,
	BUNDLE_SCT,
	BUNDLE_IDENTITY,
	BUNDLE_CHECKS
};
const char *bundle_check_name(enum bundle_check check);

#define BUNDLE_NOTE_MAX 512
/* What was looked at, check by check. */
struct bundle_report {
	struct {
		bool done;                  /* false: not applicable, or not possible */
		char text[BUNDLE_NOTE_MAX]; /* how, or why not; printable */
	} checks[BUNDLE_CHECKS];
};

/*
 * 0 only if it is proven. ERR_REFUSED with the reason otherwise; the report then tells
 * how far it went. ERR_USAGE if the signer fits no bundle.
 */
MUST_USE int verify_bundle(const struct bundle *bundle, const struct artifact *artifact,
	const struct signer *signer, struct bundle_report *ret_report, struct error *err);
/*
 * The same, short of the artifact: who signed, not about what. For callers that read
 * payload or statement themselves, and bind it. message: the bytes of a message
 * signature; NULL for an envelope.
 */
MUST_USE int verify_signed(const struct bundle *bundle, const struct artifact *message,
	const struct signer *signer, struct bundle_report *ret_report, struct error *err);

#endif
