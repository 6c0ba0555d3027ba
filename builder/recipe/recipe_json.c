/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as JSON, written by hand: thousands of recipes with long scripts go through
 * here, and the keys below stand in byte order already. Places (paths, lines) are left
 * out on purpose.
 */
#include "base/encode.h"
#include "base/limits.h"
#include "builder/recipe/recipe.h"

/* First error wins and stops all output: checked once, at the end. */
struct output {
	struct buffer *buffer;
	struct error *err;
	bool build_only; /* nothing of the tests */
};

static bool failed(const struct output *out)
{
	return error_is_set(out->err);
}

static void put_raw(struct output *out, const char *text)
{
	if (!failed(out) && buffer_add_str(out->buffer, text, out->err) < 0)
		return;
}

static void put_text(struct output *out, const char *text)
{
	if (!failed(out) && json_quote(slice_str(text), out->buffer, out->err) < 0)
		return;
}

static void put_number(struct output *out, uint64_t number)
{
	if (!failed(out) && buffer_printf(out->buffer, out->err, "%llu",
				    (unsigned long long)number) < 0)
		return;
}

static void put_signed(struct output *out, int64_t number)
{
	put_raw(out, number < 0 ? "-" : "");
	put_number(out, number < 0 ? (uint64_t)-number : (uint64_t)number); /* 32 bits */
}

static void put_bool(struct output *out, bool value)
{
	put_raw(out, value ? "true" : "false");
}

/* key with its separator: ",\"name\":"; the first of an object has '{'. */
static void put_key_text(struct output *out, const char *key, const char *text)
{
	put_raw(out, key);
	put_text(out, text);
}

static void put_list(struct output *out, const char *key, const struct recipe_list *list)
{
	put_raw(out, key);
	put_raw(out, "[");
	for (size_t i = 0; i < list->count; i++) {
		put_raw(out, i ? "," : "");
		put_text(out, list->items[i]);
	}
	put_raw(out, "]");
}

/* Sorted by name, as all variables of a recipe are. */
static void put_variables(struct output *out, const char *key,
	const struct recipe_variable *items, size_t count)
{
	put_raw(out, key);
	put_raw(out, "{");
	for (size_t i = 0; i < count; i++) {
		put_raw(out, i ? "," : "");
		put_text(out, items[i].name);
		put_raw(out, ":");
		put_text(out, items[i].value);
	}
	put_raw(out, "}");
}

static void put_steps(
	struct output *out, const char *key, const struct recipe_steps *steps)
{
	put_raw(out, key);
	put_raw(out, "[");
	for (size_t i = 0; i < steps->count; i++) {
		const struct recipe_step *step = &steps->items[i];
		put_raw(out, i ? ",{" : "{");
		put_key_text(out, "\"break-point\":", step->break_point);
		put_variables(out, ",\"environment\":", step->environment,
			step->environment_count);
		put_key_text(out, ",\"label\":", step->label);
		put_key_text(out, ",\"script\":", step->script);
		put_key_text(out, ",\"working-directory\":", step->working_directory);
		put_raw(out, "}");
	}
	put_raw(out, "]");
}

static void put_dependencies(struct output *out, const char *key,
	const struct recipe_dependencies *dependencies)
{
	put_raw(out, key);
	put_raw(out, "{\"provider-priority\":");
	put_signed(out, dependencies->provider_priority);
	put_list(out, ",\"provides\":", &dependencies->provides);
	put_list(out, ",\"replaces\":", &dependencies->replaces);
	put_raw(out, ",\"replaces-priority\":");
	put_signed(out, dependencies->replaces_priority);
	put_list(out, ",\"runtime\":", &dependencies->runtime);
	put_raw(out, "}");
}

static void put_options(struct output *out, const struct recipe_package *package)
{
	put_raw(out, ",\"options\":{\"no-commands\":");
	put_bool(out, package->no_commands);
	put_raw(out, ",\"no-depends\":");
	put_bool(out, package->no_depends);
	put_raw(out, ",\"no-provides\":");
	put_bool(out, package->no_provides);
	put_raw(out, ",\"no-versioned-shlib-deps\":");
	put_bool(out, package->no_versioned_shlib_depends);
	put_raw(out, "}");
}

