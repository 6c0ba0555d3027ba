/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Package recipes: melange YAML as read, checked and expanded. A struct recipe
 * is the complete plan of one build: nothing in it still needs a file, a
 * pipeline or a variable. All text lives in its arena, NUL-terminated and
 * never NULL unless a field says so.
 */
#ifndef BUILDER_RECIPE_RECIPE_H
#define BUILDER_RECIPE_RECIPE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/digest.h"

struct recipe_variable {
	const char *name, *value;
};

/* NULL-terminated lists would hide their length: these carry it. */
struct recipe_list {
	const char **items;
	size_t count;
};

/* One script for the sandbox: /bin/sh -c "set -eo pipefail; mkdir -p …; cd …; <script>;
 * exit 0". */
struct recipe_step {
	const char *label; /* "autoconf/make", "runs", … for progress and messages */
	const char *break_point;       /* melange's `label` of the step, "" if none */
	const char *script;            /* the text of `runs`, expanded */
	const char *working_directory; /* absolute, normalised, in the sandbox */
	struct recipe_variable *environment; /* only the steps' own; sorted by name */
	size_t environment_count;
	const char *file; /* where the step is written, for messages */
	unsigned line;
};

struct recipe_steps {
	struct recipe_step *items;
	size_t count;
};

enum recipe_source_kind { RECIPE_SOURCE_FETCH = 1, RECIPE_SOURCE_GIT };

/* What the fetch phase has to provide before the sandbox starts. */
struct recipe_source {
	enum recipe_source_kind kind;
	const char *uri;
	struct recipe_list debian; /* pool paths on the Debian mirror; may be empty */
	struct digest expected;    /* unset: unpinned, refused unless allowed */
	const char *commit;        /* git: expected commit, 40 hex digits, else "" */
	const char *tag, *branch;  /* git, else "" */
	const char *destination;   /* git: where the checkout goes, as written; else "" */
	const char *depth, *cherry_picks, *sparse_paths; /* git, as written; else "" */
	bool recurse_submodules;
	bool branch_tip; /* git: the commit is the branch's last */
	unsigned tries; /* of a place at most, 0: ours. Like what follows within limits of
			   ours, and no part of the plan */
	unsigned connect_seconds, stall_seconds; /* fetch; 0: ours */
	unsigned wait_seconds, wait_max_seconds; /* git: between tries; 0: ours */
	const char *purl_name, *purl_version;    /* of the source in documents; "": the
						    recipe's */
	const char *file_name; /* last component of the URI without query and fragment */
	const char *package;   /* whose steps want it */
	bool for_test;         /* wanted by test steps only: not fetched for a build */
	unsigned line;         /* of the calling step */
};

struct recipe_dependencies {
	struct recipe_list runtime, provides, replaces; /* as written, unique */
	int64_t provider_priority,
		replaces_priority; /* within 32 bits; negative: below none */
};

struct recipe_copyright {
	const char *license; /* SPDX expression */
	const char *license_path, *attestation;
};

struct recipe_setcap {
	const char *path, *capability, *flags, *reason;
};

/*
 * `attributes`, a key of ours: what an unprivileged sandbox cannot leave in the output
 * (set-id bits, owners, xattrs), declared for a path of it.
 */
struct recipe_attribute {
	const char *path, *reason;
	bool set_mode, set_owner;
	uint32_t mode, uid, gid;
	struct recipe_variable *xattrs; /* "user.…" → text, sorted by name */
	size_t xattr_count;
};

/*
 * One binary package that comes out: [0] is the main one, then the subpackages whose `if`
 * holds. Lists that melange leaves to the build of the test root (the package itself) are
 * not in test_packages.
 */
