/* SPDX-License-Identifier: Apache-2.0 */
/* Between git.c (what is fetched) and git_tar.c (what becomes of it). */
#ifndef BUILDER_SOURCE_GIT_PRIVATE_H
#define BUILDER_SOURCE_GIT_PRIVATE_H

#include "builder/source/git.h"

/* All below dirfd but .git at any depth, as a canonical tar in the store. */
MUST_USE int git_tar(int dirfd, int64_t mtime, struct store *store,
	struct digest *ret_blob, uint64_t *ret_size, struct error *err);

#endif
