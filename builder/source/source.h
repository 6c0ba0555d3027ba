/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetch phase: what a recipe names by digest comes into the store, before
 * any sandbox starts. Order of places: the recipe's URI ("debian:pool/…" where the pool
 * is the upstream itself), the Debian pool paths on the mirrors of the machine's apt
 * sources (or --mirror), --source-mirror prefixes. The digest decides; nothing that does
 * not match is kept. An interrupted download goes on where it stopped. A place that is
 * busy or breaks off is asked again, after the others (rounds.h); one that has it not, or
 * other bytes, or no valid certificate, is not.
 */
#ifndef BUILDER_SOURCE_SOURCE_H
#define BUILDER_SOURCE_SOURCE_H

#include "base/http.h"
#include "base/store.h"
#include "builder/recipe/recipe.h"

struct source_options {
	const char *const *mirrors; /* Debian mirror base URLs, e.g. from mirror_list() */
	size_t mirror_count;
	const char *const *source_mirrors; /* URLs or folders: PREFIX/<file name>,
					      PREFIX/sha256:<hex>; of repositories
					      PREFIX/<host>/<path> */
	size_t source_mirror_count;
	bool offline;       /* only the store */
	bool upstream_last; /* try mirrors before the upstream URI */
	bool allow_unpinned;
	unsigned retry_delay_ms; /* before a second try; 0: a second, or a recipe's */
};

struct source_result {
	struct digest blob;    /* SHA-256, in the store */
	struct digest content; /* what is recorded: the blob, or a checkout's work tree */
	uint64_t size;
	char *url; /* where it came from; NULL: it was in the store. heap */
};

/* ERR_REFUSED, with the line of the recipe, for what neither digest nor commit pins. */
MUST_USE int source_check_pinned(const struct recipe_source *source,
	const struct source_options *options, struct error *err);

/* An archive, not a checkout. ERR_NETWORK lists every place and why it failed; ERR_INPUT
 * for a wrong digest everywhere. */
MUST_USE int source_fetch(const struct recipe_source *source,
	const struct source_options *options, struct store *store,
	struct source_result *ret_result, struct error *err);
/* The same for a file that is known by pool path, size and digest only (toolchain). */
MUST_USE int source_fetch_pool(const char *pool_path, uint64_t size,
	const struct digest *digest, const struct source_options *options,
	struct store *store, struct error *err);

/*
 * Base URLs of the Debian mirrors in the machine's apt configuration: deb822
 * (*.sources) and one-line (*.list) files below root/etc/apt ("" for the machine).
 * Security and updates suites count; only enabled "deb" types; http and https URIs; order
 * kept, unique. free with mirror_list_free.
 */
MUST_USE int mirror_list(
	const char *root, char ***ret_urls, size_t *ret_count, struct error *err);
void mirror_list_free(char ***urls, size_t count);

#endif
