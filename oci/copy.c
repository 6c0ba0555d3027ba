/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying images between repositories. First a plan is made by reading the source's
 * manifests, in the order in which everything has to arrive; then it is carried out:
 * blobs, children, index, signatures and attestations, and last the tag. Whoever
 * sees the tag sees the signatures, too.
 */
#include "base/limits.h"
#include "oci/copy_private.h"
#include "oci/repository_private.h"

#define DEPTH_MAX 8 /* nested indexes and referrers of referrers, together */

/* A manifest to be put. */
struct step {
	struct descriptor what;
	const char *tag; /* of signatures; else NULL */
};

struct plan {
	struct repository *from;
	struct arena *arena;
	struct descriptor_list blobs;
	struct step *steps;
	size_t count, capacity;
	struct descriptor_list seen; /* manifests that have a step already */
	uint64_t total;
};

/* ---- planning ---- */

static int add_size(struct plan *plan, uint64_t size, struct error *err)
{
	if (__builtin_add_overflow(plan->total, size, &plan->total))
		return error_set(err, ERR_INPUT, "sizes add up to too much");
	return 0;
}

static int add_step(struct plan *plan, const struct descriptor *what, const char *tag,
	struct error *err)
{
	struct step *step;

	if (descriptor_list_add(plan->arena, &plan->seen, what, err) < 0)
		return err->class;
	step = arena_append(
		plan->arena, &plan->steps, &plan->count, &plan->capacity, sizeof(*step));
	if (!step)
		return error_set_memory(err);
	step->what = *descriptor_list_find(&plan->seen, &what->digest);
	step->tag = tag;
	return add_size(plan, what->size, err);
}

static int plan_blob(struct plan *plan, const struct descriptor *blob, struct error *err)
{
	if (descriptor_list_find(&plan->blobs, &blob->digest))
		return 0;
	if (descriptor_list_add(plan->arena, &plan->blobs, blob, err) < 0)
		return err->class;
	return add_size(plan, blob->size, err);
}

static int load(struct plan *plan, const struct descriptor *descriptor,
	struct manifest **ret_manifest, struct error *err)
{
	char text[DIGEST_TEXT_MAX];
	bool found;

	if (repository_load_manifest(plan->from, descriptor, ret_manifest, &found, err) <
		0)
		return err->class;
	if (!found)
		return error_set(err, ERR_INPUT, "%s: manifest %s is not there",
			plan->from->name, digest_format(&descriptor->digest, text));
	return 0;
}

/* Depth is bounded, and each manifest is planned once. */
static int plan_manifest(struct plan *plan, const struct descriptor *descriptor,
	const char *tag, unsigned depth, struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;

	if (!tag && descriptor_list_find(&plan->seen, &descriptor->digest))
		return 0;
	if (depth > DEPTH_MAX)
		return error_set(err, ERR_INPUT, "indexes are nested too deeply");
	if (load(plan, descriptor, &manifest, err) < 0)
		return err->class;
	if (!manifest->is_index && plan_blob(plan, &manifest->config, err) < 0)
		return err->class;
	for (size_t i = 0; i < manifest->count; i++) {
		const struct descriptor *item = &manifest->items[i];

		if (manifest->is_index
				? plan_manifest(plan, item, NULL, depth + 1, err) < 0
				: plan_blob(plan, item, err) < 0)
			return err->class;
	}
	return add_step(plan, descriptor, tag, err);
}

static int plan_signature_tag(struct plan *plan, const struct descriptor *subject,
	const char *suffix, struct error *err)
{
	char tag[REFERRERS_TAG_MAX];
	struct descriptor found_at;
	const char *kept;
	bool found;

	referrers_tag(&subject->digest, suffix, tag);
	if (repository_resolve(plan->from, tag, &found_at, &found, err) < 0)
		return err->class;
	if (!found)
		return 0;
	kept = arena_strdup(plan->arena, tag);
	if (!kept)
		return error_set_memory(err);
	return plan_manifest(plan, &found_at, kept, 1, err);
}

