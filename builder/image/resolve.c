/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "base/limits.h"
#include "builder/image/resolve_private.h"

void resolution_done(struct resolution *resolution)
{
	free(resolution->entries);
	*resolution = (struct resolution){0};
}

/* ---- choosing ---- */

/* Is there what it wants, or who wants it itself that? Refused if only in another
 * version. */
static int is_met(const struct resolver *resolver, const struct want *want, bool *ret_met,
	struct error *err)
{
	const struct candidate *other = NULL;
	const struct offer *offer = resolve_offers_of(resolver, want->atom.name);
	*ret_met = want->atom.conflict;
	for (; offer && !*ret_met; offer = offer->next) {
		const struct candidate *candidate = offer->candidate;
		bool named = slice_equal_str(want->atom.name, candidate->entry->name);
		if (!resolve_is_taken(candidate))
			continue;
		*ret_met = atom_matches(&want->atom, offer->version) ||
			   (candidate == want->by && !named);
		if (named)
			other = candidate;
	}
	if (*ret_met || !other)
		return 0;
	return resolve_explain_chosen(resolver, want, other, err);
}

static int take(struct resolver *resolver, struct candidate *candidate,
	const struct want *want, unsigned depth, struct error *err);

/* NULL: want is met. */
static int find_candidate(struct resolver *resolver, const struct want *want,
	struct candidate **ret_best, size_t *ret_options, struct error *err)
{
	bool met;
	if (is_met(resolver, want, &met, err) < 0)
		return err->class;
	*ret_best = NULL;
	if (met)
		return 0;
	*ret_best = resolve_find_best(resolver, want, ret_options);
	return *ret_best ? 0 : resolve_explain_missing(resolver, want, err);
}

/* The one with the fewest candidates, of those by text. NULL: all are met. */
static int next_want(struct resolver *resolver, const struct want *wants, size_t count,
	const struct want **ret_want, struct candidate **ret_best, struct error *err)
{
	size_t fewest = 0;
	*ret_want = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t options;
		struct candidate *best;
		if (find_candidate(resolver, &wants[i], &best, &options, err) < 0)
			return err->class;
		if (!best)
			continue;
		if (*ret_want &&
			(options > fewest ||
				(options == fewest &&
					strcmp((*ret_want)->text, wants[i].text) <= 0)))
			continue;
		*ret_want = &wants[i];
		*ret_best = best;
		fewest = options;
	}
	return 0;
}

static int choose_dependencies(struct resolver *resolver, struct candidate *candidate,
	unsigned depth, struct error *err)
{
	const struct package_list *depends = &candidate->entry->depends;
	struct want *wants;
	const struct want *next;
	struct candidate *best;
	if (resolve_read_wants(
		    resolver, depends->items, depends->count, candidate, &wants, err) < 0)
		return err->class;
	resolve_constrain(resolver, wants, depends->count);
	do
		if (next_want(resolver, wants, depends->count, &next, &best, err) < 0 ||
			(next && take(resolver, best, next, depth + 1, err) < 0))
			return err->class;
	while (next);
	return 0;
}

static int take(struct resolver *resolver, struct candidate *candidate,
	const struct want *want, unsigned depth, struct error *err)
{
	if (depth > LIMIT_RESOLVE_DEPTH)
		return error_set(err, ERR_INPUT,
			"dependencies of '%s' nest deeper than %d", want->text,
			LIMIT_RESOLVE_DEPTH);
	if (candidate->state == UNTOUCHED) {
		candidate->because = want->text;
		candidate->wanted_by = want->by;
		candidate->tag = resolve_tag_of(want);
	}
	candidate->state = IN_PROGRESS;
	if (resolve_exclude_rivals(resolver, candidate, err) < 0 ||
		choose_dependencies(resolver, candidate, depth, err) < 0)
		return err->class;
	candidate->state = CHOSEN;
	if (array_add(&resolver->chosen, &resolver->chosen_count,
		    &resolver->chosen_capacity, sizeof(*resolver->chosen), err) < 0)
		return err->class;
	resolver->chosen[resolver->chosen_count - 1] = candidate->entry;
	return 0;
}

/* Decides on the image's own atoms before on what they need: the one with the fewest
 * candidates first. */
static int plan_wants(struct resolver *resolver, const struct want *wants, size_t count,
	struct error *err)
{
	bool *done = arena_array(resolver->arena, count, sizeof(*done));
	if (!done)
		return error_set_memory(err);
	for (;;) {
		size_t fewest = 0, at = count;
		struct candidate *chosen = NULL;
		for (size_t i = 0; i < count; i++) {
			size_t options;
			if (done[i] || wants[i].atom.conflict)
				continue;
			struct candidate *best =
				resolve_find_best(resolver, &wants[i], &options);
			if (!best)
				return resolve_explain_missing(resolver, &wants[i], err);
			if (at < count && options >= fewest)
				continue;
			at = i;
			fewest = options;
			chosen = best;
		}
		if (!chosen)
			return 0;
		done[at] = true;
		if (chosen->state == UNTOUCHED) {
			chosen->state = PLANNED;
			chosen->because = wants[at].text;
			chosen->tag = wants[at].atom.tag;
		}
		if (resolve_exclude_rivals(resolver, chosen, err) < 0)
			return err->class;
	}
}

