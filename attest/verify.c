/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/verify.h"

#include "attest/claims.h"
#include "attest/verify_private.h"
#include "base/limits.h"

/* ---- which claim counts, and why none does ---- */

struct tally {
	const struct claim *good;
	const struct claim *mismatch, *unproven, *certificate, *foreign,
		*broken; /* the first of each */
	size_t foreign_count, broken_count;
};

static void tally_add(struct tally *tally, const struct claim *claim)
{
	if (claim_holds(claim)) {
		if (!tally->good)
			tally->good = claim;
	} else if (claim->problem) {
		if (tally->broken_count++ == 0)
			tally->broken = claim;
	} else if (claim->signer) {
		if (!tally->mismatch)
			tally->mismatch = claim;
	} else if (claim->refusal) {
		if (claim_is_nearer(claim, tally->unproven))
			tally->unproven = claim;
	} else if (claim->with_certificate) {
		if (!tally->certificate)
			tally->certificate = claim;
	} else if (tally->foreign_count++ == 0) {
		tally->foreign = claim;
	}
}

/* Nearest to acceptance first: by our key but of something else, by others, unreadable.
 */
static int add_failure(struct verdict *verdict, const char *rule, const char *what,
	const struct tally *tally, const char *missing, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];

	if (tally->mismatch)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"digest mismatch: the %s in %s is about another image than %s",
			what, tally->mismatch->where,
			digest_format(&verdict->digest, digest));
	if (tally->unproven)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"not proven: the %s in %s: %s", what, tally->unproven->where,
			tally->unproven->refusal);
	if (tally->certificate && tally->foreign_count == 0)
		return verdict_add(verdict, FINDING_UNCHECKED, rule, err,
			"the %s in %s is by a certificate, not by a key: not checked",
			what, tally->certificate->where);
	if (tally->foreign)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"foreign key: none of the given keys made the %s in %s (of %zu)",
			what, tally->foreign->where, tally->foreign_count);
	if (tally->broken)
		return verdict_add(verdict, FINDING_FAILED, rule, err,
			"malformed: %s: %s", tally->broken->where,
			tally->broken->problem);
	return verdict_add(verdict, FINDING_FAILED, rule, err, "%s", missing);
}

static int add_success(struct verdict *verdict, const char *rule,
	const struct claim *claim, struct error *err)
{
	return verdict_add(
		verdict, FINDING_PASSED, rule, err, "by %s, %s", claim->by, claim->where);
}

/* An attestation is never a signature, whoever made it. */
static int check_signature(
	struct verification *verification, const struct claims *claims, struct error *err)
{
	struct verdict *verdict = verification->verdict;
	struct tally tally = {0};
	size_t attestations = claims->passed_over;
	char missing[256], notation[80] = "", tag[CLAIMS_TAG_MAX];

	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];

		if (claim_is_signature(claim) ||
			(claim->kind == CLAIM_BUNDLE && claim->problem))
			tally_add(&tally, claim);
		else
			attestations++;
	}
	if (tally.good)
		return add_success(verdict, "signature", tally.good, err);
	claims_tag(&verdict->digest, ".sig", tag);
	if (claims->notation_count > 0)
		(void)snprintf(notation, sizeof(notation),
			"; %zu notation signature%s not verified here",
			claims->notation_count,
			claims->notation_count == 1 ? " is" : "s are"); /* fits */
	(void)snprintf(missing, sizeof(missing),
		"missing signature: neither tag %s nor a bundle (%zu attestations do not "
		"count%s)",
		tag, attestations, notation); /* fits */
	return add_failure(verdict, "signature", "signature", &tally, missing, err);
}

static void tally_type(const struct claims *claims, const char *type, struct tally *tally)
{
	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];
		bool unreadable = claim->problem &&
				  claim->kind != CLAIM_SIGNATURE_LAYER &&
				  claim->predicate_type[0] == '\0';

		if (unreadable || (claim->kind != CLAIM_SIGNATURE_LAYER &&
					  strcmp(claim->predicate_type, type) == 0))
			tally_add(tally, claim);
	}
}

