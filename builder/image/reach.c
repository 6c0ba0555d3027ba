/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/image/reach.h"

#include "base/map.h"
#include "builder/package/elf.h"

#define SCRIPT_LINE_MAX 256

struct walk {
	const struct tree *tree;
	struct store *store;
	const struct image_recipe *recipe;
	struct reachability *result;
	struct map *by_path;         /* path → struct reach_reason */
	struct reach_reason **queue; /* reached, edges not followed yet */
	size_t queue_len, queue_done;
	struct arena *arena;
	/* of the edge being followed, for the callback of tree_resolve */
	const struct reach_reason *from;
	const char *detail;
	enum reach_edge edge;
};

const char *reach_edge_name(enum reach_edge edge)
{
	static const char *const names[] = {
		[REACH_NONE] = "none",
		[REACH_ENTRYPOINT] = "entrypoint",
		[REACH_IMAGE] = "image",
		[REACH_DECLARED] = "declared",
		[REACH_INTERPRETER] = "interpreter",
		[REACH_NEEDED] = "needed",
		[REACH_DLOPEN] = "dlopen",
		[REACH_SCRIPT] = "script",
		[REACH_SYMLINK] = "symlink",
		[REACH_HARDLINK] = "hardlink",
		[REACH_LICENSE] = "license",
		[REACH_PARENT] = "parent",
		[REACH_EMPTY] = "empty",
		[REACH_ALL] = "all",
	};
	return (size_t)edge < ARRAY_LEN(names) ? names[edge] : "none";
}

void reachability_free(struct reachability **reachability)
{
	if (*reachability) {
		struct arena *arena = (*reachability)->arena;
		arena_free(&arena);
	}
	*reachability = NULL;
}

/* ---- marking ---- */

static void mark(struct walk *walk, const struct tree_node *node, enum reach_edge edge,
	const char *from, const char *detail)
{
	struct reach_reason *reason = map_get_str(walk->by_path, node->path);
	if (!reason || reason->edge != REACH_NONE)
		return; /* the first edge is the reason that is told */
	reason->edge = edge;
	reason->from = from;
	reason->detail = detail;
	walk->queue[walk->queue_len++] = reason; /* each node once: room for all */
}

static void mark_passed(void *context, const struct tree_node *symlink)
{
	struct walk *walk = context;
	mark(walk, symlink, walk->edge, walk->from ? walk->from->path : "", walk->detail);
}

/* Follows a path and keeps what it passes and where it ends. False if it leads nowhere.
 */
static bool follow(struct walk *walk, const char *path, enum reach_edge edge,
	const struct reach_reason *from, const char *detail)
{
	const struct tree_node *node = tree_resolve(walk->tree, path, NULL, NULL);
	if (!node)
		return false;
	walk->edge = edge;
	walk->from = from;
	walk->detail = detail;
	(void)tree_resolve(walk->tree, path, mark_passed, walk); /* the same node again */
	mark(walk, node, edge, from ? from->path : "", detail);
	return true;
}

/* ---- roots ---- */

