/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments: a package's files rendered once as canonical tar entries for
 * image layers, cut at file borders into runs of about FRAGMENT_TARGET bytes
 * (a file larger than FRAGMENT_MAX is cut inside), each compressed on its own,
 * so that a layer is made by joining them (gzip members and zstd frames concatenate).
 *
 * Directories are not in fragments: the composer writes them, once, at the head of the
 * layer. Entries are in the tree's canonical order; no pax records but for
 * xattrs and long names; mtime is the epoch given when rendering.
 *
 * The compressed fragments are blobs of the store; which they are says a small JSON
 * record. How a tree is cut follows from the tree alone, so a record that does not fit
 * it, or whose blobs are gone, is made anew. Plain bytes are rendered again from the tree
 * when they must be hashed (fragment_render_node), which costs a header per file and
 * reading its content.
 *
 * Several threads compress; what comes out does not depend on how many.
 */
#ifndef BUILDER_PACKAGE_FRAGMENT_H
#define BUILDER_PACKAGE_FRAGMENT_H

#include "base/compress.h"
#include "base/store.h"
#include "builder/tree/tree.h"

#define FRAGMENT_TARGET (256 * KIB)
#define FRAGMENT_MAX    (16 * MIB)

struct fragment {
	size_t first,
		count; /* entries: indices into fragment_index.nodes; a further part of a
			  large file has count 0 and the file's index as first */
	struct digest blob;  /* compressed bytes, in the store */
	uint64_t size;       /* compressed */
	uint64_t plain_size; /* uncompressed */
};

struct fragment_index {
	struct arena *arena;
	enum compression compression;
	int64_t mtime;
	const struct tree_node *
		*nodes; /* non-directories in canonical order, borrowed from the tree */
	size_t node_count;
	struct fragment *fragments;
	size_t fragment_count;
};
#define cleanup_fragment_index CLEANUP(fragment_index_free)
void fragment_index_free(struct fragment_index **index);

/*
 * The fragments of a tree: from the store's record folder "fragments" under a key made of
 * the tree's digest, compress_format(), mtime and the format version; rendered and
 * compressed (and recorded) if they are not there yet. The tree must outlive the index.
 */
MUST_USE int fragment_index_get(struct store *store, const struct tree *tree,
	enum compression compression, int64_t mtime, struct fragment_index **ret_index,
	struct error *err);

/*
 * Writes a whole entry as fragments hold it: header, content, padding. The plain bytes of
 * all fragments of an index are those of its nodes one after the other; so this is what a
 * composer hashes, and what it compresses in the place of a fragment it cannot take
 * whole. verify: hash the content on the way (ERR_INPUT if damaged); without, only its
 * size is checked.
 */
MUST_USE int fragment_render_node(struct store *store, const struct tree_node *node,
	int64_t mtime, bool verify, struct writer *to, struct error *err);

/* Appends the tar header(s) of a node exactly as fragments hold them (hard links,
 * symlinks, files). */
MUST_USE int fragment_add_header(struct buffer *out, const struct tree_node *node,
	int64_t mtime, struct error *err);
/* Digest over the canonical listing of a tree (paths, modes, owners, digests, targets,
 * xattrs). */
MUST_USE int tree_digest(
	const struct tree *tree, struct digest *ret_digest, struct error *err);

#endif