/* ---- attestations: of the image, or of every image of an index ---- */

struct target {
	struct digest digest;
	struct claims claims;
};

/*
 * What is said of the parts of an index is said of the index, if it is said of all. The
 * first part that lacks it decides. Without parts *tally stays as it is.
 */
static void tally_children(const struct target *children, size_t count, const char *type,
	struct tally *tally)
{
	for (size_t i = 0; i < count; i++) {
		struct tally child = {0};

		tally_type(&children[i].claims, type, &child);
		*tally = child;
		if (!child.good)
			return;
	}
}

static bool tally_is_empty(const struct tally *tally)
{
	return !tally->good && !tally->mismatch && !tally->unproven &&
	       !tally->certificate && !tally->foreign && !tally->broken;
}

static int check_attestation(struct verdict *verdict, const struct claims *own,
	const struct target *children, size_t child_count, const char *type,
	struct error *err)
{
	struct tally tally = {0}, parts = {0};
	char rule[320];

	(void)snprintf(rule, sizeof(rule), "attestation %.256s", type); /* fits */
	tally_type(own, type, &tally);
	tally_children(children, child_count, type, &parts);
	/* what strangers say of the index does not hide what is said of its parts */
	if (!tally.good && (parts.good || tally_is_empty(&tally)))
		tally = parts;
	if (tally.good)
		return add_success(verdict, rule, tally.good, err);
	return add_failure(verdict, rule, "attestation", &tally,
		"missing attestation: there is none of this type", err);
}

static int collect_children(const struct verification *verification,
	const struct claims_wanted *wanted, struct target *children, size_t *count,
	struct error *err)
{
	const struct manifest *manifest = verification->manifest;

	for (size_t i = 0; i < manifest->count; i++) {
		struct target *child = &children[*count];

		if (!descriptor_is_manifest(&manifest->items[i]))
			continue;
		child->digest = manifest->items[i].digest;
		if (claims_find(verification->repository, &child->digest,
			    verification->options->signers,
			    verification->options->signer_count, wanted, &child->claims,
			    err) < 0)
			return err->class;
		++*count;
	}
	return 0;
}

/* The parts of an index matter for what is not said of the index itself. */
static bool asks_children(const struct verification *verification,
	const struct claims *own, const struct claims_wanted *wanted)
{
	const struct manifest *manifest = verification->manifest;
	bool have_all = true;

	for (size_t i = 0; i < wanted->type_count; i++)
		have_all = have_all && claims_have(own, wanted->types[i]);
	return manifest && manifest->is_index && manifest->count > 0 && !have_all;
}

static int check_attestations(
	struct verification *verification, const struct claims *own, struct error *err)
{
	const struct verify_options *options = verification->options;
	const struct claims_wanted wanted = {.types = options->predicate_types,
		.type_count = options->predicate_type_count};
	cleanup_mem struct target *children = NULL;
	size_t child_count = 0;
	int status = 0;

	if (asks_children(verification, own, &wanted)) {
		children = calloc(verification->manifest->count, sizeof(*children));
		if (!children)
			return error_set_memory(err);
		status = collect_children(
			verification, &wanted, children, &child_count, err);
	}
	for (size_t i = 0; status == 0 && i < options->predicate_type_count; i++)
		status = check_attestation(verification->verdict, own, children,
			child_count, options->predicate_types[i], err);
	for (size_t i = 0; i < child_count; i++)
		claims_done(&children[i].claims);
	return status;
}

/* ---- the bytes ---- */

static const char *bytes_rule(const struct verification *verification)
{
	return repository_is_registry(verification->repository) ? "manifest" : "layout";
}

/* Broken content is a finding; what could not be read is an error. */
static int add_broken(struct verification *verification, const char *rule,
	const struct error *failure, struct error *err)
{
	char text[512];

	if (failure->class != ERR_INPUT && failure->class != ERR_REFUSED) {
		*err = *failure;
		return err->class;
	}
	error_format(failure, text, sizeof(text));
	return verdict_add(
		verification->verdict, FINDING_FAILED, rule, err, "malformed: %s", text);
}

