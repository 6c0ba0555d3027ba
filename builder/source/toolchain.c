/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "builder/source/toolchain_private.h"

void toolchain_free(struct toolchain **toolchain)
{
	if (*toolchain) {
		map_free(&(*toolchain)->group_by_name);
		map_free(&(*toolchain)->deb_by_name);
		struct arena *arena = (*toolchain)->arena;
		arena_free(&arena);
		free(*toolchain);
	}
	*toolchain = NULL;
}

int toolchain_load_yaml(struct slice text, const char *name,
	struct toolchain **ret_toolchain, struct error *err)
{
	cleanup_toolchain struct toolchain *toolchain = calloc(1, sizeof(*toolchain));
	if (!toolchain)
		return error_set_memory(err);
	if (arena_new(&toolchain->arena, err) < 0 ||
		map_new(&toolchain->group_by_name, err) < 0 ||
		map_new(&toolchain->deb_by_name, err) < 0 ||
		toolchain_read_yaml(text, name, toolchain, err) < 0)
		return err->class;
	*ret_toolchain = take_ptr(toolchain);
	return 0;
}

int toolchain_load_text(struct slice yaml, const char *yaml_name, struct slice lock,
	const char *lock_name, struct toolchain **ret_toolchain, struct error *err)
{
	cleanup_toolchain struct toolchain *toolchain = NULL;
	if (toolchain_load_yaml(yaml, yaml_name, &toolchain, err) < 0 ||
		toolchain_read_lock(lock, lock_name, toolchain, err) < 0)
		return err->class;
	*ret_toolchain = take_ptr(toolchain);
	return 0;
}

int toolchain_load(
	const char *directory, struct toolchain **ret_toolchain, struct error *err)
{
	cleanup_buffer struct buffer yaml = BUFFER_INIT, lock = BUFFER_INIT;
	cleanup_buffer struct buffer yaml_name = BUFFER_INIT, lock_name = BUFFER_INIT;
	if (buffer_printf(&yaml_name, err, "%s/toolchain.yaml", directory) < 0 ||
		buffer_printf(&lock_name, err, "%s/toolchain.lock.json", directory) < 0 ||
		fs_read_file(AT_FDCWD, buffer_str(&yaml_name), LIMIT_YAML_BYTES, &yaml,
			err) < 0 ||
		fs_read_file(AT_FDCWD, buffer_str(&lock_name), LIMIT_JSON_BYTES, &lock,
			err) < 0)
		return error_wrap(err, "loading the toolchain");
	return toolchain_load_text(buffer_slice(&yaml), buffer_str(&yaml_name),
		buffer_slice(&lock), buffer_str(&lock_name), ret_toolchain, err);
}

struct toolchain_group *toolchain_find_group(
	const struct toolchain *toolchain, const char *name)
{
	return map_get_str(toolchain->group_by_name, name);
}

bool toolchain_provides(const struct toolchain *toolchain, const char *name)
{
	for (size_t i = 0; i < toolchain->provided.count; i++)
		if (strcmp(toolchain->provided.items[i], name) == 0)
			return true;
	return false;
}

bool toolchain_has(const struct toolchain *toolchain, const char *name)
{
	return toolchain_find_group(toolchain, name) != NULL;
}

const struct recipe_variable *toolchain_environment(
	const struct toolchain *toolchain, size_t *ret_count)
{
	*ret_count = toolchain->environment_count;
	return toolchain->environment;
}
