/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/package/listing.h"

#include <jansson.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/limits.h"

#define LISTING_VERSION  1
#define LISTING_LIST_MAX 100000

/* The text fields of a package, once for both directions. */
#define LISTING_TEXTS(X)                                                                 \
	X(name)                                                                          \
	X(version)                                                                       \
	X(architecture)                                                                  \
	X(description) X(url) X(license) X(origin) X(commit) X(maintainer) X(triggers)
#define LISTING_LISTS(X) X(depends) X(provides) X(replaces) X(install_if) X(vendored)

/* ---- writing ---- */

static int set_text(json_t *object, const char *key, const char *value, struct error *err)
{
	return value && *value ? json_set(object, key, json_string(value), err) : 0;
}

static int set_number(json_t *object, const char *key, uint64_t value, struct error *err)
{
	return value ? json_set(object, key, json_integer((json_int_t)value), err) : 0;
}

static int set_digest(
	json_t *object, const char *key, const struct digest *digest, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	return digest_is_set(digest)
		       ? json_set(object, key,
				 json_string(digest_format_hex(digest, text)), err)
		       : 0;
}

static int set_list(json_t *object, const char *key, const struct package_list *list,
	struct error *err)
{
	cleanup_json json_t *array = json_array();
	for (size_t i = 0; i < list->count; i++)
		if (json_push(array, json_string(list->items[i]), err) < 0)
			return err->class;
	return list->count ? json_set(object, key, take_ptr(array), err) : 0;
}

static int set_xattrs(json_t *object, const struct tree_node *node, struct error *err)
{
	cleanup_json json_t *xattrs = json_object();
	for (size_t i = 0; i < node->xattr_count; i++) {
		cleanup_buffer struct buffer value = BUFFER_INIT;
		if (base64_encode(node->xattrs[i].value, &value, err) < 0 ||
			json_set(xattrs, node->xattrs[i].name,
				json_string(buffer_str(&value)), err) < 0)
			return err->class;
	}
	return node->xattr_count ? json_set(object, "xattrs", take_ptr(xattrs), err) : 0;
}

static int push_node(json_t *files, const struct tree_node *node, struct error *err)
{
	cleanup_json json_t *item = json_object();
	if (json_set(item, "path", json_string(node->path), err) < 0 ||
		json_set(item, "type", json_integer(node->type), err) < 0 ||
		json_set(item, "mode", json_integer(node->mode), err) < 0 ||
		set_number(item, "uid", node->uid, err) < 0 ||
		set_number(item, "gid", node->gid, err) < 0 ||
		set_number(item, "size", node->size, err) < 0 ||
		set_text(item, "target", node->target, err) < 0 ||
		set_digest(item, "sha256", &node->content, err) < 0 ||
		set_digest(item, "sha1", &node->sha1, err) < 0 ||
		set_xattrs(item, node, err) < 0)
		return err->class;
	return json_push(files, take_ptr(item), err);
}

