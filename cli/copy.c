/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/common.h"
#include "oci/platform.h"

struct copy_flags {
	struct registry_options registry;
	bool without_signatures, json;
	uint64_t parallel;
	const char *platform;
};

static const struct cli_option options[] = {
	CLI_OPTION(struct copy_flags, without_signatures, "without-signatures", CLI_FLAG,
		NULL, "leave signatures and attestations behind"),
	CLI_OPTION(struct copy_flags, platform, "platform", CLI_TEXT, "OS/ARCH",
		"only the image for this platform, such as linux/arm64"),
	CLI_NUMBER_OPTION(struct copy_flags, parallel, "parallel", 1, COPY_PARALLEL_MAX,
		"blobs at once, at most 16 (4 unless given)"),
	CLI_OPTION(struct copy_flags, json, "json", CLI_FLAG, NULL,
		"what was copied, as JSON, and no progress"),
	REGISTRY_OPTIONS(struct copy_flags),
};

/* A copy under way. */
struct job {
	const struct copy_flags *flags;
	struct opened from, to;
	struct arena *arena;
	struct platform platform; /* if one is wanted */
	struct descriptor image;
	const char *tag; /* NULL: none */
	uint64_t total, sent;
	double seconds;
	struct log_task *task;
};

static void job_done(struct job *job)
{
	log_task_end(&job->task);
	arena_free(&job->arena);
	opened_done(&job->from);
	opened_done(&job->to);
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
	struct job *job = context;
	job->total = total;
	log_task_progress(job->task, done, total);
}

static int read_platform(struct job *job, struct error *err)
{
	if (!job->flags->platform)
		return 0;
	if (platform_parse(slice_str(job->flags->platform), job->arena, &job->platform,
		    err) < 0) {
		err->class = ERR_USAGE;
		return error_wrap(err, "--platform");
	}
	return 0;
}

/* One image of an index, which brings what is attached to it alone. */
static int choose_platform(struct job *job, struct error *err)
{
	const struct descriptor index = job->image;
	char digest[DIGEST_TEXT_MAX];
	if (!job->flags->platform)
		return 0;
	if (platform_choose(job->from.repository, &index, &job->platform, job->arena,
		    &job->image, err) < 0)
		return error_wrap(err, "%s", job->from.reference->text);
	if (!digest_equal(&index.digest, &job->image.digest))
		log_info("%s is one image of the index %s, whose own signatures and "
			 "attestations stay behind: they do not cover it",
			job->flags->platform, digest_format(&index.digest, digest));
	return 0;
}

static int open_both(struct job *job, const struct cli_list *arguments, struct error *err)
{
	const struct registry_options *registry = &job->flags->registry;
	if (open_reference(arguments->items[0], registry, false, false, &job->from, err) <
			0 ||
		resolve_reference(&job->from, &job->image, err) < 0 ||
		choose_platform(job, err) < 0 ||
		open_reference(arguments->items[1], registry, true, true, &job->to, err) <
			0)
		return err->class;
	const struct reference *from = job->from.reference, *to = job->to.reference;
	job->tag = to->tag          ? to->tag
		   : from->tag      ? from->tag
		   : to->has_digest ? NULL
				    : "latest";
	return 0;
}

static int carry_out(struct job *job, const char *name, struct error *err)
{
	double start = clock_monotonic();
	struct repository_copy request = {.image = &job->image,
		.tag = job->tag,
		.with_signatures = !job->flags->without_signatures,
		.parallel = (unsigned)job->flags->parallel, /* at most 16 */
		.show = !job->flags->json,
		.progress = show_progress,
		.progress_context = job,
		.ret_sent = &job->sent};
	if (!job->flags->json)
		job->task = log_task_begin("%s", name);
	if (repository_copy(job->from.repository, job->to.repository, &request, err) <
			0 ||
		repository_commit(job->to.repository, err) < 0)
		return err->class;
	job->seconds = clock_monotonic() - start;
	return 0;
}

/* What was there already costs nothing, so it is no part of the rate. */
static void tell_end(const struct job *job)
{
	double megabytes = (double)job->sent / 1e6;
	if (job->sent == 0)
		log_task_done(job->task, "all blobs are there already");
	else
		log_task_done(job->task, "%.1f of %.1f MB copied, %.1f MB/s", megabytes,
			(double)job->total / 1e6,
			megabytes / (job->seconds > 0 ? job->seconds : 1e-9));
}

static int print_text(const struct job *job, struct buffer *out, struct error *err)
{
	char digest[DIGEST_TEXT_MAX];
	return buffer_printf(out, err, "%s%s%s@%s\n", repository_name(job->to.repository),
		job->tag ? ":" : "", job->tag ? job->tag : "",
		digest_format(&job->image.digest, digest));
}

static int print_json(const struct job *job, struct buffer *out, struct error *err)
{
	cleanup_json json_t *object = json_object();
	char digest[DIGEST_TEXT_MAX];
	if (json_set(object, "repository",
		    json_string(repository_name(job->to.repository)), err) < 0 ||
		(job->tag && json_set(object, "tag", json_string(job->tag), err) < 0) ||
		json_set(object, "digest",
			json_string(digest_format(&job->image.digest, digest)),
			err) < 0 ||
		/* sizes are below 2^63: they were read from JSON */
		json_set(object, "bytes", json_integer((json_int_t)job->total), err) <
			0 ||
		json_set(object, "bytesCopied", json_integer((json_int_t)job->sent),
			err) < 0 ||
		json_set(object, "seconds", json_real(job->seconds), err) < 0)
		return err->class;
	return json_dump(object, JSON_STYLE_PRETTY, out, err);
}

static int copy(const struct copy_flags *flags, const struct cli_list *arguments,
	struct error *err)
{
	CLEANUP(job_done) struct job job = {.flags = flags};
	cleanup_buffer struct buffer out = BUFFER_INIT;
	if (arena_new(&job.arena, err) < 0 || read_platform(&job, err) < 0 ||
		open_both(&job, arguments, err) < 0 ||
		carry_out(&job, arguments->items[1], err) < 0)
		return err->class;
	tell_end(&job);
	int status =
		flags->json ? print_json(&job, &out, err) : print_text(&job, &out, err);
	return status < 0 ? status : cli_print(buffer_slice(&out), err);
}

static bool is_layout(const char *text)
{
	return slice_starts_with(slice_str(text), SLICE("oci:")) ||
	       slice_starts_with(slice_str(text), SLICE("oci-archive:"));
}

static int run_push(
	const void *given, const struct cli_list *arguments, struct error *err)
{
	if (is_layout(arguments->items[1]))
		return error_set(err, ERR_USAGE, "push goes to a registry; use copy");
	return copy(given, arguments, err);
}

static int run_pull(
	const void *given, const struct cli_list *arguments, struct error *err)
{
	if (is_layout(arguments->items[0]))
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
	.description = "Digests and sizes are checked on the way; verify what was pulled "
		       "before it is used.",
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
	.description = "FROM and TO are oci:DIR[:TAG], oci-archive:FILE[:TAG] or "
		       "HOST/NAME[:TAG|@DIGEST]. Without a tag in TO, FROM's is taken, "
		       "else latest. Digests and sizes are checked on the way.",
	.options = options,
	.option_count = ARRAY_LEN(options),
	.options_size = sizeof(struct copy_flags),
	.min_arguments = 2,
	.max_arguments = 2,
	.run = run_copy,
};
