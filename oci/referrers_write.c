/* SPDX-License-Identifier: Apache-2.0 */
/* The fallback index of a manifest's referrers, changed. */
#include "oci/repository_private.h"

int referrers_unite(struct slice present, const struct descriptor *entries, size_t count,
	struct buffer *changed, struct error *err)
{
	cleanup_manifest struct manifest *index = NULL;
	cleanup_arena struct arena *arena = NULL;
	struct descriptor_list list = {0};
	struct manifest next = {.is_index = true};

	if (arena_new(&arena, err) < 0)
		return err->class;
	if (present.len != 0 && referrers_parse_fallback(present, &index, err) < 0)
		return err->class;
	/* The new ones first: they replace what another tool may have said of the same
	 * manifests. */
	for (size_t i = 0; i < count; i++)
		if (descriptor_list_add(arena, &list, &entries[i], err) < 0)
			return err->class;
	for (size_t i = 0; index && i < index->count; i++)
		if (descriptor_list_add(arena, &list, &index->items[i], err) < 0)
			return err->class;
	descriptor_list_sort(&list);
	next.items = list.items;
	next.count = list.count;
	if (index) {
		next.annotations = index->annotations;
		next.annotation_count = index->annotation_count;
	}
	return manifest_write(&next, changed, err);
}

static int add_entry(
	void *context, struct slice present, struct buffer *changed, struct error *err)
{
	return referrers_unite(present, context, 1, changed, err);
}

int referrers_add_fallback(struct repository *repository, const struct digest *subject,
	const struct descriptor *entry, struct error *err)
{
	struct descriptor copy = *entry, ignored;
	char tag[REFERRERS_TAG_MAX];

	referrers_tag(subject, "", tag);
	if (repository_update_manifest(
		    repository, tag, OCI_INDEX, add_entry, &copy, &ignored, err) < 0)
		return error_wrap(err, "referrers");
	return 0;
}
