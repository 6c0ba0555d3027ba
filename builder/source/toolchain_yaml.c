/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "base/yaml.h"
#include "builder/source/toolchain_private.h"

/* A document being read. */
struct reading {
	const char *name;
	struct toolchain *toolchain;
	struct error *err;
};

static int read_text(const struct reading *reading, const struct yaml_node *root,
	const char *key, const char **ret_text)
{
	const struct yaml_node *node = yaml_get(root, key);
	if (!node)
		return yaml_error(
			root, reading->name, reading->err, "%s is missing", key);
	if (yaml_expect(node, YAML_SCALAR, key, reading->name, reading->err) < 0)
		return reading->err->class;
	if (!node->text[0])
		return yaml_error(node, reading->name, reading->err, "%s is empty", key);
	*ret_text = node->text;
	return 0;
}

static int read_list(const struct reading *reading, const struct yaml_node *parent,
	const char *key, struct recipe_list *ret_list)
{
	const struct yaml_node *node = yaml_get(parent, key);
	if (!node || node->is_null)
		return 0;
	if (yaml_expect(node, YAML_SEQUENCE, key, reading->name, reading->err) < 0)
		return reading->err->class;
	if (node->count > LIMIT_TOOLCHAIN_NAMES)
		return yaml_error(node, reading->name, reading->err,
			"%s: more than %d items", key, LIMIT_TOOLCHAIN_NAMES);
	const char **items =
		arena_array(reading->toolchain->arena, node->count, sizeof(*items));
	if (!items)
		return error_set_memory(reading->err);
	for (size_t i = 0; i < node->count; i++) {
		if (yaml_expect(node->items[i], YAML_SCALAR, key, reading->name,
			    reading->err) < 0)
			return reading->err->class;
		if (!node->items[i]->text[0])
			return yaml_error(node->items[i], reading->name, reading->err,
				"%s: an empty name", key);
		items[i] = node->items[i]->text;
	}
	*ret_list = (struct recipe_list){items, node->count};
	return 0;
}

/* ---- groups ---- */

static int read_group(const struct reading *reading, const struct yaml_pair *pair,
	struct toolchain_group *group)
{
	static const char *const known[] = {"debian", "packages", NULL};
	group->name = pair->key;
	if (!pair->key[0])
		return yaml_error(
			pair->value, reading->name, reading->err, "an empty name");
	if (!pair->value->is_null && (yaml_expect(pair->value, YAML_MAPPING, "a group",
					      reading->name, reading->err) < 0 ||
					     yaml_only_keys(pair->value, known, "group",
						     reading->name, reading->err) < 0))
		return reading->err->class;
	if (read_list(reading, pair->value, "debian", &group->debian) < 0 ||
		read_list(reading, pair->value, "packages", &group->packages) < 0)
		return reading->err->class;
	return map_put(reading->toolchain->group_by_name, slice_str(group->name), group,
		reading->err);
}

static int read_groups(const struct reading *reading, const struct yaml_node *root)
{
	struct toolchain *toolchain = reading->toolchain;
	const struct yaml_node *node = yaml_get(root, "groups");
	const char *base = NULL;
	if (!node)
		return yaml_error(root, reading->name, reading->err, "groups is missing");
	if (yaml_expect(node, YAML_MAPPING, "groups", reading->name, reading->err) < 0)
		return reading->err->class;
	if (node->count > LIMIT_TOOLCHAIN_NAMES)
		return yaml_error(node, reading->name, reading->err,
			"more than %d groups", LIMIT_TOOLCHAIN_NAMES);
	toolchain->groups =
		arena_array(toolchain->arena, node->count, sizeof(*toolchain->groups));
	if (!toolchain->groups)
		return error_set_memory(reading->err);
	toolchain->group_count = node->count;
	for (size_t i = 0; i < node->count; i++)
		if (read_group(reading, &node->pairs[i], &toolchain->groups[i]) < 0)
			return reading->err->class;
	if (read_text(reading, root, "base", &base) < 0)
		return reading->err->class;
	toolchain->base = toolchain_find_group(toolchain, base);
	if (!toolchain->base)
		return yaml_error(yaml_get(root, "base"), reading->name, reading->err,
			"base: there is no group '%s'", base);
	return 0;
}

