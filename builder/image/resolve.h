/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From wanted atoms to a set of packages: deterministic and greedy, as apk-based image
 * tools do it (reference: recipes-packages-images.md 4.9). The same candidates in any
 * order give the same answer. There is no backtracking.
 *
 * First it is decided who answers the image's own atoms, then, atom by atom, who answers
 * what these need: always the atom with the fewest candidates first. Versions and "!"
 * rule candidates out before anything is chosen that says them; what is chosen rules out
 * its other versions and whoever provides the same in a version. Of several the best is:
 * what the image's atoms chose; who has the name itself (image tools let a higher
 * provided version win, so that a repository can take a name over); an origin that is
 * there in that version; the repository of the atom's tag, or one without a tag; the
 * highest version of the name; the highest priority; the
 * highest version of the package; the first by name. Several that provide a name without
 * a version and a priority are no error, as they are for apk-tools.
 *
 * What is in a repository with a tag is only for the image's atoms that name the tag
 * ("x@edge", which takes x from elsewhere, too, if it is not there), and for what these
 * need, directly or not; for that, other repositories are preferred. The same holds for
 * image tools and apk-tools.
 *
 * "so:NAME=VERSION" without a revision ("-rN") is below all that have one.
 *
 * A conflict is explained as a chain of who wanted what, to both sides.
 */
#ifndef BUILDER_IMAGE_RESOLVE_H
#define BUILDER_IMAGE_RESOLVE_H

#include "builder/package/index.h"

struct resolution {
	const struct index_entry *
		*entries; /* dependencies before those that need them; heap */
	size_t count;
};
#define cleanup_resolution CLEANUP(resolution_done)
void resolution_done(struct resolution *resolution);

/*
 * wanted: atoms as written ("busybox", "so:libssl.so.3", "zlib>=1.3", "curl@edge"), by
 * `wanted_by`, which is who explanations say it is ("the image").
 * Candidates are borrowed by the result. ERR_INPUT with the chain for what is missing or
 * in conflict, LIMIT_RESOLVE_DEPTH.
 */
MUST_USE int resolve_packages(const struct package_index *candidates,
	const char *const *wanted, size_t wanted_count, const char *wanted_by,
	struct resolution *ret_resolution, struct error *err);

#endif
