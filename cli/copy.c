/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "cli/common.h"

struct copy_flags {
	struct registry_options registry;
	bool without_signatures;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct copy_flags, without_signatures, "without-signatures", CLI_FLAG,
		NULL, "leave signatures and attestations behind"),
	REGISTRY_OPTIONS(struct copy_flags),
};

static void show_progress(void *context, uint64_t done, uint64_t total)
{
	log_task_progress(context, done, total);
}

static int copy(const struct copy_flags *flags, const struct cli_list *arguments,
	struct error *err)
{
	cleanup_opened struct opened from = {0}, to = {0};
	cleanup_task struct log_task *task = NULL;
	cleanup_buffer struct buffer out = BUFFER_INIT;
	struct descriptor image;
	char digest[DIGEST_TEXT_MAX];
	if (open_reference(arguments->items[0], &flags->registry, false, false, &from,
		    err) < 0 ||
		resolve_reference(&from, &image, err) < 0 ||
		open_reference(
			arguments->items[1], &flags->registry, true, true, &to, err) < 0)
		return err->class;
	task = log_task_begin("%s", arguments->items[1]);
	struct repository_copy request = {.image = &image,
		.tag = to.reference->tag          ? to.reference->tag
		       : from.reference->tag      ? from.reference->tag
		       : to.reference->has_digest ? NULL
						  : "latest",
		.with_signatures = !flags->without_signatures,
		.progress = show_progress,
		.progress_context = task};
	if (repository_copy(from.repository, to.repository, &request, err) < 0 ||
		repository_commit(to.repository, err) < 0)
		return err->class;
	log_task_done(task, "copied");
	if (buffer_printf(&out, err, "%s%s%s@%s\n", repository_name(to.repository),
		    request.tag ? ":" : "", request.tag ? request.tag : "",
		    digest_format(&image.digest, digest)) < 0)
		return err->class;
	return cli_print(buffer_slice(&out), err);
}

static int run_push(
	const void *given, const struct cli_list *arguments, struct error *err)
{
	if (slice_starts_with(slice_str(arguments->items[1]), SLICE("oci:")))
		return error_set(err, ERR_USAGE, "push goes to a registry; use copy");
	return copy(given, arguments, err);
}

static int run_pull(
	const void *given, const struct cli_list *arguments, struct error *err)
{
	if (slice_starts_with(slice_str(arguments->items[0]), SLICE("oci:")))
		return error_set(err, ERR_USAGE, "pull comes from a registry; use copy");
	return copy(given, arguments, err);
}

static int run_copy(
	const void *given, const struct cli_list *arguments, struct error *err)
{
	return copy(given, arguments, err);
}

const struct cli_command push_command = {
	.name = "push",
	.arguments = "oci:DIR[:TAG] HOST/NAME[:TAG]",
	.summary = "push an image with its signatures and attestations to a registry",
	.description = "Blobs first, then manifests, then signatures and attestations, "
		       "the tag last: a reader\n"
		       "never sees the image without them. Prints the digest to deploy.",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct copy_flags),
	.min_arguments = 2,
	.max_arguments = 2,
	.run = run_push,
};

const struct cli_command pull_command = {
	.name = "pull",
	.arguments = "HOST/NAME[:TAG|@DIGEST] oci:DIR[:TAG]",
	.summary = "pull an image with its signatures and attestations into a layout",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct copy_flags),
	.min_arguments = 2,
	.max_arguments = 2,
	.run = run_pull,
};

const struct cli_command copy_command = {
	.name = "copy",
	.arguments = "FROM TO",
	.summary = "copy an image, signatures and attestations between layouts and "
		   "registries",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct copy_flags),
	.min_arguments = 2,
	.max_arguments = 2,
	.run = run_copy,
};
