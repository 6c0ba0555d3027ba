/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who refers to a manifest: the place's own answer (a registry's API, a layout's
 * index.json) and the fallback index under the tag sha256-<hex> (distribution-spec v1.1,
 * "Referrers Tag Schema"). Both are always looked at: a registry may have got its API
 * after the fallback index was written.
 */
#include "base/limits.h"
#include "oci/repository_private.h"

void referrers_tag(
	const struct digest *subject, const char *suffix, char tag[REFERRERS_TAG_MAX])
{
	char hex[DIGEST_TEXT_MAX];

	/* "truncated to … 64 characters": a SHA-512 loses its half. */
	(void)snprintf(tag, REFERRERS_TAG_MAX, "%s-%.64s%s",
		digest_algorithm_name(subject->algorithm),
		digest_format_hex(subject, hex), suffix); /* suffixes are short */
}

bool referrers_tag_is(struct slice tag)
{
	size_t digits = 0;
	struct slice rest;

	if (!slice_starts_with(tag, SLICE("sha256-")) &&
		!slice_starts_with(tag, SLICE("sha512-")))
		return false;
	rest = slice_sub(tag, strlen("sha256-"), tag.len);
	while (digits < rest.len &&
		((rest.data[digits] >= '0' && rest.data[digits] <= '9') ||
			(rest.data[digits] >= 'a' && rest.data[digits] <= 'f')))
		digits++;
	return digits == 64 && (rest.len == 64 || rest.data[64] == '.');
}

struct descriptor referrers_entry(
	const struct descriptor *descriptor, const struct manifest *manifest)
{
	struct descriptor entry = *descriptor;

	entry.media_type = manifest->media_type;
	entry.artifact_type = manifest->artifact_type;
	if (!entry.artifact_type && !manifest->is_index)
		entry.artifact_type = manifest->config.media_type;
	entry.annotations = manifest->annotations;
	entry.annotation_count = manifest->annotation_count;
	return entry;
}

int referrers_parse_fallback(
	struct slice bytes, struct manifest **ret_index, struct error *err)
{
	if (manifest_parse(bytes, NULL, ret_index, err) < 0)
		return err->class;
	if (!(*ret_index)->is_index) {
		manifest_free(ret_index);
		return error_set(
			err, ERR_INPUT, "what is there is not an index of referrers");
	}
	return 0;
}

static int read_fallback(struct repository *repository, const struct digest *subject,
	struct arena *arena, struct descriptor_list *list, struct error *err)
{
	cleanup_buffer struct buffer bytes = {.max = LIMIT_MANIFEST_BYTES};
	cleanup_manifest struct manifest *index = NULL;
	struct tag_answer answer = {0};
	char tag[REFERRERS_TAG_MAX];

	referrers_tag(subject, "", tag);
	if (repository_count_read(repository, 0, err) < 0 ||
		repository->ops->read_manifest(
			repository, tag, NULL, &bytes, &answer, err) < 0)
		return err->class;
	repository->read_bytes += bytes.len;
	if (!answer.found)
		return 0;
	if (referrers_parse_fallback(buffer_slice(&bytes), &index, err) < 0)
		return error_wrap(err, "tag %s", tag);
	for (size_t i = 0; i < index->count; i++)
		if (descriptor_list_add(arena, list, &index->items[i], err) < 0)
			return err->class;
	return 0;
}

/*
 * cosign 3 writes the type of the empty configuration, and no annotations, into the
 * fallback index (sigstore/cosign#4641): for such entries the manifest itself is asked.
 * One that is gone drops out: *ret_keep false.
 */
static int complete_entry(struct repository *repository, struct arena *arena,
	struct descriptor *entry, bool *ret_keep, struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	struct descriptor whole;
	bool found;

	*ret_keep = true;
	if (entry->artifact_type && strcmp(entry->artifact_type, OCI_EMPTY) != 0 &&
		entry->annotation_count != 0)
		return 0;
	if (!descriptor_is_manifest(entry) && !descriptor_is_index(entry))
		return 0;
	if (repository_load_manifest(repository, entry, &manifest, &found, err) < 0)
		return err->class;
	*ret_keep = found;
	if (!found)
		return 0;
	whole = referrers_entry(entry, manifest);
	return descriptor_copy(arena, &whole, entry, err);
}

static int complete(struct repository *repository, struct arena *arena,
	struct descriptor_list *list, struct error *err)
{
	size_t kept = 0;
	bool keep;

	for (size_t i = 0; i < list->count; i++) {
		if (complete_entry(repository, arena, &list->items[i], &keep, err) < 0)
			return err->class;
		if (keep)
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	return 0;
}

static int collect(struct repository *repository, unsigned sources,
	const struct digest *subject, struct arena *arena, struct descriptor_list *list,
	struct error *err)
{
	if ((sources & REFERRERS_LISTED) &&
		(repository_count_read(repository, 0, err) < 0 ||
			repository->ops->referrers(
				repository, subject, arena, list, err) < 0))
		return err->class;
	if ((sources & REFERRERS_FALLBACK) &&
		read_fallback(repository, subject, arena, list, err) < 0)
		return err->class;
	if (list->count > LIMIT_REFERRERS)
		return error_set(err, ERR_INPUT, "%zu of them, at most %d are read",
			list->count, LIMIT_REFERRERS);
	return complete(repository, arena, list, err);
}

static int list_referrers(struct repository *repository, unsigned sources,
	const struct digest *subject, struct arena *arena,
	struct descriptor_list *ret_list, struct error *err)
{
	struct descriptor_list list = {0};
	char text[DIGEST_TEXT_MAX];

	if (collect(repository, sources, subject, arena, &list, err) < 0)
		return error_wrap(err, "%s: referrers of %s", repository->name,
			digest_format(subject, text));
	descriptor_list_sort(&list);
	*ret_list = list;
	return 0;
}

int repository_referrers_of(struct repository *repository, enum referrers_source source,
	const struct digest *subject, struct arena *arena,
	struct descriptor_list *ret_list, struct error *err)
{
	return list_referrers(repository, source, subject, arena, ret_list, err);
}

int repository_referrers(struct repository *repository, const struct digest *subject,
	struct arena *arena, struct descriptor **ret_list, size_t *ret_count,
	struct error *err)
{
	struct descriptor_list list = {0};

	if (list_referrers(repository, REFERRERS_LISTED | REFERRERS_FALLBACK, subject,
		    arena, &list, err) < 0)
		return err->class;
	*ret_list = list.items;
	*ret_count = list.count;
	return 0;
}
