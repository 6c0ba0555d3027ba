/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to a struct recipe. */
#include <sys/utsname.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/pattern.h"
#include "builder/recipe/recipe_private.h"

void recipe_free(struct recipe **recipe)
{
	struct arena *arena;
	if (!*recipe)
		return;
	arena = (*recipe)->arena; /* the recipe itself lies in it */
	arena_free(&arena);
	*recipe = NULL;
}

static int machine_architecture(
	struct arena *arena, const char **ret_name, struct error *err)
{
	struct utsname name;
	if (uname(&name) < 0)
		return error_set_errno(
			err, errno, "asking for the machine's architecture");
	*ret_name = arena_strdup(arena, name.machine);
	return *ret_name ? 0 : error_set_memory(err);
}

static int read_architecture(struct expansion *x, struct error *err)
{
	if (!x->options->architecture)
		return machine_architecture(x->arena, &x->recipe->architecture, err);
	x->recipe->architecture = arena_strdup(x->arena, x->options->architecture);
	return x->recipe->architecture ? 0 : error_set_memory(err);
}

/* Name and version take no variables: all others build on them. */
static int read_identity_field(struct expansion *x, const struct yaml_node *package,
	const char *key, const char **ret_text, struct error *err)
{
	bool is_name = strcmp(key, "name") == 0;
	check_function *check = is_name ? check_package_name : check_version;
	const char *remedy =
		is_name ? "use letters, digits, '+', '_', '.' and '-'"
			: "write 1.2.3 or 1.2_rc1, without a 'v'; the number "
			  "of the rebuild is 'epoch'";
	const struct yaml_node *node = schema_get(package, key);
	const char *reason;
	if (!node || !*node->text) {
		(void)yaml_error(package, x->file, err, "package: '%s' is missing", key);
		return error_remedy(err, "add '%s: …' below 'package'", key);
	}
	if ((reason = check(node->text))) {
		(void)yaml_error(node, x->file, err, "package.%s '%.128s' %s", key,
			node->text, reason);
		return error_remedy(err, "%s", remedy);
	}
	*ret_text = node->text;
	return 0;
}

static int read_identity(struct expansion *x, struct error *err)
{
	const struct yaml_node *package = schema_get(x->root, "package");
	struct recipe *recipe = x->recipe;
	const struct yaml_node *epoch;
	struct error range = ERROR_INIT;
	if (!package)
		return yaml_error(x->root, x->file, err, "'package' is missing");
	if (read_identity_field(x, package, "name", &recipe->name, err) < 0 ||
		read_identity_field(x, package, "version", &recipe->version, err) < 0)
		return err->class;
	epoch = schema_get(package, "epoch");
	if (epoch && *epoch->text &&
		slice_parse_u64(slice_str(epoch->text), 10, UINT32_MAX, &recipe->epoch,
			&range) < 0)
		return yaml_error(epoch, x->file, err, "package.epoch: %s", range.text);
	recipe->full_version = arena_printf(
		x->arena, "%s-r%llu", recipe->version, (unsigned long long)recipe->epoch);
	return recipe->full_version ? 0 : error_set_memory(err);
}

/* ---- the build environment ---- */

/* Build options change the list as it stands in the recipe. */
static int apply_option(struct expansion *x, const struct yaml_node *option,
	struct text_list *packages, struct error *err)
{
	const struct text_rules rules = {.file = x->file, .early = &x->early};
	const struct yaml_node *change = schema_get(
		schema_get(schema_get(option, "environment"), "contents"), "packages");
	struct text_list removed = {0};
	size_t kept = 0;
	if (texts_get(x, &rules, change, "remove", text_exact, check_dependency, &removed,
		    err) < 0)
		return err->class;
	(void)text_list_take_sorted(&removed);
	for (size_t i = 0; i < packages->count; i++) {
		bool gone = false;
		for (size_t j = 0; j < removed.count && !gone; j++)
			gone = strcmp(packages->items[i], removed.items[j]) == 0;
		if (!gone)
			packages->items[kept++] = packages->items[i];
	}
	packages->count = kept;
	return texts_get(
		x, &rules, change, "add", text_exact, check_dependency, packages, err);
}

static int read_environment_packages(
	struct expansion *x, const struct yaml_node *contents, struct error *err)
{
	const struct text_rules rules = {.file = x->file, .early = &x->early};
	const struct yaml_node *options = schema_get(x->root, "options");
	if (texts_get(x, &rules, contents, "packages", text_exact, check_dependency,
		    &x->needs, err) < 0)
		return err->class;
	for (size_t i = 0; options && i < options->count; i++) {
		if (option_enabled(x, options->pairs[i].key) &&
			apply_option(x, options->pairs[i].value, &x->needs, err) < 0)
			return err->class;
	}
	return 0;
}

