/* SPDX-License-Identifier: Apache-2.0 */
/* What a package is called, needs and provides: all but its steps. */
#include "builder/recipe/recipe_private.h"

static int read_priority(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, const char *key, int64_t *ret_number,
	struct error *err)
{
	struct error inner = ERROR_INIT;
	const char *text;
	uint64_t number = 0;
	bool negative;
	if (text_get(x, rules, mapping, key, text_exact, NULL, &text, err) < 0)
		return err->class;
	negative = *text == '-';
	if (!*text || slice_parse_u64(slice_str(text + negative), 10, INT32_MAX, &number,
			      &inner) == 0) {
		*ret_number = negative ? -(int64_t)number : (int64_t)number; /* 31 bits */
		return 0;
	}
	return place_error(rules, schema_get(mapping, key), err,
		"%s '%.64s' is not a whole number", key, text);
}

/* A tag is of a repository that only an image knows; apk-tools refuses such packages. */
static const char *check_untagged(const char *value)
{
	return strchr(value, '@') ? "has a tag: only images may name repositories"
				  : check_dependency(value);
}

static int read_dependency_list(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *mapping, const char *key, struct recipe_list *ret_list,
	struct error *err)
{
	struct text_list list = {0};
	if (texts_get(x, rules, mapping, key, text_exact, check_untagged, &list, err) <
			0 ||
		text_list_unique(&list, err) < 0)
		return err->class;
	*ret_list = text_list_take(&list);
	return 0;
}

static int read_dependencies(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct recipe_dependencies *out, struct error *err)
{
	if (read_dependency_list(x, rules, node, "runtime", &out->runtime, err) < 0 ||
		read_dependency_list(x, rules, node, "provides", &out->provides, err) <
			0 ||
		read_dependency_list(x, rules, node, "replaces", &out->replaces, err) <
			0 ||
		read_priority(x, rules, node, "provider-priority",
			&out->provider_priority, err) < 0)
		return err->class;
	return read_priority(
		x, rules, node, "replaces-priority", &out->replaces_priority, err);
}

static int read_trigger(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *scriptlets, struct recipe_package *package,
	const char **ret_script, struct error *err)
{
	const struct yaml_node *trigger = schema_get(scriptlets, "trigger");
	cleanup_buffer struct buffer joined = BUFFER_INIT;
	struct text_list paths = {0};
	if (text_get(x, rules, trigger, "script", text_free, NULL, ret_script, err) < 0 ||
		texts_get(x, rules, trigger, "paths", text_exact, check_path_absolute,
			&paths, err) < 0)
		return err->class;
	for (size_t i = 0; i < paths.count; i++) {
		if (strchr(paths.items[i], ' '))
			return place_error(rules, trigger, err,
				"trigger path '%.128s' holds a blank", paths.items[i]);
		if (buffer_printf(&joined, err, "%s%s", i ? " " : "", paths.items[i]) < 0)
			return err->class;
	}
	package->trigger_paths = arena_strdup(x->arena, buffer_str(&joined));
	return package->trigger_paths ? 0 : error_set_memory(err);
}

static int read_scriptlets(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct recipe_package *package, struct error *err)
{
	static const char *const keys[] = {"post-deinstall", "post-install",
		"post-upgrade", "pre-deinstall", "pre-install", "pre-upgrade", "trigger"};
	static const char *const names[] = {".post-deinstall", ".post-install",
		".post-upgrade", ".pre-deinstall", ".pre-install", ".pre-upgrade",
		".trigger"};
	const char *text;
	package->scriptlets =
		arena_array(x->arena, ARRAY_LEN(keys), sizeof(*package->scriptlets));
	if (!package->scriptlets)
		return error_set_memory(err);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		bool is_trigger = strcmp(keys[i], "trigger") == 0;
		if (is_trigger ? read_trigger(x, rules, node, package, &text, err) < 0
			       : text_get(x, rules, node, keys[i], text_free, NULL, &text,
					 err) < 0)
			return err->class;
		if (*text)
			package->scriptlets[package->scriptlet_count++] =
				(struct recipe_variable){names[i], text};
	}
	return 0;
}

/* ---- all of a package ---- */

int read_package_fields(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct recipe_package *package, struct error *err)
{
	const struct yaml_node *options = schema_get(node, "options");
	struct text_list disabled = {0};
	package->no_provides = schema_bool(options, "no-provides");
	package->no_depends = schema_bool(options, "no-depends");
	package->no_commands = schema_bool(options, "no-commands");
	package->no_versioned_shlib_depends =
		schema_bool(options, "no-versioned-shlib-deps");
	if (text_get(x, rules, node, "description", text_free, check_text,
		    &package->description, err) < 0 ||
		text_get(x, rules, node, "url", text_free, check_line, &package->url,
			err) < 0 ||
		text_get(x, rules, node, "commit", text_free, check_word,
			&package->commit, err) < 0 ||
		text_map_get(x, rules, node, "annotations", text_free, check_word,
			&package->annotations, &package->annotation_count, err) < 0 ||
		texts_get(x, rules, schema_get(node, "checks"), "disabled", text_exact,
			check_line, &disabled, err) < 0)
		return err->class;
	package->disabled_checks = text_list_take_sorted(&disabled);
	if (read_dependencies(x, rules, schema_get(node, "dependencies"),
		    &package->dependencies, err) < 0 ||
		read_scriptlets(x, rules, schema_get(node, "scriptlets"), package, err) <
			0)
		return err->class;
	return read_file_attributes(x, rules, node, package, err);
}

