/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/json.h"
#include "base/log.h"
#include "cli/common.h"

struct list_flags {
	struct registry_options registry;
	bool referrers, all, json;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct list_flags, referrers, "referrers", CLI_FLAG, NULL,
		"what refers to the image instead of the tags"),
	CLI_OPTION(struct list_flags, all, "all", CLI_FLAG, NULL,
		"also the tags that hold signatures and referrers"),
	CLI_OPTION(struct list_flags, json, "json", CLI_FLAG, NULL,
		"as JSON: referrers with size and annotations"),
	REGISTRY_OPTIONS(struct list_flags),
};

static int print(const json_t *json, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	if (json_dump(json, JSON_STYLE_PRETTY, &out, err) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

/* ---- tags ---- */

static int print_tags_json(
	const char *name, const char **tags, size_t count, struct error *err)
{
	cleanup_json json_t *object = json_object(), *list = json_array();
	for (size_t i = 0; i < count; i++)
		if (json_push(list, json_string(tags[i]), err) < 0)
			return err->class;
	if (json_set(object, "repository", json_string(name), err) < 0 ||
		json_set(object, "tags", take_ptr(list), err) < 0)
		return err->class;
	return print(object, err);
}

static int print_tags(const char **tags, size_t count, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	for (size_t i = 0; i < count; i++)
		if (buffer_printf(&out, err, "%s\n", tags[i]) < 0)
			return err->class;
	return cli_print(buffer_slice(&out), err);
}

static int list_tags(struct repository *repository, struct arena *arena,
	const struct list_flags *flags, struct error *err)
{
	const char **tags = NULL;
	size_t count = 0, kept = 0;
	if (repository_tags(repository, arena, &tags, &count, err) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (flags->all || !referrers_tag_is(slice_str(tags[i])))
			tags[kept++] = tags[i];
	if (count == 0)
		log_warning("%s: no tags", repository_name(repository));
	return flags->json ? print_tags_json(repository_name(repository), tags, kept, err)
			   : print_tags(tags, kept, err);
}

/* ---- referrers ---- */

struct referrers {
	struct descriptor image, *items;
	size_t count;
};

static int print_referrers_json(const struct referrers *referrers, struct error *err)
{
	cleanup_json json_t *object = json_object(), *list = json_array();
	char digest[DIGEST_TEXT_MAX];
	for (size_t i = 0; i < referrers->count; i++) {
		json_t *item = NULL;
		if (descriptor_to_json(&referrers->items[i], &item, err) < 0 ||
			json_push(list, item, err) < 0)
			return err->class;
	}
	if (json_set(object, "digest",
		    json_string(digest_format(&referrers->image.digest, digest)),
		    err) < 0 ||
		json_set(object, "referrers", take_ptr(list), err) < 0)
		return err->class;
	return print(object, err);
}

static int print_referrers(const struct referrers *referrers, struct error *err)
{
	cleanup_buffer struct buffer out = BUFFER_INIT;
	char digest[DIGEST_TEXT_MAX];
	for (size_t i = 0; i < referrers->count; i++) {
		const struct descriptor *item = &referrers->items[i];
		const char *predicate =
			descriptor_annotation(item, "dev.sigstore.bundle.predicateType");
		if (buffer_printf(&out, err, "%s  %s%s%s\n",
			    digest_format(&item->digest, digest),
			    item->artifact_type ? item->artifact_type : item->media_type,
			    predicate ? "  " : "", predicate ? predicate : "") < 0)
			return err->class;
	}
	return cli_print(buffer_slice(&out), err);
}

static int list_referrers(struct opened *opened, struct arena *arena,
	const struct list_flags *flags, struct error *err)
{
	struct referrers referrers = {0};
	if (resolve_reference(opened, &referrers.image, err) < 0 ||
		repository_referrers(opened->repository, &referrers.image.digest, arena,
			&referrers.items, &referrers.count, err) < 0)
		return err->class;
	return flags->json ? print_referrers_json(&referrers, err)
			   : print_referrers(&referrers, err);
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct list_flags *flags = given;
	cleanup_opened struct opened opened = {0};
	cleanup_arena struct arena *arena = NULL;
	if (flags->all && flags->referrers)
		return error_set(err, ERR_USAGE, "--all is about tags");
	if (arena_new(&arena, err) < 0 || open_reference_to_read(arguments->items[0],
						  &flags->registry, &opened, err) < 0)
		return err->class;
	return flags->referrers ? list_referrers(&opened, arena, flags, err)
				: list_tags(opened.repository, arena, flags, err);
}

const struct cli_command list_command = {
	.name = "list",
	.arguments = "REPOSITORY|IMAGE",
	.summary = "the tags of a repository, or what refers to an image",
	.description = "REPOSITORY is oci:DIR or HOST/NAME, as of an image. Nothing is "
		       "verified here.",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct list_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
