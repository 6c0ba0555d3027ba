/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetch phase of one recipe: its sources come into the store, and the sandbox gets
 * them as files in its cache directory; the files of the folder beside the recipe are
 * where steps start.
 */
#ifndef BUILDER_MAKE_FETCH_H
#define BUILDER_MAKE_FETCH_H

#include "builder/make/make.h"
#include "builder/sandbox/sandbox.h"

#define CACHE_DIRECTORY "/var/cache/melange" /* in the sandbox */

struct fetched {
	struct sandbox_bind *binds; /* from the arena that was given */
	int *fds;                   /* both have room for one more */
	size_t count;
};
#define cleanup_fetched CLEANUP(fetched_done)
void fetched_done(struct fetched *fetched);

struct log_task;
struct fetching {
	const struct recipe *recipe;
	const struct digest *folder; /* what plan_item says of it */
	const char *test_of; /* sources of this package's tests; NULL: those of the build
			      */
	const struct make_options *options;
	struct arena *arena;   /* outlives *ret_fetched */
	struct made *made;     /* gets what was fetched; NULL: nobody wants to know */
	struct log_task *task; /* may be NULL */
};
MUST_USE int fetch_sources(
	const struct fetching *fetching, struct fetched *ret_fetched, struct error *err);

#endif
