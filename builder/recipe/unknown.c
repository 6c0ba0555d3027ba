/* SPDX-License-Identifier: Apache-2.0 */
/* What to say about a variable that there is not. */
#include "base/nearest.h"
#include "builder/recipe/variables.h"

#define NAME_BYTES     64   /* longer names are near to nothing (base/nearest.h) */
#define CANDIDATES_MAX 1000 /* a hostile recipe may have very many variables */

struct search {
	char word[NAME_BYTES + 1], best[NAME_BYTES + 1];
	unsigned left;
};

static bool copy_name(struct slice name, char out[NAME_BYTES + 1])
{
	if (name.len > NAME_BYTES)
		return false;
	memcpy(out, name.data, name.len);
	out[name.len] = '\0';
	return true;
}

static void consider(struct search *search, struct slice name)
{
	char candidate[NAME_BYTES + 1];
	const char *const both[] = {search->best, candidate, NULL};
	if (!search->left || !copy_name(name, candidate))
		return;
	search->left--;
	if (nearest_word(search->word, both) == candidate)
		memcpy(search->best, candidate, sizeof(candidate));
}

static void consider_scope(struct search *search, const struct scope *scope)
{
	size_t position = 0;
	struct slice name;
	void *value;
	for (size_t i = 0; i < scope->count; i++)
		consider(search, slice_str(scope->variables[i].name));
	while (scope->map && search->left &&
		map_next(scope->map, &position, &name, &value))
		consider(search, name);
}

/* Who has variables of this kind; the longer prefix comes first. */
static const char *remedy_of(struct slice name)
{
	static const struct {
		const char *prefix, *remedy;
	} kinds[] = {{"vars.", "define it below 'vars', or as the 'to' of one of the "
			       "'var-transforms'"},
		{"range.", "it is there in subpackages that have a 'range'"},
		{"inputs.", "it is there in a pipeline file, if that declares it below "
			    "'inputs'"},
		{"options.", "declare the option below 'options'"},
		{"subpkg.", "it is there in the steps of subpackages; context.name is in "
			    "those of all packages"},
		{"targets.subpkgdir", "it is there in the steps of subpackages; "
				      "targets.contextdir is in those of all packages"},
		{"targets.package.", "name a package of this recipe"}};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_starts_with(name, slice_str(kinds[i].prefix)))
			return kinds[i].remedy;
	return "there are package.*, vars.* and range.*, and in steps also build.*, "
	       "host.*, cross.*, targets.*, context.name, options.* and inputs.*";
}

int variable_unknown(const struct scope *scope, struct slice name,
	const struct text_place *place, struct error *err)
{
	struct search search = {.left = CANDIDATES_MAX};
	bool hint = false;
	if (copy_name(name, search.word)) {
		for (; scope; scope = scope->parent)
			consider_scope(&search, scope);
		hint = *search.best != '\0';
	}
	(void)yaml_error(place->node, place->file, err,
		"variable ${{%.*s}} is not defined%s%s%s",
		SLICE_ARG(slice_sub(name, 0, 128)), hint ? " (did you mean '" : "",
		search.best, hint ? "'?)" : "");
	return error_remedy(err, "%s", remedy_of(name));
}
