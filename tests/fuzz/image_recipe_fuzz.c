/* SPDX-License-Identifier: Apache-2.0 */
/* An image recipe that is accepted holds only clean paths, and a user who may run. */
#include "builder/recipe/check.h"
#include "builder/recipe/image_recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_paths(const struct image_recipe *recipe)
{
	for (size_t i = 0; i < recipe->path_count; i++) {
		const struct image_path *path = &recipe->paths[i];
		if (check_path_relative(path->path) || path->permissions > 07777)
			abort();
		if (path->type == IMAGE_PATH_HARDLINK &&
			check_path_relative(path->source))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_image_recipe struct image_recipe *recipe = NULL;
	struct error err = ERROR_INIT;
	if (image_recipe_load_text(slice_from(data, size), "fuzz.yaml", &recipe, &err) <
		0) {
		if (!error_is_set(&err) || recipe || err.class == ERR_BUG)
			abort();
		return 0;
	}
	check_paths(recipe);
	for (size_t i = 0; i < recipe->user_count; i++) {
		if (recipe->users[i].uid == 0 || check_user_name(recipe->users[i].name))
			abort();
	}
	return 0;
}
