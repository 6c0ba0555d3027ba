/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/claims_private.h"
#include "signing/verify_bundle.h"

/* One signed thing against all signers. */
struct search {
	const struct signed_thing *thing;
	struct claims *claims;
	struct claim *claim;
	size_t signer_count;
	struct bundle *made;             /* of a layer, when it was needed; owned */
	const struct bundle *bundle;     /* NULL: not needed yet, or unreadable */
	struct certificate *certificate; /* its leaf; owned */
	struct error unreadable;         /* why there is no bundle or certificate */
	bool looked;
};

static void search_done(struct search *search)
{
	bundle_free(&search->made);
	certificate_free(&search->certificate);
}

/* "No" is an answer, and so is "not readable"; all else is a check that was not made. */
static bool is_failure(const struct error *answer, struct error *err)
{
	if (answer->class == ERR_REFUSED || answer->class == ERR_INPUT)
		return false;
	*err = *answer;
	return true;
}

/* near: all that is missing is the evidence. */
static int note_refusal(
	struct search *search, bool near, const struct error *why, struct error *err)
{
	char text[768];

	if (search->claim->refusal && (search->claim->refused_near || !near))
		return 0;
	error_format(why, text, sizeof(text));
	search->claim->refused_near = near;
	search->claim->refusal = arena_strdup(search->claims->arena, text);
	return search->claim->refusal ? 0 : error_set_memory(err);
}

/* A signer who signed; others may have, too. */
static int add_signer(
	struct search *search, const struct signer *signer, struct error *err)
{
	struct claim *claim = search->claim;

	if (!claim->signers) {
		claim->signers = arena_array(search->claims->arena, search->signer_count,
			sizeof(*claim->signers));
		if (!claim->signers)
			return error_set_memory(err);
		claim->signer = signer;
	}
	claim->signers[claim->signer_count++] = signer;
	return 0;
}

/* ---- plain keys, with nothing asked of what comes along ---- */

static int try_key(struct search *search, const struct signer *signer, struct error *err)
{
	const struct signed_thing *thing = search->thing;
	struct error one = ERROR_INIT;
	int status = thing->envelope ? envelope_verify(thing->envelope, signer->key, &one)
				     : key_verify(signer->key, thing->message,
					       thing->signature, &one);

	if (status == 0)
		return add_signer(search, signer, err);
	return is_failure(&one, err) ? err->class : 0;
}

/* ---- certificates, and keys with a trusted root ---- */

static int make_bundle(struct search *search, struct error *err)
{
	const struct signed_thing *thing = search->thing;

	if (thing->bundle) {
		search->bundle = thing->bundle;
		return 0;
	}
	if ((thing->envelope ? bundle_from_envelope(thing->envelope_text,
				       &thing->annotations, &search->made, err)
			     : bundle_from_signature(thing->signature,
				       &thing->annotations, &search->made, err)) < 0)
		return err->class;
	search->bundle = search->made;
	return 0;
}

/* Once for all signers. */
static int look(struct search *search, struct error *err)
{
	struct error *why = &search->unreadable;

	if (search->looked)
		return 0;
	search->looked = true;
	if (make_bundle(search, why) < 0 ||
		(!search->bundle->has_key &&
			certificate_parse(search->bundle->certificates[0],
				&search->certificate, why) < 0))
		return is_failure(why, err) ? err->class : 0;
	return 0;
}

/* Cheap, and before anything else is looked at: strangers' certificates cost nothing. */
static int check_names(
	const struct search *search, const struct signer *signer, struct error *err)
{
	if (signer->key)
		return 0;
	if (search->bundle->has_key)
		return error_set(
			err, ERR_REFUSED, "signed with a key, not a certificate");
	return signer_check_names(signer, search->certificate, err);
}

static int check_evidence(
	const struct search *search, const struct signer *signer, struct error *err)
{
	const struct signed_thing *thing = search->thing;
	struct artifact message = {.has_bytes = true, .bytes = thing->message};
	struct bundle_report report;

	if (thing->envelope)
		return verify_signed(search->bundle, NULL, signer, &report, err);
	if (digest_of(DIGEST_SHA256, message.bytes, &message.digest, err) < 0)
		return err->class;
	return verify_signed(search->bundle, &message, signer, &report, err);
}

static int try_evidence(
	struct search *search, const struct signer *signer, struct error *err)
{
	struct error one = ERROR_INIT;

	if (look(search, err) < 0)
		return err->class;
	if (error_is_set(&search->unreadable))
		return note_refusal(search, true, &search->unreadable, err);
	if (!signer->key && search->bundle->has_key)
		return 0; /* a key's, which is for others to know */
	if (check_names(search, signer, &one) < 0)
		return is_failure(&one, err) ? err->class
					     : note_refusal(search, false, &one, err);
	if (check_evidence(search, signer, &one) < 0)
		return is_failure(&one, err) ? err->class
					     : note_refusal(search, true, &one, err);
	return add_signer(search, signer, err);
}

/* ---- the whole ---- */

static int name_signer(struct search *search, struct error *err)
{
	struct claim *claim = search->claim;
	const struct certificate *certificate = search->certificate;
	struct arena *arena = search->claims->arena;
	char id[DIGEST_TEXT_MAX];

	if (!claim->signer)
		return 0;
	if (certificate) {
		claim->identity = arena_printf(arena, "%.*s, vouched for by %.*s",
			SLICE_ARG(certificate_identity(certificate)),
			SLICE_ARG(certificate_issuer(certificate)));
		if (!claim->identity)
			return error_set_memory(err);
	}
	claim->by = claim->identity;
	if (claim->signer->key)
		claim->by = arena_printf(arena, "%s key %.16s",
			key_type_name(key_get_type(claim->signer->key)),
			digest_format_hex(key_id(claim->signer->key), id));
	return claim->by ? 0 : error_set_memory(err);
}

int claim_find_signers(struct claims *claims, struct claim *claim,
	const struct signed_thing *thing, const struct signer *const *signers,
	size_t signer_count, struct error *err)
{
	CLEANUP(search_done)
	struct search search = {.thing = thing,
		.claims = claims,
		.claim = claim,
		.signer_count = signer_count,
		.unreadable = ERROR_INIT};

	claim->with_certificate = thing->bundle ? !thing->bundle->has_key
						: thing->annotations.certificate != NULL;
	for (size_t i = 0; i < signer_count; i++) {
		const struct signer *signer = signers[i];
		bool plain = signer->key && !signer->root;

		if ((plain ? try_key(&search, signer, err)
			   : try_evidence(&search, signer, err)) < 0)
			return err->class;
	}
	return name_signer(&search, err);
}
