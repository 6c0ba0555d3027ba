/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of a recipe: what they are called and where their values come from. */
#include "base/limits.h"
#include "base/pattern.h"
#include "builder/recipe/recipe_private.h"

/* Variables that refer to variables: so many times at most. */
#define VARS_PASSES 16

/*
 * What depends on the architecture. Our packages are linked against musl, so
 * host.triplet.* say so; cross.triplet.* name their libc and mean it.
 */
struct target {
	const char *architecture;
	struct recipe_variable variables[9];
};

static const struct target targets[] = {
	{"x86_64", {{"build.arch", "x86_64"}, {"build.goarch", "amd64"},
			   {"host.triplet.gnu", "x86_64-pc-linux-musl"},
			   {"host.triplet.rust", "x86_64-unknown-linux-musl"},
			   {"cross.triplet.gnu.glibc", "x86_64-pc-linux-gnu"},
			   {"cross.triplet.gnu.musl", "x86_64-pc-linux-musl"},
			   {"cross.triplet.rust.glibc", "x86_64-unknown-linux-gnu"},
			   {"cross.triplet.rust.musl", "x86_64-unknown-linux-musl"},
			   {NULL, NULL}}},
	{"aarch64", {{"build.arch", "aarch64"}, {"build.goarch", "arm64"},
			    {"host.triplet.gnu", "aarch64-unknown-linux-musl"},
			    {"host.triplet.rust", "aarch64-unknown-linux-musl"},
			    {"cross.triplet.gnu.glibc", "aarch64-unknown-linux-gnu"},
			    {"cross.triplet.gnu.musl", "aarch64-unknown-linux-musl"},
			    {"cross.triplet.rust.glibc", "aarch64-unknown-linux-gnu"},
			    {"cross.triplet.rust.musl", "aarch64-unknown-linux-musl"},
			    {NULL, NULL}}},
};

static int put_target(struct expansion *x, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		if (strcmp(x->recipe->architecture, targets[i].architecture) != 0)
			continue;
		for (const struct recipe_variable *v = targets[i].variables; v->name;
			v++) {
			if (values_put(x->late_values, v->name, v->value, err) < 0)
				return err->class;
		}
		return 0;
	}
	return error_set(err, ERR_USAGE, "architecture '%.32s' is not supported",
		x->recipe->architecture);
}

static int put_prefixed(struct expansion *x, struct map *values, const char *prefix,
	const char *name, const char *value, struct error *err)
{
	char *full = arena_printf(x->arena, "%s%s", prefix, name);
	if (!full)
		return error_set_memory(err);
	return values_put(values, full, value, err);
}

int scopes_put_package(struct expansion *x, const char *name, struct error *err)
{
	char *directory = arena_printf(x->arena, SANDBOX_OUTPUTS "/%s", name);
	if (!directory)
		return error_set_memory(err);
	return put_prefixed(x, x->late_values, "targets.package.", name, directory, err);
}

static int put_package(struct expansion *x, struct error *err)
{
	const struct yaml_node *package = schema_get(x->root, "package");
	const struct recipe *recipe = x->recipe;
	char *epoch = arena_printf(x->arena, "%llu", (unsigned long long)recipe->epoch);
	char *destdir = arena_printf(x->arena, SANDBOX_OUTPUTS "/%s", recipe->name);
	if (!epoch || !destdir)
		return error_set_memory(err);
	if (values_put(x->early_values, "package.name", recipe->name, err) < 0 ||
		values_put(x->early_values, "package.version", recipe->version, err) <
			0 ||
		values_put(x->early_values, "package.epoch", epoch, err) < 0 ||
		values_put(x->early_values, "package.full-version", recipe->full_version,
			err) < 0 ||
		values_put(x->early_values, "package.description",
			schema_text(package, "description"), err) < 0)
		return err->class;
	if (values_put(x->late_values, "package.srcdir", SANDBOX_HOME, err) < 0 ||
		values_put(x->late_values, "targets.outdir", SANDBOX_OUTPUTS, err) < 0)
		return err->class;
	return values_put(x->late_values, "targets.destdir", destdir, err);
}

