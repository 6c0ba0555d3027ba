/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/platform.h"

#include "base/limits.h"
#include "oci/repository_private.h"

#define PLATFORM_TEXT_MAX 64

static bool take_word(struct slice *text, struct arena *arena, const char **ret_word)
{
	struct slice word = SLICE_EMPTY;

	if (!slice_cut(text, '/', &word))
		return false;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' &&
			c != '-' && c != '.')
			return false;
	}
	*ret_word = arena_strndup(arena, word);
	return word.len != 0 && *ret_word;
}

int platform_parse(struct slice text, struct arena *arena, struct platform *ret_platform,
	struct error *err)
{
	struct platform platform = {0};
	struct slice rest = text;

	if (text.len >= PLATFORM_TEXT_MAX || slice_ends_with(text, SLICE("/")) ||
		!take_word(&rest, arena, &platform.os) ||
		!take_word(&rest, arena, &platform.architecture) ||
		(rest.len != 0 && !take_word(&rest, arena, &platform.variant)) ||
		rest.len != 0)
		return error_set(err, ERR_INPUT,
			"'%.*s' is not OS/ARCHITECTURE[/VARIANT], such as linux/arm64",
			SLICE_ARG(slice_sub(text, 0, PLATFORM_TEXT_MAX)));
	*ret_platform = platform;
	return 0;
}

/* Everything of 64 bits is v8, which most do not say. */
static const char *variant_of(const struct platform *platform)
{
	if (!platform->variant || (strcmp(platform->architecture, "arm64") == 0 &&
					  strcmp(platform->variant, "v8") == 0))
		return "";
	return platform->variant;
}

static bool matches(const struct platform *have, const struct platform *wanted)
{
	return have->os && strcmp(have->os, wanted->os) == 0 &&
	       strcmp(have->architecture, wanted->architecture) == 0 &&
	       (!wanted->variant || strcmp(variant_of(have), variant_of(wanted)) == 0);
}

static int add_platform(
	struct buffer *out, const struct platform *platform, struct error *err)
{
	return buffer_printf(out, err, "%s%s/%s%s%s", out->len ? ", " : "", platform->os,
		platform->architecture, platform->variant ? "/" : "",
		platform->variant ? platform->variant : "");
}

/* What there is instead, or that matches, too. */
static int wrong_number(const struct manifest *index, const struct platform *wanted,
	bool none, struct error *err)
{
	cleanup_buffer struct buffer list = BUFFER_INIT, name = BUFFER_INIT;

	for (size_t i = 0; i < index->count; i++)
		if (index->items[i].platform.os &&
			(none || matches(&index->items[i].platform, wanted)) &&
			add_platform(&list, &index->items[i].platform, err) < 0)
			return err->class;
	if (add_platform(&name, wanted, err) < 0)
		return err->class;
	(void)error_set(err, ERR_INPUT, "%s image for %s: there %s %s",
		none ? "the index has no" : "the index has more than one",
		buffer_str(&name), none && list.len == 0 ? "is" : "are",
		list.len ? buffer_str(&list) : "none with a platform");
	return error_remedy(err, none ? "name one of these"
				      : "name the variant, or the image by its digest");
}

static int choose_of_index(const struct manifest *index, const struct platform *wanted,
	struct arena *arena, struct descriptor *ret_chosen, struct error *err)
{
	const struct descriptor *found = NULL;

	for (size_t i = 0; i < index->count; i++) {
		const struct descriptor *item = &index->items[i];

		if (!matches(&item->platform, wanted))
			continue;
		if (found && !digest_equal(&found->digest, &item->digest))
			return wrong_number(index, wanted, false, err);
		found = item;
	}
	return found ? descriptor_copy(arena, found, ret_chosen, err)
		     : wrong_number(index, wanted, true, err);
}

/* A single image says in its configuration what it is for. */
static int check_image(struct repository *repository, const struct manifest *manifest,
	const struct platform *wanted, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT, have = BUFFER_INIT,
				     name = BUFFER_INIT;
	cleanup_image_config struct image_config *config = NULL;
	struct platform platform;

	if (repository_read_blob(
		    repository, &manifest->config, LIMIT_CONFIG_BYTES, &bytes, err) < 0 ||
		image_config_parse(buffer_slice(&bytes), &config, err) < 0)
		return err->class;
	platform = (struct platform){
		.os = config->os,
		.architecture = config->architecture,
		.variant = config->variant,
	};
	if (matches(&platform, wanted))
		return 0;
	if (add_platform(&have, &platform, err) < 0 ||
		add_platform(&name, wanted, err) < 0)
		return err->class;
	return error_set(err, ERR_INPUT, "there is one image alone, for %s, not for %s",
		buffer_str(&have), buffer_str(&name));
}

int platform_choose(struct repository *repository, const struct descriptor *image,
	const struct platform *wanted, struct arena *arena, struct descriptor *ret_chosen,
	struct error *err)
{
	cleanup_manifest struct manifest *manifest = NULL;
	bool found;

	if (repository_load_manifest(repository, image, &manifest, &found, err) < 0)
		return err->class;
	if (!found)
		return error_set(err, ERR_INPUT, "the manifest is not there");
	if (manifest->is_index)
		return choose_of_index(manifest, wanted, arena, ret_chosen, err);
	if (check_image(repository, manifest, wanted, err) < 0)
		return err->class;
	return descriptor_copy(arena, image, ret_chosen, err);
}