struct recipe_package {
	const char *name, *description, *url, *commit;
	struct recipe_dependencies dependencies;
	bool no_provides, no_depends, no_commands, no_versioned_shlib_depends;
	struct recipe_list disabled_checks;
	struct recipe_variable *scriptlets;  /* ".post-install" etc. → text */
	size_t scriptlet_count;              /* sorted by name */
	struct recipe_variable *annotations; /* sorted by name */
	size_t annotation_count;
	const char *trigger_paths; /* "" if none */
	struct recipe_setcap *setcap;
	size_t setcap_count;
	struct recipe_attribute *attributes;
	size_t attribute_count;
	struct recipe_steps steps; /* build; of the main package for [0] */
	struct recipe_steps test_steps;
	struct recipe_list test_packages; /* environment of the test, sorted, unique */
	struct recipe_variable *test_environment; /* sorted by name */
	size_t test_environment_count;
	const char *test_run_as; /* accounts.run-as of the test environment, "" if none */
};

struct recipe {
	struct arena *arena; /* owns everything here */
	const char *path;    /* of the recipe file, as given */
	struct digest file_digest;
	const char *name, *version, *full_version; /* full: version-rEPOCH */
	uint64_t epoch;
	const char *architecture; /* "x86_64", "aarch64" */
	const char *license; /* all copyright entries joined with " AND ", those with OR
				in parentheses */
	struct recipe_copyright *copyright;
	size_t copyright_count;
	const char *cpe; /* cpe:2.3:… or "" */
	bool skipped;    /* target-architecture excludes this architecture */

	struct recipe_package *packages;
	size_t package_count;

	struct recipe_list needs; /* build environment packages, sorted, unique */
	struct recipe_list repositories,
		keyring; /* of the build environment, as written */
	struct recipe_list capabilities_add, capabilities_drop;
	const char *run_as; /* accounts.run-as of the build environment, "" if none */
	uint64_t timeout_seconds;            /* 0: none given */
	struct recipe_variable *environment; /* sorted by name */
	size_t environment_count;
	struct recipe_source *sources;
	size_t source_count;
	const char
		*source_directory; /* "" or the folder beside the recipe with its name */
	bool native; /* its root is made of packages of repositories alone */
};

/*
 * Pipeline files as parsed, kept from one recipe to the next. Thread-safe. Recipes do not
 * point into it: it may be freed before them. Files that change under it are not read
 * again.
 */
struct recipe_cache;
#define cleanup_recipe_cache CLEANUP(recipe_cache_free)
MUST_USE int recipe_cache_new(struct recipe_cache **ret_cache, struct error *err);
void recipe_cache_free(struct recipe_cache **cache);

struct recipe_options {
	const char *architecture;         /* "x86_64", "aarch64"; NULL: the machine's */
	const char *const *pipeline_dirs; /* searched in order */
	size_t pipeline_dir_count;
	struct recipe_list
		build_options;      /* --build-option; unknown to a recipe: no effect */
	struct recipe_cache *cache; /* optional, borrowed */
};

#define cleanup_recipe CLEANUP(recipe_free)
void recipe_free(struct recipe **recipe);

/*
 * Reads, checks and expands. ERR_INPUT with file:line:column for everything a
 * person can correct. The text variant is for tests and fuzzing; path names it.
 */
MUST_USE int recipe_load(const char *path, const struct recipe_options *options,
	struct recipe **ret_recipe, struct error *err);
MUST_USE int recipe_load_text(struct slice text, const char *path,
	const struct recipe_options *options, struct recipe **ret_recipe,
	struct error *err);

/*
 * The whole plan as compact JSON, keys sorted, without a final newline; appends. What
 * `alnage compile` prints: nothing in it depends on where the recipe and its pipelines
 * lie (paths and line numbers are left out), and the digest of the file is not in it
 * either, so that a new comment does not mean a new build. At most LIMIT_PLAN_BYTES.
 */
MUST_USE int recipe_to_json(
	const struct recipe *recipe, struct buffer *out, struct error *err);
/*
 * The same without the tests and the sources that only they want: what the packages are
 * made from, and so what their cache keys hash. A changed test is no new build.
 */
MUST_USE int recipe_build_to_json(
	const struct recipe *recipe, struct buffer *out, struct error *err);

/*
 * Asks bash whether it could read each script (bash -n: nothing is run). ERR_INPUT with
 * file and line of the step, ERR_SYSTEM without bash. The steps run in bash, too.
 */
MUST_USE int recipe_check_shell(const struct recipe *recipe, struct error *err);

#endif