static int set_tree(json_t *object, const struct tree *tree, struct error *err)
{
	cleanup_json json_t *files = json_array();
	cleanup_mem const struct tree_node **nodes = NULL;
	size_t count;
	if (tree_nodes(tree, &nodes, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (push_node(files, nodes[i], err) < 0)
			return err->class;
	return json_set(object, "files", take_ptr(files), err);
}

static int set_scripts(json_t *object, const struct package *package, struct error *err)
{
	cleanup_json json_t *scripts = json_object();
	for (size_t i = 0; i < package->script_count; i++)
		if (json_set(scripts, package->scripts[i].name,
			    json_string(package->scripts[i].text), err) < 0)
			return err->class;
	return package->script_count ? json_set(object, "scripts", take_ptr(scripts), err)
				     : 0;
}

int listing_write(const struct package *package, struct buffer *out, struct error *err)
{
	cleanup_json json_t *object = json_object();
	if (json_set(object, "listing", json_integer(LISTING_VERSION), err) < 0)
		return err->class;
#define SET_TEXT(field)                                                                  \
	if (set_text(object, #field, package->field, err) < 0)                           \
		return err->class;
	LISTING_TEXTS(SET_TEXT)
#define SET_LIST(field)                                                                  \
	if (set_list(object, #field, &package->field, err) < 0)                          \
		return err->class;
	LISTING_LISTS(SET_LIST)
	if (set_number(object, "installed_size", package->installed_size, err) < 0 ||
		set_number(object, "build_date", (uint64_t)package->build_date, err) <
			0 ||
		set_number(object, "provider_priority", package->provider_priority, err) <
			0 ||
		set_number(object, "replaces_priority", package->replaces_priority, err) <
			0 ||
		set_number(object, "file_size", package->file_size, err) < 0 ||
		set_digest(object, "file", &package->file, err) < 0 ||
		set_digest(object, "control_sha1", &package->control_sha1, err) < 0 ||
		set_digest(object, "control_sha256", &package->control_sha256, err) < 0 ||
		set_digest(object, "data", &package->data, err) < 0 ||
		set_scripts(object, package, err) < 0 ||
		set_tree(object, package->tree, err) < 0)
		return err->class;
	return json_dump(object, JSON_STYLE_COMPACT, out, err);
}

/* ---- reading ---- */

static int get_text(const json_t *object, const char *key, struct arena *arena,
	const char **ret_text, struct error *err)
{
	const char *text = "";
	if (json_opt_string(object, key, "package", &text, err) < 0)
		return err->class;
	*ret_text = arena_strdup(arena, text);
	return *ret_text ? 0 : error_set_memory(err);
}

static int get_digest(const json_t *object, const char *key,
	enum digest_algorithm algorithm, struct digest *ret_digest, struct error *err)
{
	const char *text = "";
	if (json_opt_string(object, key, "package", &text, err) < 0)
		return err->class;
	return *text ? digest_parse_hex(algorithm, slice_str(text), ret_digest, err) : 0;
}

static int get_list(const json_t *object, const char *key, struct arena *arena,
	struct package_list *ret_list, struct error *err)
{
	json_t *array = NULL;
	if (json_opt_array(object, key, "package", LISTING_LIST_MAX, &array, err) < 0)
		return err->class;
	ret_list->items =
		arena_array(arena, json_array_size(array), sizeof(*ret_list->items));
	if (!ret_list->items)
		return error_set_memory(err);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text = json_string_value(json_array_get(array, i));
		if (!text)
			return error_set(
				err, ERR_INPUT, "%s[%zu] is not a string", key, i);
		ret_list->items[i] = arena_strdup(arena, text);
		if (!ret_list->items[i])
			return error_set_memory(err);
		ret_list->count++;
	}
	return 0;
}

static int get_u32(const json_t *object, const char *key, uint32_t max,
	uint32_t *ret_value, struct error *err)
{
	uint64_t value = 0;
	if (json_opt_u64(object, key, "file", &value, err) < 0)
		return err->class;
	if (value > max)
		return error_set(err, ERR_INPUT, "file: %s is out of range", key);
	*ret_value = (uint32_t)value; /* tested the line before */
	return 0;
}

static int get_xattrs(const json_t *object, struct arena *arena, struct tree_node *node,
	struct error *err)
{
	json_t *xattrs = NULL, *value;
	const char *name;
	if (json_opt_object(object, "xattrs", "file", &xattrs, err) < 0)
		return err->class;
	size_t room = json_object_size(xattrs);
	struct tree_xattr *list = arena_array(arena, room, sizeof(*list));
	if (!list)
		return error_set_memory(err);
	json_object_foreach (xattrs, name, value) {
		cleanup_buffer struct buffer bytes = {.max = LIMIT_XATTR_BYTES};
		if (base64_decode(slice_str(json_string_value(value)), &bytes, err) < 0)
			return error_wrap(err, "xattr %s", name);
		char *copy = arena_strndup(arena, buffer_slice(&bytes));
		char *key = arena_strdup(arena, name);
		if (!copy || !key)
			return error_set_memory(err);
		list[node->xattr_count++] =
			(struct tree_xattr){key, slice_from(copy, bytes.len)};
	}
	node->xattrs = list;
	return 0;
}

static int get_node(const json_t *item, struct package *package, struct error *err)
{
	struct tree_node node = {.package = package->name};
	const char *target = NULL;
	uint32_t type;
	if (json_get_string(item, "path", "file", &node.path, err) < 0 ||
		get_u32(item, "type", TREE_HARDLINK, &type, err) < 0 ||
		get_u32(item, "mode", 07777, &node.mode, err) < 0 ||
		get_u32(item, "uid", UINT32_MAX, &node.uid, err) < 0 ||
		get_u32(item, "gid", UINT32_MAX, &node.gid, err) < 0 ||
		json_opt_u64(item, "size", "file", &node.size, err) < 0 ||
		json_opt_string(item, "target", "file", &target, err) < 0 ||
		get_digest(item, "sha256", DIGEST_SHA256, &node.content, err) < 0 ||
		get_digest(item, "sha1", DIGEST_SHA1, &node.sha1, err) < 0 ||
		get_xattrs(item, package->arena, &node, err) < 0)
		return err->class;
	if (type < TREE_DIRECTORY)
		return error_set(err, ERR_INPUT, "%s: file without a type", node.path);
	node.type = (enum tree_type)type; /* TREE_DIRECTORY … TREE_HARDLINK, tested */
	node.target = target;
	if (node.type == TREE_FILE && !digest_is_set(&node.content))
		return error_set(err, ERR_INPUT, "%s: file without a digest", node.path);
	return tree_set(package->tree, &node, err);
}

static int get_tree(const json_t *object, struct package *package, struct error *err)
{
	json_t *files;
	if (json_get_array(
		    object, "files", "package", LIMIT_ARCHIVE_ENTRIES, &files, err) < 0)
		return err->class;
	if (!package->tree && tree_new(&package->tree, err) < 0)
		return err->class;
	for (size_t i = 0; i < json_array_size(files); i++)
		if (get_node(json_array_get(files, i), package, err) < 0)
			return err->class;
	return 0;
}

static int get_scripts(const json_t *object, struct package *package, struct error *err)
{
	json_t *scripts = NULL, *value;
	const char *name;
	if (json_opt_object(object, "scripts", "package", &scripts, err) < 0)
		return err->class;
	package->scripts = arena_array(
		package->arena, json_object_size(scripts), sizeof(*package->scripts));
	if (!package->scripts)
		return error_set_memory(err);
	json_object_foreach (scripts, name, value) {
		const char *text = json_string_value(value);
		struct package_script *script = &package->scripts[package->script_count];
		script->name = arena_strdup(package->arena, name);
		script->text = arena_strdup(package->arena, text ? text : "");
		if (!script->name || !script->text)
			return error_set_memory(err);
		package->script_count++;
	}
	return 0;
}

static int get_package(const json_t *object, struct package *package, struct error *err)
{
	uint64_t version = 0, build_date = 0;
	if (json_get_u64(object, "listing", "package", &version, err) < 0)
		return err->class;
	if (version != LISTING_VERSION)
		return error_set(err, ERR_INPUT, "listing of an unknown version");
#define GET_TEXT(field)                                                                  \
	if (get_text(object, #field, package->arena, &package->field, err) < 0)          \
		return err->class;
	LISTING_TEXTS(GET_TEXT)
#define GET_LIST(field)                                                                  \
	if (get_list(object, #field, package->arena, &package->field, err) < 0)          \
		return err->class;
	LISTING_LISTS(GET_LIST)
	if (json_opt_u64(object, "installed_size", "package", &package->installed_size,
		    err) < 0 ||
		json_opt_u64(object, "build_date", "package", &build_date, err) < 0 ||
		json_opt_u64(object, "provider_priority", "package",
			&package->provider_priority, err) < 0 ||
		json_opt_u64(object, "replaces_priority", "package",
			&package->replaces_priority, err) < 0 ||
		json_opt_u64(object, "file_size", "package", &package->file_size, err) <
			0 ||
		get_digest(object, "file", DIGEST_SHA256, &package->file, err) < 0 ||
		get_digest(object, "control_sha1", DIGEST_SHA1, &package->control_sha1,
			err) < 0 ||
		get_digest(object, "control_sha256", DIGEST_SHA256,
			&package->control_sha256, err) < 0 ||
		get_digest(object, "data", DIGEST_SHA256, &package->data, err) < 0 ||
		get_scripts(object, package, err) < 0)
		return err->class;
	if (!*package->name || build_date > INT64_MAX)
		return error_set(
			err, ERR_INPUT, "listing without a name or with a bad date");
	package->build_date = (int64_t)build_date; /* tested the line before */
	return get_tree(object, package, err);
}

int listing_read(struct slice json, const char *name, struct package **ret_package,
	struct error *err)
{
	cleanup_json json_t *object = NULL;
	cleanup_package struct package *package = NULL;
	if (json_load_slice(json, name, &object, err) < 0 ||
		package_new(&package, err) < 0)
		return err->class;
	if (get_package(object, package, err) < 0)
		return error_wrap(err, "%s", name);
	*ret_package = take_ptr(package);
	return 0;
}
