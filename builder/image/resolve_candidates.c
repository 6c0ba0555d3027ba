/* SPDX-License-Identifier: Apache-2.0 */
/* What an index has, what that offers, and what of it cannot be chosen any more. */
#include "builder/image/resolve_private.h"

/* ---- candidates, and what they offer ---- */

int resolve_newest_first(struct slice a, struct slice b)
{
	struct error ignored = ERROR_INIT;
	int order = 0;
	/* a malformed version was refused when the index was read; equal is a safe answer
	 */
	if (version_compare(a, b, false, &order, &ignored) < 0)
		return 0;
	return -order;
}

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int order = strcmp(a->entry->name, b->entry->name);
	if (!order)
		order = resolve_newest_first(
			slice_str(a->entry->version), slice_str(b->entry->version));
	if (!order)
		order = strcmp(a->entry->tag, b->entry->tag);
	if (!order)
		order = memcmp(a->entry->control_sha1.bytes, b->entry->control_sha1.bytes,
			sizeof(a->entry->control_sha1.bytes));
	return order;
}

static bool has_revision(struct slice version)
{
	size_t at = version.len;
	while (at > 0 && version.data[at - 1] >= '0' && version.data[at - 1] <= '9')
		at--;
	return at < version.len && at >= 2 && version.data[at - 1] == 'r' &&
	       version.data[at - 2] == '-';
}

/*
 * Libraries were once provided in the version of their soname, and are in that of their
 * package now ("-rN"): the former are below the latter.
 */
static int adjust_version(struct resolver *resolver, struct slice name,
	struct slice *version, struct error *err)
{
	if (!version->len || !slice_starts_with(name, SLICE("so:")) ||
		has_revision(*version))
		return 0;
	const char *text = arena_printf(resolver->arena, "0.%.*s", SLICE_ARG(*version));
	if (!text)
		return error_set_memory(err);
	*version = slice_str(text);
	return 0;
}

static int add_offer(struct resolver *resolver, struct candidate *candidate,
	struct slice name, struct slice version, struct error *err)
{
	struct offers *offers = map_get(resolver->by_name, name);
	struct offer *offer = arena_alloc(resolver->arena, sizeof(*offer));
	if (!offer)
		return error_set_memory(err);
	*offer = (struct offer){.candidate = candidate, .version = version};
	if (offers) {
		offers->last->next = offer;
		offers->last = offer;
		return 0;
	}
	offers = arena_alloc(resolver->arena, sizeof(*offers));
	if (!offers)
		return error_set_memory(err);
	*offers = (struct offers){offer, offer};
	return map_put(resolver->by_name, name, offers, err);
}

/* "name=version" or "name" */
static int read_provide(struct resolver *resolver, const char *text,
	struct slice *ret_name, struct slice *ret_version, struct error *err)
{
	struct slice rest = slice_str(text);
	if (!slice_cut(&rest, '=', ret_name))
		return error_set(err, ERR_INPUT, "an empty provide");
	*ret_version = rest;
	return adjust_version(resolver, *ret_name, ret_version, err);
}

static int add_offers(
	struct resolver *resolver, struct candidate *candidate, struct error *err)
{
	const struct package_list *provides = &candidate->entry->provides;
	if (add_offer(resolver, candidate, slice_str(candidate->entry->name),
		    slice_str(candidate->entry->version), err) < 0)
		return err->class;
	for (size_t i = 0; i < provides->count; i++) {
		struct slice name, version;
		if (read_provide(resolver, provides->items[i], &name, &version, err) <
				0 ||
			add_offer(resolver, candidate, name, version, err) < 0)
			return err->class;
	}
	return 0;
}

int resolve_load(
	struct resolver *resolver, const struct package_index *index, struct error *err)
{
	resolver->candidates =
		arena_array(resolver->arena, index->count, sizeof(*resolver->candidates));
	if (!resolver->candidates)
		return error_set_memory(err);
	for (size_t i = 0; i < index->count; i++)
		resolver->candidates[i].entry = &index->entries[i];
	resolver->count = index->count;
	if (resolver->count) /* qsort takes no NULL */
		qsort(resolver->candidates, resolver->count,
			sizeof(*resolver->candidates), compare_candidates);
	for (size_t i = 0; i < resolver->count; i++)
		if (add_offers(resolver, &resolver->candidates[i], err) < 0)
			return err->class;
	return 0;
}

