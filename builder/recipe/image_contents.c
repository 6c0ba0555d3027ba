/* SPDX-License-Identifier: Apache-2.0 */
/* Image recipes: packages, and where they come from. */
#include "builder/recipe/image_recipe_private.h"

void image_repository_split(
	const char *text, struct slice *ret_tag, struct slice *ret_url)
{
	struct slice rest = slice_str(text);
	*ret_tag = SLICE_EMPTY;
	*ret_url = rest;
	if (*text != '@')
		return;
	(void)slice_cut(&rest, ' ', ret_tag);            /* the text is not empty */
	*ret_tag = slice_sub(*ret_tag, 1, ret_tag->len); /* without the @ */
	*ret_url = slice_trim(rest);
}

/* ---- tags of packages ---- */

/* "edge" of "name@edge=1" and "name=1@edge" */
static struct slice package_tag(const char *text)
{
	const char *mark = strchr(text, '@');
	return mark ? slice_from(mark + 1, strcspn(mark + 1, "=<>~@")) : SLICE_EMPTY;
}

static bool has_tag(const struct recipe_list *repositories, struct slice wanted)
{
	for (size_t i = 0; i < repositories->count; i++) {
		struct slice tag, url;
		image_repository_split(repositories->items[i], &tag, &url);
		if (tag.len && slice_equal(tag, wanted))
			return true;
	}
	return false;
}

/* A misspelt one would quietly take the package from elsewhere. */
static int check_tags(
	const struct image_reader *r, const struct yaml_node *packages, struct error *err)
{
	for (size_t i = 0; packages && i < packages->count; i++) {
		const struct yaml_node *item = packages->items[i];
		struct slice tag = package_tag(item->text);
		if (!strchr(item->text, '@') || has_tag(&r->recipe->repositories, tag) ||
			has_tag(&r->recipe->build_repositories, tag))
			continue;
		return yaml_error(item, r->file, err,
			"packages '%.128s': no repository has the tag: write "
			"'@%.*s URL' below contents.repositories",
			item->text, SLICE_ARG(tag));
	}
	return 0;
}

int image_contents_read(const struct image_reader *r, struct error *err)
{
	const struct yaml_node *contents = schema_get(r->root, "contents");
	struct image_recipe *recipe = r->recipe;
	if (image_texts(r, contents, "packages", check_dependency, &recipe->packages,
		    err) < 0 ||
		image_texts(r, contents, "repositories", check_repository,
			&recipe->repositories, err) < 0 ||
		image_texts(r, contents, "build_repositories", check_repository,
			&recipe->build_repositories, err) < 0 ||
		image_texts(r, contents, "runtime_repositories", check_line,
			&recipe->runtime_repositories, err) < 0 ||
		image_texts(r, contents, "keyring", check_line, &recipe->keyring, err) <
			0)
		return err->class;
	return check_tags(r, schema_get(contents, "packages"), err);
}
