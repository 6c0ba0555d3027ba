/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file tree in memory: paths with owners, modes, xattrs and the digest of
 * their content, which lies in the store. Everything untrusted goes through
 * tree_add, which refuses what a path must not be; so a tree is always clean:
 * relative normalised UTF-8 paths, every parent present and a directory, no
 * path twice, hard links point to regular files of the same tree.
 *
 * The canonical order is decided here and nowhere else: paths compared
 * component by component in byte order, so a directory comes before what is
 * in it. Of several names of one file (hard links) the first in this order is the
 * TREE_FILE and the others are TREE_HARDLINKs to it, whatever order they were
 * added in; so a link always follows its target in an archive. A link shows the mode,
 * the owners and the xattrs of its file.
 *
 * Names beginning with ".wh." are refused: OCI layers would take them for whiteouts
 * (image-spec v1.1, layer.md, "Whiteouts").
 */
#ifndef BUILDER_TREE_TREE_H
#define BUILDER_TREE_TREE_H

#include "base/arena.h"
#include "base/digest.h"

enum tree_type { TREE_DIRECTORY = 1, TREE_FILE, TREE_SYMLINK, TREE_HARDLINK };

struct tree_xattr {
	const char *name;
	struct slice value;
};

struct tree_node {
	const char *path; /* "usr/bin/busybox" */
	enum tree_type type;
	uint32_t mode; /* & 07777; symlinks 0777 */
	uint32_t uid, gid;
	struct digest content; /* SHA-256 of a file's bytes; unset for others and for hard
				  links */
	struct digest sha1;    /* of the same bytes (APK format); may be unset */
	uint64_t size;
	const char *target; /* symlink: text; hard link: path of the regular file; else
			       NULL */
	struct tree_xattr *xattrs; /* sorted by name */
	size_t xattr_count;
	const char *package; /* who brought it; "" for files the image itself makes */
};

struct tree;
#define cleanup_tree CLEANUP(tree_free)
MUST_USE int tree_new(struct tree **ret_tree, struct error *err);
void tree_free(struct tree **tree);

/*
 * Copies *node (all strings) into the tree. Missing parents are made as
 * 0755 0:0 of the same package; when such a parent is added itself later, it takes what
 * is given then. Any other directory that is there already is kept as it is (its
 * attributes may be set with tree_set). Otherwise a path that is there is ERR_INPUT.
 * At most LIMIT_ARCHIVE_ENTRIES nodes.
 */
MUST_USE int tree_add(struct tree *tree, const struct tree_node *node, struct error *err);
/*
 * Adds or replaces; replacing a non-empty directory by something else is ERR_INPUT. A
 * file set with the content it has, and a hard link set with the target it has, keep
 * their links: mode, owners and xattrs change for all names. Otherwise the name leaves
 * its links.
 */
MUST_USE int tree_set(struct tree *tree, const struct tree_node *node, struct error *err);
/*
 * Removes a path (ERR_INPUT if absent) and all below it. Hard links to a removed file:
 * the first of those that stay takes its content over.
 */
MUST_USE int tree_remove(struct tree *tree, const char *path, struct error *err);

/*
 * NULL if absent; no symlink is followed. Borrowed: the pointer stays good until the tree
 * is freed, what it shows until the node is changed or removed.
 */
const struct tree_node *tree_find(const struct tree *tree, const char *path);
/*
 * Where a path leads inside the tree, following symlinks as in a root of its
 * own (absolute targets from the root, ".." stops at the root; at most 40 links).
 * NULL if it leads nowhere, or to the root itself, which has no node. passed: if not
 * NULL, called for every symlink on the way.
 */
const struct tree_node *tree_resolve(const struct tree *tree, const char *path,
	void (*passed)(void *context, const struct tree_node *symlink), void *context);

size_t tree_count(const struct tree *tree);
/* All nodes in canonical order; the array is the caller's to free, the nodes are
 * borrowed. */
MUST_USE int tree_nodes(const struct tree *tree, const struct tree_node ***ret_nodes,
	size_t *ret_count, struct error *err);
int tree_path_compare(const char *a, const char *b);
/* Is this a path a tree may hold? ERR_INPUT saying why not. */
MUST_USE int tree_check_path(struct slice path, struct error *err);

#endif
