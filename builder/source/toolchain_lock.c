/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "builder/source/toolchain_private.h"

#define LIMIT_LOCK_BYTES (16 * MIB)
#define REMEDY                                                                           \
	"the two files do not belong together: run 'alnage toolchain lock', or take "    \
	"both from one commit"

/* pool/main/x/xz-utils/xz-utils_1_amd64.deb: no way to point a mirror elsewhere. */
bool toolchain_is_pool_path(struct slice path)
{
	struct slice name;
	if (!slice_starts_with(path, SLICE("pool/")) ||
		!slice_ends_with(path, SLICE(".deb")) || path.len > 1024 ||
		!slice_is_printable(path))
		return false;
	while (slice_cut(&path, '/', &name))
		if (name.len == 0 || slice_equal_str(name, ".") ||
			slice_equal_str(name, ".."))
			return false;
	return true;
}

static int read_texts(const json_t *object, const char *where,
	struct toolchain *toolchain, struct toolchain_deb *deb, struct error *err)
{
	const char *path, *version, *hex;
	if (json_get_string(object, "path", where, &path, err) < 0 ||
		json_get_string(object, "version", where, &version, err) < 0 ||
		json_get_string(object, "sha256", where, &hex, err) < 0)
		return err->class;
	if (!toolchain_is_pool_path(slice_str(path)))
		return error_set(
			err, ERR_INPUT, "%s.path: '%s' is no pool path", where, path);
	if (digest_parse_hex(DIGEST_SHA256, slice_str(hex), &deb->digest, err) < 0)
		return error_wrap(err, "%s.sha256", where);
	/* The document goes; the texts stay. */
	deb->path = arena_strdup(toolchain->arena, path);
	deb->version = arena_strdup(toolchain->arena, version);
	return deb->path && deb->version ? 0 : error_set_memory(err);
}

static int read_deb(const char *name, const json_t *object, struct toolchain *toolchain,
	struct toolchain_deb *deb, struct error *err)
{
	static const char *const known[] = {"path", "sha256", "size", "version", NULL};
	char where[LIMIT_NAME_BYTES + 16];
	(void)snprintf(where, sizeof(where), "packages.%.255s", name);
	if (!json_is_object(object))
		return error_set(err, ERR_INPUT, "%s: not an object", where);
	if (json_only_keys(object, known, where, err) < 0 ||
		read_texts(object, where, toolchain, deb, err) < 0 ||
		json_get_u64(object, "size", where, &deb->size, err) < 0)
		return err->class;
	if (deb->size == 0 || deb->size > LIMIT_SOURCE_BYTES)
		return error_set(err, ERR_INPUT, "%s.size: %llu", where,
			(unsigned long long)deb->size);
	if (!(deb->name = arena_strdup(toolchain->arena, name)))
		return error_set_memory(err);
	return map_put(toolchain->deb_by_name, slice_str(deb->name), deb, err);
}

static int read_debs(json_t *root, struct toolchain *toolchain, struct error *err)
{
	json_t *packages = NULL, *value;
	const char *name;
	if (json_get_object(root, "packages", "lock", &packages, err) < 0)
		return err->class;
	size_t count = json_object_size(packages);
	if (count > LIMIT_TOOLCHAIN_NAMES)
		return error_set(
			err, ERR_INPUT, "packages: more than %d", LIMIT_TOOLCHAIN_NAMES);
	toolchain->debs = arena_array(toolchain->arena, count, sizeof(*toolchain->debs));
	if (!toolchain->debs)
		return error_set_memory(err);
	json_object_foreach (packages, name, value)
		if (read_deb(name, value, toolchain,
			    &toolchain->debs[toolchain->deb_count++], err) < 0)
			return err->class;
	return 0;
}

static bool is_listed(const struct toolchain_group *group, const char *name)
{
	for (size_t i = 0; i < group->deb_count; i++)
		if (strcmp(group->debs[i]->name, name) == 0)
			return true;
	return false;
}