static void put_setcap(struct output *out, const struct recipe_package *package)
{
	put_raw(out, ",\"setcap\":[");
	for (size_t i = 0; i < package->setcap_count; i++) {
		const struct recipe_setcap *item = &package->setcap[i];
		put_raw(out, i ? ",{" : "{");
		put_key_text(out, "\"capability\":", item->capability);
		put_key_text(out, ",\"flags\":", item->flags);
		put_key_text(out, ",\"path\":", item->path);
		put_key_text(out, ",\"reason\":", item->reason);
		put_raw(out, "}");
	}
	put_raw(out, "]");
}

/* Only where there are any: other tools know no such key. */
static void put_attributes(struct output *out, const struct recipe_package *package)
{
	if (!package->attribute_count)
		return;
	put_raw(out, ",\"attributes\":[");
	for (size_t i = 0; i < package->attribute_count; i++) {
		const struct recipe_attribute *item = &package->attributes[i];
		put_raw(out, i ? ",{" : "{");
		if (item->set_owner) {
			put_raw(out, "\"gid\":");
			put_number(out, item->gid);
			put_raw(out, ",");
		}
		put_key_text(out, "\"path\":", item->path);
		if (item->set_mode) {
			put_raw(out, ",\"permissions\":");
			put_number(out, item->mode);
		}
		put_key_text(out, ",\"reason\":", item->reason);
		if (item->set_owner) {
			put_raw(out, ",\"uid\":");
			put_number(out, item->uid);
		}
		put_variables(out, ",\"xattrs\":", item->xattrs, item->xattr_count);
		put_raw(out, "}");
	}
	put_raw(out, "]");
}

static void put_test(struct output *out, const struct recipe_package *package)
{
	put_variables(out, ",\"test\":{\"environment\":", package->test_environment,
		package->test_environment_count);
	put_list(out, ",\"packages\":", &package->test_packages);
	put_key_text(out, ",\"run-as\":", package->test_run_as);
	put_steps(out, ",\"steps\":", &package->test_steps);
	put_raw(out, "}");
}

static void put_package(struct output *out, const struct recipe_package *package)
{
	put_variables(out, "{\"annotations\":", package->annotations,
		package->annotation_count);
	put_attributes(out, package);
	put_list(out, ",\"checks-disabled\":", &package->disabled_checks);
	put_key_text(out, ",\"commit\":", package->commit);
	put_dependencies(out, ",\"dependencies\":", &package->dependencies);
	put_key_text(out, ",\"description\":", package->description);
	put_key_text(out, ",\"name\":", package->name);
	put_options(out, package);
	put_variables(
		out, ",\"scriptlets\":", package->scriptlets, package->scriptlet_count);
	put_setcap(out, package);
	put_steps(out, ",\"steps\":", &package->steps);
	if (!out->build_only)
		put_test(out, package);
	put_key_text(out, ",\"trigger-paths\":", package->trigger_paths);
	put_key_text(out, ",\"url\":", package->url);
	put_raw(out, "}");
}

static void put_source(struct output *out, const struct recipe_source *source)
{
	char digest[DIGEST_TEXT_MAX] = "";
	if (digest_is_set(&source->expected))
		(void)digest_format(&source->expected, digest); /* returns digest */
	put_key_text(out, "{\"branch\":", source->branch);
	put_key_text(out, ",\"cherry-picks\":", source->cherry_picks);
	put_key_text(out, ",\"commit\":", source->commit);
	put_list(out, ",\"debian\":", &source->debian);
	put_key_text(out, ",\"depth\":", source->depth);
	put_key_text(out, ",\"destination\":", source->destination);
	put_key_text(out, ",\"expected\":", digest);
	put_key_text(out, ",\"file-name\":", source->file_name);
	put_raw(out, ",\"for-test\":");
	put_bool(out, source->for_test);
	put_key_text(
		out, ",\"kind\":", source->kind == RECIPE_SOURCE_GIT ? "git" : "fetch");
	put_key_text(out, ",\"package\":", source->package);
	put_raw(out, ",\"recurse-submodules\":");
	put_bool(out, source->recurse_submodules);
	put_key_text(out, ",\"sparse-paths\":", source->sparse_paths);
	put_key_text(out, ",\"tag\":", source->tag);
	put_key_text(out, ",\"uri\":", source->uri);
	put_raw(out, "}");
}

