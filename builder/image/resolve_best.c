/* SPDX-License-Identifier: Apache-2.0 */
/* The best of the candidates that are left. */
#include "builder/image/resolve_private.h"

struct slice resolve_tag_of(const struct want *want)
{
	return want->by ? want->by->tag : want->atom.tag;
}

/* What the image's atoms chose is there for all. */
bool resolve_is_allowed(const struct candidate *candidate, const struct want *want)
{
	return !*candidate->entry->tag || candidate->state == PLANNED ||
	       slice_equal_str(resolve_tag_of(want), candidate->entry->tag);
}

static bool has_chosen_origin(
	const struct resolver *resolver, const struct index_entry *entry)
{
	for (size_t i = 0; *entry->origin && i < resolver->chosen_count; i++)
		if (strcmp(resolver->chosen[i]->origin, entry->origin) == 0 &&
			strcmp(resolver->chosen[i]->version, entry->version) == 0)
			return true;
	return false;
}

/* 1: the first is better, -1: the second. */
static int prefer(bool first, bool second)
{
	return (int)first - (int)second;
}

/*
 * Is a better than b for this atom? Both fit. Of those that nothing else decides about,
 * whoever has the name itself comes before those that provide it, in whatever version.
 */
static bool is_better(const struct resolver *resolver, const struct offer *a,
	const struct offer *b, const struct atom *atom)
{
	const struct index_entry *left = a->candidate->entry,
				 *right = b->candidate->entry;
	int better =
		prefer(a->candidate->state == PLANNED, b->candidate->state == PLANNED);
	if (!better)
		better = prefer(slice_equal_str(atom->name, left->name),
			slice_equal_str(atom->name, right->name));
	if (!better)
		better = prefer(has_chosen_origin(resolver, left),
			has_chosen_origin(resolver, right));
	if (!better)
		better = prefer(slice_equal_str(atom->tag, left->tag),
			slice_equal_str(atom->tag, right->tag));
	if (!better && a->version.len && b->version.len)
		better = -resolve_newest_first(a->version, b->version);
	if (!better && strcmp(left->name, right->name) == 0)
		better = -resolve_newest_first(
			slice_str(left->version), slice_str(right->version));
	if (!better)
		better = prefer(left->provider_priority > right->provider_priority,
			right->provider_priority > left->provider_priority);
	if (!better)
		better = -resolve_newest_first(
			slice_str(left->version), slice_str(right->version));
	if (!better)
		better = strcmp(right->name, left->name);
	return better > 0;
}

struct candidate *resolve_find_best(
	const struct resolver *resolver, const struct want *want, size_t *ret_count)
{
	const struct offer *best = NULL;
	size_t count = 0;
	const struct offer *offer = resolve_offers_of(resolver, want->atom.name);
	for (; offer; offer = offer->next) {
		if (offer->candidate->exclusion != NOT_EXCLUDED ||
			resolve_is_taken(offer->candidate) ||
			!resolve_is_allowed(offer->candidate, want) ||
			!atom_matches(&want->atom, offer->version))
			continue;
		count++;
		if (!best || is_better(resolver, offer, best, &want->atom))
			best = offer;
	}
	*ret_count = count;
	return best ? best->candidate : NULL;
}
