/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources from git repositories (`uses: git-checkout`), in the fetch phase. The git
 * program does the work in a process of its own, in an empty folder, with a configuration
 * that is ours alone: no file of the machine's or the user's, no hooks, no prompts, and
 * no protocol but https (and file, if the repository itself is a file:// one; its
 * submodules may then be, too). Where the kernel has Landlock (5.19 and newer), that
 * process reads programs, certificates and what names are looked up in, and writes to its
 * folder alone; of a file:// repository what lies in its folder (with submodules, beside
 * it), not what .git, alternates or symlinks lead to elsewhere; with a folder of mirrors
 * everything is readable. What was checked
 * out becomes a canonical tar in the
 * store: names in byte order, owners 0, modes 0644 and 0755, one date for all (the
 * commit's).
 *
 * Recipes ask git for versions, so a .git goes along, at the end of the tar: HEAD (at the
 * branch if one was named), the tag, the commit without those before it (a shallow
 * repository), the folders, and an index, so that rev-parse, describe, log, status and
 * ls-files work. There are no contents of files: diff, show and archive do not. It is the
 * same on every machine, but what is recorded and named in documents is the digest of the
 * tar without it.
 *
 * The commit is mandatory unless options->allow_unpinned, and git's own object names make
 * sure that it is what arrives. What it has to agree with:
 *   tag     the tag leads to the commit, or is the annotated tag object of that name
 *   branch  the commit is the branch's tip or (unless it has to be the tip) one of its
 *           ancestors
 *   none    any commit that the server hands out
 * Cherry-picks ("[branch/]commit: comment", one a line) are committed on top, in order,
 * with the date of the commit below; conflicts are errors. `depth` only says how much is
 * fetched at first, and more is fetched where that is not enough.
 *
 * A source mirror stands for "https://", also of submodules: PREFIX/<host>/<path> is a
 * repository, on a server or in a folder. It stands for "git://" and "http://", too,
 * which are never asked themselves: whoever is on the way answers there.
 *
 * A place that is busy or breaks off is asked again as the recipe wants it: max-retries,
 * initial-backoff and max-backoff, within limits of ours (rounds.h).
 *
 * A checkout is remembered (record git/<request>) by all that it depends on; with a
 * commit it is fetched once.
 */
#ifndef BUILDER_SOURCE_GIT_H
#define BUILDER_SOURCE_GIT_H

#include "builder/source/source.h"

/*
 * The digest of a request, hexadecimal; names the tar in the sandbox's cache,
 * "git:<hex>". SHA-256 over the texts repository, tag, branch, expected-commit,
 * expected-commit-is-branch-tip and recurse-submodules ("true" or "false"), sparse-paths
 * and cherry-picks as written, each with a line break behind it:
 * recipes/pipelines/git-checkout.yaml computes the same. out: DIGEST_TEXT_MAX bytes;
 * returned.
 */
MUST_USE int git_request(
	const struct recipe_source *source, char *out, struct error *err);

/*
 * ERR_REFUSED without a commit, ERR_INPUT for requests that make no sense and for a tag
 * or branch without that commit, ERR_NETWORK with git's own words. ret_commit: 41 bytes.
 */
MUST_USE int git_fetch(const struct recipe_source *source,
	const struct source_options *options, struct store *store,
	struct source_result *ret_result, char *ret_commit, struct error *err);

#endif
