/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/policy_judge_private.h"
#include "base/limits.h"

static int read_created(struct judgement *judgement, const struct manifest *manifest,
	int64_t *ret_created, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_image_config struct image_config *config = NULL;

	if (repository_read_blob(judgement->verification.repository, &manifest->config,
		    LIMIT_CONFIG_BYTES, &bytes, err) < 0 ||
		image_config_parse(buffer_slice(&bytes), &config, err) < 0)
		return err->class;
	*ret_created = config->created;
	return 0;
}

static int tell_age(
	struct judgement *judgement, const struct manifest *manifest, struct error *err)
{
	cleanup_buffer struct buffer text = BUFFER_INIT;
	enum finding_result result = FINDING_UNCHECKED;
	struct error failure = ERROR_INIT;
	int64_t created = 0;

	if (read_created(judgement, manifest, &created, &failure) < 0) {
		if (failure.class != ERR_INPUT && failure.class != ERR_REFUSED) {
			*err = failure;
			return err->class;
		}
		return verdict_add(verdict_of(judgement), FINDING_FAILED, "image age",
			err, "malformed: %s", failure.text);
	}
	if (created == 0)
		return verdict_add(verdict_of(judgement), FINDING_UNCHECKED, "image age",
			err, "the image does not tell when it was created");
	if (policy_check_age(created, judgement->scope->max_age, judgement->options->at,
		    &result, &text, err) < 0)
		return err->class;
	return verdict_add(
		verdict_of(judgement), result, "image age", err, "%s", buffer_str(&text));
}

static int tell_child_age(struct judgement *judgement,
	const struct descriptor *descriptor, struct error *err)
{
	cleanup_buffer struct buffer bytes = BUFFER_INIT;
	cleanup_manifest struct manifest *manifest = NULL;
	struct error failure = ERROR_INIT;

	if (repository_read_manifest(judgement->verification.repository, descriptor,
		    &bytes, &failure) < 0 ||
		manifest_parse(buffer_slice(&bytes), descriptor->media_type, &manifest,
			&failure) < 0) {
		if (failure.class != ERR_INPUT && failure.class != ERR_REFUSED) {
			*err = failure;
			return err->class;
		}
		return verdict_add(verdict_of(judgement), FINDING_FAILED, "image age",
			err, "malformed: %s", failure.text);
	}
	if (manifest->is_index)
		return verdict_add(verdict_of(judgement), FINDING_UNCHECKED, "image age",
			err, "an index within an index is not looked into");
	return tell_age(judgement, manifest, err);
}

int policy_check_image_age(struct judgement *judgement, struct error *err)
{
	const struct manifest *manifest = judgement->verification.manifest;
	size_t count = 0;

	if (judgement->scope->max_age == 0)
		return 0;
	if (manifest && !manifest->is_index)
		return tell_age(judgement, manifest, err);
	for (size_t i = 0; manifest && i < manifest->count; i++) {
		if (!descriptor_is_manifest(&manifest->items[i]))
			continue;
		count++;
		if (tell_child_age(judgement, &manifest->items[i], err) < 0)
			return err->class;
	}
	return count > 0 ? 0
			 : verdict_add(verdict_of(judgement), FINDING_UNCHECKED,
				   "image age", err, "there is no image to look at");
}