static int read_image(struct verification *verification, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;

	if (repository_read_manifest(
		    verification->repository, &verification->image, &bytes, err) < 0)
		return err->class;
	return manifest_parse(buffer_slice(&bytes), verification->image.media_type,
		&verification->manifest, err);
}

static int check_bytes(struct verification *verification, struct error *err)
{
	bool layout = !repository_is_registry(verification->repository);
	const char *rule = bytes_rule(verification);
	struct error failure = ERROR_INIT;

	if (read_image(verification, &failure) < 0)
		return add_broken(verification, rule, &failure, err);
	if (!layout && !verification->check_blobs)
		return verdict_add(verification->verdict, FINDING_PASSED, rule, err,
			"has the digest that was asked for; layers were not read");
	if (repository_check(verification->repository, &verification->image, &failure) <
		0)
		return add_broken(verification, rule, &failure, err);
	/* what lies beside the image is evidence: damage there is told, even if a copy is
	 * whole */
	if (layout && repository_check(verification->repository, NULL, &failure) < 0)
		return add_broken(verification, rule, &failure, err);
	return verdict_add(verification->verdict, FINDING_PASSED, rule, err,
		layout ? "everything in it has its digest and size"
		       : "everything that the image reaches has its digest and size");
}

/* ---- all of it ---- */

static int check_claims(struct verification *verification, struct error *err)
{
	const struct verify_options *options = verification->options;
	const struct claims_wanted wanted = {.signature = true,
		.types = options->predicate_types,
		.type_count = options->predicate_type_count};
	cleanup_claims struct claims claims = {0};

	if (claims_find(verification->repository, &verification->image.digest,
		    options->signers, options->signer_count, &wanted, &claims, err) < 0 ||
		check_signature(verification, &claims, err) < 0)
		return err->class;
	return check_attestations(verification, &claims, err);
}

static int name_image(const struct repository *repository, const char *tag_or_digest,
	struct verdict *verdict, struct error *err)
{
	const char *separator = !tag_or_digest               ? ""
				: strchr(tag_or_digest, ':') ? "@"
							     : ":";

	verdict->image =
		arena_printf(verdict->arena, "%s%s%s", repository_name(repository),
			separator, tag_or_digest ? tag_or_digest : "");
	return verdict->image ? 0 : error_set_memory(err);
}

int verification_open(
	struct verification *verification, const char *tag_or_digest, struct error *err)
{
	struct error failure = ERROR_INIT;
	bool found = false;

	if (verdict_new(&verification->verdict, err) < 0 ||
		name_image(verification->repository, tag_or_digest, verification->verdict,
			err) < 0)
		return err->class;
	if (repository_resolve(verification->repository, tag_or_digest,
		    &verification->image, &found, &failure) < 0)
		return add_broken(verification, bytes_rule(verification), &failure, err);
	if (!found)
		return error_set(err, ERR_INPUT, "there is no such image");
	verification->verdict->digest = verification->image.digest;
	verification->resolved = true;
	return check_bytes(verification, err);
}

void verification_done(struct verification *verification)
{
	manifest_free(&verification->manifest);
	verdict_free(&verification->verdict);
}

int verify_image(struct repository *repository, const char *tag_or_digest,
	const struct verify_options *options, struct verdict **ret_verdict,
	struct error *err)
{
	CLEANUP(verification_done)
	struct verification verification = {.repository = repository,
		.options = options,
		.check_blobs = options->check_blobs};

	if (options->signer_count == 0)
		return error_set(err, ERR_USAGE, "no key or identity to verify with");
	if (verification_open(&verification, tag_or_digest, err) < 0 ||
		(verification.resolved && check_claims(&verification, err) < 0))
		return error_wrap(err, "verifying %s",
			verification.verdict ? verification.verdict->image : "an image");
	*ret_verdict = take_ptr(verification.verdict);
	return 0;
}
