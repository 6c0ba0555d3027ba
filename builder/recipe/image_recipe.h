/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image recipes: apko YAML (reference: apko's image configuration) and our own
 * keys `flavour` and `keep`. As read and checked; strict keys.
 */
#ifndef BUILDER_RECIPE_IMAGE_RECIPE_H
#define BUILDER_RECIPE_IMAGE_RECIPE_H

#include "builder/recipe/recipe.h"

/* base: open world, all files of the packages stay. app: only what the entrypoint
 * reaches. */
enum image_flavour { IMAGE_FLAVOUR_BASE = 0, IMAGE_FLAVOUR_APP };

struct image_user {
	const char *name, *shell, *home;
	uint32_t uid, gid;
};

struct image_group {
	const char *name;
	uint32_t gid;
	struct recipe_list members;
};

enum image_path_type {
	IMAGE_PATH_DIRECTORY = 1,
	IMAGE_PATH_EMPTY_FILE,
	IMAGE_PATH_HARDLINK,
	IMAGE_PATH_SYMLINK,
	IMAGE_PATH_PERMISSIONS
};

struct image_path {
	const char *path; /* normalised, relative */
	enum image_path_type type;
	uint32_t uid, gid;
	uint32_t permissions; /* if not given: directories 0755, files 0644 */
	const char *source;   /* of links */
	bool recursive;
	unsigned line;
};

struct image_recipe {
	struct arena *arena;
	const char *path;
	struct digest file_digest;
	const char *name; /* file name without directory and .yaml */
	struct recipe_list packages, volumes;
	struct recipe_list
		archs; /* "x86_64", "aarch64", sorted; empty: the caller decides */
	struct recipe_list repositories, build_repositories, runtime_repositories,
		keyring; /* repositories as image_repository_split takes them */
	struct recipe_list entrypoint, cmd; /* split like a shell would split words */
	const char *work_dir, *stop_signal,
		*run_as;           /* run_as: user name, "uid" or "uid:gid" as written */
	uint32_t run_uid, run_gid; /* resolved against accounts; 0 if run_as is "" */
	unsigned layer_budget;     /* layering.budget; 0: layering is not asked for */
	struct recipe_variable *environment, *annotations;
	size_t environment_count, annotation_count;
	struct image_user *users;
	struct image_group *groups;
	size_t user_count, group_count;
	struct image_path *paths;
	size_t path_count;
	enum image_flavour flavour;
	struct recipe_list
		keep; /* path globs (** crosses /) declared to be data that is used */
	const char *vcs_url;
};

#define cleanup_image_recipe CLEANUP(image_recipe_free)
void image_recipe_free(struct image_recipe **recipe);
MUST_USE int image_recipe_load(
	const char *path, struct image_recipe **ret_recipe, struct error *err);
MUST_USE int image_recipe_load_text(struct slice text, const char *path,
	struct image_recipe **ret_recipe, struct error *err);
/* "URL" or "@TAG URL", of a recipe that was read: the tag is empty if there is none. */
void image_repository_split(
	const char *text, struct slice *ret_tag, struct slice *ret_url);

#endif
