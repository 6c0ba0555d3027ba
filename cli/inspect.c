/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/common.h"

struct inspect_flags {
	struct registry_options registry;
	bool json;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct inspect_flags, json, "json", CLI_FLAG, NULL,
		"manifest, configuration and what is attached, as JSON"),
	REGISTRY_OPTIONS(struct inspect_flags),
};

/* What is shown; the documents live as long as this. */
struct view {
	struct descriptor image;
	struct buffer manifest_bytes, config_bytes;
	struct manifest *manifest;
	struct image_config *config; /* NULL for an index */
	struct arena *arena;
	struct descriptor *referrers;
	size_t referrer_count;
	bool has_signature, has_attestation;
};

static void view_done(struct view *view)
{
	buffer_done(&view->manifest_bytes);
	buffer_done(&view->config_bytes);
	manifest_free(&view->manifest);
	image_config_free(&view->config);
	arena_free(&view->arena);
}

static int has_tag(struct repository *repository, const struct digest *image,
	const char *suffix, bool *ret_found, struct error *err)
{
	char tag[DIGEST_TEXT_MAX + 8], hex[DIGEST_TEXT_MAX];
	struct descriptor ignored;
	(void)snprintf(tag, sizeof(tag), "sha256-%s%s", digest_format_hex(image, hex),
		suffix); /* fits */
	return repository_resolve(repository, tag, &ignored, ret_found, err);
}

static int load(struct opened *opened, struct view *view, struct error *err)
{
	struct repository *repository = opened->repository;
	if (arena_new(&view->arena, err) < 0 ||
		resolve_reference(opened, &view->image, err) < 0 ||
		repository_read_manifest(
			repository, &view->image, &view->manifest_bytes, err) < 0 ||
		manifest_parse(buffer_slice(&view->manifest_bytes),
			view->image.media_type, &view->manifest, err) < 0)
		return err->class;
	if (!view->manifest->is_index &&
		(repository_read_blob(repository, &view->manifest->config,
			 LIMIT_CONFIG_BYTES, &view->config_bytes, err) < 0 ||
			image_config_parse(buffer_slice(&view->config_bytes),
				&view->config, err) < 0))
		return err->class;
	const struct digest *digest = &view->image.digest;
	if (has_tag(repository, digest, ".sig", &view->has_signature, err) < 0 ||
		has_tag(repository, digest, ".att", &view->has_attestation, err) < 0)
		return err->class;
	return repository_referrers(repository, digest, view->arena, &view->referrers,
		&view->referrer_count, err);
}

static int print_words(struct buffer *out, const char *label, const char **words,
	size_t count, struct error *err)
{
	if (!count)
		return 0;
	if (buffer_printf(out, err, "  %-11s", label) < 0)
		return err->class;
	for (size_t i = 0; i < count; i++)
		if (buffer_printf(out, err, " %s", words[i]) < 0)
			return err->class;
	return buffer_add_byte(out, '\n', err);
}

static int print_config(
	struct buffer *out, const struct image_config *config, struct error *err)
{
	char created[CLOCK_TEXT_MAX];
	if (buffer_printf(out, err,
		    "  platform    %s/%s\n  created     %s\n  user        %s\n",
		    config->os, config->architecture,
		    clock_format(config->created, created),
		    config->user && *config->user ? config->user : "root") < 0 ||
		print_words(out, "entrypoint", config->entrypoint,
			config->entrypoint_count, err) < 0 ||
		print_words(out, "cmd", config->cmd, config->cmd_count, err) < 0)
		return err->class;
	return print_words(out, "environment", config->env, config->env_count, err);
}

static int print_items(
	struct buffer *out, const struct manifest *manifest, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	for (size_t i = 0; i < manifest->count; i++) {
		const struct descriptor *item = &manifest->items[i];
		if (buffer_printf(out, err, "  %-11s %s  %llu bytes%s%s\n",
			    manifest->is_index ? "manifest" : "layer",
			    digest_format(&item->digest, digest),
			    (unsigned long long)item->size,
			    item->platform.architecture ? "  " : "",
			    item->platform.architecture ? item->platform.architecture
							: "") < 0)
			return err->class;
	}
	return 0;
}

static int print_attached(struct buffer *out, const struct view *view, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	if (buffer_printf(out, err, "  attached    %s, %s (not verified here)\n",
		    view->has_signature ? "signature" : "no signature",
		    view->has_attestation ? "attestations" : "no attestations") < 0)
		return err->class;
	for (size_t i = 0; i < view->referrer_count; i++) {
		const struct descriptor *referrer = &view->referrers[i];
		const char *type = descriptor_annotation(
			referrer, "dev.sigstore.bundle.predicateType");
		if (buffer_printf(out, err, "  referrer    %s  %s\n",
			    digest_format(&referrer->digest, digest),
			    type                      ? type
			    : referrer->artifact_type ? referrer->artifact_type
						      : referrer->media_type) < 0)
			return err->class;
	}
	return 0;
}

static int print_text(const struct view *view, struct buffer *out, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	if (buffer_printf(out, err, "%s\n", digest_format(&view->image.digest, digest)) <
			0 ||
		(view->config && print_config(out, view->config, err) < 0) ||
		print_items(out, view->manifest, err) < 0)
		return err->class;
	return print_attached(out, view, err);
}

static int add_referrers(json_t *object, const struct view *view, struct error *err)
{
	cleanup_json json_t *list = json_array();
	for (size_t i = 0; i < view->referrer_count; i++) {
		json_t *item = NULL;
		if (descriptor_to_json(&view->referrers[i], &item, err) < 0 ||
			json_push(list, item, err) < 0)
			return err->class;
	}
	return json_set(object, "referrers", take_ptr(list), err);
}

static int print_json(const struct view *view, struct buffer *out, struct error *err)
{
	cleanup_json json_t *object = json_object(), *manifest = NULL, *config = NULL;
	char digest[DIGEST_TEXT_MAX];
	if (json_load_slice(buffer_slice(&view->manifest_bytes), "manifest", &manifest,
		    err) < 0 ||
		(view->config && json_load_slice(buffer_slice(&view->config_bytes),
					 "config", &config, err) < 0) ||
		json_set(object, "digest",
			json_string(digest_format(&view->image.digest, digest)),
			err) < 0 ||
		json_set(object, "manifest", take_ptr(manifest), err) < 0 ||
		(config && json_set(object, "config", take_ptr(config), err) < 0) ||
		json_set(object, "signature", json_boolean(view->has_signature), err) <
			0 ||
		json_set(object, "attestations", json_boolean(view->has_attestation),
			err) < 0 ||
		add_referrers(object, view, err) < 0)
		return err->class;
	return json_dump(object, JSON_STYLE_PRETTY, out, err);
}

static int run(const void *given, const struct cli_list *arguments, struct error *err)
{
	const struct inspect_flags *flags = given;
	cleanup_opened struct opened opened = {0};
	CLEANUP(view_done) struct view view = {0};
	cleanup_buffer struct buffer out = BUFFER_INIT;
	if (open_reference(arguments->items[0], &flags->registry, false, false, &opened,
		    err) < 0 ||
		load(&opened, &view, err) < 0)
		return err->class;
	int status =
		flags->json ? print_json(&view, &out, err) : print_text(&view, &out, err);
	return status < 0 ? status : cli_print(buffer_slice(&out), err);
}

const struct cli_command inspect_command = {
	.name = "inspect",
	.arguments = "IMAGE",
	.summary = "what an image is, and what is attached to it",
	.description = "Nothing attached is verified here. " IMAGE_IS,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct inspect_flags),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
