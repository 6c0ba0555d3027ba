/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The package database of an image: what scanners, and apk itself, read to know which
 * packages are there (reference: recipes-packages-images.md 4.6). Texts for
 * usr/lib/apk/db/{installed,triggers,scripts.tar} and etc/apk/world. Nothing here is ever
 * run.
 *
 * Packages come in the order of installation. All calls append to *out.
 */
#ifndef BUILDER_PACKAGE_INSTALLED_H
#define BUILDER_PACKAGE_INSTALLED_H

#include "builder/package/package.h"

/*
 * The records. Of a package's files those are listed that are in image_tree and belong to
 * it there (pruned and overridden ones are left out), with the attributes they have
 * there; a directory belongs to every package that ships it, as long as it is in the
 * image. Directories are listed by their path, inside each first what is no directory.
 */
MUST_USE int installed_db_write(const struct package *const *packages, size_t count,
	const struct tree *image_tree, struct buffer *out, struct error *err);
/* "Q1… /path /path" for each package with triggers. image_tree is not looked at. */
MUST_USE int installed_triggers_write(const struct package *const *packages, size_t count,
	const struct tree *image_tree, struct buffer *out, struct error *err);
/* "name=version" of each package, sorted. image_tree is not looked at. */
MUST_USE int installed_world_write(const struct package *const *packages, size_t count,
	const struct tree *image_tree, struct buffer *out, struct error *err);
/* scripts.tar: "name-version.Q1….post-install" and so on, mode 0755. */
MUST_USE int installed_scripts_write(const struct package *const *packages, size_t count,
	int64_t mtime, struct buffer *out, struct error *err);

#endif