static int choose_wants(struct resolver *resolver, const struct want *wants, size_t count,
	struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		size_t options;
		struct candidate *best;
		if (find_candidate(resolver, &wants[i], &best, &options, err) < 0)
			return err->class;
		if (!best)
			continue;
		if (take(resolver, best, &wants[i], 0, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- afterwards ---- */

static const struct candidate *find_chosen(
	const struct resolver *resolver, const struct want *want)
{
	const struct offer *offer = resolve_offers_of(resolver, want->atom.name);
	for (; offer; offer = offer->next)
		if (offer->candidate->state == CHOSEN && offer->candidate != want->by &&
			atom_matches(&want->atom, offer->version))
			return offer->candidate;
	return NULL;
}

/* One in a repository with a tag comes only with another one from there. */
static int is_wanted_by_all(struct resolver *resolver, const struct candidate *candidate,
	bool *ret_is, struct error *err)
{
	const struct package_list *list = &candidate->entry->install_if;
	const char *tag = candidate->entry->tag;
	bool allowed = !*tag;
	*ret_is = list->count > 0;
	for (size_t i = 0; i < list->count && *ret_is; i++) {
		struct want want;
		if (resolve_read_want(resolver, list->items[i], candidate, &want, err) <
			0)
			return err->class;
		const struct candidate *chosen = find_chosen(resolver, &want);
		*ret_is = (chosen != NULL) != want.atom.conflict;
		allowed |= chosen && strcmp(chosen->entry->tag, tag) == 0;
	}
	*ret_is &= allowed;
	return 0;
}

/* Packages that install themselves when all of a set is there. */
static int choose_install_if(struct resolver *resolver, struct error *err)
{
	bool again = true;
	while (again) {
		again = false;
		for (size_t i = 0; i < resolver->count; i++) {
			struct candidate *candidate = &resolver->candidates[i];
			bool wanted;
			if (candidate->state != UNTOUCHED ||
				candidate->exclusion != NOT_EXCLUDED ||
				!candidate->entry->install_if.count)
				continue;
			if (is_wanted_by_all(resolver, candidate, &wanted, err) < 0)
				return err->class;
			if (!wanted)
				continue;
			struct want itself = {.text = "install_if",
				.atom.tag = slice_str(candidate->entry->tag)};
			if (take(resolver, candidate, &itself, 0, err) < 0)
				return err->class;
			again = true;
		}
	}
	return 0;
}

static int check_conflicts(const struct resolver *resolver, const struct want *wants,
	size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct candidate *there =
			wants[i].atom.conflict ? find_chosen(resolver, &wants[i]) : NULL;
		if (there)
			return resolve_explain_conflict(resolver, &wants[i], there, err);
	}
	return 0;
}

static int check_all_conflicts(struct resolver *resolver, struct error *err)
{
	for (size_t i = 0; i < resolver->count; i++) {
		const struct candidate *candidate = &resolver->candidates[i];
		const struct package_list *depends = &candidate->entry->depends;
		struct want *wants;
		if (candidate->state != CHOSEN)
			continue;
		if (resolve_read_wants(resolver, depends->items, depends->count,
			    candidate, &wants, err) < 0 ||
			check_conflicts(resolver, wants, depends->count, err) < 0)
			return err->class;
	}
	return 0;
}

static void resolver_done(struct resolver *resolver)
{
	map_free(&resolver->by_name);
	arena_free(&resolver->arena);
	free(resolver->chosen);
}

int resolve_packages(const struct package_index *index, const char *const *wanted,
	size_t wanted_count, const char *wanted_by, struct resolution *ret_resolution,
	struct error *err)
{
	CLEANUP(resolver_done) struct resolver resolver = {.wanted_by = wanted_by};
	struct want *wants;
	if (arena_new(&resolver.arena, err) < 0 || map_new(&resolver.by_name, err) < 0 ||
		resolve_load(&resolver, index, err) < 0 ||
		resolve_read_wants(&resolver, wanted, wanted_count, NULL, &wants, err) <
			0)
		return err->class;
	resolve_constrain(&resolver, wants, wanted_count);
	if (plan_wants(&resolver, wants, wanted_count, err) < 0 ||
		choose_wants(&resolver, wants, wanted_count, err) < 0 ||
		choose_install_if(&resolver, err) < 0 ||
		check_conflicts(&resolver, wants, wanted_count, err) < 0 ||
		check_all_conflicts(&resolver, err) < 0)
		return err->class;
	*ret_resolution = (struct resolution){resolver.chosen, resolver.chosen_count};
	resolver.chosen = NULL;
	return 0;
}