/* ---- vars ---- */

static int put_raw_vars(
	struct expansion *x, const struct yaml_node *vars, struct error *err)
{
	for (size_t i = 0; vars && i < vars->count; i++) {
		const struct yaml_pair *pair = &vars->pairs[i];
		const char *reason = check_variable_name(pair->key);
		if (reason)
			return error_set_at(err, ERR_INPUT, x->file, pair->line,
				pair->column, "vars: name '%.128s' %s", pair->key,
				reason);
		if (put_prefixed(x, x->early_values, "vars.", pair->key,
			    pair->value->text, err) < 0)
			return err->class;
	}
	return 0;
}

/* The error is where the variable is written. */
static int blame_var(const struct expansion *x, struct slice name, struct error *err)
{
	const struct yaml_node *vars = schema_get(x->root, "vars");
	struct slice own = slice_sub(name, strlen("vars."), name.len);
	for (size_t i = 0; vars && i < vars->count; i++)
		if (slice_equal_str(own, vars->pairs[i].key)) {
			err->line = vars->pairs[i].value->line;
			err->column = vars->pairs[i].value->column;
		}
	return err->class;
}

/* One pass over all variables; *changed if one of them was not yet final. */
static int expand_values(struct expansion *x, bool *changed, struct error *err)
{
	const struct text_place place = {x->root, x->file};
	size_t position = 0;
	struct slice name;
	void *value;
	while (map_next(x->early_values, &position, &name, &value)) {
		const char *before = value, *after;
		if (!slice_starts_with(name, SLICE("vars.")))
			continue;
		if (expand_text(&x->expander, &x->early, EXPAND_TOLERANT, before, &place,
			    &after, err) < 0)
			return blame_var(x, name, err);
		if (strcmp(before, after) == 0)
			continue;
		*changed = true;
		/* The key is there: nothing is inserted while we iterate. */
		if (map_put(x->early_values, name, (void *)(uintptr_t)after, err) < 0)
			return err->class;
	}
	return 0;
}

/* Does a value still name a variable that there is? Then it would never be final. */
static bool is_open(const struct expansion *x, const char *value)
{
	struct slice rest = slice_str(value), name;
	size_t at;
	while ((at = slice_find(rest, SLICE("${{"))) != SIZE_MAX) {
		rest = slice_sub(rest, at, rest.len);
		if (!variable_take(&rest, &name))
			rest = slice_sub(rest, 3, rest.len);
		else if (scope_find(&x->early, name))
			return true;
	}
	return false;
}

/* "a: ${{vars.a}}" does not change any more, but is not final either. */
static bool any_open(const struct expansion *x)
{
	size_t position = 0;
	struct slice name;
	void *value;
	while (map_next(x->early_values, &position, &name, &value)) {
		if (slice_starts_with(name, SLICE("vars.")) && is_open(x, value))
			return true;
	}
	return false;
}

static int expand_vars(struct expansion *x, struct error *err)
{
	const struct yaml_node *vars = schema_get(x->root, "vars");
	bool changed = true;
	for (unsigned pass = 0; changed; pass++) {
		changed = false;
		if (pass < VARS_PASSES && expand_values(x, &changed, err) < 0)
			return err->class;
		if (pass == VARS_PASSES || (!changed && any_open(x)))
			return yaml_error(vars ? vars : x->root, x->file, err,
				"vars refer to each other in a circle or more than %d "
				"deep",
				VARS_PASSES);
	}
	return 0;
}

/* ---- var-transforms ---- */

static int transform_field(struct expansion *x, const struct yaml_node *transform,
	const char *key, bool required, const char **ret_text, struct error *err)
{
	const struct text_rules rules = {.file = x->file, .early = &x->early};
	const struct yaml_node *node = schema_get(transform, key);
	if (!node && required)
		return yaml_error(
			transform, x->file, err, "var-transforms: '%s' is missing", key);
	*ret_text = node ? node->text : "";
	return node && strcmp(key, "from") == 0
		       ? text_exact(x, &rules, node, ret_text, err)
		       : 0;
}