static int read_environment_lists(
	struct expansion *x, const struct yaml_node *contents, struct error *err)
{
	const struct text_rules rules = {.file = x->file, .early = &x->early};
	const struct yaml_node *capabilities = schema_get(x->root, "capabilities");
	struct text_list repositories = {0}, keyring = {0}, add = {0}, drop = {0};
	if (texts_get(x, &rules, contents, "repositories", text_free, check_line,
		    &repositories, err) < 0 ||
		texts_get(x, &rules, contents, "keyring", text_free, check_line, &keyring,
			err) < 0 ||
		texts_get(x, &rules, capabilities, "add", text_exact, check_word, &add,
			err) < 0 ||
		texts_get(x, &rules, capabilities, "drop", text_exact, check_word, &drop,
			err) < 0)
		return err->class;
	x->recipe->repositories = text_list_take(&repositories);
	x->recipe->keyring = text_list_take(&keyring);
	x->recipe->capabilities_add = text_list_take_sorted(&add);
	x->recipe->capabilities_drop = text_list_take_sorted(&drop);
	return 0;
}

static int read_environment(struct expansion *x, struct error *err)
{
	const struct text_rules rules = {
		.file = x->file, .early = &x->early, .late = &x->late};
	const struct yaml_node *environment = schema_get(x->root, "environment");
	const struct yaml_node *contents = schema_get(environment, "contents");
	if (read_environment_packages(x, contents, err) < 0 ||
		read_environment_lists(x, contents, err) < 0 ||
		text_get(x, &rules, schema_get(environment, "accounts"), "run-as",
			text_step, check_word, &x->recipe->run_as, err) < 0)
		return err->class;
	return text_map_get(x, &rules, environment, "environment", text_step,
		check_environment_name, &x->recipe->environment,
		&x->recipe->environment_count, err);
}

/* ---- the whole ---- */

/* Both kinds are YAML with an `environment`; "unknown key" would not tell. */
static int check_kind(const struct expansion *x, struct error *err)
{
	if (schema_get(x->root, "package") || !schema_get(x->root, "contents"))
		return 0;
	(void)yaml_error(x->root, x->file, err, "this is the recipe of an image");
	return error_remedy(err, "alnage build %s", x->file);
}

static int expand(struct expansion *x, struct error *err)
{
	if (check_kind(x, err) < 0 ||
		schema_check(x->root, schema_recipe, "recipe", x->file, err) < 0 ||
		read_architecture(x, err) < 0 || read_identity(x, err) < 0 ||
		scopes_fill(x, err) < 0 || read_environment(x, err) < 0 ||
		expand_packages(x, err) < 0)
		return err->class;
	x->recipe->needs = text_list_take_sorted(&x->needs);
	return 0;
}

static int expansion_run(struct expansion *x, struct slice text, struct error *err)
{
	cleanup_recipe_cache struct recipe_cache *own = NULL;
	struct yaml_node *root;
	x->cache = x->options->cache;
	if (!x->cache) {
		if (recipe_cache_new(&own, err) < 0)
			return err->class;
		x->cache = own;
	}
	if (digest_of(DIGEST_SHA256, text, &x->recipe->file_digest, err) < 0 ||
		yaml_load_slice(text, x->file, x->arena, &root, err) < 0)
		return err->class;
	x->root = root;
	return expand(x, err);
}

int recipe_load_text(struct slice text, const char *path,
	const struct recipe_options *options, struct recipe **ret_recipe,
	struct error *err)
{
	cleanup_arena struct arena *arena = NULL;
	struct expansion x = {.options = options, .pattern_work_left = PATTERN_WORK_MAX};
	struct recipe *recipe;
	if (arena_new(&arena, err) < 0)
		return err->class;
	recipe = arena_alloc(arena, sizeof(*recipe));
	if (!recipe || !(recipe->path = arena_strdup(arena, path)))
		return error_set_memory(err);
	recipe->source_directory = "";
	x.recipe = recipe;
	x.arena = arena;
	x.file = recipe->path;
	expander_init(&x.expander, arena, LIMIT_RECIPE_BYTES);
	(void)expansion_run(&x, text, err); /* err says it */
	expander_done(&x.expander);
	map_free(&x.early_values);
	map_free(&x.late_values);
	if (error_is_set(err))
		return err->class;
	recipe->arena = take_ptr(arena);
	*ret_recipe = recipe;
	return 0;
}

/* The folder beside the recipe with its name, if there is one. */
static int find_source_directory(struct recipe *recipe, struct error *err)
{
	cleanup_fd int fd = -1;
	struct error ignored = ERROR_INIT;
	const char *slash = strrchr(recipe->path, '/');
	size_t len = slash ? (size_t)(slash - recipe->path) + 1 : 0;
	char *path = arena_printf(
		recipe->arena, "%.*s%s", (int)len, recipe->path, recipe->name);
	if (!path)
		return error_set_memory(err);
	if (fs_open_dir(AT_FDCWD, path, &fd, &ignored) == 0)
		recipe->source_directory = path;
	return 0;
}

int recipe_load(const char *path, const struct recipe_options *options,
	struct recipe **ret_recipe, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	cleanup_recipe struct recipe *recipe = NULL;
	if (fs_read_file(AT_FDCWD, path, LIMIT_YAML_BYTES, &text, err) < 0 ||
		recipe_load_text(buffer_slice(&text), path, options, &recipe, err) < 0 ||
		find_source_directory(recipe, err) < 0)
		return err->class;
	*ret_recipe = take_ptr(recipe);
	return 0;
}