static int read_members(const json_t *names, struct toolchain *toolchain,
	struct toolchain_group *group, struct error *err)
{
	size_t count = json_array_size(names);
	if (count > LIMIT_TOOLCHAIN_NAMES)
		return error_set(err, ERR_INPUT, "groups.%s: more than %d", group->name,
			LIMIT_TOOLCHAIN_NAMES);
	group->debs = arena_array(toolchain->arena, count, sizeof(const void *));
	if (!group->debs)
		return error_set_memory(err);
	for (size_t i = 0; i < count; i++) {
		const char *name = json_string_value(json_array_get(names, i));
		const struct toolchain_deb *deb =
			name ? map_get_str(toolchain->deb_by_name, name) : NULL;
		if (!deb || is_listed(group, name))
			return error_set(err, ERR_INPUT,
				"groups.%s[%zu]: %s is not in packages, or there twice",
				group->name, i, name ? name : "what is no text");
		group->debs[group->deb_count++] = deb;
	}
	return 0;
}

/* What the group asks for by name must be among what it got. */
static int check_group(const struct toolchain *toolchain,
	const struct toolchain_group *group, struct error *err)
{
	for (size_t i = 0; i < group->debian.count; i++)
		if (!is_listed(group, group->debian.items[i]) &&
			!is_listed(toolchain->base, group->debian.items[i])) {
			error_set(err, ERR_INPUT,
				"group %s wants %s, which the lock does not have",
				group->name, group->debian.items[i]);
			return error_remedy(err, REMEDY);
		}
	return 0;
}

static int read_groups(json_t *root, struct toolchain *toolchain, struct error *err)
{
	json_t *groups = NULL, *value;
	const char *name;
	if (json_get_object(root, "groups", "lock", &groups, err) < 0)
		return err->class;
	json_object_foreach (groups, name, value) {
		struct toolchain_group *group = toolchain_find_group(toolchain, name);
		if (!group) {
			error_set(err, ERR_INPUT,
				"groups.%s: toolchain.yaml has no such group", name);
			return error_remedy(err, REMEDY);
		}
		if (!json_is_array(value))
			return error_set(err, ERR_INPUT, "groups.%s: not an array", name);
		if (read_members(value, toolchain, group, err) < 0)
			return err->class;
	}
	for (size_t i = 0; i < toolchain->group_count; i++)
		if (check_group(toolchain, &toolchain->groups[i], err) < 0)
			return err->class;
	return 0;
}

static int check_head(json_t *root, const struct toolchain *toolchain, struct error *err)
{
	static const char *const known[] = {
		"architecture", "groups", "packages", "suite", "version", NULL};
	uint64_t version = 0;
	const char *architecture, *suite;
	if (!json_is_object(root))
		return error_set(err, ERR_INPUT, "not an object");
	if (json_only_keys(root, known, "lock", err) < 0 ||
		json_get_u64(root, "version", "lock", &version, err) < 0 ||
		json_get_string(root, "architecture", "lock", &architecture, err) < 0 ||
		json_get_string(root, "suite", "lock", &suite, err) < 0)
		return err->class;
	if (version != 1)
		return error_set(err, ERR_INPUT, "version %llu: only 1 is known",
			(unsigned long long)version);
	if (strcmp(architecture, toolchain->architecture) != 0 ||
		strcmp(suite, toolchain->suite) != 0) {
		error_set(err, ERR_INPUT, "made for %s %s, but the toolchain is %s %s",
			suite, architecture, toolchain->suite, toolchain->architecture);
		return error_remedy(err, REMEDY);
	}
	return 0;
}

int toolchain_read_lock(struct slice text, const char *name, struct toolchain *toolchain,
	struct error *err)
{
	cleanup_json json_t *root = NULL;
	if (text.len > LIMIT_LOCK_BYTES)
		return error_set(err, ERR_INPUT, "%s: larger than %zu bytes", name,
			LIMIT_LOCK_BYTES);
	if (json_load_slice(text, name, &root, err) < 0)
		return err->class;
	if (check_head(root, toolchain, err) < 0 || read_debs(root, toolchain, err) < 0 ||
		read_groups(root, toolchain, err) < 0)
		return error_wrap(err, "%s", name);
	return 0;
}
