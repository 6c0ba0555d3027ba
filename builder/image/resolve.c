/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/resolve.h"

#include "base/array.h"

#define RESOLVE_DEPTH_MAX 256

enum state { UNTOUCHED = 0, IN_PROGRESS, CHOSEN };

struct candidate {
	const struct index_entry *entry;
	enum state state;
	const char *because; /* the atom that asked for it */
	const struct candidate *wanted_by;
};

struct resolver {
	struct candidate *candidates; /* sorted by name, then newest first */
	size_t count;
	const struct index_entry **chosen;
	size_t chosen_count, chosen_capacity;
	char **ret_missing;
};

void resolution_done(struct resolution *resolution)
{
	free(resolution->entries);
	*resolution = (struct resolution){0};
}

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
		order = memcmp(a->entry->control_sha1.bytes, b->entry->control_sha1.bytes,
			sizeof(a->entry->control_sha1.bytes));
	return order;
}

/* Does this entry satisfy the atom by one of its provides? "name", "name=version". */
static bool provides(const struct index_entry *entry, const struct atom *atom,
	struct slice *ret_version)
{
	for (size_t i = 0; i < entry->provides.count; i++) {
		struct slice version = slice_str(entry->provides.items[i]), name;
		if (!slice_cut(&version, '=', &name) || !slice_equal(name, atom->name))
			continue;
		if (atom->op != ATOM_ANY && version.len == 0)
			continue; /* an unversioned provide satisfies no version */
		if (!atom_matches(atom, version))
			continue;
		*ret_version = version;
		return true;
	}
	return false;
}

static bool satisfies(const struct index_entry *entry, const struct atom *atom,
	struct slice *ret_version)
{
	if (slice_equal_str(atom->name, entry->name)) {
		*ret_version = slice_str(entry->version);
		return atom_matches(atom, *ret_version);
	}
	return provides(entry, atom, ret_version);
}

static bool offers_name(const struct index_entry *entry, struct slice name)
{
	struct atom any = {.name = name, .op = ATOM_ANY};
	struct slice version;
	return satisfies(entry, &any, &version);
}

/* Is a better than b for this atom? Both satisfy it. */
static bool is_better(const struct candidate *a, struct slice a_version,
	const struct candidate *b, struct slice b_version, const struct atom *atom)
{
	bool a_named = slice_equal_str(atom->name, a->entry->name);
	bool b_named = slice_equal_str(atom->name, b->entry->name);
	if (a_named != b_named)
		return a_named;
	int order = newest_first(a_version, b_version);
	if (!order && a->entry->provider_priority != b->entry->provider_priority)
		order = a->entry->provider_priority > b->entry->provider_priority ? -1
										  : 1;
	if (!order)
		order = newest_first(
			slice_str(a->entry->version), slice_str(b->entry->version));
	if (!order)
		order = strcmp(a->entry->name, b->entry->name);
	return order < 0;
}

static int conflict(struct error *err, const struct candidate *first, const char *text,
	const struct candidate *by)
{
	return error_set(err, ERR_INPUT,
		"'%s' (wanted by %s) does not fit %s-%s (chosen for '%s', wanted by %s)",
		text, by ? by->entry->name : "the image", first->entry->name,
		first->entry->version, first->because,
		first->wanted_by ? first->wanted_by->entry->name : "the image");
}

static int choose(struct resolver *resolver, const char *text, struct candidate *by,
	unsigned depth, struct error *err);

static int choose_dependencies(struct resolver *resolver, struct candidate *candidate,
	unsigned depth, struct error *err)
{
	const struct package_list *depends = &candidate->entry->depends;
	for (size_t i = 0; i < depends->count; i++)
		if (choose(resolver, depends->items[i], candidate, depth + 1, err) < 0)
			return err->class;
	return 0;
}

static int take(struct resolver *resolver, struct candidate *candidate,
	const char *because, const struct candidate *by, unsigned depth,
	struct error *err)
{
	candidate->state = IN_PROGRESS;
	candidate->because = because;
	candidate->wanted_by = by;
	if (choose_dependencies(resolver, candidate, depth, err) < 0)
		return err->class;
	candidate->state = CHOSEN;
	if (array_add(&resolver->chosen, &resolver->chosen_count,
		    &resolver->chosen_capacity, sizeof(*resolver->chosen), err) < 0)
		return err->class;
	resolver->chosen[resolver->chosen_count - 1] = candidate->entry;
	return 0;
}

static int missing(struct resolver *resolver, const struct atom *atom, const char *text,
	const struct candidate *by, const struct candidate *wrong_version,
	struct error *err)
{
	if (wrong_version) {
		error_set(err, ERR_INPUT,
			"nothing provides '%s': %s is there in version %s", text,
			wrong_version->entry->name, wrong_version->entry->version);
	} else {
		error_set(err, ERR_INPUT, "nothing provides '%s'", text);
		if (resolver->ret_missing && !*resolver->ret_missing) {
			struct error ignored = ERROR_INIT;
			/* without memory the caller just does not try again */
			(void)!slice_to_str(atom->name, resolver->ret_missing, &ignored);
		}
	}
	for (int n = 0; by && n < 8; by = by->wanted_by, n++) {
		error_wrap(err, "%s-%s needs '%s'", by->entry->name, by->entry->version,
			text);
		text = by->because;
	}
	error_remedy(
		err, "add a recipe that makes it, or take it off the list of packages");
	return err->class;
}