const struct offer *resolve_offers_of(const struct resolver *resolver, struct slice name)
{
	const struct offers *offers = map_get(resolver->by_name, name);
	return offers ? offers->first : NULL;
}

bool resolve_is_taken(const struct candidate *candidate)
{
	return candidate->state == IN_PROGRESS || candidate->state == CHOSEN;
}

int resolve_read_want(struct resolver *resolver, const char *text,
	const struct candidate *by, struct want *ret_want, struct error *err)
{
	struct want want = {.text = text, .by = by};
	if (atom_parse(slice_str(text), &want.atom, err) < 0 ||
		(want.atom.op == ATOM_EQ && adjust_version(resolver, want.atom.name,
						    &want.atom.version, err) < 0))
		return err->class;
	*ret_want = want;
	return 0;
}

int resolve_read_wants(struct resolver *resolver, const char *const *texts, size_t count,
	const struct candidate *by, struct want **ret_wants, struct error *err)
{
	struct want *wants = arena_array(resolver->arena, count, sizeof(*wants));
	if (!wants)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		if (resolve_read_want(resolver, texts[i], by, &wants[i], err) < 0)
			return err->class;
	*ret_wants = wants;
	return 0;
}

/* ---- what cannot be chosen any more ---- */

static void exclude(struct candidate *candidate, enum exclusion why, const char *text,
	const struct candidate *by)
{
	if (candidate->exclusion != NOT_EXCLUDED || resolve_is_taken(candidate))
		return;
	candidate->exclusion = why;
	candidate->excluding = text;
	candidate->excluded_by = by;
}

/* By one of its offers of the name. *ret_versioned: one of them has a version. */
static bool fits(const struct offer *offers, const struct candidate *candidate,
	const struct atom *atom, bool *ret_versioned)
{
	bool fit = false;
	*ret_versioned = false;
	for (const struct offer *offer = offers; offer; offer = offer->next) {
		if (offer->candidate != candidate)
			continue;
		fit |= atom_matches(atom, offer->version);
		*ret_versioned |= offer->version.len > 0;
	}
	return fit;
}

/* What "!x" names, and what has x in a version that does not fit. */
void resolve_constrain(struct resolver *resolver, const struct want *wants, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct want *want = &wants[i];
		const struct offer *first = resolve_offers_of(resolver, want->atom.name);
		if (!want->atom.conflict && want->atom.op == ATOM_ANY)
			continue;
		for (const struct offer *offer = first; offer; offer = offer->next) {
			bool versioned;
			bool fit = fits(first, offer->candidate, &want->atom, &versioned);
			if (want->atom.conflict && fit && offer->candidate != want->by)
				exclude(offer->candidate, EXCLUDED_BY_CONFLICT,
					want->text, want->by);
			if (!want->atom.conflict && !fit && versioned)
				exclude(offer->candidate, EXCLUDED_BY_VERSION, want->text,
					want->by);
		}
	}
}

/* Who cannot be beside the chosen one: its other versions, and who provides the same, if
 * one of the two does so in a version. */
int resolve_exclude_rivals(
	struct resolver *resolver, const struct candidate *chosen, struct error *err)
{
	const struct index_entry *entry = chosen->entry;
	const struct offer *offer = resolve_offers_of(resolver, slice_str(entry->name));
	for (; offer; offer = offer->next)
		if (offer->candidate != chosen &&
			strcmp(offer->candidate->entry->name, entry->name) == 0)
			exclude(offer->candidate, EXCLUDED_BY_PROVIDER, entry->name,
				chosen);
	for (size_t i = 0; i < entry->provides.count; i++) {
		struct slice name, version;
		if (read_provide(
			    resolver, entry->provides.items[i], &name, &version, err) < 0)
			return err->class;
		const char *text = arena_strndup(resolver->arena, name);
		if (!text)
			return error_set_memory(err);
		for (offer = resolve_offers_of(resolver, name); offer;
			offer = offer->next)
			if (offer->candidate != chosen &&
				(version.len || offer->version.len))
				exclude(offer->candidate, EXCLUDED_BY_PROVIDER, text,
					chosen);
	}
	return 0;
}
