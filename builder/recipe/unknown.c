/* SPDX-License-Identifier: Apache-2.0 */
/* What to say about a variable or pipeline that there is not. */
#include "base/fs.h"
#include "base/nearest.h"
#include "builder/recipe/recipe_private.h"

#define NAME_BYTES     64   /* longer names are near to nothing (base/nearest.h) */
#define CANDIDATES_MAX 1000 /* a hostile recipe may have very many variables */
#define FOLDERS_DEEP   4    /* of pipelines; they are named "go/build", "test/tw/…" */

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

/* " (did you mean 'x'?)", or nothing. Returns out. */
static const char *hint(const struct search *search, char out[NEAREST_HINT_MAX])
{
	const char *const known[] = {*search->best ? search->best : NULL, NULL};
	return nearest_hint(search->word, known, out);
}

int variable_unknown(const struct scope *scope, struct slice name,
	const struct text_place *place, struct error *err)
{
	struct search search = {.left = CANDIDATES_MAX};
	char text[NEAREST_HINT_MAX];
	if (copy_name(name, search.word))
		for (; scope; scope = scope->parent)
			consider_scope(&search, scope);
	(void)yaml_error(place->node, place->file, err,
		"variable ${{%.*s}} is not defined%s", SLICE_ARG(slice_sub(name, 0, 128)),
		hint(&search, text));
	return error_remedy(err, "%s", remedy_of(name));
}

/* ---- pipelines ---- */

static void consider_file(struct search *search, int dirfd, const char *prefix,
	const char *name, unsigned deep);

/* It is for a hint only: what cannot be read is passed over. */
static void consider_folder(
	struct search *search, int dirfd, const char *prefix, unsigned deep)
{
	struct error ignored = ERROR_INIT;
	cleanup_names struct fs_names names = {0};
	if (fs_list(dirfd, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count && search->left; i++)
		consider_file(search, dirfd, prefix, names.items[i], deep);
}

static void consider_file(struct search *search, int dirfd, const char *prefix,
	const char *name, unsigned deep)
{
	struct error ignored = ERROR_INIT;
	char path[NAME_BYTES + sizeof(".yaml/")];
	cleanup_fd int folder = -1;
	int len = snprintf(path, sizeof(path), "%s%s/", prefix, name);
	if (len < 0 || (size_t)len >= sizeof(path))
		return;
	if (slice_ends_with(slice_str(name), SLICE(".yaml"))) {
		consider(search,
			slice_sub(slice_str(path), 0, (size_t)len - strlen(".yaml/")));
		return;
	}
	search->left--;
	if (deep && fs_open(dirfd, name, FS_BENEATH, O_RDONLY | O_DIRECTORY, 0, &folder,
			    &ignored) == 0)
		consider_folder(search, folder, path, deep - 1);
}

int pipeline_unknown(const struct recipe_options *options, const struct text_rules *rules,
	const struct yaml_node *uses, struct error *err)
{
	struct search search = {.left = CANDIDATES_MAX};
	bool near = copy_name(slice_str(uses->text), search.word);
	char text[NEAREST_HINT_MAX];
	for (size_t i = 0; near && i < options->pipeline_dir_count; i++) {
		struct error ignored = ERROR_INIT;
		cleanup_fd int dirfd = -1;
		if (fs_open_dir(AT_FDCWD, options->pipeline_dirs[i], &dirfd, &ignored) ==
			0)
			consider_folder(&search, dirfd, "", FOLDERS_DEEP);
	}
	(void)place_error(rules, uses, err, "there is no pipeline '%s'%s", uses->text,
		hint(&search, text));
	return error_remedy(
		err, "name the folder that has %s.yaml with --pipeline-dir", uses->text);
}
