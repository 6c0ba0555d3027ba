/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/layout_index.h"
#include "oci/repository_private.h"

#define COSIGN_KIND "kind"

void layout_index_done(struct layout_index *index)
{
	manifest_free(&index->document);
}

const char *layout_entry_tag(const struct descriptor *entry)
{
	const char *name = descriptor_annotation(entry, OCI_REF_NAME);

	return name && reference_tag_is_valid(slice_str(name)) ? name : NULL;
}

/* `cosign save` says what an entry is by the annotation "kind". */
static bool is_cosign_extra(const struct descriptor *entry)
{
	const char *kind = descriptor_annotation(entry, COSIGN_KIND);

	return kind && (strcmp(kind, "dev.cosignproject.cosign/sigs") == 0 ||
			       strcmp(kind, "dev.cosignproject.cosign/atts") == 0);
}

bool layout_entry_may_be_image(const struct descriptor *entry)
{
	const char *tag = layout_entry_tag(entry);

	if (is_cosign_extra(entry))
		return false;
	return tag ? !referrers_tag_is(slice_str(tag)) : !entry->artifact_type;
}

static int entry_class(const struct descriptor *entry)
{
	const char *tag = layout_entry_tag(entry);

	if (layout_entry_may_be_image(entry))
		return tag ? 0 : 1;
	return tag ? 2 : 3;
}

static int compare_entries(const void *a, const void *b)
{
	const struct descriptor *left = a, *right = b;
	const char *left_tag = layout_entry_tag(left);
	const char *right_tag = layout_entry_tag(right);
	int result = entry_class(left) - entry_class(right);

	if (result == 0 && left_tag && right_tag)
		result = strcmp(left_tag, right_tag);
	return result ? result : digest_compare(&left->digest, &right->digest);
}

static int refuse_repeated_tags(const struct manifest *document, struct error *err)
{
	for (size_t i = 1; i < document->count; i++) {
		const char *tag = layout_entry_tag(&document->items[i]);
		const char *before = layout_entry_tag(&document->items[i - 1]);

		if (tag && before && strcmp(tag, before) == 0)
			return error_set(err, ERR_INPUT,
				"index.json: the tag %s is there twice", tag);
	}
	return 0;
}

int layout_index_parse(
	struct slice bytes, struct layout_index *ret_index, struct error *err)
{
	static const struct slice empty = SLICE("{\"manifests\":[],\"schemaVersion\":2}");
	cleanup_manifest struct manifest *document = NULL;

	if (bytes.len == 0)
		bytes = empty;
	if (manifest_parse(bytes, OCI_INDEX, &document, err) < 0)
		return error_wrap(err, "index.json");
	if (document->count > 1)
		qsort(document->items, document->count, sizeof(*document->items),
			compare_entries);
	if (refuse_repeated_tags(document, err) < 0)
		return err->class;
	*ret_index =
		(struct layout_index){.capacity = document->count, .document = document};
	document = NULL; /* the index's now */
	return 0;
}

int layout_index_write(struct layout_index *index, struct buffer *out, struct error *err)
{
	struct manifest *document = index->document;

	if (document->count > 1)
		qsort(document->items, document->count, sizeof(*document->items),
			compare_entries);
	return manifest_write(document, out, err);
}

const struct descriptor *layout_index_find(
	const struct layout_index *index, const char *tag)
{
	for (size_t i = 0; i < index->document->count; i++) {
		const char *name = layout_entry_tag(&index->document->items[i]);

		if (name && strcmp(name, tag) == 0)
			return &index->document->items[i];
	}
	return NULL;
}

bool layout_index_has(const struct layout_index *index, const struct digest *digest)
{
	for (size_t i = 0; i < index->document->count; i++)
		if (digest_equal(&index->document->items[i].digest, digest))
			return true;
	return false;
}

static void remove_entry(struct manifest *document, size_t at)
{
	document->count--;
	memmove(&document->items[at], &document->items[at + 1],
		(document->count - at) * sizeof(*document->items));
}

static int add_entry(
	struct layout_index *index, const struct descriptor *entry, struct error *err)
{
	struct manifest *document = index->document;
	struct descriptor copy, *item;

	if (descriptor_copy(document->arena, entry, &copy, err) < 0)
		return err->class;
	item = arena_append(document->arena, &document->items, &document->count,
		&index->capacity, sizeof(*item));
	if (!item)
		return error_set_memory(err);
	*item = copy;
	return 0;
}

int layout_index_set_tag(struct layout_index *index, const char *tag,
	const struct descriptor *descriptor, struct error *err)
{
	struct manifest *document = index->document;
	const struct annotation name = {.key = OCI_REF_NAME, .value = tag};
	struct descriptor entry = {.media_type = descriptor->media_type,
		.digest = descriptor->digest,
		.size = descriptor->size,
		.artifact_type = descriptor->artifact_type,
		.platform = descriptor->platform,
		.annotations = &name,
		.annotation_count = 1};

	for (size_t i = document->count; i-- > 0;) {
		const struct descriptor *item = &document->items[i];
		const char *other = layout_entry_tag(item);
		bool is_bare = item->annotation_count == 0 &&
			       digest_equal(&item->digest, &descriptor->digest);

		if (is_bare || (other && strcmp(other, tag) == 0))
			remove_entry(document, i);
	}
	return add_entry(index, &entry, err);
}

int layout_index_list(struct layout_index *index, const struct descriptor *descriptor,
	struct error *err)
{
	struct descriptor entry = *descriptor;

	if (layout_index_has(index, &descriptor->digest))
		return 0;
	entry.annotations = NULL;
	entry.annotation_count = 0;
	return add_entry(index, &entry, err);
}