/* ---- directories, links, files ---- */

/* "/usr/bin/sh" to "usr/bin/sh". */
static int check_path(const struct reading *reading, const struct yaml_node *at,
	const char *path, const char **ret_path)
{
	struct slice rest = slice_str(path), name;
	size_t depth = 0;
	if (!slice_cut(&rest, '/', &name) || name.len != 0 || rest.len == 0 ||
		slice_ends_with(rest, SLICE("/")) || rest.len > LIMIT_PATH_BYTES ||
		!slice_is_printable(rest) || !slice_is_utf8(rest))
		return yaml_error(at, reading->name, reading->err, "path '%s'", path);
	while (slice_cut(&rest, '/', &name))
		if (name.len == 0 || name.len > LIMIT_NAME_BYTES ||
			++depth > LIMIT_PATH_DEPTH || slice_equal_str(name, ".") ||
			slice_equal_str(name, ".."))
			return yaml_error(
				at, reading->name, reading->err, "path '%s'", path);
	*ret_path = path + 1;
	return 0;
}

static struct toolchain_file *add_file(const struct reading *reading,
	const struct yaml_node *at, const char *path, struct toolchain_files *files)
{
	const char *relative = NULL;
	if (check_path(reading, at, path, &relative) < 0)
		return NULL;
	if (files->count == LIMIT_TOOLCHAIN_NAMES) {
		(void)yaml_error(at, reading->name, reading->err, "more than %d paths",
			LIMIT_TOOLCHAIN_NAMES);
		return NULL;
	}
	struct toolchain_file *file = arena_append(reading->toolchain->arena,
		&files->items, &files->count, &files->capacity, sizeof(*file));
	if (!file) {
		(void)error_set_memory(reading->err);
		return NULL;
	}
	file->path = relative;
	return file;
}

static int read_directories(const struct reading *reading, const struct yaml_node *root)
{
	struct recipe_list list = {0};
	if (read_list(reading, root, "directories", &list) < 0)
		return reading->err->class;
	for (size_t i = 0; i < list.count; i++)
		if (!add_file(reading, yaml_get(root, "directories")->items[i],
			    list.items[i], &reading->toolchain->directories))
			return reading->err->class;
	return 0;
}

static int read_link(const struct reading *reading, const struct yaml_pair *pair)
{
	struct toolchain_file *link =
		add_file(reading, pair->value, pair->key, &reading->toolchain->links);
	if (!link || yaml_expect(pair->value, YAML_SCALAR, "a link's target",
			     reading->name, reading->err) < 0)
		return reading->err->class;
	if (!pair->value->text[0] || strlen(pair->value->text) > LIMIT_PATH_BYTES)
		return yaml_error(
			pair->value, reading->name, reading->err, "the link's target");
	link->text = pair->value->text;
	return 0;
}

static int read_file(const struct reading *reading, const struct yaml_pair *pair)
{
	static const char *const known[] = {"mode", "content", NULL};
	uint64_t mode = 0644;
	struct toolchain_file *file =
		add_file(reading, pair->value, pair->key, &reading->toolchain->files);
	if (!file ||
		yaml_expect(pair->value, YAML_MAPPING, "a file", reading->name,
			reading->err) < 0 ||
		yaml_only_keys(pair->value, known, "file", reading->name, reading->err) <
			0)
		return reading->err->class;
	const struct yaml_node *content = yaml_get(pair->value, "content");
	const struct yaml_node *mode_node = yaml_get(pair->value, "mode");
	if (!content)
		return yaml_error(
			pair->value, reading->name, reading->err, "content is missing");
	if (yaml_expect(content, YAML_SCALAR, "content", reading->name, reading->err) < 0)
		return reading->err->class;
	/* Quoted, so that nobody reads 755 as decimal; no set-id or sticky bits. */
	if (mode_node &&
		(!mode_node->quoted || slice_parse_u64(slice_str(mode_node->text), 8,
					       0777, &mode, reading->err) < 0)) {
		error_clear(reading->err);
		return yaml_error(mode_node, reading->name, reading->err,
			"mode is a quoted octal number up to \"0777\"");
	}
	file->mode = (uint32_t)mode; /* at most 0777 */
	file->text = content->text;
	return 0;
}

