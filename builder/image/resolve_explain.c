/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/resolve_private.h"

#define HOPS_MAX    8 /* of a chain */
#define REASONS_MAX 6 /* why none of several fits */

/* "a-1, wanted by b-2, wanted by the image" */
static int add_lineage(const struct resolver *resolver, struct buffer *out,
	const struct candidate *candidate, struct error *err)
{
	for (int hop = 0; candidate && hop < HOPS_MAX; hop++) {
		if (buffer_printf(out, err, "%s-%s, wanted by ", candidate->entry->name,
			    candidate->entry->version) < 0)
			return err->class;
		candidate = candidate->wanted_by;
	}
	return buffer_add_str(out, candidate ? "others" : resolver->wanted_by, err);
}

/* Puts "the image wants 'a': a-1 needs 'b': " before what the error says. */
static int wrap_chain(
	const struct resolver *resolver, const struct want *want, struct error *err)
{
	const struct candidate *by = want->by;
	const char *text = want->text;
	for (int hop = 0; by && hop < HOPS_MAX; hop++) {
		error_wrap(err, "%s-%s needs '%s'", by->entry->name, by->entry->version,
			text);
		text = by->because;
		by = by->wanted_by;
	}
	return by ? err->class
		  : error_wrap(err, "%s wants '%s'", resolver->wanted_by, text);
}

/* Is it the want itself that rules the candidate out? */
static bool is_of(const struct want *want, const struct candidate *candidate)
{
	return candidate->exclusion == EXCLUDED_BY_VERSION &&
	       candidate->excluded_by == want->by &&
	       strcmp(candidate->excluding, want->text) == 0;
}

static int add_reason(const struct resolver *resolver, struct buffer *out,
	const struct want *want, const struct offer *offer, struct error *err)
{
	const struct candidate *candidate = offer->candidate;
	const struct index_entry *entry = candidate->entry;
	const struct candidate *by = candidate->excluded_by;
	if (buffer_printf(out, err, "%s%s-%s", out->len ? "; " : "", entry->name,
		    entry->version) < 0)
		return err->class;
	if (candidate->exclusion == NOT_EXCLUDED &&
		!resolve_is_allowed(candidate, want) &&
		atom_matches(&want->atom, offer->version))
		return buffer_printf(out, err,
			" is in the repository '@%s' only: to take it, %s names it as "
			"'%s@%s'",
			entry->tag, resolver->wanted_by, entry->name, entry->tag);
	if (candidate->exclusion == NOT_EXCLUDED || is_of(want, candidate)) {
		if (slice_equal_str(want->atom.name, entry->name))
			return buffer_add_str(out, " is another version", err);
		return offer->version.len
			       ? buffer_printf(out, err, " provides it as %.*s",
					 SLICE_ARG(offer->version))
			       : buffer_add_str(
					 out, " provides it without a version", err);
	}
	if (candidate->exclusion == EXCLUDED_BY_PROVIDER) {
		if (buffer_printf(out, err, " cannot be beside another that has '%s': ",
			    candidate->excluding) < 0)
			return err->class;
		return add_lineage(resolver, out, by, err);
	}
	if (buffer_printf(out, err, " is ruled out by '%s' of ", candidate->excluding) <
		0)
		return err->class;
	return add_lineage(resolver, out, by, err);
}

static int add_reasons(const struct resolver *resolver, struct buffer *out,
	const struct want *want, const struct offers *offers, struct error *err)
{
	int told = 0;
	for (const struct offer *offer = offers->first; offer; offer = offer->next) {
		if (told++ == REASONS_MAX)
			return buffer_add_str(out, "; and so on", err);
		if (add_reason(resolver, out, want, offer, err) < 0)
			return err->class;
	}
	return 0;
}

int resolve_explain_missing(
	const struct resolver *resolver, const struct want *want, struct error *err)
{
	cleanup_buffer struct buffer reasons = BUFFER_INIT;
	const struct offers *offers = map_get(resolver->by_name, want->atom.name);
	if (!offers) {
		error_set(err, ERR_INPUT, "nothing provides '%s'", want->text);
		wrap_chain(resolver, want, err);
		return error_remedy(err, "add a recipe that makes it, or take it off the "
					 "list of packages");
	}
	if (add_reasons(resolver, &reasons, want, offers, err) < 0)
		return err->class;
	error_set(err, ERR_INPUT, "nothing fits '%s': %s", want->text,
		buffer_str(&reasons));
	wrap_chain(resolver, want, err);
	return error_remedy(err, "change one of these dependencies, or take one of the "
				 "packages off the list");
}

int resolve_explain_chosen(const struct resolver *resolver, const struct want *want,
	const struct candidate *chosen, struct error *err)
{
	cleanup_buffer struct buffer lineage = BUFFER_INIT;
	if (add_lineage(resolver, &lineage, chosen, err) < 0)
		return err->class;
	error_set(err, ERR_INPUT, "chosen for '%s' is %s", chosen->because,
		buffer_str(&lineage));
	wrap_chain(resolver, want, err);
	return error_remedy(err, "change one of these dependencies, or take one of the "
				 "packages off the list");
}

int resolve_explain_conflict(const struct resolver *resolver, const struct want *want,
	const struct candidate *chosen, struct error *err)
{
	cleanup_buffer struct buffer lineage = BUFFER_INIT;
	if (add_lineage(resolver, &lineage, chosen, err) < 0)
		return err->class;
	error_set(err, ERR_INPUT, "but there is %s", buffer_str(&lineage));
	wrap_chain(resolver, want, err);
	return error_remedy(err, "take one of the two off the list of packages, or what "
				 "wants it");
}
