/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "base/limits.h"
#include "builder/image/resolve_private.h"

void resolution_done(struct resolution *resolution)
{
	free(resolution->entries);
	*resolution = (struct resolution){0};
}

/* ---- candidates, and what they offer ---- */

static int newest_first(struct slice a, struct slice b)
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
		order = newest_first(
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

static int load_candidates(
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

static const struct offer *offers_of(const struct resolver *resolver, struct slice name)
{
	const struct offers *offers = map_get(resolver->by_name, name);
	return offers ? offers->first : NULL;
}

static bool is_taken(const struct candidate *candidate)
{
	return candidate->state == IN_PROGRESS || candidate->state == CHOSEN;
}

static int read_want(struct resolver *resolver, const char *text,
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

/* In the arena. */
static int read_wants(struct resolver *resolver, const char *const *texts, size_t count,
	const struct candidate *by, struct want **ret_wants, struct error *err)
{
	struct want *wants = arena_array(resolver->arena, count, sizeof(*wants));
	if (!wants)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++)
		if (read_want(resolver, texts[i], by, &wants[i], err) < 0)
			return err->class;
	*ret_wants = wants;
	return 0;
}

/* ---- what cannot be chosen any more ---- */

static void exclude(struct candidate *candidate, enum exclusion why, const char *text,
	const struct candidate *by)
{
	if (candidate->exclusion != NOT_EXCLUDED || is_taken(candidate))
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
static void constrain(struct resolver *resolver, const struct want *wants, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct want *want = &wants[i];
		const struct offer *first = offers_of(resolver, want->atom.name);
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
static int exclude_rivals(
	struct resolver *resolver, const struct candidate *chosen, struct error *err)
{
	const struct index_entry *entry = chosen->entry;
	const struct offer *offer = offers_of(resolver, slice_str(entry->name));
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
		for (offer = offers_of(resolver, name); offer; offer = offer->next)
			if (offer->candidate != chosen &&
				(version.len || offer->version.len))
				exclude(offer->candidate, EXCLUDED_BY_PROVIDER, text,
					chosen);
	}
	return 0;
}

/* ---- the best of those that are left ---- */

/* The tag that a want may use: its own, or that of what needs it. */
static struct slice tag_of(const struct want *want)
{
	return want->by ? want->by->tag : want->atom.tag;
}

/* What the image's atoms chose is there for all. */
bool resolve_is_allowed(const struct candidate *candidate, const struct want *want)
{
	return !*candidate->entry->tag || candidate->state == PLANNED ||
	       slice_equal_str(tag_of(want), candidate->entry->tag);
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
		better = -newest_first(a->version, b->version);
	if (!better && strcmp(left->name, right->name) == 0)
		better = -newest_first(
			slice_str(left->version), slice_str(right->version));
	if (!better)
		better = prefer(left->provider_priority > right->provider_priority,
			right->provider_priority > left->provider_priority);
	if (!better)
		better = -newest_first(
			slice_str(left->version), slice_str(right->version));
	if (!better)
		better = strcmp(right->name, left->name);
	return better > 0;
}

/* NULL: none is left. */
static struct candidate *find_best(
	const struct resolver *resolver, const struct want *want, size_t *ret_count)
{
	const struct offer *best = NULL;
	size_t count = 0;
	const struct offer *offer = offers_of(resolver, want->atom.name);
	for (; offer; offer = offer->next) {
		if (offer->candidate->exclusion != NOT_EXCLUDED ||
			is_taken(offer->candidate) ||
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

/* Is there what it wants, or who wants it itself that? Refused if only in another
 * version. */
static int is_met(const struct resolver *resolver, const struct want *want, bool *ret_met,
	struct error *err)
{
	const struct candidate *other = NULL;
	const struct offer *offer = offers_of(resolver, want->atom.name);
	*ret_met = want->atom.conflict;
	for (; offer && !*ret_met; offer = offer->next) {
		const struct candidate *candidate = offer->candidate;
		bool named = slice_equal_str(want->atom.name, candidate->entry->name);
		if (!is_taken(candidate))
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

/* ---- choosing ---- */

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
	*ret_best = find_best(resolver, want, ret_options);
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
	if (read_wants(resolver, depends->items, depends->count, candidate, &wants, err) <
		0)
		return err->class;
	constrain(resolver, wants, depends->count);
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
		candidate->tag = tag_of(want);
	}
	candidate->state = IN_PROGRESS;
	if (exclude_rivals(resolver, candidate, err) < 0 ||
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
			struct candidate *best = find_best(resolver, &wants[i], &options);
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
		if (exclude_rivals(resolver, chosen, err) < 0)
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
	const struct offer *offer = offers_of(resolver, want->atom.name);
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
		if (read_want(resolver, list->items[i], candidate, &want, err) < 0)
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
		if (read_wants(resolver, depends->items, depends->count, candidate,
			    &wants, err) < 0 ||
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
		load_candidates(&resolver, index, err) < 0 ||
		read_wants(&resolver, wanted, wanted_count, NULL, &wants, err) < 0)
		return err->class;
	constrain(&resolver, wants, wanted_count);
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
