/* SPDX-License-Identifier: Apache-2.0 */
/* The `paths` of an image recipe: files it makes itself and permissions it changes. */
#include "base/limits.h"
#include "builder/recipe/image_recipe_private.h"

/* Relative, without "." and empty components. ".." has been refused. */
static int normalise(const struct image_reader *r, const struct yaml_node *node,
	const char *path, const char **ret_path, struct error *err)
{
	char *out = arena_alloc(r->recipe->arena, strlen(path) + 1);
	struct slice rest = slice_str(path), part;
	size_t len = 0;
	if (!out)
		return error_set_memory(err);
	while (slice_cut(&rest, '/', &part)) {
		if (!part.len || slice_equal_str(part, "."))
			continue;
		if (len)
			out[len++] = '/';
		memcpy(out + len, part.data, part.len);
		len += part.len;
	}
	if (!len)
		return yaml_error(
			node, r->file, err, "paths: '%.128s' is the root", path);
	*ret_path = out;
	return 0;
}

static int read_type(const struct image_reader *r, const struct yaml_node *node,
	enum image_path_type *ret_type, struct error *err)
{
	static const struct {
		const char *name;
		enum image_path_type type;
	} types[] = {{"directory", IMAGE_PATH_DIRECTORY},
		{"empty-file", IMAGE_PATH_EMPTY_FILE}, {"hardlink", IMAGE_PATH_HARDLINK},
		{"symlink", IMAGE_PATH_SYMLINK}, {"permissions", IMAGE_PATH_PERMISSIONS}};
	const char *text = schema_text(node, "type");
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(text, types[i].name) != 0)
			continue;
		*ret_type = types[i].type;
		return 0;
	}
	return yaml_error(node, r->file, err,
		"paths: type '%.32s' is none of directory, empty-file, hardlink, "
		"symlink, "
		"permissions",
		text);
}

/*
 * 0o755 or 0755, as apko's YAML reads them. It would take 755 for a decimal number, so
 * that the mode would be 01363: refused, since nobody means that.
 */
static int read_permissions(const struct image_reader *r, const struct yaml_node *node,
	uint32_t fallback, uint32_t *ret_mode, struct error *err)
{
	const struct yaml_node *mode = schema_get(node, "permissions");
	struct error ignored = ERROR_INIT;
	struct slice digits;
	uint64_t value;
	*ret_mode = fallback;
	if (!mode)
		return 0;
	digits = slice_str(mode->text);
	if (slice_starts_with(digits, SLICE("0o")))
		digits = slice_sub(digits, 2, digits.len);
	else if (!slice_starts_with(digits, SLICE("0")))
		return yaml_error(mode, r->file, err,
			"permissions '%.16s' must be octal: 0o755 or 0755", mode->text);
	if (slice_parse_u64(digits, 8, 07777, &value, &ignored) < 0)
		return yaml_error(mode, r->file, err,
			"permissions '%.16s' must be octal, at most 0o7777", mode->text);
	*ret_mode = (uint32_t)value; /* at most 07777 */
	return 0;
}

static int read_source(const struct image_reader *r, const struct yaml_node *node,
	struct image_path *path, struct error *err)
{
	bool link = path->type == IMAGE_PATH_HARDLINK || path->type == IMAGE_PATH_SYMLINK;
	bool hard = path->type == IMAGE_PATH_HARDLINK;
	if (image_text(r, node, "source", hard ? check_path_beneath : check_line,
		    &path->source, err) < 0)
		return err->class;
	if (link != (*path->source != '\0'))
		return yaml_error(node, r->file, err, "paths: %s %s",
			schema_text(node, "type"),
			link ? "needs a 'source'" : "takes no 'source'");
	if (strlen(path->source) > LIMIT_PATH_BYTES)
		return yaml_error(node, r->file, err, "paths: 'source' is too long");
	return hard ? normalise(r, node, path->source, &path->source, err) : 0;
}

static int read_path(const struct image_reader *r, const struct yaml_node *node,
	struct image_path *path, struct error *err)
{
	const char *text;
	if (image_text(r, node, "path", check_path_beneath, &text, err) < 0)
		return err->class;
	if (!*text)
		return yaml_error(node, r->file, err, "paths: 'path' is missing");
	if (normalise(r, node, text, &path->path, err) < 0 ||
		read_type(r, node, &path->type, err) < 0 ||
		read_source(r, node, path, err) < 0 ||
		read_permissions(r, node,
			path->type == IMAGE_PATH_DIRECTORY ? 0755 : 0644,
			&path->permissions, err) < 0 ||
		image_id(r, node, "uid", 0, &path->uid, err) < 0 ||
		image_id(r, node, "gid", 0, &path->gid, err) < 0)
		return err->class;
	if (path->type == IMAGE_PATH_PERMISSIONS && !schema_get(node, "permissions"))
		return yaml_error(
			node, r->file, err, "paths: permissions needs 'permissions'");
	path->recursive = schema_bool(node, "recursive");
	path->line = node->line;
	return 0;
}

int image_paths_read(const struct image_reader *r, struct error *err)
{
	const struct yaml_node *nodes = schema_get(r->root, "paths");
	struct image_recipe *recipe = r->recipe;
	size_t count = nodes ? nodes->count : 0;
	if (!(recipe->paths = arena_array(recipe->arena, count, sizeof(*recipe->paths))))
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (read_path(r, nodes->items[i], &recipe->paths[i], err) < 0)
			return err->class;
	}
	recipe->path_count = count;
	return 0;
}