static const char *search_path(const struct image_recipe *recipe)
{
	for (size_t i = 0; i < recipe->environment_count; i++)
		if (strcmp(recipe->environment[i].name, "PATH") == 0)
			return recipe->environment[i].value;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

static int mark_program(struct walk *walk, const char *program, enum reach_edge edge,
	const struct reach_reason *from, struct error *err)
{
	if (strchr(program, '/')) {
		if (follow(walk, program, edge, from, program))
			return 0;
		return error_set(
			err, ERR_INPUT, "program %s is not in the image", program);
	}
	struct slice rest = slice_str(search_path(walk->recipe)), directory;
	while (slice_cut(&rest, ':', &directory)) {
		const char *path = arena_printf(
			walk->arena, "%.*s/%s", SLICE_ARG(directory), program);
		if (!path)
			return error_set_memory(err);
		if (follow(walk, path, edge, from, program))
			return 0;
	}
	return error_set(err, ERR_INPUT, "program '%s' is not in the image's PATH (%s)",
		program, search_path(walk->recipe));
}

static bool is_declared(
	const struct image_recipe *recipe, const char *path, const char **ret_glob)
{
	for (size_t i = 0; i < recipe->keep.count; i++)
		if (path_glob_matches(recipe->keep.items[i], path)) {
			*ret_glob = recipe->keep.items[i];
			return true;
		}
	return false;
}

static int mark_roots(struct walk *walk, struct error *err)
{
	const struct image_recipe *recipe = walk->recipe;
	const struct recipe_list *run =
		recipe->entrypoint.count ? &recipe->entrypoint : &recipe->cmd;
	if (!run->count)
		return error_set(err, ERR_INPUT,
			"%s: flavour app needs an entrypoint: there is nothing to start "
			"from",
			recipe->path);
	if (mark_program(walk, run->items[0], REACH_ENTRYPOINT, NULL, err) < 0)
		return error_wrap(err, "entrypoint");
	for (size_t i = 0; i < walk->result->count; i++) {
		const struct reach_reason *reason = &walk->result->reasons[i];
		const struct tree_node *node = tree_find(walk->tree, reason->path);
		const char *glob;
		if (node->type == TREE_DIRECTORY)
			continue;
		if (!*node->package)
			mark(walk, node, REACH_IMAGE, "", "");
		else if (is_declared(recipe, node->path, &glob))
			mark(walk, node, REACH_DECLARED, "", glob);
	}
	return 0;
}

/* ---- edges of one file ---- */

/* "$ORIGIN/../lib" → "usr/bin/../lib"; NULL when memory is out. */
static const char *expand_origin(
	struct walk *walk, struct slice directory, const char *file)
{
	const char *slash = strrchr(file, '/');
	struct slice origin = {file, slash ? (size_t)(slash - file) : 0};
	struct slice token = SLICE("$ORIGIN"), braced = SLICE("${ORIGIN}");
	size_t at = slice_find(directory, token), len = token.len;
	if (at == SIZE_MAX) {
		at = slice_find(directory, braced);
		len = braced.len;
	}
	if (at == SIZE_MAX)
		return arena_strndup(walk->arena, directory);
	struct slice before = slice_sub(directory, 0, at);
	struct slice after = slice_sub(directory, at + len, SIZE_MAX);
	return arena_printf(walk->arena, "%.*s/%.*s%.*s", SLICE_ARG(before),
		SLICE_ARG(origin), SLICE_ARG(after));
}

static int find_library(struct walk *walk, struct slice directories,
	const struct reach_reason *file, const char *name, enum reach_edge edge,
	bool *found, struct error *err)
{
	struct slice directory;
	while (!*found && slice_cut(&directories, ':', &directory)) {
		const char *expanded = expand_origin(walk, directory, file->path);
		const char *path =
			expanded ? arena_printf(walk->arena, "%s/%s", expanded, name)
				 : NULL;
		if (!path)
			return error_set_memory(err);
		*found = follow(walk, path, edge, file, name);
	}
	return 0;
}

/* The loader's order: RPATH unless RUNPATH, RUNPATH, the default directories. */
static int follow_library(struct walk *walk, const struct elf_info *info,
	const struct reach_reason *file, const char *name, enum reach_edge edge,
	bool *ret_found, struct error *err)
{
	bool found = false;
	if (strchr(name, '/')) {
		found = follow(walk, name, edge, file, name);
	} else {
		struct slice searched[] = {
			slice_str(*info->runpath ? info->runpath : info->rpath),
			SLICE("/lib:/usr/lib:/usr/local/lib:/lib64:/usr/lib64"),
		};
		for (size_t i = 0; i < ARRAY_LEN(searched); i++)
			if (find_library(
				    walk, searched[i], file, name, edge, &found, err) < 0)
				return err->class;
	}
	*ret_found = found;
	return 0;
}

/* musl's loader is its libc: DT_NEEDED libc.so is satisfied by the interpreter itself. */
static bool is_loader_itself(const char *name)
{
	return strcmp(name, "libc.so") == 0 || strncmp(name, "libc.musl-", 10) == 0;
}

static int follow_elf(struct walk *walk, const struct reach_reason *file,
	struct slice bytes, struct error *err)
{
	struct elf_info info;
	if (elf_read(bytes, walk->arena, &info, err) < 0)
		return error_wrap(err, "%s", file->path);
	if (*info.interpreter && !follow(walk, info.interpreter, REACH_INTERPRETER, file,
					 info.interpreter))
		return error_set(err, ERR_INPUT,
			"%s needs the interpreter %s, which is not in the image",
			file->path, info.interpreter);
	for (size_t i = 0; i < info.needed_count; i++) {
		bool found = false;
		if (follow_library(walk, &info, file, info.needed[i], REACH_NEEDED,
			    &found, err) < 0)
			return err->class;
		if (!found && !is_loader_itself(info.needed[i]))
			return error_set(err, ERR_INPUT,
				"%s needs the library %s, which is not in the image",
				file->path, info.needed[i]);
	}
	for (size_t i = 0; i < info.dlopen_count; i++) {
		bool found = false;
		if (follow_library(walk, &info, file, info.dlopen_names[i], REACH_DLOPEN,
			    &found, err) < 0)
			return err->class;
		if (found)
			continue;
		const char **name = arena_append(walk->arena, &walk->result->unresolved,
			&walk->result->unresolved_count,
			&walk->result->unresolved_capacity,
			sizeof(*walk->result->unresolved));
		const char *text = arena_printf(
			walk->arena, "%s: %s", file->path, info.dlopen_names[i]);
		if (!name || !text)
			return error_set_memory(err);
		*name = text;
	}
	return 0;
}

/* "#!/usr/bin/env -S prog arg" needs env and prog. */
static int follow_script(struct walk *walk, const struct reach_reason *file,
	struct slice bytes, struct error *err)
{
	struct slice line, rest = slice_sub(bytes, 2, SCRIPT_LINE_MAX), word;
	if (!slice_cut(&rest, '\n', &line) || !slice_word(&line, &word))
		return 0;
	const char *interpreter = arena_strndup(walk->arena, word);
	if (!interpreter)
		return error_set_memory(err);
	if (!follow(walk, interpreter, REACH_SCRIPT, file, interpreter))
		return error_set(err, ERR_INPUT,
			"%s needs the interpreter %s, which is not in the image",
			file->path, interpreter);
	if (!slice_ends_with(word, SLICE("/env")))
		return 0;
	while (slice_word(&line, &word))
		if (word.data[0] != '-' && !slice_has_byte(word, '=')) {
			const char *program = arena_strndup(walk->arena, word);
			return program ? mark_program(
						 walk, program, REACH_SCRIPT, file, err)
				       : error_set_memory(err);
		}
	return 0;
}

static int follow_file(struct walk *walk, const struct reach_reason *file,
	const struct tree_node *node, struct error *err)
{
	cleanup_fd int fd = -1;
	cleanup_mapping struct fs_mapping mapping = {0};
	uint64_t size;
	if (node->size < 4)
		return 0;
	if (store_open_blob(walk->store, &node->content, &fd, &size, err) < 0 ||
		fs_map(fd, &mapping, err) < 0)
		return error_wrap(err, "%s", file->path);
	if (elf_is(mapping.bytes))
		return follow_elf(walk, file, mapping.bytes, err);
	if ((node->mode & 0111) && slice_starts_with(mapping.bytes, SLICE("#!")))
		return follow_script(walk, file, mapping.bytes, err);
	return 0;
}

/* A relative symlink's target is looked up from the link's directory: let tree_resolve do
 * it. */
static void follow_symlink(struct walk *walk, const struct reach_reason *file)
{
	(void)follow(walk, file->path, REACH_SYMLINK, file,
		""); /* dangling links stay links */
}

static int follow_edges(
	struct walk *walk, const struct reach_reason *file, struct error *err)
{
	const struct tree_node *node = tree_find(walk->tree, file->path);
	switch (node->type) {
	case TREE_SYMLINK:
		follow_symlink(walk, file);
		return 0;
	case TREE_HARDLINK:
		(void)follow(walk, node->target, REACH_HARDLINK, file,
			""); /* a tree's hard links lead somewhere */
		return 0;
	case TREE_FILE:
		return follow_file(walk, file, node, err);
	case TREE_DIRECTORY:
		return 0;
	}
	return 0;
}

/* ---- directories, and the whole ---- */

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);
	return strncmp(path, directory, len) == 0 && path[len] == '/';
}

