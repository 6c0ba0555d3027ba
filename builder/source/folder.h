/* SPDX-License-Identifier: Apache-2.0 */
/* The folder beside a recipe: files of its own (patches, configuration) that steps find
 * in /home/build. */
#ifndef BUILDER_SOURCE_FOLDER_H
#define BUILDER_SOURCE_FOLDER_H

#include "base/digest.h"
#include "base/fs.h"

/*
 * SHA-256 over all that the steps can see of it: for each file, link and directory, in
 * byte order, its path, kind, whether it is executable, and content. ERR_INPUT for other
 * kinds, more than LIMIT_ARCHIVE_ENTRIES, LIMIT_SOURCE_BYTES or LIMIT_PATH_DEPTH.
 */
MUST_USE int folder_digest(int dirfd, struct digest *ret_digest, struct error *err);

#endif
