/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toolchain.yaml, "%%%%", toolchain.lock.json. Whatever loads can be selected from: every
 * group once, the base below, and the digest does not depend on the order of the names.
 */
#include "builder/source/toolchain_private.h"

#define SEPARATOR SLICE("%%%%\n")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void select_all(const struct toolchain *toolchain)
{
	struct error err = ERROR_INIT;
	size_t count = toolchain->group_count;
	cleanup_toolchain_layers struct toolchain_layers one = {0}, two = {0};
	cleanup_mem const char **forth = calloc(count + 1, sizeof(*forth));
	cleanup_mem const char **back = calloc(count + 1, sizeof(*back));
	if (!forth || !back)
		return;
	for (size_t i = 0; i < count; i++)
		forth[i] = back[count - 1 - i] = toolchain->groups[i].name;
	struct recipe_list names = {forth, count}, reversed = {back, count};
	if (toolchain_select(toolchain, &names, &one, &err) < 0 ||
		toolchain_select(toolchain, &reversed, &two, &err) < 0)
		abort();
	if (!digest_equal(&one.digest, &two.digest) || one.group_count == 0 ||
		one.group_count > count ||
		strcmp(one.groups[one.group_count - 1], toolchain->base->name) != 0)
		abort();
	for (size_t i = 1; i < one.deb_count; i++)
		if (strcmp(one.debs[i - 1].name, one.debs[i].name) >= 0)
			abort();
}

static void check_paths(const struct toolchain_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		struct slice path = slice_str(files->items[i].path);
		if (path.len == 0 || path.data[0] == '/' ||
			slice_find(path, SLICE("//")) != SIZE_MAX ||
			slice_find(path, SLICE("/../")) != SIZE_MAX)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct slice all = slice_from(data, size);
	cleanup_toolchain struct toolchain *toolchain = NULL;
	size_t at = slice_find(all, SEPARATOR);
	if (at == SIZE_MAX)
		return 0;
	if (toolchain_load_text(slice_sub(all, 0, at), "fuzz.yaml",
		    slice_sub(all, at + SEPARATOR.len, SIZE_MAX), "fuzz.json", &toolchain,
		    &err) < 0) {
		if (!error_is_set(&err) || toolchain)
			abort();
		return 0;
	}
	select_all(toolchain);
	check_paths(&toolchain->directories);
	check_paths(&toolchain->links);
	check_paths(&toolchain->files);
	return 0;
}
