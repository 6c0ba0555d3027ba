/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the packages of one recipe: fetch, build root, sandbox, collect, scan, pack.
 * What was made is remembered in the store under the input key; made again only if the
 * key is new.
 */
#ifndef BUILDER_MAKE_MAKE_H
#define BUILDER_MAKE_MAKE_H

#include "builder/audit/lint.h"
#include "builder/package/package.h"
#include "builder/plan/plan.h"

struct made_source {
	const char *uri; /* as the recipe says */
	const char
		*url; /* where it came from; "" if it was in the store or on a mirror */
	const char *pool_path; /* "" if it has none */
	const char *commit;    /* of a git checkout, whose tar has the digest; else "" */
	const char *name, *version; /* in the package's document only; "": the recipe's */
	struct digest digest;
	uint64_t size;
};

/* A package of a repository that was in the build root. */
struct made_prebuilt {
	const char *name, *version, *architecture;
	const char *address; /* "" if it was in a folder of this machine */
	struct digest digest;
};

/* What was made, and how. Texts from the arena. */
struct made {
	struct arena *arena;
	const struct plan_item *item;
	struct package **packages;
	size_t package_count;
	struct made_source *sources;
	size_t source_count;
	struct made_prebuilt *prebuilt;
	size_t prebuilt_count;
	const char *sandbox_tier;
	double seconds;
	bool cached; /* nothing had to be built */
};
#define cleanup_made CLEANUP(made_free)
void made_free(struct made **made);

struct make_options {
	struct store *store;
	const struct toolchain *toolchain;
	const struct source_options *sources;
	int64_t mtime;
	unsigned cpus;                  /* 0: all */
	unsigned timeout_seconds;       /* 0: the sandbox's own limit */
	const struct lint_levels *lint; /* NULL: the linters' own levels */
};

/*
 * before: everything made so far (holds at least the item's needs). A failing step is
 * ERR_INPUT with the step's name, the last lines of its log and the log's path. So
 * is an error of a linter, which is told again as long as it is there.
 */
MUST_USE int make_packages(const struct plan_item *item, struct made *const *before,
	size_t before_count, const struct make_options *options, struct made **ret_made,
	struct error *err);

#endif
