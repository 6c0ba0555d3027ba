/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.json of an OCI layout (image-spec v1.1, image-layout.md).
 *
 * What we write, and for whom:
 *   - a tag is an entry with the annotation org.opencontainers.image.ref.name = the plain
 * tag: skopeo, podman, umoci and oras find "oci:DIR:TAG" by it;
 *   - signatures are such entries named sha256-<hex>.sig and .att, as in a registry;
 *   - a manifest with a subject is an entry, even without a tag: oras and whatever else
 * builds its graph from index.json finds referrers so; it is also in the fallback index
 *     under the tag sha256-<hex>, where regclient and a copy to a registry without API
 * look;
 *   - children of an index are not listed: they are reached through it.
 * `cosign verify --local-image` does not read it: that wants its own annotation "kind"
 * and one image per folder. What `cosign save` wrote we read (layout.c). `podman load`
 * wants exactly one entry; `podman pull oci-archive:FILE:TAG` takes any. skopeo and
 * podman refuse "oci:DIR" without a tag as soon as there are two entries: name the tag.
 * Entries are sorted so that the same content gives the same bytes, images before
 * signatures before referrers: tools that take the first entry get an image.
 */
#ifndef OCI_LAYOUT_INDEX_H
#define OCI_LAYOUT_INDEX_H

#include "oci/manifest.h"

#define LAYOUT_VERSION "1.0.0"

struct layout_index {
	struct manifest *document; /* owned */
	size_t capacity;           /* of document->items */
};
#define cleanup_layout_index CLEANUP(layout_index_done)
void layout_index_done(struct layout_index *index);

/* Empty bytes: an empty index. ERR_INPUT if a tag is named twice. */
MUST_USE int layout_index_parse(
	struct slice bytes, struct layout_index *ret_index, struct error *err);
/* Sorted. Appends. */
MUST_USE int layout_index_write(
	struct layout_index *index, struct buffer *out, struct error *err);

/* The entry's plain tag or NULL. */
const char *layout_entry_tag(const struct descriptor *entry);
/* NULL if absent; valid until the next change. */
const struct descriptor *layout_index_find(
	const struct layout_index *index, const char *tag);
bool layout_index_has(const struct layout_index *index, const struct digest *digest);
/* The tag names this manifest from now on; what it named before is no longer listed under
 * it. */
MUST_USE int layout_index_set_tag(struct layout_index *index, const char *tag,
	const struct descriptor *descriptor, struct error *err);
/* Lists the manifest without a tag, unless it is listed already. */
MUST_USE int layout_index_list(struct layout_index *index,
	const struct descriptor *descriptor, struct error *err);
/* Could the entry be an image, by what index.json says of it? */
bool layout_entry_may_be_image(const struct descriptor *entry);

#endif
