/* SPDX-License-Identifier: Apache-2.0 */
/* Image recipes: the parts that stand for themselves. Contents, accounts
 * and paths: image_contents.c, image_accounts.c, image_paths.c. */
#include "base/fs.h"
#include "base/limits.h"
#include "builder/recipe/image_recipe_private.h"
#include "builder/recipe/words.h"

void image_recipe_free(struct image_recipe **recipe)
{
	struct arena *arena;
	if (!*recipe)
		return;
	arena = (*recipe)->arena; /* the recipe itself lies in it */
	arena_free(&arena);
	*recipe = NULL;
}

/* ---- texts: image recipes have no variables ---- */

int image_text(const struct image_reader *r, const struct yaml_node *mapping,
	const char *key, check_function *check, const char **ret_text, struct error *err)
{
	const struct yaml_node *node = schema_get(mapping, key);
	const char *reason;
	*ret_text = node ? node->text : "";
	if (!node || !*node->text || !check || !(reason = check(node->text)))
		return 0;
	return yaml_error(node, r->file, err, "%s '%.128s' %s", key, node->text, reason);
}

int image_texts(const struct image_reader *r, const struct yaml_node *mapping,
	const char *key, check_function *check, struct recipe_list *ret_list,
	struct error *err)
{
	const struct yaml_node *node = schema_get(mapping, key);
	struct text_list list = {0};
	for (size_t i = 0; node && i < node->count; i++) {
		const struct yaml_node *item = node->items[i];
		const char *reason = check(item->text);
		if (reason)
			return yaml_error(item, r->file, err, "%s '%.128s' %s", key,
				item->text, reason);
		if (text_list_add(&list, r->recipe->arena, item->text, err) < 0)
			return err->class;
	}
	if (text_list_unique(&list, err) < 0)
		return err->class;
	*ret_list = text_list_take(&list);
	return 0;
}

static int image_variables(const struct image_reader *r, const char *key,
	check_function *check, struct recipe_variable **ret_items, size_t *ret_count,
	struct error *err)
{
	const struct yaml_node *node = schema_get(r->root, key);
	size_t count = node ? node->count : 0;
	struct recipe_variable *items =
		arena_array(r->recipe->arena, count, sizeof(*items));
	if (!items)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];
		const char *reason = check(pair->key);
		if (!reason)
			reason = check_text(pair->value->text);
		if (reason)
			return error_set_at(err, ERR_INPUT, r->file, pair->line,
				pair->column, "%s: '%.128s' %s", key, pair->key, reason);
		items[i] = (struct recipe_variable){pair->key, pair->value->text};
	}
	variables_sort(items, count);
	*ret_items = items;
	*ret_count = count;
	return 0;
}

/* ---- what apko knows and this program does not do: refused, not ignored ---- */

static int refuse(const struct image_reader *r, const struct yaml_node *mapping,
	const char *key, const char *why, struct error *err)
{
	const struct yaml_node *node = schema_get(mapping, key);
	if (!node || (node->kind != YAML_SCALAR && !node->count))
		return 0;
	return yaml_error(node, r->file, err, "'%s' is not supported: %s", key, why);
}

static int refuse_unsupported(const struct image_reader *r, struct error *err)
{
	const struct yaml_node *contents = schema_get(r->root, "contents");
	const char *format = schema_text(r->root, "format");
	if (refuse(r, r->root, "include", "write one file, its digest names the image",
		    err) < 0 ||
		refuse(r, contents, "baseimage", "images are built from packages only",
			err) < 0 ||
		refuse(r, contents, "runtime_keyring",
			"put the keys into a package that the image contains", err) < 0 ||
		refuse(r, r->root, "certificates",
			"put them into a package that the image contains", err) < 0)
		return err->class;
	if (*format && strcmp(format, "tar") != 0)
		return yaml_error(schema_get(r->root, "format"), r->file, err,
			"format '%.32s' is not supported: layers are tar", format);
	return 0;
}

/* ---- what runs ---- */

static int split(const struct image_reader *r, const struct yaml_node *node,
	const char *what, struct recipe_list *ret_words, struct error *err)
{
	struct error inner = ERROR_INIT;
	const char *reason;
	if (!node)
		return 0;
	if ((reason = check_text(node->text)))
		return yaml_error(node, r->file, err, "%s %s", what, reason);
	if (words_split(node->text, r->recipe->arena, ret_words, &inner) == 0)
		return 0;
	if (inner.class != ERR_INPUT)
		return error_set(err, inner.class, "%s", inner.text);
	return yaml_error(node, r->file, err, "%s: %s", what, inner.text);
}