static int transform_run(struct expansion *x, const char *from, const char *match,
	const char *replace, char **ret_text, struct error *err)
{
	cleanup_arena struct arena *scratch = NULL;
	cleanup_buffer struct buffer out = {.max = LIMIT_EXPANDED_BYTES};
	struct pattern *pattern;
	if (arena_new(&scratch, err) < 0 ||
		pattern_compile(match, scratch, &pattern, err) < 0 ||
		pattern_replace(pattern, slice_str(from), slice_str(replace),
			&x->pattern_work_left, &out, err) < 0)
		return err->class;
	*ret_text = arena_strndup(x->arena, buffer_slice(&out));
	return *ret_text ? 0 : error_set_memory(err);
}

static int transform(struct expansion *x, const struct yaml_node *node, struct error *err)
{
	struct error inner = ERROR_INIT;
	const struct text_place place = {node, x->file};
	const char *from, *match, *replace, *to, *reason;
	char *result;
	if (transform_field(x, node, "from", true, &from, err) < 0 ||
		transform_field(x, node, "match", true, &match, err) < 0 ||
		transform_field(x, node, "replace", false, &replace, err) < 0 ||
		transform_field(x, node, "to", true, &to, err) < 0)
		return err->class;
	if ((reason = check_variable_name(to)))
		return yaml_error(
			node, x->file, err, "var-transforms: to '%.128s' %s", to, reason);
	if (transform_run(x, from, match, replace, &result, &inner) < 0)
		return inner.class == ERR_INPUT
			       ? yaml_error(node, x->file, err, "var-transforms: %s",
					 inner.text)
			       : error_set(err, inner.class, "%s", inner.text);
	if (expander_charge(&x->expander, strlen(result), &place, err) < 0)
		return err->class;
	return put_prefixed(x, x->early_values, "vars.", to, result, err);
}

static int transform_vars(struct expansion *x, struct error *err)
{
	const struct yaml_node *transforms = schema_get(x->root, "var-transforms");
	for (size_t i = 0; transforms && i < transforms->count; i++) {
		if (transform(x, transforms->items[i], err) < 0)
			return err->class;
	}
	return transforms ? expand_vars(x, err) : 0;
}

/* ---- build options ---- */

bool option_enabled(const struct expansion *x, const char *name)
{
	for (size_t i = 0; i < x->options->build_options.count; i++) {
		if (strcmp(x->options->build_options.items[i], name) == 0)
			return true;
	}
	return false;
}

static int put_options(struct expansion *x, struct error *err)
{
	const struct yaml_node *options = schema_get(x->root, "options");
	for (size_t i = 0; options && i < options->count; i++) {
		const struct yaml_pair *pair = &options->pairs[i];
		bool enabled = option_enabled(x, pair->key);
		const char *reason = check_variable_name(pair->key);
		char *name = arena_printf(x->arena, "options.%s.enabled", pair->key);
		if (!name)
			return error_set_memory(err);
		if (reason)
			return error_set_at(err, ERR_INPUT, x->file, pair->line,
				pair->column, "options: name '%.128s' %s", pair->key,
				reason);
		if (values_put(x->late_values, name, enabled ? "true" : "false", err) < 0)
			return err->class;
		if (enabled && put_raw_vars(x, schema_get(pair->value, "vars"), err) < 0)
			return err->class;
	}
	return 0;
}

int scopes_fill(struct expansion *x, struct error *err)
{
	if (map_new(&x->early_values, err) < 0 || map_new(&x->late_values, err) < 0)
		return err->class;
	x->early = (struct scope){.map = x->early_values};
	x->late = (struct scope){.map = x->late_values, .parent = &x->early};
	if (put_package(x, err) < 0 || put_target(x, err) < 0 ||
		put_raw_vars(x, schema_get(x->root, "vars"), err) < 0 ||
		put_options(x, err) < 0 || expand_vars(x, err) < 0)
		return err->class;
	return transform_vars(x, err);
}