/* ---- what only the main package has ---- */

static int read_copyright(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct recipe_copyright *out, struct error *err)
{
	struct text_list paths = {0};
	if (text_get(x, rules, node, "license", text_free, check_line, &out->license,
		    err) < 0 ||
		text_get(x, rules, node, "license-path", text_exact, check_path_relative,
			&out->license_path, err) < 0 ||
		text_get(x, rules, node, "attestation", text_free, check_text,
			&out->attestation, err) < 0)
		return err->class;
	return texts_get(x, rules, node, "paths", text_free, check_line, &paths, err);
}

/* AND binds closer than OR (SPDX 2.3, annex D.4): an alternative among several is put in
 * parentheses. */
static int add_license(
	struct buffer *out, const char *license, bool among_others, struct error *err)
{
	bool group = among_others && strstr(license, " OR ");
	return buffer_printf(out, err, "%s%s%s%s", out->len ? " AND " : "",
		group ? "(" : "", license, group ? ")" : "");
}

static int read_copyrights(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *package, struct error *err)
{
	const struct yaml_node *node = schema_get(package, "copyright");
	cleanup_buffer struct buffer joined = BUFFER_INIT;
	struct recipe *recipe = x->recipe;
	size_t count = node ? node->count : 0;
	if (!(recipe->copyright =
			    arena_array(x->arena, count, sizeof(*recipe->copyright))))
		return error_set_memory(err);
	recipe->copyright_count = count;
	for (size_t i = 0; i < count; i++) {
		struct recipe_copyright *item = &recipe->copyright[i];
		if (read_copyright(x, rules, node->items[i], item, err) < 0)
			return err->class;
		if (*item->license &&
			add_license(&joined, item->license, count > 1, err) < 0)
			return err->class;
	}
	recipe->license = arena_strdup(x->arena, buffer_str(&joined));
	return recipe->license ? 0 : error_set_memory(err);
}

/* CPE 2.3 formatted string (NISTIR 7695, 6.2): all but letters, digits, "_", "-" and "."
 * are quoted. */
static int add_cpe_field(struct buffer *out, const char *value, struct error *err)
{
	for (const char *p = *value ? value : "*"; *p; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
			     (*p >= 'A' && *p <= 'Z') || strchr("_-.", *p) || !*value;
		if ((!plain && buffer_add_byte(out, '\\', err) < 0) ||
			buffer_add_byte(out, *p, err) < 0)
			return err->class;
	}
	return 0;
}

static int join_cpe(struct expansion *x, const char *const fields[11], struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	if (buffer_add_str(&out, "cpe:2.3", err) < 0)
		return err->class;
	for (size_t i = 0; i < 11; i++) {
		if (buffer_add_byte(&out, ':', err) < 0 ||
			add_cpe_field(&out, fields[i], err) < 0)
			return err->class;
	}
	x->recipe->cpe = arena_strdup(x->arena, buffer_str(&out));
	return x->recipe->cpe ? 0 : error_set_memory(err);
}

static int read_cpe(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *package, struct error *err)
{
	static const char *const keys[] = {"part", "vendor", "product", "", "", "edition",
		"language", "sw_edition", "target_sw", "target_hw", "other"};
	const struct yaml_node *node = schema_get(package, "cpe");
	const char *fields[ARRAY_LEN(keys)];
	x->recipe->cpe = "";
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		fields[i] = "";
		if (*keys[i] && text_get(x, rules, node, keys[i], text_exact,
					check_cpe_field, &fields[i], err) < 0)
			return err->class;
	}
	if (!*fields[1] != !*fields[2])
		return place_error(
			rules, node, err, "cpe: vendor and product go together");
	if (*fields[0] && strcmp(fields[0], "a") != 0 && strcmp(fields[0], "o") != 0)
		return place_error(rules, node, err, "cpe: part must be 'a' or 'o'");
	if (!*fields[1])
		return 0;
	fields[0] = *fields[0] ? fields[0] : "a";
	fields[3] = x->recipe->version;
	return join_cpe(x, fields, err);
}

static int read_timeout(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *package, struct error *err)
{
	const struct yaml_node *node = schema_get(package, "timeout");
	if (node && !duration_parse(node->text, &x->recipe->timeout_seconds))
		return place_error(rules, node, err,
			"timeout '%.64s' is no duration: 90s, 1h30m, …", node->text);
	return 0;
}

static int read_target_architecture(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *package, struct error *err)
{
	struct text_list list = {0};
	if (texts_get(x, rules, package, "target-architecture", text_exact, check_word,
		    &list, err) < 0)
		return err->class;
	x->recipe->skipped = list.count > 0;
	for (size_t i = 0; i < list.count; i++) {
		if (strcmp(list.items[i], "all") == 0 ||
			strcmp(list.items[i], x->recipe->architecture) == 0)
			x->recipe->skipped = false;
	}
	return 0;
}

int read_main_fields(struct expansion *x, const struct text_rules *rules,
	const struct yaml_node *node, struct error *err)
{
	if (read_copyrights(x, rules, node, err) < 0 ||
		read_cpe(x, rules, node, err) < 0 ||
		read_timeout(x, rules, node, err) < 0)
		return err->class;
	return read_target_architecture(x, rules, node, err);
}