static void put_sources(struct output *out, const struct recipe *recipe)
{
	bool first = true;
	put_raw(out, ",\"sources\":[");
	for (size_t i = 0; i < recipe->source_count; i++) {
		if (out->build_only && recipe->sources[i].for_test)
			continue;
		put_raw(out, first ? "" : ",");
		put_source(out, &recipe->sources[i]);
		first = false;
	}
	put_raw(out, "]");
}

static void put_copyright(struct output *out, const struct recipe *recipe)
{
	put_raw(out, ",\"copyright\":[");
	for (size_t i = 0; i < recipe->copyright_count; i++) {
		const struct recipe_copyright *item = &recipe->copyright[i];
		put_raw(out, i ? "," : "");
		put_key_text(out, "{\"attestation\":", item->attestation);
		put_key_text(out, ",\"license\":", item->license);
		put_key_text(out, ",\"license-path\":", item->license_path);
		put_raw(out, "}");
	}
	put_raw(out, "]");
}

static void put_environment(struct output *out, const struct recipe *recipe)
{
	put_list(out, ",\"environment\":{\"keyring\":", &recipe->keyring);
	put_list(out, ",\"packages\":", &recipe->needs);
	put_list(out, ",\"repositories\":", &recipe->repositories);
	put_key_text(out, ",\"run-as\":", recipe->run_as);
	put_variables(
		out, ",\"variables\":", recipe->environment, recipe->environment_count);
	put_raw(out, "}");
}

static void put_recipe(struct output *out, const struct recipe *recipe)
{
	put_key_text(out, "{\"architecture\":", recipe->architecture);
	put_list(out, ",\"capabilities\":{\"add\":", &recipe->capabilities_add);
	put_list(out, ",\"drop\":", &recipe->capabilities_drop);
	put_raw(out, "}");
	put_copyright(out, recipe);
	put_key_text(out, ",\"cpe\":", recipe->cpe);
	put_environment(out, recipe);
	put_raw(out, ",\"epoch\":");
	put_number(out, recipe->epoch);
	put_key_text(out, ",\"full-version\":", recipe->full_version);
	put_key_text(out, ",\"license\":", recipe->license);
	put_key_text(out, ",\"name\":", recipe->name);
	put_raw(out, ",\"packages\":[");
	for (size_t i = 0; i < recipe->package_count; i++) {
		put_raw(out, i ? "," : "");
		put_package(out, &recipe->packages[i]);
	}
	put_raw(out, "],\"skipped\":");
	put_bool(out, recipe->skipped);
	put_raw(out, ",\"source-directory\":");
	put_bool(out, *recipe->source_directory != '\0');
	put_sources(out, recipe);
	put_raw(out, ",\"timeout-seconds\":");
	put_number(out, recipe->timeout_seconds);
	put_key_text(out, ",\"version\":", recipe->version);
	put_raw(out, "}");
}

static int put_plan(const struct recipe *recipe, bool build_only, struct buffer *out,
	struct error *err)
{
	struct output output = {.buffer = out, .err = err, .build_only = build_only};
	size_t max = out->max;
	if (!max || max > out->len + LIMIT_PLAN_BYTES) /* fits: out is in memory */
		out->max = out->len + LIMIT_PLAN_BYTES;
	put_recipe(&output, recipe);
	out->max = max;
	if (!error_is_set(err))
		return 0;
	return err->class == ERR_INPUT
		       ? error_wrap(err, "%s: the plan as JSON", recipe->path)
		       : err->class;
}

int recipe_to_json(const struct recipe *recipe, struct buffer *out, struct error *err)
{
	return put_plan(recipe, false, out, err);
}

int recipe_build_to_json(
	const struct recipe *recipe, struct buffer *out, struct error *err)
{
	return put_plan(recipe, true, out, err);
}
