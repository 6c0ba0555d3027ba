/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of the parts of an image recipe share. */
#ifndef BUILDER_RECIPE_IMAGE_RECIPE_PRIVATE_H
#define BUILDER_RECIPE_IMAGE_RECIPE_PRIVATE_H

#include "builder/recipe/image_recipe.h"
#include "builder/recipe/recipe_private.h"

struct image_reader {
	struct image_recipe *recipe;
	const char *file;
	const struct yaml_node *root;
};

/* The checked text of a key; "" if absent (and then not checked). */
MUST_USE int image_text(const struct image_reader *r, const struct yaml_node *mapping,
	const char *key, check_function *check, const char **ret_text, struct error *err);
/* A checked sequence, order kept, without repetitions. */
MUST_USE int image_texts(const struct image_reader *r, const struct yaml_node *mapping,
	const char *key, check_function *check, struct recipe_list *ret_list,
	struct error *err);
/* A numerical id; fallback if the key is absent. */
MUST_USE int image_id(const struct image_reader *r, const struct yaml_node *mapping,
	const char *key, uint32_t fallback, uint32_t *ret_id, struct error *err);

MUST_USE int image_contents_read(const struct image_reader *r, struct error *err);
MUST_USE int image_accounts_read(const struct image_reader *r, struct error *err);
MUST_USE int image_paths_read(const struct image_reader *r, struct error *err);

#endif
