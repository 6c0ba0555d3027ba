/* SPDX-License-Identifier: Apache-2.0 */
/* An image recipe to a signed image with its attestations: the stages, called in order.
 */
#ifndef BUILDER_BUILD_H
#define BUILDER_BUILD_H

#include "builder/graph.h"
#include "builder/image/image.h"
#include "builder/make/make.h"
#include "signing/secret.h"

#define BUILD_DEFAULT_DATE                                                               \
	1767225600 /* 2026-01-01: when neither environment nor recipe say */
#define BUILD_DEFAULT_BUILDER "https://alnage.dev/builders/local"

struct build_options {
	/*
	 * Holds packages/, pipelines/, toolchain.yaml. Without the latter it is a
	 * collection like those of melange: the recipes lie in it, beside pipelines/.
	 */
	const char *recipes_directory;
	const char *builtin_directory; /* whose pipelines/ is searched last */
	const char *output_directory;  /* gets NAME/ (OCI layout) and packages/ARCH/ */
	const char *store_path;        /* NULL: the default store */
	const char *tag;               /* in the layout; NULL: "latest" */
	const char *builder_id;        /* NULL: BUILD_DEFAULT_BUILDER */
	const char *organization; /* who supplies image and packages, for the SBOM; NULL:
				     not said */
	const char *const *pipeline_dirs; /* before the recipes' own */
	size_t pipeline_dir_count;
	const char *const
		*extra_recipes; /* package recipe files besides those of the directory */
	size_t extra_recipe_count;
	/* for the build roots of all recipes; see builder/plan/catalog.h for which kind
	 */
	struct external_lists repositories;
	enum catalog_roots roots;
	const struct source_options *sources;
	const struct secret
		*image_key; /* NULL: nothing is signed, no attestation is made */
	const struct secret
		*package_key;         /* RSA; NULL: .apk files and index stay unsigned */
	const char *package_key_name; /* "alnage.rsa.pub" */
	bool sha1_signatures;         /* by it, too; see struct apk_signer */
	bool accept_sha1; /* of repositories' keys; see struct apk_trusted_key */
	const struct trust
		*trust; /* of repositories' keys; see builder/plan/external.h */
	enum compression compression;
	unsigned cpus, jobs; /* builder/schedule.h */
	bool keep_going;
	const char *package_store;      /* builder/package_store.h; NULL: none */
	const struct lint_levels *lint; /* NULL: the linters' own levels */
	bool test;                      /* build_packages: run the recipes' tests, too */
};

/* Of an image; of packages only package_count. */
struct build_facts {
	struct digest manifest;
	uint64_t layer_size, plain_size;
	size_t package_count, files_kept, files_removed;
	size_t elf_files, elf_hardened, elf_failing; /* see audit/elf_audit.h */
};

struct build_result {
	struct arena *arena;
	/* directories as printed for people */
	const char *name, *layout, *tag, *packages;
	struct build_facts facts;
	/* packages whose tests passed; of these: before */
	size_t tests_passed, tests_cached;
	size_t built;    /* recipes that had to be built */
	bool up_to_date; /* nothing was done */
};
void build_result_done(struct build_result *result);

MUST_USE int build_image(const char *image_recipe, const struct build_options *options,
	struct build_result *ret_result, struct error *err);

/*
 * Packages only: recipes (files) to .apk files and index in the output directory. Makes
 * whatever they need to be built, and with options->test whatever their tests need.
 */
MUST_USE int build_packages(const char *const *recipes, size_t count,
	const struct build_options *options, struct build_result *ret_result,
	struct error *err);

/*
 * The plan for recipes as a graph, appended to out; nothing is fetched, made or written.
 * A file with the key `package` is a package recipe, any other an image recipe. Without
 * recipes: everything in the recipes' directory. The date in graph does not count.
 */
MUST_USE int build_graph(const char *const *recipes, size_t count,
	const struct build_options *options, const struct graph_options *graph,
	struct buffer *out, struct error *err);

#endif