static int plan_referrers(struct plan *plan, const struct descriptor *subject,
	unsigned depth, struct error *err)
{
	struct descriptor *list;
	size_t count;

	if (depth > DEPTH_MAX)
		return error_set(err, ERR_INPUT, "referrers are nested too deeply");
	if (repository_referrers(
		    plan->from, &subject->digest, plan->arena, &list, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++) {
		if (descriptor_list_find(&plan->seen, &list[i].digest))
			continue;
		if (plan_manifest(plan, &list[i], NULL, depth, err) < 0 ||
			plan_referrers(plan, &list[i], depth + 1, err) < 0)
			return err->class;
	}
	return 0;
}

static int plan_signatures(struct plan *plan, struct error *err)
{
	static const char *const suffixes[] = {".sig", ".att", ".sbom"};
	size_t images = plan->count; /* what was planned so far is the image itself */

	for (size_t i = 0; i < images; i++) {
		const struct descriptor subject = plan->steps[i].what;

		for (size_t j = 0; j < ARRAY_LEN(suffixes); j++)
			if (plan_signature_tag(plan, &subject, suffixes[j], err) < 0)
				return err->class;
		if (plan_referrers(plan, &subject, 1, err) < 0)
			return err->class;
	}
	return 0;
}

/* ---- carrying out ---- */

struct course {
	const struct plan *plan;
	const struct repository_copy *copy;
};

static void show_progress(void *context, uint64_t done)
{
	const struct course *course = context;

	course->copy->progress(course->copy->progress_context, done, course->plan->total);
}

/* Large ones first: then the threads end at about the same time. */
static int compare_sizes(const void *a, const void *b)
{
	const struct descriptor *left = a, *right = b;

	if (left->size != right->size)
		return left->size > right->size ? -1 : 1;
	return digest_compare(&left->digest, &right->digest);
}

static int carry_blobs(struct plan *plan, struct repository *to,
	const struct repository_copy *copy, uint64_t *ret_done, struct error *err)
{
	struct course course = {plan, copy};
	struct blob_copy blobs = {.from = plan->from,
		.to = to,
		.blobs = plan->blobs.items,
		.count = plan->blobs.count,
		.parallel = copy->parallel,
		.show = copy->show,
		.progress = copy->progress ? show_progress : NULL,
		.progress_context = &course};

	if (plan->blobs.count > 1)
		qsort(plan->blobs.items, plan->blobs.count, sizeof(*plan->blobs.items),
			compare_sizes);
	if (copy_blobs(&blobs, err) < 0)
		return err->class;
	if (copy->ret_sent)
		*copy->ret_sent = blobs.sent;
	*ret_done = blobs.done;
	return 0;
}

static int carry_manifest(struct repository *from, struct repository *to,
	const struct step *step, struct error *err)
{
	cleanup_buffer struct buffer bytes = {.max = LIMIT_MANIFEST_BYTES};
	struct descriptor ignored;

	if (repository_read_manifest(from, &step->what, &bytes, err) < 0)
		return err->class;
	if (step->tag)
		return merge_signatures(
			to, step->tag, buffer_slice(&bytes), step->what.media_type, err);
	return repository_put(
		to, buffer_slice(&bytes), &step->what, NULL, false, &ignored, err);
}

static int carry_out(struct plan *plan, struct repository *to,
	const struct repository_copy *copy, struct error *err)
{
	uint64_t done = 0;

	if (carry_blobs(plan, to, copy, &done, err) < 0)
		return err->class;
	for (size_t i = 0; i < plan->count; i++) {
		if (carry_manifest(plan->from, to, &plan->steps[i], err) < 0)
			return err->class;
		done += plan->steps[i].what.size; /* the sum was checked */
		if (copy->progress)
			copy->progress(copy->progress_context, done, plan->total);
	}
	return 0;
}

int repository_copy(struct repository *from, struct repository *to,
	const struct repository_copy *copy, struct error *err)
{
	cleanup_buffer struct buffer bytes = {.max = LIMIT_MANIFEST_BYTES};
	cleanup_arena struct arena *arena = NULL;
	struct plan plan = {.from = from};
	struct descriptor ignored;

	if (repository_need_writable(to, err) < 0 || arena_new(&arena, err) < 0)
		return err->class;
	plan.arena = arena;
	if (plan_manifest(&plan, copy->image, NULL, 0, err) < 0 ||
		(copy->with_signatures && plan_signatures(&plan, err) < 0))
		return error_wrap(err, "copy from %s", from->name);
	if (carry_out(&plan, to, copy, err) < 0 || repository_settle(to, err) < 0 ||
		repository_read_manifest(from, copy->image, &bytes, err) < 0 ||
		repository_put(to, buffer_slice(&bytes), copy->image, copy->tag, true,
			&ignored, err) < 0)
		return error_wrap(err, "copy to %s", to->name);
	return 0;
}