static int read_pairs(const struct reading *reading, const struct yaml_node *root,
	const char *key, int (*read)(const struct reading *, const struct yaml_pair *))
{
	const struct yaml_node *node = yaml_get(root, key);
	if (!node || node->is_null)
		return 0;
	if (yaml_expect(node, YAML_MAPPING, key, reading->name, reading->err) < 0)
		return reading->err->class;
	for (size_t i = 0; i < node->count; i++)
		if (read(reading, &node->pairs[i]) < 0)
			return reading->err->class;
	return 0;
}

/* ---- the rest ---- */

static bool is_variable_name(const char *name)
{
	if (!*name || (*name >= '0' && *name <= '9'))
		return false;
	for (; *name; name++)
		if (!((*name >= 'A' && *name <= 'Z') || (*name >= 'a' && *name <= 'z') ||
			    (*name >= '0' && *name <= '9') || *name == '_'))
			return false;
	return true;
}

static int read_environment(const struct reading *reading, const struct yaml_node *root)
{
	struct toolchain *toolchain = reading->toolchain;
	const struct yaml_node *node = yaml_get(root, "environment");
	if (!node || node->is_null)
		return 0;
	if (yaml_expect(node, YAML_MAPPING, "environment", reading->name, reading->err) <
		0)
		return reading->err->class;
	toolchain->environment = arena_array(
		toolchain->arena, node->count, sizeof(*toolchain->environment));
	if (!toolchain->environment)
		return error_set_memory(reading->err);
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_pair *pair = &node->pairs[i];
		if (yaml_expect(pair->value, YAML_SCALAR, pair->key, reading->name,
			    reading->err) < 0)
			return reading->err->class;
		if (!is_variable_name(pair->key))
			return yaml_error(pair->value, reading->name, reading->err,
				"'%s' is no name of a variable", pair->key);
		toolchain->environment[i] =
			(struct recipe_variable){pair->key, pair->value->text};
	}
	toolchain->environment_count = node->count;
	return 0;
}

static int read_head(const struct reading *reading, const struct yaml_node *root)
{
	static const char *const known[] = {"version", "suite", "component",
		"architecture", "base", "omit", "provided", "groups", "directories",
		"links", "files", "environment", NULL};
	const char *version = NULL;
	struct toolchain *toolchain = reading->toolchain;
	if (yaml_expect(root, YAML_MAPPING, "the toolchain", reading->name,
		    reading->err) < 0 ||
		yaml_only_keys(root, known, "toolchain", reading->name, reading->err) <
			0 ||
		read_text(reading, root, "version", &version) < 0)
		return reading->err->class;
	if (strcmp(version, "1") != 0)
		return yaml_error(yaml_get(root, "version"), reading->name, reading->err,
			"version %s: only 1 is known", version);
	if (read_text(reading, root, "suite", &toolchain->suite) < 0 ||
		read_text(reading, root, "component", &toolchain->component) < 0 ||
		read_text(reading, root, "architecture", &toolchain->architecture) < 0)
		return reading->err->class;
	return 0;
}

int toolchain_read_yaml(struct slice text, const char *name, struct toolchain *toolchain,
	struct error *err)
{
	struct reading reading = {name, toolchain, err};
	struct yaml_node *root = NULL;
	if (yaml_load_slice(text, name, toolchain->arena, &root, err) < 0 ||
		read_head(&reading, root) < 0 || read_groups(&reading, root) < 0 ||
		read_list(&reading, root, "omit", &toolchain->omit) < 0 ||
		read_list(&reading, root, "provided", &toolchain->provided) < 0 ||
		read_directories(&reading, root) < 0 ||
		read_pairs(&reading, root, "links", read_link) < 0 ||
		read_pairs(&reading, root, "files", read_file) < 0 ||
		read_environment(&reading, root) < 0)
		return err->class;
	return 0;
}