/* Licence texts go where files of their package go. */
static int mark_licenses(struct walk *walk, struct error *err)
{
	static const char folder[] = "usr/share/licenses/";
	struct reachability *result = walk->result;
	cleanup_map struct map *kept = NULL; /* package → a file of it that is kept */
	if (map_new(&kept, err) < 0)
		return err->class;
	for (size_t i = 0; i < result->count; i++) {
		struct reach_reason *reason = &result->reasons[i];
		if (reason->edge != REACH_NONE && *reason->package &&
			!map_get_str(kept, reason->package) &&
			map_put(kept, slice_str(reason->package), reason, err) < 0)
			return err->class;
	}
	for (size_t i = 0; i < result->count; i++) {
		struct reach_reason *reason = &result->reasons[i];
		const struct reach_reason *with = map_get_str(kept, reason->package);
		if (with && reason->edge == REACH_NONE &&
			strncmp(reason->path, folder, sizeof(folder) - 1) == 0 &&
			tree_find(walk->tree, reason->path)->type != TREE_DIRECTORY) {
			reason->edge = REACH_LICENSE;
			reason->from = with->path;
		}
	}
	return 0;
}

/* In canonical order what is in a directory follows it at once. */
static void mark_directories(struct walk *walk)
{
	struct reachability *result = walk->result;
	for (size_t i = result->count; i-- > 0;) {
		struct reach_reason *reason = &result->reasons[i];
		const struct tree_node *node = tree_find(walk->tree, reason->path);
		if (node->type != TREE_DIRECTORY || reason->edge != REACH_NONE)
			continue;
		bool empty = i + 1 == result->count ||
			     !is_below(result->reasons[i + 1].path, reason->path);
		if (empty || (node->mode != 0755 || node->uid || node->gid)) {
			reason->edge = REACH_EMPTY;
			continue;
		}
		for (size_t below = i + 1;
			below < result->count &&
			is_below(result->reasons[below].path, reason->path);
			below++)
			if (result->reasons[below].edge != REACH_NONE) {
				reason->edge = REACH_PARENT;
				reason->from = result->reasons[below].path;
				break;
			}
	}
}