static int choose(struct resolver *resolver, const char *text, struct candidate *by,
	unsigned depth, struct error *err)
{
	struct atom atom;
	if (atom_parse(slice_str(text), &atom, err) < 0)
		return err->class;
	if (depth > RESOLVE_DEPTH_MAX)
		return error_set(err, ERR_INPUT,
			"dependencies of '%s' nest deeper than %d", text,
			RESOLVE_DEPTH_MAX);
	if (atom.conflict)
		return 0; /* checked when all are chosen */
	if (by && offers_name(by->entry, atom.name))
		return 0;
	struct candidate *best = NULL, *wrong_version = NULL;
	struct slice best_version = SLICE_EMPTY;
	for (size_t i = 0; i < resolver->count; i++) {
		struct candidate *candidate = &resolver->candidates[i];
		struct slice version = SLICE_EMPTY;
		bool fits = satisfies(candidate->entry, &atom, &version);
		if (candidate->state != UNTOUCHED) {
			if (fits)
				return 0;
			if (slice_equal_str(atom.name, candidate->entry->name))
				return conflict(err, candidate, text, by);
			continue;
		}
		if (fits && (!best || is_better(candidate, version, best, best_version,
					      &atom))) {
			best = candidate;
			best_version = version;
		} else if (!fits && offers_name(candidate->entry, atom.name)) {
			wrong_version = candidate;
		}
	}
	if (!best)
		return missing(resolver, &atom, text, by, wrong_version, err);
	for (size_t i = 0; i < resolver->count; i++)
		if (resolver->candidates[i].state != UNTOUCHED &&
			strcmp(resolver->candidates[i].entry->name, best->entry->name) ==
				0)
			return conflict(err, &resolver->candidates[i], text, by);
	return take(resolver, best, text, by, depth, err);
}

/* Packages that install themselves when all of a set is there. */
static int choose_install_if(struct resolver *resolver, struct error *err)
{
	bool again = true;
	while (again) {
		again = false;
		for (size_t i = 0; i < resolver->count; i++) {
			struct candidate *candidate = &resolver->candidates[i];
			const struct package_list *list = &candidate->entry->install_if;
			size_t met = 0;
			if (candidate->state != UNTOUCHED || !list->count)
				continue;
			for (size_t a = 0; a < list->count; a++) {
				struct atom atom;
				struct slice version;
				bool found = false;
				if (atom_parse(slice_str(list->items[a]), &atom, err) < 0)
					return err->class;
				for (size_t c = 0; c < resolver->chosen_count && !found;
					c++)
					found = satisfies(
						resolver->chosen[c], &atom, &version);
				met += found != atom.conflict;
			}
			if (met != list->count)
				continue;
			if (take(resolver, candidate, "install_if", NULL, 0, err) < 0)
				return err->class;
			again = true;
		}
	}
	return 0;
}

static int check_conflicts(const struct resolver *resolver, const char *owner,
	const char *const *atoms, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct atom atom;
		if (atom_parse(slice_str(atoms[i]), &atom, err) < 0)
			return err->class;
		if (!atom.conflict)
			continue;
		for (size_t c = 0; c < resolver->chosen_count; c++) {
			struct slice version;
			if (strcmp(resolver->chosen[c]->name, owner) != 0 &&
				satisfies(resolver->chosen[c], &atom, &version))
				return error_set(err, ERR_INPUT,
					"%s conflicts with %s-%s ('%s')", owner,
					resolver->chosen[c]->name,
					resolver->chosen[c]->version, atoms[i]);
		}
	}
	return 0;
}

static int load_candidates(
	struct resolver *resolver, const struct package_index *index, struct error *err)
{
	resolver->candidates = calloc(index->count + 1, sizeof(*resolver->candidates));
	if (!resolver->candidates)
		return error_set_memory(err);
	for (size_t i = 0; i < index->count; i++)
		resolver->candidates[i].entry = &index->entries[i];
	resolver->count = index->count;
	qsort(resolver->candidates, resolver->count, sizeof(*resolver->candidates),
		compare_candidates);
	return 0;
}

static void resolver_done(struct resolver *resolver)
{
	free(resolver->candidates);
	free(resolver->chosen);
}

int resolve_packages(const struct package_index *index, const char *const *wanted,
	size_t wanted_count, struct resolution *ret_resolution, char **ret_missing,
	struct error *err)
{
	CLEANUP(resolver_done) struct resolver resolver = {.ret_missing = ret_missing};
	if (load_candidates(&resolver, index, err) < 0)
		return err->class;
	for (size_t i = 0; i < wanted_count; i++)
		if (choose(&resolver, wanted[i], NULL, 0, err) < 0)
			return err->class;
	if (choose_install_if(&resolver, err) < 0 ||
		check_conflicts(&resolver, "the image", wanted, wanted_count, err) < 0)
		return err->class;
	for (size_t i = 0; i < resolver.chosen_count; i++) {
		const struct index_entry *entry = resolver.chosen[i];
		if (check_conflicts(&resolver, entry->name, entry->depends.items,
			    entry->depends.count, err) < 0)
			return err->class;
	}
	*ret_resolution = (struct resolution){resolver.chosen, resolver.chosen_count};
	resolver.chosen = NULL;
	return 0;
}