static int shell_fragment(
	const struct image_reader *r, const struct yaml_node *node, struct error *err)
{
	struct recipe_list *entrypoint = &r->recipe->entrypoint;
	const char *reason = check_text(node->text);
	if (reason)
		return yaml_error(node, r->file, err, "shell-fragment %s", reason);
	if (!(entrypoint->items = arena_array(r->recipe->arena, 3, sizeof(char *))))
		return error_set_memory(err);
	entrypoint->items[0] = "/bin/sh";
	entrypoint->items[1] = "-c";
	entrypoint->items[2] = node->text;
	entrypoint->count = 3;
	return 0;
}

static int read_entrypoint(const struct image_reader *r, struct error *err)
{
	const struct yaml_node *node = schema_get(r->root, "entrypoint");
	const struct yaml_node *command = schema_get(node, "command");
	const struct yaml_node *fragment = schema_get(node, "shell-fragment");
	const char *type = schema_text(node, "type");
	if (refuse(r, node, "services", "one image runs one service", err) < 0)
		return err->class;
	if (*type)
		return yaml_error(schema_get(node, "type"), r->file, err,
			"entrypoint type '%.32s' is not supported: give 'command'", type);
	if (command && fragment)
		return yaml_error(node, r->file, err,
			"entrypoint: either 'command' or 'shell-fragment', not both");
	if (fragment)
		return shell_fragment(r, fragment, err);
	return split(r, command, "entrypoint.command", &r->recipe->entrypoint, err);
}

static const char *check_signal(const char *value)
{
	const char *name = strncmp(value, "SIG", 3) == 0 ? value + 3 : value;
	if (*name && strlen(name) <= 16 &&
		!name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-")])
		return NULL;
	return "is no signal: SIGTERM, 15, …";
}

/* ---- architectures, layers, flavour ---- */

static int add_arch(const struct image_reader *r, const struct yaml_node *node,
	struct text_list *list, struct error *err)
{
	static const char *const names[][2] = {{"x86_64", "x86_64"}, {"amd64", "x86_64"},
		{"aarch64", "aarch64"}, {"arm64", "aarch64"}, {"all", "x86_64"},
		{"all", "aarch64"}};
	bool known = false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(node->text, names[i][0]) != 0)
			continue;
		known = true;
		if (text_list_add(list, r->recipe->arena, names[i][1], err) < 0)
			return err->class;
	}
	if (known)
		return 0;
	return yaml_error(node, r->file, err,
		"architecture '%.32s' is not supported: x86_64 and aarch64 are",
		node->text);
}

/* "host" leaves it to the caller, like no list at all. */
static int read_archs(const struct image_reader *r, struct error *err)
{
	const struct yaml_node *node = schema_get(r->root, "archs");
	struct text_list list = {0};
	for (size_t i = 0; node && i < node->count; i++) {
		if (strcmp(node->items[i]->text, "host") == 0 && node->count == 1)
			return 0;
		if (add_arch(r, node->items[i], &list, err) < 0)
			return err->class;
	}
	r->recipe->archs = text_list_take_sorted(&list);
	return 0;
}

static int read_layering(const struct image_reader *r, struct error *err)
{
	const struct yaml_node *node = schema_get(r->root, "layering");
	const char *strategy = schema_text(node, "strategy");
	const char *budget = schema_text(node, "budget");
	struct error inner = ERROR_INIT;
	uint64_t number = 0;
	if (!node)
		return 0;
	if (strcmp(strategy, "origin") != 0)
		return yaml_error(node, r->file, err,
			"layering: strategy '%.32s' is not supported: 'origin' is",
			strategy);
	if (slice_parse_u64(slice_str(budget), 10, LIMIT_LAYERS, &number, &inner) < 0 ||
		!number)
		return yaml_error(node, r->file, err,
			"layering: budget must be between 1 and %d", LIMIT_LAYERS);
	r->recipe->layer_budget = (unsigned)number; /* at most LIMIT_LAYERS */
	return 0;
}