static int prepare(struct walk *walk, struct error *err)
{
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (tree_nodes(walk->tree, &nodes, &count, err) < 0 ||
		map_new(&walk->by_path, err) < 0)
		return err->class;
	struct reachability *result = walk->result;
	result->count = count;
	result->reasons = arena_array(walk->arena, count, sizeof(*result->reasons));
	walk->queue = arena_array(walk->arena, count, sizeof(struct reach_reason *));
	if (!result->reasons || !walk->queue)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++) {
		struct reach_reason *reason = &result->reasons[i];
		reason->path = arena_strdup(walk->arena, nodes[i]->path);
		reason->package = arena_strdup(walk->arena, nodes[i]->package);
		reason->from = reason->detail = "";
		if (!reason->path || !reason->package)
			return error_set_memory(err);
		if (map_put(walk->by_path, slice_str(reason->path), reason, err) < 0)
			return err->class;
	}
	return 0;
}

static int walk_app(struct walk *walk, struct error *err)
{
	if (mark_roots(walk, err) < 0)
		return err->class;
	while (walk->queue_done < walk->queue_len)
		if (follow_edges(walk, walk->queue[walk->queue_done++], err) < 0)
			return err->class;
	if (mark_licenses(walk, err) < 0)
		return err->class;
	mark_directories(walk);
	return 0;
}

int reach_compute(const struct tree *tree, struct store *store,
	const struct image_recipe *recipe, struct reachability **ret_reachability,
	struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	cleanup_map struct map *by_path = NULL;
	if (arena_new(&arena, err) < 0)
		return err->class;
	struct reachability *result = arena_alloc(arena, sizeof(*result));
	if (!result)
		return error_set_memory(err);
	struct walk walk = {.tree = tree,
		.store = store,
		.recipe = recipe,
		.arena = arena,
		.result = result};
	int status = prepare(&walk, err);
	by_path = walk.by_path;
	if (status < 0)
		return status;
	if (recipe->flavour == IMAGE_FLAVOUR_APP) {
		if (walk_app(&walk, err) < 0)
			return error_wrap(err, "pruning");
	} else {
		for (size_t i = 0; i < result->count; i++)
			result->reasons[i].edge = REACH_ALL;
	}
	for (size_t i = 0; i < result->count; i++)
		*(result->reasons[i].edge == REACH_NONE ? &result->removed
							: &result->kept) += 1;
	result->arena = take_ptr(arena);
	*ret_reachability = result;
	return 0;
}

int reach_prune(
	struct tree *tree, const struct reachability *reachability, struct error *err)
{
	for (size_t i = reachability->count; i-- > 0;)
		if (reachability->reasons[i].edge == REACH_NONE &&
			tree_remove(tree, reachability->reasons[i].path, err) < 0)
			return err->class;
	return 0;
}
