/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of wanted atoms, then the text of an index, whose maintainers ("m:") stand for
 * the tags of repositories. Properties of what is chosen: the
 * same for the index backwards; no tag that no atom names; dependencies are met by what
 * is chosen, conflicts by nothing of it; no name twice.
 */
#include "builder/image/resolve.h"
#include "builder/package/index_private.h"

#define WANTED_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static bool offers(const struct index_entry *entry, const struct atom *atom)
{
	if (slice_equal_str(atom->name, entry->name))
		return true;
	for (size_t i = 0; i < entry->provides.count; i++) {
		struct slice version = slice_str(entry->provides.items[i]), name;
		if (slice_cut(&version, '=', &name) && slice_equal(name, atom->name))
			return true;
	}
	return false;
}

/* By name; of a package's own, whose versions are compared as they are, by version. */
static bool is_met(const struct resolution *resolution, const struct atom *atom)
{
	for (size_t i = 0; i < resolution->count; i++)
		if (offers(resolution->entries[i], atom))
			return true;
	return false;
}

static void check_atom(const struct resolution *resolution, const char *text,
	const struct index_entry *by)
{
	struct error err = ERROR_INIT;
	struct atom atom;
	require(atom_parse(slice_str(text), &atom, &err) == 0);
	if (!atom.conflict)
		require(is_met(resolution, &atom));
	for (size_t i = 0; atom.conflict && i < resolution->count; i++)
		require(resolution->entries[i] == by ||
			!slice_equal_str(atom.name, resolution->entries[i]->name) ||
			!atom_matches(&atom, slice_str(resolution->entries[i]->version)));
}

static void check_tag(
	const struct index_entry *entry, const char *const *wanted, size_t count)
{
	bool named = !*entry->tag;
	for (size_t i = 0; i < count; i++) {
		struct error err = ERROR_INIT;
		struct atom atom;
		require(atom_parse(slice_str(wanted[i]), &atom, &err) == 0);
		named |= slice_equal_str(atom.tag, entry->tag);
	}
	require(named);
}

static void check(
	const struct resolution *resolution, const char *const *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_atom(resolution, wanted[i], NULL);
	for (size_t i = 0; i < resolution->count; i++) {
		const struct index_entry *entry = resolution->entries[i];
		check_tag(entry, wanted, count);
		for (size_t d = 0; d < entry->depends.count; d++)
			check_atom(resolution, entry->depends.items[d], entry);
		for (size_t other = 0; other < i; other++)
			require(strcmp(resolution->entries[other]->name, entry->name) !=
				0);
	}
}

static bool has_twins(const struct package_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		for (size_t k = 0; k < i; k++) {
			struct error ignored = ERROR_INIT;
			int order = 0;
			if (strcmp(index->entries[i].name, index->entries[k].name) != 0)
				continue;
			if (version_compare(slice_str(index->entries[i].version),
				    slice_str(index->entries[k].version), false, &order,
				    &ignored) < 0 ||
				order == 0)
				return true;
		}
	return false;
}

/* Chooses from the index as it is and backwards. */
static void resolve(struct package_index *index, const char *const *wanted, size_t count)
{
	CLEANUP(resolution_done) struct resolution first = {0}, second = {0};
	cleanup_index struct package_index *backwards = NULL;
	struct error err = ERROR_INIT, other = ERROR_INIT;
	int status = resolve_packages(index, wanted, count, "the image", &first, &err);
	if (status == 0)
		check(&first, wanted, count);
	if (has_twins(index))
		return; /* nothing tells them apart but their checksums */
	require(package_index_new(&backwards, &other) == 0);
	for (size_t i = index->count; i-- > 0;)
		require(package_index_add_entry(backwards, &index->entries[i], &other) ==
			0);
	require(resolve_packages(backwards, wanted, count, "the image", &second,
			&other) == status);
	require(first.count == second.count);
	for (size_t i = 0; i < first.count; i++)
		require(strcmp(first.entries[i]->name, second.entries[i]->name) == 0 &&
			strcmp(first.entries[i]->version, second.entries[i]->version) ==
				0);
	require(status == 0 || strcmp(err.text, other.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_index struct package_index *index = NULL;
	cleanup_arena struct arena *arena = NULL;
	struct error err = ERROR_INIT;
	struct slice text = slice_from(data, size), line, word;
	const char *wanted[WANTED_MAX];
	size_t count = 0;
	if (!slice_cut(&text, '\n', &line) || slice_has_byte(line, '\0'))
		return 0;
	require(package_index_new(&index, &err) == 0 && arena_new(&arena, &err) == 0);
	while (count < WANTED_MAX && slice_word(&line, &word))
		require((wanted[count++] = arena_strndup(arena, word)) != NULL);
	if (index_text_read(text, index, &err) < 0)
		return 0;
	for (size_t i = 0; i < index->count; i++)
		index->entries[i].tag = index->entries[i].maintainer;
	resolve(index, wanted, count);
	return 0;
}