static int read_flavour(const struct image_reader *r, struct error *err)
{
	const struct yaml_node *node = schema_get(r->root, "flavour");
	r->recipe->flavour = IMAGE_FLAVOUR_BASE;
	if (!node || strcmp(node->text, "base") == 0)
		return 0;
	if (strcmp(node->text, "app") != 0)
		return yaml_error(node, r->file, err,
			"flavour '%.32s' is neither 'base' nor 'app'", node->text);
	r->recipe->flavour = IMAGE_FLAVOUR_APP;
	return 0;
}

/* ---- the whole ---- */

static int read_run(const struct image_reader *r, struct error *err)
{
	struct image_recipe *recipe = r->recipe;
	if (read_entrypoint(r, err) < 0 ||
		split(r, schema_get(r->root, "cmd"), "cmd", &recipe->cmd, err) < 0 ||
		image_text(r, r->root, "work-dir", check_path_absolute, &recipe->work_dir,
			err) < 0 ||
		image_text(r, r->root, "stop-signal", check_signal, &recipe->stop_signal,
			err) < 0 ||
		image_texts(r, r->root, "volumes", check_path_absolute, &recipe->volumes,
			err) < 0)
		return err->class;
	return image_variables(r, "environment", check_environment_name,
		&recipe->environment, &recipe->environment_count, err);
}

static int read_all(const struct image_reader *r, struct error *err)
{
	struct image_recipe *recipe = r->recipe;
	if (r->root->kind != YAML_MAPPING)
		return yaml_error(
			r->root, r->file, err, "an image recipe must be a mapping");
	if (schema_get(r->root, "package")) {
		(void)yaml_error(
			r->root, r->file, err, "this is the recipe of a package");
		return error_remedy(err, "alnage package %s", r->file);
	}
	if (schema_check(r->root, schema_image, "image", r->file, err) < 0 ||
		refuse_unsupported(r, err) < 0 || image_contents_read(r, err) < 0 ||
		read_run(r, err) < 0 || read_archs(r, err) < 0 ||
		read_layering(r, err) < 0 || read_flavour(r, err) < 0 ||
		image_accounts_read(r, err) < 0 || image_paths_read(r, err) < 0 ||
		image_texts(r, r->root, "keep", check_path_beneath, &recipe->keep, err) <
			0 ||
		image_text(r, r->root, "vcs-url", check_word, &recipe->vcs_url, err) < 0)
		return err->class;
	return image_variables(r, "annotations", check_word, &recipe->annotations,
		&recipe->annotation_count, err);
}

/* "dir/base.yaml" → "base" */
static int set_name(struct image_recipe *recipe, struct error *err)
{
	const char *slash = strrchr(recipe->path, '/');
	struct slice name = slice_str(slash ? slash + 1 : recipe->path);
	if (slice_ends_with(name, SLICE(".yaml")))
		name.len -= 5;
	recipe->name = arena_strndup(recipe->arena, name);
	return recipe->name ? 0 : error_set_memory(err);
}

static int load(struct image_recipe *recipe, struct slice text, struct error *err)
{
	struct image_reader reader = {.recipe = recipe, .file = recipe->path};
	struct yaml_node *root;
	if (set_name(recipe, err) < 0 ||
		digest_of(DIGEST_SHA256, text, &recipe->file_digest, err) < 0 ||
		yaml_load_slice(text, recipe->path, recipe->arena, &root, err) < 0)
		return err->class;
	reader.root = root;
	return read_all(&reader, err);
}

int image_recipe_load_text(struct slice text, const char *path,
	struct image_recipe **ret_recipe, struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct image_recipe *recipe;
	if (arena_new(&arena, err) < 0)
		return err->class;
	recipe = arena_alloc(arena, sizeof(*recipe));
	if (!recipe || !(recipe->path = arena_strdup(arena, path)))
		return error_set_memory(err);
	recipe->arena = arena;
	if (load(recipe, text, err) < 0)
		return err->class;
	(void)take_ptr(arena); /* the recipe's now */
	*ret_recipe = recipe;
	return 0;
}

int image_recipe_load(
	const char *path, struct image_recipe **ret_recipe, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	if (fs_read_file(AT_FDCWD, path, LIMIT_YAML_BYTES, &text, err) < 0)
		return err->class;
	return image_recipe_load_text(buffer_slice(&text), path, ret_recipe, err);
}
